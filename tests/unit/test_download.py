"""Fetching from a server that breaks off, ignores what it is asked, or has something else: a real one, on the loopback."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gan_core.data import download
from gan_core.data.download import Wanted, fetch
from gan_core.errors import DataError

CONTENT = b"".join(i.to_bytes(4, "big") for i in range(100_000))
OTHER = CONTENT[::-1]
BREAK = 150_000


@dataclass
class Plan:
    """How one request is answered."""

    content: bytes = CONTENT
    sends: int | None = None  # it breaks off after so many bytes
    ranges: bool = True
    shift: int = 0  # it begins so many bytes off
    status: int = 200
    held: threading.Event | None = None  # it waits for this before it sends its second half


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        plan: Plan = server.plans.pop(0) if server.plans else Plan()
        if plan.status != 200:
            self.send_error(plan.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and plan.ranges else 0
        if start >= len(plan.content):
            self.send_error(416)
            return
        self._answer(plan, start + plan.shift if start else 0)

    def _answer(self, plan: Plan, start: int) -> None:
        body = plan.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(plan.content) - 1}/{len(plan.content)}")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if plan.held else body[: plan.sends])
        if plan.held:
            plan.held.wait(60)
            self.wfile.write(body[len(body) // 2 :])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`plans`: the answers to come, whole ones after them; `asked`: what ranges were asked for."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    found: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.plans, found.asked = [], []
    found.url = f"http://127.0.0.1:{found.server_port}/file.bin"
    threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def wanted(server: Any, content: bytes = CONTENT, addresses: int = 1) -> Wanted:
    return Wanted("file.bin", [server.url] * addresses, hashlib.md5(content).hexdigest())


def get(server: Any, folder: Path, progress: Any = None, **kinds: Any) -> bytes:
    return fetch(wanted(server, **kinds), folder, "The set", progress).read_bytes()


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def broken(server: Any, folder: Path) -> None:
    """A try that got BREAK bytes, after which the server was gone."""
    server.plans = [Plan(sends=BREAK), Plan(status=503)]
    with pytest.raises(DataError, match="could not be fetched"):
        get(server, folder)
    assert (folder / ".file.bin.part").read_bytes() == CONTENT[:BREAK]
    assert "file.bin" not in left(folder)
    server.asked.clear()


def test_a_whole_file_takes_one_request_and_leaves_nothing_else(server: Any, tmp_path: Path) -> None:
    assert get(server, tmp_path) == CONTENT
    assert server.asked == [None]
    assert left(tmp_path) == {"file.bin"}
    assert get(server, tmp_path) == CONTENT
    assert server.asked == [None]


def test_a_broken_transfer_goes_on_where_it_stopped(server: Any, tmp_path: Path) -> None:
    server.plans = [Plan(sends=BREAK)]
    told: list[tuple[str, int, int]] = []
    assert get(server, tmp_path, lambda *what: told.append(what)) == CONTENT
    assert server.asked == [None, f"bytes={BREAK}-"]
    done = [d for _, d, _ in told]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)
    assert {total for _, _, total in told} == {len(CONTENT)}  # what was there already counts
    assert left(tmp_path) == {"file.bin"}


def test_the_next_start_goes_on_too(server: Any, tmp_path: Path) -> None:
    broken(server, tmp_path)
    (tmp_path / ".file.bin.lock").touch()  # of a process that was killed: it holds nothing any more
    told: list[int] = []
    assert get(server, tmp_path, lambda _what, done, _total: told.append(done)) == CONTENT
    assert server.asked == [f"bytes={BREAK}-"]
    assert min(told) > BREAK
    assert left(tmp_path) == {"file.bin"}


def test_many_breaks_are_many_requests(server: Any, tmp_path: Path) -> None:
    server.plans = [Plan(sends=70_000) for _ in range(5)]
    assert get(server, tmp_path) == CONTENT
    assert server.asked == [None, *(f"bytes={70_000 * i}-" for i in range(1, 6))]


def test_a_server_that_sends_nothing_is_not_asked_for_ever(server: Any, tmp_path: Path) -> None:
    server.plans = [Plan(sends=BREAK), *(Plan(sends=0) for _ in range(50))]
    with pytest.raises(DataError, match=f"broke off after {BREAK} of {len(CONTENT)} bytes"):
        get(server, tmp_path)
    assert len(server.asked) == 2


def test_another_address_goes_on_from_there(server: Any, tmp_path: Path) -> None:
    server.plans = [Plan(sends=BREAK), Plan(status=404)]
    assert get(server, tmp_path, addresses=2) == CONTENT
    assert server.asked == [None, *[f"bytes={BREAK}-"] * 2]


def test_a_server_that_knows_no_ranges_sends_everything_again(server: Any, tmp_path: Path) -> None:
    broken(server, tmp_path)
    server.plans = [Plan(ranges=False)]
    assert get(server, tmp_path) == CONTENT
    assert server.asked == [f"bytes={BREAK}-"]


def test_a_part_from_elsewhere_is_not_put_in(server: Any, tmp_path: Path) -> None:
    broken(server, tmp_path)
    server.plans = [Plan(shift=8)]
    assert get(server, tmp_path) == CONTENT
    assert server.asked == [f"bytes={BREAK}-", None]


def test_a_file_that_has_changed_is_fetched_anew(server: Any, tmp_path: Path) -> None:
    broken(server, tmp_path)
    server.plans = [Plan(content=OTHER), Plan(content=OTHER)]
    assert get(server, tmp_path, content=OTHER) == OTHER
    assert server.asked == [f"bytes={BREAK}-", None]


def test_a_part_longer_than_the_file_is_thrown_away(server: Any, tmp_path: Path) -> None:
    (tmp_path / ".file.bin.part").write_bytes(CONTENT + b"more")
    assert get(server, tmp_path) == CONTENT
    assert server.asked == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_part_that_was_complete_needs_no_network(server: Any, tmp_path: Path) -> None:
    (tmp_path / ".file.bin.part").write_bytes(CONTENT)
    assert get(server, tmp_path) == CONTENT
    assert server.asked == []
    assert left(tmp_path) == {"file.bin"}


@pytest.mark.parametrize("before", [b"", OTHER[:BREAK]], ids=["at once", "after a break"])
def test_a_wrong_checksum_leaves_nothing(server: Any, tmp_path: Path, before: bytes) -> None:
    if before:
        (tmp_path / ".file.bin.part").write_bytes(before)
    server.plans = [Plan(content=OTHER), Plan(content=OTHER)]
    with pytest.raises(DataError, match="checksum is wrong"):
        get(server, tmp_path)
    assert not left(tmp_path)
    assert len(server.asked) == (2 if before else 1)


def test_two_at_once_fetch_it_once(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PATIENCE", 0.05)
    held, waiting = threading.Event(), threading.Event()
    server.plans = [Plan(held=held)]

    def progress(_what: str, _done: int, total: int) -> None:
        if not total:  # only who waits for another does not know how much is to come
            waiting.set()

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(get, server, tmp_path, progress) for _ in range(2)]
        assert waiting.wait(60)
        held.set()
        assert [one.result(60) for one in both] == [CONTENT, CONTENT]
    assert server.asked == [None]
    assert left(tmp_path) == {"file.bin"}


def test_a_folder_that_cannot_be_made_is_an_ordinary_failure(server: Any, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="could not be fetched"):
        get(server, tmp_path / "taken")
    assert server.asked == []

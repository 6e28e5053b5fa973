"""The upload route: whose files it takes, how they come apart, how much; and that nothing is left of what is broken off."""

import errno
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from gan_core.errors import DataError
from gan_core.pictures.importing import Given
from gan_core.pictures.limits import Limits
from pages._ui import tokens, uploads
from pages._ui.uploads import Arrivals, Parts, Tray, UploadRoute

LIMITS = Limits(upload=3_000_000)


class Folder:
    """An upload's folder by itself: the same methods, plain files, and a disk that can be full."""

    made = 0

    def __init__(self, root: Path, limits: Limits) -> None:
        Folder.made += 1
        self.path, self.limits = root / f"new-{Folder.made}", limits
        self.path.mkdir()
        self.bytes, self.given, self.open, self.room = 0, [], None, None  # type: ignore[var-annotated]

    def begin(self, name: str) -> None:
        self.name, self.open = name, (self.path / str(len(self.given))).open("wb")

    def write(self, data: bytes) -> None:
        if self.bytes + len(data) > self.limits.upload:
            raise DataError("At most {most} bytes.", most=self.limits.upload)
        if os.path.lexists(self.path.parent / "full"):
            raise DataError("The disk is full: {reason}.", reason=os.strerror(errno.ENOSPC))
        self.bytes += len(data)
        self.open.write(data)

    def end(self) -> None:
        self.open.close()
        self.given.append(Given(Path(self.open.name), self.name))

    def remove(self) -> None:
        if self.open is not None:
            self.open.close()
        if self.path.exists():
            for file in self.path.iterdir():
                file.unlink()
            self.path.rmdir()


def framed(*files: tuple[str, bytes]) -> bytes:
    return b"".join(struct.pack(">IQ", len(n.encode()), len(d)) + n.encode() + d for n, d in files)


def left(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir() if p.name != "full")


@pytest.fixture
def arrivals(tmp_path: Path) -> Arrivals:
    return Arrivals(tmp_path, LIMITS, Folder)  # type: ignore[arg-type]


@pytest.fixture
def client(arrivals: Arrivals) -> TestClient:
    route = UploadRoute(lambda: arrivals, tokens.uploads.check, tuple)
    return TestClient(Starlette(routes=[Route("/up", route.bring, methods=["POST"])]), raise_server_exceptions=True)


def allowed(tray: Tray, owner: str = "me") -> dict[str, str]:
    return {"authorization": "Bearer " + tokens.uploads.issue(f"{owner}/{tray.id}", "bring")}


def test_files_come_apart_wherever_the_body_is_cut(tmp_path: Path) -> None:
    files = [("cats/é 1.png", b"abc"), ("empty", b""), ("dogs/2.png", bytes(range(200))), ("last", b"")]
    body = framed(*files)
    for size in (1, 2, 5, 11, 13, len(body)):
        upload = Folder(tmp_path, LIMITS)
        parts = Parts(upload)  # type: ignore[arg-type]
        for at in range(0, len(body), size):
            parts.feed(body[at : at + size])
        parts.finish()
        assert parts.files == 4
        assert [(one.name, one.path.read_bytes()) for one in upload.given] == files


def test_what_was_brought_lies_in_the_tray_and_goes_with_it(
    arrivals: Arrivals, client: TestClient, tmp_path: Path
) -> None:
    tray = arrivals.new("me")
    said = client.post("/up", content=framed(("a/1.png", b"12"), ("2.png", b"345")), headers=allowed(tray))
    assert (said.status_code, said.json()) == (200, {"files": 2, "bytes": 5})
    assert client.post("/up", content=framed(("3.png", b"6")), headers=allowed(tray)).json()["files"] == 1
    assert [(one.name, one.path.read_bytes()) for one in tray.given] == [
        ("a/1.png", b"12"),
        ("2.png", b"345"),
        ("3.png", b"6"),
    ]
    arrivals.remove(tray.id, "somebody else")
    assert len(left(tmp_path)) == 2
    arrivals.remove(tray.id, "me")
    assert left(tmp_path) == []


def test_nobody_brings_files_without_a_token_of_their_tray(
    arrivals: Arrivals, client: TestClient, tmp_path: Path
) -> None:
    tray, body = arrivals.new("me"), framed(("1", b"1"))
    for header in (
        {},
        {"authorization": "Bearer x"},
        {"authorization": "Bearer " + tokens.issue(f"me/{tray.id}", "control")},
    ):
        assert client.post("/up", content=body, headers=header).status_code == 401
    assert client.post("/up", content=body, headers=allowed(tray, "you")).status_code == 409
    elsewhere = allowed(tray) | {"origin": "https://elsewhere.example"}
    assert client.post("/up", content=body, headers=elsewhere).status_code == 403
    assert left(tmp_path) == []
    assert client.post("/up", content=body, headers=allowed(tray) | {"origin": "http://testserver"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "ended early"),
        (framed(("1", b"123"))[:-1], 400, "ended early"),
        (framed(("1", b"123")) + b"\0", 400, "ended early"),
        (struct.pack(">IQ", 2**31, 1) + b"x", 400, "cannot be read"),
        (struct.pack(">IQ", 0, 1) + b"x", 400, "cannot be read"),
        (struct.pack(">IQ", 1, 1) + b"\xffx", 400, "cannot be read"),
        (framed(("1", bytes(2_000_000)), ("2", bytes(2_000_000))), 413, "At most 3000000 bytes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_left(arrivals: Arrivals, client: TestClient, tmp_path: Path, body: bytes, status: int, words: str) -> None:  # fmt: skip
    tray = arrivals.new("me")
    said = client.post("/up", content=body, headers=allowed(tray))
    assert (said.status_code, words in said.json()["error"]) == (status, True), said.json()
    assert (left(tmp_path), tray.given, tray.busy) == ([], [], 0)


def test_a_length_that_cannot_fit_is_refused_before_anything_is_written(arrivals: Arrivals, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    tray, before = arrivals.new("me"), Folder.made
    long = allowed(tray) | {"content-length": str(10**12)}
    assert client.post("/up", content=iter([b"x"]), headers=long).status_code == 413
    monkeypatch.setattr(arrivals, "_free", lambda: 10)
    assert client.post("/up", content=framed(("1", b"12")), headers=allowed(tray)).status_code == 507
    assert Folder.made == before


def test_a_full_disk_in_the_middle_leaves_nothing_and_the_next_one_works(arrivals: Arrivals, client: TestClient, tmp_path: Path) -> None:  # fmt: skip
    tray = arrivals.new("me")
    (tmp_path / "full").touch()
    said = client.post("/up", content=framed(("1", b"12")), headers=allowed(tray))
    assert "disk is full" in said.json()["error"]
    assert left(tmp_path) == []
    (tmp_path / "full").unlink()
    assert client.post("/up", content=framed(("1", b"12")), headers=allowed(tray)).status_code == 200


def test_a_visitor_has_a_few_uploads_at_once_and_a_few_trays(arrivals: Arrivals) -> None:
    trays = [arrivals.new("me") for _ in range(uploads.TRAYS_OF_ONE)]
    with pytest.raises(uploads.RefusedError):
        arrivals.new("me")
    other = arrivals.new("you")
    with arrivals.receiving(trays[0].id, "me", 10), arrivals.receiving(trays[1].id, "me", 10):
        with pytest.raises(uploads.RefusedError, match="2 uploads"), arrivals.receiving(trays[2].id, "me", 10):
            pass
        with arrivals.receiving(other.id, "you", 10):
            pass
    with arrivals.receiving(trays[2].id, "me", 10):
        pass


def test_what_is_left_alone_is_swept_and_what_is_used_is_not(tmp_path: Path) -> None:
    clock = [0.0]
    arrivals = Arrivals(tmp_path, LIMITS, Folder, lambda: clock[0])  # type: ignore[arg-type]
    closed, back, idle, busy = (arrivals.new(str(n)) for n in range(4))
    for tray in (closed, back, idle, busy):
        tray.uploads.append(Folder(tmp_path, LIMITS))  # type: ignore[arg-type]
    with arrivals.receiving(busy.id, "3", 10):
        arrivals.leave(busy.id)
        arrivals.leave(closed.id)
        arrivals.leave(back.id)
        clock[0] = uploads.GRACE - 1
        arrivals.sweep()
        assert arrivals.left_by("1") is back
        clock[0] = uploads.GRACE + 1
        arrivals.sweep()
        assert len(left(tmp_path)) == 3
        assert arrivals.get(closed.id, "0") is None
        clock[0] = uploads.IDLE + 1
        arrivals.sweep()
        assert len(left(tmp_path)) == 2
    clock[0] = 3 * uploads.IDLE
    arrivals.sweep()
    assert left(tmp_path) == []


# ── real connections ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def door(arrivals: Arrivals) -> Iterator[int]:
    route = UploadRoute(lambda: arrivals, tokens.uploads.check, tuple)
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=[Route("/up", route.bring, methods=["POST"])]), port=0, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(60)


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def begun(port: int, tray: Tray, length: int, body: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST /up HTTP/1.1\r\nhost: x\r\nauthorization: {allowed(tray, tray.owner)['authorization']}\r\ncontent-length: {length}\r\n\r\n"
    line.sendall(head.encode() + body)
    return line


def test_a_tab_closed_in_the_middle_leaves_nothing_and_another_upload_goes_on(arrivals: Arrivals, door: int, tmp_path: Path) -> None:  # fmt: skip
    mine, theirs = arrivals.new("me"), arrivals.new("you")
    body = framed(("big.zip", bytes(2_500_000)))
    broken = begun(door, mine, len(body), body[:2_000_000])
    going = begun(door, theirs, len(body), body[:2_000_000])
    until(lambda: len(left(tmp_path)) == 2)
    broken.close()
    until(lambda: len(left(tmp_path)) == 1 and mine.busy == 0)
    going.sendall(body[2_000_000:])
    answer = going.recv(65536)
    while b"}" not in answer:
        answer += going.recv(65536)
    going.close()
    assert json.loads(answer[answer.index(b"{") :]) == {"files": 1, "bytes": 2_500_000}
    assert (len(theirs.given), mine.given) == (1, [])


def test_a_connection_that_says_nothing_any_more_is_ended(arrivals: Arrivals, door: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(uploads, "PATIENCE", 0.2)
    line = begun(door, arrivals.new("me"), 100, framed(("a", bytes(50))))
    assert b"408" in line.recv(65536)
    line.close()
    assert left(tmp_path) == []

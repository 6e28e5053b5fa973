"""What goes wrong around an import: the decoder crashes, hangs or eats memory; the process is killed; the disk is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from gan_core.cli import main
from gan_core.errors import DataError
from gan_core.pictures import store as store_module
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import Given, preview
from gan_core.pictures.limits import Limits
from gan_core.pictures.making import Making
from gan_core.pictures.store import PictureSets
from gan_core.pictures.upload import Upload
from pages._ui import tokens
from pages._ui.uploads import Arrivals, UploadRoute
from tests.unit._own_pictures import codes, imported, left, png, some, zip_of

ROOT = Path(__file__).resolve().parents[2]
FULL = os.strerror(28)  # ENOSPC
# Stands in for a weak spot of a decoder: the process that decodes reads it before anything else.
FAULTY = """
import os, signal, PIL.Image
opened = PIL.Image.open

def open_faulty(file, *args, **words):
    begins = file.read(6)
    file.seek(0)
    if begins == b"CRASH!":
        os.kill(os.getpid(), signal.SIGSEGV)
    if begins == b"HANGS!":
        os.kill(os.getpid(), signal.SIGSTOP)
    if begins == b"EATS!!":
        bytearray(8 << 30)
    return opened(file, *args, **words)

PIL.Image.open = open_faulty
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Given]]:
    """Good pictures, and files by which the decoder crashes ("CRASH!"), hangs ("HANGS!") or eats memory ("EATS!!")."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(FAULTY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]))

    def given(*bad: bytes, good: int = 24) -> list[Given]:
        files = some(tmp_path / "in", good)
        for number, content in enumerate(bad):
            path = tmp_path / "in" / f"bad{number}.png"
            path.write_bytes(content)
            files.insert(7 + 2 * number, Given(path, path.name))
        return files

    return given


def no_children() -> bool:
    return not [child for child in psutil.Process().children() if "gan_core.pictures.worker" in child.cmdline()]


def test_what_kills_the_decoder_is_named_and_the_import_goes_on(
    tmp_path: Path, faulty: Callable[..., list[Given]]
) -> None:
    job = imported(tmp_path, faulty(b"CRASH!", b"EATS!!", b"HANGS!"), limits=Limits(seconds=1.0))
    assert job.result is not None
    assert job.result.count == 24
    assert {reason.code: reason.names for reason in job.refused} == {
        "crashed": ("bad0.png",),
        "memory": ("bad1.png",),
        "time": ("bad2.png",),
    }
    assert left(tmp_path) == [job.result.id]
    assert no_children()


def test_in_the_middle_of_an_archive_nothing_is_read_twice(tmp_path: Path, faulty: Callable[..., list[Given]]) -> None:
    faulty()
    files = {f"{n}.png": png(n) for n in range(22)}
    files = dict(list(files.items())[:5]) | {"crash.png": b"CRASH!"} | dict(list(files.items())[5:])
    job = imported(tmp_path, [Given(zip_of(tmp_path / "a.zip", files), "a.zip")])
    assert job.result is not None
    assert job.result.count == 22
    assert codes(job) == {"crashed": 1}  # and no duplicates


def test_a_decoder_that_dies_again_and_again_ends_the_import(
    tmp_path: Path, faulty: Callable[..., list[Given]]
) -> None:
    job = imported(tmp_path, faulty(*[b"CRASH!"] * 8))
    assert job.progress.phase == "failed"
    assert isinstance(job.error, DataError)
    assert "bad7.png" in str(job.error)
    assert codes(job) == {"crashed": 7}
    assert left(tmp_path) == []
    assert no_children()


def test_a_preview_survives_a_crash(faulty: Callable[..., list[Given]]) -> None:
    shown = preview(faulty(b"CRASH!", good=12), Choices(16))
    assert len(shown.pictures) + sum(reason.count for reason in shown.reasons) >= 12


def test_an_import_that_takes_too_long_keeps_what_it_has(tmp_path: Path) -> None:
    given = some(tmp_path / "in", 60)
    now = [0.0]

    class Clock:
        monotonic = staticmethod(lambda: now.__setitem__(0, now[0] + 0.5) or now[0])  # each look takes half a second

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("gan_core.pictures.importing.time", Clock)
        job = imported(tmp_path, given, limits=Limits(minutes=0.5))
    assert job.result is not None
    assert 20 <= job.result.count < 60
    assert job.result.count + codes(job)["late"] == 60


# ── a kill in the middle ─────────────────────────────────────────────────────────────────────────────────────────────────

SLOW = """
import sys, time
from pathlib import Path
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import Given, Import
from gan_core.pictures.store import PictureSets
job = Import(PictureSets(Path(sys.argv[1])), [Given(Path(sys.argv[2]), "in")], Choices(16), "Mine", "me")
take = Import._take
Import._take = lambda self, message, making: (take(self, message, making), time.sleep(0.1))
job.start()
while job.progress.accepted < 3 and not job.has_ended:
    time.sleep(0.01)
print("reading", flush=True)
job.wait()
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_what_a_killed_process_leaves_is_removed_by_the_next_one(tmp_path: Path) -> None:
    root = tmp_path / "data"
    some(tmp_path / "in", 400)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", SLOW, root, tmp_path / "in"], stdout=subprocess.PIPE, env=env) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        (decoder,) = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGKILL)
    assert decoder.wait(60) is None or not decoder.is_running()  # it does not outlive whom it works for
    assert [name[:5] for name in left(root)] == [".new-"]
    living = Upload(root)
    assert main(["pictures", "add", str(tmp_path / "in"), "--size", "8", "--data-dir", str(root)]) == 0
    (made,) = PictureSets(root).every()
    assert made.count == 400
    assert len(left(root)) == 2  # the set, and what this living process brings
    living.remove()
    assert left(root) == [made.id]


# ── a full disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────

on_linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


@on_linux
@pytest.mark.parametrize("name", ["pictures.npy", "labels.npy", "set.json"])
def test_a_full_disk_when_the_set_is_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    finish = Making.finish

    def on_a_full_disk(self: Making) -> Any:
        (self.folder / name).symlink_to("/dev/full")
        return finish(self)

    monkeypatch.setattr(Making, "finish", on_a_full_disk)
    given = [
        *some(tmp_path / "in", 20, under="cats/"),
        *some(tmp_path / "in", 20, 50, under="dogs/"),
    ]
    job = imported(tmp_path, given)
    assert job.progress.phase == "failed"
    assert isinstance(job.error, DataError)
    assert FULL in str(job.error)
    assert left(tmp_path) == []
    monkeypatch.undo()
    assert imported(tmp_path, given).result is not None


def test_a_full_disk_when_the_set_is_put_in_its_place_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, FULL)

    monkeypatch.setattr(store_module.atomic, "write_text", full)
    job = imported(tmp_path, some(tmp_path / "in"))
    assert isinstance(job.error, DataError)
    assert FULL in str(job.error)
    assert str(tmp_path) not in str(job.error)
    assert left(tmp_path) == []


class FullUpload(Upload):
    """Its files lie on a disk that is full."""

    def begin(self, name: str) -> None:
        path = self._working.path / f"{len(self._given):06d}"
        path.symlink_to("/dev/full")
        super().begin(name)


@on_linux
@pytest.mark.parametrize("size", [10, 3_000_000])  # noticed when the file is closed, and while it is written
def test_a_full_disk_in_an_upload_is_said_and_leaves_nothing(tmp_path: Path, size: int) -> None:
    arrivals = Arrivals(tmp_path, Limits(), FullUpload)
    route = UploadRoute(lambda: arrivals, tokens.uploads.check, tuple)
    client = TestClient(Starlette(routes=[Route("/up", route.bring, methods=["POST"])]))
    tray = arrivals.new("me")
    token = tokens.uploads.issue(f"me/{tray.id}", "bring")
    body = (1).to_bytes(4, "big") + size.to_bytes(8, "big") + b"a" + bytes(size)
    said = client.post("/up", content=body, headers={"authorization": f"Bearer {token}"})
    assert said.status_code == 507
    assert FULL in said.json()["error"]
    assert left(tmp_path) == []
    assert (tray.given, tray.busy) == ([], 0)

"""A run that another process trains is seen live, and is an ordinary run once that process lets go of it."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _until import until

from gan_core.runs.following import Beacon, FollowedRun
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store

SETTINGS = ["generator.hidden=8,8", "discriminator.hidden=8,8", "batch_size=16", "device=cpu", "threads=1"]


def header(data: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<I", data, 4)
    found = json.loads(data[8 : 8 + length])
    assert isinstance(found, dict)
    return found


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    own = Scheduler(Store(tmp_path))
    yield own
    own.close()


@pytest.fixture
def trained(tmp_path: Path, scheduler: Scheduler) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A run of the command line beside the server, under way."""
    more = [part for setting in SETTINGS for part in ("--set", setting)]
    command = [
        sys.executable,
        "-m",
        "gan_core.cli",
        "train",
        "--preset",
        "ring",
        "--seconds",
        "120",
        "--data-dir",
        str(tmp_path),
    ]
    process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: [i for i in scheduler.store.ids() if scheduler.store.folder(i).has_checkpoint])
    yield scheduler.store.ids()[0], process
    process.kill()
    process.wait()


def test_seen_live_refused_politely_and_taken_over(
    trained: tuple[str, subprocess.Popen[bytes]], scheduler: Scheduler
) -> None:
    run_id, process = trained
    run = scheduler.get(run_id)
    assert isinstance(run, FollowedRun)
    assert scheduler.get(run_id) is run
    assert header(run.frame())["run"] == run_id
    with run.watch():
        until(lambda: run.status == "running")
        first = run.step
        until(lambda: run.step > first)
        assert run.seq
        assert not run.gone
        assert header(run.frame())["arrays"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: run.gone)
    until(lambda: not scheduler._followed)  # even if nobody asks for it again
    taken = scheduler.get(run_id)
    assert isinstance(taken, TrainingSession)
    until(lambda: taken.status == "paused" and taken.step > 0)


def test_a_run_of_the_server_is_refused_to_the_command_line(tmp_path: Path, scheduler: Scheduler) -> None:
    import _tiny

    session = scheduler.create(_tiny.points(speed=20), "me")
    until(lambda: session.step > 0)
    assert session.folder is not None
    done = subprocess.run([sys.executable, "-m", "gan_core.cli", "train", "--resume", str(session.folder.path), "--steps", "9"],
                          capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
    assert done.returncode == 2
    assert "open in another process" in done.stderr
    assert "Traceback" not in done.stderr
    assert session.status == "running"


def test_the_beacon_needs_a_touch_and_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("gan_core.runs.following.time.monotonic", lambda: now[0])
    beacon, sign = Beacon(tmp_path), tmp_path / ".followed"
    assert not beacon.wanted()
    for stamp in (5e8, 4e9, 1.0):  # the clock of the other process is anywhere, and jumps
        sign.touch()
        os.utime(sign, (stamp, stamp))
        assert beacon.wanted()
        now[0] += 3.0
        assert beacon.wanted()
        now[0] += 3.0
        assert not beacon.wanted()
    beacon.leave(b"frame")
    assert (tmp_path / ".frame").read_bytes() == b"frame"
    Beacon(tmp_path / "gone").leave(b"frame")  # a disk that refuses costs a picture

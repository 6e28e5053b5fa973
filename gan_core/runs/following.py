"""Watching a run that another process trains: it leaves its frames in the run's folder for as long as somebody follows.

.followed   touched once a second by whoever watches; its time of change only has to change, so that clocks may jump
.frame      the newest packed snapshot
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError
from gan_core.runs import atomic, frames
from gan_core.runs.folder import RunFolder
from gan_core.runs.past import Past
from gan_core.runs.snapshots import Mark, Message, Snapshot

FOLLOWED = 0.25  # least seconds between two frames left for somebody
_TOUCH, _PATIENCE = 1.0, 4.0
_HELD_SECONDS = 1.0  # between two looks at the lock


class Beacon:
    """The training side: whether somebody in another process follows, and the frames for them."""

    def __init__(self, folder: Path) -> None:
        self._sign, self._frame = folder / ".followed", folder / ".frame"
        self._seen: int | None = None
        self._until = 0.0

    def wanted(self) -> bool:
        """Whether the sign was touched within the last seconds. One `stat`."""
        try:
            changed = self._sign.stat().st_mtime_ns
        except OSError:
            return False
        now = time.monotonic()
        if changed != self._seen:
            self._seen, self._until = changed, now + _PATIENCE
        return now < self._until

    def leave(self, frame: bytes) -> None:
        """Put the newest frame where followers find it. A disk that refuses costs them a picture, not the run its life."""
        with contextlib.suppress(OSError):
            atomic.write_bytes(self._frame, frame, sync=False)


class FollowedRun:
    """The watching side: a run of another process, as the live view and the pages need it. It can be watched and not commanded."""

    def __init__(self, run_id: str, folder: RunFolder) -> None:
        """Raises CheckpointError, ConfigError for a run whose files cannot be read."""
        self.id, self.folder = run_id, folder
        self.config: RunConfig = folder.config()
        self.past = Past(run_id, folder)
        self.owner = str(folder.facts().get("owner", ""))
        self._sign, self._frame = folder.path / ".followed", folder.path / ".frame"
        self._frame.unlink(missing_ok=True)  # of the time when somebody last followed
        self._viewers, self._asking = 0, False
        self._lock = threading.Lock()
        self._held, self._held_at = True, 0.0
        self._waiting = frames.pack(
            Snapshot(run=run_id, kind=self.config.kind, seq=0, status="preparing", message=Message())
        )
        self.touch()

    @property
    def gone(self) -> bool:
        """Whether the other process has let go of it: then it is a run like any other, to be opened anew."""
        now = time.monotonic()
        if self._held and now > self._held_at + _HELD_SECONDS:
            self._held, self._held_at = self.folder.is_held_elsewhere, now
        return not self._held

    @property
    def seq(self) -> int:
        """Changes with each frame."""
        try:
            return self._frame.stat().st_mtime_ns
        except OSError:
            return 0

    @property
    def status(self) -> str:
        return str(self._header().get("status", "preparing"))

    @property
    def step(self) -> int:
        return int(self._header().get("step", 0))

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What the other process has changed so far."""
        return tuple(Mark(**mark) for mark in self._header().get("marks", []))

    @property
    def expected_config(self) -> RunConfig:
        """The settings of its last checkpoint, since a change reaches the disk with one."""
        with contextlib.suppress(PlaygroundError):
            return serial.from_dict(self.folder.read_checkpoint().config)
        return self.config

    def frame(self) -> bytes:
        """The newest frame that the other process left."""
        try:
            return self._frame.read_bytes()
        except OSError:
            return self._waiting

    def _header(self) -> Mapping[str, Any]:
        data = self.frame()
        (length,) = struct.unpack_from("<I", data, 4)
        header: dict[str, Any] = json.loads(data[8 : 8 + length])
        return header

    def touch(self) -> None:
        """Tell the other process that somebody is here."""
        with contextlib.suppress(OSError):
            self._sign.touch()
            os.utime(self._sign)

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Ask for frames while the context is open."""
        with self._lock:
            self._viewers += 1
            if not self._asking:
                self._asking = True
                threading.Thread(target=self._keep_asking, daemon=True, name=f"follow-{self.id}").start()
        try:
            yield
        finally:
            with self._lock:
                self._viewers -= 1

    def want(self, names: frozenset[str]) -> None:
        """The other process looks at its run for all who follow, at nothing but the picture: this is not passed on."""

    def _keep_asking(self) -> None:
        while True:
            self.touch()
            time.sleep(_TOUCH)
            with self._lock:
                if not self._viewers:
                    self._asking = False
                    return

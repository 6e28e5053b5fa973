"""The folder `tensorboard` of a run: event files, and whether more are to be written."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gan_core.runs import atomic

NAME = "tensorboard"
_STATE = "state.json"
_FILES = "events.out.tfevents.*"
_OURS = re.compile(r"events\.out\.tfevents\.([0-9]{10})\.([0-9]{4})")


@dataclass(frozen=True)
class EventState:
    """on: whether event files are wanted; until: the last step of which they hold the curves, −1 for none; pictures: how many they hold."""

    on: bool = False
    until: int = -1
    pictures: int = 0

    @staticmethod
    def read(said: Any) -> EventState:
        """As it was written; as of a run without event files where that is damaged."""
        try:
            return EventState(said["on"] is True, int(said["until"]), int(said["pictures"]))
        except (LookupError, TypeError, ValueError):
            return EventState()


class EventFolder:
    """Plain files for TensorBoard: one for each start of the run, and each time it went back. The switch stays with the run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    @property
    def state(self) -> EventState:
        try:
            return EventState.read(json.loads((self.path / _STATE).read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError):
            return EventState()

    def note(self, **changes: Any) -> None:
        """Write a new state, with these values changed. Raises OSError."""
        with self._lock:
            before = self.state
            if (new := replace(before, **changes)) != before:
                self.path.mkdir(exist_ok=True)
                atomic.write_bytes(self.path / _STATE, json.dumps(asdict(new)).encode(), sync=before.on != new.on)

    @property
    def command(self) -> str:
        """What shows these files, in a terminal."""
        return f"tensorboard --logdir {shlex.quote(str(self.path))}"

    def files(self) -> list[Path]:
        """The event files, in the order in which TensorBoard reads them: the oldest first."""
        return sorted(self.path.glob(_FILES))

    def size(self) -> int:
        """Bytes of the event files."""
        return sum(file.stat().st_size for file in self.files())

    def new_file(self) -> Path:
        """A name that comes after all there are."""
        self.path.mkdir(exist_ok=True)
        found = [(int(name[1]), int(name[2])) for file in self.files() if (name := _OURS.fullmatch(file.name))]
        second, count = max([*found, (int(time.time()), -1)])
        return self.path / _FILES.replace("*", f"{second:010}.{count + 1:04}")

    def clear(self) -> int:
        """Remove the event files, and leave the switch as it is; how many bytes that was. The newest stays, with nothing in it: a
        TensorBoard that looks on could not find its way from a file that is gone to the next one."""
        freed, files = self.size(), self.files()
        for file in files[:-1]:
            file.unlink(missing_ok=True)
        for file in files[-1:]:
            os.truncate(file, 0)
        if self.path.is_dir():
            self.note(until=-1, pictures=0)
        return freed

    def remove(self) -> None:
        """Remove everything that belongs here."""
        for file in (*self.files(), self.path / _STATE):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # absent, or somebody else's file is in it
            self.path.rmdir()

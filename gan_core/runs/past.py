"""A run at earlier moments, for those who watch it: the same pictures as at the time, one frame each."""

from __future__ import annotations

import dataclasses
import threading

from gan_core.runs import closely, frames
from gan_core.runs.darkroom import Darkroom
from gan_core.runs.folder import RunFolder


class Past:
    """What is kept of one run, from any thread. Made anew for each process that looks; nothing of the run is touched."""

    def __init__(self, run_id: str, folder: RunFolder) -> None:
        self._run, self._folder = run_id, folder
        self._room: Darkroom | None = None
        self._lock = threading.Lock()

    def steps(self) -> list[int]:
        """The steps that can be looked at, the oldest first."""
        return self._darkroom().steps()

    def branches(self) -> list[int]:
        """Those of them from which a new run can go on."""
        return sorted(self._folder.states())

    def frame(self, step: int, wishes: frozenset[str] = frozenset()) -> bytes:
        """A packed frame of that step: its picture, what the diagnosis said, and what is wished for of single pictures; no curves. Raises
        RunError where nothing is kept, CheckpointError, ConfigError, DataError."""
        room = self._darkroom()
        close = frozenset(filter(closely.is_known, wishes))
        seen = room.closely(step, close) if close else room.snapshot(step)
        return frames.pack(
            dataclasses.replace(seen, run=self._run, status="past", diagnosis=self._folder.cases.at(step))
        )

    def _darkroom(self) -> Darkroom:
        with self._lock:
            self._room = self._room or Darkroom(self._folder)
            return self._room

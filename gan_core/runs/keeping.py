"""What of a run goes to the disk, and when: the journal at once, checkpoints and curves from copies, on another thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.runs.checkpoint import copy_state, is_finite
from gan_core.runs.store import RunFolder
from gan_core.trainer import Trainer

log = logging.getLogger(__name__)

SAVE_SECONDS = 5.0
WRITE_SHARE = 20  # a checkpoint is due no sooner than so many times the seconds that the last one took to write
Saver: TypeAlias = Callable[[Callable[[], None]], None]
State: TypeAlias = tuple[dict[str, Any], RunConfig]


@dataclass(frozen=True)
class Loaded:
    """What a folder gives back. `journal`: the entries that still hold; `since`: the changes after the checkpoint, at its step."""

    state: dict[str, Any]
    config: RunConfig
    journal: list[dict[str, Any]]
    since: list[dict[str, Any]]


@dataclass(frozen=True)
class _Job:
    life: int
    good: State
    journal: int
    names: tuple[str, ...]
    facts: Mapping[str, Any]


class Keeper:
    """Keeps one run in its folder. `saver` runs a job on its thread; `failed` is told what the disk said, on any thread.

    Without a folder nothing is written, and the last good state is kept all the same.
    """

    def __init__(self, folder: RunFolder | None, saver: Saver | None, failed: Callable[[OSError], None]) -> None:
        self.folder = folder
        self.good: State | None = None
        self._saver = saver or (lambda job: job())
        self._failed = failed
        self._rows: list[tuple[int, Mapping[str, float]]] = []
        self._entries = 0  # of the journal
        self._life = 0  # counts restarts: what the saver still holds of the life before must not come back
        self._next = 0.0
        self._write_seconds = 0.0
        self._waiting: _Job | None = None
        self._slot, self._disk = threading.Lock(), threading.Lock()

    def due(self, now: float) -> bool:
        """Whether it is time for a checkpoint (`now` as from time.perf_counter)."""
        return now >= self._next

    def add_row(self, step: int, row: Mapping[str, float]) -> None:
        """A row of the curves, written with the next checkpoint."""
        with self._slot:
            self._rows.append((step, row))

    def remember(self, trainer: Trainer, config: RunConfig) -> bool:
        """Copy the state as the last good one, if all of it is finite."""
        state = copy_state(trainer.state_dict())
        if not is_finite(state):
            return False
        self.good = (state, config)
        return True

    def hand_over(self, names: tuple[str, ...], facts: Mapping[str, Any]) -> None:
        """Have the last good state written, with the curves of these `names` and run.json. What still waited is replaced: a
        slow disk makes checkpoints rarer and never a queue of copies."""
        self._next = time.perf_counter() + max(SAVE_SECONDS, WRITE_SHARE * self._write_seconds)
        if self.folder is None or self.good is None:
            return
        with self._slot:
            idle = self._waiting is None
            self._waiting = _Job(self._life, self.good, self._entries, names, facts)
        if idle:
            self._saver(self._write)

    def _write(self) -> None:
        """On the saver's thread."""
        begin = time.perf_counter()
        with self._slot:
            job, self._waiting = self._waiting, None
            rows, self._rows = self._rows, []
        assert job is not None
        assert self.folder is not None
        try:
            with self._disk:
                if job.life == self._life:
                    self.folder.write_checkpoint(*job.good, job.journal)
                    self.folder.append_metrics(rows, job.names)
                    self.folder.write_facts(job.facts)
        except OSError as error:
            with self._slot:
                self._rows[:0] = rows  # with the next one, then
            self._failed(error)
        self._write_seconds = time.perf_counter() - begin

    def finish(self, then: Callable[[], None]) -> None:
        """Call `then` after everything handed over has been written."""
        self._saver(then)

    def journal(self, entry: Mapping[str, Any]) -> None:
        """Write down what was done, before anything depends on it."""
        if self.folder is None:
            return
        try:
            self.folder.append_journal(entry)
            self._entries += 1
        except OSError as error:
            self._failed(error)

    def restart(self, config: RunConfig) -> None:
        """Begin at step 0: what was kept is removed."""
        self.good = None
        with self._slot:
            self._rows = []
        with self._disk:
            self._life += 1
            self._entries = 0
            if self.folder is not None:
                self.folder.restart(config)

    def load(self) -> Loaded:
        """The newest whole checkpoint. The journal is cut to it: what came later is lost with its steps, and what was changed
        after it at its own step is still to be applied. Raises CheckpointError, ConfigError."""
        assert self.folder is not None
        state, config, counted = self.folder.read_checkpoint()
        entries = self.folder.journal()
        end = min(counted, len(entries))
        while end < len(entries) and entries[end]["step"] == state["step"]:
            end += 1
        try:
            self.folder.cut_journal(entries[:end])
        except OSError as error:  # a folder that can be read can be looked at
            log.warning("the journal in %s could not be cut: %s", self.folder.path, error)
        self._entries = end
        return Loaded(state, config, entries[:end], entries[counted:end])


def changes(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted name -> new value, of an entry of the journal."""
    return {name: pair[1] for name, pair in entry.get("changes", {}).items()}


def after(config: RunConfig, entries: list[dict[str, Any]]) -> RunConfig:
    """`config` with the changes of these entries. Raises ConfigError."""
    for entry in entries:
        config = settings.replace(config, changes(entry))
    return config

"""What of a run goes to the disk, and when: the journal at once; checkpoints, curves and history from copies, on another thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gan_core import config as settings
from gan_core import device as devices
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.phases import D_ONLY, G_ONLY
from gan_core.runs import checkpoint, frames, stills
from gan_core.runs.board import Board, Moment
from gan_core.runs.cadence import Cadence
from gan_core.runs.checkpoint import Saved, copy_state, is_finite
from gan_core.runs.curves import Curves
from gan_core.runs.folder import RunFolder
from gan_core.runs.history import SMALL
from gan_core.runs.snapshots import Metrics, Snapshot
from gan_core.trainer import Trainer

log = logging.getLogger(__name__)

SAVE_SECONDS = 4.5  # with the time that writing takes, a killed process loses no more than five
WRITE_SHARE = 20  # a checkpoint is due no sooner than so many times the seconds that the last one took to write
MOMENT_SECONDS, MOMENT_SHARE = 0.25, 0.005  # of the history: least seconds between two, share of the training time
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
class Score:
    """How good a state is, by what its best checkpoint is chosen: `rank` is compared, `metric` and `value` are shown."""

    metric: str
    value: float
    rank: float
    step: int

    @staticmethod
    def of(found: Metrics | None) -> Score | None:
        """High-quality samples over all modes, where there are modes; of translations the distance to the truth; else the sliced Wasserstein
        distance."""
        if found is None:
            return None
        values = found.values
        if "quality" in values:
            rank = values["quality"] * values["modes"] / values["modes_total"]
            return Score("quality", values["quality"], rank, found.step)
        name = next((name for name in ("test_l1", "swd") if name in values), None)
        return None if name is None else Score(name, values[name], -values[name], found.step)

    @staticmethod
    def read(best: Any) -> Score | None:
        """As `facts` gave it."""
        try:
            return Score(str(best["metric"]), float(best["value"]), float(best["rank"]), int(best["step"]))
        except (KeyError, TypeError, ValueError):
            return None

    def facts(self) -> dict[str, Any]:
        """For run.json."""
        return {"metric": self.metric, "value": self.value, "rank": self.rank, "step": self.step}


@dataclass(frozen=True)
class _Job:
    life: int
    good: State
    journal: int
    facts: Mapping[str, Any]
    score: Score | None
    view: Snapshot | None
    curves: Curves | None = field(default=None)  # all of them, where the file has to be written anew


class Keeper:
    """Keeps one run in its folder. `saver` runs a job on its thread; `failed` is told what the disk said, on any thread;
    `saved` that the files have changed.

    Without a folder nothing is written, and the last good state is kept all the same.
    """

    def __init__(
        self, folder: RunFolder | None, start: RunConfig, saver: Saver | None, failed: Callable[[Exception], None],
        saved: Callable[[], None] = lambda: None, board: Board | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.board = board  # what TensorBoard is shown
        self.good: State | None = None
        self.best: Score | None = None
        self._start = serial.to_dict(start)
        self._saver = saver or (lambda job: job())
        self._failed, self._saved = failed, saved
        self._rows: list[tuple[int, Mapping[str, float]]] = []
        self._names: tuple[str, ...] = ()
        self._anew = False  # whether the file of the curves holds rows that no longer count
        self._entries = 0  # of the journal
        self._unwritten: list[Mapping[str, Any]] = []  # entries that the disk has not taken yet
        self._to_cut: tuple[int, list[dict[str, Any]]] | None = (
            None  # what did not count at loading and could not be removed
        )
        self._restarting: RunConfig | None = None  # a restart that the disk has not taken yet
        self._pen = threading.Lock()  # of who writes the journal
        self._life = 0  # counts restarts: what the saver still holds of the life before must not come back
        self._next = 0.0
        self._write_seconds = 0.0
        self._waiting: _Job | None = None
        self._moments = Cadence(MOMENT_SECONDS, MOMENT_SHARE)
        self._moment_waits = False
        self.last_moment: int | None = None  # the step that was kept last for going back in time, or is about to be
        self._slot, self._disk = threading.Lock(), threading.Lock()

    def due(self, now: float) -> bool:
        """Whether it is time for a checkpoint (`now` as from time.perf_counter)."""
        return now >= self._next

    def add_row(self, step: int, row: Mapping[str, float]) -> None:
        """A row of the curves, written with the next checkpoint."""
        with self._slot:
            self._rows.append((step, row))
        if self.board is not None:
            self.board.row(step, row)

    def remember(self, trainer: Trainer, config: RunConfig) -> bool:
        """Copy the state as the last good one, if all of it is finite."""
        state = copy_state(trainer.state_dict())
        if not is_finite(state):
            return False
        self.good = (state, config)
        return True

    # ── checkpoints ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def hand_over(
        self, curves: Curves, facts: Mapping[str, Any], score: Score | None = None, view: Snapshot | None = None
    ) -> None:
        """Have the last good state written, with the curves, run.json and the picture in `view`; as the best so far, if `score`
        is of its very step and says so. What still waited is replaced: a slow disk makes checkpoints rarer and never a queue of
        copies."""
        self._next = time.perf_counter() + max(SAVE_SECONDS, WRITE_SHARE * self._write_seconds)
        if self.folder is None or self.good is None:
            return
        anew = curves.copy() if self._anew or self.folder.curves.due(curves) else None
        self._anew = False
        if self.board is not None:
            self.board.hand_over(curves)
        with self._slot:
            idle = self._waiting is None
            self._names = curves.names
            if anew is not None:
                self._rows = []  # they are in the copy
            self._waiting = _Job(self._life, self.good, self._entries, facts, score, view, anew)
        if idle:
            self._saver(self._write)

    def _write(self) -> None:
        """On the saver's thread."""
        assert self.folder is not None
        begin = time.perf_counter()
        with self._slot:
            job, self._waiting = self._waiting, None
            rows, self._rows = self._rows, []
        assert job is not None
        try:
            with self._disk:
                if job.life == self._life:
                    self._write_files(self.folder, job, rows)
        except Exception as error:
            if not isinstance(error, OSError) and not devices.is_out_of_memory(error):
                raise
            with self._slot:
                if not self._copy_waits():  # which holds them already
                    self._rows[:0] = rows  # with the next one, then; those that are in the file have been taken out
            self._failed(error)
        self._write_seconds = time.perf_counter() - begin
        self._saved()

    def _copy_waits(self) -> bool:
        """Whether the next job writes all of the curves anew."""
        return self._waiting is not None and self._waiting.curves is not None

    def _write_files(self, folder: RunFolder, job: _Job, rows: list[tuple[int, Mapping[str, float]]]) -> None:
        self._write_journal(folder)
        state, config = job.good
        facts = {name: value for name, value in job.facts.items() if name != "best"}
        path = folder.write_checkpoint(Saved(state, serial.to_dict(config), job.journal, self._start, facts))
        if job.score is not None and job.score.step == state["step"]:
            self._keep_best(folder, path, job.score)
        if job.curves is not None:
            folder.curves.rewrite(job.curves)
        folder.curves.append(rows, self._names)
        rows.clear()
        folder.write_facts(facts | ({"best": self.best.facts()} if self.best else {}))
        if path.stat().st_size > SMALL:
            folder.history.link(state["step"], path)
        picture = stills.still(job.view) if job.view is not None else None
        if picture is not None:
            folder.write_still(picture)
        if self.board is not None:
            journal = folder.journal() if self.board.begins else []
            self.board.write(Moment(state, config, self._start, job.facts, job.view, journal[: job.journal]))

    def _keep_best(self, folder: RunFolder, path: Any, score: Score) -> None:
        if self.best is None or score.metric != self.best.metric or score.rank > self.best.rank:
            folder.keep_best(path)
            self.best = score

    def finish(self, then: Callable[[], None]) -> None:
        """Call `then` after everything handed over has been written."""
        self._saver(then)

    # ── history ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def moment(self, trainer: Trainer, config: RunConfig, view: Snapshot) -> None:
        """Keep this moment for going back in time, if enough time and steps have passed since the last one."""
        begin = time.perf_counter()
        if self.folder is None or self._moment_waits or not self._moments.due(begin):
            return
        if self.folder.history.wants(trainer.step_count):
            self._moment_waits = True  # one at a time: a slow disk makes them rarer
            state = copy_state(trainer.state_dict()) if _is_small(trainer) else None
            saved = Saved(state or {}, serial.to_dict(config), self._entries, self._start)
            picture = view.arrays["fake"] if view.kind != "points" else None
            life, step = self._life, trainer.step_count
            self.last_moment = step
            self._saver(lambda: self._write_moment(life, step, saved, picture))
        now = time.perf_counter()
        self._moments.spent(now, now - begin)

    def _write_moment(self, life: int, step: int, saved: Saved, picture: NDArray[np.uint8] | None) -> None:
        """On the saver's thread."""
        assert self.folder is not None
        try:
            state = checkpoint.dump(saved) if saved.state and is_finite(saved.state) else None
            sheet = frames.encode_grid(picture) if picture is not None else None
            with self._disk:
                if life == self._life and (state or sheet):
                    self.folder.history.add(step, state, sheet)
        except (
            Exception
        ) as error:  # a checkpoint that cannot be written stops the run; a moment of the past can be done without
            if not isinstance(error, OSError) and not devices.is_out_of_memory(error):
                raise
            log.warning("a moment of %s could not be kept: %s", self.folder.path, error)
        finally:
            self._moment_waits = False

    # ── journal, beginning and coming back ───────────────────────────────────────────────────────────────────────────────

    def journal(self, entry: Mapping[str, Any]) -> None:
        """Write down what was done, before anything depends on it."""
        if self.folder is None:
            return
        with self._pen:
            self._unwritten.append(entry)
            self._entries += 1
        if self.board is not None:
            self.board.said(entry)
        try:
            self._write_journal(self.folder)
        except OSError as error:
            self._failed(error)

    def _write_journal(self, folder: RunFolder) -> None:
        with self._pen:
            if self._restarting is not None:
                folder.restart(self._restarting)
                self._restarting = None
            if self._to_cut is not None:
                step, entries = self._to_cut
                folder.cut_journal(entries)
                folder.forget_after(step)
                self._to_cut = None
            while self._unwritten:
                folder.append_journal(self._unwritten[0])
                del self._unwritten[0]

    def restart(self, config: RunConfig) -> None:
        """Begin at step 0: what was kept is removed."""
        self.good, self.best, self.last_moment = None, None, None
        self._start = serial.to_dict(config)
        with self._slot:
            self._rows = []
        with self._disk:
            self._life += 1
            with self._pen:
                self._entries, self._unwritten, self._to_cut, self._restarting = 0, [], None, config
            if self.folder is not None:
                self._write_journal(self.folder)
        if self.board is not None:
            self.board.restart()

    def begin_with(self, start: RunConfig) -> None:
        """The settings at step 0 are others than was thought."""
        self._start = serial.to_dict(start)

    def begin(self) -> None:
        """At step 0 without a checkpoint: what was written down of a time that was never saved does not count."""
        assert self.folder is not None
        self._to_cut = (0, [])
        self._go_on_from(0)
        self._write_journal(self.folder)

    def stop(self) -> None:
        """Write nothing any more, what waits included: the run is being deleted."""
        with self._disk:
            self._life += 1

    def went_back(self, step: int) -> None:
        """The run goes on from `step`: what was kept of later ones never happened."""
        self.last_moment = None
        if self.folder is None:
            return
        self._anew = True
        self._go_on_from(step)
        with self._disk:
            self.folder.forget_after(step)
        if self.best is not None and self.best.step > step:
            self.best = None

    def _go_on_from(self, step: int) -> None:
        if self.board is not None:
            self.board.went_back(step)

    def load(self) -> Loaded:
        """The newest whole checkpoint. The journal is cut to it: what came later is lost with its steps, and what was changed
        after it at its own step is still to be applied. Raises CheckpointError, ConfigError."""
        assert self.folder is not None
        saved = self.folder.read_checkpoint()
        step, entries = saved.state["step"], self.folder.journal()
        counted = sum(e["step"] <= step for e in entries) if saved.journal is None else saved.journal
        lost = max(0, counted - len(entries))  # their places are kept, so that those of the others stay right
        entries += [{"step": entries[-1]["step"] if entries else 0, "do": "lost"}] * lost
        end = min(counted, len(entries))
        while end < len(entries) and entries[end]["step"] == step and players(entries[end]) is None:
            end += 1  # a step of one player that no checkpoint has seen is lost as any other step is
        start = self.folder.config()
        self._to_cut, self._unwritten, self._entries = (step, entries[:end]), [], end
        self._go_on_from(step)
        try:
            self.folder.mend_config(start)
            self._write_journal(self.folder)
        except OSError as error:  # a folder that can be read can be looked at
            log.warning("what came after step %d in %s could not be removed: %s", step, self.folder.path, error)
        self._start = serial.to_dict(start)
        return Loaded(saved.state, serial.from_dict(saved.config), entries[:end], entries[counted:end])


def _is_small(trainer: Trainer) -> bool:
    """Whether the whole state is small enough for every moment: both networks, Adam's two moments of each, the average."""
    count = sum(p.numel() for module in (trainer.g, trainer.g, trainer.g, trainer.g, trainer.d, trainer.d, trainer.d)
                for p in module.parameters())  # fmt: skip
    count += 3 * sum(p.numel() for p in trainer.e.parameters()) if trainer.e is not None else 0
    return 4 * count <= SMALL


def changes(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted name -> new value, of an entry of the journal."""
    return {name: pair[1] for name, pair in entry.get("changes", {}).items()}


def players(entry: Mapping[str, Any]) -> str | None:
    """Who alone learned in the step that an entry of the journal tells of, which was taken at the entry's step; None for any other
    entry. To repeat a run, take it before anything that comes after the entry."""
    return {f"step_{who}": who for who in (D_ONLY, G_ONLY)}.get(str(entry.get("do")))


def after(config: RunConfig, entries: list[dict[str, Any]]) -> RunConfig:
    """`config` with the changes of these entries. Raises ConfigError."""
    for entry in entries:
        config = settings.replace(config, changes(entry))
    return config

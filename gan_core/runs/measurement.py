"""Measuring a saved run in the background: on a thread of its own, with rests, so that what trains goes on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import generate
from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet
from gan_core.errors import ConfigError, DataError, PlaygroundError, RunError
from gan_core.metrics import figures
from gan_core.metrics.evaluation import Evaluation
from gan_core.metrics.features import NAMES, get_judges, width_of
from gan_core.runs import facts
from gan_core.runs.folder import RunFolder
from gan_core.runs.measured import GONE, Measured
from gan_core.text import N_

log = logging.getLogger(__name__)

MOST_SAMPLES = 50_000
_REST = 1.0  # times the seconds that a piece took: what trains has the processor meanwhile
_LONGEST_REST = 0.5
_REMEMBERED = 100  # measurements that have ended, to be told how
_CLOSING = 20.0  # seconds that the end of a process waits for a piece of work
WAITING, LOADING = N_("Waiting for another measurement"), N_("Loading the generator and the data")
TOO_FEW = N_("{n} samples are too few: choose at least {needed}.")
NOT_SAVED = N_(
    "This run has not been saved yet. That happens in the first five seconds of its training: measure it then."
)
RESTARTED = N_(
    "The run was reset while it was measured, so that the result is of weights that are gone. Measure it again."
)
BROKE = N_("The run could not be measured ({reason}). The server's log says more.")
NO_MEMORY = N_("There was not enough memory to measure with {n} samples. Choose fewer.")


@dataclass(frozen=True)
class MeasurePlan:
    """What is wanted: "classifier" or "inception" features, and how many samples. Raises ConfigError."""

    features: str = "classifier"
    samples: int = 5000

    def __post_init__(self) -> None:
        if self.features not in NAMES:
            raise ConfigError(N_("There are no features called '{name}'. Choose one of: {allowed}."), name=self.features,
                              allowed=", ".join(NAMES))  # fmt: skip
        if not 1 <= self.samples <= MOST_SAMPLES:
            raise ConfigError(N_("Between 1 and {most} samples can be measured, not {n}."), most=MOST_SAMPLES, n=self.samples)  # fmt: skip


def needed(plan: MeasurePlan, folder: RunFolder) -> dict[str, int]:
    """How many samples each group of figures of this run needs at least, by the name of its first; known without loading anything.
    Raises ConfigError, CheckpointError."""
    return figures.leasts(width_of(plan.features, folder.config().data))


def most_samples(data: ImageSet) -> int:
    """How many different samples there can be: of what translates, one of each held-out picture."""
    return len(data.test_given) if isinstance(data, PairSet) else MOST_SAMPLES


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Somebody does not want the result any more."""


class MeasureJob:
    """One evaluation of the averaged generator as it was last saved. `status`: waiting, working, done, failed or cancelled; `done` of
    `total` pieces of what is being done (`what`, to be translated)."""

    def __init__(
        self, folder: RunFolder, plan: MeasurePlan, turn: threading.Lock, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.folder, self.plan = folder, plan
        self.status, self.what, self.done, self.total = "waiting", WAITING, 0, 0
        self.error: PlaygroundError | None = None
        self._turn, self._sleep = turn, sleep
        self._cancelled = False
        self._since = time.perf_counter()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"measure-{folder.path.name}")
        self._thread.start()

    @property
    def is_active(self) -> bool:
        return self.status in ("waiting", "working")

    @property
    def share(self) -> float:
        """How much of what is being done is done, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def cancel(self) -> None:
        """Give it up after the piece that is being done; nothing is kept."""
        self._cancelled = True

    def join(self, seconds: float) -> None:
        """Wait until it has ended."""
        self._thread.join(seconds)

    # ── on its own thread ────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            while not self._turn.acquire(timeout=0.1):
                self._check()
            try:
                self.status = "working"
                self._measure()
            finally:
                self._turn.release()
            self.status = "done"
        except Cancelled:
            self.status = "cancelled"
        except PlaygroundError as error:
            self._fail(error)
        except Exception as error:
            if isinstance(error, MemoryError) or devices.is_out_of_memory(error):
                return self._fail(RunError(NO_MEMORY, n=self.plan.samples))
            log.exception("%s could not be measured", self.folder.path)
            self._fail(RunError(BROKE, reason=type(error).__name__))

    def _fail(self, error: PlaygroundError) -> None:
        self.error, self.status = error, "failed"

    def _measure(self) -> None:
        torch.set_num_threads(1)  # of this thread: the others are for what trains
        self._progress(LOADING, 0, 0)
        born = _born(self.folder)
        saved = generate.load(self.folder)
        data = data_sets.load(saved.config.data, self._progress)
        if isinstance(data, data_sets.PointSet):
            raise DataError(N_("This run draws points: they are measured while it trains, and have no features."))
        judges = get_judges(self.plan.features, data, self._progress)
        n = min(self.plan.samples, most_samples(data))
        told, lenient = bool(saved.config.classes), isinstance(data, PairSet)  # there are not more of these
        evaluation = Evaluation(saved.drawing(), n, data, judges, told=told, lenient=lenient)
        for step in evaluation.steps():
            self._progress(step.what, step.done, step.total)
        if _born(self.folder) != born:
            raise RunError(RESTARTED)
        found = Measured(saved.step, facts.created_now(), self.plan.features, tuple(data.class_names), evaluation.found)
        self.folder.measured.keep(found)

    def _progress(self, what: str, done: int, total: int) -> None:
        """Say so, and rest for as long as the last piece took."""
        self.what, self.done, self.total = what, done, total
        self._check()
        self._sleep(min(_REST * (time.perf_counter() - self._since), _LONGEST_REST))
        self._check()
        self._since = time.perf_counter()

    def _check(self) -> None:
        if self._cancelled:
            raise Cancelled


def _born(folder: RunFolder) -> int:
    """Changes when a run begins anew. Raises RunError for one that is gone."""
    try:
        return (folder.path / "config.toml").stat().st_mtime_ns
    except FileNotFoundError:
        raise RunError(GONE, path=folder.path.name) from None


class Measurements:
    """The measurements of a process: one works at a time, the others wait; of each run there is one, or none."""

    def __init__(self) -> None:
        self._jobs: dict[Path, MeasureJob] = {}
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._closed = False

    def of(self, folder: RunFolder) -> MeasureJob | None:
        """The last one of a run, going on or ended."""
        return self._jobs.get(folder.path)

    def begin(self, folder: RunFolder, plan: MeasurePlan) -> MeasureJob:
        """Measure a run, unless that is being done: then it is that one. Raises DataError for too few samples, with the number needed,
        RunError for a run that was never saved, ConfigError, CheckpointError."""
        least = max(needed(plan, folder).values())
        if plan.samples < least:
            raise DataError(TOO_FEW, n=plan.samples, needed=least)
        if not folder.has_checkpoint:
            raise RunError(NOT_SAVED)
        if plan.features == "inception":
            from gan_core.metrics.inception import check_weights

            check_weights()
        with self._lock:
            if self._closed:
                raise RunError(N_("The server is shutting down: nothing new can be measured."))
            job = self._jobs.get(folder.path)
            if job is None or not job.is_active:
                for path in [path for path, ended in self._jobs.items() if not ended.is_active][:-_REMEMBERED]:
                    del self._jobs[path]
                job = self._jobs[folder.path] = MeasureJob(folder, plan, self._turn)
            return job

    def close(self) -> None:
        """Give up what is going on, at the end of the process."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.join(_CLOSING)

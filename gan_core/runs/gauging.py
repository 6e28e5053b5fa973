"""What a classifier sees in the samples of a picture run, measured between its steps with a bounded share of the time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from typing import Any

from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet
from gan_core.errors import PlaygroundError
from gan_core.metrics import features, real_pictures
from gan_core.metrics.evaluation import Evaluation, Step
from gan_core.metrics.features import Judges
from gan_core.metrics.measure import Measure
from gan_core.metrics.measuring import SHARE, Measuring, samples_now
from gan_core.runs.snapshots import Metrics
from gan_core.trainer import Trainer

log = logging.getLogger(__name__)

SAMPLES = 1000
SHOWN = ("fd", "precision", "recall", "class_modes", "class_kl", "as_asked")
SHARES = (0.0, 0.01, SHARE, 0.2)  # of the time, which a person may choose; 0: nothing is measured
MOST = SHARES[-1]
_QUICKLY = 0.5  # of the time, for as long as a round takes


class Gauge:
    """At the side of one run: `turn` is called between its steps. Each round is of the averaged generator at the moment it begins.

    A round is done quickly, so that its figures are not of long ago, and followed by a rest that makes up for it; what has to be there
    before (the classifier, if nobody has trained it yet, and what it sees in real pictures) is done within the share all along. So the
    time spent is never above `share` of the time since the beginning by more than what one round takes.
    """

    def __init__(self, share: float = SHARE, clock: Callable[[], float] = time.perf_counter) -> None:
        """The clock counts seconds."""
        self._share, self._wall = share, clock
        self._away, self._seen = 0.0, clock()  # seconds that were not the run's; when it was at work last
        self.restart()

    def restart(self) -> None:
        """The run begins anew, perhaps with other networks."""
        self._preparation: _Preparation | None = None
        self._preparing: Measuring | None = None
        self._round: Measuring | None = None
        self._step = 0  # that the round is of
        self._off = False  # for what will not go away
        self._rest: tuple[float, float] | None = None  # when the last round ended, and the seconds that it took

    @property
    def share(self) -> float:
        """Of the time, at most; 0: none."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        """From any thread. Raises ValueError."""
        if not 0 <= share <= MOST:
            raise ValueError(f"a share of {share} of the time: it must be from 0 to {MOST}")
        self._share = share

    def begins(self) -> None:
        """A stretch of training begins: the time since the last one was not the run's."""
        self._away += self._wall() - self._seen

    def _clock(self) -> float:
        """Seconds of this run's own time."""
        return self._wall() - self._away

    def recall(self, share: Any) -> None:
        """The share as run.json says it; whatever else is there leaves it as it is."""
        if isinstance(share, (int, float)) and 0 <= share <= MOST:
            self._share = float(share)

    def turn(self, trainer: Trainer) -> Metrics | None:
        """Work as long as the share allows; what was found, when a round has just come to its end. Never raises: no run ends for this."""
        try:
            return self._turn(trainer)
        finally:
            self._seen = self._wall()

    def at_end(self, trainer: Trainer) -> Metrics | None:
        """The schedule is done: measure this very state, at once and whatever the share, unless nothing is measured or the classifier would have
        to be trained for minutes first. Never raises."""
        try:
            return self._guarded(lambda data: self._whole(trainer, data), trainer)
        finally:
            self._seen = self._wall()

    def _whole(self, trainer: Trainer, data: ImageSet) -> Metrics | None:
        """Whatever is under way to its end, then a round of the state as it is now."""
        ready = self._preparation is not None and self._preparation.judges is not None
        if not ready and (known := features.at_hand(data)) is not None and not known.is_here:
            return None
        judges = self._prepared(data, self._share)
        if judges is None and self._preparing is not None and self._preparing.advance():
            judges = self._prepared(data, self._share)
        if judges is None:
            return None
        self._begin(trainer, data, judges)
        assert self._round is not None
        self._round.advance()
        return self._go_on()

    def _turn(self, trainer: Trainer) -> Metrics | None:
        return self._guarded(lambda data: self._piece(trainer, data), trainer)

    def _guarded(self, work: Callable[[ImageSet], Metrics | None], trainer: Trainer) -> Metrics | None:
        """What comes of the work on a set that can be measured; what goes wrong ends no run."""
        data = trainer.data
        if not self._share or self._off or not isinstance(data, ImageSet) or isinstance(data, PairSet):
            return None  # of held-out pictures there are too few to be translated for these figures
        try:
            return work(data)
        except PlaygroundError as error:
            log.info("a run is not measured beside its training: %s", error)
            self._off = self._round is None  # samples may be better another time
            self._end()
        except Exception:
            log.exception("a run could not be measured beside its training")
            self._off = True
        return None

    def _piece(self, trainer: Trainer, data: ImageSet) -> Metrics | None:
        if self._round is not None:
            return self._go_on()
        if self._is_resting(self._share):
            return None
        judges = self._prepared(data, self._share)
        if judges is not None:
            self._begin(trainer, data, judges)
        return None

    def _prepared(self, data: ImageSet, share: float) -> Judges | None:
        """Who judges, once they are there and have seen the real pictures; until then some work on that."""
        if self._preparation is None or self._preparing is None:
            if not features.knows_classes(data):
                self._off = True
                return None
            self._preparation = _Preparation(data)
            self._preparing = Measuring(self._preparation, share, self._clock)
        if self._preparing.goes_on:
            self._preparing.share = share
            self._preparing.turn()
        return None if self._preparing.goes_on else self._preparation.judges

    def _begin(self, trainer: Trainer, data: ImageSet, judges: Judges) -> None:
        players, self._step = trainer.players, trainer.step_count
        told = bool(players.config.classes)
        evaluation = Evaluation(samples_now(players), SAMPLES, data, judges, told=told, only=SHOWN, repeats=False)
        self._round = Measuring(evaluation, _QUICKLY, self._clock)

    def _go_on(self) -> Metrics | None:
        assert self._round is not None
        if not self._round.turn():
            return None
        found = _metrics(self._round, self._step)
        self._end()
        return found

    def _end(self) -> None:
        """Rest from a round, however it ended."""
        if self._round is not None:
            self._rest = self._clock(), self._round.spent
        self._round = None

    def _is_resting(self, share: float) -> bool:
        return self._rest is not None and self._clock() < self._rest[0] + self._rest[1] / share


class _Preparation:
    """What has to be there before anything can be measured: the classifier, and what it sees in the real pictures."""

    measures: tuple[Measure, ...] = ()

    def __init__(self, data: ImageSet) -> None:
        self._data = data
        self.judges: Judges | None = None

    def steps(self) -> Generator[Step, None, None]:
        """Do it, a fraction of a second at a time."""
        judges: Judges = yield from _stepwise(features.pieces(self._data))
        yield from _stepwise(real_pictures.of(self._data, judges).look())
        self.judges = judges

    @property
    def found(self) -> dict[str, Any]:
        """Nothing yet."""
        return {}


def _metrics(round: Measuring, step: int) -> Metrics:
    """What is shown of a round; `class_coverage` is the share of the classes that are drawn."""
    known = {m.name: m for m in round.measures if m.name in SHOWN}
    values: dict[str, float] = {name: known[name].value for name in SHOWN if name in known}
    floor = {name: m.floor for name, m in known.items() if m.floor is not None}
    if "class_modes" in values:
        total = len((round.found or {})["class_shares"])
        values["class_modes_total"] = total
        if "class_modes" in floor:
            floor["class_coverage"] = floor["class_modes"] / total
    by = known["fd"]
    return Metrics(values, SAMPLES, step, floor, by.by, by.features)


def _stepwise(pieces: Generator[None, None, Any]) -> Generator[Step, None, Any]:
    """Pieces of work as steps of which nobody knows how many there are."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value
        yield Step(0, 1, "")


def charted(judged: Metrics) -> dict[str, float]:
    """What is drawn as curves: shares, and distances."""
    values = dict(judged.values)
    total = values.pop("class_modes_total", None)
    modes = values.pop("class_modes", None)
    return values | ({"class_coverage": modes / total} if modes is not None and total else {})


def read(said: Any) -> Metrics | None:
    """As `facts` wrote it; None where there is nothing, or it is damaged."""
    try:
        values, floor = ({str(k): float(v) for k, v in said[part].items()} for part in ("values", "floor"))
        return Metrics(values, int(said["samples"]), int(said["step"]), floor, str(said["by"]), str(said["features"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def facts(judged: Metrics) -> dict[str, Any]:
    """For run.json."""
    return {"values": dict(judged.values), "samples": judged.samples, "step": judged.step, "floor": dict(judged.floor),
            "by": judged.by, "features": judged.features}  # fmt: skip

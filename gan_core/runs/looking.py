"""What is seen of a run: when somebody looks, what the statistics say, and the snapshot that viewers get."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

import torch

from gan_core import layers, metrics, registry
from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import PointSet
from gan_core.diagnosis.findings import Finding
from gan_core.diagnosis.watching import Watch
from gan_core.layers import Layer
from gan_core.metrics.translation import COUNT as TRANSLATED
from gan_core.metrics.translation import errors
from gan_core.players import Players
from gan_core.runs import closely, frames, machine, wishes
from gan_core.runs.cadence import Cadence
from gan_core.runs.camera import Camera
from gan_core.runs.case_file import CaseFile
from gan_core.runs.curves import Curves
from gan_core.runs.gauging import Gauge, charted
from gan_core.runs.picture import picture
from gan_core.runs.snapshots import Mark, Metrics, present
from gan_core.runs.time_left import TimeLeft
from gan_core.trainer import Stats, Trainer
from gan_core.translation.players import Translators
from gan_core.verdicts import Verdicts

WATCHED, UNWATCHED = 0.08, 1.0  # least seconds between two snapshots
SNAPSHOT_SHARE = 0.025  # of the training time; metrics have 0.5 % of their own: together ≤ 3 %
METRICS_SHARE = 0.005
READINGS_SHARE = 0.005  # what D says of pictures, and what the diagnosis reads off them: of the time of pictures alone
METRIC_SAMPLES, PICTURE_SAMPLES = 10_000, 512
_CHARTED = (
    "quality",
    "reverse_kl",
    "js",
    "swd",
    "test_l1",
    "cycle_there",
    "cycle_back",
    "psnr",
    "ssim",
)  # metrics that are drawn as they are
GRANTED, GRANTS_SHARE = (
    0.25,
    0.01,
)  # seconds between two answers to new wishes on a run that trains; only while they change
_RAREST = 60.0  # seconds between two measurements of pictures that are dear to draw
LOSSES = ("d_loss", "g_loss", "reconstruction", "kl", "l1", "cycle", "identity")  # of a GAN, of a VAE, of a translation
_RAREST_READING = 600.0
_RATE_SECONDS = 10.0


class Looker:
    """Looks at one run for all its viewers. Its methods are called on the training thread; `helper` is where pictures may be made."""

    def __init__(
        self, helper: Executor | None = None, cases: CaseFile | None = None, gauge: Gauge | None = None
    ) -> None:
        """`cases`: where the diagnosis is noted for whoever looks back; `gauge`: what measures pictures between the steps."""
        self._cases, self._gauge = cases, gauge
        self._camera = Camera(helper)
        self._looks = Cadence(UNWATCHED, SNAPSHOT_SHARE)
        self._grants = Cadence(GRANTED, GRANTS_SHARE)
        self.wishes: frozenset[str] = frozenset()
        self._granted: frozenset[str] = frozenset()  # the wishes of the last look
        self.on_more: Callable[[], None] = lambda: None  # called, from any thread, when a wish should be granted again
        self.restart()

    def restart(self) -> None:
        """Forget what was seen: the run begins anew."""
        self._camera.wait()
        self.curves = Curves(frames.KEPT_NAMES)
        self.marks: list[Mark] = []
        self.metrics: Metrics | None = None
        self.judged: Metrics | None = None
        self.verdicts: Verdicts | None = None
        self._measures, self._readings = (
            Cadence(1.0, METRICS_SHARE, _RAREST),
            Cadence(0.5, READINGS_SHARE, _RAREST_READING),
        )
        if self._gauge is not None:
            self._gauge.restart()
        self.last_row: Mapping[str, float] = {}
        self._watch: Watch | None = None
        self._charted = self._judged_charted = -1  # the steps of the metrics that are in the curves
        self._rates: deque[tuple[float, int, int]] = deque()
        self._left = TimeLeft()
        self._layers: tuple[Trainer, dict[str, list[Layer]]] | None = None

    def due(self, now: float, *, idle: bool = False) -> bool:
        """Whether it is time for a look (`now` as from time.perf_counter). idle: the run has time to spare, and looking costs none."""
        return self._camera.is_idle and self._looks.due(now, free=idle)

    def wait_at_least(self, seconds: float) -> None:
        """Set how often to look at most."""
        self._looks.least = seconds

    def spent(self, begin: float) -> None:
        """A look that began at `begin` has ended."""
        now = time.perf_counter()
        self._looks.spent(now, now - begin)

    def wait(self) -> None:
        """Until the picture that is being made has been passed on: nobody may see it after what comes next."""
        self._camera.wait()

    def look(
        self, trainer: Trainer, seconds: float, stats: Stats, then: Callable[..., None], *, first: bool, now: bool
    ) -> None:
        """Call `then` with the fields of a snapshot: `now`, or on the helper's thread when they are there. `first`: nothing has
        been trained since the run was built."""
        row = _row(trainer, stats) | {"images": trainer.images, "seconds": seconds}
        measures = self._measures.due(time.perf_counter()) and not (first and len(trainer.data.shape) > 1)
        if not first:
            if self.metrics is not None and self.metrics.step != self._charted:
                row |= self._measured()  # perhaps at an earlier step: a row stands for all since the last
            if self.judged is not None and self.judged.step != self._judged_charted:
                row |= charted(self.judged)
                self._judged_charted = self.judged.step
            self.last_row = row
            self.curves.append(stats.step, row)
        self._rates.append((seconds, trainer.step_count, trainer.images))
        self._speed = trainer.config.speed
        while len(self._rates) > 2 and self._rates[0][0] < seconds - _RATE_SECONDS:
            self._rates.popleft()
        self._charted = self.metrics.step if self.metrics else -1
        horizon = trainer.config.horizon
        if now:  # it begins, or it rests
            self._left.rested()
        else:
            self._left.saw(time.perf_counter(), trainer.images)
        fields = {
            "step": trainer.step_count, "images": trainer.images, "seconds": seconds,
            "rate": self.rate(1), "rate_images": self.rate(2),
            "progress": min(trainer.images / horizon, 1.0) if horizon else None, "left": self._left.seconds(horizon),
            "horizon": horizon, "machine": machine.of(trainer), "layers": self._by_layer(trainer), "settings": present(trainer.config, trainer.images),
            "marks": tuple(self.marks), "curve_names": frames.CURVE_NAMES,
        }  # fmt: skip
        step = trainer.step_count

        def develop(players: Players) -> None:
            if measures:
                self._measure(players, step)
            steps, values = (
                self.curves.decimated()
            )  # nothing is added to them before the next look, which waits for this
            curves = {"curve_steps": steps, "curve_values": values[:, : len(frames.CURVE_NAMES)]}
            seen = picture(players) | self._read(players, step, now)
            diagnosis = self._diagnosis(players, step, None if first else stats, seen["arrays"])
            then(
                **fields,
                **curves,
                **seen,
                **self._grant(players),
                metrics=self.metrics,
                judged=self.judged,
                diagnosis=diagnosis,
            )

        self._camera.take(trainer, develop, now=now)

    def _by_layer(self, trainer: Trainer) -> dict[str, dict[str, Any]]:
        """What the last step's gradients were like in each layer of both players. Waits for the device once."""
        if self._layers is None or self._layers[0] is not trainer:
            self._layers = trainer, {"g": layers.layers(trainer.g), "d": layers.layers(trainer.d)}
        found = self._layers[1]
        norms = torch.cat([layers.gradient_norms(found[who]).to(trainer.device) for who in "gd"]).tolist()
        each = {"g": norms[: len(found["g"])], "d": norms[len(found["g"]) :]}
        return {who: {"kinds": [layer.said for layer in found[who]], "norms": each[who]} for who in "gd"}

    def _read(self, players: Players, step: int, now: bool) -> dict[str, Any]:
        """Of pictures: what D says of some, anew at a pace of its own or `now`."""
        begin = time.perf_counter()
        if (
            isinstance(players.data, PointSet)
            or not players.config.adversarial
            or not step
            or not (now or self._readings.due(begin))
        ):
            return {
                "verdicts": self.verdicts
            }  # before the first step D has nothing to say, and somebody waits for the first picture
        self.verdicts = self._watched(players).read(players, step)
        end = time.perf_counter()
        self._readings.spent(end, end - begin)
        return {"verdicts": self.verdicts}

    def _diagnosis(
        self, players: Players, step: int, stats: Stats | None, arrays: Mapping[str, Any]
    ) -> tuple[Finding, ...]:
        """Of a run that was only just built: what was last said of it, where the doctor, who has seen nothing, could only say that it is early."""
        watch = self._watched(players)
        if stats is not None:
            return self._noted(step, watch.look(players, stats, arrays))
        known = self._cases.last(step) if self._cases is not None and step else ()
        return known if known and watch.doctor.findings[0].code == "early" else watch.doctor.findings

    def _noted(self, step: int, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if self._cases is not None:
            self._cases.note(step, findings)
        return findings

    def _watched(self, players: Players) -> Watch:
        if self._watch is None:
            self._watch = Watch(players)
        return self._watch

    def changed(self, config: RunConfig, step: int, images: int) -> tuple[Finding, ...]:
        """The diagnosis once the settings are these."""
        self._camera.wait()
        return self._noted(step, self._watch.changed(config, step, images)) if self._watch else ()

    def blew_up(self, step: int, good: int, config: RunConfig) -> tuple[Finding, ...]:
        """The diagnosis of a run that stopped being numbers at `step` and went back to `good`."""
        self._camera.wait()
        if self.judged is not None and self.judged.step > good:
            self.judged = None
        if self.verdicts is not None and self.verdicts.step > good:
            self.verdicts = None
        return self._noted(good, self._watch.doctor.blew_up(step, good, config)) if self._watch else ()

    def ran_out(self, step: int, good: int, config: RunConfig, fitting: int | None) -> tuple[Finding, ...]:
        """The diagnosis of a run whose device ran out of memory at `step` and that went back to `good`."""
        self._camera.wait()
        return self._noted(good, self._watch.doctor.ran_out(step, good, config, fitting)) if self._watch else ()

    @property
    def owes_a_look(self) -> bool:
        """Whether viewers want something else than what was looked at last."""
        return self.wishes != self._granted

    def may_grant(self, now: float) -> bool:
        """Whether new wishes may be granted before the next look at a run that trains."""
        return self._grants.due(now)

    def grant(self, trainer: Trainer) -> dict[str, Any]:
        """The fields of a snapshot that hold what viewers want to see besides."""
        self._camera.wait()
        return self._grant(trainer.players)

    def _grant(self, players: Players) -> dict[str, Any]:
        begin, self._granted = time.perf_counter(), self.wishes
        extras = wishes.granted(players, self._granted)
        close = closely.granted(players, self._granted, self._more_to_see)
        now = time.perf_counter()
        self._grants.spent(now, now - begin)
        return {"extras": extras | close.arrays, "closely": close.facts}

    def _more_to_see(self) -> None:
        """What was wished for can be answered in full now. From any thread."""
        self._granted = frozenset()
        self.on_more()

    def repaint(self, trainer: Trainer) -> dict[str, Any]:
        """The picture alone: in the middle of a step there are no new statistics."""
        self._camera.wait()
        return picture(trainer.players)

    def rate(self, index: int) -> float:
        """Steps (1) or images (2) a second of training over the last ten seconds."""
        if not self._rates:
            return 0.0
        first, last = self._rates[0], self._rates[-1]
        steps, seconds = last[1] - first[1], last[0] - first[0]
        if seconds <= 0:
            return 0.0  # steps by hand take no time of training
        if self._speed:
            seconds = max(seconds, steps / self._speed)  # only the time of the steps is counted, not that between them
        return (last[index] - first[index]) / seconds

    def worth_measuring(self, trainer: Trainer) -> bool:
        """Whether a state that is about to be saved should be measured, to know whether it is the best so far: points always
        (milliseconds each few seconds), pictures when it is time."""
        known = self.metrics is not None and self.metrics.step == trainer.step_count
        return not known and (isinstance(trainer.data, PointSet) or self._measures.due(time.perf_counter()))

    def gauge(self, trainer: Trainer) -> None:
        """Between two steps: go on measuring, if there is anything that does so."""
        if self._gauge is not None and (found := self._gauge.turn(trainer)) is not None:
            self.judged = found

    def gauge_end(self, trainer: Trainer) -> None:
        """The schedule is done: where pictures are measured beside the training, measure what it has come to."""
        if self._gauge is None or (found := self._gauge.at_end(trainer)) is None:
            return
        self.judged = found
        if self.metrics is None or self.metrics.step != trainer.step_count:
            self.measure(trainer)  # all that is said of its end is of one step

    def begins(self) -> None:
        """A stretch of training begins."""
        if self._gauge is not None:
            self._gauge.begins()

    def knew(self, judged: Metrics | None) -> None:
        """What was measured before the run came back from disk; its curves have it already."""
        self.judged, self._judged_charted = judged, judged.step if judged is not None else -1

    def measure(self, trainer: Trainer) -> None:
        """Metrics of a larger draw of its own fixed latents; the training's streams are not touched."""
        self._camera.wait()
        self._measure(trainer.players, trainer.step_count)

    def _measure(self, players: Players, step: int) -> None:
        data, begin = players.data, time.perf_counter()
        count = METRIC_SAMPLES if isinstance(data, PointSet) else PICTURE_SAMPLES
        rng = torch.Generator().manual_seed(players.config.seed + 1)
        if isinstance(players, Translators):
            assert isinstance(data, PairSet)
            self.metrics = Metrics(errors(players), min(TRANSLATED, len(data.test_given)), step)
        else:
            values = metrics.quick(players.sample(players.draw(count, rng)), data)
            self.metrics = Metrics(values, count, step, metrics.floors(data, count))
        now = time.perf_counter()
        self._measures.spent(now, now - begin)

    def _measured(self) -> dict[str, float]:
        """What of the metrics is drawn as a curve."""
        values = dict(self.metrics.values) if self.metrics else {}
        found: dict[str, float] = {name: values[name] for name in _CHARTED if name in values}
        if "modes" in values:
            found["coverage"] = values["modes"] / values["modes_total"]
        return found

    def numbers(self) -> dict[str, float]:
        """The latest losses and metrics."""
        losses = {name: value for name, value in self.last_row.items() if name in LOSSES}
        return losses | (dict(self.metrics.values) if self.metrics else {})


def _row(trainer: Trainer, stats: Stats) -> dict[str, float]:
    values = {
        name: getattr(stats, name) for name in (*LOSSES, "d_real", "d_fake", "d_gradient", "g_gradient", "augment_p")
    }
    if not trainer.config.adversarial:  # the same two networks, which are something else there
        values |= {"encoder_gradient": values.pop("d_gradient"), "decoder_gradient": values.pop("g_gradient")}
    if registry.penalty[trainer.config.penalty].info["at"]:
        values["penalty"] = stats.penalty
    return {name: value for name, value in values.items() if math.isfinite(value)}

"""What is seen of a run: when somebody looks, what the statistics say, and the snapshot that viewers get."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import torch

from gan_core import metrics, registry
from gan_core.data.sets import PointSet
from gan_core.runs import frames
from gan_core.runs.cadence import Cadence
from gan_core.runs.curves import Curves
from gan_core.runs.snapshots import Mark, Metrics, picture
from gan_core.trainer import Stats, Trainer, draw_latents

WATCHED, UNWATCHED = 0.1, 1.0  # least seconds between two snapshots
SNAPSHOT_SHARE = 0.025  # of the training time; metrics have 0.5 % of their own: together ≤ 3 %
METRICS_SHARE = 0.005
METRIC_SAMPLES, PICTURE_SAMPLES = 2500, 512
_RAREST = 60.0  # seconds between two measurements of pictures that are dear to draw
_RATE_SECONDS = 10.0


class Looker:
    """Looks at one run for all its viewers. On the training thread."""

    def __init__(self) -> None:
        self._looks, self._measures = Cadence(UNWATCHED, SNAPSHOT_SHARE), Cadence(1.0, METRICS_SHARE, _RAREST)
        self.restart()

    def restart(self) -> None:
        """Forget what was seen: the run begins anew."""
        self.curves = Curves(frames.CURVE_NAMES)
        self.marks: list[Mark] = []
        self.metrics: Metrics | None = None
        self.last_row: Mapping[str, float] = {}
        self._stats: Stats | None = None  # at the last look
        self._speed = 0  # steps a second at most; 0: as many as there is time for
        self._charted = -1  # the step of the metrics that are in the curves
        self._rates: deque[tuple[float, int, int]] = deque()

    def due(self, now: float, *, idle: bool = False) -> bool:
        """Whether it is time for a look (`now` as from time.perf_counter). idle: the run has time to spare, and looking costs none."""
        return self._looks.due(now, free=idle)

    def wait_at_least(self, seconds: float) -> None:
        """Set how often to look at most."""
        self._looks.least = seconds

    def spent(self, begin: float) -> None:
        """A look that began at `begin` has ended."""
        now = time.perf_counter()
        self._looks.spent(now, now - begin)

    def look(self, trainer: Trainer, seconds: float, stats: Stats, *, first: bool) -> dict[str, Any]:
        """The fields of a snapshot; `first`: nothing has been trained since the run was built."""
        row, self._stats = _row(trainer, stats), None if first else stats
        if self._measures.due(time.perf_counter()) and not (first and len(trainer.data.shape) > 1):
            self.measure(trainer)
        if not first:
            if self.metrics is not None and self.metrics.step != self._charted:
                row |= (
                    self._measured()
                )  # perhaps at an earlier step, when it was saved: a row stands for all since the last
            self.last_row = row
            self.curves.append(stats.step, row)
        self._rates.append((seconds, trainer.step_count, trainer.images))
        self._speed = trainer.config.speed
        while len(self._rates) > 2 and self._rates[0][0] < seconds - _RATE_SECONDS:
            self._rates.popleft()
        self._charted = self.metrics.step if self.metrics else -1
        steps, values = self.curves.decimated()
        horizon = trainer.config.horizon
        return {
            "step": trainer.step_count, "images": trainer.images, "seconds": seconds,
            "rate": self.rate(1), "rate_images": self.rate(2),
            "progress": min(trainer.images / horizon, 1.0) if horizon else None, "metrics": self.metrics,
            "marks": tuple(self.marks), "curve_names": self.curves.names, "curve_steps": steps, "curve_values": values,
            **picture(trainer, self._stats),
        }  # fmt: skip

    def repaint(self, trainer: Trainer) -> dict[str, Any]:
        """The picture alone, with the statistics of the last look: in the middle of a step there are no new ones."""
        return picture(trainer, self._stats)

    def rate(self, index: int) -> float:
        """Steps (1) or images (2) a second of training over the last ten seconds."""
        if not self._rates:
            return 0.0
        first, last = self._rates[0], self._rates[-1]
        steps, seconds = last[1] - first[1], max(last[0] - first[0], 1e-9)
        if self._speed:
            seconds = max(seconds, steps / self._speed)  # only the time of the steps is counted, not that between them
        return (last[index] - first[index]) / seconds

    def worth_measuring(self, trainer: Trainer) -> bool:
        """Whether a state that is about to be saved should be measured, to know whether it is the best so far: points always
        (milliseconds each few seconds), pictures when it is time."""
        known = self.metrics is not None and self.metrics.step == trainer.step_count
        return not known and (isinstance(trainer.data, PointSet) or self._measures.due(time.perf_counter()))

    def measure(self, trainer: Trainer) -> None:
        """Metrics of a larger draw of its own fixed latents; the training's streams are not touched."""
        data, begin = trainer.data, time.perf_counter()
        count = METRIC_SAMPLES if isinstance(data, PointSet) else PICTURE_SAMPLES
        rng = torch.Generator().manual_seed(trainer.config.seed + 1)
        latent = trainer.config.latent
        samples = trainer.sample(draw_latents(count, latent.dim, latent.distribution, rng))
        values = metrics.quick(samples, data)
        self.metrics = Metrics(values, count, trainer.step_count, metrics.floors(data, count))
        now = time.perf_counter()
        self._measures.spent(now, now - begin)

    def _measured(self) -> dict[str, float]:
        """What of the metrics is drawn as a curve."""
        values = dict(self.metrics.values) if self.metrics else {}
        found: dict[str, float] = {name: values[name] for name in ("quality", "swd") if name in values}
        if "modes" in values:
            found["coverage"] = values["modes"] / values["modes_total"]
        return found

    def numbers(self) -> dict[str, float]:
        """The latest losses and metrics."""
        losses = {name: value for name, value in self.last_row.items() if name in ("d_loss", "g_loss")}
        return losses | (dict(self.metrics.values) if self.metrics else {})


def _row(trainer: Trainer, stats: Stats) -> dict[str, float]:
    values = {
        name: getattr(stats, name) for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_gradient", "g_gradient")
    }
    if registry.penalty[trainer.config.penalty].info["at"]:
        values["penalty"] = stats.penalty
    return {name: value for name, value in values.items() if math.isfinite(value)}

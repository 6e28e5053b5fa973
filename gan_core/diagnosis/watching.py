"""What the diagnosis takes from a look at a run: where the samples lie, how far off, and whether D can order them. For points that
takes a fraction of a millisecond a look; pictures are read only when there is time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet
from gan_core.diagnosis.doctor import Doctor
from gan_core.diagnosis.findings import Finding
from gan_core.diagnosis.past import Look
from gan_core.diagnosis.pictures import Reader, Reading, by_heart, thinned
from gan_core.diagnosis.places import Floats, Places, places_of
from gan_core.players import Players
from gan_core.trainer import Stats
from gan_core.verdicts import Lineup, Verdicts

SAMPLES = 256  # points at a look
_PAIRED = 128  # real and generated points that D is shown
_DIRECTIONS = 16
_PARTS = 16  # of the real samples, whose mean distance from them all tells the floor
_BEYOND = 1e9  # where points that are not finite are taken to lie, in units of the data's size
_STATS = ("d_loss", "g_loss", "d_real", "d_fake", "d_gradient", "g_gradient")


class Yardstick:
    """How far samples are from real ones: the sliced Wasserstein distance along 16 fixed directions, in units of the data's size and
    on the scale of a plane whatever their dimension.

    real: (M, D). Of M real samples the quantile functions are kept; `floor` is what N samples of the data itself score.
    """

    def __init__(self, real: Floats, count: int) -> None:
        rng = torch.Generator().manual_seed(0)
        self.middle = real.mean(0)
        self.size = float(np.sqrt(((real - self.middle) ** 2).sum(1).mean())) or 1.0
        ways = torch.randn(_DIRECTIONS, real.shape[1], generator=rng, dtype=torch.float64).numpy()
        # In D dimensions a direction sees only 1/√D of a distance: as if they were those of a plane.
        self._ways = (ways / np.linalg.norm(ways, axis=1, keepdims=True) * math.sqrt(real.shape[1] / 2)).astype(
            np.float32
        )
        self._kept = np.sort(self._along(real))
        self._quantiles: dict[int, NDArray[np.float32]] = {}
        few = min(count, len(real) // 2)
        parts = [real[torch.randperm(len(real), generator=rng)[:few].numpy()] for _ in range(_PARTS)]
        # A part of the real samples lies nearer to them all than as many other ones would: 1/n − 1/m instead of 1/n + 1/m.
        known, wanted = 1 / few - 1 / len(real), 1 / count + 1 / len(real)
        self.floor = float(np.mean([self.distance(part) for part in parts])) * math.sqrt(wanted / known)

    def _along(self, samples: Floats) -> NDArray[np.float32]:
        """(N, D) -> (16, N)."""
        found: NDArray[np.float32] = self._ways @ ((samples - self.middle) / self.size).astype(np.float32).T
        return found

    def _at(self, count: int) -> NDArray[np.float32]:
        """(16, count): real samples' quantiles at the middle of each of `count` equal shares."""
        if count not in self._quantiles:
            shares = (np.arange(self._kept.shape[1]) + 0.5) / self._kept.shape[1]
            at = (np.arange(count) + 0.5) / count
            self._quantiles[count] = np.stack([np.interp(at, shares, row) for row in self._kept]).astype(np.float32)
        return self._quantiles[count]

    def distance(self, samples: Floats) -> float:
        """(N, D) -> W₁, averaged over the directions."""
        return float(np.abs(np.sort(self._along(samples)) - self._at(len(samples))).mean())

    def spread(self, samples: Floats) -> float:
        """Root mean square distance of samples from their own mean; 1 for real ones."""
        return float(np.sqrt(((samples - samples.mean(0)) ** 2).sum(1).mean())) / self.size


class Watch:
    """A Doctor at the side of one run: it is shown the arrays of each look."""

    def __init__(self, players: Players) -> None:
        data, real = players.data, players.preview.real
        self._places: Places | None = None
        self._extent: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
        self._order = math.nan
        self._reading: Reading | None = None  # not yet shown to the doctor
        if isinstance(data, PointSet):
            points = real.double().numpy()
            self._places = places_of(points, None if data.modes is None else data.modes.double().numpy())
            self._extent, self._yardstick = data.extent, Yardstick(points, SAMPLES)
        else:
            assert isinstance(data, ImageSet)
            self._yardstick = Yardstick(thinned(real.numpy()), len(real))
            self._lineup = Lineup(players)
            self._reader = Reader(
                (self._lineup.held if len(self._lineup.held) > 1 else self._lineup.real).numpy(), len(data.images)
            )
        self.doctor = Doctor(players.config, self._places)

    def read(self, players: Players, step: int) -> Verdicts:
        """At a pace of its own, of pictures only: what D says of some, and what is seen in those of the live generator. For the next
        look."""
        generated = self._lineup.generated(players)
        said = self._lineup.verdicts(players, step, generated)
        self._order = order_of(torch.from_numpy(said.real), torch.from_numpy(said.fake))
        pixels = ((generated + 1) * 127.5).nan_to_num(0).round().clamp(0, 255).to(torch.uint8).numpy()
        self._reading = self._reader.read(step, pixels, by_heart(said.real, said.held, said.fake))
        return said

    def look(self, players: Players, stats: Stats, arrays: Mapping[str, NDArray[Any]]) -> tuple[Finding, ...]:
        """The findings with this look; `arrays` as in a snapshot."""
        numbers = {name: getattr(stats, name) for name in _STATS}
        if not players.config.k_g or math.isnan(stats.g_loss):  # what the last step of long ago has left
            numbers["g_gradient"] = math.nan
        look = Look(stats.step, stats.images, **numbers, **self._seen(players, arrays))
        return self.doctor.see(look, players.config)

    def changed(self, config: RunConfig, step: int, images: int) -> tuple[Finding, ...]:
        """The findings once the settings are these."""
        self._order, self._reading = math.nan, None
        return self.doctor.change(config, step, images)

    def _seen(self, players: Players, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        if self._places is None:
            reading, self._reading = self._reading, None
            return of_pictures(arrays["fake"], self._yardstick) | {"order": self._order, "reading": reading}
        points = arrays["fake_live"][:SAMPLES]
        real, generated = (torch.from_numpy(arrays[name][:_PAIRED]) for name in ("logits_real", "logits_live"))
        return of_points(points, self._places, self._yardstick, self._extent) | {"order": order_of(real, generated)}


def of_points(
    points: NDArray[Any], places: Places, yardstick: Yardstick, extent: tuple[float, float, float, float]
) -> dict[str, Any]:
    """(N, 2) generated points -> the fields of a Look that say where they lie."""
    samples = points.astype(np.float64)
    far = _BEYOND * places.size
    if not np.isfinite(samples).all():
        samples = np.nan_to_num(samples, nan=far, posinf=far, neginf=-far)
    where, close = places.shares(samples)
    x0, x1, y0, y1 = extent
    beyond = np.abs(samples - [(x0 + x1) / 2, (y0 + y1) / 2]) > [x1 - x0, y1 - y0]
    covered = places.covered(close)
    return {"where": where, "at_data": float(close.sum()), "covered": covered, "coverage": places.coverage(covered), "away": float(beyond.any(1).mean()), "size": yardstick.spread(samples),
            "distance": yardstick.distance(samples), "floor": yardstick.floor}  # fmt: skip


def of_pictures(images: NDArray[np.uint8], yardstick: Yardstick) -> dict[str, Any]:
    """(N, C, H, W) uint8 -> the fields of a Look that say how far they are, and how far from each other."""
    pixels = thinned(images)
    return {"size": yardstick.spread(pixels), "distance": yardstick.distance(pixels), "floor": yardstick.floor}


def order_of(real: Tensor, fake: Tensor) -> float:
    """P(D(real) > D(generated)) of a pair, ties counted half, from (N,) and (M,) outputs: the area under the ROC curve (Mann & Whitney
    1947). NaN where D is."""
    over = real[:, None] - fake
    return float(((over > 0).float() + 0.5 * (over == 0).float()).mean()) if bool(over.isfinite().all()) else math.nan

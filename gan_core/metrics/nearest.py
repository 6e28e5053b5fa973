"""The nearest training pictures of a picture, found exactly, and how near a picture that nobody has learned usually is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from gan_core.data.sets import ImageSet, to_unit
from gan_core.metrics.features import Features
from gan_core.metrics.pieces import Pieces

HELD_OUT = 200  # real pictures that give the yardstick
_SIDE = 8  # blocks a side of a picture's summary, at most
_FIRST = 64  # candidates whose distances say how far to look
_ROWS = 4096  # pictures at once
_SLACK = 1e-4  # of a bound, for rounding


class Index(Protocol):
    """Finds the nearest of a fixed set of pictures. `unit` names its distance: "pixels" or "features"."""

    unit: str

    def find(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """x (C, H, W) in [−1, 1] -> distances (k,) float32, the smallest first, and the pictures' places (k,); of equally near ones the
        earlier first. Fewer where there are fewer."""


@dataclass(frozen=True)
class Pixels:
    """By the root mean square of the differences of all values, as a share of their range: 0 equal, 1 black against white.

    ‖a − b‖² = ‖Pa − Pb‖² + ‖Qa − Qb‖² ≥ ‖Pa − Pb‖² + (‖Qa‖ − ‖Qb‖)², P the projection on block means and Q = 1 − P: a short summary
    bounds the distance from below, and only pictures whose bound is small enough are compared whole (the lower bounding lemma,
    Faloutsos et al. 1994, doi:10.1145/191839.191925). The result is that of comparing all.
    """

    images: Tensor
    summaries: Tensor
    unit = "pixels"

    def find(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        bounds = _to_all(_summary(x[None])[0], self.summaries)
        first = bounds.topk(min(len(bounds), max(k, _FIRST)), largest=False).indices
        reach = self._exact(x, first).sort().values[min(k, len(first)) - 1]
        rows = (bounds <= reach * (1 + _SLACK) + _SLACK).nonzero().flatten()
        distances, order = self._exact(x, rows).sort(stable=True)
        return distances[:k] / (2 * math.sqrt(x.numel())), rows[order[:k]]

    def _exact(self, x: Tensor, rows: Tensor) -> Tensor:
        """(R,): Euclidean distances to these pictures."""
        parts = [(to_unit(self.images[part]) - x).flatten(1).norm(dim=1) for part in torch.split(rows, _ROWS)]
        return torch.cat(parts)


@dataclass(frozen=True)
class InFeatures:
    """By the Euclidean distance of the features (N, F) that a network sees in them."""

    features: Features
    seen: Tensor
    unit = "features"

    def find(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        distances, rows = _to_all(self.features.of(x[None])[0], self.seen).sort(stable=True)
        return distances[:k], rows[:k]


def index_pixels(data: ImageSet) -> Pieces[Pixels]:
    """The training pictures by their pixels."""
    parts = []
    for part in torch.split(data.images, _ROWS):
        parts.append(_summary(to_unit(part)))
        yield
    return Pixels(data.images, torch.cat(parts))


def index_features(data: ImageSet, features: Features) -> Pieces[InFeatures]:
    """The training pictures as `features` see them."""
    parts = []
    for part in torch.split(data.images, features.block):
        parts.append(features.of(to_unit(part)))
        yield
    return InFeatures(features, torch.cat(parts))


def yardstick(index: Index, data: ImageSet) -> Pieces[Tensor]:
    """(≤ HELD_OUT,) float32, increasing: how far held-out real pictures, evenly chosen, are from their nearest training picture. What was
    not learned by heart lies as near as these."""
    count = min(HELD_OUT, len(data.test_images))
    chosen = torch.linspace(0, len(data.test_images) - 1, count).round().long()
    found = []
    for row in chosen:
        found.append(index.find(to_unit(data.test_images[row]), 1)[0])
        yield
    return torch.cat(found).sort().values if found else torch.empty(0)


def nearer_than(distance: float, yard: Tensor) -> float:
    """Share of the held-out pictures that are farther from the training pictures than `distance`."""
    return float((yard > distance).float().mean()) if len(yard) else math.nan


def _to_all(x: Tensor, rows: Tensor) -> Tensor:
    """(N,): Euclidean distances of x (F,) to rows (N, F), from differences: products would lose the small ones."""
    found: Tensor = torch.cdist(x[None], rows, compute_mode="donot_use_mm_for_euclid_dist")[0]
    return found


def _summary(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C · ≤ _SIDE² + 1): the means of blocks, as long as their part of the picture, and the length of the rest."""
    height, width = x.shape[2:]
    block = max(1, math.ceil(max(height, width) / _SIDE))
    x = pad(x, (0, -width % block, 0, -height % block))  # equal in all: no distance changes
    means = avg_pool2d(x, block).flatten(1) * block
    rest = (x.flatten(1).square().sum(1) - means.square().sum(1)).clamp(min=0).sqrt()
    return torch.cat([means, rest[:, None]], 1)

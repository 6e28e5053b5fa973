"""The Jensen–Shannon divergence of points in the plane, by histograms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gan_core.data.sets import PointSet
from gan_core.errors import DataError
from gan_core.metrics.reference import Real
from gan_core.text import N_

CELLS = 40  # of the histogram, each way


def shares(samples: Tensor, extent: tuple[float, float, float, float]) -> Tensor:
    """(N, 2) in data units -> (CELLS² + 1,) float64: the share of samples in each cell over `extent`, the lowest row first; the
    last one: outside, or not finite. Raises DataError without samples."""
    if not len(samples):
        raise DataError(N_("There are no samples to measure: ask for at least one."))
    x0, x1, y0, y1 = extent
    low, size = torch.tensor([x0, y0]), torch.tensor([x1 - x0, y1 - y0])
    cells = ((samples.detach().cpu() - low) / size * CELLS).floor()
    inside = ((cells >= 0) & (cells < CELLS)).all(1)  # false for what is not a number, too
    column, row = cells.nan_to_num().clamp(0, CELLS - 1).long().unbind(1)
    index = torch.where(inside, row * CELLS + column, CELLS**2)
    return torch.bincount(index, minlength=CELLS**2 + 1).double() / len(samples)


def jensen_shannon(p: Tensor, q: Tensor) -> float:
    """½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q)/2, in nats: 0 for equal, log 2 for disjoint distributions.   Lin 1991, equation 4.3.

    p, q (K,): probabilities that add up to 1.
    """
    m = (p + q) / 2
    entropies = [-torch.special.xlogy(x, x).sum() for x in (m, p, q)]
    return max(0.0, float(entropies[0] - (entropies[1] + entropies[2]) / 2))


def divergence_from(samples: Tensor, data: PointSet) -> float:
    """`jensen_shannon` of N samples (N, 2) in data units and as many real ones, the same ones every time."""
    return jensen_shannon(shares(samples, data.extent), _measured(Real.of(data, len(samples)), data.extent).shares)


def floor(data: PointSet, n: int) -> float:
    """What n samples of the data itself score against those of `divergence_from`: the mean of a few draws. Above 0, since two
    histograms of one distribution differ by chance, by about (occupied cells − 1) / 4n nats."""
    return _measured(Real.of(data, n), data.extent).floor


@dataclass(frozen=True)
class _Reference:
    shares: Tensor
    floor: float


@lru_cache(maxsize=16)
def _measured(real: Real, extent: tuple[float, float, float, float]) -> _Reference:
    """Once for all runs on the same data."""
    first, *others = (shares(samples, extent) for samples in real.draws())
    return _Reference(first, sum(jensen_shannon(other, first) for other in others) / len(others))

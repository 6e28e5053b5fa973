"""The sliced Wasserstein distance: how far one set of samples is from another, along many directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet
from gan_core.errors import DataError
from gan_core.metrics.reference import Real
from gan_core.text import N_

DIRECTIONS = 128
_Floats = NDArray[np.floating]


def sliced_wasserstein(a: Tensor, b: Tensor) -> float:
    """1/K Σₖ W₁(a·uₖ, b·uₖ), W₁ = ∫₀¹ |F⁻¹ − G⁻¹| dt of the two empirical quantile functions, uₖ K = 128 fixed random unit vectors.

    Rabin et al. 2011; Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3. a (N, …) and b (M, …) of one shape a
    sample, pictures flattened. In the unit of the values: a cloud moved by v scores the mean |v·uₖ|, 0.64 ‖v‖ in the plane;
    pictures all lighter by c score about 0.8 c, of whatever size. Raises DataError for samples that cannot be compared.
    """
    return float(by_direction(a, b).mean())


def by_direction(a: Tensor, b: Tensor) -> NDArray[np.float64]:
    """(K,): W₁ along each of `directions`. Arguments and errors as of `sliced_wasserstein`."""
    if a.shape[1:] != b.shape[1:] or not len(a) or not len(b):
        raise DataError(N_("Samples of the shapes {a} and {b} cannot be compared: both sides need at least one, of the same shape."),
                        a=str(tuple(a.shape)), b=str(tuple(b.shape)))  # fmt: skip
    return _distances(_projected(a), _projected(b))


@lru_cache(maxsize=4)
def directions(dim: int) -> Tensor:
    """(K, dim): unit vectors, uniform on the sphere, always the same."""
    u = torch.randn(DIRECTIONS, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.nn.functional.normalize(u)


def along(samples: Tensor) -> Tensor:
    """(N, …) -> (N, K): where each sample lies along each direction."""
    flat = samples.detach().cpu().flatten(1)
    return (directions(flat.shape[1]).to(flat.dtype) @ flat.T).T


def _projected(samples: Tensor) -> _Floats:
    """(N, …) -> (K, N): along each direction, in increasing order."""
    return _ordered(along(samples))


def _ordered(lying: Tensor) -> _Floats:
    found: _Floats = np.sort(lying.T.numpy(), axis=1)
    return found


def _distances(a: _Floats, b: _Floats) -> NDArray[np.float64]:
    """(K, N) and (K, M) in increasing order -> (K,). Both quantile functions are steps: constant between multiples of 1/N and 1/M."""
    n, m = a.shape[1], b.shape[1]
    if n == m:
        same: NDArray[np.float64] = np.abs(a - b).mean(1, dtype=np.float64)
        return same
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)  # of the steps, in units of 1/NM
    widths = np.diff(ends, prepend=0) / (n * m)
    found: NDArray[np.float64] = np.abs(a[:, (ends - 1) // m] - b[:, (ends - 1) // n]) @ widths
    return found


# ── against a data set ───────────────────────────────────────────────────────────────────────────────────────────────────


def distance_to(samples: Tensor, data: PointSet | ImageSet) -> float:
    """`sliced_wasserstein` of N samples and as many real ones, the same ones every time: points (N, 2) in data units; pictures
    (N, C, H, W) in [−1, 1] and held-out ones, or all of those where they are fewer."""
    return distance_along(along(samples), data, len(samples))


def distance_along(lying: Tensor, data: PointSet | ImageSet, n: int) -> float:
    """`distance_to` of samples of which `along` (N, K) is known, and n real ones."""
    return float(_distances(_ordered(lying), _measured(Real.of(data, n)).projected).mean())


def floor(data: PointSet | ImageSet, n: int) -> float:
    """What n samples of the data itself (pictures: of the training part) score against those of `distance_to`: the mean of a
    few draws."""
    return _measured(Real.of(data, n)).floor


@dataclass(frozen=True)
class _Reference:
    projected: _Floats
    floor: float


@lru_cache(maxsize=8)
def _measured(real: Real) -> _Reference:
    """Once for all runs on the same data."""
    first, *others = (_projected(samples) for samples in real.draws())
    return _Reference(first, float(np.mean([_distances(other, first).mean() for other in others])))

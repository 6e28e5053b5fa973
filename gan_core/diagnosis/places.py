"""Where samples lie: the places of a distribution in the plane, and how much of the generated lies at each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST = 48  # places
_APART = 0.3  # least distance of two places, in units of the data's size
_NEAR = 0.1  # beyond the outermost real point of a place, in the same units
_SEEN = 0.05  # share of what the data has at a place that must be there for it to count as covered


@dataclass(frozen=True)
class Places:
    """centres (K, 2) and reach (K,) in data units, weights (K,): the share of the real points at each. `size` is the root mean
    square distance of real points from their mean. are_modes: the places are the clusters that the data was made of."""

    centres: Floats
    reach: Floats
    weights: Floats
    size: float
    middle: Floats
    are_modes: bool

    def __len__(self) -> int:
        return len(self.centres)

    def shares(self, samples: Floats) -> tuple[Floats, Floats]:
        """(N, 2) -> the shares of all samples by nearest place (K,), and of those within its reach (K,)."""
        distance = np.sqrt(np.maximum(_squared(samples, self.centres), 0))
        nearest = distance.argmin(1)
        close = distance[np.arange(len(samples)), nearest] <= self.reach[nearest]
        count = len(self)
        return (np.bincount(nearest, minlength=count) / len(samples),
                np.bincount(nearest[close], minlength=count) / len(samples))  # fmt: skip

    def covered(self, close: Floats) -> NDArray[np.bool_]:
        """(K,) shares within reach -> (K,): whether there is at least a twentieth of what the data has there."""
        found: NDArray[np.bool_] = close >= np.maximum(_SEEN * self.weights, 1e-9)
        return found

    def coverage(self, covered: NDArray[np.bool_]) -> float:
        """The share of the real points that lie at covered places."""
        return float(self.weights[covered].sum())


def places_of(real: Floats, modes: Floats | None = None) -> Places:
    """Places of real points (N, 2): the clusters of the data where they are known, else a net of points laid over it."""
    middle = real.mean(0)
    size = float(np.sqrt(_squared(real, middle[None]).mean())) or 1.0
    known = modes is not None and 1 < len(modes) <= MOST
    centres = np.asarray(modes, np.float64) if known else _net(real, size)
    distance = np.sqrt(np.maximum(_squared(real, centres), 0))
    nearest, least = distance.argmin(1), distance.min(1)
    weights = np.bincount(nearest, minlength=len(centres)) / len(real)
    farthest = np.array([least[nearest == k].max(initial=0.0) for k in range(len(centres))])
    return Places(centres, farthest + _NEAR * size, weights, size, middle, known)


def _squared(a: Floats, b: Floats) -> Floats:
    """(N, 2) and (K, 2) -> (N, K) squared distances."""
    found: Floats = (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1)
    return found


def _net(real: Floats, size: float) -> Floats:
    """Real points that are far from each other until every real point is near one of them (Gonzalez 1985), each then moved to
    the mean of those it is nearest to. So wide-meshed that about twenty real points of a thousand lie in each mesh."""
    chosen = [int(_squared(real, real.mean(0)[None]).argmin())]
    distance = _squared(real, real[chosen])[:, 0]
    while distance.max() > (_APART * size) ** 2 and len(chosen) < MOST:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, _squared(real, real[chosen[-1:]])[:, 0])
    nearest = _squared(real, real[chosen]).argmin(1)
    return np.stack([real[nearest == k].mean(0) for k in range(len(chosen)) if (nearest == k).any()])

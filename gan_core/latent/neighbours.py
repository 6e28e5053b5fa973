"""What layouts in the plane begin with: the nearest neighbours of each sample, and how far its neighbourhood reaches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

Floats = NDArray[np.float64]
_HALVINGS = 60


def nearest(x: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
    """x (N, F) -> the distances (N, k) to the k nearest others, the nearest first, and which those are (N, k)."""
    distances, those = NearestNeighbors(n_neighbors=k).fit(x).kneighbors()  # without x: nobody is its own neighbour
    return distances, those.astype(np.int64)


def both_ways(those: NDArray[np.int64], values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Of each sample's neighbours (N, k), and a value (N, k) for each: every pair that are neighbours one way or the other, in both orders (2, E), and the
    sum of its one or two values (E,)."""
    n = len(those)
    one, other = np.repeat(np.arange(n), those.shape[1]), those.ravel()
    keys, where = np.unique(np.r_[one * n + other, other * n + one], return_inverse=True)
    sums: Floats = np.bincount(where, np.tile(values.ravel(), 2)).astype(np.float64)
    return np.stack([keys // n, keys % n]).astype(np.int64), sums


def scales(rising: Callable[[Floats], Floats], like: Floats, target: float) -> Floats:
    """σ (N,) at which `rising`, of σ (N, 1) to (N,), reaches `target`, by bisection of log σ between 2⁻³⁰ and 2³⁰ times `like` (N,), which is
    the order that is expected; the nearer end where it does not."""
    low, high = np.full(len(like), -30.0), np.full(len(like), 30.0)
    unit = np.where(like > 0, like, 1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        over = rising((unit * 2.0**middle)[:, None]) > target
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    found: Floats = unit * 2.0 ** ((low + high) / 2)
    return found

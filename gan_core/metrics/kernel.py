"""The kernel distance between two sets of features: the squared maximum mean discrepancy with a cubic kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.errors import DataError
from gan_core.metrics.pieces import Pieces, finish
from gan_core.text import N_

SUBSETS = 100
SIZE = 1000  # samples of each side in a subset, at most
LEAST = 40  # samples: subsets of 20


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """k(x, y) = (x·y/F + 1)³ of features x (N, F) and y (M, F): (N, M).   Bińkowski et al. 2018, arXiv:1801.01401, section 4."""
    return torch.addmm(x.new_ones(1), x, y.T, alpha=1 / x.shape[1]).pow_(3)


def unbiased_mmd(x: Tensor, y: Tensor) -> float:
    """Σ_{i≠j} k(xᵢ, xⱼ)/n(n−1) + Σ_{i≠j} k(yᵢ, yⱼ)/m(m−1) − 2 Σ_{ij} k(xᵢ, yⱼ)/nm, k the cubic kernel.

    Gretton et al. 2012, equation 3. x (N, F), y (M, F), at least two of each; summed up in float64. 0 on average for two draws of
    one distribution, of whatever size, so that a single value may lie below 0.
    """
    between = cubic(x, y).sum(dtype=torch.float64) / (len(x) * len(y))
    return float(_within(x) + _within(y) - 2 * between)


def _within(x: Tensor) -> Tensor:
    """The mean of the kernel over all pairs of different samples."""
    kernel, n = cubic(x, x), len(x)
    mean: Tensor = (kernel.sum(dtype=torch.float64) - kernel.diagonal().sum(dtype=torch.float64)) / (n * (n - 1))
    return mean


def check(n: int) -> None:
    """Raise DataError for n samples, of either side, that are too few."""
    if n < LEAST:
        raise DataError(N_("The kernel distance needs at least {needed} samples; there are {n}."), needed=LEAST, n=n)


def size_of_subsets(n: int, m: int) -> int:
    """SIZE, or half of what the smaller side has: subsets must differ from each other."""
    return min(SIZE, n // 2, m // 2)


def kernel_distance(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of `unbiased_mmd` over SUBSETS random subsets of x (N, F) and y (M, F), each of
    `size_of_subsets`, the same ones every time.   Bińkowski et al. 2018. Raises DataError for too few samples.

    kd = E[k(x, x′)] + E[k(y, y′)] − 2E[k(x, y)], k(x, y) = (x·y/F + 1)³."""
    return finish(pieces(x, y))


def pieces(x: Tensor, y: Tensor) -> Pieces[tuple[float, float]]:
    """`kernel_distance` in small pieces."""
    check(min(len(x), len(y)))
    rng, size = torch.Generator().manual_seed(0), size_of_subsets(len(x), len(y))
    found = []
    for _ in range(SUBSETS):
        rows, others = (torch.randperm(len(side), generator=rng)[:size] for side in (x, y))
        found.append(unbiased_mmd(x[rows], y[others]))
        yield
    values = torch.tensor(found, dtype=torch.float64)
    return float(values.mean()), float(values.std(correction=0))

"""A layout in the plane in the style of UMAP: who is near whom as a fuzzy graph, and places that have nearly the same one.

McInnes, Healy & Melville 2018, arXiv:1802.03426, with the authors' sampling of edges. Left out of what they have since added: metrics other than the
Euclidean, approximate neighbours, a spectral beginning (it begins from the principal components), and new samples in an old layout.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.neighbours import Floats, both_ways, nearest, scales

NEIGHBOURS = 15
EPOCHS = 500
# 1 / (1 + a d^2b), the least squares' fit to 1 up to a distance of 0.1 and e^−(d − 0.1) from there on, over 0 … 3
A, B = 1.576943, 0.895061
_APART = 5  # samples that each end of an edge is pushed away from
_FARTHEST = 4.0  # of one push or pull, in each coordinate
_WIDE = 10.0  # places lie within −10 … 10 at first


def strengths(distances: Floats) -> tuple[Floats, Floats, Floats]:
    """Distances (N, k) to the k nearest -> ρ (N,), the least above 0; σ (N,), so that Σⱼ exp(−max(0, d − ρ) / σ) = log₂ k; and its summands (N, k), how
    strongly each is a neighbour."""
    above = np.where(distances > 0, distances, np.inf).min(1)
    rho = np.where(np.isfinite(above), above, 0.0)
    beyond = np.maximum(distances - rho[:, None], 0)

    def summands(sigma: Floats) -> Floats:
        found: Floats = np.exp(-beyond / sigma)
        return found

    target = float(np.log2(distances.shape[1]))
    sigma = scales(lambda s: summands(s).sum(1), beyond.mean(1), target)
    # where all are equally far, none is: as the authors, not narrower than a thousandth of the usual distance
    sigma = np.maximum(sigma, 1e-3 * np.where(rho > 0, distances.mean(1), distances.mean()))
    sigma = np.where(sigma > 0, sigma, 1.0)
    return rho, sigma, summands(sigma[:, None])


def graph(x: Floats, k: int = NEIGHBOURS) -> tuple[Tensor, Tensor]:
    """x (N, F) -> the pairs (2, E) that are neighbours, in both orders, and how strongly (E,) float32: a + b − a b of what each is to the other."""
    distances, those = nearest(x, min(k, len(x) - 1))
    strength = strengths(distances)[2]
    # the union is 1 − (1 − a) (1 − b), whose logarithm is a sum; a may be 1
    pairs, missing = both_ways(those, np.log1p(-np.minimum(strength, 1 - 1e-15)))
    return torch.from_numpy(pairs), torch.from_numpy(-np.expm1(missing)).float()


def pull(between: Tensor) -> Tensor:
    """y_i − y_j (E, 2) -> the slope of log 1 / (1 + a d^2b) by y_i, each coordinate within ±4."""
    d2 = between.square().sum(1, keepdim=True)
    slope = -2 * A * B * d2.clamp(min=1e-12) ** (B - 1) / (1 + A * d2**B)
    return (slope * between).clamp_(-_FARTHEST, _FARTHEST)


def push(between: Tensor) -> Tensor:
    """y_i − y_j (E, 2) -> the slope of log(1 − 1 / (1 + a d^2b)) by y_i, each coordinate within ±4; 0.001 in its denominator keeps it finite."""
    d2 = between.square().sum(1, keepdim=True)
    return (2 * B / ((0.001 + d2) * (1 + A * d2**B)) * between).clamp_(-_FARTHEST, _FARTHEST)


def lay_out(
    x: Floats, first: Floats, tell: Callable[[float], None], *, k: int = NEIGHBOURS, seed: int = 0
) -> NDArray[np.float32]:
    """x (N, F), laid out from the places `first` (N, 2): (N, 2). The same for the same seed. `tell` hears the share that is done after each
    epoch, and may raise."""
    tell(0.0)
    n, rng = len(x), torch.Generator().manual_seed(seed)
    (heads, tails), weights = graph(x, k)
    often = weights / weights.max()
    y = torch.from_numpy(first / max(float(np.abs(first).max()), 1e-12) * _WIDE).float()
    y = y + 1e-4 * torch.randn(y.shape, generator=rng)
    for epoch in range(EPOCHS):
        rate = 1 - epoch / EPOCHS
        due = (often * (epoch + 1)).floor() > (often * epoch).floor()  # an edge's turn comes as often as it is strong
        chosen = due.nonzero()[:, 0]
        chosen = chosen[torch.randperm(len(chosen), generator=rng)]
        # A part has few edges of any one sample: pulled by all of them from where it was, it would fly past where they lead.
        for part in torch.split(chosen, max(1, n // 2)):
            i, j = heads[part], tails[part]
            towards = rate * pull(y[i] - y[j])
            y.index_add_(0, i, towards).index_add_(0, j, -towards)
            i, others = i.repeat(_APART), torch.randint(n, (_APART * len(i),), generator=rng)
            y.index_add_(0, i, rate * push(y[i] - y[others]))
        tell((epoch + 1) / EPOCHS)
    return y.numpy()

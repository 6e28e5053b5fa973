"""t-SNE: places in the plane whose nearness, by a t-distribution, is that of the samples.

van der Maaten & Hinton 2008, JMLR 9, 2579; the neighbours of each sample alone count as near it (van der Maaten 2014, JMLR 15, 3221), the
repulsion is exact. scikit-learn's cannot say how far it is, nor be stopped, which is why it is not taken. Its choices are: learning rate
N / 48, at least 50, momentum 0.5 and nearness 12 times as strong for 250 iterations, then 0.8 for 750; begun from the principal components.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.latent.neighbours import Floats, both_ways, nearest, scales

ITERATIONS = 1000
_EARLY, _EXAGGERATION = 250, 12.0
_MOMENTA = 0.5, 0.8  # early, and afterwards
_STILL = 1e-7  # a gradient of this norm moves nothing any more
_BLOCK = 128  # rows at once: what they take stays in a processor's cache


def conditional(distances: Floats, perplexity: float) -> Floats:
    """Distances (N, k) to neighbours -> how probable each is, p_{j|i} ∝ exp(−d² / 2σ²), the entropy of each row log(perplexity)."""
    squares = distances**2 - distances[:, :1] ** 2  # a factor of the row, which its sum takes away

    def rows(sigma: Floats) -> Floats:
        p = np.exp(-squares / (2 * sigma**2))
        found: Floats = p / p.sum(1, keepdims=True)
        return found

    def entropy(sigma: Floats) -> Floats:
        p = rows(sigma)
        found: Floats = -(p * np.log(np.maximum(p, 1e-300))).sum(1)
        return found

    return rows(scales(entropy, distances.mean(1), float(np.log(perplexity)))[:, None])


def joint(x: Floats, perplexity: float) -> tuple[Tensor, Tensor]:
    """x (N, F) -> the pairs (2, E) that are near each other, in both orders, and p_ij = (p_{j|i} + p_{i|j}) / 2N of each (E,) float32, of sum 1."""
    distances, those = nearest(x, min(len(x) - 1, int(3 * perplexity + 1)))
    at, p = both_ways(those, conditional(distances, perplexity) / (2 * len(x)))
    return torch.from_numpy(at), torch.from_numpy(p).float()


def gradient(y: Tensor, pairs: Tensor, p: Tensor, exaggeration: float = 1.0) -> Tensor:
    """∂ KL(P‖Q) / ∂y (N, 2) with `exaggeration` times P, as `joint` gives it: 4 Σⱼ (p_ij − q_ij) (y_i − y_j) / (1 + ‖y_i − y_j‖²)."""
    rows, columns = pairs
    between = y[rows] - y[columns]
    pulls = exaggeration * p / (1 + between.square().sum(1))
    force = torch.zeros_like(y).index_add_(0, rows, pulls[:, None] * between)
    squares, others = y.square().sum(1), y.t().contiguous()
    beside = torch.cat([y, torch.ones(len(y), 1)], 1)
    pushes, total = torch.empty_like(y), torch.zeros((), dtype=torch.float64)
    for start in range(0, len(y), _BLOCK):
        block = y[start : start + _BLOCK]
        near = torch.addmm(squares + 1, block, others, alpha=-2).add_(squares[start : start + _BLOCK, None])
        near = near.clamp_(min=1).reciprocal_()
        total += near.sum().double()
        summed = near.square_() @ beside
        pushes[start : start + _BLOCK] = summed[:, 2:] * block - summed[:, :2]
    return 4 * (force - pushes / float(total - len(y)))  # nobody repels itself


def lay_out(x: Floats, first: Floats, perplexity: float, tell: Callable[[float], None]) -> NDArray[np.float32]:
    """x (N, F), laid out from the places `first` (N, 2): (N, 2). The same for the same. `tell` hears the share that is done after each
    iteration, and may raise."""
    tell(0.0)
    pairs, p = joint(x, perplexity)
    rate = max(len(x) / _EXAGGERATION / 4, 50.0)
    y = torch.from_numpy(first / max(float(first[:, 0].std()), 1e-12) * 1e-4).float()
    step, gains = torch.zeros_like(y), torch.ones_like(y)
    for i in range(ITERATIONS):
        early = i < _EARLY
        if i == _EARLY:
            step, gains = torch.zeros_like(y), torch.ones_like(y)
        slope = gradient(y, pairs, p, _EXAGGERATION if early else 1.0)
        if not early and float(slope.norm()) < _STILL:
            break
        gains = torch.where(step * slope < 0, gains + 0.2, gains * 0.8).clamp_(min=0.01)
        step = _MOMENTA[not early] * step - rate * gains * slope
        y = y + step
        tell((i + 1) / ITERATIONS)
    return y.numpy()

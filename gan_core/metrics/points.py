"""How well samples cover the modes of a mixture: PacGAN's protocol (Lin et al. 2018, arXiv:1712.04086, section 4.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ModeStatistics:
    """modes: how many have at least one high-quality sample. quality: share of samples that are. reverse_kl: in nats."""

    modes: int
    quality: float
    reverse_kl: float


def mode_statistics(samples: Tensor, modes: Tensor, sigma: float) -> ModeStatistics:
    """samples (N, 2) and modes (K, 2) in data units. A sample is of high quality within 3σ of its nearest mode.

    reverse_kl = Σ pₖ log(K pₖ), p the shares of the modes among high-quality samples; log K, the worst there is, without any.
    """
    distance, nearest = torch.cdist(samples, modes).min(1)
    good = distance <= 3 * sigma
    counts = torch.bincount(nearest[good], minlength=len(modes)).double()
    total = float(counts.sum())
    if not total:
        return ModeStatistics(0, 0.0, math.log(len(modes)))
    shares = counts[counts > 0] / total
    return ModeStatistics(
        int((counts > 0).sum()), total / len(samples), float((shares * (shares * len(modes)).log()).sum())
    )


def perfect_quality() -> float:
    """What a perfect generator scores: P(‖x‖ ≤ 3σ) of a 2-D Gaussian, 1 − exp(−9/2) = 0.98889."""
    return 1 - math.exp(-4.5)

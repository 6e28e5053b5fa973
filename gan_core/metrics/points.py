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


def perfect_reverse_kl(modes: int, n: int) -> float:
    """What n samples of a perfect generator score on average: (K − 1) / 2n nats, the bias of the plug-in estimate.

    Miller 1955; to first order in 1/n, with the n·perfect_quality() good samples taken as n.
    """
    return (modes - 1) / (2 * n)

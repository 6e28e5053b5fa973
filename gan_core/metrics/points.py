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


def mode_statistics(samples: Tensor, modes: Tensor, sigma: float, weights: Tensor | None = None) -> ModeStatistics:
    """samples (N, 2) and modes (K, 2) in data units. A sample is of high quality within 3σ of its nearest mode.

    quality = n / N, n the good samples; modes = #{k: nₖ > 0}, nₖ those nearest to mode k.

    reverse_kl = Σₖ pₖ log(pₖ / wₖ), pₖ = nₖ / n; `reverse_kl` of the good samples' counts and the modes' true shares `weights` (K,), or 1/K each.
    """
    distance, nearest = torch.cdist(samples, modes).min(1)
    good = distance <= 3 * sigma
    counts = torch.bincount(nearest[good], minlength=len(modes)).double()
    quality = float(counts.sum()) / len(samples) if len(samples) else 0.0
    return ModeStatistics(int((counts > 0).sum()), quality, reverse_kl(counts, weights))


def reverse_kl(counts: Tensor, weights: Tensor | None = None) -> float:
    """Σ pₖ log(pₖ / wₖ) in nats, p the shares of counts (K,), w the true ones (K,), all above 0, or 1/K each.

    Lin et al. 2018. Without any count it is the worst there is, log(1 / min w): all of them in the rarest mode.
    """
    counts = counts.double()
    total = float(counts.sum())
    rarities = torch.full_like(counts, len(counts)) if weights is None else 1 / weights.to(counts)
    if not total:
        return math.log(float(rarities.max()))
    found = counts > 0
    shares = counts[found] / total
    return float((shares * (shares * rarities[found]).log()).sum())


def perfect_quality() -> float:
    """What a perfect generator scores: P(‖x‖ ≤ 3σ) of a 2-D Gaussian, 1 − exp(−9/2) = 0.98889."""
    return 1 - math.exp(-4.5)


def perfect_modes(modes: int, n: int, weights: Tensor | None) -> float:
    """How many modes n samples of a perfect generator find: all of even ones, which n is chosen for; of others
    K − Σ (1 − wₖ q)ⁿ on average, q = perfect_quality()."""
    if weights is None:
        return modes
    return modes - float((1 - weights.double() * perfect_quality()).pow(n).sum())


def perfect_reverse_kl(modes: int, n: int) -> float:
    """What n samples of a perfect generator score on average: (K − 1) / 2n nats, the bias of the plug-in estimate.

    Miller 1955, whatever the modes' shares; to first order in 1/n, with the n·perfect_quality() good samples taken as n.
    """
    return (modes - 1) / (2 * n)

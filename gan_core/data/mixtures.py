"""Mixtures of Gaussians in the plane: clusters whose places, shares and width are known, so that modes can be counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from gan_core.data.parameters import IMBALANCE, effective, number, whole
from gan_core.data.sets import PointSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

_PACGAN = "Metz et al. 2017, arXiv:1611.02163; Lin et al. 2018 (PacGAN), arXiv:1712.04086"
_FAR = 3.5  # standard deviations that the picture shows around the outermost means
_MARGIN = 1.1


def shares(modes: int, imbalance: float) -> Tensor | None:
    """(K,) float64: a geometric sequence from the likeliest mode to the rarest, the first `imbalance` times as likely as the last;
    None where all are equally likely."""
    if imbalance == 1 or modes == 1:
        return None
    weights = imbalance ** (-torch.arange(modes, dtype=torch.float64) / (modes - 1))
    return weights / weights.sum()


def choose(weights: Tensor, n: int, rng: Generator) -> Tensor:
    """(n,) int64: indices, each with its weight (K,), by inverting the cumulated weights at uniform numbers."""
    ends = weights.double().cumsum(0)
    u = torch.rand(n, generator=rng, dtype=torch.float64) * ends[-1]
    return torch.searchsorted(ends, u, right=True).clamp_(max=len(weights) - 1)


def _mixture(data: DataConfig, modes: Tensor, scale: float, half: float) -> PointSet:
    """Gaussians of standard deviation data.sigma around the rows of `modes`, in data units; `half`: of the picture, or more where
    the clusters are wide."""
    sigma = float(effective(data, "sigma"))
    weights = shares(len(modes), effective(data, "imbalance"))
    means, spread = modes / scale, sigma / scale
    reach = float(modes.abs().max()) + _FAR * sigma
    half = max(half, _MARGIN * reach)

    def draw(n: int, rng: Generator) -> Tensor:
        chosen = torch.randint(len(means), (n,), generator=rng) if weights is None else choose(weights, n, rng)
        return means[chosen] + torch.randn(n, 2, generator=rng) * spread

    return PointSet(data.name, scale, draw, (-half, half, -half, half), modes, sigma, weights)


@dataset("ring", kind="points", title=N_("Ring of Gaussians"), help=N_("Tight clusters on a circle, eight of them: does the generator find all?"),
         paper=_PACGAN, parameters={"modes": whole(8, 2, 32), "radius": number(1.0, 0.2, 4.0, 0.1),
                                    "sigma": number(0.01, 0.005, 0.5, 0.005), "imbalance": IMBALANCE})  # fmt: skip
def ring(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Means r (cos 2kπ/K, sin 2kπ/K), k = 0 … K − 1; K = 8, r = 1, σ = 0.01.   PacGAN, section 4.1. Training sees it divided by r."""
    count, radius = effective(data, "modes"), effective(data, "radius")
    angles = torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
    modes = torch.stack([angles.cos(), angles.sin()], 1).float()
    return _mixture(data, modes * radius, radius, 1.4 * radius)


@dataset("grid", kind="points", title=N_("Grid of Gaussians"), help=N_("Tight clusters in a square, 5 × 5: harder to cover without forgetting any."),
         paper=_PACGAN, parameters={"side": whole(5, 2, 10), "spacing": number(2.0, 0.2, 4.0, 0.1),
                                    "sigma": number(0.05, 0.01, 0.5, 0.01), "imbalance": IMBALANCE})  # fmt: skip
def grid(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Means d {−(k−1)/2 … (k−1)/2}²; k = 5 and d = 2 give {−4, −2, 0, 2, 4}², σ = 0.05.   PacGAN, section 4.1. Training sees it
    divided by its largest coordinate."""
    side, spacing = effective(data, "side"), effective(data, "spacing")
    line = (torch.arange(side, dtype=torch.float32) - (side - 1) / 2) * spacing
    reach = (side - 1) / 2 * spacing
    return _mixture(data, torch.cartesian_prod(line, line), reach, 1.3 * reach)


@dataset("two_gaussians", kind="points", title=N_("Two Gaussians"), help=N_("Two round clouds: the smallest data on which a GAN can collapse."),
         parameters={"spacing": number(1.6, 0.1, 4.0, 0.1), "sigma": number(0.2, 0.01, 1.0, 0.01), "imbalance": IMBALANCE})  # fmt: skip
def two_gaussians(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Means (−d/2, 0) and (d/2, 0); d = 1.6, σ = 0.2. Training sees them divided by d/2 + σ."""
    half, sigma = effective(data, "spacing") / 2, effective(data, "sigma")
    scale = half + sigma
    return _mixture(data, torch.tensor([[-half, 0.0], [half, 0.0]]), scale, 1.7 * scale)


@dataset("three_blobs", kind="points", title=N_("Blobs"), help=N_("Separate clouds, three as in GAN Lab: the generator must tear its sheet."),
         parameters={"modes": whole(3, 1, 12), "radius": number(0.9, 0.2, 4.0, 0.1), "sigma": number(0.15, 0.01, 1.0, 0.01),
                     "imbalance": IMBALANCE})  # fmt: skip
def three_blobs(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Means on a circle of radius r at 90° + k 360°/K; K = 3, r = 0.9, σ = 0.15. Training sees them divided by (r + 2σ)/1.2."""
    count, radius, sigma = effective(data, "modes"), effective(data, "radius"), effective(data, "sigma")
    angles = (90 + torch.arange(count, dtype=torch.float32) * (360 / count)).deg2rad()
    scale = (radius + 2 * sigma) / 1.2
    return _mixture(data, radius * torch.stack([angles.cos(), angles.sin()], 1), scale, 1.7 * scale)


@dataset("gaussian", kind="points", title=N_("One Gaussian"), help=N_("A single round cloud: what any generator should manage."),
         parameters={"sigma": number(0.5, 0.05, 2.0, 0.05)})  # fmt: skip
def gaussian(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """N(0, σ² I), σ = 0.5; the one mode of its kind. Training sees it divided by 2σ."""
    scale = 2 * effective(data, "sigma")
    sigma = float(effective(data, "sigma"))

    def draw(n: int, rng: Generator) -> Tensor:
        return torch.randn(n, 2, generator=rng) * 0.5

    half = 3.8 * sigma
    return PointSet("gaussian", scale, draw, (-half, half, -half, half), torch.zeros(1, 2), sigma)

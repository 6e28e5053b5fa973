"""Distributions in the plane, drawn with torch from a given generator. Roughly of unit size in training's units."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Generator, Tensor

from gan_core.data.sets import PointSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

Draw: TypeAlias = Callable[[int, Generator], Tensor]


def _square(half: float) -> tuple[float, float, float, float]:
    return (-half, half, -half, half)


def _uniform(n: int, rng: Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    return torch.rand(n, generator=rng) * (high - low) + low


def _noise(n: int, rng: Generator, sigma: float) -> Tensor:
    return torch.randn(n, 2, generator=rng) * sigma


def _mixture(name: str, modes: Tensor, sigma: float, scale: float, half: float) -> PointSet:
    """Equally likely Gaussians of standard deviation sigma around the rows of `modes`; all in data units."""
    means, spread = modes / scale, sigma / scale

    def draw(n: int, rng: Generator) -> Tensor:
        return means[torch.randint(len(means), (n,), generator=rng)] + _noise(n, rng, spread)

    return PointSet(name, scale, draw, _square(half), modes, sigma)


@dataset("ring", kind="points", title=N_("Ring of 8 Gaussians"), help=N_("Eight tight clusters: does the generator find all of them?"),
         paper="Metz et al. 2017, arXiv:1611.02163; Lin et al. 2018 (PacGAN), arXiv:1712.04086")  # fmt: skip
def ring(_data: object, _progress: Progress | None = None) -> PointSet:
    """Means (cos kπ/4, sin kπ/4), k = 0 … 7, σ = 0.01.   PacGAN, section 4.1."""
    angles = torch.arange(8, dtype=torch.float64) * math.pi / 4
    return _mixture("ring", torch.stack([angles.cos(), angles.sin()], 1).float(), 0.01, 1.0, 1.4)


@dataset("grid", kind="points", title=N_("Grid of 25 Gaussians"), help=N_("Twenty-five tight clusters: harder to cover without forgetting any."),
         paper="Metz et al. 2017, arXiv:1611.02163; Lin et al. 2018 (PacGAN), arXiv:1712.04086")  # fmt: skip
def grid(_data: object, _progress: Progress | None = None) -> PointSet:
    """Means {−4, −2, 0, 2, 4}², σ = 0.05.   PacGAN, section 4.1. Training sees it divided by 4."""
    line = torch.tensor([-4.0, -2.0, 0.0, 2.0, 4.0])
    return _mixture("grid", torch.cartesian_prod(line, line), 0.05, 4.0, 5.2)


@dataset(
    "two_gaussians",
    kind="points",
    title=N_("Two Gaussians"),
    help=N_("Two round clouds: the smallest data on which a GAN can collapse."),
)
def two_gaussians(_data: object, _progress: Progress | None = None) -> PointSet:
    """Means (−0.8, 0) and (0.8, 0), σ = 0.2."""
    return _mixture("two_gaussians", torch.tensor([[-0.8, 0.0], [0.8, 0.0]]), 0.2, 1.0, 1.7)


@dataset(
    "three_blobs",
    kind="points",
    title=N_("Three blobs"),
    help=N_("Three separate clouds, as in GAN Lab: the generator must tear its sheet."),
)
def three_blobs(_data: object, _progress: Progress | None = None) -> PointSet:
    """Means on a circle of radius 0.9 at 90°, 210° and 330°, σ = 0.15."""
    angles = torch.tensor([90.0, 210.0, 330.0]).deg2rad()
    return _mixture("three_blobs", 0.9 * torch.stack([angles.cos(), angles.sin()], 1), 0.15, 1.0, 1.7)


@dataset(
    "line", kind="points", title=N_("Line"), help=N_("A thin diagonal: the generator must flatten the plane onto it.")
)
def line(_data: object, _progress: Progress | None = None) -> PointSet:
    """(t, t/2) with t uniform in [−1, 1], plus noise of σ = 0.02."""

    def draw(n: int, rng: Generator) -> Tensor:
        t = _uniform(n, rng, -1, 1)
        return torch.stack([t, t / 2], 1) + _noise(n, rng, 0.02)

    return PointSet("line", 1.0, draw, _square(1.3))


@dataset("moons", kind="points", title=N_("Two moons"), help=N_("Two half circles that interlock: connected, but curved."),
         paper="scikit-learn, make_moons")  # fmt: skip
def moons(_data: object, _progress: Progress | None = None) -> PointSet:
    """Half circles (cos t, sin t) and (1 − cos t, ½ − sin t), t uniform in [0, π], noise σ = 0.05, centred."""

    def draw(n: int, rng: Generator) -> Tensor:
        t = _uniform(n, rng, 0, math.pi)
        upper = torch.rand(n, generator=rng) < 0.5
        x = torch.where(upper, t.cos(), 1 - t.cos()) - 0.5
        y = torch.where(upper, t.sin(), 0.5 - t.sin()) - 0.25
        return torch.stack([x, y], 1) + _noise(n, rng, 0.05)

    return PointSet("moons", 1.0, draw, _square(1.9))


@dataset(
    "spiral",
    kind="points",
    title=N_("Spiral"),
    help=N_("Two arms wound around each other: needs a generator that can roll up."),
)
def spiral(_data: object, _progress: Progress | None = None) -> PointSet:
    """±(t/3π)(cos t, sin t), t = 3π√u with u uniform in [0, 1], noise σ = 0.02."""

    def draw(n: int, rng: Generator) -> Tensor:
        t = 3 * math.pi * _uniform(n, rng).sqrt()
        sign = torch.randint(2, (n,), generator=rng) * 2.0 - 1
        radius = sign * t / (3 * math.pi)
        return torch.stack([radius * t.cos(), radius * t.sin()], 1) + _noise(n, rng, 0.02)

    return PointSet("spiral", 1.0, draw, _square(1.3))


@dataset("swiss_roll", kind="points", title=N_("Swiss roll"), help=N_("One thin rolled-up sheet, seen from its end."),
         paper="scikit-learn, make_swiss_roll; Gulrajani et al. 2017, arXiv:1704.00028")  # fmt: skip
def swiss_roll(_data: object, _progress: Progress | None = None) -> PointSet:
    """(t cos t, t sin t)/4.5π, t = 3π/2 · (1 + 2u) with u uniform in [0, 1], noise σ = 0.02."""

    def draw(n: int, rng: Generator) -> Tensor:
        t = 1.5 * math.pi * (1 + 2 * _uniform(n, rng))
        return torch.stack([t * t.cos(), t * t.sin()], 1) / (4.5 * math.pi) + _noise(n, rng, 0.02)

    return PointSet("swiss_roll", 1.0, draw, _square(1.25))


@dataset(
    "checkerboard",
    kind="points",
    title=N_("Checkerboard"),
    help=N_("Filled squares with sharp borders: every corner has to be reached."),
)
def checkerboard(_data: object, _progress: Progress | None = None) -> PointSet:
    """Uniform on the eight fields of one colour of a 4 × 4 board over [−1, 1]²."""

    def draw(n: int, rng: Generator) -> Tensor:
        column, half = torch.randint(4, (n,), generator=rng), torch.randint(2, (n,), generator=rng)
        row = 2 * half + column % 2
        corner = torch.stack([column, row], 1).float()
        return (corner + torch.rand(n, 2, generator=rng)) / 2 - 1

    return PointSet("checkerboard", 1.0, draw, _square(1.25))


@dataset("pinwheel", kind="points", title=N_("Pinwheel"), help=N_("Five bent blades around a centre: dense inside, thin at the tips."),
         paper="Johnson et al. 2016, arXiv:1603.06277")  # fmt: skip
def pinwheel(_data: object, _progress: Progress | None = None) -> PointSet:
    """Five Gaussians stretched along the radius and turned by exp(radius)/4 · a quarter turn."""
    blades = 5

    def draw(n: int, rng: Generator) -> Tensor:
        radius = 1 + 0.3 * torch.randn(n, generator=rng)
        across = 0.1 * torch.randn(n, generator=rng)
        blade = torch.randint(blades, (n,), generator=rng)
        angle = 2 * math.pi * blade / blades + 0.25 * radius.exp()
        x, y = radius * angle.cos() - across * angle.sin(), radius * angle.sin() + across * angle.cos()
        return torch.stack([x, y], 1) / 1.3

    return PointSet("pinwheel", 1.0, draw, _square(1.75))

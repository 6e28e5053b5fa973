"""Curves and filled shapes in the plane, drawn with torch from a given generator. Roughly of unit size in training's units."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Generator, Tensor

from gan_core.data.parameters import effective, number, of, whole
from gan_core.data.sets import PointSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

Draw: TypeAlias = Callable[[int, Generator], Tensor]

_FAR = 3.0  # standard deviations of noise, beyond the set's own, that the picture grows by


def _noise_of(own: float, low: float = 0.005) -> dict[str, object]:
    return {"noise": number(own, low, 0.5, 0.005)}


def _shape(data: DataConfig, draw: Draw, half: float, far: float = _FAR) -> PointSet:
    """A set in training's own units; `half`: of its picture, which grows with the noise."""
    if "noise" in of(data.name):
        half += far * max(0.0, effective(data, "noise") - of(data.name)["noise"].own)
    return PointSet(data.name, 1.0, draw, (-half, half, -half, half))


def _uniform(n: int, rng: Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    return torch.rand(n, generator=rng) * (high - low) + low


def _noise(n: int, rng: Generator, sigma: float) -> Tensor:
    return torch.randn(n, 2, generator=rng) * sigma


@dataset(
    "line", kind="points", title=N_("Line"), help=N_("A thin diagonal: the generator must flatten the plane onto it."),
    parameters=_noise_of(0.02),
)  # fmt: skip
def line(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """(t, t/2) with t uniform in [−1, 1], plus noise of σ = 0.02."""
    sigma = effective(data, "noise")

    def draw(n: int, rng: Generator) -> Tensor:
        t = _uniform(n, rng, -1, 1)
        return torch.stack([t, t / 2], 1) + _noise(n, rng, sigma)

    return _shape(data, draw, 1.3)


@dataset("sine", kind="points", title=N_("Sine wave"), help=N_("One curve that bends up and down: how many turns can the generator follow?"),
         parameters={"turns": number(1.0, 0.5, 4.0, 0.5), **_noise_of(0.03)})  # fmt: skip
def sine(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """(t, 0.6 sin 2πwt/2), t uniform in [−1, 1], w = 1 wave, plus noise of σ = 0.03."""
    sigma, waves = effective(data, "noise"), effective(data, "turns")

    def draw(n: int, rng: Generator) -> Tensor:
        t = _uniform(n, rng, -1, 1)
        return torch.stack([t, 0.6 * (math.pi * waves * t).sin()], 1) + _noise(n, rng, sigma)

    return _shape(data, draw, 1.3)


@dataset("moons", kind="points", title=N_("Two moons"), help=N_("Two half circles that interlock: connected, but curved."),
         paper="scikit-learn, make_moons", parameters=_noise_of(0.05))  # fmt: skip
def moons(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Half circles (cos t, sin t) and (1 − cos t, ½ − sin t), t uniform in [0, π], noise σ = 0.05, centred."""
    sigma = effective(data, "noise")

    def draw(n: int, rng: Generator) -> Tensor:
        t = _uniform(n, rng, 0, math.pi)
        upper = torch.rand(n, generator=rng) < 0.5
        x = torch.where(upper, t.cos(), 1 - t.cos()) - 0.5
        y = torch.where(upper, t.sin(), 0.5 - t.sin()) - 0.25
        return torch.stack([x, y], 1) + _noise(n, rng, sigma)

    return _shape(data, draw, 1.9)


@dataset("circles", kind="points", title=N_("Two circles"), help=N_("A circle inside another: closed curves, which no sheet can become without a tear."),
         paper="scikit-learn, make_circles", parameters={"radius": number(0.5, 0.1, 0.9, 0.05), **_noise_of(0.03)})  # fmt: skip
def circles(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """(cos t, sin t) and r (cos t, sin t), each half of the time, t uniform in [0, 2π), r = 0.5, noise σ = 0.03."""
    sigma, inner = effective(data, "noise"), effective(data, "radius")

    def draw(n: int, rng: Generator) -> Tensor:
        t = _uniform(n, rng, 0, 2 * math.pi)
        radius = torch.where(torch.rand(n, generator=rng) < 0.5, 1.0, inner)
        return torch.stack([radius * t.cos(), radius * t.sin()], 1) + _noise(n, rng, sigma)

    return _shape(data, draw, 1.3)


@dataset(
    "spiral", kind="points", title=N_("Spiral"), help=N_("Arms wound around each other, two of them: needs a generator that can roll up."),
    parameters={"arms": whole(2, 1, 6), "turns": number(1.5, 0.25, 3.0, 0.25), **_noise_of(0.02)},
)  # fmt: skip
def spiral(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """(t/2πw)(cos(t + 2πj/K), sin(t + 2πj/K)), t = 2πw √u with u uniform in [0, 1], j one of K = 2 arms, w = 1.5 turns, noise σ = 0.02."""
    sigma, arms, end = effective(data, "noise"), effective(data, "arms"), 2 * math.pi * effective(data, "turns")

    def draw(n: int, rng: Generator) -> Tensor:
        t = end * _uniform(n, rng).sqrt()
        arm = torch.randint(arms, (n,), generator=rng)
        # Two arms are each other's mirror image, which a sign says exactly.
        radius = (arm * 2.0 - 1) * t / end if arms == 2 else t / end
        angle = t if arms == 2 else t + arm * (2 * math.pi / arms)
        return torch.stack([radius * angle.cos(), radius * angle.sin()], 1) + _noise(n, rng, sigma)

    return _shape(data, draw, 1.3)


@dataset("swiss_roll", kind="points", title=N_("Swiss roll"), help=N_("One thin rolled-up sheet, seen from its end."),
         paper="scikit-learn, make_swiss_roll; Gulrajani et al. 2017, arXiv:1704.00028",
         parameters={"turns": number(1.5, 0.5, 3.0, 0.25), **_noise_of(0.02)})  # fmt: skip
def swiss_roll(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """(t cos t, t sin t)/t₁, t = t₀ + 2πw u with u uniform in [0, 1], t₀ = 3π/2, w = 1.5 turns, t₁ its largest, noise σ = 0.02."""
    sigma: float = effective(data, "noise")
    longer: float = effective(data, "turns") * 4 / 3

    def draw(n: int, rng: Generator) -> Tensor:
        t = 1.5 * math.pi * (1 + longer * _uniform(n, rng))
        return torch.stack([t * t.cos(), t * t.sin()], 1) / (1.5 * (1 + longer) * math.pi) + _noise(n, rng, sigma)

    return _shape(data, draw, 1.25)


@dataset(
    "checkerboard", kind="points", title=N_("Checkerboard"), help=N_("Filled squares with sharp borders: every corner has to be reached."),
    parameters={"side": whole(4, 2, 10)},
)  # fmt: skip
def checkerboard(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Uniform on the fields of one colour of a k × k board over [−1, 1]², k = 4."""
    side: int = effective(data, "side")
    odd = [(column, row) for column in range(side) for row in range(column % 2, side, 2)]
    fields = torch.tensor(odd, dtype=torch.float32)

    def corners(n: int, rng: Generator) -> Tensor:
        if side % 2:  # columns differ in how many fields they have
            return fields[torch.randint(len(fields), (n,), generator=rng)]
        column, half = torch.randint(side, (n,), generator=rng), torch.randint(side // 2, (n,), generator=rng)
        return torch.stack([column, 2 * half + column % 2], 1).float()

    def draw(n: int, rng: Generator) -> Tensor:
        return (corners(n, rng) + torch.rand(n, 2, generator=rng)) / (side / 2) - 1

    return _shape(data, draw, 1.25)


@dataset("disc", kind="points", title=N_("Disc"), help=N_("A round area, evenly filled: can one random number cover it?"))  # fmt: skip
def disc(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """√u (cos t, sin t), u uniform in [0, 1], t in [0, 2π): uniform on the unit disc."""

    def draw(n: int, rng: Generator) -> Tensor:
        radius, t = _uniform(n, rng).sqrt(), _uniform(n, rng, 0, 2 * math.pi)
        return torch.stack([radius * t.cos(), radius * t.sin()], 1)

    return _shape(data, draw, 1.25)


@dataset("square", kind="points", title=N_("Square"), help=N_("A square, evenly filled: its corners are what a round cloud reaches last."))  # fmt: skip
def square(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """Uniform on [−1, 1]²."""

    def draw(n: int, rng: Generator) -> Tensor:
        return torch.rand(n, 2, generator=rng) * 2 - 1

    return _shape(data, draw, 1.25)


@dataset("pinwheel", kind="points", title=N_("Pinwheel"), help=N_("Bent blades around a centre, five of them: dense inside, thin at the tips."),
         paper="Johnson et al. 2016, arXiv:1603.06277", parameters={"arms": whole(5, 2, 10), **_noise_of(0.1, 0.01)})  # fmt: skip
def pinwheel(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """K = 5 Gaussians stretched along the radius, σ = 0.1 across, and turned by exp(radius)/4."""
    blades, sigma = effective(data, "arms"), effective(data, "noise")

    def draw(n: int, rng: Generator) -> Tensor:
        radius = 1 + 0.3 * torch.randn(n, generator=rng)
        across = sigma * torch.randn(n, generator=rng)
        blade = torch.randint(blades, (n,), generator=rng)
        angle = 2 * math.pi * blade / blades + 0.25 * radius.exp()
        x, y = radius * angle.cos() - across * angle.sin(), radius * angle.sin() + across * angle.cos()
        return torch.stack([x, y], 1) / 1.3

    return _shape(data, draw, 1.75, far=1.5)

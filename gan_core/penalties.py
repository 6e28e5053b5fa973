"""Gradient penalties, all on one per-sample squared gradient norm, and the constraint on weights.

A gradient penalty is a function of n² = ‖∇ₓ D(x)‖², shape (B,), summed over all other dimensions *of each sample*, and of nothing
else; `info["at"]` says at which points x it is taken: "real", "fake", "both" (each on its own, added), or a name in PLACES: points
that are made of the batch and of random numbers of their own. What the objective adds is weight · E[penalty(n²)].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from gan_core.registry import penalty
from gan_core.text import N_

Critic: TypeAlias = Callable[..., Tensor]
Penalty: TypeAlias = Callable[[Tensor], Tensor]


def squared_gradient_norm(logits: Tensor, x: Tensor) -> Tensor:
    """‖∂ Σ logits / ∂x‖² for each logit, shape (B,), differentiable once more. `logits` (B,) must come from `x` (B·m, …):
    each from m samples that follow one another, over which its norm goes."""
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.flatten(1).square().sum(1).view(len(logits), -1).sum(1)


def evaluate(name: str, critic: Critic, real: Tensor, fake: Tensor, u: Tensor | None = None) -> Tensor:
    """E[penalty] (scalar, without its weight) of the critic callable at real and fake samples, both (B, …).

    `u`: what PLACES says for the penalty's points.
    """
    entry = penalty[name]
    at = entry.info["at"]
    made = (PLACES[at].points(real, fake, u),) if at in PLACES else ()
    total = real.new_zeros(())
    for x in made or {"real": (real,), "fake": (fake,), "both": (real, fake)}[at]:
        x = x.detach().requires_grad_()
        total = total + entry.value(squared_gradient_norm(critic(x), x)).mean()
    return total


def mix(real: Tensor, fake: Tensor, u: Tensor | None) -> Tensor:
    """u·real + (1 − u)·fake with one u in [0, 1) a sample, or one for as many as D sees together; without u the midpoints."""
    if u is None:
        return (real + fake) / 2
    u = u.repeat_interleave(len(real) // len(u))
    return torch.lerp(fake, real, u.view(-1, *[1] * (real.dim() - 1)))


def near(real: Tensor, fake: Tensor, u: Tensor | None) -> Tensor:
    """real + 0.1 · u, in the units of training, with u, of the shape of real, from a standard normal; without u the real samples.
    The fakes do not count. Kodali et al. 2017, section 2.4; their code makes the width of each batch about as large."""
    return real if u is None else real + 0.1 * u


@dataclass(frozen=True)
class Place:
    """Points that a penalty makes for itself: points(real, fake, u) for samples (B, …); draw(n, shape, packing, rng) gives u for n samples of
    this shape, of which D sees `packing` at once."""

    points: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    draw: Callable[[int, tuple[int, ...], int, torch.Generator], Tensor]


def _uniform(n: int, _shape: tuple[int, ...], packing: int, rng: torch.Generator) -> Tensor:
    return torch.rand(n // packing, generator=rng, device=rng.device)


def _normal(n: int, shape: tuple[int, ...], _packing: int, rng: torch.Generator) -> Tensor:
    return torch.randn(n, *shape, generator=rng, device=rng.device)


PLACES = {"mix": Place(mix, _uniform), "near": Place(near, _normal)}


@penalty(
    "none", title=N_("None"), help=N_("The discriminator is free: fast to start with, often unstable."),
    at=None, symbol="", weight=0.0, low=0.0, high=0.0,
)  # fmt: skip
def none(squared_norm: Tensor) -> Tensor:
    """No penalty: 0."""
    return torch.zeros_like(squared_norm)


@penalty(
    "r1", title=N_("R1 (zero-centred, on real)"), paper="Mescheder et al. 2018, arXiv:1801.04406",
    help=N_("Keeps the discriminator flat at real samples. Makes the game converge where plain GANs circle."),
    at="real", symbol="γ", weight=1.0, low=0.0, high=100.0,
)  # fmt: skip
def r1(squared_norm: Tensor) -> Tensor:
    """γ · ½ E_real[‖∇D(x)‖²].   Mescheder et al. 2018, equation 9 (with the ½: some repositories leave it out)."""
    return squared_norm / 2


@penalty(
    "r2", title=N_("R2 (zero-centred, on generated)"), paper="Mescheder et al. 2018, arXiv:1801.04406",
    help=N_("Keeps the discriminator flat at generated samples."),
    at="fake", symbol="γ", weight=1.0, low=0.0, high=100.0,
)  # fmt: skip
def r2(squared_norm: Tensor) -> Tensor:
    """γ · ½ E_fake[‖∇D(G(z))‖²].   Mescheder et al. 2018, equation 10."""
    return squared_norm / 2


@penalty(
    "r1_r2", title=N_("R1 + R2"), paper="Huang et al. 2024 (R3GAN), arXiv:2501.05441",
    help=N_("Flat at real and at generated samples: what the relativistic loss needs to converge."),
    at="both", symbol="γ", weight=1.0, low=0.0, high=100.0,
)  # fmt: skip
def r1_r2(squared_norm: Tensor) -> Tensor:
    """γ · ½ (E_real[‖∇D(x)‖²] + E_fake[‖∇D(G(z))‖²]).   Huang et al. 2024, section 2."""
    return squared_norm / 2


def _slope_from_one(squared_norm: Tensor) -> Tensor:
    """(‖∇D‖ − 1)². The 1e-12 keeps the square root's own gradient finite where the critic is flat; it moves the norm by less than 1e-6."""
    return ((squared_norm + 1e-12).sqrt() - 1).square()


@penalty(
    "wgan_gp", title=N_("Gradient penalty (WGAN-GP)"), paper="Gulrajani et al. 2017, arXiv:1704.00028",
    help=N_("Pushes the critic's slope towards 1 on the lines between real and generated samples."),
    at="mix", symbol="λ", weight=10.0, low=0.0, high=100.0,
)  # fmt: skip
def wgan_gp(squared_norm: Tensor) -> Tensor:
    """λ · E[(‖∇D(x̂)‖ − 1)²] at x̂ = u·x + (1 − u)·G(z).   Gulrajani et al. 2017, equation 3, norm per sample."""
    return _slope_from_one(squared_norm)


@penalty(
    "dragan", title=N_("Gradient penalty near the data (DRAGAN)"), paper="Kodali et al. 2017, arXiv:1705.07215",
    help=N_("Pushes the slope of D towards 1 in a cloud around the real samples, and leaves it free elsewhere."),
    at="near", symbol="λ", weight=10.0, low=0.0, high=100.0,
)  # fmt: skip
def dragan(squared_norm: Tensor) -> Tensor:
    """λ · E[(‖∇D(x + δ)‖ − 1)²] with δ ~ N(0, 0.1²).   Kodali et al. 2017, section 2.4."""
    return _slope_from_one(squared_norm)


@penalty(
    "weight_clipping", title=N_("Weight clipping"), paper="Arjovsky et al. 2017, arXiv:1701.07875",
    help=N_("Cuts every weight of the critic to [−c, c] after each of its steps. Simple, and known to waste its capacity."),
    at=None, symbol="c", weight=0.05, low=0.0001, high=10.0,
)  # fmt: skip
def weight_clipping(squared_norm: Tensor) -> Tensor:
    """w ← clip(w, −c, c).   After each critic step, see `clip_weights`; not a term of the loss. Arjovsky et al. 2017, algorithm 1."""
    return torch.zeros_like(squared_norm)


@torch.no_grad()
def clip_weights(parameters: Iterable[nn.Parameter], bound: float) -> None:
    """w ← clip(w, −bound, bound), in place.   Arjovsky et al. 2017, algorithm 1, line 7."""
    for parameter in parameters:
        parameter.clamp_(-bound, bound)

"""Gradient penalties, all on one per-sample squared gradient norm, and the constraint on weights.

A gradient penalty is a function of n² = ‖∇ₓ D(x)‖², shape (B,), summed over all other dimensions *of each sample*, and of nothing
else; `info["at"]` says at which points x it is taken: "real", "fake", "both" (each on its own, added), or "mix" (on the
lines between real and generated samples); `info["formula"]` is what is shown of it (empty for none). What the objective adds is weight · E[penalty(n²)].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from gan_core.registry import penalty
from gan_core.text import N_

Critic: TypeAlias = Callable[[Tensor], Tensor]
Penalty: TypeAlias = Callable[[Tensor], Tensor]


def squared_gradient_norm(logits: Tensor, x: Tensor) -> Tensor:
    """‖∂ Σ logits / ∂x‖² of each sample, shape (B,), differentiable once more. `logits` (B,) must have been computed from `x`."""
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def evaluate(name: str, critic: Critic, real: Tensor, fake: Tensor, u: Tensor | None = None) -> Tensor:
    """E[penalty] (scalar, without its weight) of the critic callable at real and fake samples, both (B, …).

    `u` (B,), uniform in [0, 1), places the points of "mix" penalties: u·real + (1 − u)·fake.
    """
    entry = penalty[name]
    points = {"real": (real,), "fake": (fake,), "both": (real, fake), "mix": (mix(real, fake, u),)}
    total = real.new_zeros(())
    for x in points[entry.info["at"]]:
        x = x.detach().requires_grad_()
        total = total + entry.value(squared_gradient_norm(critic(x), x)).mean()
    return total


def mix(real: Tensor, fake: Tensor, u: Tensor | None) -> Tensor:
    """u·real + (1 − u)·fake with one u in [0, 1) a sample; without u the midpoints."""
    if u is None:
        return (real + fake) / 2
    return torch.lerp(fake, real, u.view(-1, *[1] * (real.dim() - 1)))


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


@penalty(
    "wgan_gp", title=N_("Gradient penalty (WGAN-GP)"), paper="Gulrajani et al. 2017, arXiv:1704.00028",
    help=N_("Pushes the critic's slope towards 1 on the lines between real and generated samples."),
    at="mix", symbol="λ", weight=10.0, low=0.0, high=100.0,
)  # fmt: skip
def wgan_gp(squared_norm: Tensor) -> Tensor:
    """λ · E[(‖∇D(x̂)‖ − 1)²] at x̂ = u·x + (1 − u)·G(z).   Gulrajani et al. 2017, equation 3, norm per sample.

    The 1e-12 keeps the square root's own gradient finite where the critic is flat; it moves the norm by less than 1e-6.
    """
    return ((squared_norm + 1e-12).sqrt() - 1).square()


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

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

from gan_core.registry import Story, penalty
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
    "none", title=N_("None"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
    help=N_("The discriminator is free: fast to start with, often unstable."),
    at=None, symbol="", weight=0.0, low=0.0, high=0.0,
    story=Story(
        fixed=N_("Nothing: it is where GANs began, and what the others are compared with."),
        use=N_("To see what a penalty does, or where D is kept smooth by spectral normalisation."),
        fails=N_("Plain GANs circle around their equilibrium and do not settle (Mescheder et al. 2018). D grows steep, and G collapses, cycles or "
            "stops: see the presets Mode collapse, Cycling and Vanishing gradients."),
        base="collapse",
    ),
)  # fmt: skip
def none(squared_norm: Tensor) -> Tensor:
    """No penalty: 0."""
    return torch.zeros_like(squared_norm)


@penalty(
    "r1", title=N_("R1 (zero-centred, on real)"), paper="Mescheder et al. 2018, arXiv:1801.04406",
    help=N_("Keeps the discriminator flat at real samples. Makes the game converge where plain GANs circle."),
    at="real", symbol="γ", weight=1.0, low=0.0, high=100.0,
    story=Story(
        fixed=N_("GANs on data that lie on thin sets do not converge: D never stops pushing at equilibrium. A D that is flat at real samples does; "
            "the paper proves local convergence, also where data and samples do not overlap."),
        use=N_("As the first choice beside a log loss: StyleGAN uses it. Applied at every eighth step or so it costs little."),
        fails=N_("Its weight depends on the scale of the data and the size of the pictures; with 100 on the small digits D is flat and G learns "
            "next to nothing. In the Dirac-GAN the critical weight is γ = 1: below it the game still turns, above it it creeps."),
        base="collapse",
        settings={"penalty_weight": 0.1},
    ),
)  # fmt: skip
def r1(squared_norm: Tensor) -> Tensor:
    """γ · ½ E_real[‖∇D(x)‖²].   Mescheder et al. 2018, equation 9 (with the ½: some repositories leave it out)."""
    return squared_norm / 2


@penalty(
    "r2", title=N_("R2 (zero-centred, on generated)"), paper="Mescheder et al. 2018, arXiv:1801.04406",
    help=N_("Keeps the discriminator flat at generated samples."),
    at="fake", symbol="γ", weight=1.0, low=0.0, high=100.0,
    story=Story(
        fixed=N_("The same as R1 from the other side: it also makes the game locally convergent."),
        use=N_("Together with R1, as R3GAN does; by itself it is seldom used."),
        fails=N_("Generated samples are far from the data at first, so that it holds D where it should still be steep, and says nothing of real "
            "samples."),
        builds=("penalty.r1",),
        base="gan_lab",
    ),
)  # fmt: skip
def r2(squared_norm: Tensor) -> Tensor:
    """γ · ½ E_fake[‖∇D(G(z))‖²].   Mescheder et al. 2018, equation 10."""
    return squared_norm / 2


@penalty(
    "r1_r2", title=N_("R1 + R2"), paper="Huang et al. 2024 (R3GAN), arXiv:2501.05441",
    help=N_("Flat at real and at generated samples: what the relativistic loss needs to converge."),
    at="both", symbol="γ", weight=1.0, low=0.0, high=100.0,
    story=Story(
        fixed=N_("The relativistic loss with R1 alone can still explode, since D may get steep at generated samples: R3GAN found that on stacked "
            "MNIST. Flat at both kinds, it is proven to converge locally."),
        use=N_("With the relativistic loss, with a weight that falls by a schedule."),
        fails=N_("Two second backward passes instead of one. Too much of it makes D flat everywhere: a weight that does not suit the data costs "
            "quality in either direction."),
        builds=("penalty.r1", "penalty.r2"),
        base="ring",
    ),
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
    story=Story(
        fixed=N_("Clipping wastes the critic's capacity on simple functions, and gradients vanish or explode with its bound. The best critic has "
            "slope 1 on the lines between samples and data: that is asked for directly."),
        use=N_("With the Wasserstein loss and a critic without batch normalisation. In the comparison Clipping or a gradient penalty it holds 35 "
            "to 40 % high quality, clipping 6 to 8 %."),
        fails=N_("With finitely many steps of D it does not converge in the Dirac-GAN (Mescheder et al. 2018). It needs a second backward pass, "
            "and holds the slope only where it is looked at."),
        builds=("penalty.weight_clipping", "loss.wasserstein"),
        base="wgan",
        settings={"penalty_weight": 1.0},
    ),
)  # fmt: skip
def wgan_gp(squared_norm: Tensor) -> Tensor:
    """λ · E[(‖∇D(x̂)‖ − 1)²] at x̂ = u·x + (1 − u)·G(z).   Gulrajani et al. 2017, equation 3, norm per sample."""
    return _slope_from_one(squared_norm)


@penalty(
    "dragan", title=N_("Gradient penalty (DRAGAN)"), paper="Kodali et al. 2017, arXiv:1705.07215",
    help=N_("Pushes the slope of D towards 1 in a cloud around the real samples, and leaves it free elsewhere."),
    at="near", symbol="λ", weight=10.0, low=0.0, high=100.0,
    story=Story(
        fixed=N_("The authors blame collapse on a D that is steep near single real samples. Its slope is held at 1 in a cloud around the data and "
            "left free elsewhere, with any loss and one step of D."),
        use=N_("With the log loss, where collapse comes from a D that knows real samples too sharply."),
        fails=N_("The cloud must have the right size, which depends on the data (0.1 in the units of training here). Far from the data D is free."),
        builds=("penalty.wgan_gp", "loss.non_saturating"),
        base="gan_lab",
    ),
)  # fmt: skip
def dragan(squared_norm: Tensor) -> Tensor:
    """λ · E[(‖∇D(x + δ)‖ − 1)²] with δ ~ N(0, 0.1²).   Kodali et al. 2017, section 2.4."""
    return _slope_from_one(squared_norm)


@penalty(
    "weight_clipping", title=N_("Weight clipping"), paper="Arjovsky et al. 2017, arXiv:1701.07875",
    help=N_("Cuts every weight of the critic to [−c, c] after each of its steps. Simple, and known to waste its capacity."),
    at=None, symbol="c", weight=0.05, low=0.0001, high=10.0,
    story=Story(
        fixed=N_("The Wasserstein loss needs a critic with a bounded slope. Clipping its weights is the simplest way to have one; the paper itself "
            "calls it a terrible way."),
        use=N_("To see why gradient penalties came."),
        fails=N_("The bound must be searched for: with ±0.01 in the comparison Clipping or a gradient penalty the critic's slope is below 0.0001 "
            "and nothing moves. Weights pile up at the bound, and the critic learns simple functions (Gulrajani et al. 2017)."),
        base="wgan",
        builds=("loss.wasserstein",),
        code=("gan_core.penalties:clip_weights",),
    ),
)  # fmt: skip
def weight_clipping(squared_norm: Tensor) -> Tensor:
    """w ← clip(w, −c, c).   After each critic step, see `clip_weights`; not a term of the loss. Arjovsky et al. 2017, algorithm 1."""
    return torch.zeros_like(squared_norm)


@torch.no_grad()
def clip_weights(parameters: Iterable[nn.Parameter], bound: float) -> None:
    """w ← clip(w, −bound, bound), in place.   Arjovsky et al. 2017, algorithm 1, line 7."""
    for parameter in parameters:
        parameter.clamp_(-bound, bound)

"""Fully connected networks, for points and for small pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import nn

from gan_core.networks.conditional import chain, judge, norm, seen_shape, told_how
from gan_core.networks.family import Family, activation, compared, packed
from gan_core.registry import Story, network
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig


def _layers(n_in: int, c: GeneratorConfig | DiscriminatorConfig, classes: int = 0) -> tuple[list[nn.Module], int]:
    """Linear, normalisation (told the class, with `classes`), activation for each hidden width; and the last width."""
    layers: list[nn.Module] = []
    for width in c.hidden:
        layers += [nn.Linear(n_in, width), *norm(c.norm, width, flat=True, classes=classes), activation(c.activation)]
        n_in = width
    return layers, n_in


def generator(c: GeneratorConfig, latent_dim: int, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    """(B, latent_dim) -> (B, *shape), with `classes` (B, latent_dim + classes); linear output for points, tanh for pictures."""
    n_in, told = told_how(c, latent_dim, classes)
    layers, last = _layers(n_in, c, told)
    layers.append(nn.Linear(last, math.prod(shape)))
    if len(shape) > 1:
        layers += [nn.Tanh(), nn.Unflatten(1, shape)]
    return chain(layers, latent_dim, told)


def discriminator(c: DiscriminatorConfig, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    """(B, *shape) -> (B,) logits; with `classes` as its settings say."""
    before, shape = packed(c, seen_shape(c, shape, classes))
    layers, last = _layers(math.prod(shape), c)
    flatten = [nn.Flatten()] if len(shape) > 1 else []
    together, more = compared(c)
    return judge(c, [*before, *flatten, *layers, *together], last + more, classes)


network("mlp", title=N_("Fully connected (MLP)"), kinds=("points", "images"), classes=True,
        uses=("hidden", "norm", "activation", "spectral_norm"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
        help=N_("Every neuron sees every number of the layer before. Right for points; ignores that pixels have neighbours."),
        story=Story(
            fixed=N_("It is the plainest network that can represent the game; the first GAN was made of two."),
            use=N_("For points in the plane and very small pictures. Narrow and quick beats wide and slow there: the presets ring and grid are 32 "
                "wide."),
            fails=N_("It does not know that pixels have neighbours: strokes come out grainy, and its weights grow with the number of pixels."),
            base="gan_lab",
        ))(
    Family("h ← φ(norm(W h + b)), one such layer for each hidden width, then a linear one.", generator, discriminator)
)  # fmt: skip

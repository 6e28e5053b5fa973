"""Fully connected networks, for points and for small pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import nn

from gan_core.networks.family import Family, Logit, activation, compared, norm, packed
from gan_core.registry import network
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig


def _layers(n_in: int, c: GeneratorConfig | DiscriminatorConfig) -> tuple[list[nn.Module], int]:
    """Linear, normalisation, activation for each hidden width; and the last width."""
    layers: list[nn.Module] = []
    for width in c.hidden:
        layers += [nn.Linear(n_in, width), *norm(c.norm, width, flat=True), activation(c.activation)]
        n_in = width
    return layers, n_in


def generator(c: GeneratorConfig, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
    """(B, latent_dim) -> (B, *shape); linear output for points, tanh for pictures."""
    layers, last = _layers(latent_dim, c)
    layers.append(nn.Linear(last, math.prod(shape)))
    if len(shape) > 1:
        layers += [nn.Tanh(), nn.Unflatten(1, shape)]
    return nn.Sequential(*layers)


def discriminator(c: DiscriminatorConfig, shape: tuple[int, ...]) -> nn.Module:
    """(B, *shape) -> (B,) logits."""
    before, shape = packed(c, shape)
    layers, last = _layers(math.prod(shape), c)
    flatten = [nn.Flatten()] if len(shape) > 1 else []
    together, more = compared(c)
    return nn.Sequential(*before, *flatten, *layers, *together, nn.Linear(last + more, 1), Logit())


network("mlp", title=N_("Fully connected (MLP)"), kinds=("points", "images"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
        help=N_("Every neuron sees every number of the layer before. Right for points; ignores that pixels have neighbours."))(
    Family("Linear, normalisation, activation for each hidden width, then one linear layer.", generator, discriminator)
)  # fmt: skip

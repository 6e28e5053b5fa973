"""A network of your own, for points: `gan-playground --plugin examples/plugins/my_network.py`."""

import torch
from torch import Tensor, nn

from gan_core.config import DiscriminatorConfig, GeneratorConfig
from gan_core.networks.family import Family, Logit
from gan_core.registry import network


class Sine(nn.Module):
    """sin x: waves instead of corners (Sitzmann et al. 2020, arXiv:2006.09661, with frequency 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


def _layers(n: int, hidden: tuple[int, ...]) -> tuple[list[nn.Module], int]:
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(n, width), Sine()]
        n = width
    return layers, n


def generator(c: GeneratorConfig, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
    """(B, latent_dim) -> (B, 2)."""
    layers, width = _layers(latent_dim, c.hidden)
    return nn.Sequential(*layers, nn.Linear(width, *shape))


def discriminator(c: DiscriminatorConfig, shape: tuple[int, ...]) -> nn.Module:
    """(B, 2) -> (B,) logits."""
    layers, width = _layers(*shape, c.hidden)
    return nn.Sequential(*layers, nn.Linear(width, 1), Logit())


network(
    "waves",
    title="Waves (fully connected)",
    help="Each hidden layer ends in a sine.",
    kinds=("points",),  # what it can draw: "points", "images" or both
    uses=("hidden",),  # the settings that it reads
)(Family("sin(Wx + b) for each hidden layer.", generator, discriminator))

"""What every family of networks offers: one builder a player; and the small parts they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from gan_core.networks.together import MinibatchStd, Pack

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}


@dataclass(frozen=True)
class Family:
    """generator(config, latent_dim, shape) and discriminator(config, shape); `shape` is that of one sample. Families that can be told
    a class (`info["classes"]`) are also called with classes=K."""

    doc: str
    generator: Callable[..., nn.Module]
    discriminator: Callable[..., nn.Module]


class Logit(nn.Module):
    """(B, 1) -> (B,): losses work on one logit a sample, without a stray dimension to broadcast by mistake."""

    def forward(self, x: Tensor) -> Tensor:
        return x.squeeze(1)


def packed(c: DiscriminatorConfig, shape: tuple[int, ...]) -> tuple[list[nn.Module], tuple[int, ...]]:
    """What puts the samples that D sees at once into one, and the shape of that."""
    return ([Pack(c.packing)] if c.packing > 1 else []), (c.packing * shape[0], *shape[1:])


def compared(c: DiscriminatorConfig) -> tuple[list[nn.Module], int]:
    """What tells D's last layer how much the samples of a batch differ, and how many channels it adds."""
    return ([MinibatchStd()], 1) if c.minibatch_std else ([], 0)


def activation(name: str) -> nn.Module:
    return _ACTIVATIONS[name]()


def norm(name: str, channels: int, *, flat: bool, affine: bool = True) -> list[nn.Module]:
    """γ · (x − μ) / √(σ² + ε) + β, where mean and variance are of the batch, of the sample or of its channel, as the name says.

    For (B, channels) if `flat`, else for (B, channels, H, W); γ and β are learned if `affine`. An empty list for "none".

    Instance normalisation of a flat layer has one number a channel to normalise and would erase it: layer
    normalisation takes its place there. Layer normalisation of maps is over C, H, W (one group).
    """
    if name == "none":
        return []
    if flat:
        return [
            nn.BatchNorm1d(channels, affine=affine)
            if name == "batch"
            else nn.LayerNorm(channels, elementwise_affine=affine)
        ]
    if name == "batch":
        return [nn.BatchNorm2d(channels, affine=affine)]
    whole = name == "instance"
    return [nn.InstanceNorm2d(channels, affine=affine) if whole else nn.GroupNorm(1, channels, affine=affine)]

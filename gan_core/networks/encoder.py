"""What else the body of a discriminator can do: any family's layers, up to the one that gives the logit, with another one behind them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.networks import family
from gan_core.networks.conditional import Guessing


def encoder(discriminator: nn.Module, outputs: int) -> nn.Sequential:
    """(B, *shape) -> (B, outputs): the layers of a discriminator that is told no class, with another last layer."""
    body, width = _body(discriminator)
    return nn.Sequential(*body, nn.Linear(width, outputs))


def guessing(discriminator: nn.Module, codes: int) -> Guessing:
    """(B, *shape) -> (B, 1 + codes): a discriminator that is told no class, which also reads a code: D and Q of InfoGAN (Chen et al. 2016,
    arXiv:1606.03657) with one body."""
    body, width = _body(discriminator)
    return Guessing(nn.Sequential(*body), width, codes)


class Paired(nn.Module):
    """(B, *shape), (B, dim) -> (B,): the logit of a sample together with its code, which meets what the layers see in the sample behind
    them, two fully connected layers before the end.   BiGAN, Donahue et al. 2017, arXiv:1605.09782, section 4 and appendix C."""

    def __init__(self, features: nn.Module, width: int, dim: int) -> None:
        super().__init__()
        self.features = features
        self.together = nn.Sequential(
            nn.Linear(width + dim, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1), family.Logit()
        )  # fmt: skip

    def forward(self, x: Tensor, codes: Tensor) -> Tensor:
        out: Tensor = self.together(torch.cat([self.features(x), codes], 1))
        return out


def paired(discriminator: nn.Module, dim: int) -> Paired:
    """(B, *shape), (B, dim) -> (B,): a discriminator that is told no class, as one that judges pairs."""
    body, width = _body(discriminator)
    return Paired(nn.Sequential(*body), width, dim)


def _body(discriminator: nn.Module) -> tuple[list[nn.Module], int]:
    """The layers before the last one, and how many numbers they give."""
    *body, linear, _logit = discriminator.children()
    assert isinstance(linear, nn.Linear)
    return body, linear.in_features

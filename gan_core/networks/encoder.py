"""What else the body of a discriminator can do: any family's layers, up to the one that gives the logit, with another one behind them."""

from __future__ import annotations

from torch import nn

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


def _body(discriminator: nn.Module) -> tuple[list[nn.Module], int]:
    """The layers before the last one, and how many numbers they give."""
    *body, linear, _logit = discriminator.children()
    assert isinstance(linear, nn.Linear)
    return body, linear.in_features

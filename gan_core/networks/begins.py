"""Layers that know their own first weights."""

from __future__ import annotations

import math

import torch
from torch import nn


class Begins(nn.Module):
    """A layer whose first weights are not torch's: `begin` draws them, and sets what it keeps beside them."""

    def begin(self, rng: torch.Generator) -> None:
        """Fill the parameters and buffers of this layer itself; `rng` is a CPU generator."""
        raise NotImplementedError


class ScaledConv(nn.Conv2d, Begins):
    """A convolution whose weights begin as N(0, gain²/fan_in), its bias (if any) as 0: a gain of 1 keeps the variance of its input.

    He et al. 2015, arXiv:1502.01852, equation 10.
    """

    def __init__(
        self, n_in: int, n_out: int, size: int, gain: float = 1.0, bias: bool = False, groups: int = 1, padding: int = 0
    ) -> None:
        super().__init__(n_in, n_out, size, padding=padding, groups=groups, bias=bias)
        self.gain = gain

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        begin_scaled(self.weight, self.gain, rng)
        if self.bias is not None:
            self.bias.zero_()


class ScaledLinear(nn.Linear, Begins):
    """A linear layer without bias whose weights begin as N(0, 1/fan_in): it keeps the variance of its input."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, bias=False)

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        begin_scaled(self.weight, 1.0, rng)


def begin_scaled(weight: torch.Tensor, gain: float, rng: torch.Generator) -> None:
    """N(0, gain²/fan_in) in place; nothing is drawn for a gain of 0."""
    nn.init.zeros_(weight)
    if gain:
        weight.normal_(0, gain / math.sqrt(weight[0].numel()), generator=rng)

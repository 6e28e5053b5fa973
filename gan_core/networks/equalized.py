"""Layers whose weights begin as N(0, 1) and are scaled as they are used: all of them learn at the same relative speed.

Equalised learning rate, Karras et al. 2018, arXiv:1710.10196, section 4.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, linear

from gan_core.networks.begins import Begins

SQRT2 = math.sqrt(2)


class Bend(nn.Module):
    """√2 · LeakyReLU(x) of slope 0.2: about as much variance comes out as went in."""

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, 0.2) * SQRT2


class EqualLinear(Begins):
    """(B, n_in) -> (B, n_out): rate · (W x / √n_in + b). It learns `rate` times as fast as its optimiser says; b begins as `bias`."""

    def __init__(self, n_in: int, n_out: int, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(n_out, n_in)), nn.Parameter(torch.empty(n_out))
        self.first, self.rate, self.scale = bias, rate, rate / math.sqrt(n_in)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight * self.scale, self.bias * self.rate)

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        self.weight.normal_(0, 1 / self.rate, generator=rng)
        self.bias.fill_(self.first / self.rate)


class EqualConv(Begins):
    """(B, n_in, H, W) -> (B, n_out, H, W): a convolution of odd size with zeros beyond the border, W / √(n_in · size²)."""

    def __init__(self, n_in: int, n_out: int, size: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_out, n_in, size, size))
        self.bias = nn.Parameter(torch.empty(n_out)) if bias else None
        self.padding, self.scale = size // 2, 1 / math.sqrt(n_in * size**2)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        self.weight.normal_(generator=rng)
        if self.bias is not None:
            self.bias.zero_()

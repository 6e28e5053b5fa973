"""What a style does: it scales the channels that a convolution reads, for each sample by itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from gan_core.networks.begins import Begins
from gan_core.networks.equalized import Bend, EqualLinear
from gan_core.networks.resampling import Blur


class ModulatedConv(Begins):
    """(B, n_in, H, W) and w (B, dim) -> (B, n_out, H, W), twice the size with `up`: a convolution by weights of each sample's own.

    w′ₒᵢₖ = sᵢ · wₒᵢₖ with the style s = A w, demodulated w″ = w′ / √(Σᵢₖ w′² + 1e-8).   Karras et al. 2020, arXiv:1912.04958, equations 1, 3.
    The samples share one convolution: scaling its input by s and its output by the root is the same.
    """

    def __init__(self, n_in: int, n_out: int, size: int, dim: int, demodulated: bool = True, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_out, n_in, size, size))
        self.style = EqualLinear(dim, n_in, bias=1.0)
        self.blur = Blur() if up else None
        self.demodulated, self.scale, self.padding = demodulated, 1 / math.sqrt(n_in * size**2), size // 2

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style, weight = self.style(w), self.weight * self.scale
        x = x * style[:, :, None, None]
        if self.blur is None:
            x = conv2d(x, weight, padding=self.padding)
        else:
            x = self.blur(conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        if not self.demodulated:
            return x
        root: Tensor = (style.square() @ weight.square().sum((2, 3)).t() + 1e-8).rsqrt()  # (B, n_out)
        return x * root[:, :, None, None]

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        self.weight.normal_(generator=rng)


class Noise(Begins):
    """x + strength · noise, (B, C, H, W), one number a place: noise (B, 1, H, W), or without it a map that stays the same."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.empty(()))
        self.register_buffer("fixed", torch.empty(1, 1, size, size))
        self.fixed: Tensor

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        return x + self.strength * (self.fixed if noise is None else noise)

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        self.strength.zero_()
        self.fixed.normal_(generator=rng)


class StyledConv(Begins):
    """A layer of a style-based generator: modulated 3×3 convolution, noise, bias, LeakyReLU."""

    def __init__(self, n_in: int, n_out: int, size: int, dim: int, up: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(n_in, n_out, 3, dim, up=up)
        self.noise = Noise(size)
        self.bias = nn.Parameter(torch.empty(n_out, 1, 1))
        self.bend = Bend()

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        out: Tensor = self.bend(self.noise(self.conv(x, w), noise) + self.bias)
        return out

    @torch.no_grad()
    def begin(self, _rng: torch.Generator) -> None:
        self.bias.zero_()


class ToPicture(Begins):
    """(B, n_in, H, W) and w (B, dim) -> (B, channels, H, W): what a layer adds to the picture, modulated but not demodulated."""

    def __init__(self, n_in: int, channels: int, dim: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(n_in, channels, 1, dim, demodulated=False)
        self.bias = nn.Parameter(torch.empty(channels, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        out: Tensor = self.conv(x, w) + self.bias
        return out

    @torch.no_grad()
    def begin(self, _rng: torch.Generator) -> None:
        self.bias.zero_()

"""Doubling and halving of maps by the filter [1, 3, 3, 1]: smooth enough that neither prints a pattern of its own.

It is applied along rows and along columns, to each channel by itself. Beyond the border there are zeros, as in StyleGAN2 (Karras et al.
2020, arXiv:1912.04958) and R3GAN (Huang et al. 2024, arXiv:2501.05441).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from gan_core.networks.begins import Begins


class Resampling(Begins):
    """What keeps the filter: (1, 1, 4, 4), of sum `gain`, fixed."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = gain
        self.register_buffer("kernel", torch.empty(1, 1, 4, 4), persistent=False)
        self.kernel: Tensor
        self.begin()

    @torch.no_grad()
    def begin(self, _rng: torch.Generator | None = None) -> None:
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        self.kernel.copy_(taps.outer(taps) * (self.gain / 64))

    def each(self, x: Tensor) -> Tensor:
        """The filter for each channel of x (B, C, …): (C, 1, 4, 4)."""
        return self.kernel.expand(int(x.shape[1]), 1, 4, 4)  # a plain number, also while it is traced


class Up(Resampling):
    """(B, C, H, W) -> (B, C, 2H, 2W): zeros between the pixels, then the filter."""

    def __init__(self) -> None:
        super().__init__(4.0)  # three of four pixels are zeros

    def forward(self, x: Tensor) -> Tensor:
        return conv_transpose2d(x, self.each(x), stride=2, padding=1, groups=x.shape[1])


class Down(Resampling):
    """(B, C, H, W) -> (B, C, H/2, W/2), for even H and W: the filter, then every second pixel."""

    def __init__(self) -> None:
        super().__init__(1.0)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.each(x), stride=2, padding=1, groups=x.shape[1])


class Blur(Resampling):
    """(B, C, H + 1, W + 1) -> (B, C, H, W): the filter alone, behind a transposed convolution of stride 2."""

    def __init__(self) -> None:
        super().__init__(4.0)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.each(x), padding=1, groups=x.shape[1])

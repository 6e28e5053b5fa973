"""The networks of R3GAN (Huang et al. 2024, arXiv:2501.05441, "Config E"): residual blocks, no normalisation, no tanh.

Both players have as many blocks at each size. D is G the other way round.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_core.networks.begins import Begins, ScaledConv, ScaledLinear
from gan_core.networks.conditional import judge, seen_shape
from gan_core.networks.family import Family, Logit, compared, packed
from gan_core.networks.resampling import Down, Up
from gan_core.registry import Story, network
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig

_SMALLEST = 7  # the smallest map is at most so wide: 4 or 7 pixels
_EXPANSION = 2  # inside a block
_GROUP = 16  # channels that a 3×3 convolution sees at once, at least
_SLOPE = 0.2
_GAIN = math.sqrt(2 / (1 + _SLOPE**2))  # makes up for what LeakyReLU takes from the variance


class Block(nn.Module):
    """x + W₃ φ(W₂ * φ(W₁x)), (B, C, H, W): 1×1 to twice the channels, 3×3 in groups of 16 channels, 1×1 back; φ LeakyReLU of slope 0.2.

    W₃ begins as 0, the others with √(2/1.04) · L^(−1/4) for L blocks in a row: none of them can blow up the sum.
    Zhang et al. 2019 (Fixup), arXiv:1901.09321.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        inside, gain = _EXPANSION * channels, _GAIN * blocks**-0.25
        self.body = nn.Sequential(
            ScaledConv(channels, inside, 1, gain, bias=True),
            nn.LeakyReLU(_SLOPE),
            ScaledConv(inside, inside, 3, gain, bias=True, groups=groups(inside), padding=1),
            nn.LeakyReLU(_SLOPE),
            ScaledConv(inside, channels, 1, gain=0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


class Basis(Begins):
    """(B, inputs) -> (B, C, size, size): for each channel a learned picture, as strong as a linear map of the input says."""

    def __init__(self, n_in: int, channels: int, size: int) -> None:
        super().__init__()
        self.pictures = nn.Parameter(torch.empty(channels, size, size))
        self.strength = ScaledLinear(n_in, channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.strength(x)[:, :, None, None] * self.pictures
        return out

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        self.pictures.normal_(generator=rng)


def groups(channels: int) -> int:
    """Into how many groups of at least 16 channels they can be split: as many as divide them evenly."""
    return next(n for n in range(max(1, channels // _GROUP), 0, -1) if channels % n == 0)


def sizes(size: int) -> list[int]:
    """The sides of the maps, from the smallest one to that of the picture: 16 -> 4, 8, 16; 28 -> 7, 14, 28."""
    found = [size]
    while found[0] > _SMALLEST:
        found.insert(0, found[0] // 2)
    return found


def _widths(width: int, count: int) -> list[int]:
    """The channels of the maps of both players, from the picture inwards."""
    return [min(width << i, 8 * width) for i in range(count)]


def generator(c: GeneratorConfig, latent_dim: int, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    """(B, latent_dim + classes) -> (B, C, H, W), without a bound: learned pictures of 4 or 7 pixels, and blocks at each size."""
    sides = sizes(shape[-1])
    widths = _widths(c.width, len(sides))[::-1]
    layers: list[nn.Module] = [Basis(latent_dim + classes, widths[0], sides[0])]
    for i, width in enumerate(widths):
        if i:
            layers += [ScaledConv(widths[i - 1], width, 1)] if widths[i - 1] != width else []
            layers.append(Up())
        layers += [Block(width, c.blocks * len(widths)) for _ in range(c.blocks)]
    return nn.Sequential(*layers, ScaledConv(widths[-1], shape[0], 1))


def discriminator(c: DiscriminatorConfig, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    """(B, C, H, W) -> (B,) logits; with `classes` as its settings say."""
    before, shape = packed(c, seen_shape(c, shape, classes))
    side = sizes(shape[-1])[0]
    widths = _widths(c.width, len(sizes(shape[-1])))
    layers: list[nn.Module] = [*before, ScaledConv(shape[0], widths[0], 1)]
    for i, width in enumerate(widths):
        if i:
            layers.append(Down())
            layers += [ScaledConv(widths[i - 1], width, 1)] if widths[i - 1] != width else []
        layers += [Block(width, c.blocks * len(widths)) for _ in range(c.blocks)]
    together, more = compared(c)
    seen = widths[-1] + more
    layers += [*together, ScaledConv(seen, seen, side, groups=seen), nn.Flatten()]
    return judge(c, layers, seen, classes) if classes else nn.Sequential(*layers, ScaledLinear(seen, 1), Logit())


network("r3gan", title=N_("Residual (R3GAN)"), kinds=("images",), classes=True, uses=("width", "blocks"), bounded=False, own_start=True,
        paper="Huang et al. 2024, arXiv:2501.05441",
        help=N_("Blocks that add to what came before, in groups of channels, without any normalisation: what modern networks are made of."),
        story=Story(
            fixed=N_("StyleGAN2 needs a long list of tricks. With a loss that converges they can go: what remains are residual blocks with grouped "
                "convolutions, without normalisation."),
            use=N_("With the relativistic loss and R1 + R2, where there is time or a GPU."),
            fails=N_("It depends on first weights that keep the variance through all blocks, and works at the picture's full size, so that a step "
                "takes longer than with plain convolutions."),
            base="r3gan",
            builds=("network.style", "loss.relativistic"),
            code=("gan_core.networks.r3gan:Block",),
        ))(
    Family("x + 1×1(φ(grouped 3×3(φ(1×1 x)))), φ LeakyReLU, resampled by [1, 3, 3, 1]; learned pictures at the smallest size.",
           generator, discriminator)
)  # fmt: skip

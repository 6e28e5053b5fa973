"""A small style-based generator, and the residual discriminator that belongs to it.

    g = StyleGenerator(...)
    w = g.mapping(z)                                  # (B, dim)
    pictures = g.synthesis(w[:, None].expand(-1, g.layers, -1))     # a w for each layer: g.layer_names

Karras et al. 2019, arXiv:1812.04948 (mapping, noise, mixing, truncation) and 2020, arXiv:1912.04958 (modulated convolutions, a sum of
pictures, residual D).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_core.networks.begins import Begins
from gan_core.networks.equalized import SQRT2, Bend, EqualConv, EqualLinear
from gan_core.networks.family import Family, Logit, compared, packed
from gan_core.networks.modulated import StyledConv, ToPicture
from gan_core.networks.r3gan import sizes
from gan_core.networks.resampling import Down, Up
from gan_core.registry import Story, network
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig

# The paper's mapping network learns a hundredth as fast as the rest, in runs a thousand times as long as those here.
_MAPPING_RATE = 0.1
_FOLLOWS = 0.005  # how much of each batch's mean w goes into the average (1 − 0.995)


class Mapping(nn.Module):
    """z (B, dim) -> w (B, dim): z on a sphere of radius √dim, then fully connected layers that learn slowly."""

    def __init__(self, dim: int, depth: int) -> None:
        super().__init__()
        layers = [(EqualLinear(dim, dim, rate=_MAPPING_RATE), Bend()) for _ in range(depth)]
        self.layers = nn.Sequential(*(part for pair in layers for part in pair))

    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = self.layers(z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt())
        return out


class StyleGenerator(Begins):
    """(B, dim) -> (B, C, H, W), without a bound. With (B, dim + beside), what is drawn for each sample of a training batch lies behind
    its latents: the noise of every layer and, for mixing, a second latent and where to change over to it."""

    def __init__(self, c: GeneratorConfig, dim: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.sides = sizes(shape[-1])
        widths = [min(c.width << i, 8 * c.width) for i in range(len(self.sides))][::-1]
        self.dim, self.mixes = dim, c.style_mixing
        self.mapping = Mapping(dim, c.mapping)
        self.register_buffer("mean", torch.empty(dim))  # w̄
        self.mean: Tensor
        self.constant = nn.Parameter(torch.empty(1, widths[0], self.sides[0], self.sides[0]))
        self.convs = nn.ModuleList([StyledConv(widths[0], widths[0], self.sides[0], dim)])
        for n_in, n_out, side in zip(widths, widths[1:], self.sides[1:], strict=False):
            self.convs += [StyledConv(n_in, n_out, side, dim, up=True), StyledConv(n_out, n_out, side, dim)]
        self.pictures = nn.ModuleList(ToPicture(width, shape[0], dim) for width in widths)
        self.up = Up()

    @property
    def layers(self) -> int:
        """How many w `synthesis` takes: one a convolution, and one for the last picture."""
        return len(self.convs) + 1

    @property
    def layer_names(self) -> list[str]:
        """What each w decides about: the map that its layer draws."""
        grown = [name for side in self.sides[1:] for name in (f"{side} × {side}, 1", f"{side} × {side}, 2")]
        return [f"{self.sides[0]} × {self.sides[0]}", *grown, "picture"]

    @property
    def _noises(self) -> list[int]:
        """The side of each layer's noise."""
        return [self.sides[0], *(side for side in self.sides[1:] for _ in range(2))]

    @property
    def beside(self) -> int:
        """How many numbers are drawn for each sample besides its latents."""
        return sum(side**2 for side in self._noises) + (self.dim + 1 if self.mixes else 0)

    def draw_beside(self, n: int, rng: torch.Generator) -> Tensor:
        """(n, beside): Gaussian, and the last one uniform where it says how to mix."""
        drawn = torch.randn(n, self.beside, generator=rng, device=rng.device)
        if self.mixes:
            drawn[:, -1] = torch.rand(n, generator=rng, device=rng.device)
        return drawn

    def forward(self, x: Tensor, truncation: float = 1.0) -> Tensor:
        z, more = x[:, : self.dim], x[:, self.dim :]
        w = self.mapping(z)
        if self.training:
            self.mean.lerp_(w.detach().mean(0).to(self.mean.dtype), _FOLLOWS)
        w = self.truncated(w, truncation)
        own = w[:, None].expand(-1, self.layers, -1)
        if not more.shape[1]:
            return self.synthesis(own)
        if self.mixes:
            own = self._mixed(own, self.mapping(more[:, -1 - self.dim : -1]), more[:, -1:])
        maps = torch.split(more[:, : sum(s**2 for s in self._noises)], [s**2 for s in self._noises], 1)
        return self.synthesis(own, [m.view(-1, 1, s, s) for m, s in zip(maps, self._noises, strict=True)])

    def truncated(self, w: Tensor, psi: float) -> Tensor:
        """w′ = w̄ + ψ (w − w̄): ψ = 1 changes nothing, 0 leaves the mean picture.   Karras et al. 2019, appendix B."""
        return w if psi == 1 else self.mean + psi * (w - self.mean)

    def _mixed(self, own: Tensor, other: Tensor, u: Tensor) -> Tensor:
        """(w, …, w, w′, …, w′), the layers from a chosen one on follow another style.   (B, layers, dim), for a share `mixes` of the samples.
        own, other (B, dim): w and w′; u (B, 1), uniform, says for which and from where.   Karras et al. 2019, section 3.1."""
        place = torch.floor(u / self.mixes * (self.layers - 1)) + 1
        change = torch.where(u < self.mixes, place, torch.full_like(place, self.layers))
        first = torch.arange(self.layers, device=u.device) < change  # (B, layers)
        return torch.where(first[:, :, None], own, other[:, None])

    def synthesis(self, ws: Tensor, noise: list[Tensor] | None = None) -> Tensor:
        """(B, layers, dim) -> (B, C, H, W). noise: (B, 1, H, W) a convolution; without it, maps that stay the same."""
        x = self.constant.expand(ws.shape[0], -1, -1, -1)
        x = self.convs[0](x, ws[:, 0], noise[0] if noise else None)
        picture: Tensor = self.pictures[0](x, ws[:, 1])
        for i in range(1, len(self.convs), 2):
            for k in (i, i + 1):
                x = self.convs[k](x, ws[:, k], noise[k] if noise else None)
            picture = self.up(picture) + self.pictures[(i + 1) // 2](x, ws[:, i + 2])
        return picture

    @torch.no_grad()
    def begin(self, rng: torch.Generator) -> None:
        self.mean.zero_()
        self.constant.normal_(generator=rng)


class Shrink(nn.Module):
    """(f(x) + 1×1 x) / √2, both at half the size, (B, n_in, H, W) -> (B, n_out, H/2, W/2).   Karras et al. 2020, section 4.1."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(EqualConv(n_in, n_in, 3), Bend(), Down(), EqualConv(n_in, n_out, 3), Bend())
        self.skip = nn.Sequential(Down(), EqualConv(n_in, n_out, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = (self.body(x) + self.skip(x)) / SQRT2
        return out


def generator(c: GeneratorConfig, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
    """(B, latent_dim) -> (B, C, H, W)."""
    return StyleGenerator(c, latent_dim, shape)


def discriminator(c: DiscriminatorConfig, shape: tuple[int, ...]) -> nn.Module:
    """(B, C, H, W) -> (B,) logits: residual blocks down to 4 or 7 pixels, and two linear layers."""
    before, shape = packed(c, shape)
    sides = sizes(shape[-1])
    widths = [min(c.width << i, 8 * c.width) for i in range(len(sides))]
    layers: list[nn.Module] = [*before, EqualConv(shape[0], widths[0], 1), Bend()]
    layers += [Shrink(n_in, n_out) for n_in, n_out in itertools.pairwise(widths)]
    together, more = compared(c)
    last, area = widths[-1], sides[0] ** 2
    layers += [*together, EqualConv(last + more, last, 3), Bend(), nn.Flatten(), EqualLinear(last * area, last), Bend()]
    return nn.Sequential(*layers, EqualLinear(last, 1), Logit())


network("style", title=N_("Style-based (StyleGAN)"), kinds=("images",), uses=("width", "mapping", "style_mixing", "truncation"), bounded=False,
        own_start=True, paper="Karras et al. 2020, arXiv:1912.04958",
        help=N_("The noise does not enter at the bottom: a small network makes a style of it, which scales the channels of every layer."),
        story=Story(
            fixed=N_("Noise that enters at the bottom entangles everything. A mapping makes a style of it that scales the channels of every layer; "
                "StyleGAN2 scales the weights instead of normalising maps, which removes droplets in the pictures."),
            use=N_("Where latent space is to be explored: styles can be mixed and truncated, and directions in w change one thing at a time more "
                "often."),
            fails=N_("It needs R1, and rates for weights that are scaled as they are used. Noise in each layer costs random numbers, and small "
                "pictures gain little from it."),
            base="style",
            builds=("network.dcgan",),
            code=("gan_core.networks.style:StyleGenerator",),
        ))(
    Family("w = f(z); a learned constant, and 3×3 convolutions whose weights w scales, with noise in each, growing to the picture.",
           generator, discriminator)
)  # fmt: skip

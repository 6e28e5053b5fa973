"""Networks that turn a picture into a picture: the U-Net of pix2pix, the residual one of CycleGAN; and the discriminator of patches.

Two of a kind, one for each direction, are one player: see `Both`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_core.networks.dcgan import up
from gan_core.networks.family import Family, activation, norm
from gan_core.registry import Story, network
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig

_DROPPED = 3  # of the U-Net's innermost layers on the way up have dropout, as in the paper
_SMALLEST = 4  # the innermost map of the U-Net is at least this wide
PATCHES = {16: 1, 34: 2, 70: 3}  # side of what an output of D sees, in pixels -> layers of stride 2


class Dropout(nn.Module):
    """Zeroes each value with probability `share` in training and scales the rest, drawing from a generator of the run's own.

    Srivastava et al. 2014. `rng`: a generator on the device; without one nothing is dropped.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.rng: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rng is None or not self.share:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.rng)
        return x * kept / (1 - self.share)

    def __deepcopy__(self, _memo: dict[int, object]) -> Dropout:
        return Dropout(self.share)  # a copy is for looking, and drops nothing


class Level(nn.Module):
    """One size of a U-Net: down, whatever lies further in, up again; and the map itself beside what comes up.   Ronneberger et al. 2015,
    arXiv:1505.04597. (B, C, H, W) -> (B, C + n, H, W), n channels of `up`; the outermost gives those alone."""

    def __init__(self, down: nn.Module, inner: nn.Module | None, up: nn.Module, outermost: bool = False) -> None:
        super().__init__()
        self.down, self.inner, self.up, self.outermost = down, inner, up, outermost

    def forward(self, x: Tensor) -> Tensor:
        deep = self.down(x)
        out: Tensor = self.up(self.inner(deep) if self.inner is not None else deep)
        return out if self.outermost else torch.cat([x, out], 1)


def depth(size: int) -> int:
    """How often a U-Net halves a side: until 4 pixels, or an odd number. 32 -> 8 … 4 (3 times), 28 -> 7 (2)."""
    n = 0
    while size % 2 == 0 and size // 2 >= _SMALLEST:
        size, n = size // 2, n + 1
    return n


def unet(c: GeneratorConfig, given: tuple[int, ...], shape: tuple[int, ...]) -> nn.Module:
    """(B, C', H, W) -> (B, C, H, W) in [−1, 1]: 4 × 4 convolutions of stride 2 down and their transposes up, widths doubling up to 8×."""
    n = depth(shape[-1])
    widths = [min(c.width << i, 8 * c.width) for i in range(n)]
    inner: nn.Module | None = None
    for i in reversed(range(n)):
        n_in, n_out = (widths[i - 1], widths[i - 1]) if i else (given[0], shape[0])
        innermost, outermost = i == n - 1, i == 0
        down: list[nn.Module] = [] if outermost else [nn.LeakyReLU(0.2)]
        down += [nn.Conv2d(n_in, widths[i], 4, stride=2, padding=1)]
        down += [] if outermost or innermost else norm(c.norm, widths[i], flat=False)
        rise: list[nn.Module] = [nn.ReLU(), *up(c, widths[i] * (1 if innermost else 2), n_out)]
        if outermost:
            rise.append(nn.Tanh())
        else:
            rise += norm(c.norm, n_out, flat=False)
            rise += [Dropout(c.dropout)] if c.dropout and n - 1 - i < _DROPPED else []
        inner = Level(nn.Sequential(*down), inner, nn.Sequential(*rise), outermost)
    assert inner is not None
    return inner


class Residual(nn.Module):
    """(B, C, H, W) -> the same: x + conv(relu(conv(x))), 3 × 3, the border mirrored.   Johnson et al. 2016, arXiv:1603.08155."""

    def __init__(self, channels: int, name: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), *norm(name, channels, flat=False), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), *norm(name, channels, flat=False),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


def residual(c: GeneratorConfig, given: tuple[int, ...], shape: tuple[int, ...]) -> nn.Module:
    """(B, C', H, W) -> (B, C, H, W) in [−1, 1]: two halvings, `blocks` residual blocks at a quarter of the size, two doublings.   Zhu et al.
    2017, arXiv:1703.10593, section 7.2 (c7s1, d, R, u)."""
    w = c.width

    def layer(*parts: nn.Module, channels: int) -> list[nn.Module]:
        return [*parts, *norm(c.norm, channels, flat=False), nn.ReLU()]

    return nn.Sequential(
        *layer(nn.ReflectionPad2d(3), nn.Conv2d(given[0], w, 7), channels=w),
        *layer(nn.Conv2d(w, 2 * w, 3, stride=2, padding=1), channels=2 * w),
        *layer(nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1), channels=4 * w),
        *(Residual(4 * w, c.norm) for _ in range(c.blocks)),
        *layer(*up(c, 4 * w, 2 * w), channels=2 * w),
        *layer(*up(c, 2 * w, w), channels=w),
        nn.ReflectionPad2d(3), nn.Conv2d(w, shape[0], 7), nn.Tanh(),
    )  # fmt: skip


class Patches(nn.Module):
    """(B, C, H, W), and what was given (B, C', H, W) where it is told -> (B, P) logits, one a patch.   Isola et al. 2017, arXiv:1611.07004,
    section 3.2.2."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor, given: Tensor | None = None) -> Tensor:
        out: Tensor = self.body(x if given is None else torch.cat([given, x], 1))
        return out.flatten(1)


def patches(c: DiscriminatorConfig, shape: tuple[int, ...], told: int = 0) -> nn.Module:
    """D of patches of `c.patch` pixels a side; told: channels of what was given, which it sees beside the picture."""
    n_in, width = told + shape[0], c.width
    layers: list[nn.Module] = []
    for i in range(PATCHES[c.patch]):
        layers += [
            nn.Conv2d(n_in, width, 4, stride=2, padding=1),
            *(norm(c.norm, width, flat=False) if i else []),
            activation(c.activation),
        ]
        n_in, width = width, min(2 * width, 8 * c.width)
    layers += [nn.Conv2d(n_in, width, 4, padding=1), *norm(c.norm, width, flat=False), activation(c.activation)]
    return Patches(nn.Sequential(*layers, nn.Conv2d(width, 1, 4, padding=1)))


class Both(nn.Module):
    """Two networks that learn as one player: `there`, from what is given to what shall come out, which this is when called; and `back`."""

    def __init__(self, there: nn.Module, back: nn.Module) -> None:
        super().__init__()
        self.there, self.back = there, back

    def forward(self, *inputs: Tensor) -> Tensor:
        out: Tensor = self.there(*inputs)
        return out


def _none(*_anything: object) -> nn.Module:
    raise NotImplementedError("this network plays one part only")


network("unet", title=N_("U-Net"), kinds=("pairs",), plays=("generator",), uses=("width", "norm", "upsampling", "dropout"),
        paper="Isola et al. 2017, arXiv:1611.07004; Ronneberger et al. 2015, arXiv:1505.04597",
        help=N_("Goes down to a few pixels and up again, with a bridge at each size: what stays where it was goes across."),
        story=Story(
            fixed=N_("A translator that squeezes a picture through a few pixels loses its outlines. Bridges carry them across at each size "
                "(Ronneberger et al. 2015)."),
            use=N_("Where input and output share their outlines, as with pix2pix."),
            fails=N_("What goes across easily is copied: shapes that should change hardly do."),
            base="edges",
        ))(
    Family("Convolutions of stride 2 down and transposes up; maps of each size are put beside those that come up.", unet, _none)
)  # fmt: skip
network("residual", title=N_("Residual (CycleGAN)"), kinds=("pairs",), plays=("generator",), uses=("width", "norm", "upsampling", "blocks"),
        paper="Zhu et al. 2017, arXiv:1703.10593; Johnson et al. 2016, arXiv:1603.08155",
        help=N_("Works at a quarter of the size, in blocks that each change a little of what they are given."),
        story=Story(
            fixed=N_("A network that keeps a quarter of the resolution and adds changes block by block keeps places without bridges; it comes from the "
                "transfer of painting styles."),
            use=N_("With CycleGAN, where more than colour and texture should change."),
            fails=N_("It works at a quarter of the size throughout, which costs more than a U-Net, and fine detail has to pass two halvings."),
            base="neon",
            code=("gan_core.networks.translation:Residual",),
        ))(
    Family("x ← x + conv(relu(conv(x))), several such blocks between two halvings and two doublings; no bridges.", residual, _none)
)  # fmt: skip
network("patches", title=N_("Patches (PatchGAN)"), kinds=("pairs",), plays=("discriminator",), uses=("width", "norm", "activation", "spectral_norm", "patch"),
        paper="Isola et al. 2017, arXiv:1611.07004",
        help=N_("Judges every patch of a picture by itself: texture is its business, the whole is not."),
        story=Story(
            fixed=N_("An L1 distance gets the coarse picture right and blurs detail. A D that only judges patches asks for detail and leaves the whole "
                "to the L1 distance, with far fewer weights."),
            use=N_("In translation, with a patch as large as the detail that matters."),
            fails=N_("Nobody asks whether the whole makes sense: parts that are further apart than a patch need not fit."),
            base="edges",
            code=("gan_core.networks.translation:Patches",),
        ))(
    Family("Convolutions without a last layer over the whole: each output sees a patch.", _none, patches)
)  # fmt: skip

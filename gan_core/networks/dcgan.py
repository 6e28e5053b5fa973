"""Convolutional networks after DCGAN (Radford et al. 2016, arXiv:1511.06434), for pictures of 8 to 128 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from gan_core.networks.attention import SelfAttention
from gan_core.networks.conditional import chain, judge, norm, seen_shape, told_how
from gan_core.networks.family import Family, activation, compared, packed
from gan_core.registry import Story, network
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig

_SMALLEST = 8  # the generator's first map is at most this wide: 4, 7 or 8 pixels


def _doublings(size: int) -> int:
    """How often `size` is halved until it is at most 8: 28 -> 7 (2 times), 32 -> 8 (2), 64 -> 8 (3), 8 -> 4 (1)."""
    n = 1
    while size >> n > _SMALLEST:
        n += 1
    return n


def up(c: GeneratorConfig, n_in: int, n_out: int) -> list[nn.Module]:
    """(n_in, H, W) -> (n_out, 2H, 2W)."""
    if c.upsampling == "transposed":  # a kernel that the stride divides overlaps evenly: fewer checkerboards
        return [nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1)]
    mode = {"align_corners": False} if c.upsampling == "bilinear" else {}
    return [nn.Upsample(scale_factor=2, mode=c.upsampling, **mode), nn.Conv2d(n_in, n_out, 3, padding=1)]


def generator(c: GeneratorConfig, latent_dim: int, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    """(B, latent_dim) -> (B, C, H, W) in [−1, 1], with `classes` (B, latent_dim + classes): one linear layer to the smallest map, then doublings; attention at half the size."""
    channels, size = shape[0], shape[-1]
    n = _doublings(size)
    start = size >> n
    widths = [min(c.width << i, 8 * c.width) for i in reversed(range(n))]
    n_in, told = told_how(c, latent_dim, classes)
    layers: list[nn.Module] = [
        nn.Linear(n_in, widths[0] * start * start),
        nn.Unflatten(1, (widths[0], start, start)),
    ]
    layers += [*norm(c.norm, widths[0], flat=False, classes=told), activation(c.activation)]
    for i in range(n - 1):
        layers += [
            *up(c, widths[i], widths[i + 1]),
            *norm(c.norm, widths[i + 1], flat=False, classes=told),
            activation(c.activation),
        ]
    layers += [SelfAttention(widths[-1])] if c.attention else []
    return chain([*layers, *up(c, widths[-1], channels), nn.Tanh()], latent_dim, told)


def discriminator(c: DiscriminatorConfig, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    """(B, C, H, W) -> (B,) logits, with `classes` as its settings say: 3×3 convolutions of stride 2 down to 4 pixels, the first without normalisation and
    with attention behind it."""
    before, shape = packed(c, seen_shape(c, shape, classes))
    n_in, size = shape[0], shape[-1]
    layers: list[nn.Module] = []
    width = c.width
    while size > 4:
        normalised = norm(c.norm, width, flat=False) if layers else []
        attention = [SelfAttention(width)] if c.attention and not layers else []
        layers += [nn.Conv2d(n_in, width, 3, stride=2, padding=1), *normalised, activation(c.activation), *attention]
        n_in, width, size = width, min(2 * width, 8 * c.width), (size + 1) // 2
    together, more = compared(c)
    return judge(c, [*before, *layers, *together, nn.Flatten()], (n_in + more) * size * size, classes)


network("dcgan", title=N_("Convolutional (DCGAN)"), kinds=("images",), classes=True,
        uses=("width", "norm", "activation", "upsampling", "attention", "spectral_norm"), paper="Radford et al. 2016, arXiv:1511.06434",
        help=N_("Small filters that slide over the picture; the generator grows it, the discriminator shrinks it."),
        story=Story(
            fixed=N_("Convolutional GANs would not train. Strided convolutions without pooling, batch normalisation, ReLU in G and LeakyReLU in D made "
                "a recipe that worked on most pictures."),
            use=N_("For pictures of up to 64 pixels, as a fast baseline."),
            fails=N_("With batch normalisation in D and no penalty it forgets classes (a rarest class of 0.0 % on the small digits, seed 0). "
                "Transposed convolutions can leave a checkerboard."),
            base="dcgan",
            builds=("network.mlp", "trick.batch_norm"),
        ))(
    Family("Convolutions of stride 2 (D) and their transposes or resizing (G); widths double towards the smallest map.",
           generator, discriminator)
)  # fmt: skip

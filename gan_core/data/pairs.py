"""Pictures for translation: what is given and what shall come out, as one set. Built-in pairs are made from the sets that the app has.

A set turned round translates the other way. Whether the pictures of a row belong together while a run learns is the method's business:
CycleGAN never looks at it; that the held-out ones do is what its translations are measured by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from gan_core.data import shapes as coloured
from gan_core.data.digits import digits
from gan_core.data.painting import LICENCE, sample
from gan_core.data.sets import ImageSet, Progress, take_in
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

TRAIN, HELD_OUT = 4_000, 500  # of pairs made from coloured shapes
_SEED = 20_260_301
NOISE = 64.0  # standard deviation, of 255
HOLE = 3 / 8  # of the side
SHRUNK = 4  # times smaller
LINE = 0.035  # half the width of an outline, in widths of the picture
_OF_A_KIND = 10_000  # pictures that a classifier of both kinds learns from at most
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class PairSet(ImageSet):
    """`images`, `test_images` are what shall come out; given (M, C', H, W) and test_given uint8 what goes in.

    together: row i of `given` belongs to row i of `images` (M = N), so that a method that needs pairs can learn from it. matched: the same
    of the held-out ones, so that a translation can be compared with the truth. titles: of what goes in, and of what comes out. `labels` are
    those of the pictures that come out, given_labels those of what goes in.
    """

    given: Tensor = None  # type: ignore[assignment]  # always there: a default only since fields before it have one
    test_given: Tensor = None  # type: ignore[assignment]
    titles: tuple[str, str] = ("", "")
    together: bool = True
    matched: bool = True
    given_labels: Tensor | None = None
    test_given_labels: Tensor | None = None
    kind: ClassVar[str] = "pairs"

    @property
    def given_shape(self) -> tuple[int, ...]:
        """(C', H, W)."""
        return tuple(self.given.shape[1:])

    @property
    def largest_batch(self) -> int:
        """How many different training samples there are of either kind."""
        return min(len(self.images), len(self.given))

    @property
    def as_kinds(self) -> ImageSet:
        """Pictures of both kinds, at most 10,000 of each, labelled by their kind: for a classifier that tells them apart. Both have the same shape."""
        images, test = (
            [part[:_OF_A_KIND] for part in both]
            for both in ((self.given, self.images), (self.test_given, self.test_images))
        )
        labels, test_labels = (
            torch.cat([torch.full((len(part),), kind) for kind, part in enumerate(both)]) for both in (images, test)
        )
        return ImageSet("two kinds", torch.cat(images), labels, torch.cat(test), test_labels, self.titles, self.licence)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what goes in and what comes out."""
        digest = hashlib.sha256()
        take_in(digest, self.given)
        take_in(digest, self.images)
        return digest.hexdigest()

    def limited(self, count: int) -> PairSet:
        """The same with at most `count` training pictures on either side, always the same ones. 0: all."""
        if not count or count >= max(len(self.given), len(self.images)):
            return self
        out = _some(len(self.images), count)
        into = out if self.together else _some(len(self.given), count)
        return replace(self, images=self.images[out], labels=None if self.labels is None else self.labels[out], given=self.given[into],
                       given_labels=None if self.given_labels is None else self.given_labels[into], whole=self)  # fmt: skip

    def turned(self) -> PairSet:
        """What came out goes in, and what went in comes out."""
        return replace(self, images=self.given, given=self.images, test_images=self.test_given, test_given=self.test_images,
                       labels=self.given_labels, given_labels=self.labels, test_labels=self.test_given_labels,
                       test_given_labels=self.test_labels, titles=self.titles[::-1],
                       whole=None if self.whole is None else self.whole.turned())  # type: ignore[attr-defined]  # fmt: skip


def _some(length: int, count: int) -> Tensor:
    rows = torch.randperm(length, generator=torch.Generator().manual_seed(0))[:count]
    return rows


def info(data: DataConfig) -> Mapping[str, Any]:
    """What the direction changes of what is known of a set: channels of what comes out, `given` those of what goes in, `titles`."""
    said = dataset[data.name].info
    given, channels = said["both"]
    titles = said["titles"]
    if data.direction == "back":
        given, channels, titles = channels, given, titles[::-1]
    return {"channels": channels, "given": given, "titles": titles}


def _pairs(
    name: str, *, title: str, help: str, titles: tuple[str, str], both: tuple[int, int], sizes: tuple[int, ...] = (32, 64),
    classes: int = len(coloured.KINDS), licence: str = LICENCE, together: bool = True,
) -> Callable[[Callable[..., PairSet]], Callable[..., PairSet]]:  # fmt: skip
    """Registers a set of pairs. both: channels of what goes in and of what comes out, there; together: whether pairs can be learned from."""
    return dataset(name, kind="pairs", title=title, help=help, titles=titles, both=both, sizes=sizes, native=32, channels=both[1],
                   classes=classes, download=False, licence=licence, together=together, own=info)  # fmt: skip


# ── outlines and digits ──────────────────────────────────────────────────────────────────────────────────────────────────


@_pairs("edges", title=N_("Outlines and digits"), titles=(N_("Outline"), N_("Digit")), both=(1, 1), sizes=(28, 32), classes=10,
        licence=dataset["digits"].info["licence"], help=N_("1,500 small digits and their outlines, one pixel wide."))  # fmt: skip
def edges(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """(1, S, S) each: the border of where a digit is more than half ink."""
    whole: ImageSet = digits(data, progress)
    return _made("edges", whole, outlines)


def outlines(images: Tensor) -> Tensor:
    """(N, 1, H, W) uint8 -> the same shape, 255 on the inner border of what is brighter than 127: A ∖ (A ⊖ B), B the 3 × 3 square."""
    inside = (images > 127).float()
    eroded = -max_pool2d(-inside, 3, stride=1, padding=1)
    return ((inside - eroded) * 255).to(torch.uint8)


# ── coloured shapes, and what is taken from them ─────────────────────────────────────────────────────────────────────────


def _shapes(data: DataConfig, progress: Progress | None) -> ImageSet:
    """4,000 coloured shapes and 500 held out, other ones than those of the data set `shapes`."""
    factors = sample(coloured.FACTORS, TRAIN + HELD_OUT, torch.Generator().manual_seed(_SEED))
    images, labels = coloured.draw(factors, data.image_size, progress), factors[:, 0].long()
    return ImageSet(data.name, images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:], coloured.KINDS, LICENCE)


def _made(name: str, whole: ImageSet, into: Callable[[Tensor], Tensor]) -> PairSet:
    """Pairs of pictures and of what `into` (N, C, H, W) -> (N, C', H, W) makes of them, which goes in."""
    said = dataset[name].info
    return PairSet(
        name, whole.images, whole.labels, whole.test_images, whole.test_labels, whole.class_names, whole.licence,
        given=into(whole.images), test_given=into(whole.test_images), titles=said["titles"], given_labels=whole.labels,
        test_given_labels=whole.test_labels,
    )  # fmt: skip


@_pairs("grey", title=N_("Grey and colour"), titles=(N_("Grey"), N_("Colour")), both=(1, 3),
        help=N_("4,000 drawn shapes, in grey and in colour. Grey does not say which colour it was: only that it was one so bright."))  # fmt: skip
def grey(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """(1, S, S) luma and (3, S, S) colour."""
    return _made("grey", _shapes(data, progress), luma)


def luma(images: Tensor) -> Tensor:
    """Y = 0.299 R + 0.587 G + 0.114 B.   ITU-R BT.601. (N, 3, H, W) -> (N, 1, H, W) uint8."""
    weights = torch.tensor(_LUMA).view(3, 1, 1)
    return (images.float() * weights).sum(1, keepdim=True).round().to(torch.uint8)


@_pairs("noisy", title=N_("Noisy and clean"), titles=(N_("Noisy"), N_("Clean")), both=(3, 3),
        help=N_("4,000 drawn shapes, and the same under noise with a quarter of the brightness as its standard deviation."))  # fmt: skip
def noisy(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """(3, S, S) each: with Gaussian noise, and without."""
    rng = torch.Generator().manual_seed(_SEED + 1)
    return _made("noisy", _shapes(data, progress), lambda x: with_noise(x, rng))


def with_noise(images: Tensor, rng: torch.Generator) -> Tensor:
    """Each value plus N(0, 64²), cut to 0 … 255. Any shape, uint8."""
    return (images + NOISE * torch.randn(images.shape, generator=rng)).round().clamp(0, 255).to(torch.uint8)


@_pairs("masked", title=N_("With a hole and whole"), titles=(N_("With a hole"), N_("Whole")), both=(3, 3),
        help=N_("4,000 drawn shapes, and the same with a square cut out somewhere: what was there has to be guessed (in-painting)."))  # fmt: skip
def masked(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """(3, S, S) each: with a square of mid-grey, and without."""
    rng = torch.Generator().manual_seed(_SEED + 2)
    return _made("masked", _shapes(data, progress), lambda x: with_hole(x, rng))


def with_hole(images: Tensor, rng: torch.Generator) -> Tensor:
    """A square of 3/8 of the side, wholly inside, in mid-grey (128). (N, C, S, S) uint8."""
    size = images.shape[-1]
    side = round(HOLE * size)
    y, x = (torch.randint(size - side + 1, (len(images), 1), generator=rng) for _ in "yx")
    at = torch.arange(size)
    rows, columns = (((at >= start) & (at < start + side)) for start in (y, x))
    return torch.where((rows[:, :, None] & columns[:, None, :])[:, None], torch.tensor(128, dtype=torch.uint8), images)


@_pairs("small", title=N_("Small and large"), titles=(N_("Small"), N_("Large")), both=(3, 3),
        help=N_("4,000 drawn shapes, and the same at a quarter of the size, enlarged again: detail has to be invented (super-resolution)."))  # fmt: skip
def small(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """(3, S, S) each: in blocks of 4 × 4 equal pixels, and as it was."""
    return _made("small", _shapes(data, progress), in_blocks)


def in_blocks(images: Tensor) -> Tensor:
    """Each block of 4 × 4 pixels becomes its mean. (N, C, S, S) uint8, S a multiple of 4."""
    means = avg_pool2d(images.float(), SHRUNK)
    return interpolate(means, scale_factor=SHRUNK, mode="nearest").round().to(torch.uint8)


# ── two styles ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@_pairs("styles", title=N_("Paper and neon"), titles=(N_("Paper"), N_("Neon")), both=(3, 3), together=False,
        help=N_("4,000 drawn shapes in flat colour on pale paper, and 4,000 other ones as glowing outlines in the dark. No picture has a partner "
                "to learn from, as with horses and zebras; held-out ones have one, to measure by."))  # fmt: skip
def styles(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """(3, S, S) each. Training: different shapes on either side; held out: the same ones in both styles."""
    factors = sample(coloured.FACTORS, 2 * TRAIN + HELD_OUT, torch.Generator().manual_seed(_SEED + 3))
    first, second, held = torch.split(factors, [TRAIN, TRAIN, HELD_OUT])
    size, kinds = data.image_size, coloured.KINDS
    return PairSet(
        "styles", coloured.draw_outlined(second, LINE, size, progress), second[:, 0].long(), coloured.draw_outlined(held, LINE, size),
        held[:, 0].long(), kinds, LICENCE, given=coloured.draw(first, size, progress), test_given=coloured.draw(held, size),
        titles=dataset["styles"].info["titles"], together=False, given_labels=first[:, 0].long(), test_given_labels=held[:, 0].long(),
    )  # fmt: skip

"""What a data set is to the rest: an endless distribution of points, or a finite set of pictures with a held-out part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

_ROWS = 1000  # of a digest at a time
Progress: TypeAlias = Callable[[str, int, int], None]  # what is being done, how much of it, of how much (0: unknown)


@dataclass(frozen=True)
class PointSet:
    """A distribution in the plane. Training sees normalised units; data units = normalised units · scale + origin.

    draw(n, generator) -> (n, 2) float32 on the CPU, normalised, from this generator alone. extent: xmin, xmax, ymin, ymax of
    the picture in data units. modes (K, 2) and sigma, in data units, where the distribution is a mixture of Gaussians; weights
    (K,), adding up to 1, where it is not an even one. origin: where in data units the middle of training's units lies; only a
    table has one of its own.
    """

    name: str
    scale: float
    draw: Callable[[int, torch.Generator], Tensor]
    extent: tuple[float, float, float, float]
    modes: Tensor | None = None
    sigma: float | None = None
    weights: Tensor | None = None
    origin: tuple[float, float] = (0.0, 0.0)
    kind: ClassVar[str] = "points"
    shape: ClassVar[tuple[int, ...]] = (2,)

    def to_units(self, points: Tensor) -> Tensor:
        """(N, 2) as training sees them -> in data units."""
        scaled = points * self.scale
        return scaled + scaled.new_tensor(self.origin) if any(self.origin) else scaled

    def from_units(self, points: Tensor) -> Tensor:
        """(N, 2) in data units -> as training sees them."""
        moved = points - points.new_tensor(self.origin) if any(self.origin) else points
        return moved / self.scale


@dataclass(frozen=True)
class ImageSet:
    """Pictures: images (N, C, H, W) uint8 and labels (N,) int64 to train on; test_images and test_labels held out.

    factors (N, F) float32 and factor_names (F,), where the set knows what each picture was drawn from: row i belongs to picture i, and
    test_factors to the held-out ones. channels_are: the data set whose classes each single channel shows, where a picture is several
    of that set's pictures in one; its label is then their labels read as one number, and a classifier of that set can judge it channel
    by channel. whole: the set that these pictures are a part of, where not all of its training pictures are learned from.
    """

    name: str
    images: Tensor
    labels: Tensor | None
    test_images: Tensor
    test_labels: Tensor | None
    class_names: tuple[str, ...]
    licence: str
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()
    test_factors: Tensor | None = None
    channels_are: str | None = None
    whole: ImageSet | None = None
    kind: ClassVar[str] = "images"

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W)."""
        return tuple(self.images.shape[1:])

    @property
    def largest_batch(self) -> int:
        """How many different training samples there are."""
        return len(self.images)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the training pictures, made once: a large set takes a second."""
        digest = hashlib.sha256()
        take_in(digest, self.images)
        return digest.hexdigest()

    @property
    def complete(self) -> ImageSet:
        """The set with all of its pictures: what samples are measured against, however few were learned from."""
        return self.whole or self

    def limited(self, count: int) -> ImageSet:
        """The same with `count` training pictures, always the same ones; fewer of them are a part of more. 0 or too many: all."""
        if not 0 < count < len(self.images):
            return self
        rows = torch.randperm(len(self.images), generator=torch.Generator().manual_seed(0))[:count]
        images, labels, factors = (x[rows] if x is not None else None for x in (self.images, self.labels, self.factors))
        assert images is not None
        return replace(self, images=images, labels=labels, factors=factors, whole=self)


def take_in(digest: hashlib._Hash, rows: Tensor) -> None:
    """Add the bytes of a tensor (N, …) to a digest, without a copy of all of them."""
    for part in torch.split(rows, _ROWS):
        digest.update(part.contiguous().numpy().data)


def to_unit(images: Tensor) -> Tensor:
    """Pictures uint8 0…255 -> float32 in [−1, 1]."""
    return images.float().div_(127.5).sub_(1)


def to_pixels(pictures: Tensor) -> Tensor:
    """Pictures in [−1, 1] -> uint8 0…255, as they are shown: the inverse of `to_unit`, with what lies beyond cut off."""
    return ((pictures + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)

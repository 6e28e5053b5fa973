"""Pictures drawn from known factors: how the factors are drawn by lot, and how shapes of one ink on one paper become pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import ImageSet, Progress
from gan_core.text import N_

TRAIN, HELD_OUT = 12_000, 2_000
LICENCE = N_("None needed: drawn by this program")
DRAWING = N_("Drawing the pictures")
_PIXELS = 1 << 17  # at a time: what is computed for each of them stays in the processor's cache

Floats: TypeAlias = NDArray[np.floating[Any]]  # float32 throughout: twice as fast as float64
Draw: TypeAlias = Callable[[Floats, int], NDArray[np.uint8]]  # (n, F) factors and a size -> (n, 3, size, size)
Range: TypeAlias = int | tuple[float, float]  # of a factor: one of 0 … K − 1, or anything from low to high
TURNS = frozenset({"hue", "paper", "rotation"})  # factors told in turns, where 1 is 0 again


def sample(ranges: Mapping[str, Range], n: int, rng: torch.Generator) -> Tensor:
    """(n, F) float32 factors, independent of each other: choices in equal shares (as far as n allows), numbers uniformly."""
    columns = []
    for allowed in ranges.values():
        if isinstance(allowed, int):
            columns.append((torch.randperm(n, generator=rng) % allowed).float())
        else:
            low, high = allowed
            columns.append(low + (high - low) * torch.rand(n, generator=rng))
    return torch.stack(columns, 1)


def pixel_centres(size: int) -> Floats:
    """(size,) coordinates of the pixels' centres: the picture reaches from 0 to 1."""
    return (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)


def coverage(distance: Floats, size: int) -> Floats:
    """How much of a pixel lies inside, 0 … 1, from the signed distance of its centre to the outline (negative inside; in widths of the
    picture): exact for a straight edge along the pixel grid, and smooth for all others."""
    covered: Floats = np.clip(0.5 - distance * size, 0, 1)
    return covered


def ink(hue: Floats) -> Floats:
    """(n,) hues in turns -> (n, 3) strong and not too bright colours, so that they stand out on any paper."""
    return _from_hsv(hue, 0.9, 0.75)


def paper(hue: Floats) -> Floats:
    """(n,) hues in turns -> (n, 3) pale colours."""
    return _from_hsv(hue, 0.13, 0.98)


def glow(hue: Floats) -> Floats:
    """(n,) hues in turns -> (n, 3) bright colours, so that they stand out in the dark."""
    return _from_hsv(hue, 0.55, 1.0)


def night(hue: Floats) -> Floats:
    """(n,) hues in turns -> (n, 3) dark colours."""
    return _from_hsv(hue, 0.6, 0.14)


def _from_hsv(hue: Floats, saturation: float, value: float) -> Floats:
    """Red, green and blue of the hexagonal HSV colour space (Smith 1978)."""
    turns = (hue[:, None] * 6 + np.array([5, 3, 1], np.float32)) % 6
    return value - value * saturation * np.minimum(turns, 4 - turns).clip(0, 1)


def paint(cover: Floats, inks: Floats, papers: Floats) -> NDArray[np.uint8]:
    """cover (n, H, W) in 0 … 1, inks and papers (n, 3) in 0 … 1 -> (n, 3, H, W) uint8."""
    mixed = cover[:, None] * (255 * (inks - papers))[:, :, None, None]
    mixed += 255 * papers[:, :, None, None]
    return np.rint(mixed, out=mixed).astype(np.uint8)


def in_chunks(draw: Draw, factors: Tensor, size: int, progress: Progress | None = None) -> Tensor:
    """draw(factors, size), a few pictures at a time: (N, F) -> (N, 3, size, size) uint8.

    In numpy, which takes one thread: torch would wait for its others at each of some thousand small steps, while runs keep them busy.
    """
    rows = factors.detach().float().cpu().numpy()
    images = torch.empty(len(factors), 3, size, size, dtype=torch.uint8)
    few = max(1, _PIXELS // size**2)
    for start in range(0, len(rows), few):
        images.numpy()[start : start + few] = draw(rows[start : start + few], size)
        if progress:
            progress(DRAWING, min(start + few, len(rows)), len(rows))
    return images


def drawn_set(
    name: str, class_names: tuple[str, ...], ranges: Mapping[str, Range], seed: int,
    draw: Callable[[Tensor, int, Progress | None], Tensor], size: int, progress: Progress | None,
) -> ImageSet:  # fmt: skip
    """12,000 pictures to train on and 2,000 held out, the same for everybody; the first factor is the label."""
    factors = sample(ranges, TRAIN + HELD_OUT, torch.Generator().manual_seed(seed))
    images, labels = draw(factors, size, progress), factors[:, 0].long()
    return ImageSet(name, images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:], class_names, LICENCE,
                    factors[:TRAIN], tuple(ranges), factors[TRAIN:])  # fmt: skip

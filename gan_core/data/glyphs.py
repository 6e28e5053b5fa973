"""Coloured capital letters in six fonts, drawn here from strokes of our own: letter, font, colours, size and place are known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.letters import LETTERS, Point, Stroke
from gan_core.data.painting import (
    LICENCE,
    Floats,
    Range,
    coverage,
    drawn_set,
    in_chunks,
    ink,
    paint,
    paper,
    pixel_centres,
)
from gan_core.data.sets import ImageSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig


@dataclass(frozen=True)
class Font:
    """Half the thickness of a stroke, its hollow (half of what is left out in its middle), width and slant, in heights of a letter."""

    half: float
    hollow: float = 0.0
    width: float = 1.0
    slant: float = 0.0


FONTS = {
    N_("light"): Font(0.028), N_("regular"): Font(0.055), N_("bold"): Font(0.09), N_("condensed"): Font(0.055, width=0.62),
    N_("italic"): Font(0.045, slant=0.25), N_("outline"): Font(0.095, hollow=0.05),
}  # fmt: skip
FACTORS: dict[str, Range] = {
    N_("letter"): len(LETTERS), N_("font"): len(FONTS), N_("hue"): (0.0, 1.0), N_("paper"): (0.0, 1.0), N_("size"): (0.4, 0.6),
    N_("x"): (0.41, 0.59), N_("y"): (0.41, 0.59),
}  # fmt: skip
_SEED = 20_260_102
_REACH, _CELLS = 0.8, 96  # distances to a letter are tabled this far from its middle, in so many cells along a side


@dataset("glyphs", kind="images", title=N_("Letters in six fonts"),
         help=N_("12,000 drawn capital letters in colour. Letter, font, colours, size and place of each are known exactly."),
         sizes=(32, 64), native=32, channels=3, classes=len(LETTERS), download=False, licence=LICENCE)  # fmt: skip
def glyphs(data: DataConfig, progress: Progress | None = None) -> ImageSet:
    """12,000 pictures to train on and 2,000 held out, the same for everybody: 43 MB at 32 pixels, 172 MB at 64. Label: the letter."""
    return drawn_set("glyphs", tuple(LETTERS), FACTORS, _SEED, draw, data.image_size, progress)


def draw(factors: Tensor, size: int, progress: Progress | None = None) -> Tensor:
    """(N, 7) factors, in the order of FACTORS -> (N, 3, size, size) uint8. Any values are drawn, also those outside FACTORS.

    letter and font: their places in LETTERS and FONTS; hues of ink and paper in turns (0 red, 1/3 green, 2/3 blue); size: the height of
    the letter's middle lines, x and y: its centre from the left and from the top, all in widths of the picture.
    """
    return in_chunks(_draw_few, factors, size, progress)


def _draw_few(factors: Floats, size: int) -> NDArray[np.uint8]:
    letter, font, hue, paper_hue, height, x, y = factors.T
    tables = (letter * len(FONTS) + font).astype(np.intp)[:, None]
    # In cells of the table from the centre of its first one: the outline is found once for each row, then for each column of these.
    at, cells = pixel_centres(size), _CELLS / (2 * _REACH * height)[:, None]
    row, below = _between((at - y[:, None]) * cells + (_CELLS - 1) / 2)
    column, beside = _between((at - x[:, None]) * cells + (_CELLS - 1) / 2)
    found = _mixed(_outlines()[tables, row], _outlines()[tables, row + 1], below).transpose(0, 2, 1)
    each = np.arange(len(factors))[:, None]
    distance = _mixed(found[each, column], found[each, column + 1], beside).transpose(0, 2, 1)
    return paint(coverage(distance * height[:, None, None], size), ink(hue), paper(paper_hue))


def _between(place: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Between which two cells of a table a place lies (the first of them), and which share of the second it has."""
    inside = np.clip(place, 0, _CELLS - 1)
    first = np.minimum(inside, _CELLS - 2).astype(np.intp)
    return first, inside - first.astype(np.float32)


def _mixed(first: Floats, second: Floats, share: Floats) -> Floats:
    return first + (second - first) * share[:, :, None]


@cache
def _outlines() -> Floats:
    """(letters · fonts, cells, cells) signed distances to the outlines, in heights of a letter, negative inside; row by row from the
    top."""
    return np.stack([_outline(strokes, font) for strokes in LETTERS.values() for font in FONTS.values()])


def _outline(strokes: tuple[Stroke, ...], font: Font) -> Floats:
    from_middle = _to_strokes(strokes, font.width, font.slant)
    outside = from_middle - font.half
    return np.maximum(outside, font.hollow - from_middle) if font.hollow else outside


@lru_cache(3)  # as many as the fonts of a letter need
def _to_strokes(strokes: tuple[Stroke, ...], width: float, slant: float) -> Floats:
    """(cells, cells) distances to the nearest stroke of a letter made narrower and slanted."""
    side = (2 * pixel_centres(_CELLS) - 1) * _REACH
    nearest = np.full((_CELLS, _CELLS), np.inf, np.float32)
    for stroke in strokes:
        bent = [(x * width + y * slant, y) for x, y in stroke]
        for start, end in pairwise(bent):
            np.minimum(nearest, _to_line(side[None, :], -side[:, None], start, end), out=nearest)
    return nearest


def _to_line(x: Floats, y: Floats, start: Point, end: Point) -> Floats:
    """Distances from (x, y) to the straight line from start to end, which may be a point."""
    along, up = end[0] - start[0], end[1] - start[1]
    right, over = x - start[0], y - start[1]
    share = np.clip((right * along + over * up) / max(along * along + up * up, 1e-12), 0, 1)
    return np.hypot(right - share * along, over - share * up)

"""Coloured shapes, drawn here from factors that are known exactly: what a generator covers and mixes up can be measured, not guessed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.painting import (
    LICENCE,
    Floats,
    Range,
    coverage,
    drawn_set,
    glow,
    in_chunks,
    ink,
    night,
    paint,
    paper,
    pixel_centres,
)
from gan_core.data.sets import ImageSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

KINDS = (N_("circle"), N_("square"), N_("triangle"), N_("star"), N_("cross"), N_("ring"))
SYMMETRY = (0, 4, 3, 5, 4, 0)  # a turn by 1/n leaves the kind as it is; 0: any turn does
# Radius of the ring's hole, radius of the star's inner corners, half the width of the cross's arms.
INNER_RING, INNER_STAR, ARM = 0.5, 0.45, 0.3
FACTORS: dict[str, Range] = {
    N_("kind"): len(KINDS), N_("hue"): (0.0, 1.0), N_("size"): (0.16, 0.25), N_("x"): (0.31, 0.69), N_("y"): (0.31, 0.69),
    N_("rotation"): (0.0, 1.0), N_("paper"): (0.0, 1.0),
}  # fmt: skip
_SEED = 20_260_101


@dataset("shapes", kind="images", title=N_("Coloured shapes"),
         help=N_("12,000 drawn shapes of six kinds. Kind, hue, size, place, rotation and paper of each are known exactly."),
         sizes=(32, 64), native=32, channels=3, classes=len(KINDS), download=False, licence=LICENCE)  # fmt: skip
def shapes(data: DataConfig, progress: Progress | None = None) -> ImageSet:
    """12,000 pictures to train on and 2,000 held out, the same for everybody: 43 MB at 32 pixels, 172 MB at 64. Label: the kind."""
    return drawn_set("shapes", KINDS, FACTORS, _SEED, draw, data.image_size, progress)


def draw(factors: Tensor, size: int, progress: Progress | None = None) -> Tensor:
    """(N, 7) factors, in the order of FACTORS -> (N, 3, size, size) uint8. Any values are drawn, also those outside FACTORS.

    kind: its place in KINDS; hue of the shape and of its paper in turns (0 red, 1/3 green, 2/3 blue); size: the radius of the circle
    round the shape, x and y: its centre from the left and from the top, all in widths of the picture; rotation in turns, anticlockwise.
    """
    return in_chunks(_draw_few, factors, size, progress)


def draw_outlined(factors: Tensor, half: float, size: int, progress: Progress | None = None) -> Tensor:
    """The same shapes as bright outlines of `half` a width (in widths of the picture) on a dark ground of the paper's hue."""

    def few(rows: Floats, size: int) -> NDArray[np.uint8]:
        distance = np.abs(_distance(rows, size)) - np.float32(half)
        return paint(coverage(distance, size), glow(rows[:, 1]), night(rows[:, 6]))

    return in_chunks(few, factors, size, progress)


def _draw_few(factors: Floats, size: int) -> NDArray[np.uint8]:
    return paint(coverage(_distance(factors, size), size), ink(factors[:, 1]), paper(factors[:, 6]))


def _distance(factors: Floats, size: int) -> Floats:
    """(n, size, size) signed distances to the outlines, in widths of the picture."""
    kind, _hue, radius, x, y, rotation, _paper = factors.T
    u, v = _turned(x, y, radius, rotation, size)
    distance = np.empty_like(u)
    for code in np.unique(kind):
        rows = kind == code
        distance[rows] = _OUTLINES[int(code)](u[rows], v[rows])
    scaled: Floats = distance * radius[:, None, None]
    return scaled


def _turned(x: Floats, y: Floats, radius: Floats, rotation: Floats, size: int) -> tuple[Floats, Floats]:
    """(n, size, size) coordinates of the pixels as the shape sees them: its centre is 0, its radius 1, v points upwards."""
    at = pixel_centres(size)
    right, up = (at - x[:, None]) / radius[:, None], (y[:, None] - at) / radius[:, None]
    angle = np.float32(2 * math.pi) * rotation[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    u = (cos * right)[:, None, :] + (sin * up)[:, :, None]
    v = (cos * up)[:, :, None] - (sin * right)[:, None, :]
    return u, v


# Signed distances to the outlines, all within the circle of radius 1, negative inside. At corners they are those to the nearer edge's
# line: the outline is the same, and corners stay sharp. For each pixel only operations that every processor rounds alike.


def _circle(u: Floats, v: Floats) -> Floats:
    outside: Floats = np.sqrt(u * u + v * v) - 1
    return outside


def _ring(u: Floats, v: Floats) -> Floats:
    middle, half = (1 + INNER_RING) / 2, (1 - INNER_RING) / 2
    outside: Floats = np.abs(_circle(u, v) + (1 - middle)) - half
    return outside


def _square(u: Floats, v: Floats) -> Floats:
    return np.maximum(np.abs(u), np.abs(v)) - math.sqrt(0.5)


def _triangle(u: Floats, v: Floats) -> Floats:
    return np.maximum(-v, math.sqrt(3) / 2 * np.abs(u) + 0.5 * v) - 0.5


def _cross(u: Floats, v: Floats) -> Floats:
    a, b = np.abs(u), np.abs(v)
    long = math.sqrt(1 - ARM * ARM)
    return np.minimum(np.maximum(a - long, b - ARM), np.maximum(a - ARM, b - long))


def _star(u: Floats, v: Floats) -> Floats:
    """Five points, one upwards: folded onto half a point by mirrors, where one edge is left (after I. Quilez's sdStar5)."""
    c, s = math.cos(math.pi / 5), math.sin(math.pi / 5)
    u = np.abs(u)
    for mirror in (-1, 1):
        beyond = 2 * np.maximum(-mirror * c * u - s * v, 0)
        u, v = u + mirror * c * beyond, v + s * beyond
    along, down = INNER_STAR * s, INNER_STAR * c - 1
    length = math.hypot(along, down)
    return along / length * (v - 1) - down / length * np.abs(u)


_OUTLINES = (_circle, _square, _triangle, _star, _cross, _ring)

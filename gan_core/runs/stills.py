"""A run as one still picture: what was generated, beside the real points and the critic's view where they are points."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.runs.snapshots import Snapshot

REAL, FAKE, NEUTRAL = (28, 111, 176), (217, 115, 13), (243, 245, 247)
_TINT = 0.45  # how strongly the critic's field is coloured
_QUALITY, _METHOD = 80, 2  # methods 3 and 4 take twice as long and save 3 %
_LARGEST = 1 << 26  # pixels of a picture that is read; a grid of 64 has no more than 2²³
_POINTS = 400  # of each kind in a still: more would only hide each other
_PICTURES = 16  # about as many are recognised in a still

Shape: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def still(snapshot: Snapshot, size: tuple[int, int] = (192, 192)) -> bytes | None:
    """A WebP of `size` (width, height), made in a few milliseconds; None before the first look at a run.

    points: as `plane` draws them. images: the first generated pictures, row by row.
    """
    if not snapshot.arrays:
        return None
    drawn = plane(snapshot, size) if snapshot.kind == "points" else _contact_sheet(snapshot.arrays["fake"], size)
    buffer = io.BytesIO()
    drawn.save(buffer, "WEBP", quality=_QUALITY, method=_METHOD)
    return buffer.getvalue()


def plane(snapshot: Snapshot, size: tuple[int, int]) -> Image.Image:
    """A run on points in `size` (width, height): the whole extent on one scale, y upwards; the field, real points as circles, generated
    ones as diamonds."""
    width, height = _spans(snapshot)
    scale = min(size[0] / width, size[1] / height)
    return _scene(snapshot, size, scale, scale, max(1.2, min(size) / 110), _POINTS)


def resized(picture: bytes, size: tuple[int, int] | None = None) -> bytes | None:
    """A picture read from a file, as a WebP of `size` (its own, if None); None for a file that is no whole picture."""
    try:
        with Image.open(io.BytesIO(picture), formats=("WEBP",)) as image:
            if image.width * image.height > _LARGEST:
                return None
            image.load()
            if size is None:
                return picture
            buffer = io.BytesIO()
            image.resize(size, Image.Resampling.BOX).save(buffer, "WEBP", quality=60, method=_METHOD)
            return buffer.getvalue()
    except (OSError, SyntaxError, ValueError):  # what Pillow's readers raise for damaged files
        return None


def card(snapshot: Snapshot, size: tuple[int, int] = (600, 400)) -> Image.Image:
    """A picture of `size` (width, height) for a card, of a snapshot that has arrays: all points, or 24 pictures in four rows.

    points: closer than `still`, as the data fill the middle of the extent. The field is a backdrop as wide as the card.
    """
    if snapshot.kind == "points":
        width, height = _spans(snapshot)
        return _scene(snapshot, size, size[1] / (0.95 * height), size[0] / width, size[1] / 145, None)
    fake = snapshot.arrays["fake"][:24]
    _, c, h, w = fake.shape
    tiles = np.zeros((24, c, h, w), np.uint8)
    tiles[: len(fake)] = fake
    sheet = tiles.reshape(4, 6, c, h, w).transpose(0, 3, 1, 4, 2).reshape(4 * h, 6 * w, c)
    return _image(sheet).resize(size, Image.Resampling.NEAREST)


def beside(snapshots: Sequence[Snapshot], size: tuple[int, int] = (600, 400), gap: int = 8) -> Image.Image:
    """Runs on points side by side in one picture of `size`, `gap` pixels apart: of each the whole width of its extent, all points."""
    picture = Image.new("RGB", size, (255, 255, 255))
    edges = [round(i * (size[0] + gap) / len(snapshots)) for i in range(len(snapshots) + 1)]
    for snapshot, left, right in zip(snapshots, edges, edges[1:], strict=False):
        panel = right - gap - left, size[1]
        scale = min(side / (0.95 * span) for side, span in zip(panel, _spans(snapshot), strict=True))
        picture.paste(_scene(_taller(snapshot, panel, scale), panel, scale, scale, size[1] / 160, None), (left, 0))
    return picture


def large(snapshot: Snapshot, side: int) -> Image.Image:
    """A square picture of `side` pixels with everything: all points over the whole extent, or all pictures in their grid."""
    if snapshot.kind == "points":
        scale = side / max(_spans(snapshot))
        return _scene(snapshot, (side, side), scale, scale, max(1.5, side / 160), None)
    fake = snapshot.arrays["fake"]
    columns = math.ceil(math.sqrt(len(fake)))
    factor = min(side / (columns * fake.shape[3]), side / (math.ceil(len(fake) / columns) * fake.shape[2]))
    factor = max(1, math.floor(factor)) if factor >= 1 else factor
    sheet = Image.new("RGB", (side, side), NEUTRAL)
    rows = math.ceil(len(fake) / columns)
    width, height = round(fake.shape[3] * factor), round(fake.shape[2] * factor)
    left, top = (side - columns * width) // 2, (side - rows * height) // 2
    for i, picture in enumerate(fake.transpose(0, 2, 3, 1)):
        tile = _image(picture).resize(
            (width, height), Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.BOX
        )
        sheet.paste(tile, (left + i % columns * width, top + i // columns * height))
    return sheet


def enlarged(pixels: NDArray[np.uint8], side: int, least: int) -> Image.Image:
    """(C, H, W) uint8, C 1 or 3 -> RGB, each pixel a square: as large as fits `side`, but no side below `least` pixels; both sides even, as
    films want them."""
    _, height, width = pixels.shape
    factor = max(side // max(height, width), math.ceil(least / min(height, width)))
    if factor * height % 2 or factor * width % 2:
        factor += 1
    return _image(pixels.transpose(1, 2, 0)).resize((factor * width, factor * height), Image.Resampling.NEAREST)


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    """(H, W, C) uint8, C 1 or 3 -> RGB."""
    return Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Plane:
    """The data plane for one point that moves: real points, and the way that it takes, drawn once.

    real (N, 2), way (T, 2) in data units, `closed`: whether the way's last point is followed by its first; side in pixels."""

    def __init__(
        self, real: NDArray[np.float32], way: NDArray[np.float32], extent: tuple[float, float, float, float], side: int, *, closed: bool
    ) -> None:  # fmt: skip
        x0, x1, y0, y1 = extent
        self._centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        self._scale = side / max(x1 - x0, y1 - y0)
        self._size = (side, side)
        self._radius = max(5.0, side / 48)
        self._ground = Image.new("RGB", self._size, NEUTRAL)
        self._stamp(self._ground, REAL, real, max(1.5, side / 200), _circle, 0.6)
        ends = np.concatenate([way, way[:1]]) if closed else way
        self._stamp(self._ground, FAKE, _densely(ends, 0.5 / self._scale), max(1.0, side / 400), _circle, 0.75)

    def at(self, point: NDArray[np.float32]) -> Image.Image:
        """With the moving point (2,) here."""
        picture = self._ground.copy()
        self._stamp(picture, (255, 255, 255), point[None], self._radius + 3, _diamond, 1.0)
        self._stamp(picture, FAKE, point[None], self._radius, _diamond, 1.0)
        return picture

    def _stamp(
        self, picture: Image.Image, colour: tuple[int, int, int], points: NDArray[np.float32], radius: float, shape: Shape, alpha: float
    ) -> None:  # fmt: skip
        places = (points.astype(np.float64) - self._centre) * (self._scale, -self._scale) + np.array(self._size) / 2
        cover = _cover(places, self._size, radius, shape) * alpha
        picture.paste(colour, (0, 0, *self._size), Image.fromarray((cover * 255).round().astype(np.uint8)))


def _densely(way: NDArray[np.float32], apart: float) -> NDArray[np.float32]:
    """Points (T, 2) with more between them, so that none is farther than `apart` from the next; at most 500 between two."""
    parts = []
    for a, b in pairwise(way):
        far = float(np.linalg.norm(b - a))
        count = min(500, max(1, math.ceil(far / apart))) if math.isfinite(far) else 1
        parts.append(a + (b - a) * np.linspace(0, 1, count, endpoint=False, dtype=np.float32)[:, None])
    return np.concatenate([*parts, way[-1:]])


def _spans(snapshot: Snapshot) -> tuple[float, float]:
    """Width and height of the extent in data units."""
    assert snapshot.extent is not None
    x0, x1, y0, y1 = snapshot.extent
    return x1 - x0, y1 - y0


def _taller(snapshot: Snapshot, size: tuple[int, int], scale: float) -> Snapshot:
    """With its lowest and highest row of the field repeated, so that it fills a picture of `size`: a backdrop."""
    assert snapshot.extent is not None
    x0, x1, y0, y1 = snapshot.extent
    rows = len(snapshot.arrays["field"])
    more = max(0, math.ceil((size[1] / (scale * (y1 - y0)) - 1) / 2 * rows))
    field = np.pad(snapshot.arrays["field"], ((more, more), (0, 0)), mode="edge")
    beyond = more * (y1 - y0) / rows
    return replace(snapshot, arrays={**snapshot.arrays, "field": field}, extent=(x0, x1, y0 - beyond, y1 + beyond))


def _scene(
    snapshot: Snapshot, size: tuple[int, int], scale: float, field_scale: float, radius: float, count: int | None
) -> Image.Image:
    """The middle of the extent in the middle of the picture. Scales in pixels a data unit, `radius` of a circle in pixels;
    `count` points of each kind, None: all."""
    assert snapshot.extent is not None
    x0, x1, y0, y1 = snapshot.extent
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    picture = _ground(snapshot.arrays["field"], size, ((x1 - x0) * field_scale, (y1 - y0) * field_scale))
    for name, colour, shape, r in (("real", REAL, _circle, radius), ("fake", FAKE, _diamond, radius * 1.2)):
        offsets = (snapshot.arrays[name][:count].astype(np.float64) - centre) * (scale, -scale)
        cover = _cover(offsets + np.array(size) / 2, size, r, shape)
        picture.paste(colour, (0, 0, *size), Image.fromarray((cover * 255).round().astype(np.uint8)))
    return picture


def _ground(field: NDArray[np.uint8], size: tuple[int, int], box: tuple[float, float]) -> Image.Image:
    """The tinted field, `box` pixels wide and high, in the middle of a picture; what it does not reach is neutral."""
    width, height = round(box[0]), round(box[1])
    tinted = Image.fromarray(_SHADES[field[::-1]]).resize((width, height), Image.Resampling.BICUBIC)
    ground = Image.new("RGB", size, NEUTRAL)
    ground.paste(tinted, ((size[0] - width) // 2, (size[1] - height) // 2))
    return ground


def _shades() -> NDArray[np.uint8]:
    """(256, 3): the colour of each value of a field, from generated over undecided to real."""
    lean = np.linspace(-1, 1, 256)[:, None]
    colours = np.where(lean > 0, REAL, FAKE)
    return (NEUTRAL + (colours - NEUTRAL) * np.abs(lean) * _TINT).round().astype(np.uint8)


_SHADES = _shades()


def _circle(dx: NDArray[np.float32], dy: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(dx * dx + dy * dy)


def _diamond(dx: NDArray[np.float32], dy: NDArray[np.float32]) -> NDArray[np.float32]:
    return dx + dy


def _cover(places: NDArray[np.float64], size: tuple[int, int], radius: float, shape: Shape) -> NDArray[np.float32]:
    """(H, W) in 0 … 1: how much of each pixel is inside one of the shapes at `places` (N, 2), pixels from the top left corner.

    Each place stamps the square of pixels around it; places outside the picture, or that are no numbers, stamp nothing.
    """
    reach = math.ceil(radius)  # pixels around the one that holds the place
    margin = 2 * reach + 1  # stamps that are cut by the picture's edge end here
    places = places[((places > -reach - 1) & (places < np.array(size) + reach + 1)).all(1)]
    corner = np.floor(places).astype(np.intp)
    steps = np.arange(-reach, reach + 1)
    away = np.abs(corner[:, :, None] + steps + 0.5 - places[:, :, None]).astype(np.float32)
    stamps = (radius + 0.5 - shape(away[:, 0, None, :], away[:, 1, :, None])).clip(0, 1)
    cover = np.zeros((size[1] + 2 * margin, size[0] + 2 * margin), np.float32)
    columns, rows = (corner[:, :, None] + steps + margin).transpose(1, 0, 2)
    where = rows[:, :, None] * cover.shape[1] + columns[:, None, :]
    np.maximum.at(cover.reshape(-1), where.reshape(-1), stamps.reshape(-1))  # flat: thrice as fast
    return cover[margin:-margin, margin:-margin]


# ── images ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _contact_sheet(images: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    """The first of `images` (N, C, H, W) in rows, each in the middle of its cell."""
    _, _, height, width = images.shape
    factor, columns, rows = _layout(images.shape, size)
    tile = max(1, round(width * factor)), max(1, round(height * factor))
    resample = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.BOX
    sheet = Image.new("RGB", size, NEUTRAL)
    for i, picture in enumerate(images[: columns * rows].transpose(0, 2, 3, 1)):
        x, y = (i % columns + 0.5) * size[0] / columns, (i // columns + 0.5) * size[1] / rows
        sheet.paste(_image(picture).resize(tile, resample), (round(x - tile[0] / 2), round(y - tile[1] / 2)))
    return sheet


def _layout(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[float, int, int]:
    """Factor, columns, rows for pictures (N, C, H, W): what fills the most with about as many pictures as are wanted.

    Factors are whole; only pictures too large for two a row and column are made smaller.
    """
    count, _, height, width = shape
    largest = min(size[0] / width, size[1] / height)
    factors: list[float] = list(range(1, math.floor(largest) + 1))
    if largest < 2:
        factors += [largest / a_row for a_row in (1, 2, 3) if largest / a_row < 1]
    wanted = min(count, _PICTURES)

    def worth(factor: float) -> float:
        shown = min(count, _fit(size[0], width * factor) * _fit(size[1], height * factor))
        return shown * factor**2 * math.sqrt(min(shown, wanted) / max(shown, wanted))

    best = max(factors, key=worth)
    columns = min(count, _fit(size[0], width * best))
    return best, columns, min(math.ceil(count / columns), _fit(size[1], height * best))


def _fit(room: int, side: float) -> int:
    """How many of `side` pixels fit; the small excess is for factors that divide the room evenly, but for rounding."""
    return math.floor(room / side + 1e-6)

"""The still picture of a run, pixel by pixel."""

from __future__ import annotations

import io
import math
from typing import Any

import _tiny
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gan_core.runs import stills
from gan_core.runs.picture import FIELD_CELLS, picture
from gan_core.runs.snapshots import Snapshot

EXTENT = (-2.0, 2.0, 6.0, 10.0)  # its middle is not the origin
NEAR = 24.0  # WebP at this quality moves the inside of a flat area by less


def snapshot(kind: str, **more: Any) -> Snapshot:
    return Snapshot(run="r", kind=kind, seq=1, status="running", **more)


def points(
    real: Any = (), fake: Any = (), field: int | NDArray[np.uint8] = 127, extent: Any = EXTENT, copies: int = 1
) -> Snapshot:
    cells = np.full((FIELD_CELLS, FIELD_CELLS), field, np.uint8) if isinstance(field, int) else field
    arrays = {name: np.array(xy, np.float32).reshape(-1, 2).repeat(copies, 0) for name, xy in (("real", real), ("fake", fake))}  # fmt: skip
    return snapshot("points", extent=extent, arrays=arrays | {"fake_live": arrays["real"], "field": cells})


def images(fake: NDArray[np.uint8]) -> Snapshot:
    return snapshot("images", arrays={"real": 255 - fake, "fake": fake})


def flat(count: int, channels: int, size: int) -> NDArray[np.uint8]:
    """Pictures of one colour each: the i-th is grey 40 + 3·i, or has that as its red while green falls and blue is constant."""
    level = np.arange(count) * 3 + 40
    colours = np.stack([level, 255 - level, np.full(count, 90)], 1)[:, :channels]
    return np.broadcast_to(colours[:, :, None, None], (count, channels, size, size)).astype(np.uint8)


def opened(blob: bytes | None) -> NDArray[np.int64]:
    assert blob is not None
    with Image.open(io.BytesIO(blob)) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB"), int)


def drawn(s: Snapshot, size: tuple[int, int] = (192, 192)) -> NDArray[np.int64]:
    pixels = opened(stills.still(s, size))
    assert pixels.shape == (size[1], size[0], 3)
    return pixels


def assert_colour(pixel: NDArray[np.int64], colour: Any, near: float = NEAR) -> None:
    assert np.abs(pixel - np.array(colour)).max() <= near, (pixel, colour)


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [(192, 192), (400, 400), (300, 200), (200, 300)])
@pytest.mark.parametrize("place", [(-1.5, 9.5), (1.0, 9.0), (0.0, 8.0), (-1.25, 6.5)])
@pytest.mark.parametrize("kind", ["real", "fake"])
def test_a_point_is_where_its_coordinates_say(kind: str, place: tuple[float, float], size: tuple[int, int]) -> None:
    pixels = drawn(points(**{kind: place}), size)
    scale = min(size) / 4
    x, y = size[0] / 2 + place[0] * scale, size[1] / 2 - (place[1] - 8) * scale
    colour = np.array({"real": stills.REAL, "fake": stills.FAKE}[kind])
    away = np.abs(pixels - stills.NEUTRAL).sum(2) > 100
    rows, columns = np.nonzero(away)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y), abs=1)
    assert np.hypot(columns + 0.5 - x, rows + 0.5 - y).max() < 0.03 * min(size)
    # WebP halves the resolution of colours: which of the two it is, not how strong.
    mean = pixels[rows, columns].mean(0)
    assert (mean[2] > mean[0] + 40) if kind == "real" else (mean[0] > mean[2] + 40)
    assert_colour(pixels[int(y), int(x)], colour, 75)


def test_a_crowd_has_exactly_its_colour() -> None:
    x, y = np.meshgrid(np.linspace(-0.2, 0.2, 19), np.linspace(7.8, 8.2, 19))
    crowd = np.stack([x.ravel(), y.ravel()], 1)
    assert_colour(drawn(points(real=crowd))[96, 96], stills.REAL)
    assert_colour(drawn(points(fake=crowd))[96, 96], stills.FAKE)
    assert_colour(drawn(points(real=crowd, fake=crowd))[96, 96], stills.FAKE)  # generated ones are on top


@pytest.mark.parametrize("radius", [1.2, 1.75, 2.0, 5.0])
@pytest.mark.parametrize(("shape", "unit"), [(stills._circle, math.pi), (stills._diamond, 2.0)])
def test_shapes_have_their_area(shape: stills.Shape, unit: float, radius: float) -> None:
    places = np.random.default_rng(0).uniform(10, 20, (300, 1, 2))
    covers = np.array([stills._cover(place, (30, 30), radius, shape) for place in places])
    # Over an edge that falls evenly from r − ½ to r + ½, the mean of the squared radius is r² + 1/12.
    assert covers.sum((1, 2)).mean() == pytest.approx(unit * (radius**2 + 1 / 12), rel=0.02)
    assert (covers.max((1, 2)) > 0.65).all()  # none is lost between four pixels
    assert covers.max() == 1


def test_stamps_are_the_union_of_their_shapes() -> None:
    places = np.random.default_rng(1).uniform(-5, 45, (60, 2))
    x, y = np.arange(40) + 0.5, np.arange(30) + 0.5
    brute = np.zeros((30, 40))
    for px, py in places:
        distance = np.hypot(x[None] - px, y[:, None] - py)
        brute = np.maximum(brute, np.clip(3.2 + 0.5 - distance, 0, 1))
    assert stills._cover(places, (40, 30), 3.2, stills._circle) == pytest.approx(brute, abs=1e-5)


def test_the_field_tints_and_its_first_row_is_the_lowest() -> None:
    field = np.full((FIELD_CELLS, FIELD_CELLS), 127, np.uint8)
    field[: FIELD_CELLS // 2, : FIELD_CELLS // 2] = 255  # low left: surely real
    field[FIELD_CELLS // 2 :, FIELD_CELLS // 2 :] = 0  # high right: surely generated
    pixels = drawn(points(field=field))

    def tinted(colour: tuple[int, int, int]) -> list[float]:
        return [n + 0.45 * (c - n) for n, c in zip(stills.NEUTRAL, colour, strict=True)]

    assert_colour(pixels[150, 40], tinted(stills.REAL), 8)
    assert_colour(pixels[40, 150], tinted(stills.FAKE), 8)
    assert_colour(pixels[40, 40], stills.NEUTRAL, 8)
    assert_colour(pixels[150, 150], stills.NEUTRAL, 8)


def test_field_and_points_share_the_extent() -> None:
    """A cell that is surely real, and a generated point in it, at the same place: also where the picture is wider."""
    for row, column in ((40, 6), (5, 30)):
        field = np.full((FIELD_CELLS, FIELD_CELLS), 127, np.uint8)
        field[row - 2 : row + 3, column - 2 : column + 3] = 255
        place = (EXTENT[0] + (column + 0.5) / FIELD_CELLS * 4, EXTENT[2] + (row + 0.5) / FIELD_CELLS * 4)
        for size in ((192, 192), (320, 200)):
            tint = np.abs(drawn(points(field=field), size) - stills.NEUTRAL).sum(2)
            point = np.abs(drawn(points(fake=place), size) - stills.NEUTRAL).sum(2)
            centres = [[(weight * axis).sum() / weight.sum() for axis in np.indices(weight.shape)]
                       for weight in (tint * (tint > 30), point * (point > 60))]  # fmt: skip
            assert centres[0] == pytest.approx(centres[1], abs=1.0)


def test_beside_the_extent_a_wide_picture_is_neutral() -> None:
    pixels = drawn(points(field=255), (300, 100))
    assert_colour(pixels[50, 30], stills.NEUTRAL, 8)
    assert pixels[50, 150, 0] < 190


def test_the_extent_is_the_scale() -> None:
    far = drawn(points(real=(1.5, 9.5), extent=(-20.0, 20.0, -12.0, 28.0)))
    rows, columns = np.nonzero(np.abs(far - stills.NEUTRAL).sum(2) > 100)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((96 + 7.2, 96 - 7.2), abs=1)


STRANGE = [(math.nan, 8), (0, math.inf), (-math.inf, math.nan), (1e38, -1e38), (-3e38, 8), (2.1, 8), (0, 5.9), (-50, 900)]  # fmt: skip


@pytest.mark.parametrize("strange", [*([place] for place in STRANGE), STRANGE])
def test_what_is_no_place_in_the_picture_is_left_out(strange: Any) -> None:
    with np.errstate(all="raise"):
        pixels = drawn(points(real=strange, fake=[*strange, (0, 8)]))
        stills.card(points(real=strange, fake=strange))
    assert np.abs(pixels[96, 96] - stills.NEUTRAL).sum() > 100  # the others are still there
    assert np.abs(pixels[8:-8, 8:-8] - drawn(points(fake=[(0, 8)]))[8:-8, 8:-8]).max() <= NEAR


@pytest.mark.parametrize("place", [(-2.0, 6.0), (2.0, 10.0), (-2.0, 10.0), (1.99, 6.01), (2.03, 8.0)])
def test_a_point_on_the_edge_is_cut(place: tuple[float, float]) -> None:
    x, y = 96 + place[0] * 48, 96 - (place[1] - 8) * 48
    pixels = drawn(points(real=place))
    assert np.abs(pixels[int(min(y, 191)), int(min(x, 191))] - stills.NEUTRAL).sum() > 50
    assert_colour(pixels[96, 96], stills.NEUTRAL, 8)


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_any_number_of_points(count: int) -> None:
    drawn(points(real=[(0, 8)], copies=count))


def test_of_a_real_run() -> None:
    trainer = _tiny.trained(_tiny.points(), 2)
    s = snapshot("points", **picture(trainer.players))
    before = {name: array.copy() for name, array in s.arrays.items()}
    assert len(np.unique(drawn(s).reshape(-1, 3), axis=0)) > 50
    assert all((s.arrays[name] == array).all() for name, array in before.items())
    trainer = _tiny.trained(_tiny.pictures(), 1, _tiny.images())
    drawn(snapshot("images", **picture(trainer.players)))


# ── images ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 3, 5, 64])
@pytest.mark.parametrize("side", [8, 16, 28, 32, 64, 128])
@pytest.mark.parametrize("size", [(192, 192), (96, 96), (300, 200)])
def test_pictures_stand_in_order(size: tuple[int, int], side: int, count: int, channels: int) -> None:
    pictures = flat(count, channels, side)
    pixels = drawn(images(pictures), size)
    factor, columns, rows = stills._layout(pictures.shape, size)
    assert factor == int(factor) or (factor < 1 and side * 2 > min(size))
    assert columns * side * factor <= size[0] + 0.5
    assert rows * side * factor <= size[1] + 0.5
    assert 1 <= columns * rows <= 40
    assert (rows - 1) * columns < count, "no empty row"
    for i in range(columns * rows):
        x, y = round((i % columns + 0.5) * size[0] / columns), round((i // columns + 0.5) * size[1] / rows)
        want = np.broadcast_to(pictures[i, :, 0, 0], 3) if i < count else np.array(stills.NEUTRAL)
        assert_colour(pixels[y, x], want, 12)


@pytest.mark.parametrize("side", [8, 16, 28, 32, 64, 128])
def test_a_usual_run_fills_its_still_with_some_sixteen(side: int) -> None:
    factor, columns, rows = stills._layout((64, 1, side, side), (192, 192))
    assert 9 <= columns * rows <= 25
    assert columns * rows * (side * factor) ** 2 >= 0.75 * 192**2


@pytest.mark.parametrize("shape", [(64, 1, 20, 40), (64, 3, 300, 100), (2, 3, 500, 500), (9, 1, 1, 1), (64, 1, 97, 97)])
def test_odd_shapes_fit(shape: tuple[int, int, int, int]) -> None:
    factor, columns, rows = stills._layout(shape, (192, 192))
    assert columns * shape[3] * factor <= 192.5
    assert rows * shape[2] * factor <= 192.5
    drawn(images(np.full(shape, 60, np.uint8)))


def test_small_pictures_are_enlarged_pixel_by_pixel_and_upright() -> None:
    one = np.zeros((1, 1, 8, 8), np.uint8)
    one[0, 0, 0, 0] = one[0, 0, 5, 2] = 255
    pixels = drawn(images(one))  # 24 pixels for each
    assert pixels[:22, :22].min() > 230
    assert pixels[122:142, 50:70].min() > 230
    assert pixels[:22, 26:].max() < 25


def test_large_pictures_become_means() -> None:
    stripes = np.zeros((64, 3, 128, 128), np.uint8)
    stripes[..., ::2] = 200
    assert_colour(drawn(images(stripes))[60, 60], (100, 100, 100), 4)


def test_what_is_shown_is_generated() -> None:
    assert drawn(images(np.zeros((64, 1, 32, 32), np.uint8))).max() < 10


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["points", "images"])
def test_before_the_first_look_there_is_none(kind: str) -> None:
    assert stills.still(snapshot(kind)) is None


@pytest.mark.parametrize("size", [(192, 192), (64, 64), (300, 200), (33, 71)])
@pytest.mark.parametrize("s", [points(real=[(0, 8)], fake=[(1, 9)]), images(flat(64, 1, 28))], ids=["points", "images"])
def test_size_and_weight(s: Snapshot, size: tuple[int, int]) -> None:
    blob = stills.still(s, size)
    opened(blob)
    drawn(s, size)
    assert blob is not None
    assert len(blob) < 20_000


# ── cards ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_card_of_points_is_closer_than_the_still() -> None:
    card = np.asarray(stills.card(points(real=(-1.0, 9.0), fake=(1.0, 7.5), copies=1000)), int)
    assert card.shape == (400, 600, 3)
    scale = 400 / (0.95 * 4)
    assert tuple(card[round(200 - scale), round(300 - scale)]) == stills.REAL
    assert tuple(card[round(200 + scale / 2), round(300 + scale)]) == stills.FAKE
    assert_colour(card[200, 300], stills.NEUTRAL, 2)


def test_a_card_draws_all_points() -> None:
    crowd = np.concatenate([np.full((999, 2), 8.0) * (0, 1), [(1.0, 9.0)]])
    card = np.asarray(stills.card(points(real=crowd)), int)
    assert tuple(card[round(200 - 400 / 3.8), round(300 + 400 / 3.8)]) == stills.REAL


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [5, 24, 64])
def test_a_card_of_pictures_has_four_rows_of_six(count: int, channels: int) -> None:
    pictures = flat(count, channels, 10)
    card = np.asarray(stills.card(images(pictures)), int)
    assert card.shape == (400, 600, 3)
    for i in range(24):
        tile = card[i // 6 * 100 : i // 6 * 100 + 100, i % 6 * 100 : i % 6 * 100 + 100]
        assert (tile == (np.broadcast_to(pictures[i, :, 0, 0], 3) if i < count else 0)).all()


@pytest.mark.parametrize("count", [2, 3, 4])
def test_runs_side_by_side_each_in_its_own_panel(count: int) -> None:
    """The middle of each panel is the middle of its extent; field and points are on one scale; white between."""
    field = np.full((FIELD_CELLS, FIELD_CELLS), 127, np.uint8)
    field[FIELD_CELLS // 2 :] = 255  # the upper half leans to real
    runs = [points(fake=(0.0, 7.0 + i / 4), field=field, copies=1000) for i in range(count)]
    picture = np.asarray(stills.beside(runs), int)
    assert picture.shape == (400, 600, 3)
    wide = (608 / count) - 8
    scale = wide / (0.95 * 4)  # the extent is 4 wide
    for i in range(count):
        left = round(i * 608 / count)
        middle = left + wide / 2
        assert_colour(picture[round(200 + scale * (1.0 - i / 4)), round(middle)], stills.FAKE)
        assert_colour(
            picture[3, round(middle)], picture[195 - round(scale / 4), round(middle)]
        )  # the field goes on upwards
        assert abs(picture[3, round(middle)] - picture[396, round(middle)]).sum() > 30
        if i:
            assert picture[:, left - 7 : left - 1].min() == 255

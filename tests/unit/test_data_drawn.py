"""Pictures drawn from known factors: what is drawn is what the factors say, by geometry and by colours worked out here."""

from __future__ import annotations

import colorsys
import math
import string
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from gan_core import data as data_sets
from gan_core.config import DataConfig
from gan_core.data import glyphs, shapes
from gan_core.data.sets import ImageSet

DRAWN: dict[str, Any] = {"shapes": shapes, "glyphs": glyphs}
C36, S36 = math.cos(math.pi / 5), math.sin(math.pi / 5)
AREAS = {  # of a shape in a circle of radius 1
    "circle": math.pi, "square": 2.0, "triangle": 3 * math.sqrt(3) / 4, "star": 5 * shapes.INNER_STAR * S36,
    "cross": 4 * shapes.ARM * (2 * math.sqrt(1 - shapes.ARM**2) - shapes.ARM), "ring": math.pi * (1 - shapes.INNER_RING**2),
}  # fmt: skip
INK, PAPER = (0.9, 0.75), (0.13, 0.98)  # saturation and value


def shape(kind: str = "circle", **values: float) -> Tensor:
    """(1, 7) factors in the order of FACTORS."""
    plain = {"hue": 0.6, "size": 0.25, "x": 0.5, "y": 0.5, "rotation": 0.0, "paper": 0.1}
    return torch.tensor([[shapes.KINDS.index(kind), *(plain | values).values()]])


def letter(name: str, font: str = "regular", **values: float) -> Tensor:
    plain = {"hue": 0.6, "paper": 0.1, "size": 0.5, "x": 0.5, "y": 0.5}
    return torch.tensor(
        [[string.ascii_uppercase.index(name), list(glyphs.FONTS).index(font), *(plain | values).values()]]
    )


def colour(hue: float, kind: tuple[float, float]) -> np.ndarray:
    return 255 * np.array(colorsys.hsv_to_rgb(hue % 1, *kind))


def cover(picture: Tensor, hue: float = 0.6, paper: float = 0.1) -> np.ndarray:
    """(3, H, W) -> how much of each pixel is ink, by the channel in which ink and paper differ most."""
    light, dark = colour(paper, PAPER), colour(hue, INK)
    channel = int(np.abs(light - dark).argmax())
    found: np.ndarray = (light[channel] - picture[channel].numpy()) / (light - dark)[channel]
    return found


def centre(ink: np.ndarray) -> tuple[float, float]:
    at = (np.arange(len(ink)) + 0.5) / len(ink)
    return float((ink.sum(0) * at).sum() / ink.sum()), float((ink.sum(1) * at).sum() / ink.sum())


# ── both sets ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module", params=DRAWN)
def drawn(request: pytest.FixtureRequest) -> ImageSet:
    found = data_sets.load(DataConfig(name=request.param, image_size=32))
    assert isinstance(found, ImageSet)
    return found


def test_a_set_says_what_each_picture_was_drawn_from(drawn: ImageSet) -> None:
    module = DRAWN[drawn.name]
    assert drawn.factors is not None
    assert drawn.test_factors is not None
    assert drawn.factor_names == tuple(module.FACTORS)
    for images, labels, factors in (
        (drawn.images, drawn.labels, drawn.factors),
        (drawn.test_images, drawn.test_labels, drawn.test_factors),
    ):
        assert factors.shape == (len(images), 7)
        assert factors.dtype == torch.float32
        assert torch.equal(factors[:, 0].long(), labels)
        rows = torch.arange(0, len(images), 97)
        assert torch.equal(module.draw(factors[rows], 32), images[rows])
    assert (len(drawn.images), len(drawn.test_images)) == (12_000, 2_000)
    assert len(drawn.class_names) == module.FACTORS[drawn.factor_names[0]]


def test_factors_fill_their_ranges_evenly_and_know_nothing_of_each_other(drawn: ImageSet) -> None:
    factors = torch.cat([drawn.factors, drawn.test_factors]).double()  # type: ignore[list-item]
    for column, allowed in zip(factors.T, DRAWN[drawn.name].FACTORS.values(), strict=True):
        if isinstance(allowed, int):
            counts = torch.bincount(column.long(), minlength=allowed)
            assert counts.max() - counts.min() <= 1
        else:
            inside = (column - allowed[0]) / (allowed[1] - allowed[0])
            assert inside.min() > -1e-6
            assert inside.max() < 1 + 1e-6
            assert (torch.histc(inside, 10, 0, 1) / len(inside) - 0.1).abs().max() < 0.015
    related = torch.corrcoef(factors.T) - torch.eye(7)
    assert related.abs().max() < 0.04  # nearly five standard errors of 14,000


def test_nothing_is_cut_off(drawn: ImageSet) -> None:
    images = drawn.images.int()
    edges = torch.cat([images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1]], 2)
    assert (edges == images[:, :, :1, 0]).all()


def test_every_time_the_same_and_nobody_elses_random_numbers(drawn: ImageSet) -> None:
    before = torch.get_rng_state()
    again = data_sets.registry.dataset[drawn.name].value(DataConfig(name=drawn.name, image_size=32))
    assert torch.equal(again.images, drawn.images)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", DRAWN)
def test_progress_is_told(name: str) -> None:
    told: list[tuple[str, int, int]] = []
    DRAWN[name].draw(torch.cat([letter("A")] * 250), 32, lambda *what: told.append(what))
    assert [done for _, done, _ in told] == [128, 250]
    assert {total for _, _, total in told} == {250}


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("kind", shapes.KINDS)
def test_a_shape_has_the_area_and_the_centre_it_should(kind: str, size: int) -> None:
    for radius, x, y, turn in ((0.25, 0.5, 0.5, 0.0), (0.2, 0.37, 0.61, 0.13), (0.28, 0.63, 0.42, 0.77)):
        ink = cover(shapes.draw(shape(kind, size=radius, x=x, y=y, rotation=turn), size)[0])
        assert ink.mean() == pytest.approx(AREAS[kind] * radius**2, rel=0.02 if size == 64 else 0.03)
        assert centre(ink) == pytest.approx((x, y), abs=0.15 / size)


@pytest.mark.parametrize("kind", shapes.KINDS)
def test_colours_are_those_of_the_factors_and_change_nothing_else(kind: str) -> None:
    reference = cover(shapes.draw(shape(kind), 64)[0])
    for hue, paper in ((0.0, 0.5), (0.33, 0.9), (0.8, 0.2)):
        picture = shapes.draw(shape(kind, hue=hue, paper=paper), 64)[0]
        assert np.abs(picture[:, 0, 0].numpy() - colour(paper, PAPER)).max() <= 0.5
        darkest = np.unravel_index(reference.argmax(), reference.shape)
        assert np.abs(picture[:, *darkest].numpy() - colour(hue, INK)).max() <= 0.5
        assert np.abs(cover(picture, hue, paper) - reference).max() < 0.01
    assert torch.equal(shapes.draw(shape(kind, hue=0.25), 32), shapes.draw(shape(kind, hue=1.25), 32))


@pytest.mark.parametrize("kind", shapes.KINDS)
def test_a_turn_by_its_symmetry_leaves_a_shape_as_it_is(kind: str) -> None:
    order = shapes.SYMMETRY[shapes.KINDS.index(kind)]
    start = shapes.draw(shape(kind, x=0.47, rotation=0.07), 64).int()

    def change(turn: float) -> float:
        return float((shapes.draw(shape(kind, x=0.47, rotation=0.07 + turn), 64).int() - start).abs().max())

    assert change(1 / order if order else 0.123) <= 1
    assert change(1.0) <= 1
    assert order == 0 or change(0.5 / order) > 50


def test_turns_are_anticlockwise_from_a_point_upwards() -> None:
    def reach(turn: float) -> tuple[int, int, int, int]:
        rows, columns = np.nonzero(cover(shapes.draw(shape("triangle", rotation=turn), 64)[0]) > 0.5)
        return 32 - rows.min(), 32 - columns.min(), rows.max() - 31, columns.max() - 31

    for turn, furthest in ((0.0, 0), (0.25, 1), (0.5, 2), (0.75, 3)):  # up, left, down, right
        assert np.argmax(reach(turn)) == furthest


# ── letters ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _normalised(ink: np.ndarray) -> np.ndarray:
    """What lies between the outermost pixels, stretched to a square but for very narrow ones, blurred: (400,) of mean 0, norm 1."""
    rows, columns = np.nonzero(ink > 0.4)
    cut = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    if cut.shape[1] < cut.shape[0] / 3:
        cut = np.pad(cut, ((0, 0), (cut.shape[0] // 3,) * 2))
    picture = (
        Image.fromarray((255 * cut.clip(0, 1)).astype(np.uint8)).resize((10, 10), Image.Resampling.BOX).resize((20, 20))
    )
    flat = np.asarray(picture, float).ravel()
    flat -= flat.mean()
    return np.asarray(flat / np.linalg.norm(flat))


def _of_another_font(name: str, slant: float) -> np.ndarray:
    """A letter of the font that comes with Pillow, slanted."""
    picture = Image.new("L", (128, 128))
    ImageDraw.Draw(picture).text((32, 10), name, fill=255, font=ImageFont.load_default(80))
    picture = picture.transform(
        picture.size, Image.Transform.AFFINE, (1, slant, -64 * slant, 0, 1, 0), Image.Resampling.BILINEAR
    )
    return _normalised(np.asarray(picture, float) / 255)


@pytest.mark.parametrize("font", ["light", "regular", "bold", "condensed", "italic"])
def test_letters_look_most_like_the_same_letters_of_another_font(font: str) -> None:
    theirs = np.stack([_of_another_font(name, glyphs.FONTS[font].slant) for name in string.ascii_uppercase])
    ours = np.stack([_normalised(cover(glyphs.draw(letter(name, font), 64)[0])) for name in string.ascii_uppercase])
    nearest = (ours @ theirs.T).argmax(1)
    assert (nearest == np.arange(26)).sum() >= 24


@pytest.mark.parametrize("font", glyphs.FONTS)
@pytest.mark.parametrize("size", [32, 64])
def test_a_letter_is_as_high_as_its_size_and_where_it_should_be(font: str, size: int) -> None:
    thick = glyphs.FONTS[font].half
    for height, x, y in ((0.5, 0.5, 0.5), (0.42, 0.57, 0.44)):
        ink = cover(glyphs.draw(letter("X", font, size=height, x=x, y=y), size)[0])
        assert centre(ink) == pytest.approx((x, y), abs=0.15 / size)
        rows = np.nonzero(ink.max(1) > 0.3)[0]
        assert (rows.max() + 1 - rows.min()) / size == pytest.approx(height * (1 + 2 * thick), abs=1.5 / size)


def test_a_straight_stroke_has_the_area_of_its_length_and_thickness() -> None:
    for font in ("light", "regular", "bold"):
        half = glyphs.FONTS[font].half
        ink = cover(glyphs.draw(letter("I", font, size=0.6), 64)[0])
        assert ink.mean() == pytest.approx(0.36 * (2 * half + math.pi * half**2), rel=0.04)  # a bar with round ends


def test_fonts_differ_as_their_names_say() -> None:
    def width(font: str) -> float:
        columns = np.nonzero(cover(glyphs.draw(letter("H", font, size=0.6), 64)[0]).max(0) > 0.5)[0]
        return float(columns.max() - columns.min())

    assert width("condensed") < 0.8 * width("regular")
    leaning = cover(glyphs.draw(letter("I", "italic", size=0.6), 64)[0])
    top, bottom = (centre(np.where(rows[:, None], leaning, 0))[0] for rows in (np.arange(64) < 20, np.arange(64) > 43))
    assert top - bottom > 0.05
    hollow = cover(glyphs.draw(letter("I", "outline", size=0.6), 64)[0])
    assert hollow[32].max() > 0.5
    assert hollow[32, 31:33].max() < 0.2


def test_letters_have_the_colours_of_their_factors() -> None:
    for hue, paper in ((0.0, 0.5), (0.33, 0.9)):
        picture = glyphs.draw(letter("T", "bold", hue=hue, paper=paper, size=0.6), 64)[0]
        assert np.abs(picture[:, 0, 0].numpy() - colour(paper, PAPER)).max() <= 0.5
        assert np.abs(picture[:, 36, 32].numpy() - colour(hue, INK)).max() <= 0.5

"""Drawings: to text and back, what is damaged, and that points fall where the weights are."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from gan_core import data as data_sets
from gan_core import serial
from gan_core.config import DataConfig, RunConfig, replace
from gan_core.data import PointSet, drawing
from gan_core.data.drawing import LEVELS, SIDE
from gan_core.errors import ConfigError, DataError, PlaygroundError

FAST = settings(max_examples=60, deadline=None, database=None)


def noise(seed: int = 0) -> drawing.Cells:
    """The drawing that compresses worst."""
    return np.random.default_rng(seed).integers(0, LEVELS, (SIDE, SIDE), dtype=np.uint8)


def load(cells: drawing.Cells) -> PointSet:
    found = data_sets.load(DataConfig(name="drawing", drawing=drawing.encode(cells)))
    assert isinstance(found, PointSet)
    return found


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@FAST
@given(st.integers(0, 2**32 - 1), st.integers(1, LEVELS - 1), st.floats(0.0002, 1))
def test_drawings_survive_their_text(seed: int, level: int, share: float) -> None:
    cells = np.where(np.random.default_rng(seed).random((SIDE, SIDE)) < share, level, 0).astype(np.uint8)
    cells[seed % SIDE, 3] = 1
    text = drawing.encode(cells)
    assert (drawing.decode(text) == cells).all()
    assert drawing.is_valid(text)
    assert (drawing.from_levels(drawing.to_levels(cells)) == cells).all()


def test_the_worst_drawing_fits_a_link_with_every_setting() -> None:
    text = drawing.encode(noise())
    assert len(text) < 6200
    config = replace(RunConfig(), {"data.name": "drawing", "data.drawing": text, "generator.hidden": (2048,) * 8, "loss": "hinge",
                                   "schedule": "cosine", "horizon": 10**9, "g_optimizer.lr": 0.00123, "d_optimizer.lr": 0.00321})  # fmt: skip
    link = serial.to_link(config)
    assert len(link) < 7500
    assert serial.from_link(link) == (config, [])
    assert serial.from_toml(serial.to_toml(config)) == config
    assert serial.from_json(serial.to_json(config)) == config


@FAST
@given(st.one_of(st.binary(max_size=400), st.binary(max_size=400).map(zlib.compress)))
def test_garbage_is_never_more_than_an_error(raw: bytes) -> None:
    text = text_of(raw)
    assert not drawing.is_valid(text) or not text
    if text:
        with pytest.raises(DataError):
            drawing.decode(text)
        with pytest.raises(ConfigError, match=r"data\.drawing"):
            replace(RunConfig(), {"data.drawing": text})


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(max_size=60))
def test_any_text_is_refused_in_words(text: str) -> None:
    if text:
        with pytest.raises(PlaygroundError):
            drawing.decode(text)
    with pytest.raises(DataError, match="damaged"):
        drawing.from_levels(text)


@pytest.mark.parametrize(
    "raw",
    [b"\0" * 10, b"\0" * (SIDE * SIDE // 2 + 1), b"\1" * 50_000_000],
    ids=["short", "long", "a bomb"],
)
def test_other_sizes_are_refused_without_unpacking_them(raw: bytes) -> None:
    assert not drawing.is_valid(text_of(zlib.compress(raw)))


def test_what_follows_or_is_missing_is_refused() -> None:
    whole = zlib.compress(b"\1" * (SIDE * SIDE // 2), 9)
    assert drawing.is_valid(text_of(whole))
    assert not drawing.is_valid(text_of(whole + b"x"))
    assert not drawing.is_valid(text_of(whole[:-1]))
    assert not drawing.is_valid(text_of(whole[:-1] + bytes([whole[-1] ^ 1])))


def test_empty_and_wrong_drawings_say_so() -> None:
    with pytest.raises(DataError, match="Nothing is drawn"):
        drawing.encode(np.zeros((SIDE, SIDE), np.uint8))
    with pytest.raises(DataError, match="Nothing is drawn"):
        drawing.decode(text_of(zlib.compress(b"\0" * (SIDE * SIDE // 2))))
    for wrong in (np.ones((SIDE, 3), np.uint8), np.full((SIDE, SIDE), LEVELS, np.uint8), np.ones((SIDE, SIDE))):
        with pytest.raises(DataError, match="damaged"):
            drawing.encode(wrong)  # type: ignore[arg-type]


def test_a_tampered_drawing_in_a_link_is_reported_and_the_rest_applies() -> None:
    link = serial.to_link(
        replace(RunConfig(), {"data.name": "drawing", "data.drawing": drawing.encode(noise()), "seed": 7})
    )
    broken = link.replace("data.drawing=e", "data.drawing=f")
    assert broken != link
    config, problems = serial.from_link(broken)
    assert (config.data.drawing, config.seed, config.data.name) == ("", 7, "drawing")
    assert len(problems) == 1
    assert "data.drawing" in str(problems[0])
    assert len(str(problems[0])) < 300


def test_points_fall_where_the_weights_are() -> None:
    """Counts in the cells against the weights (χ²), each within its cell, the first row at the top."""
    cells = np.zeros((SIDE, SIDE), np.uint8)
    cells[0, 0], cells[0, 95], cells[95, 40], cells[50, 50] = 15, 5, 10, 1
    points = load(cells)
    sample = points.draw(31_000, torch.Generator().manual_seed(0))
    column, row = ((sample[:, 0] + 1) / 2 * SIDE).long(), ((1 - sample[:, 1]) / 2 * SIDE).long()
    counts = torch.zeros(SIDE, SIDE, dtype=torch.long)
    counts.index_put_((row, column), torch.ones(len(row), dtype=torch.long), accumulate=True)
    found = counts.numpy()[cells > 0]
    assert found.sum() >= 31_000 - 20  # float32 may put a point onto the border of the next cell
    assert chisquare(found, cells[cells > 0] / cells.sum() * found.sum()).pvalue > 1e-4
    assert sample.abs().max() <= 1
    inside = (sample[:, 0][(row == 0) & (column == 0)] + 1) / 2 * SIDE
    assert float(inside.mean()) == pytest.approx(0.5, abs=0.02)


def test_an_example_is_there_before_anything_is_drawn() -> None:
    points = data_sets.load(DataConfig(name="drawing"))
    assert isinstance(points, PointSet)
    assert (drawing.decode("") == drawing.example()).all()
    assert (drawing.example() == drawing.example()[:, ::-1]).all()  # a face looks straight ahead
    left, right = points.draw(20_000, torch.Generator().manual_seed(1))[:, 1].sort().values[[2000, 18_000]]
    assert left < 0 < right

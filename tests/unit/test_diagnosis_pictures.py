"""What is read off pictures, against formulas written out by hand and pictures that were changed on purpose; and what is concluded from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import _tiny
import numpy as np
import pytest
from _pasts import only, told
from scipy.spatial.distance import cdist

from gan_core import data as data_sets
from gan_core.config import replace
from gan_core.data.sets import ImageSet
from gan_core.diagnosis import Doctor, Look, picture_signs, signs, treatments
from gan_core.diagnosis.pictures import (
    Light,
    Reader,
    Reading,
    by_heart,
    checkerboard,
    empty,
    nearest,
    thinned,
    twins,
    twins_expected,
)

RNG = np.random.default_rng(7)
COLOURS = RNG.integers(0, 256, (40, 3, 16, 16), dtype=np.uint8)


def digits(size: int = 16, count: int = 128) -> np.ndarray:
    data = data_sets.load(_tiny.pictures(data__image_size=size).data)
    assert isinstance(data, ImageSet)
    return data.images[:count].numpy()


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pictures", [COLOURS, digits(), digits(32, 60)])
def test_the_nearest_other_one(pictures: np.ndarray) -> None:
    flat = thinned(pictures)
    apart = cdist(flat, flat)
    np.fill_diagonal(apart, np.inf)
    np.testing.assert_allclose(nearest(pictures), apart.min(1), rtol=1e-6)


def test_twins_are_those_that_are_nearly_the_same() -> None:
    some = digits(count=20)
    closest = float(np.quantile(nearest(digits()), 0.05))
    shaken = np.clip(some.astype(int) + RNG.integers(-3, 4, some.shape), 0, 255).astype(np.uint8)
    assert twins(some, closest) < 0.2
    assert twins(np.concatenate([some, shaken]), closest) == 1.0
    assert twins(np.concatenate([some, shaken[:5]]), closest) == pytest.approx(10 / 25, abs=0.1)


@pytest.mark.parametrize(("samples", "different"), [(128, 50), (128, 1500), (20, 3)])
def test_how_many_twins_chance_makes(samples: int, different: int) -> None:
    """Drawn again and again from so many different things."""
    drawn = RNG.integers(different, size=(3000, samples))
    same = [(np.unique(row, return_counts=True)[1]) for row in drawn]
    share = np.mean([counts[counts > 1].sum() / samples for counts in same])
    assert twins_expected(samples, different) == pytest.approx(share, abs=0.01)


def board(strength: float, height: int = 16, width: int = 16) -> np.ndarray:
    """+1 and −1 by turns along both axes."""
    y, x = np.mgrid[:height, :width]
    return strength * (-1.0) ** (y + x)


@pytest.mark.parametrize("size", [(8, 8), (16, 16), (28, 28), (16, 12)])
def test_energy_at_the_frequency_of_the_stride(size: tuple[int, int]) -> None:
    """Of a plain picture with a board over it all energy is there, by Parseval; of a slow wave none; of noise as much as its share of the
    frequencies."""
    height, width = size
    wave = 100 + 50 * np.cos(2 * math.pi * np.arange(width) / width)[None].repeat(height, 0)
    pictures = (
        wave[None, None],
        (100 + board(40.0, height, width))[None, None],
        RNG.integers(0, 256, (400, 1, height, width)),
    )
    (low, _), (all_of_it, _), (share, peak) = (checkerboard(x.astype(np.uint8)) for x in pictures)
    assert low < 0.01
    assert all_of_it == pytest.approx(1.0)
    assert peak == pytest.approx(1.0, abs=0.06)
    assert 0 < share < 0.5


def test_the_share_of_a_board_that_lies_over_noise() -> None:
    """Energies of independent parts add up: share = (s + c σ²) / (s + σ²), c the noise's own share."""
    noise = RNG.normal(0, 20, (600, 1, 16, 16))
    own, _ = checkerboard((128 + noise).round().clip(0, 255).astype(np.uint8))
    share, peak = checkerboard((128 + noise + board(10.0)).round().clip(0, 255).astype(np.uint8))
    assert share == pytest.approx((100 + own * 400) / (100 + 400), abs=0.01)
    assert peak > 2


@pytest.mark.parametrize("make", [lambda: digits(), lambda: digits(28), lambda: digits(32)])
def test_a_faint_board_over_digits_stands_out(make: Callable[[], np.ndarray]) -> None:
    real = make().astype(float)
    little, plain = checkerboard(make())
    where = real > 30  # up-sampling prints on strokes
    share, peak = checkerboard((real + where * board(30.0, *real.shape[2:])).clip(0, 255).astype(np.uint8))
    assert little < picture_signs.PRINTED / 3
    assert share > picture_signs.PRINTED
    assert peak > max(picture_signs.DENSER, picture_signs.THAN_REAL * plain)


def shifted(pictures: np.ndarray, by: int) -> np.ndarray:
    """Moved to the right, with middle grey where nothing is, as DiffAugment's translation does (0 in [−1, 1])."""
    found = np.full_like(pictures, 127)
    found[..., by:] = pictures[..., :-by]
    return found


def cut(pictures: np.ndarray) -> np.ndarray:
    """With a square of half the side at a place of each picture's own replaced by middle grey, as DiffAugment's cutout does."""
    found, side = pictures.copy(), pictures.shape[-1] // 2
    for picture in found:
        y, x = RNG.integers(0, pictures.shape[-1] - side // 2, 2)
        picture[:, y : y + side, x : x + side] = 128
    return found


def test_empty_areas() -> None:
    for real in (digits(), digits(32), COLOURS):
        assert empty(real) < 0.02
        assert empty(shifted(real, 2)) == 1.0
        assert empty(cut(real)) > 0.95
        half = np.concatenate([real[: len(real) // 2], cut(real[len(real) // 2 :])])
        assert empty(half) == pytest.approx(0.5, abs=0.04)


def test_the_densest_square_by_hand() -> None:
    grey = np.zeros((1, 1, 12, 12), np.uint8)
    grey[0, 0, 4:7, 5:8] = 128  # three by three, a quarter of the side
    assert empty(grey) == 1.0
    grey[0, 0, 5, 6] = 0
    assert empty(grey) == 0.0  # eight ninths are less than nine tenths


def test_odd_light() -> None:
    real = data_sets.load(_tiny.pictures(data__image_size=16).data)
    assert isinstance(real, ImageSet)
    light = Light.of(real.images.numpy())
    assert light.odd(real.images.numpy()) <= 0.02
    assert light.odd(real.test_images.numpy()) < 0.06
    brighter = np.clip(real.test_images.numpy().astype(int) + 64, 0, 255).astype(np.uint8)
    flatter = (real.test_images.numpy() * 0.5).astype(np.uint8)
    assert light.odd(brighter) > 0.9
    assert light.odd(flatter) > 0.9


@pytest.mark.parametrize(("real", "held", "fake", "expected"), [
    (2.0, 2.0, 0.0, 0.0), (2.0, 0.0, 0.0, 1.0), (2.0, 1.5, 0.0, 0.25), (2.0, -1.0, 0.0, 1.5), (2.0, 2.4, 0.0, 0.0),
])  # fmt: skip
def test_r_v(real: float, held: float, fake: float, expected: float) -> None:
    """(E[D(train)] − E[D(held out)]) / (E[D(train)] − E[D(generated)]), of outputs with these means exactly."""
    spread = RNG.normal(0, 0.1, 128)
    spread -= spread.mean()
    assert by_heart(real + spread, held + spread, fake + spread) == pytest.approx(expected, abs=1e-9)


def test_r_v_is_said_only_where_means_differ() -> None:
    same = RNG.normal(0, 1, (3, 128))
    assert math.isnan(by_heart(*same))
    assert math.isnan(by_heart(same[0] + 5, same[1][:0], same[2]))
    assert by_heart(same[0] + 5, same[1] + 4.9, same[2]) == 0.0


# ── what is concluded ────────────────────────────────────────────────────────────────────────────────────────────────────

WELL: dict[str, Any] = {
    "spread": 1.0,
    "twins": 0.05,
    "share": 0.003,
    "peak": 0.7,
    "real_peak": 0.6,
    "empty": 0.0,
    "odd": 0.1,
    "by_heart": 0.1,
}


def seen(step: int, **more: Any) -> Look:
    """A look at a run on pictures in good health, at which they were read."""
    return Look(step, step * 16, 1.2, 0.9, 0.2, -0.2, 0.5, 1.0, size=1.0, order=0.65, distance=0.06, floor=0.05,
                reading=Reading(step, **WELL | more))  # fmt: skip


def doctor(**changes: Any) -> Doctor:
    return Doctor(_tiny.pictures(**{"loss": "non_saturating", "penalty": "none"} | changes))


CASES = [
    ("mode_collapse", {"spread": 0.1}, signs.ALIKE), ("mode_collapse", {"twins": 0.9}, signs.TWINS),
    ("d_overfitting", {"by_heart": 0.7}, picture_signs.REMEMBERS),
    ("checkerboard", {"share": 0.04, "peak": 1.8}, picture_signs.PATTERN),
    ("augmentation_leak", {"empty": 0.4}, picture_signs.HOLES), ("augmentation_leak", {"odd": 0.7}, picture_signs.LIGHT),
]  # fmt: skip


@pytest.mark.parametrize(("code", "shown", "says"), CASES)
def test_each_condition_has_its_numbers_and_says_what_helps(code: str, shown: dict[str, float], says: str) -> None:
    run = doctor(augmentation="diffaugment")
    assert told(run, lambda step: seen(step, **shown))[-1] == code
    found = only(run)
    assert (found.code, found.evidence.template) == (code, says)
    assert str(found.evidence)
    assert 0 < found.since < 1000
    assert str(found.advice)
    if code == "checkerboard":
        assert (found.remedy, found.advice.template) == ({}, treatments.RESIZING)
    else:
        assert replace(run.config, found.changes) != run.config


def test_what_leaks_is_lowered() -> None:
    run = doctor(augmentation="ada")
    told(run, lambda step: seen(step, empty=0.4))
    assert only(run).remedy == {"augment_strength": (1.0, 0.5)}
    assert only(run).advice.template == treatments.LESS_OFTEN


def test_nothing_leaks_where_nothing_is_augmented() -> None:
    assert told(doctor(), lambda step: seen(step, empty=0.4, odd=0.9)) == ["early", "healthy"]


def test_good_health() -> None:
    run = doctor()
    assert told(run, seen, last=10_000) == ["early", "healthy"]


@pytest.mark.parametrize("shown", [
    {"twins": 0.9, "expected": 0.6},  # of so few training pictures
    {"by_heart": 0.45}, {"by_heart": math.nan}, {"share": 0.005, "peak": 3.0}, {"share": 0.1, "peak": 1.05},  # noise
    {"share": 0.1, "peak": 1.8, "real_peak": 1.0},  # real ones have it, too
])  # fmt: skip
def test_what_only_looks_like_trouble(shown: dict[str, float]) -> None:
    assert told(doctor(), lambda step: seen(step, **shown)) == ["early", "healthy"]


@pytest.mark.parametrize(("code", "shown"), [(case[0], case[1]) for case in CASES if case[0] != "augmentation_leak"])
def test_readings_are_rare_and_late(code: str, shown: dict[str, float]) -> None:
    """One look in seven has one, and some fall on looks that are too near to the last one to be kept. Nothing is forgotten in between, and
    a single bad reading says nothing."""
    bare = dict.fromkeys(range(10, 6000, 10))

    def make(step: int, bad: bool) -> Look:
        look = seen(step, **(shown if bad else {}))
        return look if step % 70 == 0 else Look(**{**look.__dict__, "reading": None})

    run = doctor()
    for step in bare:
        run.see(make(step, bad=True), run.config)
    assert only(run).code == code
    held = [run.see(make(step, bad=True), run.config)[0].code for step in range(6000, 9000, 10)]
    assert set(held) == {code}
    for step in range(9000, 11000, 10):
        run.see(make(step, bad=False), run.config)
    assert only(run).code == "healthy"
    for step in range(11000, 11500, 10):
        run.see(make(step, bad=step == 11060), run.config)
    assert only(run).code == "healthy"


def test_a_player_that_rests_remembers_nothing() -> None:
    assert told(doctor(k_d=0), lambda step: seen(step, by_heart=0.9)) == ["resting"]


@pytest.mark.parametrize(("changes", "wanted", "why"), [
    ({"penalty_weight": 0.3}, {"penalty": "r1", "penalty_weight": 1.0}, treatments.FLAT_AT_PICTURES),
    ({"penalty": "r1"}, {"augmentation": "diffaugment"}, treatments.CHANGED_PICTURES),
    ({"penalty": "r1", "augmentation": "ada"}, {"instance_noise": 0.1}, treatments.BLURRED_PICTURES),
    ({"penalty": "r1", "augmentation": "ada", "instance_noise": 0.2}, {"d_optimizer.lr": 0.0003}, treatments.SLOWER_TO_LEARN),
    ({"penalty": "r1", "augmentation": "ada", "instance_noise": 0.2, "d_optimizer__lr": 1e-4}, {}, treatments.NOTHING_LEFT),
])  # fmt: skip
def test_against_learning_by_heart(changes: dict[str, Any], wanted: dict[str, Any], why: str) -> None:
    found, advice = treatments.proposed("d_overfitting", doctor(**changes).config)
    assert ({name: new for name, (_old, new) in found.items()}, advice.template) == (wanted, why)


def test_a_board_without_transposed_convolutions() -> None:
    config = doctor(generator__upsampling="nearest").config
    assert treatments.proposed("checkerboard", config)[0]["penalty"] == ("none", "r1")


def test_a_reader_of_the_real_pictures_themselves() -> None:
    real = digits()
    found = Reader(real, 1500).read(40, real, 0.2)
    assert (found.step, found.by_heart) == (40, 0.2)
    assert found.spread == pytest.approx(1.0)
    assert found.twins == pytest.approx(0.05, abs=0.02)
    assert found.peak == found.real_peak
    assert (found.empty, found.odd) == (found.real_empty, found.real_odd)
    collapsed = np.repeat(real[:4], 32, 0)
    assert Reader(real, 1500).read(0, collapsed).twins == 1.0

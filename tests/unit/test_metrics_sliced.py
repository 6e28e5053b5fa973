"""The sliced Wasserstein distance against SciPy, closed forms, and what draws of the data themselves score."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from gan_core import data as data_sets
from gan_core import metrics, registry
from gan_core.config import DataConfig
from gan_core.data import PointSet
from gan_core.errors import DataError
from gan_core.metrics.sliced import DIRECTIONS, by_direction, directions, distance_to, floor, sliced_wasserstein

POINTS = [e.name for e in registry.dataset.entries() if e.info["kind"] == "points"]
SAMPLES = 2500


def load(name: str) -> PointSet:
    found = data_sets.load(DataConfig(name=name))
    assert isinstance(found, PointSet)
    return found


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def real(points: PointSet, n: int = SAMPLES, seed: int = 77) -> torch.Tensor:
    return points.to_units(points.draw(n, torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("dim", [1, 2, 5, 192])
def test_directions_are_unit_vectors_and_always_the_same(dim: int) -> None:
    u = directions(dim)
    assert u.shape == (DIRECTIONS, dim)
    torch.testing.assert_close(u.norm(dim=1), torch.ones(DIRECTIONS, dtype=torch.float64))
    directions.cache_clear()
    assert torch.equal(u, directions(dim))
    if dim > 1:  # uniform on the sphere: the mean is 0, the second moments are 1/dim
        assert u.mean(0).abs().max() < 5 / math.sqrt(DIRECTIONS * dim)
        assert (u.square().mean(0) - 1 / dim).abs().max() < 6 / (math.sqrt(DIRECTIONS) * dim)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 70), (7, 64), (1, 9), (33, 34), (1, 1), (20, 10)])
@pytest.mark.parametrize("dim", [1, 2, 6])
def test_every_direction_against_scipy(n: int, m: int, dim: int) -> None:
    a, b = normal(n, dim), normal(m, dim, seed=1) * 1.7 + 0.3
    found = by_direction(a, b)
    for distance, u in zip(found, directions(dim), strict=True):
        assert distance == pytest.approx(wasserstein_distance(a @ u, b @ u), rel=1e-9, abs=1e-12)
    assert sliced_wasserstein(a, b) == pytest.approx(found.mean())


def test_equal_values_and_repeated_samples() -> None:
    a = normal(40, 2).round(decimals=1)
    assert sliced_wasserstein(a, a) == 0
    assert sliced_wasserstein(a, a.flip(0)) == pytest.approx(0, abs=1e-15)
    assert sliced_wasserstein(a, a.repeat(3, 1)) == pytest.approx(0, abs=1e-15)
    assert sliced_wasserstein(a, a[:30]) == pytest.approx(sliced_wasserstein(a[:30], a))
    assert sliced_wasserstein(a, a[:30]) > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_cloud_that_is_moved(dtype: torch.dtype) -> None:
    a, by = normal(500, 2), torch.tensor([3.0, -4.0], dtype=torch.float64)
    found = sliced_wasserstein(a.to(dtype), (a + by).to(dtype))
    assert found == pytest.approx(float((directions(2) @ by).abs().mean()), rel=1e-6)
    assert found == pytest.approx(5 * 2 / math.pi, rel=0.1)  # the mean of |cos| over the circle


def test_two_gaussians_of_different_width() -> None:
    """W₁ of N(0, σ²) and N(0, τ²) is |σ − τ| E|z| = |σ − τ| √(2/π), in every direction."""
    n = 40_000
    found = by_direction(0.5 * normal(n, 3), 2 * normal(n, 3, seed=1))
    np.testing.assert_allclose(found, 1.5 * math.sqrt(2 / math.pi), rtol=0.05)


@pytest.mark.parametrize("size", [4, 28])
def test_pictures_all_lighter_by_one_amount(size: int) -> None:
    """v·u of v = c(1, …, 1) has the variance c², whatever the number of pixels: the unit is that of one pixel."""
    pictures = normal(20, 1, size, size).float()
    found = sliced_wasserstein(pictures, pictures + 0.25)
    assert found == pytest.approx(0.25 * math.sqrt(2 / math.pi), rel=0.25)
    assert found == pytest.approx(sliced_wasserstein(pictures.flatten(1), pictures.flatten(1) + 0.25))


@pytest.mark.parametrize(("a", "b"), [((5, 2), (5, 3)), ((0, 2), (5, 2)), ((5, 2), (0, 2)), ((5, 1, 4, 4), (5, 16))])
def test_what_cannot_be_compared(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="cannot be compared"):
        sliced_wasserstein(torch.zeros(a), torch.zeros(b))


# ── against a data set ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", POINTS)
def test_the_floor_is_what_draws_of_the_data_score(name: str) -> None:
    points = load(name)
    scores = [metrics.evaluate(real(points, seed=seed), points)["swd"] for seed in range(100, 110)]
    assert metrics.floors(points, SAMPLES)["swd"] == pytest.approx(np.mean(scores), rel=0.6)
    moved = metrics.evaluate(real(points) + 0.5 * points.scale, points)["swd"]
    assert moved == pytest.approx(0.5 * points.scale * math.sqrt(2) * 2 / math.pi, rel=0.2)


def test_it_is_in_data_units() -> None:
    moons = load("moons")
    wide = replace(moons, scale=moons.scale * 10)
    assert floor(wide, 300) == pytest.approx(10 * floor(moons, 300), rel=1e-5)
    samples = real(moons, 300)
    assert distance_to(10 * samples, wide) == pytest.approx(10 * distance_to(samples, moons), rel=1e-5)


def test_more_samples_have_a_lower_floor() -> None:
    moons = load("moons")
    assert floor(moons, 100) > 2 * floor(moons, 10_000)


def test_two_data_sets_of_one_name_are_apart() -> None:
    moons = load("moons")
    other = replace(moons, draw=lambda n, rng: moons.draw(n, rng) + 1)
    samples = real(moons)
    assert distance_to(samples, other) > 10 * distance_to(samples, moons)


def test_the_same_samples_always_score_the_same() -> None:
    before = torch.get_rng_state()
    scores = {metrics.evaluate(real(load("spiral")), load("spiral"))["swd"] for _ in range(3)}
    floors = {metrics.floors(load("spiral"), SAMPLES)["swd"] for _ in range(3)}
    assert len(scores) == len(floors) == 1
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["ring", "moons"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, 3e38])
def test_samples_that_are_not_finite_have_no_distance(name: str, bad: float) -> None:
    points = load(name)
    samples = real(points)
    samples[7] = bad
    found = metrics.evaluate(samples, points)
    assert "swd" not in found or bad == 3e38
    json.dumps(found, allow_nan=False)
    assert "swd" not in metrics.evaluate(samples[:0], points)

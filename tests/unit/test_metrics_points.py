"""Mode statistics against numbers worked out by hand, NumPy, and what a perfect generator scores."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2, entropy

from gan_core import data as data_sets
from gan_core import metrics, registry
from gan_core.config import DataConfig
from gan_core.data import PointSet
from gan_core.metrics.points import mode_statistics, perfect_quality, perfect_reverse_kl

SAMPLES = 2500
MIXTURES = ["ring", "grid", "two_gaussians", "three_blobs"]
CORNERS = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def load(name: str) -> PointSet:
    found = data_sets.load(DataConfig(name=name))
    assert isinstance(found, PointSet)
    return found


def perfect(points: PointSet, n: int = SAMPLES, seed: int = 1) -> torch.Tensor:
    return points.to_units(points.draw(n, torch.Generator().manual_seed(seed)))


def test_the_best_quality_is_that_of_a_gaussian_in_the_plane() -> None:
    assert perfect_quality() == pytest.approx(chi2(2).cdf(9))  # ‖x‖²/σ² has two degrees of freedom
    assert perfect_quality() == pytest.approx(0.98889, abs=1e-5)


def test_the_floor_of_the_reverse_kl_is_what_perfect_draws_score() -> None:
    rng = np.random.default_rng(0)
    counts = rng.multinomial(SAMPLES, np.full(25, 1 / 25), size=4000) / SAMPLES
    average = np.where(counts > 0, counts * np.log(np.maximum(counts, 1e-12) * 25), 0).sum(1).mean()
    assert perfect_reverse_kl(25, SAMPLES) == pytest.approx(average, rel=0.03)


def test_floors_of_modes_are_stated_for_mixtures_only() -> None:
    grid, moons = metrics.floors(load("grid"), SAMPLES), metrics.floors(load("moons"), SAMPLES)
    assert grid == pytest.approx(
        {"modes": 25, "quality": 0.98889, "reverse_kl": 24 / 5000, "js": grid["js"], "swd": grid["swd"]}, abs=1e-5
    )
    assert moons.keys() == {"js", "swd"}


@pytest.mark.parametrize("name", MIXTURES)
def test_a_perfect_generator_finds_everything(name: str) -> None:
    points = load(name)
    assert points.modes is not None
    found, k = metrics.evaluate(perfect(points), points), len(points.modes)
    assert found["modes"] == found["modes_total"] == k
    assert abs(found["quality"] - perfect_quality()) < 4 * math.sqrt(0.989 * 0.011 / SAMPLES)
    # 2N·KL is χ² with K − 1 degrees of freedom: the estimate is never 0, however good the generator
    assert 0 <= found["reverse_kl"] < chi2(k - 1).ppf(0.9999) / (2 * SAMPLES)


def test_by_hand() -> None:
    samples = torch.tensor(
        [[0.0, 0.0], [0.29, 0.0], [0.0, -0.29], [1.0, 0.1], [0.5, 0.5], [9.0, 9.0], [0.31, 0.0], [0.0, 0.4]]
    )
    found = mode_statistics(samples, CORNERS, 0.1)
    assert found.modes == 2  # (0, 0) three times, (1, 0) once
    assert found.quality == pytest.approx(4 / 8)
    assert found.reverse_kl == pytest.approx(0.75 * math.log(0.75 * 4) + 0.25 * math.log(0.25 * 4))


@pytest.mark.parametrize("seed", range(3))
def test_against_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = load("grid")
    assert grid.modes is not None
    assert grid.sigma is not None
    weights = rng.dirichlet(np.full(25, 0.3))
    centres = grid.modes.numpy().astype(np.float64)
    samples = centres[rng.choice(25, SAMPLES, p=weights)] + rng.normal(0, 1.5 * grid.sigma, (SAMPLES, 2))
    distance = np.linalg.norm(samples[:, None] - centres, axis=2)
    good = distance.min(1) <= 3 * grid.sigma
    counts = np.bincount(distance.argmin(1)[good], minlength=25)
    found = mode_statistics(torch.from_numpy(samples).float(), grid.modes, grid.sigma)
    assert found.modes == (counts > 0).sum()
    assert found.quality == pytest.approx(good.mean(), abs=1.5 / SAMPLES)  # float32 may move one sample over the border
    assert found.reverse_kl == pytest.approx(entropy(counts, np.ones(25)), abs=2e-3)


def test_one_mode_is_the_worst_spread() -> None:
    assert mode_statistics(CORNERS[:1].repeat(50, 1), CORNERS, 0.1).reverse_kl == pytest.approx(math.log(4))
    assert mode_statistics(CORNERS, CORNERS, 0.1).reverse_kl == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "samples", [torch.full((9, 2), 50.0), torch.full((9, 2), math.nan), torch.full((9, 2), math.inf), torch.empty(0, 2)],
    ids=["far", "nan", "infinite", "none"],
)  # fmt: skip
def test_without_a_good_sample_every_number_is_still_a_number(samples: torch.Tensor) -> None:
    found = mode_statistics(samples, CORNERS, 0.1)
    assert (found.modes, found.quality) == (0, 0.0)
    assert found.reverse_kl == pytest.approx(math.log(4))


def test_points_without_modes_have_no_mode_statistics() -> None:
    moons = load("moons")
    assert metrics.evaluate(perfect(moons), moons).keys() == {"js", "swd"}


def test_what_evaluate_gives_is_registered_and_fits_json() -> None:
    ring = load("ring")
    found = metrics.evaluate(perfect(ring), ring)
    assert set(found) - {"modes_total"} == {e.name for e in registry.metric.entries() if e.info["kind"] == "points"}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("entry", registry.metric.entries(), ids=lambda e: e.name)
def test_every_metric_says_what_it_means(entry: registry.Entry[object]) -> None:
    assert entry.title
    assert entry.help.endswith(".")
    assert entry.info["better"] in ("higher", "lower")
    assert entry.info["kind"] in ("points", "images", "pairs")
    assert "FID" not in entry.title


def test_measuring_draws_no_random_numbers() -> None:
    ring, before = load("ring"), torch.get_rng_state()
    metrics.evaluate(perfect(ring), ring)
    assert torch.equal(torch.get_rng_state(), before)

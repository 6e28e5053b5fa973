"""The Jensen–Shannon divergence against SciPy, closed forms, and what perfect generators score."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from gan_core import data as data_sets
from gan_core import metrics, registry
from gan_core.config import DataConfig
from gan_core.data.sets import PointSet
from gan_core.errors import DataError
from gan_core.metrics.divergence import CELLS, divergence_from, floor, jensen_shannon, shares

UNIT = (0.0, 1.0, 0.0, 1.0)


def points(name: str) -> PointSet:
    found = data_sets.load(DataConfig(name=name))
    assert isinstance(found, PointSet)
    return found


def test_against_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        p, q = (rng.dirichlet(np.full(30, 0.3)) for _ in range(2))
        expected = jensenshannon(p, q) ** 2  # SciPy gives the distance, its square root
        assert jensen_shannon(torch.tensor(p), torch.tensor(q)) == pytest.approx(expected, abs=1e-12)


def test_nothing_in_common_is_log_two_and_the_same_is_zero() -> None:
    p, q = torch.tensor([0.5, 0.5, 0.0, 0.0]), torch.tensor([0.0, 0.0, 0.2, 0.8])
    assert jensen_shannon(p, q) == pytest.approx(math.log(2))
    assert jensen_shannon(q, q) == 0.0


def test_cells_against_numpy() -> None:
    samples = torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.2
    found = shares(samples, UNIT)
    edges = np.linspace(0, 1, CELLS + 1)
    counts, *_ = np.histogram2d(samples[:, 1].numpy(), samples[:, 0].numpy(), bins=[edges, edges])  # rows are y
    assert np.allclose(found[:-1].numpy() * 500, counts.flatten())
    assert float(found.sum()) == pytest.approx(1)


def test_what_lies_outside_or_is_no_number_counts_as_outside() -> None:
    samples = torch.tensor([[9.0, 0.5], [math.nan, 0.5], [0.5, math.inf], [0.5, 0.5]])
    assert shares(samples, UNIT)[-1] == 0.75
    everywhere = torch.full((50, 2), math.nan)
    assert divergence_from(everywhere, points("ring")) == pytest.approx(math.log(2), abs=0.01)


def test_no_samples_are_refused() -> None:
    with pytest.raises(DataError, match="no samples"):
        shares(torch.empty(0, 2), UNIT)


@pytest.mark.parametrize("name", [e.name for e in registry.dataset.entries() if e.info["kind"] == "points"])
def test_a_perfect_generator_scores_the_floor(name: str) -> None:
    data = points(name)
    best = floor(data, 10_000)
    draws = (data.to_units(data.draw(10_000, torch.Generator().manual_seed(77 + i))) for i in range(6))
    # A χ² of few cells scatters by √(2/K), and the reference is one draw itself.
    assert np.mean([divergence_from(samples, data) for samples in draws]) == pytest.approx(best, rel=0.3)
    assert 0 < best < 0.04
    assert metrics.floors(data, 10_000)["js"] == best


def test_the_floor_is_the_bias_of_histograms() -> None:
    """Two histograms of n samples over K equally likely cells: on average (K − 1)/4n, of χ² statistics to first order."""
    data = points("checkerboard")
    cells = int((shares(data.draw(200_000, torch.Generator().manual_seed(5)), data.extent) > 1e-5).sum())
    assert floor(data, 10_000) == pytest.approx((cells - 1) / 40_000, rel=0.2)


def test_half_the_modes_of_a_mixture() -> None:
    """p even on two modes, q on one of them: m = (3/4, 1/4), so ½ log(4/3) + ½ (½ log(2/3) + ½ log 2)."""
    data = points("two_gaussians")
    samples = data.to_units(data.draw(20_000, torch.Generator().manual_seed(3)))
    half = samples[samples[:, 0] > 0][:9000]
    expected = 0.5 * math.log(4 / 3) + 0.25 * math.log(2 / 3) + 0.25 * math.log(2)
    assert divergence_from(half, data) == pytest.approx(expected, abs=0.03)

"""Parameters of distributions: nothing changes while they are the set's own, everything follows when they are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, entropy
from torch import Generator, Tensor

from gan_core import data as data_sets
from gan_core import metrics, registry
from gan_core.config import DataConfig, RunConfig, field, replace
from gan_core.data import PointSet, parameters
from gan_core.data.mixtures import choose, shares
from gan_core.engine import plan
from gan_core.errors import ConfigError
from gan_core.metrics.points import mode_statistics, perfect_modes, perfect_quality, perfect_reverse_kl

POINTS = [e.name for e in registry.dataset.entries() if e.info["kind"] == "points"]
CASES = [(name, parameter) for name in POINTS for parameter in parameters.of(name)]


def load(name: str, **values: Any) -> PointSet:
    found = data_sets.load(DataConfig(name=name, **values))
    assert isinstance(found, PointSet)
    return found


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


# ── as they were before there were parameters ────────────────────────────────────────────────────────────────────────────


def _angles(degrees: Tensor) -> Tensor:
    return torch.stack([degrees.deg2rad().cos(), degrees.deg2rad().sin()], 1)


def _gaussians(means: Tensor, sigma: float) -> Callable[[int, Generator], Tensor]:
    return lambda n, g: means[torch.randint(len(means), (n,), generator=g)] + torch.randn(n, 2, generator=g) * sigma


def _line(n: int, g: Generator) -> Tensor:
    t = torch.rand(n, generator=g) * 2 - 1
    return torch.stack([t, t / 2], 1) + torch.randn(n, 2, generator=g) * 0.02


def _moons(n: int, g: Generator) -> Tensor:
    t, upper = torch.rand(n, generator=g) * math.pi, torch.rand(n, generator=g) < 0.5
    x = torch.where(upper, t.cos(), 1 - t.cos()) - 0.5
    y = torch.where(upper, t.sin(), 0.5 - t.sin()) - 0.25
    return torch.stack([x, y], 1) + torch.randn(n, 2, generator=g) * 0.05


def _spiral(n: int, g: Generator) -> Tensor:
    t = 3 * math.pi * torch.rand(n, generator=g).sqrt()
    radius = (torch.randint(2, (n,), generator=g) * 2.0 - 1) * t / (3 * math.pi)
    return torch.stack([radius * t.cos(), radius * t.sin()], 1) + torch.randn(n, 2, generator=g) * 0.02


def _swiss_roll(n: int, g: Generator) -> Tensor:
    t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=g))
    return torch.stack([t * t.cos(), t * t.sin()], 1) / (4.5 * math.pi) + torch.randn(n, 2, generator=g) * 0.02


def _checkerboard(n: int, g: Generator) -> Tensor:
    column, half = torch.randint(4, (n,), generator=g), torch.randint(2, (n,), generator=g)
    corner = torch.stack([column, 2 * half + column % 2], 1).float()
    return (corner + torch.rand(n, 2, generator=g)) / 2 - 1


def _pinwheel(n: int, g: Generator) -> Tensor:
    radius, across = 1 + 0.3 * torch.randn(n, generator=g), 0.1 * torch.randn(n, generator=g)
    angle = 2 * math.pi * torch.randint(5, (n,), generator=g) / 5 + 0.25 * radius.exp()
    x, y = radius * angle.cos() - across * angle.sin(), radius * angle.sin() + across * angle.cos()
    return torch.stack([x, y], 1) / 1.3


_EIGHTH = torch.arange(8, dtype=torch.float64) * math.pi / 4
_SIDE = torch.tensor([-4.0, -2.0, 0.0, 2.0, 4.0])
# name -> (draw in training's units, scale, half of the picture)
BEFORE: dict[str, tuple[Callable[[int, Generator], Tensor], float, float]] = {
    "ring": (_gaussians(torch.stack([_EIGHTH.cos(), _EIGHTH.sin()], 1).float(), 0.01), 1.0, 1.4),
    "grid": (_gaussians(torch.cartesian_prod(_SIDE, _SIDE) / 4, 0.05 / 4), 4.0, 5.2),
    "two_gaussians": (_gaussians(torch.tensor([[-0.8, 0.0], [0.8, 0.0]]), 0.2), 1.0, 1.7),
    "three_blobs": (_gaussians(0.9 * _angles(torch.tensor([90.0, 210.0, 330.0])), 0.15), 1.0, 1.7),
    "line": (_line, 1.0, 1.3),
    "moons": (_moons, 1.0, 1.9),
    "spiral": (_spiral, 1.0, 1.3),
    "swiss_roll": (_swiss_roll, 1.0, 1.25),
    "checkerboard": (_checkerboard, 1.0, 1.25),
    "pinwheel": (_pinwheel, 1.0, 1.75),
}


@pytest.mark.parametrize("name", BEFORE)
def test_without_parameters_every_draw_is_what_it_was_bit_for_bit(name: str) -> None:
    """Saved runs and links from before there were parameters go on as they would have."""
    draw, scale, half = BEFORE[name]
    points = load(name)
    ours, theirs = seeded(5), seeded(5)
    for n in (1000, 7):
        assert torch.equal(points.draw(n, ours), draw(n, theirs))
    assert torch.equal(ours.get_state(), theirs.get_state())
    assert (points.scale, points.extent) == (scale, (-half, half, -half, half))
    assert points.weights is None
    assert points.origin == (0.0, 0.0)


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_the_sets_own_value_said_aloud_changes_nothing(name: str, parameter: str) -> None:
    own = parameters.of(name)[parameter].own
    said = load(name, **{parameter: type(getattr(DataConfig(), parameter))(own)})
    assert data_sets.fingerprint(said) == data_sets.fingerprint(load(name))
    assert said.extent == load(name).extent


# ── at the ends of their ranges ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "parameter"), CASES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_scale_and_picture_follow(name: str, parameter: str, end: str) -> None:
    known = parameters.of(name)[parameter]
    value = getattr(known, end)
    points = load(name, **{parameter: type(getattr(DataConfig(), parameter))(value)})
    sample = points.draw(20_000, seeded())
    assert sample.isfinite().all()
    assert 0.2 < sample.square().mean().sqrt() < 1.3  # a size that training can work with
    xmin, xmax, ymin, ymax = points.extent
    assert xmax - xmin == pytest.approx(ymax - ymin)
    reach = points.to_units(sample).abs().amax(1) / xmax
    assert (reach < 1).double().mean() > 0.995
    assert reach.quantile(0.995) > 0.5
    if value != known.own:
        assert data_sets.fingerprint(points) != data_sets.fingerprint(load(name))


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_what_a_set_is_not_made_for_is_refused_with_what_is_allowed(name: str, parameter: str) -> None:
    known, spec = parameters.of(name)[parameter], field(f"data.{parameter}").spec
    assert spec.low == 0
    assert spec.high is not None
    assert known.low <= known.own <= known.high <= spec.high
    assert known.step > 0
    if known.high == spec.high:  # beyond it, the setting itself refuses
        return
    wrong = spec.high
    with pytest.raises(ConfigError, match=rf"data\.{parameter}.*{known.low:g} to {known.high:g}.*own"):
        replace(RunConfig(), {"data.name": name, f"data.{parameter}": type(getattr(DataConfig(), parameter))(wrong)})


def test_parameters_of_other_sets_are_neither_shown_nor_refused() -> None:
    config = replace(RunConfig(), {"data.name": "moons", "data.modes": 32, "data.noise": 0.1})
    shown = {
        name
        for name in ("modes", "sigma", "noise", "imbalance", "turns")
        if field(f"data.{name}").spec.shown_if(config)
    }  # type: ignore[misc]
    assert shown == {"noise"}
    assert data_sets.fingerprint(load("moons", modes=32)) == data_sets.fingerprint(load("moons"))


def test_every_parameter_is_a_setting_that_some_set_uses() -> None:
    used = {parameter for _name, parameter in CASES}
    assert used == {f.name.split(".")[1] for f in map(field, [f"data.{p}" for p in used])}
    assert used == {name for name in vars(DataConfig()) if field(f"data.{name}").spec.own}


# ── what they mean ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [2, 5, 12])
def test_a_ring_has_its_modes_radius_and_width(count: int) -> None:
    ring = load("ring", modes=count, radius=2.5, sigma=0.1)
    assert ring.modes is not None
    angle = 2 * np.pi * np.arange(count) / count
    assert np.allclose(ring.modes.numpy(), 2.5 * np.stack([np.cos(angle), np.sin(angle)], 1), atol=1e-5)
    sample = ring.to_units(ring.draw(20_000, seeded()))
    distance = torch.cdist(sample, ring.modes, compute_mode="donot_use_mm_for_euclid_dist").min(1).values
    assert float(distance.square().mean()) == pytest.approx(2 * 0.1**2, rel=0.05)


def test_a_grid_has_its_side_and_spacing() -> None:
    grid = load("grid", side=3, spacing=0.5)
    assert grid.modes is not None
    places = {(x, y) for x in (-0.5, 0.0, 0.5) for y in (-0.5, 0.0, 0.5)}
    assert {tuple(mode) for mode in grid.modes.tolist()} == places


def test_a_wider_ring_with_wider_clusters_is_the_same_to_training() -> None:
    one, three = load("ring", sigma=0.02), load("ring", radius=3.0, sigma=0.06)
    torch.testing.assert_close(one.draw(500, seeded()), three.draw(500, seeded()))
    torch.testing.assert_close(3 * one.to_units(one.draw(500, seeded())), three.to_units(three.draw(500, seeded())))


@pytest.mark.parametrize("arms", [1, 3, 6])
def test_a_spiral_has_its_arms(arms: int) -> None:
    """Seen from the end of an arm, the angle is the same for all points up to a whole number of arms."""
    sample = load("spiral", arms=arms, noise=0.005).draw(20_000, seeded())
    radius = sample.norm(dim=1)
    angle = torch.atan2(sample[:, 1], sample[:, 0]) - 3 * math.pi * radius
    off = torch.remainder(angle * arms / (2 * math.pi) + 0.5, 1) - 0.5
    assert off[radius > 0.3].abs().quantile(0.99) < 0.1 * arms
    count = torch.histc(torch.remainder(angle, 2 * math.pi)[radius > 0.3], 60, 0, 2 * math.pi)
    assert int((count > 0.1 * count.max()).sum()) < 60 * arms * 0.16


def test_an_odd_checkerboard_fills_its_fields_evenly() -> None:
    sample = load("checkerboard", side=5).draw(50_000, seeded())
    column, row = ((sample + 1) * 2.5).floor().long().clamp(0, 4).unbind(1)
    assert ((column + row) % 2 == 0).all()
    counts = torch.bincount(column * 5 + row, minlength=25)
    assert chisquare(counts[counts > 0].numpy()).pvalue > 1e-4
    assert int((counts > 0).sum()) == 13


def test_discs_and_squares_are_even() -> None:
    disc, square = load("disc").draw(40_000, seeded()), load("square").draw(40_000, seeded())
    inside = [float((disc.norm(dim=1) < r).double().mean()) for r in (0.25, 0.5, 0.75)]
    assert inside == pytest.approx([0.0625, 0.25, 0.5625], abs=0.01)
    assert chisquare(np.histogram2d(*square.numpy().T, bins=8, range=[[-1, 1], [-1, 1]])[0].ravel()).pvalue > 1e-4


# ── imbalance ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_shares_are_geometric() -> None:
    assert shares(8, 1.0) is None
    assert shares(1, 10.0) is None
    found = shares(5, 16.0)
    assert found is not None
    assert found.tolist() == pytest.approx([v / 31 for v in (16, 8, 4, 2, 1)])


def test_choosing_follows_the_weights() -> None:
    weights = torch.tensor([0.0, 5.0, 1.0, 0.0, 4.0])
    counts = torch.bincount(choose(weights, 50_000, seeded()), minlength=5)
    assert counts[[0, 3]].sum() == 0
    assert chisquare(counts[[1, 2, 4]].numpy(), 50_000 * np.array([0.5, 0.1, 0.4])).pvalue > 1e-4
    assert choose(weights, 0, seeded()).shape == (0,)


@pytest.mark.parametrize("name", ["ring", "grid", "two_gaussians", "three_blobs"])
def test_imbalanced_modes_have_their_shares(name: str) -> None:
    points = load(name, imbalance=10.0, sigma=0.02)
    assert points.modes is not None
    assert points.weights is not None
    assert float(points.weights.sum()) == pytest.approx(1)
    assert float(points.weights.max() / points.weights.min()) == pytest.approx(10)
    sample = points.to_units(points.draw(40_000, seeded()))
    counts = torch.bincount(torch.cdist(sample, points.modes).argmin(1), minlength=len(points.modes))
    assert chisquare(counts.numpy(), 40_000 * points.weights.numpy()).pvalue > 1e-4


def test_metrics_know_the_true_shares() -> None:
    """The reverse KL of even samples of an uneven ring is that of SciPy; a perfect generator scores its floor."""
    ring = load("ring", imbalance=10.0)
    assert ring.modes is not None
    assert ring.weights is not None
    even = ring.modes.repeat(300, 1)
    found = metrics.evaluate(even, ring)
    assert found["reverse_kl"] == pytest.approx(entropy(np.full(8, 1 / 8), ring.weights.numpy()))
    scores = [metrics.evaluate(ring.to_units(ring.draw(2500, seeded(s))), ring)["reverse_kl"] for s in range(1, 40)]
    assert np.mean(scores) == pytest.approx(perfect_reverse_kl(8, 2500), rel=0.35)
    nothing = mode_statistics(torch.full((5, 2), 9.0), ring.modes, 0.01, ring.weights)
    assert nothing.reverse_kl == pytest.approx(-math.log(float(ring.weights.min())))


def test_a_perfect_generator_may_miss_rare_modes() -> None:
    weights = shares(50, 100.0)
    assert weights is not None
    rng = np.random.default_rng(0)
    found = [(rng.binomial(400, weights.numpy() * perfect_quality()) > 0).sum() for _ in range(3000)]
    assert perfect_modes(50, 400, weights) == pytest.approx(np.mean(found), abs=0.15)
    assert perfect_modes(50, 400, None) == 50


# ── and the engine ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_data_setting_is_compiled_in() -> None:
    one = replace(RunConfig(), {"data.name": "ring"})
    others = (
        {"data.modes": 5, "data.imbalance": 3.0},
        {"data.name": "drawing"},
        {"data.name": "table", "data.table": "0" * 64},
    )
    for changes in others:
        assert plan.structure(replace(one, changes)) == plan.structure(one)

"""Distributions in the plane, against their definitions: shape, generator, moments, extent."""

import math
import time

import pytest
import torch
from sklearn.datasets import make_moons

from gan_core import data as data_sets
from gan_core import registry
from gan_core.config import DataConfig
from gan_core.data import PointSet

POINTS = [entry.name for entry in registry.dataset.entries() if entry.info["kind"] == "points"]


def load(name: str) -> PointSet:
    found = data_sets.load(DataConfig(name=name))
    assert isinstance(found, PointSet)
    return found


def draw(name: str, n: int, seed: int = 0) -> torch.Tensor:
    """In data units."""
    points = load(name)
    return points.to_units(points.draw(n, torch.Generator().manual_seed(seed)))


def test_the_ten_distributions_are_there() -> None:
    assert {"ring", "grid", "moons", "spiral", "swiss_roll", "line", "two_gaussians", "three_blobs", "checkerboard",
            "pinwheel"} <= set(POINTS)  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
def test_only_the_given_generator_decides(name: str) -> None:
    points, before = load(name), torch.get_rng_state()
    first = points.draw(257, torch.Generator().manual_seed(3))
    torch.manual_seed(99)
    again = points.draw(257, torch.Generator().manual_seed(3))
    other = points.draw(257, torch.Generator().manual_seed(4))
    torch.set_rng_state(before)
    points.draw(257, torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", POINTS)
def test_draws_are_normalised_float32_on_the_cpu(name: str) -> None:
    sample = load(name).draw(20_000, torch.Generator().manual_seed(0))
    assert sample.shape == (20_000, 2)
    assert sample.dtype == torch.float32
    assert sample.device.type == "cpu"
    assert 0.4 < sample.square().mean().sqrt() < 1.2  # the size that training's defaults are made for
    assert load(name).draw(0, torch.Generator()).shape == (0, 2)


@pytest.mark.parametrize("name", POINTS)
def test_the_picture_is_square_and_holds_the_data_with_a_margin(name: str) -> None:
    xmin, xmax, ymin, ymax = load(name).extent
    assert xmax - xmin == pytest.approx(ymax - ymin)
    sample = draw(name, 20_000)
    center = torch.tensor([(xmin + xmax) / 2, (ymin + ymax) / 2])
    reach = (sample - center).abs().amax(1) / ((xmax - xmin) / 2)
    assert (reach < 1).double().mean() > 0.999
    assert 0.6 < reach.quantile(0.99) < 0.92  # neither cut off nor lost in the middle


@pytest.mark.parametrize("name", POINTS)
def test_a_large_draw_is_quick(name: str) -> None:
    points, rng = load(name), torch.Generator().manual_seed(0)
    points.draw(16_384, rng)
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        points.draw(16_384, rng)
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.03


@pytest.mark.parametrize(
    ("name", "modes", "sigma", "scale"),
    [
        ("ring", [(math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)) for k in range(8)], 0.01, 1.0),
        ("grid", [(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)], 0.05, 4.0),
    ],
)
def test_mixtures_are_the_published_ones(
    name: str, modes: list[tuple[float, float]], sigma: float, scale: float
) -> None:
    points = load(name)
    assert points.modes is not None
    assert (points.scale, points.sigma) == (scale, sigma)
    expected = torch.tensor(sorted((round(x, 5), round(y, 5)) for x, y in modes), dtype=torch.float32)
    found = torch.tensor(sorted((round(x, 5), round(y, 5)) for x, y in points.modes.tolist()), dtype=torch.float32)
    assert torch.allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("name", [name for name in POINTS if load(name).modes is not None])
def test_mixtures_have_even_shares_and_their_sigma(name: str) -> None:
    points, n = load(name), 50_000
    assert points.modes is not None
    assert points.sigma is not None
    sample = draw(name, n)
    distance, nearest = torch.cdist(sample, points.modes, compute_mode="donot_use_mm_for_euclid_dist").min(1)
    share, k = torch.bincount(nearest, minlength=len(points.modes)) / n, len(points.modes)
    assert (share - 1 / k).abs().max() <= 6 * math.sqrt((1 - 1 / k) / k / n)
    # E‖x − mean‖² = 2σ² in the plane
    assert float(distance.square().mean()) == pytest.approx(2 * points.sigma**2, rel=0.05)


def test_moons_are_scikit_learns_up_to_centring() -> None:
    theirs = torch.tensor(make_moons(20_000, noise=0.05, random_state=0)[0]).float() - torch.tensor([0.5, 0.25])
    ours = draw("moons", 20_000)
    assert torch.allclose(ours.mean(0), theirs.mean(0), atol=0.02)
    assert torch.allclose(torch.cov(ours.T), torch.cov(theirs.T), atol=0.02)


def test_checkerboard_fills_every_other_field_evenly() -> None:
    sample = draw("checkerboard", 40_000)
    column, row = ((sample + 1) * 2).floor().long().clamp(0, 3).unbind(1)
    assert ((column + row) % 2 == (column + row)[0] % 2).all()
    counts = torch.bincount(column * 4 + row, minlength=16)
    assert (counts[counts > 0] / 40_000 - 1 / 8).abs().max() < 0.01
    assert int((counts > 0).sum()) == 8


def test_fingerprints_tell_distributions_apart_and_stay() -> None:
    prints = {name: data_sets.fingerprint(load(name)) for name in POINTS}
    assert len(set(prints.values())) == len(POINTS)
    assert prints == {name: data_sets.fingerprint(load(name)) for name in POINTS}


def test_points_need_no_download() -> None:
    assert all(data_sets.is_available(name) for name in POINTS)

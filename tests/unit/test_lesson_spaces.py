"""What lessons show of trained generators beside each other: against SciPy, scikit-learn and what can be counted."""

from __future__ import annotations

import math

import _explored
import _tiny
import numpy as np
import pytest
import torch
from _eyes import Corners
from scipy.stats import norm
from sklearn.metrics import mutual_info_score

from gan_core.errors import DataError
from gan_core.lessons import spaces

EYES = Corners()


@pytest.fixture(scope="module")
def plain() -> spaces.Explored:
    return _explored.explored(_tiny.pictures(latent__dim=2), 1)


def test_each_field_of_the_plane_is_as_likely() -> None:
    side = 6
    lattice = spaces.plane(side).reshape(side, side, 2)
    shares = norm.cdf(lattice.double().numpy())
    wanted = (np.arange(side) + 0.5) / side
    assert np.allclose(shares[0, :, 0], wanted, atol=1e-6)
    assert np.allclose(shares[:, 0, 1], wanted[::-1], atol=1e-6), "the second coordinate grows upwards"


def test_grey_is_what_is_neither_paper_nor_ink() -> None:
    pictures = torch.tensor([-1.0, -0.7, -0.5, 0.0, 0.59, 0.61, 1.0, 1.0]).reshape(2, 1, 2, 2)
    assert spaces.grey(pictures) == 3 / 8


def test_a_way_leads_from_place_to_place(plain: spaces.Explored) -> None:
    found = spaces.way(plain, 3, 5, 5)
    ends = plain.draw(torch.stack([plain.seed(3), plain.seed(5)]))
    middle = plain.draw(((plain.seed(3) + plain.seed(5)) / 2)[None])
    assert torch.allclose(found[[0, -1]], ends, atol=1e-5)
    assert torch.allclose(found[2], middle[0], atol=1e-5)
    faded = spaces.fade(found)
    assert torch.allclose(faded[2], (found[0] + found[-1]) / 2, atol=1e-6)
    assert torch.equal(faded[[0, -1]], found[[0, -1]])


def test_what_is_read_is_the_likeliest_class_where_it_is_sure(plain: spaces.Explored) -> None:
    samples = -torch.ones(2, 1, 8, 8)
    samples[0, :, :4, 4:] = 1  # the second quarter: e¹⁶ times as likely as the others
    found = spaces.read(samples, EYES)
    assert int(found.classes[0]) == 1
    assert found.sure.tolist() == [True, False]
    assert found.share == 0.5


def test_measured_of_the_generators_own_samples(plain: spaces.Explored) -> None:
    count = 60
    real = plain.draw(plain.many(count, 1))  # the very samples that are measured
    found = spaces.measured(plain, real, EYES, count)
    assert found.distance == pytest.approx(0, abs=1e-4)
    assert found.grey == found.real_grey == spaces.grey(real)
    assert 0 <= found.halfway <= 1
    assert found.recognised == spaces.read(real, EYES).share


def test_information_is_that_of_scikit_learn() -> None:
    rng = torch.Generator().manual_seed(0)
    a = torch.randint(4, (500,), generator=rng)
    b = (a + torch.randint(3, (500,), generator=rng)) % 5
    counts = torch.zeros(4, 5).index_put_((a, b), torch.ones(500), accumulate=True)
    assert spaces.information(counts) == pytest.approx(mutual_info_score(a, b) / math.log(2), abs=1e-9)
    assert spaces.information(torch.eye(8) * 7) == pytest.approx(3)
    assert spaces.information(torch.ones(3, 4)) == pytest.approx(0, abs=1e-12)


def test_categories_are_counted_one_by_one() -> None:
    explored = _explored.explored(_tiny.pictures(**_explored.FOUND), 1)
    counts = spaces.told_apart(explored, EYES, 20)
    assert counts.sum(1).tolist() == [20] * 10
    inputs = explored.asked(explored.many(20, 1), 7)
    own = torch.bincount(spaces.read(explored.draw(inputs), EYES).classes, minlength=counts.shape[1])
    assert counts[7].tolist() == own.tolist()


def test_points_have_nothing_that_reads_them() -> None:
    with pytest.raises(DataError):
        spaces.eyes(_explored.explored(_tiny.points(), 1))

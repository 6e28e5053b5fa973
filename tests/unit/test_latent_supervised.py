"""Directions with a name: planted ones are recovered, and locked ones really stay."""

from __future__ import annotations

import pytest
import torch

from gan_core.errors import ConfigError, DataError
from gan_core.latent import supervised

PLANTED = torch.nn.functional.normalize(torch.tensor([2.0, -1.0, 0.5, 0.0, 1.0]), dim=0)


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_planted_direction_is_recovered_from_scores() -> None:
    z = randn(20_000, 5)
    found = supervised.by_score(z, z @ PLANTED + 0.1 * randn(20_000, seed=1))
    assert float(found.vector @ PLANTED) > 0.99
    assert found.accuracy == 1
    assert (found.learned, found.held_out) == (560, 240)  # 70 and 30 % of the 400 highest and the 400 lowest


def test_labels_that_are_often_wrong_show_in_the_accuracy() -> None:
    z = randn(3000, 5)
    kind = z @ PLANTED > 0
    wrong = torch.rand(3000, generator=torch.Generator().manual_seed(2)) < 0.2
    found = supervised.by_kind(z[kind ^ wrong], z[~(kind ^ wrong)])
    assert float(found.vector @ PLANTED) > 0.97
    assert found.accuracy == pytest.approx(0.8, abs=0.05)
    assert found.sigma == pytest.approx(1, abs=0.05)


def test_where_there_is_nothing_to_find_it_guesses() -> None:
    found = supervised.by_kind(randn(1500, 5), randn(1500, 5, seed=1))
    assert found.accuracy == pytest.approx(0.5, abs=0.06)


def test_uneven_kinds_weigh_the_same() -> None:
    z = randn(4000, 5)
    score = z @ PLANTED
    found = supervised.by_kind(z[score > 1.5], z[score < 1.5])
    assert float(found.vector @ PLANTED) > 0.95
    assert found.accuracy > 0.9


def test_the_accuracy_does_not_follow_the_kind_of_which_there_are_more() -> None:
    few, many = 1 + 0.1 * randn(200, 1), -1 + 3 * randn(4000, 1, seed=1)
    found = supervised.by_kind(few, many)
    # The few lie right of any threshold c in [0, 0.8], and of the many the share Phi((c + 1) / 3) left of it: 0.63 to 0.73.
    assert 0.8 < found.accuracy < 0.88


def test_coordinates_of_other_sizes_do_not_hide_it() -> None:
    z = randn(4000, 5)
    sizes = torch.tensor([1e-3, 1.0, 100.0, 1.0, 1.0])
    score = z[:, 0]
    found = supervised.by_kind((z * sizes)[score > 0], (z * sizes)[score < 0])
    assert found.accuracy > 0.97
    assert abs(float(found.vector[0])) > 0.99


def test_the_same_for_the_same_latents() -> None:
    z = randn(200, 5)
    one, other = (supervised.by_score(z, z[:, 0], share=0.2) for _ in range(2))
    assert torch.equal(one.vector, other.vector)


def test_what_is_locked_does_not_move() -> None:
    direction, locked = randn(8), torch.nn.functional.normalize(randn(3, 8, seed=4), dim=1)
    found = supervised.holding(direction, locked)
    assert float(found.norm()) == pytest.approx(1)
    z = randn(8, seed=5)
    assert torch.allclose(locked @ (z + 7 * found), locked @ z, atol=1e-5)
    assert float(found @ direction) > 0
    assert torch.allclose(supervised.holding(direction, locked[:0]), direction / direction.norm())
    with pytest.raises(ConfigError, match="Unlock"):
        supervised.holding(locked.sum(0), locked)


def test_too_little_and_too_much() -> None:
    with pytest.raises(DataError, match="3 and 9"):
        supervised.by_kind(randn(3, 5), randn(9, 5))
    with pytest.raises(ConfigError, match="is not between"):
        supervised.by_score(randn(20, 5), randn(20), share=0.7)
    assert supervised.by_score(randn(8, 5), torch.arange(8.0)).learned + 2 == 8

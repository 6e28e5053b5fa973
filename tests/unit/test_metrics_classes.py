"""The inception score, modes and the reverse KL of classes against closed forms and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from gan_core.errors import DataError
from gan_core.metrics.classes import class_statistics, shares_of
from gan_core.metrics.inception_score import inception_score, score_of
from gan_core.metrics.points import reverse_kl


def sharp(guesses: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(guesses, classes).float()


def test_of_one_class_the_score_is_1_and_of_k_even_ones_k() -> None:
    assert inception_score(sharp(torch.zeros(500, dtype=torch.long), 7)) == pytest.approx((1, 0))
    assert inception_score(sharp(torch.arange(700) % 7, 7)) == pytest.approx((7, 0))
    assert inception_score(torch.full((500, 7), 1 / 7)) == pytest.approx((1, 0), abs=1e-6)


def test_the_score_against_scipy() -> None:
    p = torch.from_numpy(np.random.default_rng(0).dirichlet(np.full(5, 0.3), size=400))
    parts = [p[40 * i : 40 * (i + 1)].numpy() for i in range(10)]
    scores = [math.exp(np.mean([entropy(row, part.mean(0)) for row in part])) for part in parts]
    assert inception_score(p) == pytest.approx((np.mean(scores), np.std(scores)))
    assert score_of(p) == pytest.approx(math.exp(np.mean([entropy(row, p.numpy().mean(0)) for row in p.numpy()])))


def test_a_half_certain_network() -> None:
    """Each sample is its class with q, else any of the others: log score = log K − H(q, (1 − q)/(K − 1), …)."""
    q, k = 0.8, 4
    p = torch.full((400, k), (1 - q) / (k - 1), dtype=torch.float64)
    p[torch.arange(400), torch.arange(400) % k] = q
    expected = math.log(k) + q * math.log(q) + (1 - q) * math.log((1 - q) / (k - 1))
    assert score_of(p) == pytest.approx(math.exp(expected))


def test_a_score_of_too_few_is_refused() -> None:
    with pytest.raises(DataError, match="at least 100 samples; there are 99"):
        inception_score(torch.full((99, 2), 0.5))


def test_class_statistics_by_hand() -> None:
    p = torch.tensor([[0.95, 0.05, 0], [0.6, 0.3, 0.1], [0.0, 0.91, 0.09], [0.9, 0.1, 0]])
    found = class_statistics(p, torch.tensor([0.5, 0.25, 0.25]))
    assert found.confident == pytest.approx(2 / 4)  # 0.9 is not above 0.9
    assert found.shares.tolist() == [0.75, 0.25, 0]
    assert found.modes == 2
    assert found.reverse_kl == pytest.approx(0.75 * math.log(0.75 / 0.5))


def test_the_reverse_kl_against_scipy() -> None:
    rng = np.random.default_rng(1)
    counts, own = rng.integers(0, 9, 30), rng.dirichlet(np.full(30, 2.0))
    assert reverse_kl(torch.from_numpy(counts), torch.from_numpy(own)) == pytest.approx(entropy(counts, own))
    assert reverse_kl(torch.from_numpy(counts)) == pytest.approx(entropy(counts, np.ones(30)))
    assert reverse_kl(torch.from_numpy(own * 100), torch.from_numpy(own)) == pytest.approx(0, abs=1e-12)


def test_a_class_that_the_data_lack_has_a_finite_price() -> None:
    own = shares_of(torch.tensor([0, 0, 1, 1]), 3)
    assert own.tolist() == pytest.approx([2 / 4.5, 2 / 4.5, 0.5 / 4.5])
    assert reverse_kl(torch.tensor([0, 0, 5]), own) == pytest.approx(math.log(9))

"""Precision, recall, density and coverage against scikit-learn's nearest neighbours, by hand, and what perfect samples score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gan_core.errors import DataError
from gan_core.metrics import neighbours as module
from gan_core.metrics.neighbours import neighbours

torch.set_num_threads(1)  # small matrices only lose by sharing


def by_sklearn(real: np.ndarray, fake: np.ndarray) -> tuple[float, float, float, float]:
    """The definitions of both papers, with a loop over samples."""

    def radius(x: np.ndarray, k: int) -> np.ndarray:
        return NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)[0][:, k]

    def inside(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
        """(len(x), len(y)): whether y lies in the ball of x."""
        return np.linalg.norm(x[:, None] - y[None], axis=2) <= radius(x, k)[:, None]

    real5 = inside(real, fake, 5)
    return (
        inside(real, fake, 3).any(0).mean(),
        inside(fake, real, 3).any(0).mean(),
        real5.sum() / (5 * len(fake)),
        real5.any(1).mean(),
    )


def normal(n: int, features: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, features))


@pytest.mark.parametrize(("n", "m"), [(120, 120), (60, 150), (150, 60), (6, 6)])
@pytest.mark.parametrize("entries", [50, 2000, 10**9])  # rows at a time: one, some, all
def test_against_sklearn(n: int, m: int, entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENTRIES", entries)
    real, fake = normal(m, 4, 0), normal(n, 4, 1) * 0.8 + 0.5
    found = neighbours(torch.from_numpy(real), torch.from_numpy(fake))
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(by_sklearn(real, fake))


def test_far_from_the_origin_in_float32() -> None:
    real, fake = normal(100, 8, 0), normal(100, 8, 1)
    found = neighbours(torch.from_numpy(real + 300).float(), torch.from_numpy(fake + 300).float())
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(
        by_sklearn(real, fake), abs=0.02
    )


def test_perfect_samples() -> None:
    """Density 1, and coverage 1 − Π (N − i)/(2N − 1 − i), i = 0 … 4: about 1 − 2⁻⁵ for as many of both (Naeem et al. 2020)."""
    found = neighbours(torch.from_numpy(normal(2000, 6, 0)), torch.from_numpy(normal(2000, 6, 1)))
    assert found.density == pytest.approx(1, abs=0.05)
    assert found.coverage == pytest.approx(1 - 1 / 32, abs=0.015)
    assert found.precision == pytest.approx(found.recall, abs=0.05)


def test_copies_and_strangers() -> None:
    real = torch.from_numpy(normal(200, 3, 0))
    same = neighbours(real, real)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    far = neighbours(real, real + 1000)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_one_of_two_clusters() -> None:
    """Every sample is precise; half of the real ones are reached."""
    cluster = torch.from_numpy(normal(150, 2, 0))
    real = torch.cat([cluster, torch.from_numpy(normal(150, 2, 1)) + 100])
    found = neighbours(real, torch.from_numpy(normal(300, 2, 2)))
    assert found.precision > 0.85
    assert 0.4 < found.recall <= 0.5
    assert 0.4 < found.coverage <= 0.5


def test_too_few_are_refused_with_both_numbers() -> None:
    enough, few = torch.zeros(6, 2), torch.zeros(5, 2)
    for sides in ((enough, few), (few, enough)):
        with pytest.raises(DataError, match="at least 6 samples; there are 5"):
            neighbours(*sides)

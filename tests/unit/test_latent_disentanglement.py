"""MIG and DCI: planted codes whose values are known, and the same numbers by scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from gan_core.errors import DataError
from gan_core.latent import disentanglement
from gan_core.latent.disentanglement import binned, dci, mig, mutual_information, shared_out

GRID = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0), indexing="ij"), -1).reshape(-1, 2).repeat(20, 0)


def test_information_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=3000), rng.integers(0, 7, 3000)
    x = binned(a + 0.5 * b)
    assert set(np.unique(x)) <= set(range(20))
    assert mutual_information(x, binned(b.astype(float))) == pytest.approx(mutual_info_score(x, b))
    assert disentanglement.entropy(x) == pytest.approx(entropy(np.bincount(x)))
    assert len(np.unique(binned(np.arange(26.0)))) == 26  # choices are not put together


def test_a_perfect_code_has_a_gap_of_one() -> None:
    assert mig(GRID, GRID) == pytest.approx(1)
    assert mig(GRID[:, ::-1] * 3 + 1, GRID) == pytest.approx(1)  # whichever coordinate it is, however it is scaled


def test_turned_by_half_a_right_angle_nothing_is_ahead() -> None:
    turned = np.stack([GRID.sum(1), GRID[:, 0] - GRID[:, 1]], 1)
    assert mig(turned, GRID) == pytest.approx(0, abs=1e-9)


def test_a_gap_that_is_known() -> None:
    """One factor told twice has no gap, the other has all of it; a factor that never changes counts as 0."""
    codes = np.concatenate([GRID, GRID[:, :1]], 1)
    assert mig(codes, GRID) == pytest.approx(0.5)
    assert mig(GRID, np.concatenate([GRID, np.ones((len(GRID), 1))], 1)) == pytest.approx(2 / 3)
    assert mig(GRID[:, :1], GRID[:, :1]) == pytest.approx(1)  # no second one


def test_the_gap_of_numbers_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    factors = rng.uniform(size=(4000, 3))
    codes = factors @ rng.normal(size=(3, 4)) + 0.1 * rng.normal(size=(4000, 4))
    cut = lambda x: np.digitize(x, np.histogram(x, 20)[1][1:-1])  # noqa: E731
    expected = []
    for v in factors.T:
        told = sorted(mutual_info_score(cut(z), cut(v)) for z in codes.T)
        expected.append((told[-1] - told[-2]) / entropy(np.bincount(cut(v))))
    assert mig(codes, factors) == pytest.approx(np.mean(expected), abs=1e-6)


def test_shares_that_are_known() -> None:
    assert shared_out(np.eye(3)) == pytest.approx((1, 1))
    assert shared_out(np.ones((4, 3))) == pytest.approx((0, 0))
    assert shared_out(np.array([[1.0, 1.0], [0.0, 1.0]])) == pytest.approx((1 / 3, 1 / 2))
    assert shared_out(np.zeros((2, 2))) == (0, 0)
    assert shared_out(np.concatenate([np.eye(2), np.zeros((3, 2))])) == pytest.approx((1, 1))  # unused ones do no harm
    r = np.random.default_rng(2).uniform(size=(5, 3))
    rows = np.array([1 - entropy(row, base=3) for row in r])
    assert shared_out(r)[0] == pytest.approx((rows * r.sum(1)).sum() / r.sum())
    assert shared_out(r)[1] == pytest.approx(np.mean([1 - entropy(column, base=5) for column in r.T]))


def test_dci_of_a_perfect_and_of_an_entangled_code() -> None:
    rng = np.random.default_rng(3)
    factors = np.stack([rng.uniform(size=1500), rng.integers(0, 3, 1500).astype(float)], 1)
    good = dci(factors + 0.01 * rng.normal(size=factors.shape), factors)
    assert good.disentanglement > 0.85
    assert good.completeness > 0.85
    assert good.informativeness > 0.97
    mixed = factors - factors.mean(0)
    mixed /= mixed.std(0)
    turned = np.stack([mixed.sum(1), mixed[:, 0] - mixed[:, 1]], 1)
    bad = dci(turned, factors)
    assert bad.disentanglement < 0.3
    assert bad.completeness < 0.3
    nothing = dci(rng.normal(size=(1500, 2)), factors)
    assert nothing.informativeness < 0.1
    assert dci(turned, factors).disentanglement == bad.disentanglement  # the same for the same samples


def test_too_few_samples() -> None:
    with pytest.raises(DataError, match="10 samples"):
        mig(GRID[:10], GRID[:10])
    with pytest.raises(DataError, match="at least"):
        dci(GRID, GRID[:50])

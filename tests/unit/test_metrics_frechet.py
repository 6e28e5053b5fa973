"""The Fréchet distance against closed forms and SciPy's matrix square root."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from gan_core.errors import DataError
from gan_core.metrics.frechet import frechet_distance


def sample(seed: int, n: int, features: int) -> np.ndarray:
    """Correlated features with a mean that is not zero."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, features)) @ rng.normal(size=(features, features)) + rng.normal(size=features)


def by_scipy(a: np.ndarray, b: np.ndarray) -> float:
    """Heusel et al. 2017: ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½)."""
    c, d = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(c + d - 2 * sqrtm(c @ d).real))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), features=st.integers(2, 12))
def test_against_scipy(seed: int, features: int) -> None:
    a, b = sample(seed, 80, features), sample(seed + 1, 50, features)
    found = frechet_distance(torch.from_numpy(a), torch.from_numpy(b))
    assert found == pytest.approx(by_scipy(a, b), rel=1e-6, abs=1e-6)
    assert found == pytest.approx(frechet_distance(torch.from_numpy(b), torch.from_numpy(a)), rel=1e-6, abs=1e-6)


def test_of_64_features_against_scipy() -> None:
    a, b = sample(1, 400, 64), sample(2, 300, 64)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(by_scipy(a, b), rel=1e-6)


def test_closed_forms() -> None:
    x = torch.from_numpy(sample(0, 500, 5))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(x, x + 2) == pytest.approx(5 * 4)  # a shift costs its squared length
    spread = float(torch.cov(x.T).trace())
    centred = x - x.mean(0)
    assert frechet_distance(centred, 3 * centred) == pytest.approx(
        (3 - 1) ** 2 * spread
    )  # W₂ of one shape in two sizes


def test_of_one_dimensional_gaussians() -> None:
    """(μ₁ − μ₂)² + (σ₁ − σ₂)² for each feature that is independent of the others."""
    x = (
        torch.from_numpy(np.linalg.qr(sample(3, 200, 4) - sample(3, 200, 4).mean(0))[0]) * 199**0.5
    )  # covariance: identity
    sigmas = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
    assert torch.allclose(torch.cov(x.T), torch.eye(4, dtype=torch.float64), atol=1e-9)
    assert frechet_distance(x, x * sigmas) == pytest.approx(float((sigmas - 1).square().sum()))


def test_features_that_never_vary_do_no_harm() -> None:
    """A ReLU that is always off: a singular covariance, on which the textbook formula gives complex numbers."""
    a, b = torch.from_numpy(sample(4, 100, 6)), torch.from_numpy(sample(5, 100, 6))
    expected = frechet_distance(a, b)
    dead = torch.zeros(100, 3, dtype=torch.float64)
    assert frechet_distance(torch.cat([a, dead], 1), torch.cat([b, dead], 1)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [1, 63, 64])
def test_too_few_samples_are_refused_with_both_numbers(n: int) -> None:
    enough = torch.from_numpy(sample(0, 65, 64))
    assert np.isfinite(frechet_distance(enough, enough))
    for pair in ((enough[:n], enough), (enough, enough[:n])):
        with pytest.raises(DataError, match=rf"more than 64 samples; there are {n}\."):
            frechet_distance(*pair)

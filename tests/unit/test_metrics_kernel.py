"""The kernel distance against a double loop over all pairs, a closed form for Gaussians, and what it must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_core.errors import DataError
from gan_core.metrics import kernel
from gan_core.metrics.kernel import kernel_distance, unbiased_mmd

torch.set_num_threads(1)  # small matrices only lose by sharing


def normal(n: int, features: int, seed: int, *, mean: float = 0.0) -> torch.Tensor:
    return torch.randn(n, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def by_loops(x: np.ndarray, y: np.ndarray) -> float:
    """Gretton et al. 2012, equation 3, with k(a, b) = (a·b/F + 1)³: every pair by itself."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    among = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within + among - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.mark.parametrize(("n", "m", "features"), [(9, 9, 3), (7, 12, 1), (2, 5, 4)])
def test_against_a_double_loop(n: int, m: int, features: int) -> None:
    x, y = normal(n, features, 0), normal(m, features, 1, mean=0.4)
    assert unbiased_mmd(x, y) == pytest.approx(by_loops(x.numpy(), y.numpy()), rel=1e-10)
    assert unbiased_mmd(x.float(), y.float()) == pytest.approx(by_loops(x.numpy(), y.numpy()), rel=1e-4)


def test_of_gaussians_of_one_feature() -> None:
    """E k(x, y) for independent x ~ N(a, 1), y ~ N(b, 1) is Σ binomial(3, i) E[xⁱ] E[yⁱ] with the moments 1, a, 1 + a², a³ + 3a."""

    def expected(a: float, b: float) -> float:
        moments = [[1, c, 1 + c * c, c**3 + 3 * c] for c in (a, b)]
        return sum(w * p * q for w, p, q in zip((1, 3, 3, 1), *moments, strict=True))

    x, y = normal(3000, 1, 2), normal(3000, 1, 3, mean=0.5)
    assert unbiased_mmd(x, y) == pytest.approx(expected(0, 0) + expected(0.5, 0.5) - 2 * expected(0, 0.5), rel=0.15)


def test_it_is_zero_on_average_for_one_distribution_whatever_the_size() -> None:
    for size in (5, 50):
        found = [unbiased_mmd(normal(size, 4, seed), normal(size, 4, 1000 + seed)) for seed in range(100)]
        assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(len(found))
        assert min(found) < 0


def test_mean_and_deviation_are_those_of_its_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[torch.Tensor, torch.Tensor]] = []
    whole = kernel.unbiased_mmd
    monkeypatch.setattr(kernel, "unbiased_mmd", lambda a, b: (given.append((a, b)), whole(a, b))[1])
    x, y = normal(90, 3, 0), normal(70, 3, 1, mean=0.3)
    mean, deviation = kernel_distance(x, y)
    values = [by_loops(a.numpy(), b.numpy()) for a, b in given[:3]]
    assert [whole(a, b) for a, b in given[:3]] == pytest.approx(values)
    everything = [whole(a, b) for a, b in given]
    assert (mean, deviation) == pytest.approx((np.mean(everything), np.std(everything)))
    assert len(given) == 100
    assert all(a.shape == b.shape == (35, 3) for a, b in given)  # half of the smaller side
    assert all(len(a.unique(dim=0)) == 35 for a, _ in given)
    assert kernel_distance(x, y) == (mean, deviation)


def test_subsets_have_a_thousand_where_there_are_enough() -> None:
    assert kernel.size_of_subsets(5000, 10_000) == 1000
    assert kernel.size_of_subsets(1500, 10_000) == 750


def test_too_few_are_refused_with_both_numbers() -> None:
    with pytest.raises(DataError, match="at least 40 samples; there are 39"):
        kernel_distance(normal(39, 2, 0), normal(100, 2, 1))
    with pytest.raises(DataError, match="there are 5"):
        kernel_distance(normal(100, 2, 0), normal(5, 2, 1))

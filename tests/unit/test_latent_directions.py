"""Directions in latent space against NumPy, and planted ones that must be found."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_core.errors import ConfigError
from gan_core.latent import directions


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same_up_to_sign(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(np.abs((a * b).sum(1)) / np.linalg.norm(b, axis=1), 1, atol=1e-5)


def test_principal_components_are_numpys() -> None:
    x = (
        randn(400, 6)
        @ torch.diag(torch.tensor([3.0, 2.0, 1.5, 1.0, 0.5, 0.1], dtype=torch.float64))
        @ randn(6, 6, seed=1)
    )
    found = directions.principal(x, 4)
    values, vectors = np.linalg.eigh(np.cov(x.numpy().T))
    same_up_to_sign(found.vectors.numpy(), vectors.T[::-1][:4])
    np.testing.assert_allclose(found.sigma, np.sqrt(values[::-1][:4]), rtol=1e-5)
    np.testing.assert_allclose(found.share, values[::-1][:4] / values.sum(), rtol=1e-5)
    assert bool((found.vectors.gather(1, found.vectors.abs().argmax(1, keepdim=True)) > 0).all())


def test_a_direction_that_a_layer_looks_at_is_recovered() -> None:
    """Features that are a linear map of few directions of isotropic noise: nothing in the noise itself says which."""
    planted = torch.linalg.qr(randn(8, 2, seed=2))[0].t()  # (2, dim)
    z = randn(4000, 8, seed=3)
    mixed = torch.linalg.qr(randn(30, 2, seed=4))[0].t()
    features = (z @ planted.t()) @ torch.diag(torch.tensor([5.0, 2.0], dtype=torch.float64)) @ mixed
    found = directions.principal_of_features(z, features, 2)
    assert float((found.vectors.double() * planted).sum(1).abs().min()) > 0.998
    np.testing.assert_allclose(found.sigma, 1, rtol=0.06)
    moved = found.moved(z[:1].float(), torch.tensor([1.0, 0.0])) - z[:1]
    along = (moved @ planted.t()).abs()[0]  # one standard deviation of the first component, and none of the second
    assert along.tolist() == pytest.approx([1, 0], abs=0.08)


def test_sefa_is_numpys_eigenvectors() -> None:
    weight = randn(20, 5, seed=5)
    rows = weight.numpy() / np.linalg.norm(weight.numpy(), axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    found = directions.factorised(weight, 3)
    same_up_to_sign(found.vectors.numpy(), vectors.T[::-1][:3])
    np.testing.assert_allclose(found.share, values[::-1][:3] / values.sum(), rtol=1e-5)
    assert found.sigma.tolist() == [1, 1, 1]


def test_sefa_finds_what_the_layer_looks_at() -> None:
    planted = torch.nn.functional.normalize(randn(6, seed=6), dim=0)
    weight = randn(50, 1, seed=7) * planted + 0.05 * randn(50, 6, seed=8)
    (found,) = directions.factorised(weight, 1).vectors
    assert abs(float(found.double() @ planted)) > 0.99


def test_by_chance_is_at_right_angles_and_repeats() -> None:
    one, other = (directions.by_chance(7, 5, torch.Generator().manual_seed(9), sigma=2.0) for _ in range(2))
    assert torch.equal(one.vectors, other.vectors)
    assert torch.allclose(one.vectors @ one.vectors.t(), torch.eye(5), atol=1e-6)
    assert one.sigma.tolist() == [2.0] * 5


def test_moving() -> None:
    found = directions.by_chance(4, 2, torch.Generator().manual_seed(1), sigma=0.5)
    z = torch.zeros(3, 4)
    moved = found.moved(z, torch.tensor([2.0, -1.0]))
    assert torch.allclose(moved, (found.vectors[0] - 0.5 * found.vectors[1]).expand(3, 4))
    assert moved.norm(dim=1).tolist() == pytest.approx([math.sqrt(1.25)] * 3)


@pytest.mark.parametrize("count", [0, 6])
def test_no_more_than_there_are(count: int) -> None:
    with pytest.raises(ConfigError, match="from 1 to 5"):
        directions.by_chance(5, count, torch.Generator())
    with pytest.raises(ConfigError, match="from 1 to 5"):
        directions.factorised(randn(9, 5), count)
    with pytest.raises(ConfigError, match="from 1 to 5"):
        directions.principal(randn(50, 5), count)

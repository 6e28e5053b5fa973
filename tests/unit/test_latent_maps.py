"""Slices, layouts and rates of change of latent space."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from gan_core.errors import ConfigError, DataError
from gan_core.latent import maps


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_slice_passes_through_its_three_latents() -> None:
    a, b, c = randn(3, 6)
    plane = maps.through(a, b, c)
    assert torch.equal(plane.at(torch.zeros(1, 2))[0], a)
    assert torch.allclose(plane.at(torch.tensor([[float((b - a).norm()), 0.0]]))[0], b, atol=1e-5)
    where = torch.stack([(c - a) @ plane.right, (c - a) @ plane.up])
    assert torch.allclose(plane.at(where[None])[0], c, atol=1e-5)
    assert float(plane.right @ plane.up) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ConfigError, match="one line"):
        maps.through(a, b, a + 2 * (b - a))


def test_a_grid_is_laid_out_as_pictures_are() -> None:
    points = maps.through(*randn(3, 6)).grid(3, 2.0)
    assert points.tolist() == [[-2, 2], [0, 2], [2, 2], [-2, 0], [0, 0], [2, 0], [-2, -2], [0, -2], [2, -2]]


def test_pca_is_scikit_learns_and_fills_the_square() -> None:
    features = randn(100, 5) @ randn(5, 5, seed=1)
    found = maps.lay_out(randn(100, 3), features, "pca").places
    theirs = PCA(2).fit_transform(features.numpy())
    for axis in (0, 1):
        assert abs(np.corrcoef(found[:, axis], theirs[:, axis])[0, 1]) == pytest.approx(1, abs=1e-6)
    assert np.abs(found).max(0).tolist() == [1, 1]


@pytest.mark.parametrize("how", ["tsne", "umap"])
def test_clusters_stay_together_and_the_layout_repeats(how: str) -> None:
    kinds = torch.arange(120) % 3
    features = 20 * torch.eye(3)[kinds] + randn(120, 3)
    one, other = (maps.lay_out(randn(120, 2), features, how).places for _ in range(2))
    assert np.array_equal(one, other)
    d = np.linalg.norm(one[:, None] - one[None], axis=2)
    np.fill_diagonal(d, np.inf)
    assert bool((kinds[torch.from_numpy(d.argmin(1))] == kinds).all())


def test_on_a_sample_its_own_latent_and_between_them_a_blend() -> None:
    laid = maps.lay_out(randn(50, 4, seed=2), randn(50, 6), "pca")
    assert torch.equal(laid.at(torch.from_numpy(laid.places[[7, 30]])), laid.latents[[7, 30]])
    middle = torch.from_numpy((laid.places[7] + laid.places[8]) / 2)
    (between,) = laid.at(middle[None])
    assert float(laid.latents.norm(dim=1).min()) <= float(between.norm()) <= float(laid.latents.norm(dim=1).max())


@pytest.mark.parametrize("how", maps.LAYOUTS)
def test_one_number_a_sample_lies_on_a_line(how: str) -> None:
    found = maps.lay_out(randn(20, 2), randn(20, 1), how).places
    assert np.abs(found[:, 1]).max() == 0


def test_what_cannot_be_laid_out() -> None:
    with pytest.raises(ConfigError, match="pca, tsne, umap"):
        maps.lay_out(randn(20, 2), randn(20, 3), "isomap")
    with pytest.raises(DataError, match="3 samples"):
        maps.lay_out(randn(3, 2), randn(3, 3), "pca")
    for how in ("tsne", "umap"):
        with pytest.raises(DataError, match="from 4 to"):
            maps.lay_out(torch.zeros(maps.MOST + 1, 1), torch.zeros(maps.MOST + 1, 3), how)


def test_the_rate_of_change_of_a_linear_generator() -> None:
    """x = u a + v b: √(‖a‖² + ‖b‖²) everywhere."""
    a, b = randn(2, 12)
    plane = maps.Slice(torch.zeros(2), torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    points = plane.grid(5, 1.0)
    pictures = points @ torch.stack([a, b])
    found = maps.rates_of_change(pictures.view(25, 1, 3, 4), 5, 5, 0.5)
    np.testing.assert_allclose(found, float((a @ a + b @ b).sqrt()), rtol=1e-5)

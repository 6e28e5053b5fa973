"""t-SNE and the UMAP-style layout: their equations solved, their slopes, and how well they keep neighbours, beside scikit-learn and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

from gan_core.latent import tsne, umap
from gan_core.latent.asking import CalledOffError
from gan_core.latent.neighbours import both_ways, nearest

PERPLEXITY = 30.0
WAYS = {
    "tsne": lambda x, tell: tsne.lay_out(x, x[:, :2], PERPLEXITY, tell),
    "umap": lambda x, tell: umap.lay_out(x, x[:, :2], tell),
}


def randn(*shape: int, seed: int = 0) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).numpy()


@pytest.fixture(scope="module")
def digits() -> Any:
    """(400, 30): handwritten digits by their principal components."""
    return PCA(30, random_state=0).fit_transform(load_digits().data[:400])


@pytest.fixture(scope="module")
def whole(digits: Any) -> Any:
    """One run of scikit-learn's t-SNE from beginning to end."""
    return TSNE(2, perplexity=PERPLEXITY, init="pca", random_state=0).fit(digits)


@pytest.fixture(scope="module")
def laid(digits: Any) -> dict[str, Any]:
    return {how: lay_out(digits, lambda _share: None) for how, lay_out in WAYS.items()}


def kept(x: Any, y: Any) -> float:
    return float(trustworthiness(x, y, n_neighbors=10))


def divergence(x: Any, y: Any) -> float:
    """KL(P‖Q) of a layout."""
    pairs, p = tsne.joint(x, PERPLEXITY)
    kernel = 1 / (1 + (torch.from_numpy(y).double()[:, None] - torch.from_numpy(y).double()[None]).square().sum(2))
    q = kernel / (kernel.sum() - len(y))
    return float((p * (p / q[pairs[0], pairs[1]]).log()).sum())


# ── neighbours ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pairs_and_their_sums() -> None:
    x = randn(30, 3)
    distances, those = nearest(x, 4)
    dense = np.zeros((30, 30))
    np.put_along_axis(dense, those, distances, 1)
    assert np.array_equal(dense > 0, NearestNeighbors(n_neighbors=4).fit(x).kneighbors_graph().toarray() > 0)
    (rows, columns), sums = both_ways(those, distances)
    found = np.zeros((30, 30))
    found[rows, columns] = sums
    np.testing.assert_allclose(found, dense + dense.T)


# ── t-SNE ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_row_has_its_perplexity(digits: Any) -> None:
    distances, _ = nearest(digits, 91)
    p = tsne.conditional(distances, PERPLEXITY)
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_allclose(np.exp(-(p * np.log(p)).sum(1)), PERPLEXITY, rtol=1e-6)
    # log p falls by d² / 2σ², with one σ a row
    slopes = np.diff(np.log(p)) / np.diff(distances**2)
    np.testing.assert_allclose(slopes, np.broadcast_to(slopes[:, :1], slopes.shape), rtol=1e-5)


def test_the_gradient_is_that_of_the_divergence() -> None:
    """By automatic differentiation of KL(P‖Q) in dense form, over more than one block of rows."""
    x = randn(150, 5)
    pairs, p = tsne.joint(x, 10.0)
    assert float(p.sum()) == pytest.approx(1, abs=1e-5)
    y = torch.from_numpy(randn(150, 2, seed=1)).requires_grad_()
    kernel = 1 / (1 + (y[:, None] - y[None]).square().sum(2))
    kernel = kernel * (1 - torch.eye(150))
    dense = torch.zeros(150, 150, dtype=torch.float64)
    dense[pairs[0], pairs[1]] = p.double()
    (dense[dense > 0] * (dense[dense > 0] / (kernel / kernel.sum())[dense > 0]).log()).sum().backward()
    found = tsne.gradient(y.detach().float(), pairs, p)
    assert y.grad is not None
    torch.testing.assert_close(found.double(), y.grad, rtol=1e-3, atol=1e-6)


def test_tsne_keeps_neighbours_as_scikit_learns_does(digits: Any, whole: Any, laid: dict[str, Any]) -> None:
    ours, theirs = kept(digits, laid["tsne"]), kept(digits, whole.embedding_)
    assert ours > theirs - 0.003
    assert divergence(digits, laid["tsne"]) < 1.03 * divergence(digits, whole.embedding_)


# ── UMAP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_neighbourhoods_of_the_paper(digits: Any) -> None:
    """Σ exp(−max(0, d − ρ) / σ) = log₂ k, and the nearest one is a neighbour altogether."""
    distances, _ = nearest(digits, 15)
    rho, sigma, weights = umap.strengths(distances)
    assert np.array_equal(rho, distances[:, 0])
    by_hand = np.exp(-np.maximum(0, distances - rho[:, None]) / sigma[:, None])
    np.testing.assert_allclose(by_hand.sum(1), np.log2(15), rtol=1e-9)
    np.testing.assert_allclose(weights, by_hand)
    assert np.array_equal(weights[:, 0], np.ones(len(digits)))


def test_the_graph_is_the_probabilistic_union(digits: Any) -> None:
    distances, those = nearest(digits, 15)
    a = np.zeros((400, 400))
    np.put_along_axis(a, those, umap.strengths(distances)[2], 1)
    union = a + a.T - a * a.T
    (rows, columns), weights = umap.graph(digits)
    found = np.zeros((400, 400))
    found[rows.numpy(), columns.numpy()] = weights.numpy()
    np.testing.assert_allclose(found, union, atol=1e-6)


def test_equal_samples_are_neighbours_and_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsne, "ITERATIONS", 300)
    monkeypatch.setattr(umap, "EPOCHS", 50)
    for x in (np.zeros((20, 3)), np.repeat(randn(5, 3), 8, 0), np.eye(20)):
        rho, sigma, weights = umap.strengths(nearest(x, 10)[0])
        assert bool(np.isfinite(rho).all() and (sigma > 0).all() and np.isfinite(weights).all())
        for lay_out in (lambda x: WAYS["umap"](x, lambda _: None), lambda x: tsne.lay_out(x, x[:, :2], 5.0, lambda _: None)):  # fmt: skip
            assert bool(np.isfinite(lay_out(x)).all())


def test_the_curve_is_the_published_one() -> None:
    """Of umap-learn's documentation: a ≈ 1.577, b ≈ 0.895 for min_dist 0.1 and spread 1; and SciPy's fit of what it shall be like."""
    assert (round(umap.A, 3), round(umap.B, 3)) == (1.577, 0.895)
    d = np.linspace(0, 3, 300)
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), d, np.where(d < 0.1, 1, np.exp(-(d - 0.1))))
    assert pytest.approx((a, b), abs=1e-5) == (umap.A, umap.B)


def test_pull_and_push_are_the_slopes_of_the_cross_entropy() -> None:
    y = torch.from_numpy(randn(50, 2)).requires_grad_()
    near = 1 / (1 + umap.A * y.square().sum(1) ** umap.B)
    (pull,) = torch.autograd.grad(near.log().sum(), y, retain_graph=True)
    torch.testing.assert_close(umap.pull(y.detach()), pull.clamp(-4, 4))
    (push,) = torch.autograd.grad((1 - near).log().sum(), y)
    softer = (y.square().sum(1, keepdim=True) / (0.001 + y.square().sum(1, keepdim=True))).detach()
    torch.testing.assert_close(umap.push(y.detach()), (push * softer).clamp(-4, 4))


def test_umap_keeps_neighbours_far_better_than_pca(digits: Any, whole: Any, laid: dict[str, Any]) -> None:
    pca, ours, tsnes = (kept(digits, y) for y in (digits[:, :2], laid["umap"], whole.embedding_))
    assert ours > tsnes - 0.01 > pca + 0.1


def test_blobs_that_are_apart_stay_apart() -> None:
    centres = 12 * np.eye(6)
    kinds = np.arange(180) % 6
    x = centres[kinds] + randn(180, 6)
    y = umap.lay_out(x, PCA(2).fit_transform(x), lambda _: None)
    d = np.linalg.norm(y[:, None] - y[None], axis=2)
    same = kinds[:, None] == kinds[None]
    assert d[same].max() < d[~same].min()


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", list(WAYS))
def test_how_far_it_is_is_told_and_it_ends_when_it_is_called_off(how: str, digits: Any, laid: dict[str, Any]) -> None:
    """After each of its many parts, so that none of them is long."""
    told: list[float] = []

    def tell(share: float) -> None:
        told.append(share)
        if share > 0.1:
            raise CalledOffError

    with pytest.raises(CalledOffError):
        WAYS[how](digits, tell)
    assert told[0] == 0
    assert len(told) > 50
    assert np.allclose(np.diff(told), told[1])
    np.testing.assert_array_equal(WAYS[how](digits, lambda _share: None), laid[how])  # and it repeats

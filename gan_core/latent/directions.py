"""Directions in latent space that change a picture in one way, found without labels: GANSpace, SeFa, and chance as their control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from gan_core.errors import ConfigError
from gan_core.text import N_


@dataclass(frozen=True)
class Directions:
    """vectors (K, dim) float32, each of length 1, its largest coordinate positive; sigma (K,): the standard deviation of latents along each,
    which is what a step of 1 on a slider goes; share (K,): the part of the variance, or of what the layer lets through, that each has."""

    vectors: Tensor
    sigma: Tensor
    share: Tensor

    def __len__(self) -> int:
        return len(self.vectors)

    def moved(self, latent: Tensor, steps: Tensor) -> Tensor:
        """(…, dim), (K,) -> (…, dim): `steps[k]` standard deviations along direction k, all at once."""
        return latent + (steps.to(latent) * self.sigma.to(latent)) @ self.vectors.to(latent)


def principal(latents: Tensor, count: int) -> Directions:
    """Of latents (N, dim): where they vary most, which says something of w, and nothing of noise that is alike in all directions.   GANSpace,
    Härkönen et al. 2020, arXiv:2004.02546, section 2.1. Raises ConfigError for more directions than there are, or too few latents."""
    _check(count, min(latents.shape[1], len(latents) - 1))
    found = _pca(latents, count)
    vectors = torch.from_numpy(found.components_)
    return _directions(
        vectors, torch.from_numpy(found.explained_variance_).sqrt(), torch.from_numpy(found.explained_variance_ratio_)
    )


def principal_of_features(latents: Tensor, features: Tensor, count: int) -> Directions:
    """Of latents (N, dim), by what a layer makes of them (N, F): U of z ≈ U x, x the standardised coordinates of the features along their
    K principal components, by least squares: latents that differ by uₖ differ by one standard deviation of component k.   GANSpace,
    section 2.2, equation 3. share: of the features' variance. Errors as `principal`."""
    _check(count, min(latents.shape[1], features.shape[1], len(latents) - 1))
    found = _pca(features, count)
    x = found.transform(features.double().numpy()) / np.sqrt(found.explained_variance_)
    z = latents.double().numpy()
    moved = np.linalg.lstsq(x, z - z.mean(0), rcond=None)[0]  # (K, dim)
    lengths = torch.from_numpy(np.linalg.norm(moved, axis=1))
    return _directions(torch.from_numpy(moved), lengths, torch.from_numpy(found.explained_variance_ratio_))


def factorised(weight: Tensor, count: int, sigma: float = 1.0) -> Directions:
    """Of the first affine layer's weight A (out, dim): the directions n that change what it lets through most, eigenvectors of AᵀA for
    its largest eigenvalues, each row of A first brought to length 1.   SeFa, Shen & Zhou 2021, arXiv:2007.06600, section 3.2. sigma: of the latents along any
    direction. Raises ConfigError for more directions than there are."""
    _check(count, weight.shape[1])
    rows = weight.double()
    rows = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    values, vectors = torch.linalg.eigh(rows.t() @ rows)
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1).t()
    total = values.sum().clamp(min=1e-12)
    return _directions(vectors[:count], torch.full((count,), sigma, dtype=torch.float64), (values / total)[:count])


def by_chance(dim: int, count: int, rng: torch.Generator, sigma: float = 1.0) -> Directions:
    """Directions at right angles that nothing was asked of: what a found one must be compared with. Raises ConfigError for more than `dim`."""
    _check(count, dim)
    q, _ = torch.linalg.qr(torch.randn(dim, count, generator=rng, dtype=torch.float64))
    return _directions(
        q.t(), torch.full((count,), sigma, dtype=torch.float64), torch.full((count,), 1 / dim, dtype=torch.float64)
    )


def _check(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ConfigError(
            N_("{count} directions cannot be found here: from 1 to {most} can."), count=count, most=max(0, most)
        )


def _pca(x: Tensor, count: int) -> PCA:
    """The same components for the same numbers."""
    return PCA(count, svd_solver="randomized" if min(x.shape) > 512 else "full", random_state=0).fit(x.double().numpy())


def _directions(vectors: Tensor, sigma: Tensor, share: Tensor) -> Directions:
    """With a sign that does not depend on the solver."""
    unit = vectors / vectors.norm(dim=1, keepdim=True).clamp(min=1e-12)
    largest = unit.gather(1, unit.abs().argmax(1, keepdim=True))
    return Directions((unit * torch.where(largest < 0, -1.0, 1.0)).float(), sigma.float(), share.float())

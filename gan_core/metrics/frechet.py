"""The Fréchet distance between Gaussian fits of two sets of features."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.errors import DataError
from gan_core.text import N_


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁^½ Σ₂ Σ₁^½)^½) of features a (N, F) and b (M, F).   Dowson & Landau 1982; Heusel et al. 2017.

    The symmetric form has real, non-negative eigenvalues, so that no complex root has to be cut off. In float64.
    Raises DataError when there are not more samples than features: the covariance would be singular.
    """
    for features in (a, b):
        if len(features) <= features.shape[1]:
            raise DataError(N_("The Fréchet distance of {features} features needs more than {features} samples; there are {n}."),
                            features=features.shape[1], n=len(features))  # fmt: skip
    a, b = a.double(), b.double()
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    root = _root(cov_a)
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross)


def _root(matrix: Tensor) -> Tensor:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root

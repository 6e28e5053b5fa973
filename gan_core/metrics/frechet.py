"""The Fréchet distance between Gaussian fits of two sets of features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gan_core.errors import DataError
from gan_core.text import N_


@dataclass(frozen=True)
class Moments:
    """Mean (F,) and covariance (F, F) of a set of features, float64."""

    mean: Tensor
    covariance: Tensor

    @staticmethod
    def of(features: Tensor) -> Moments:
        """Of features (N, F). Raises DataError when there are not more samples than features: the covariance would be singular."""
        check(len(features), features.shape[1])
        features = features.double()
        return Moments(features.mean(0), torch.cov(features.T))

    @cached_property
    def root(self) -> Tensor:
        """The symmetric square root of the covariance."""
        values, vectors = torch.linalg.eigh(self.covariance)
        root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        return root

    def distance(self, other: Moments) -> float:
        """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁^½ Σ₂ Σ₁^½)^½), which is symmetric.   Dowson & Landau 1982; Heusel et al. 2017.

        This form has real, non-negative eigenvalues, so that no complex root has to be cut off.
        """
        cross = torch.linalg.eigvalsh(self.root @ other.covariance @ self.root).clamp(min=0).sqrt().sum()
        apart = (self.mean - other.mean).square().sum()
        return float(apart + self.covariance.trace() + other.covariance.trace() - 2 * cross)


def least(features: int) -> int:
    """How many samples a distance of so many features needs on either side."""
    return features + 1


def check(n: int, features: int) -> None:
    """Raise DataError for n samples that are too few."""
    if n < least(features):
        raise DataError(N_("The Fréchet distance of {features} features needs more than {features} samples; there are {n}."),
                        features=features, n=n)  # fmt: skip


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """`Moments.distance` of features a (N, F) and b (M, F), in float64. Raises DataError for too few of either."""
    return Moments.of(a).distance(Moments.of(b))

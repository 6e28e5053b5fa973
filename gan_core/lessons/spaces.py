"""What a lesson shows of trained generators beside each other: samples, ways between two places, the plane of a latent space of two numbers,
and what of that a classifier recognises."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet
from gan_core.errors import DataError
from gan_core.latent.explored import Explored
from gan_core.latent.paths import WAYS
from gan_core.latent.seen import classifier_of, features_of
from gan_core.metrics.classes import CONFIDENT
from gan_core.metrics.features import Features
from gan_core.metrics.frechet import frechet_distance
from gan_core.text import N_

SAMPLES = 1000
GREY = 0.6  # of [−1, 1]: between a fifth and four fifths of the way from paper to ink
NO_EYES = N_("The pictures of this set have no classes: nothing can say which of them are recognised.")
_FIRST, _SECOND = 1, 2  # seeds of the places that ways are measured between


@dataclass(frozen=True)
class Read:
    """What a classifier takes samples for: classes (N,), and whether it is more than CONFIDENT sure (N,)."""

    classes: Tensor
    sure: Tensor

    @property
    def share(self) -> float:
        """Of those that are recognised."""
        return float(self.sure.double().mean())


@dataclass(frozen=True)
class Measured:
    """Of SAMPLES samples each. grey: the share of pixels that are neither paper nor ink; real_grey: that of real pictures. recognised: the share
    of samples that the classifier is sure of; halfway: the same of samples in the middle between two latents. distance: Fréchet
    distance from the real pictures in the classifier's features."""

    grey: float
    real_grey: float
    recognised: float
    halfway: float
    distance: float


def eyes(explored: Explored) -> Features:
    """The classifier of what a generator has learned; trained now if nobody has. Raises DataError where there can be none."""
    found = classifier_of(explored.data)
    if found is None or found.probabilities(found.of(torch.zeros(1, *explored.data.shape))) is None:
        raise DataError(NO_EYES)
    return found


def read(samples: Tensor, by: Features) -> Read:
    """Of samples (N, C, H, W)."""
    said = by.probabilities(features_of(samples, by))
    assert said is not None
    sure, classes = said.max(1)
    return Read(classes, sure > CONFIDENT)


def grey(pictures: Tensor) -> float:
    """Pictures in [−1, 1] -> the share of pixels with |x| < GREY."""
    return float((pictures.abs() < GREY).double().mean())


def plane(side: int) -> Tensor:
    """(side², 2): latents in a square lattice, row by row from the top, every cell of which the noise falls into as often: their coordinates are
    Φ⁻¹((i + ½) / side), Φ the distribution function of the Gaussian.   Kingma & Welling 2014, arXiv:1312.6114, appendix A."""
    at = torch.special.ndtri((torch.arange(side, dtype=torch.float64) + 0.5) / side).float()
    up, right = torch.meshgrid(at.flip(0), at, indexing="ij")
    return torch.stack([right.flatten(), up.flatten()], 1)


def way(explored: Explored, first: int, second: int, count: int) -> Tensor:
    """(count, C, H, W): from the sample of one seed to that of another, straight through latent space. Raises as `Explored.seed`."""
    a, b = explored.seed(first), explored.seed(second)
    return explored.draw(WAYS["straight"](a, b, torch.linspace(0, 1, count)))


def fade(pictures: Tensor) -> Tensor:
    """(T, C, H, W) -> as many: from the first one to the last by mixing their pixels, as a film fades."""
    share = torch.linspace(0, 1, len(pictures))[:, None, None, None]
    return pictures[:1] * (1 - share) + pictures[-1:] * share


def measured(explored: Explored, real: Tensor, by: Features, count: int = SAMPLES) -> Measured:
    """real (M, C, H, W): pictures of what it has learned. Raises DataError for too few for a Fréchet distance."""
    a, b = explored.many(count, _FIRST), explored.many(count, _SECOND)
    samples = explored.draw(a)
    middle = explored.draw((a + b) / 2)
    distance = frechet_distance(features_of(real, by), features_of(samples, by))
    return Measured(grey(samples), grey(real), read(samples, by).share, read(middle, by).share, distance)


def told_apart(explored: Explored, by: Features, each: int = 100) -> Tensor:
    """(categories, classes): how many of `each` samples asked for a category the classifier takes for each class. Raises ConfigError where
    nothing can be asked for."""
    inputs, counts = explored.many(each, _FIRST), []
    assert isinstance(explored.data, ImageSet)
    for k in range(max(1, len(explored.class_names))):
        found = read(explored.draw(explored.asked(inputs, k)), by).classes
        counts.append(torch.bincount(found, minlength=len(explored.data.class_names)))
    return torch.stack(counts)


def information(counts: Tensor) -> float:
    """counts (A, B) of pairs -> the mutual information of row and column, in bits: Σ p(a, b) log₂ (p(a, b) / (p(a) p(b))).   Shannon 1948."""
    p = counts.double() / counts.sum()
    apart = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
    there = p > 0
    return float((p[there] * (p[there] / apart[there]).log2()).sum())

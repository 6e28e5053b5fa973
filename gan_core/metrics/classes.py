"""Which classes of a labelled picture set the samples belong to, in the eyes of a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.metrics.points import reverse_kl

CONFIDENT = 0.9


@dataclass(frozen=True)
class ClassStatistics:
    """confident: share of samples recognised with a probability above CONFIDENT. shares (K,): of the classes among the samples.
    modes: classes with at least one sample. reverse_kl: of the samples' classes from the data's own, in nats."""

    confident: float
    shares: Tensor
    modes: int
    reverse_kl: float


def class_statistics(probabilities: Tensor, own: Tensor) -> ClassStatistics:
    """probabilities (N, K) of each sample's class; own (K,): the classes' shares in the data. A sample belongs to its likeliest class.

    confident = 1/N Σᵢ [maxₖ pᵢₖ > 0.9]; class_modes = #{k: sₖ > 0}, sₖ the share of class k among the samples; min_class_share = minₖ sₖ;
    class_kl = Σₖ sₖ log(sₖ / wₖ), wₖ the share in the data.
    Of stacked digits (Metz et al. 2017, arXiv:1611.02163) a class is a mode, one of 1,000; `reverse_kl` is that of gan_core.metrics.points.
    """
    confidence, guesses = probabilities.max(1)
    counts = torch.bincount(guesses, minlength=probabilities.shape[1]).double()
    return ClassStatistics(
        float((confidence > CONFIDENT).double().mean()),
        counts / len(probabilities),
        int((counts > 0).sum()),
        reverse_kl(counts, own),
    )


def read_as_asked(probabilities: Tensor, asked: Tensor) -> float:
    """1/N Σᵢ [argmaxₖ pᵢₖ = aᵢ]: the share of samples whose likeliest class is the one that the generator was asked for.

    probabilities (N, K) of each sample's class, asked (N,) int64. As the accuracy of Odena et al. 2017, arXiv:1610.09585, section 4.2.
    """
    return float((probabilities.argmax(1) == asked).double().mean())


def shares_of(labels: Tensor, classes: int) -> Tensor:
    """labels (N,) int64 -> (K,) float64, adding up to 1. A class without a picture counts as half of one, so that a sample of it
    has a finite price."""
    counts = torch.bincount(labels, minlength=classes).double().clamp(min=0.5)
    return counts / counts.sum()

"""The inception score: samples that are each recognised with confidence, and all together as many different things."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.errors import DataError
from gan_core.text import N_

SPLITS = 10
LEAST = 10 * SPLITS  # samples: ten a split


def score_of(probabilities: Tensor) -> float:
    """exp(E_x KL(p(y|x) ‖ p(y))), p(y) = E_x p(y|x), of probabilities (N, K): from 1 to K.   Salimans et al. 2016, arXiv:1606.03498."""
    p = probabilities.double()
    marginal = p.mean(0)
    # Σ p log(p/q) as Σ p log p − Σ p log q: 0 log 0 is 0 in both, and q is 0 only where every p is
    gained = torch.special.xlogy(p, p).sum(1).mean() - torch.special.xlogy(marginal, marginal).sum()
    return float(gained.exp())


def inception_score(probabilities: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of `score_of` over SPLITS equal parts of probabilities (N, K), as it is published.

    score = exp(E_x KL(p(y|x) ‖ p(y))), p(y) = E_x p(y|x).

    A part of n samples scores too low by a factor of about exp((K − 1)/2n). Raises DataError for fewer than LEAST samples.
    """
    check(len(probabilities))
    scores = torch.tensor([score_of(part) for part in probabilities.tensor_split(SPLITS)], dtype=torch.float64)
    return float(scores.mean()), float(scores.std(correction=0))


def check(n: int) -> None:
    """Raise DataError for n samples that are too few."""
    if n < LEAST:
        raise DataError(N_("The inception score needs at least {needed} samples; there are {n}."), needed=LEAST, n=n)

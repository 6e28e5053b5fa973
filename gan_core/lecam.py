"""LeCam regularisation: D's outputs are held near where those on the other kind have lately been, which keeps D from being sure of few pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from gan_core.engine.objectives import DTerms

DECAY = 0.99  # of the anchors


def regularizer(real: Tensor, fake: Tensor, anchors: Tensor) -> Tensor:
    """λ · (E[(D(x) − α_F)²] + E[(D(G(z)) − α_R)²]).   Tseng et al. 2021, arXiv:2104.03310, equation 4.

    real, fake (B,): D's outputs. anchors (3,): α_R and α_F, moving averages of D's outputs on real and on generated pictures; and how many
    batches they have seen. Scalar, without λ.
    """
    on_real, on_fake = anchors[0], anchors[1]
    return (real - on_fake).square().mean() + (fake - on_real).square().mean()


def follow(anchors: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """α ← α + (1 − 0.99)(E[D] − α) for both anchors; of the first hundred batches the plain mean, which forgets where it began.

    The new anchors; nothing is changed in place."""
    count = anchors[2] + 1
    rate = (1 / count).clamp(min=1 - DECAY)
    means = torch.stack([real.detach().mean(), fake.detach().mean()]).to(anchors.dtype)
    return torch.cat([anchors[:2] + rate * (means - anchors[:2]), count.view(1)])


def added(terms: DTerms, real: Tensor, fake: Tensor, anchors: Tensor, weight: float | Tensor) -> DTerms:
    """The objective of D with λ times the regulariser: in its total, and in what is shown as its loss."""
    extra = weight * regularizer(real, fake, anchors)
    return replace(terms, total=terms.total + extra, loss=terms.loss + extra)

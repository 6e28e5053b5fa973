"""What the discriminator looks at: how much its output on a picture changes with each pixel."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gan_core.networks.together import MinibatchStd
from gan_core.players import Players


class Saliency(NamedTuple):
    """D's `logit` on a picture, and `map` (H, W): how much each pixel counts in it."""

    logit: float
    map: Tensor


def saliency(players: Players, pictures: Tensor, labels: Tensor | None, index: int) -> Saliency:
    """M_ij = max_c |∂D(x)/∂x_cij| for x = pictures[index], in eval mode.   Simonyan et al. 2014, arXiv:1312.6034, section 3.1.

    It is also the length of the very gradient by which a generator learns, pixel by pixel. pictures (N, C, H, W) in [−1, 1], labels
    (N, classes) for a D that is told. A D that sees several at once sees those that follow x in its turn, x as the first of them.
    """
    seen = company(players, len(pictures), index)
    with torch.enable_grad():
        x = pictures[seen].detach().to(players.device).requires_grad_()
        logit = players.logits(x, None if labels is None else labels[seen])[0]
        (gradient,) = torch.autograd.grad(logit, x)
    return Saliency(float(logit.detach()), gradient[0].abs().amax(0).float().cpu())


def company(players: Players, count: int, index: int) -> Tensor:
    """The places of the pictures that D has to see together with the one at `index` of `count`, that one first."""
    groups = [layer.group for layer in players.d.modules() if isinstance(layer, MinibatchStd)]
    return (torch.arange(players.config.discriminator.packing * max(groups, default=1)) + index) % count

"""What each player minimises, as pure functions of networks and a batch: no state, no optimiser, no randomness of their own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.losses import Loss
from gan_core.penalties import Critic, Penalty, mix, squared_gradient_norm


@dataclass(frozen=True)
class Objective:
    """A loss and a penalty, looked up once. `joint`: real and generated samples may go through D as one batch."""

    loss: Loss
    needs_real: bool
    penalty: Penalty
    at: str | None
    joint: bool


@dataclass(frozen=True)
class DTerms:
    """What a discriminator step computed: the whole objective, its two parts, and the mean logits. All scalars."""

    total: Tensor
    loss: Tensor
    penalty: Tensor | None
    real: Tensor
    fake: Tensor


def d_terms(
    o: Objective, critic: Critic, real: Tensor, fake: Tensor,
    weight: float | Tensor, smooth: float | Tensor, flips: Tensor | None, u: Tensor | None,
) -> DTerms:  # fmt: skip
    """The discriminator's objective: loss + weight · E[penalty].

    real, fake: (B, …), without gradient history. flips: (B,) bool, pairs that D sees under each other's label.
    u: (B,) in [0, 1), for penalties at mixed points.
    """
    if o.joint:
        both = torch.cat([real, fake])
        if o.at == "both":
            both.requires_grad_()
        logits = critic(both)
        real_logits, fake_logits = logits.chunk(2)
        inputs = {"both": [(logits, both)]}
    else:
        real, fake = (
            x.detach().requires_grad_() if o.at in (which, "both") else x
            for x, which in ((real, "real"), (fake, "fake"))
        )
        real_logits, fake_logits = critic(real), critic(fake)
        inputs = {"real": [(real_logits, real)], "fake": [(fake_logits, fake)]}
        inputs["both"] = inputs["real"] + inputs["fake"]
    means = real_logits.detach().mean(), fake_logits.detach().mean()
    penalty = None
    if o.at == "mix":
        x = mix(real.detach(), fake.detach(), u).requires_grad_()
        inputs["mix"] = [(critic(x), x)]
    if o.at:
        parts = [o.penalty(squared_gradient_norm(logits, x)).mean() for logits, x in inputs[o.at]]
        if o.joint and o.at == "both":
            parts *= 2  # a mean over 2B samples is half of the two means' sum
        penalty = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    if flips is not None:
        real_logits, fake_logits = (
            torch.where(flips, fake_logits, real_logits),
            torch.where(flips, real_logits, fake_logits),
        )
    loss = o.loss(real_logits, fake_logits, smooth)[0]
    return DTerms(loss if penalty is None else loss + weight * penalty, loss, penalty, *means)


def g_loss(o: Objective, critic: Critic, fake: Tensor, real: Tensor | None) -> Tensor:
    """The generator's loss (scalar). `real` (B, …) only where the loss compares with it; it carries no gradient."""
    fake_logits = critic(fake)
    if real is None:
        return o.loss(fake_logits.detach(), fake_logits)[1]
    with torch.no_grad():
        real_logits = critic(real)
    return o.loss(real_logits, fake_logits)[1]

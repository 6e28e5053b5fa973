"""What each player minimises, as pure functions of networks and a batch: no state, no optimiser, no randomness of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_core.losses import Loss
from gan_core.penalties import PLACES, Critic, Penalty, squared_gradient_norm


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


class Verdicts(NamedTuple):
    """D's logits (B,) of real and of generated samples, and by what a penalty's `at` says: the logits and the points they belong to."""

    real: Tensor
    fake: Tensor
    inputs: dict[str, list[tuple[Tensor, Tensor]]]


def judge(o: Objective, critic: Critic, real: Tensor, fake: Tensor, u: Tensor | None) -> Verdicts:
    """What D says of a batch. real, fake: (B, …), without gradient history. u: what `penalties.PLACES` draws, for points of its own."""
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
    if o.at in PLACES:
        x = PLACES[o.at].points(real.detach(), fake.detach(), u).requires_grad_()
        inputs[o.at] = [(critic(x), x)]
    return Verdicts(real_logits, fake_logits, inputs)


def d_objective(
    o: Objective, verdicts: Verdicts, weight: float | Tensor, smooth: float | Tensor, flips: Tensor | None
) -> DTerms:
    """The discriminator's objective: loss + weight · E[penalty]. flips: (B,) bool, pairs that D sees under each other's label."""
    real, fake = verdicts.real, verdicts.fake
    means = real.detach().mean(), fake.detach().mean()
    penalty = None
    if o.at:
        parts = [o.penalty(squared_gradient_norm(logits, x)).mean() for logits, x in verdicts.inputs[o.at]]
        if o.joint and o.at == "both":
            parts *= 2  # a mean over 2B samples is half of the two means' sum
        penalty = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    real, fake = swapped(real, fake, flips)
    loss = o.loss(real, fake, smooth)[0]
    return DTerms(loss if penalty is None else loss + weight * penalty, loss, penalty, *means)


def swapped(real: Tensor, fake: Tensor, flips: Tensor | None) -> tuple[Tensor, Tensor]:
    """Logits (B,) under the labels that D is given: each other's where `flips`."""
    if flips is None:
        return real, fake
    return torch.where(flips, fake, real), torch.where(flips, real, fake)


def d_terms(
    o: Objective, critic: Critic, real: Tensor, fake: Tensor,
    weight: float | Tensor, smooth: float | Tensor, flips: Tensor | None, u: Tensor | None,
) -> DTerms:  # fmt: skip
    """`judge` and `d_objective` in one."""
    return d_objective(o, judge(o, critic, real, fake, u), weight, smooth, flips)


def g_judge(critic: Critic, fake: Tensor, real: Tensor | None) -> tuple[Tensor | None, Tensor]:
    """What D says of the generator's batch, (B,): of `real` only where the loss compares with it, without gradient; of `fake`."""
    fake_logits = critic(fake)
    if real is None:
        return None, fake_logits
    with torch.no_grad():
        return critic(real), fake_logits


def g_objective(o: Objective, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """The generator's loss (scalar) of what `g_judge` gave."""
    return o.loss(fake_logits.detach() if real_logits is None else real_logits, fake_logits)[1]


def g_loss(o: Objective, critic: Critic, fake: Tensor, real: Tensor | None) -> Tensor:
    """`g_judge` and `g_objective` in one. `real` (B, …) only where the loss compares with it; it carries no gradient."""
    return g_objective(o, *g_judge(critic, fake, real))

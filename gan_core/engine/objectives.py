"""What each player minimises, as pure functions of networks and a batch: no state, no optimiser, no randomness of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gan_core.losses import Loss
from gan_core.networks.conditional import verdict
from gan_core.penalties import PLACES, Critic, Penalty, squared_gradient_norm


@dataclass(frozen=True)
class Objective:
    """A loss and a penalty, looked up once. `joint`: real and generated samples may go through D as one batch. `class_weight`: what a right
    guess of the class counts, where D guesses; info_weight: what reading the code off a picture counts (None: there is none), whose first `categories` numbers are a
    category. `paired`: D judges pictures with their codes, and G plays together with the encoder of those."""

    loss: Loss
    needs_real: bool
    penalty: Penalty
    at: str | None
    joint: bool
    class_weight: float = 0.0
    info_weight: float | None = None
    categories: int = 0
    paired: bool = False


@dataclass(frozen=True)
class DTerms:
    """What a discriminator step computed: the whole objective, its parts (`loss` with what guesses of the class cost), and the mean
    logits. All scalars."""

    total: Tensor
    loss: Tensor
    penalty: Tensor | None
    real: Tensor
    fake: Tensor


class Verdicts(NamedTuple):
    """D's logits (B,) of real and of generated samples, and by what a penalty's `at` says: the logits and the points they belong to;
    guesses (B, classes) of the class of both, where D guesses."""

    real: Tensor
    fake: Tensor
    inputs: dict[str, list[tuple[Tensor, Tensor]]]
    guesses: tuple[Tensor, ...] = ()


def judge(
    o: Objective,
    critic: Critic,
    real: Tensor,
    fake: Tensor,
    u: Tensor | None,
    labels: Tensor | None = None,
    fake_labels: Tensor | None = None,
) -> Verdicts:
    """What D says of a batch. real, fake: (B, …), without gradient history. u: what `penalties.PLACES` draws, for points of its own.
    labels (B, classes): of which class both samples of each pair are, for a critic that is told; fake_labels: what it is told with the
    generated ones, where that is something else."""
    told = () if labels is None else (labels,)
    told_fake = told if fake_labels is None else (fake_labels,)
    if o.joint:
        both = torch.cat([real, fake])
        if o.at == "both":
            both.requires_grad_()
        logits, guess = verdict(critic(both, *map(torch.cat, zip(told, told_fake, strict=True))))
        real_logits, fake_logits = logits.chunk(2)
        guesses = guess.chunk(2) if guess is not None else ()
        inputs = {"both": [(logits, both)]}
    else:
        real, fake = (
            x.detach().requires_grad_() if o.at in (which, "both") else x
            for x, which in ((real, "real"), (fake, "fake"))
        )
        (real_logits, guess), (fake_logits, other) = verdict(critic(real, *told)), verdict(critic(fake, *told_fake))
        guesses = (guess, other) if guess is not None and other is not None else ()
        inputs = {"real": [(real_logits, real)], "fake": [(fake_logits, fake)]}
        inputs["both"] = inputs["real"] + inputs["fake"]
    if o.at in PLACES:
        x = PLACES[o.at].points(real.detach(), fake.detach(), u).requires_grad_()
        inputs[o.at] = [(verdict(critic(x, *told))[0], x)]
    return Verdicts(real_logits, fake_logits, inputs, guesses)


def class_loss(o: Objective, guesses: Iterable[Tensor], labels: Tensor | None) -> Tensor | float:
    """w · Σ −E[log P(y | x)] over real and generated samples.   Odena et al. 2017, equation 3. 0 where D does not guess; guesses and labels
    (B, classes), w the class_weight; G's loss has the generated samples alone."""
    return sum(o.class_weight * cross_entropy(guess, labels) for guess in guesses) if labels is not None else 0.0


def code_loss(o: Objective, guess: Tensor, codes: Tensor) -> Tensor:
    """λ · (E[−log Q(c | G(z, c))] − H(c)).   InfoGAN, Chen et al. 2016, arXiv:1606.03657, equation 5: −λ times the bound of the information
    about c. guess, codes (B, codes). A category c: Q = softmax, H = log K; a continuous code: Q = N(c; guess, 1), H = log 2."""
    count, continuous = o.categories, codes.shape[1] - o.categories
    missing = cross_entropy(guess[:, :count], codes[:, :count]) - math.log(count) if count else guess.new_zeros(())
    if continuous:
        squared = (guess[:, count:] - codes[:, count:]).square().sum(1).mean()
        missing = missing + squared / 2 + continuous * (math.log(2 * math.pi) / 2 - math.log(2))
    return (o.info_weight or 0.0) * missing


def guess_loss(o: Objective, real: Tensor | None, fake: Tensor, labels: Tensor | None) -> Tensor | float:
    """What guesses (B, n) for real (None: not asked for) and for generated samples cost: of the class both, of a code those for generated ones,
    since only their code is known."""
    if o.info_weight is not None and labels is not None:
        return code_loss(o, fake, labels)
    return class_loss(o, [fake] if real is None else [real, fake], labels)


def d_objective(
    o: Objective,
    verdicts: Verdicts,
    weight: float | Tensor,
    smooth: float | Tensor,
    flips: Tensor | None,
    labels: Tensor | None = None,
) -> DTerms:
    """The discriminator's objective: loss + weight · E[penalty]. flips: (B,) bool, pairs that D sees under each other's label, real for
    generated. labels (B, classes): what D should have guessed."""
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
    if verdicts.guesses:
        loss = loss + guess_loss(o, verdicts.guesses[0], verdicts.guesses[1], labels)
    return DTerms(loss if penalty is None else loss + weight * penalty, loss, penalty, *means)


def swapped(real: Tensor, fake: Tensor, flips: Tensor | None) -> tuple[Tensor, Tensor]:
    """Logits (B,) under the labels that D is given: each other's where `flips`."""
    if flips is None:
        return real, fake
    return torch.where(flips, fake, real), torch.where(flips, real, fake)


class GVerdicts(NamedTuple):
    """D's logits (B,) of the generator's batch: of real samples only where the loss compares with them; of the generated ones; and its
    guesses (B, classes) of their class, where it guesses."""

    real: Tensor | None
    fake: Tensor
    guess: Tensor | None = None


def g_judge(
    critic: Critic, fake: Tensor, real: Tensor | None, labels: Tensor | None = None, encoded: Tensor | None = None
) -> GVerdicts:
    """What D says of the generator's batch. `real` carries no gradient; labels (B, classes) as in `judge`. encoded (B, dim): the codes of
    the real samples, through which it does, where D judges pairs."""
    told = () if labels is None else (labels,)
    fake_logits, guess = verdict(critic(fake, *told))
    if real is None:
        return GVerdicts(None, fake_logits, guess)
    if encoded is not None:
        return GVerdicts(verdict(critic(real, encoded))[0], fake_logits, guess)
    with torch.no_grad():
        return GVerdicts(verdict(critic(real, *told))[0], fake_logits, guess)


def exchanged(o: Objective, real: Tensor, fake: Tensor) -> Tensor:
    """L_G = L_E = L_D with the verdicts on real and on generated pairs exchanged.   Donahue et al. 2017, arXiv:1605.09782, section 3.2, and
    Dumoulin et al. 2017, arXiv:1606.00704, algorithm 1: the same for every loss. real, fake: logits (B,)."""
    return o.loss(fake, real)[0]


def g_objective(o: Objective, verdicts: GVerdicts, labels: Tensor | None = None) -> Tensor:
    """The generator's loss (scalar) of what `g_judge` gave."""
    real, fake, guess = verdicts
    if o.paired:
        assert real is not None
        return exchanged(o, real, fake)
    loss = o.loss(fake.detach() if real is None else real, fake)[1]
    return loss if guess is None else loss + guess_loss(o, None, guess, labels)

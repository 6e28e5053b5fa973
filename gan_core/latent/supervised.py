"""Directions that somebody named: by a score of each picture, by labels, or by pictures that were marked.   InterFaceGAN, Shen et al. 2020,
arXiv:2005.09635."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.svm import LinearSVC
from torch import Tensor

from gan_core.errors import ConfigError, DataError
from gan_core.text import N_

_HELD_OUT = 0.3
_LEAST = 4  # of each kind, so that some can be held out


@dataclass(frozen=True)
class Named:
    """vector (dim,) float32 of length 1: the normal of the plane between the two kinds, towards the first one. accuracy: the share of
    `held_out` latents that lie on their own side, the mean over both kinds, so that 0.5 is guessing however many of each there are; learned: from how many the plane was. sigma: the standard deviation of latents along it."""

    vector: Tensor
    accuracy: float
    learned: int
    held_out: int
    sigma: float


def by_score(latents: Tensor, scores: Tensor, share: float = 0.02) -> Named:
    """Latents (N, dim) with a score each (N,): the plane between the `share` with the highest and that with the lowest, 70 % of each to learn
    from and 30 % held out.   InterFaceGAN, section 3.1. Raises ConfigError for a share that is not in (0, 0.5], DataError for too few."""
    if not 0 < share <= 0.5:
        raise ConfigError(
            N_("share={share} is not between 0 and 0.5: of the scores, the highest and the lowest are compared."),
            share=share,
        )
    count = max(int(share * len(scores)), min(_LEAST, len(scores) // 2))
    order = scores.argsort(stable=True)
    return by_kind(latents[order[-count:]], latents[order[:count]])


def by_kind(these: Tensor, others: Tensor) -> Named:
    """Latents (A, dim) of one kind and (B, dim) of the other: a linear support vector machine, each kind weighing the same. The same one
    for the same latents. Raises DataError for fewer than four of a kind."""
    if min(len(these), len(others)) < _LEAST:
        raise DataError(N_("Four pictures of each kind are needed to find what they differ in, and there are {these} and {others}. Mark more."),
                        these=len(these), others=len(others))  # fmt: skip
    rng = torch.Generator().manual_seed(0)
    learned, held = zip(*(_split(kind, rng) for kind in (these, others)), strict=True)
    x, y = _together(*learned)
    sizes = x.std(0).clamp(min=1e-12)  # the machine's penalty counts all coordinates alike
    machine = LinearSVC(C=1.0, class_weight="balanced", dual="auto", max_iter=20_000, random_state=0).fit(
        (x / sizes).numpy(), y.numpy()
    )
    normal = torch.from_numpy(machine.coef_[0]).double() / sizes.double()
    offset = float(machine.intercept_[0])
    seen, kinds = _together(*held)
    right = ((seen.double() @ normal + offset > 0) == (kinds > 0)).double()
    accuracy = (right[kinds > 0].mean() + right[kinds < 0].mean()) / 2
    unit = normal / normal.norm().clamp(min=1e-12)
    everything = torch.cat([these, others]).double() @ unit
    return Named(unit.float(), float(accuracy), len(x), len(seen), float(everything.std()))


def holding(direction: Tensor, locked: Tensor) -> Tensor:
    """direction (dim,), locked (L, dim): the part of it, of length 1, along which none of the locked ones changes.   InterFaceGAN, section 3.2.
    Raises ConfigError where nothing is left."""
    if not len(locked):
        unit: Tensor = direction / direction.norm()
        return unit
    basis, _ = torch.linalg.qr(locked.double().t())
    left = direction.double() - basis @ (basis.t() @ direction.double())
    if float(left.norm()) < 1e-6 * float(direction.norm()):
        raise ConfigError(N_("What is to change is one of the things that are locked, or made of them. Unlock one."))
    held: Tensor = (left / left.norm()).to(direction.dtype)
    return held


def _split(kind: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """In random order: what is learned from, and what is held out."""
    shuffled = kind[torch.randperm(len(kind), generator=rng)]
    held = max(1, round(_HELD_OUT * len(kind)))
    return shuffled[held:], shuffled[:held]


def _together(these: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """(N, dim) and 1 or −1 each."""
    return torch.cat([these, others]).double(), torch.cat([torch.ones(len(these)), -torch.ones(len(others))])

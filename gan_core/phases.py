"""The numbered phases of one step: what every step runs through, and where slow motion stops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from gan_core import registry

if TYPE_CHECKING:
    from gan_core.config import RunConfig

BOTH, D_ONLY, G_ONLY = "both", "d", "g"  # who learns in a step
CODES = (
    "d.batch", "d.fakes", "d.judge", "d.loss", "d.gradients", "d.update",
    "g.fakes", "g.judge", "g.loss", "g.gradients", "g.update", "end",
)  # fmt: skip
VAE_CODES = ("v.batch", "v.encode", "v.decode", "v.loss", "v.gradients", "v.update", "end")


Phase: TypeAlias = tuple[str, Mapping[str, Any]]
"""Where a step has come to, and what it has just made: the living tensors, with their graphs. A bare tuple, since every step of every
run makes a dozen of them.

d.batch: real (n, *shape). d.fakes, g.fakes: latents (n, dim), fake (n, *shape), and for G real where its loss compares with it.
d.judge, g.judge: real, fake: logits (n,), real None where G's loss does without. d.loss: terms (DTerms), real, fake, flips.
g.loss: loss; samples, from which it was computed; real, fake. d.gradients, g.gradients: gradients, one a parameter, summed over the
parts of the batch so far; parts: how many. v.batch: real. v.encode: mean, log_variance, latents (n, dim). v.decode: fake, drawn from them.
v.loss: terms (variational.Terms), losses (n,). v.gradients: of the encoder's parameters and then of the decoder's. n is the size of one part of the batch; all in the units of training.
"""


class Place(NamedTuple):
    """One phase among all of a step: its code, the how-manieth time the player learns, and the part of its batch; from 1."""

    code: str
    round: int
    rounds: int
    part: int
    parts: int


def rounds(config: RunConfig, players: str = BOTH) -> tuple[int, int]:
    """How often D and G learn in a step. A player that is asked for alone learns at least once."""
    if players == BOTH:
        return config.k_d, config.k_g
    return (max(config.k_d, 1), 0) if players == D_ONLY else (0, max(config.k_g, 1))


def codes(config: RunConfig) -> tuple[str, ...]:
    """What the phases of a step are called, in their order, each once."""
    found: tuple[str, ...] = registry.method[config.method].value.codes
    return found


def places(config: RunConfig, players: str = BOTH) -> list[Place]:
    """The phases of a step in their order."""
    found, parts = [], config.accumulation
    if not config.adversarial:
        *each, update, end = codes(config)
        found = [Place(code, 1, 1, part, parts) for part in range(1, parts + 1) for code in each]
        return [*found, Place(update, 1, 1, parts, parts), Place(end, 1, 1, 1, 1)]
    for who, times in zip("dg", rounds(config, players), strict=True):
        own = [code for code in CODES if code.startswith(f"{who}.")]
        for k in range(1, times + 1):
            found += [Place(code, k, times, part, parts) for part in range(1, parts + 1) for code in own[:-1]]
            found.append(Place(own[-1], k, times, parts, parts))
    return [*found, Place(CODES[-1], 1, 1, 1, 1)]

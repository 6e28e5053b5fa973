"""One picture of the grids looked at closely: what D says of it and looks at in it, and the training pictures nearest to it.

close:fake.12             the 13th generated picture, compared by its pixels; close:real.3 a real one
close:fake.12.features    the same, compared by what a classifier of the set sees in it
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core import registry
from gan_core.data.sets import ImageSet, to_unit
from gan_core.players import Players
from gan_core.runs import indices
from gan_core.runs.indices import FEATURES, PIXELS, Then
from gan_core.saliency import saliency

NEIGHBOURS = 4
_NAME = re.compile(r"close:(real|fake)\.(\d{1,3})(\.features)?", re.ASCII)


@dataclass(frozen=True)
class Seen:
    """What goes into a frame: arrays by name, and what is said of each picture, by the name it was asked for with."""

    arrays: dict[str, NDArray[Any]]
    facts: dict[str, dict[str, Any]]


def is_known(name: str) -> bool:
    """Whether this is the name of a picture that can be asked for."""
    return _NAME.fullmatch(name) is not None


def granted(players: Players, wishes: Iterable[str], then: Then | None = None) -> Seen:
    """What is asked for of these players' pictures; nothing of points. Draws nothing from the run's generators.

    name:saliency (H, W) float32: |∂D/∂x|; name:nearest (K, C, H, W) uint8. `then` is called when the comparison with the training
    pictures, which takes seconds to prepare at the first time, can be asked for again; without it this waits for them.
    """
    seen = Seen({}, {})
    wanted = _asked(wishes)
    if not wanted or not isinstance(players.data, ImageSet):
        return seen
    grids = {"real": to_unit(players.preview.real), "fake": players.sample(players.preview.latents)}
    means = {role: _mean(players, grid) for role, grid in grids.items()}
    for name, role, place, by in wanted:
        if place >= len(grids[role]):
            continue
        logit = math.nan
        if means[role] is not None:  # else there is nothing that D says
            logit, looked_at = saliency(players, grids[role], players.preview.labels, place)
            seen.arrays[f"{name}:saliency"] = looked_at.numpy()
        seen.facts[name] = {"logit": _plain(logit), "chance": _chance(players, logit), "means": means,
                            "packed": players.config.discriminator.packing}  # fmt: skip
        _compare(
            seen,
            name,
            players.data,
            grids[role][place],
            by,
            then,
            itself=role == "real" and not players.config.translates,
        )
    return seen


def compared(data: ImageSet, fake: Tensor, wishes: Iterable[str]) -> Seen:
    """The same of generated pictures (N, C, H, W) uint8 alone, whose networks are not kept: the nearest training pictures."""
    seen = Seen({}, {})
    for name, role, place, by in _asked(wishes):
        if role == "fake" and place < len(fake):
            seen.facts[name] = {}
            _compare(seen, name, data, to_unit(fake[place]), by, None, itself=False)
    return seen


def _asked(wishes: Iterable[str]) -> list[tuple[str, str, int, str]]:
    """name, role, place, by of each wish for a picture."""
    found = [(name, _NAME.fullmatch(name)) for name in sorted(wishes)]
    return [(name, m[1], int(m[2]), FEATURES if m[3] else PIXELS) for name, m in found if m is not None]


def _mean(players: Players, grid: Tensor) -> float | None:
    """Of D's outputs on a grid; on as many of its pictures as fill packs, where D sees several at once."""
    count = len(grid) // players.config.discriminator.packing * players.config.discriminator.packing
    labels = players.preview.labels
    return _plain(float(players.critic(grid[:count], None if labels is None else labels[:count]).mean()))


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _chance(players: Players, logit: float) -> float | None:
    """What D takes the probability to be that the picture is real, where its output means one."""
    means_one = registry.loss[players.config.loss].info["output"] == "probability"
    return float(torch.tensor(logit).sigmoid()) if means_one and math.isfinite(logit) else None


def _compare(
    seen: Seen, name: str, data: ImageSet, picture: Tensor, by: str, then: Then | None, *, itself: bool
) -> None:
    """Add the nearest training pictures, and what their distances are worth. itself: it is one of them, which is left out."""
    yard = indices.of(data, by, then)
    facts = seen.facts[name]
    facts |= {"by": by, "ready": yard.ready.is_set()}
    found = indices.compared(yard, picture, NEIGHBOURS, itself=itself)
    if found is not None:
        facts |= found.facts
        seen.arrays[f"{name}:nearest"] = found.pictures

"""What samples of an explored generator show: their features, and of which class or mode each is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_core.data.sets import ImageSet, PointSet
from gan_core.errors import PlaygroundError
from gan_core.latent.asking import Tell
from gan_core.latent.explored import Explored
from gan_core.metrics.features import Features, at_hand, pieces
from gan_core.runs import indices
from gan_core.runs.indices import Yard

MOST_KINDS = 50  # more of them no eye tells apart
_BLOCK = 128
_LOOK_SECONDS = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kinds:
    """One way to tell samples apart. code: "asked", the class that the generator was asked for; "category", one that it has found by
    itself; "seen", what the set's classifier takes it for; "mode", the nearest one of a mixture. names (K,), empty where they have none
    but their number; count: K; of (N,) int64."""

    code: str
    names: tuple[str, ...]
    count: int
    of: Tensor


def nothing() -> None:
    """For whoever waits without being told of anything."""


def classifier_of(data: PointSet | ImageSet, tell: Callable[[], None] = nothing) -> Features | None:
    """The network that knows the classes of a set, where it is at hand; one that is trained in seconds is trained now. `tell` is called again
    and again meanwhile, and may raise."""
    found = at_hand(data) if isinstance(data, ImageSet) else None
    if found is None or not found.is_here:
        return None
    work = pieces(found.data)
    try:
        while True:
            tell()
            next(work)
    except StopIteration as end:
        seen: Features = end.value.features
        return seen
    except PlaygroundError as error:  # pixels still tell something, and what is compared is said
        log.warning("%s: %s", found.data.name, error)
        return None


def yard_of(data: ImageSet, by: str, tell: Callable[[], None]) -> Yard:
    """The training pictures to be compared with, waited for until they are ready; `tell` is called again and again meanwhile, and may raise."""
    yard = indices.of(data, by, nothing)
    while not yard.ready.wait(_LOOK_SECONDS):
        tell()
    return yard


def features_of(samples: Tensor, seen_by: Features | None) -> Tensor:
    """Samples (N, *shape) -> (N, F): what these eyes see; without any, the values themselves."""
    if seen_by is None:
        return samples.flatten(1)
    return torch.cat([seen_by.of(part) for part in torch.split(samples, seen_by.block)])


def kinds_of(explored: Explored, inputs: Tensor | None, samples: Tensor, seen_by: Features | None) -> list[Kinds]:
    """All ways to tell these samples (N, *shape) apart. inputs (N, inputs): what they were made from, None where that is styles."""
    found = []
    data = explored.data
    asked = explored.classes_of(inputs) if inputs is not None else None
    if asked is not None:
        found.append(Kinds("asked", tuple(explored.class_names), explored.traits.classes, asked))
    categories = explored.traits.categories
    if categories and inputs is not None:
        behind = inputs[:, explored.dim : explored.dim + categories]
        found.append(Kinds("category", tuple(explored.class_names), categories, behind.argmax(1)))
    if isinstance(data, PointSet):
        if data.modes is not None:
            found.append(Kinds("mode", (), len(data.modes), torch.cdist(samples, data.modes).argmin(1)))
        return found
    if seen_by is not None:
        chances = seen_by.probabilities(features_of(samples, seen_by))
        if chances is not None and chances.shape[1] == len(data.class_names):
            found.append(Kinds("seen", tuple(data.class_names), chances.shape[1], chances.argmax(1)))
    return [kinds for kinds in found if kinds.count <= MOST_KINDS]


def drawn_in_parts(draw: Callable[[Tensor], Tensor], latents: Tensor, done: Callable[[float], None]) -> Tensor:
    """The samples that `draw` makes of latents; `done` hears which share of them there is."""
    parts = []
    for start in range(0, len(latents), _BLOCK):
        parts.append(draw(latents[start : start + _BLOCK]))
        done(min(1.0, (start + _BLOCK) / len(latents)))
    return torch.cat(parts)


def judged_in_parts(
    explored: Explored, samples: Tensor, inputs: Tensor | None, done: Callable[[float], None]
) -> Tensor:
    """D's outputs (N,) for samples, as `explored.scores`; `done` hears which share of them there is."""
    parts = []
    for start in range(0, len(samples), _BLOCK):
        told = None if inputs is None else inputs[start : start + _BLOCK]
        parts.append(explored.scores(samples[start : start + _BLOCK], told))
        done(min(1.0, (start + _BLOCK) / len(samples)))
    return torch.cat(parts)


def part_of(tell: Tell, low: float, high: float) -> Callable[[float], None]:
    """Tells of a share of a part that goes from `low` to `high` of the whole."""
    return lambda share: tell(low + (high - low) * share)


def small(pictures: Tensor, side: int) -> Tensor:
    """Pictures (N, C, H, W), at most `side` pixels high and wide: larger ones by the means of their areas."""
    height, width = pictures.shape[2:]
    if max(height, width) <= side:
        return pictures
    factor = side / max(height, width)
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    return interpolate(pictures, size=size, mode="area")

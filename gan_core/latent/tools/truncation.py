"""Truncation: how diverse and how good samples are at several values of ψ."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet, to_unit
from gan_core.latent import reading
from gan_core.latent import truncation as measuring
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Room
from gan_core.latent.seen import classifier_of
from gan_core.latent.tools.look import plain
from gan_core.latent.truncation import PSIS, Means
from gan_core.metrics import neighbours
from gan_core.metrics.pieces import Pieces

T = TypeVar("T")
SAMPLES = 500
JUDGED = 100  # D may see several at once, each of them with others, which takes longer
_SEED = 3  # of the latents; none that the page shows by itself


@dataclass(frozen=True)
class Eyes:
    """What samples are compared by: "features" of a classifier called `name`, "points", or "pixels", whose distance is a share of their
    range and by which precision and recall would mean little."""

    by: str
    name: str
    look: Callable[[Tensor], Tensor]


@ask("truncation", slow=True)
def truncation(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """The measures of `samples` fixed latents at each of PSIS. Facts: "rows", one a ψ; "real", the diversity of as many real samples, null where there are none; "within", whether it is that of one class; "by" and
    "features", what is compared; "samples", "judged", "reference": how many generated ones, how many of these D was asked about, how many real ones."""
    explored = room.explored
    count = explored.most_at_once(reading.whole(asked, "samples", 50, 2000, SAMPLES))
    tell(0.0)
    eyes = eyes_of(explored)
    pictures, classes = real_samples(explored, count) if explored.has_data else (None, None)
    real = eyes.look(pictures) if pictures is not None else None
    latents = explored.many(count, _SEED)
    judged = min(JUDGED, count)
    facts: dict[str, Any] = {
        "rows": [], "real": plain(measuring.mean_distance(real, classes)) if real is not None else None, "within": classes is not None or (not explored.has_data and explored.traits.classes > 0), "by": eyes.by, "features": eyes.name, "samples": count,
        "judged": judged if explored.traits.judged else 0, "reference": len(real) if real is not None else 0,
    }  # fmt: skip
    comparable = None if eyes.by == "pixels" else real
    means = Means(explored.draw, eyes.look, explored.scores, judged, explored.classes_of)
    radii = _told(neighbours.radii(comparable), tell, 0.0, facts) if comparable is not None else None
    for k, psi in enumerate(PSIS):
        row = _told(measuring.pieces(psi, latents, means, comparable, radii), tell, k / len(PSIS), facts)
        facts["rows"].append({name: plain(value) for name, value in asdict(row).items()})
    return Answer(facts=facts)


def _told(pieces: Pieces[T], tell: Tell, share: float, facts: Mapping[str, Any]) -> T:
    """What a computation finds; after each piece of it is told what there is so far."""
    work: Generator[None, None, T] = pieces
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found
        tell(share, Answer(facts={**facts, "rows": [*facts["rows"]]}))  # it is sent from another thread


def eyes_of(explored: Explored) -> Eyes:
    """By the classifier of the set where it is at hand, else by pixels; points by where they lie."""
    data = explored.data
    if isinstance(data, PointSet):
        return Eyes("points", "", lambda x: x)
    found = classifier_of(data)
    if found is not None:
        return Eyes("features", found.name, found.of)
    return Eyes("pixels", "", lambda x: x.flatten(1) / (2 * math.sqrt(x[0].numel())))


def real_samples(explored: Explored, count: int) -> tuple[Tensor, Tensor | None]:
    """(≤ count, *shape) as `explored.draw` gives samples, always the same ones: held-out pictures, where there are as many; of all pictures of
    the set, where there are not. And the class of each, where the generator is asked for classes."""
    data, rng = explored.data, torch.Generator().manual_seed(0)
    if not isinstance(data, ImageSet):
        return data.to_units(data.draw(count, rng)), None
    data = data.complete
    pictures, labels = data.test_images, data.test_labels
    if len(pictures) < count:
        pictures = torch.cat([pictures, data.images])
        labels = torch.cat([labels, data.labels]) if labels is not None and data.labels is not None else None
    rows = torch.randperm(len(pictures), generator=rng)[:count]
    return to_unit(pictures[rows]), labels[rows] if explored.traits.classes and labels is not None else None

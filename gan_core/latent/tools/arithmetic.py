"""What lies near a place that was reckoned with: the generated samples and the real ones that are most like it.

The reckoning itself is a place of blends (see `places`): averages with weights 1/n, and a − b + c with weights 1, −1, 1.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet
from gan_core.latent import reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.seen import classifier_of, yard_of
from gan_core.latent.tools.look import Look, drawn, look_of, plain, rows_of, samples_as_arrays
from gan_core.metrics.features import Features
from gan_core.runs.indices import FEATURES, PIXELS

MOST = 5000  # generated samples to look among
_ROWS = 250


@dataclass(frozen=True)
class Drawn:
    """Samples (N, …) of latents (N, inputs), and what each is compared by, (N, F)."""

    of: tuple[object, ...]
    latents: Tensor
    samples: Tensor
    compared: Tensor


# The last samples of each run that somebody looks at: a hand that changes one example asks for the same ones again.
_drawn: weakref.WeakKeyDictionary[Explorer, Drawn] = weakref.WeakKeyDictionary()


@ask("arithmetic.near", slow=True)
def near(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """The "k" nearest to the sample of "place" among "count" generated ones and among the training set. "by": "pixels", or "features" of the set's
    classifier, which stays with pixels where there is none at hand.

    Arrays: samples (k, …), the nearest generated; real (k, …), the nearest real, left out where they cannot be looked through. Facts: at, latents of the
    generated; distances and real_distances, the smallest first: of pictures by pixels the root mean square of the differences as a share
    of their range, by features Euclidean, of points Euclidean in data units; by; features: their name; count; real_labels."""
    explored = room.explored
    k = reading.whole(asked, "k", 1, 24, 6)
    count = explored.most_at_once(reading.whole(asked, "count", k, MOST, 1000))
    by = reading.choice(asked, "by", (PIXELS, FEATURES), PIXELS)
    look = look_of(explored, asked)
    sample = drawn(explored, rows_of(explored, [room.settled(asked.get("place"))]), look)
    data = explored.data
    judge = classifier_of(data, lambda: tell(0.0)) if by == FEATURES else None
    by = FEATURES if judge is not None else PIXELS
    among = _samples(room, look, count, judge, tell)
    distances, rows = distances_to(_compared(sample, judge)[0], among.compared).topk(min(k, count), largest=False)
    facts: dict[str, Any] = {
        "at": [reading.as_base64(among.latents[row]) for row in rows], "distances": distances.tolist(),
        "by": by, "features": judge.name if judge is not None else "", "count": count, "real_distances": [], "real_labels": [],
    }  # fmt: skip
    arrays = samples_as_arrays(explored, among.samples[rows])
    tell(0.9, Answer(arrays, facts))
    real = None
    if isinstance(data, PointSet):
        real = _real_points(data, sample, k)
    elif explored.has_data:
        real = _real_pictures(data, sample, by, k, tell)
    if real is not None:
        found, arrays["real"], places = real
        facts["real_distances"] = [plain(value) for value in found.tolist()]
        if isinstance(data, ImageSet) and data.labels is not None:
            names = data.class_names
            facts["real_labels"] = [names[c] if c < len(names) else str(c) for c in data.labels[places].tolist()]
    return Answer(arrays, facts)


def distances_to(x: Tensor, rows: Tensor) -> Tensor:
    """x (F,), rows (N, F) -> (N,): Euclidean, from differences, so that small ones are exact."""
    found: Tensor = torch.cdist(x[None], rows, compute_mode="donot_use_mm_for_euclid_dist")[0]
    return found


def _compared(samples: Tensor, judge: Features | None) -> Tensor:
    """(N, F): what samples are compared by. Of pictures' pixels a distance of 1 is black against white."""
    if judge is not None:
        return judge.of(samples)
    flat = samples.flatten(1)
    return flat / (2 * flat.shape[1] ** 0.5) if samples.dim() == 4 else flat


def _samples(room: Room, look: Look, count: int, judge: Features | None, tell: Tell) -> Drawn:
    explored = room.explored
    of = (explored.step, look, count, judge.key if judge is not None else "")
    known = _drawn.get(room.explorer)
    if known is not None and known.of == of:
        return known
    latents = explored.many(count, 4)
    parts, seen = [], []
    for part in torch.split(latents, _ROWS):
        parts.append(drawn(explored, part, look))
        seen.append(_compared(parts[-1], judge))
        tell(0.8 * sum(len(done) for done in parts) / count)
    found = _drawn[room.explorer] = Drawn(of, latents, torch.cat(parts), torch.cat(seen))
    return found


def _real_points(data: PointSet, sample: Tensor, k: int) -> tuple[Tensor, NDArray[Any], Tensor]:
    points = data.to_units(data.draw(1000, torch.Generator().manual_seed(0)))
    distances, rows = distances_to(sample[0], points).topk(k, largest=False)
    return distances, points[rows].numpy(), rows


def _real_pictures(
    data: ImageSet, sample: Tensor, by: str, k: int, tell: Tell
) -> tuple[Tensor, NDArray[Any], Tensor] | None:
    yard = yard_of(data, by, lambda: tell(0.9))
    if yard.index is None:
        return None
    distances, rows = yard.index.find(sample[0], k)
    return distances, data.images[rows].numpy(), rows

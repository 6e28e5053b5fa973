"""Where a generator fails: samples that D takes for the least real, samples far from all data, and holes between what it can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet, to_unit
from gan_core.errors import ConfigError, DataError
from gan_core.latent import reading, seen
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import LARGEST_SEED, NO_DATA, Explored
from gan_core.latent.explorer import Room
from gan_core.latent.places import on_the_way
from gan_core.latent.seen import Kinds, drawn_in_parts, judged_in_parts, part_of
from gan_core.latent.tools.look import drawn, look_of, plain, samples_as_arrays
from gan_core.metrics.nearest import HELD_OUT, Index
from gan_core.players import one_hot
from gan_core.runs import indices
from gan_core.text import N_

FEWEST, MOST = 100, 2000
SHOWN = 12  # of each sort of failure
PAIRS = 300  # whose middles are looked at
REFERENCE = 5000  # points that stand for an endless distribution
_OUTSIDE = 3.0  # standard deviations from every mode
_NO_DATA = N_("The training pictures of this set cannot be compared with: the server's log says why.")


@dataclass(frozen=True)
class Nearest:
    """What samples are compared with. unit: "pixels", "features" or "points"; find: samples (N, *shape) -> how far the nearest training
    sample of each is (N,), and that one itself (N, *shape); held_out: how far real ones are that were not trained on, increasing."""

    unit: str
    find: Callable[[Tensor, Callable[[float], None]], tuple[Tensor, Tensor]]
    held_out: Tensor


@ask("weak", slow=True)
def weak(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """Of `samples` of a `seed`, up to SHOWN of each sort, the worst first, each with "at", its latent:

    low: those with D's lowest "logits"; "real": the median of D's outputs for held-out real ones;
    far: those with the largest "distances" to their nearest training sample (array "near"); "held_out" (median, 95th percentile): how far
    held-out real ones are; "beyond": the share of all samples that are farther than 95 % of those;
    holes: pairs of samples ("ends", "distances_of_ends", "kinds") of two classes or modes, both nearer to the data than half of all are, whose
    middle on the arc is farthest from the data ("distances"). `by`: what kinds there are, "" where any two samples are a pair.
    Of points, "outside": the share of samples more than three standard deviations from every mode."""
    explored, look = room.explored, look_of(room.explored, asked)
    if not explored.has_data:
        raise ConfigError(NO_DATA)
    count = reading.whole(asked, "samples", FEWEST, MOST, 1000)
    latents = explored.many(count, reading.whole(asked, "seed", 0, LARGEST_SEED, 0))

    def draw(rows: Tensor) -> Tensor:
        return drawn(explored, rows, look)

    samples = drawn_in_parts(draw, latents, part_of(tell, 0.0, 0.15))
    arrays, facts = _lowest(explored, latents, samples, part_of(tell, 0.15, 0.25))
    nearest = nearest_of(explored, tell)
    distances, near = nearest.find(samples, part_of(tell, 0.35, 0.75))
    beyond = _far(explored, latents, samples, distances, near, nearest, arrays, facts)
    pairs, kinds = _pairs(explored, latents, samples, distances)
    middles = torch.cat([on_the_way(explored, latents[i], latents[j], torch.tensor([0.5]), "z", "arc") for i, j in pairs])  # fmt: skip
    between = drawn_in_parts(draw, middles, part_of(tell, 0.75, 0.8))
    gaps, _near = nearest.find(between, part_of(tell, 0.8, 1.0))
    worst = gaps.sort(descending=True, stable=True).indices[:SHOWN]
    ends = pairs[worst]
    arrays |= samples_as_arrays(explored, between[worst], "holes")
    arrays |= samples_as_arrays(explored, samples[ends.flatten()], "ends")
    facts["holes"] = {
        "at": _at(middles[worst]), "ends": [_at(latents[pair]) for pair in ends], "distances": gaps[worst].tolist(),
        "distances_of_ends": distances[ends].tolist(), "pairs": len(pairs), "by": kinds.code if kinds else "",
        "names": list(kinds.names) if kinds else [], "kinds": kinds.of[ends].tolist() if kinds else [],
    }  # fmt: skip
    return Answer(arrays, {**facts, "samples": count, "unit": nearest.unit, **beyond})


def _at(latents: Tensor) -> list[str]:
    return [reading.as_base64(latent) for latent in latents]


# ── what D says ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lowest(
    explored: Explored, latents: Tensor, samples: Tensor, done: Callable[[float], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    if not explored.traits.judged:
        return {}, {}
    logits = judged_in_parts(explored, samples, latents, done)
    if not bool(logits.isfinite().all()):
        return {}, {}
    rows = logits.sort(stable=True).indices[:SHOWN]
    facts = {"at": _at(latents[rows]), "logits": logits[rows].tolist(), "middle": float(logits.median()),
             "real": plain(float(_real_logits(explored).median()))}  # fmt: skip
    return samples_as_arrays(explored, samples[rows], "low"), {"low": facts}


def _real_logits(explored: Explored) -> Tensor:
    """D's outputs for real samples that it was not trained on; a NaN where there are none."""
    data = explored.data
    if isinstance(data, PointSet):
        return explored.scores(data.to_units(data.draw(HELD_OUT, torch.Generator().manual_seed(1))))
    if not len(data.test_images):
        return torch.tensor([torch.nan])
    rows = torch.linspace(0, len(data.test_images) - 1, min(HELD_OUT, len(data.test_images))).round().long()
    told = None
    if explored.traits.classes and data.test_labels is not None:
        told = one_hot(data.test_labels[rows], explored.traits.classes)
    return explored.scores(to_unit(data.test_images[rows]), told)


# ── how far from the data ────────────────────────────────────────────────────────────────────────────────────────────────


def nearest_of(explored: Explored, tell: Tell) -> Nearest:
    """What samples of this generator are compared with: pictures by what the set's classifier sees, where it is at hand, else by their
    pixels; points by their distance to REFERENCE real ones. Raises DataError where that went wrong."""
    if isinstance(explored.data, PointSet):
        return _nearest_points(explored.data)

    def waiting() -> None:
        tell(0.3)

    yard = seen.yard_of(explored.data, indices.FEATURES, waiting)
    if yard.index is None:
        yard = seen.yard_of(explored.data, indices.PIXELS, waiting)
    if yard.index is None:
        raise DataError(_NO_DATA)
    return Nearest(yard.by, _finding(explored.data, yard.index), yard.held_out)


def _finding(data: ImageSet, index: Index) -> Callable[[Tensor, Callable[[float], None]], tuple[Tensor, Tensor]]:
    def find(samples: Tensor, done: Callable[[float], None]) -> tuple[Tensor, Tensor]:
        found = []
        for i, sample in enumerate(samples):
            found.append(index.find(sample, 1))
            if i % 20 == 0:
                done(i / len(samples))
        return torch.cat([d for d, _ in found]), to_unit(data.images[torch.cat([row for _, row in found])])

    return find


def _nearest_points(data: PointSet) -> Nearest:
    rng = torch.Generator().manual_seed(0)
    known, held_out = (data.to_units(data.draw(n, rng)) for n in (REFERENCE, HELD_OUT))

    def find(samples: Tensor, _done: Callable[[float], None]) -> tuple[Tensor, Tensor]:
        found = torch.cdist(samples, known, compute_mode="donot_use_mm_for_euclid_dist").min(1)
        return found.values, known[found.indices]

    usual = find(held_out, lambda _: None)[0].sort().values
    if not float(usual.median()):  # rows of a table, which are drawn again and again: none of them is held out
        usual = usual[:0]
    return Nearest("points", find, usual)


def _far(
    explored: Explored, latents: Tensor, samples: Tensor, distances: Tensor, near: Tensor, nearest: Nearest,
    arrays: dict[str, Any], facts: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Adds the farthest samples; what is to be said of all of them."""
    rows = distances.sort(descending=True, stable=True).indices[:SHOWN]
    arrays |= samples_as_arrays(explored, samples[rows], "far")
    arrays |= samples_as_arrays(explored, near[rows], "near")
    facts["far"] = {"at": _at(latents[rows]), "distances": distances[rows].tolist()}
    said: dict[str, Any] = {"held_out": None, "beyond": None, "outside": None}
    if len(nearest.held_out):
        usual = [float(nearest.held_out.quantile(q)) for q in (0.5, 0.95)]
        said |= {"held_out": usual, "beyond": float((distances > usual[1]).float().mean())}
    data = explored.data
    if isinstance(data, PointSet) and data.modes is not None and data.sigma:
        away = torch.cdist(samples, data.modes).min(1).values / data.sigma
        said["outside"] = float((away > _OUTSIDE).float().mean())
    return said


# ── holes ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pairs(explored: Explored, latents: Tensor, samples: Tensor, distances: Tensor) -> tuple[Tensor, Kinds | None]:
    """(P, 2) rows of samples, P up to PAIRS: of two kinds each, where kinds can be told apart and there is more than one, and both
    nearer to the data than half of all samples are."""
    good = distances.sort(stable=True).indices[: max(2, len(distances) // 2)]
    rng = torch.Generator().manual_seed(0)
    one, other = (good[torch.randint(len(good), (20 * PAIRS,), generator=rng)] for _ in range(2))
    all_kinds = seen.kinds_of(explored, latents, samples, seen.classifier_of(explored.data))
    kinds = next((k for code in ("seen", "mode", "asked", "category") for k in all_kinds if k.code == code), None)
    different = one != other if kinds is None else kinds.of[one] != kinds.of[other]
    if not bool(different.any()):  # all of one kind
        kinds, different = None, one != other
    return torch.stack([one, other], 1)[different][:PAIRS], kinds

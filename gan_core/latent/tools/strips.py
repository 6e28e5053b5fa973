"""Directions as strips of samples, and how much each of them changes what, against directions by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet
from gan_core.latent import directions, disentanglement, reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.directions import Directions
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Room
from gan_core.latent.factors import Factor, Readers, readers_of
from gan_core.latent.places import Known
from gan_core.latent.seen import classifier_of
from gan_core.latent.tools.look import Look, drawn, look_of, plain, rows_of, samples_as_arrays
from gan_core.metrics.features import Features

MOST_STRIPS = 16
COLUMNS = ("7", "9")
REACH = 3.0  # standard deviations each way
MOST_SAMPLES = 256
CHANCE = 8  # directions by chance that the others are compared with
LATENTS = 2000  # that say how wide the latents are along a direction
CODES = 1000  # samples that say how the factors are told by the latents
_MOST_CODES = 64
_BLOCK = 100


# ── strips ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@ask("strips")
def strips(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """For each of the directions `of` ([[name, index], …]) a row of samples: the place `place` moved by `by` as in a place, where the steps along the
    row's own direction are −3 … 3, in 7 or 9 columns. Facts: "steps", those of the columns."""
    explored = room.explored
    base = {"at": reading.as_base64(room.settled(asked.get("place")))}
    moves = [reading.items({"by": move}, "by", 3, 3) for move in reading.items(asked, "by", 0, 64, [])]
    steps = steps_of(asked)
    layers = {"layers": asked["layers"]} if asked.get("layers") is not None else {}
    rows: list[Tensor] = []
    for name, index in (one_direction(room, one)[:2] for one in reading.items(asked, "of", 1, MOST_STRIPS)):
        others = [move for move in moves if move[:2] != [name, index]]
        rows += [room.settled({"moved": base, "by": [*others, [name, index, step]], **layers}) for step in steps]
    samples = drawn(explored, rows_of(explored, rows), look_of(explored, asked))
    return Answer(samples_as_arrays(explored, samples), {"steps": steps})


def steps_of(asked: Mapping[str, Any]) -> list[float]:
    """The steps of a strip's columns, in standard deviations. Raises ConfigError."""
    columns = int(reading.choice({"columns": str(asked.get("columns", 7))}, "columns", COLUMNS))
    return [REACH * (2 * i - columns + 1) / (columns - 1) for i in range(columns)]


def one_direction(room: Room, said: object) -> tuple[str, int, Known]:
    """The direction that [name, index] tells. Raises ConfigError."""
    name, index = reading.items({"direction": said}, "direction", 2, 2)
    name = reading.text({"name": name}, "name", 80)
    known = room.find(name)
    return name, reading.whole({"index": index}, "index", 0, len(known.directions) - 1), known


# ── how much they change ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Eyes:
    """What sees a difference between two samples: the network that knows the set's classes, readers of its factors; None where there are none."""

    classifier: Features | None
    readers: Readers | None

    def of(self, samples: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """The predicted classes (N,) and the factors (N, F) of samples."""
        classes = None
        if self.classifier is not None:
            parts = [self.classifier.probabilities(self.classifier.of(part)) for part in torch.split(samples, 250)]
            known = [part.argmax(1) for part in parts if part is not None]
            classes = torch.cat(known) if len(known) == len(parts) else None
        return classes, self.readers.read(samples) if self.readers is not None else None


@dataclass(frozen=True)
class Changes:
    """What one standard deviation along a direction changes, the mean over samples and both ways. change: the root mean square of the pixels'
    differences as a share of their range, or the way of a point in data units; classes: the share of samples whose predicted class is
    another one; logit: how far D's output goes; factors: `Factor.distance` of each; None (NaN) where there is no such thing."""

    change: float
    classes: float | None
    logit: float
    factors: list[float] | None

    def as_json(self) -> dict[str, Any]:
        return {"change": self.change, "classes": self.classes, "logit": plain(self.logit), "factors": self.factors}


@ask("measured", slow=True)
def measured(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """How much each of the directions `indices` of the set `name` changes, from `samples` latents, against CHANCE directions by chance in the
    same space; of sets with known factors how far each factor goes, and how well the whole set of directions tells the factors apart."""
    explored = room.explored
    known = room.find(reading.text(asked, "name", 80))
    count = reading.whole(asked, "samples", 8, MOST_SAMPLES, 64)
    wanted = [reading.whole({"index": k}, "index", 0, len(known.directions) - 1) for k in reading.items(asked, "indices", 1, MOST_STRIPS)]  # fmt: skip
    look = look_of(explored, asked)
    eyes = eyes_of(explored, lambda share: tell(0.4 * share))
    control = by_chance(explored, known.space)
    inputs = explored.many(count, 3)
    before = drawn(explored, _rows(explored, inputs, known.space), look)
    seen = eyes.of(before), explored.scores(before, inputs)
    jobs = [(known, k) for k in wanted] + [(control, k) for k in range(len(control.directions))]
    factors = eyes.readers.factors if eyes.readers is not None else []
    found = []
    for i, (which, k) in enumerate(jobs):
        found.append(changes(explored, which, k, inputs, before, seen, eyes, look))
        tell(0.4 + 0.4 * (i + 1) / len(jobs))
    mine, chance = found[: len(wanted)], found[len(wanted) :]
    facts: dict[str, Any] = {
        "step": explored.step, "samples": count, "chance": len(chance), "unit": "points" if isinstance(explored.data, PointSet) else "pixels",
        "directions": [{"index": k, **one.as_json()} for k, one in zip(wanted, mine, strict=True)], "control": _mean(chance).as_json(),
        "classifier": eyes.classifier.name if eyes.classifier is not None else None,
        "factors": [_said(factor) for factor in factors],
        "left_out": [_said(factor) for factor in eyes.readers.left_out] if eyes.readers is not None else [],
        "told": None,
    }  # fmt: skip
    if eyes.readers is not None and len(factors) >= 2 and len(known.directions) >= 2:
        facts["told"] = told_by(explored, known, eyes.readers, look, lambda share: tell(0.8 + 0.2 * share))
    return Answer(facts=facts)


def eyes_of(explored: Explored, tell: Any) -> Eyes:
    """What can be seen in the samples of this generator."""
    if not isinstance(explored.data, ImageSet):
        return Eyes(None, None)
    return Eyes(classifier_of(explored.data), readers_of(explored.data, tell))


def by_chance(explored: Explored, space: str) -> Known:
    """Directions by chance in z or w, as wide as the latents are along each."""
    rows = _rows(explored, explored.many(LATENTS, 1), space)
    flat = rows[:, 0] if space == "w" else rows[:, : explored.dim]
    found = directions.by_chance(explored.dim, min(CHANCE, explored.dim), torch.Generator().manual_seed(1))
    return Known(Directions(found.vectors, (flat @ found.vectors.t()).std(0), found.share), space)


def changes(
    explored: Explored, known: Known, k: int, inputs: Tensor, before: Tensor,
    seen: tuple[tuple[Tensor | None, Tensor | None], Tensor], eyes: Eyes, look: Look,
) -> Changes:  # fmt: skip
    """What one standard deviation along direction k changes in the samples `before` of inputs (N, inputs); `seen`: what the eyes and D see of them."""
    rows = _rows(explored, inputs, known.space)
    vector = known.directions.sigma[k] * known.directions.vectors[k]
    (classes, factors), logits = seen
    far, other, more, moved = [], [], [], []
    for way in (1.0, -1.0):
        latents = rows.clone()
        latents[..., : len(vector)] += way * vector
        after = drawn(explored, latents, look)
        difference = (after - before).flatten(1)
        far.append(
            difference.norm(dim=1) if isinstance(explored.data, PointSet) else difference.square().mean(1).sqrt() / 2
        )
        classes_now, factors_now = eyes.of(after)
        if classes is not None and classes_now is not None:
            other.append((classes_now != classes).float())
        if factors is not None and factors_now is not None and eyes.readers is not None:
            moved.append(_distances(eyes.readers.factors, factors, factors_now))
        more.append((explored.scores(after, latents if known.space == "z" else inputs) - logits).abs())
    return Changes(
        float(torch.cat(far).mean()), float(torch.cat(other).mean()) if other else None, float(torch.cat(more).mean()),
        torch.cat(moved).mean(0).tolist() if moved else None,
    )  # fmt: skip


def told_by(explored: Explored, known: Known, readers: Readers, look: Look, tell: Any) -> dict[str, Any]:
    """MIG and DCI of the coordinates along a set of directions, and along as many by chance; from CODES samples."""
    inputs = explored.many(CODES, 4)
    rows = _rows(explored, inputs, known.space)
    parts = []
    for done in range(0, CODES, _BLOCK):
        parts.append(readers.read(drawn(explored, rows[done : done + _BLOCK], look)))
        tell(0.6 * (done + _BLOCK) / CODES)
    factors = torch.cat(parts).double().numpy()
    flat = rows[:, 0] if known.space == "w" else rows
    vectors = known.directions.vectors[:_MOST_CODES]
    by = directions.by_chance(explored.dim, min(len(vectors), explored.dim), torch.Generator().manual_seed(2)).vectors
    said: dict[str, Any] = {"samples": CODES, "directions": len(vectors)}
    for name, lot in (("found", vectors), ("chance", by)):
        codes = (flat[:, : lot.shape[1]] @ lot.t()).double().numpy()
        dci = disentanglement.dci(codes, factors)
        said[name] = {"mig": disentanglement.mig(codes, factors), "disentanglement": dci.disentanglement,
                      "completeness": dci.completeness, "informativeness": dci.informativeness}  # fmt: skip
        tell(0.8 if name == "found" else 0.99)
    return said


def _rows(explored: Explored, inputs: Tensor, space: str) -> Tensor:
    return explored.styles(inputs) if space == "w" else inputs


def _distances(factors: list[Factor], a: Tensor, b: Tensor) -> Tensor:
    """(N, F): how far each factor of N pictures has gone."""
    if not factors:
        return torch.empty(len(a), 0)
    return torch.stack([factor.distance(a[:, k], b[:, k]) for k, factor in enumerate(factors)], 1)


def _mean(several: list[Changes]) -> Changes:
    n = len(several)
    classes = [one.classes for one in several if one.classes is not None]
    factors = [one.factors for one in several if one.factors is not None]
    return Changes(
        sum(one.change for one in several) / n, sum(classes) / n if len(classes) == n else None,
        sum(one.logit for one in several) / n, torch.tensor(factors).mean(0).tolist() if len(factors) == n else None,
    )  # fmt: skip


def _said(factor: Factor) -> dict[str, Any]:
    return {"name": factor.name, "kind": factor.kind, "score": factor.score, "accuracy": factor.accuracy}

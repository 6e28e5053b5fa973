"""Directions with a name: what tells the samples of one kind from the others, what is locked while one changes, and which were saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet
from gan_core.errors import ConfigError, DataError
from gan_core.latent import reading, supervised
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.directions import Directions
from gan_core.latent.explored import NO_DATA, NO_STYLES, Explored
from gan_core.latent.explorer import Room, fits
from gan_core.latent.factors import CHOICE, NUMBER, kind_of, readers_of
from gan_core.latent.kept import HOWS, LONGEST, PREFIX, KeptDirection, titled
from gan_core.latent.places import Known, in_space
from gan_core.latent.seen import classifier_of
from gan_core.latent.supervised import Named
from gan_core.latent.tools.look import Look, drawn, look_of
from gan_core.latent.tools.strips import one_direction
from gan_core.text import N_

BY = ("class", "d", "factor", "marks")
SAMPLES = 2000  # that scores and classes are read of
MOST_MARKED = 200
MOST_LOCKED = 16
_SHARE = 0.25  # of the samples with the highest and the lowest score
_LEAST = 4  # samples of a class
_BLOCK = 100


@dataclass(frozen=True)
class Kinds:
    """Latents of one kind and of the other, as rows of the free coordinates."""

    these: Tensor
    others: Tensor


@ask("factors")
def factors(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The factors that a direction can be found for, of sets that know them: "name", "kind", "count" of choices (from 0 on)."""
    data = room.explored.data
    if not isinstance(data, ImageSet) or data.complete.factors is None:
        return Answer(facts={"factors": []})
    known = data.complete.factors.double().numpy()
    found = [{"name": name, "kind": kind_of(name, known[:, k]), "count": int(known[:, k].max()) + 1} for k, name in enumerate(data.factor_names)]  # fmt: skip
    return Answer(facts={"factors": [one for one in found if one["kind"] in (CHOICE, NUMBER)]})


# ── to find one ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@ask("name", slow=True)
def name(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """The direction towards samples that are predicted to be of `class`, that D's output is high for, whose `factor` is high or is `value`, or
    that are marked (`these` against `others`, places each), in `space`; `locked` ([[name, index], …]) stay as they are. In a conditional
    run all samples are asked for the class of `place`, so that the direction is not that of the class. Facts: the name that it is kept under,
    "accuracy" of the linear machine before anything was locked, from how many it was "learned" and "held_out", how many
    "these" and "others", "left": which part of the direction locking has left, 1 all of it."""
    explored = room.explored
    by = reading.choice(asked, "by", BY)
    space = reading.choice(asked, "space", ("z", "w"), "z")
    if space == "w" and not explored.has_styles:
        raise ConfigError(NO_STYLES)
    kinds = _marked(room, asked, space) if by == "marks" else _scored(room, asked, by, space, tell)
    tell(0.9)
    found = supervised.by_kind(kinds.these, kinds.others)
    locked = [one_direction(room, one) for one in reading.items(asked, "locked", 0, MOST_LOCKED, [])]
    vector = held(explored, found, space, [(known, index) for _, index, known in locked])
    sigma = _spread(explored, vector, space)
    name = _called(asked, by, space, explored.step)
    room.explorer.keep(name, Known(Directions(vector[None], sigma[None], torch.ones(1)), space))
    facts = {"name": name, "by": by, "space": space, "step": explored.step, "accuracy": found.accuracy, "learned": found.learned,
             "held_out": found.held_out, "these": len(kinds.these), "others": len(kinds.others), "sigma": [float(sigma)],
             "left": float(_whole(explored, found.vector, space).double() @ vector.double()), "locked": len(locked)}  # fmt: skip
    return Answer({"vectors": vector[None].numpy()}, facts)


def held(explored: Explored, found: Named, space: str, locked: list[tuple[Known, int]]) -> Tensor:
    """(dim,) or (inputs,): the direction that was found, or the part of it along which none of the locked ones changes. Raises ConfigError for a locked one
    of the other space, and where nothing is left."""
    if any(known.space != space for known, _ in locked):
        raise ConfigError(N_("What is locked lies in another space than what is to change. Find both in the noise z, or both in the styles w."))  # fmt: skip
    free = _free(explored, space)
    # Where nothing may move, nothing needs to be held: only the coordinates that the direction has count.
    rows = [_padded(explored, known.directions.vectors[index], space)[free] for known, index in locked]
    rows = [row for row in rows if float(row.norm()) > 1e-6]
    return _whole(
        explored, supervised.holding(found.vector, torch.stack(rows) if rows else torch.empty(0, len(free))), space
    )


def _scored(room: Room, asked: Mapping[str, Any], by: str, space: str, tell: Tell) -> Kinds:
    """By what is seen in SAMPLES samples."""
    explored = room.explored
    inputs = _asked_for(room, asked, explored.many(SAMPLES, 5))
    rows = explored.styles(inputs) if space == "w" else inputs
    latents = _free_rows(explored, rows, space)
    look = look_of(explored, asked)
    if by == "d":
        if not explored.traits.judged:
            raise ConfigError(N_("There is no discriminator whose output could be followed. Choose something else."))
        scores = torch.cat([explored.scores(samples, inputs[i : i + len(samples)]) for i, samples in _samples(explored, rows, look, tell)])  # fmt: skip
        return _ends(latents, scores)
    data = explored.data
    if not isinstance(data, ImageSet):
        raise ConfigError(N_("Points have no classes and no factors to be told by. Mark some samples instead."))
    if not explored.has_data:
        raise ConfigError(NO_DATA)
    if by == "class":
        return _of_class(explored, data, asked, rows, latents, look, tell)
    return _of_factor(explored, data, asked, rows, latents, look, tell)


def _of_class(
    explored: Explored, data: ImageSet, asked: Mapping[str, Any], rows: Tensor, latents: Tensor, look: Look, tell: Tell
) -> Kinds:
    if explored.traits.classes:
        raise ConfigError(N_("This generator is asked for its class: choose it beside the picture. No direction of the noise has to be found for it."))  # fmt: skip
    judge = classifier_of(data)
    if judge is None or judge.probabilities(judge.of(torch.zeros(1, *data.shape))) is None:
        raise ConfigError(N_("The network that knows the classes of this set is not at hand. Measure the run once in its lab: that trains it."))  # fmt: skip
    k = reading.whole(asked, "class", 0, max(0, len(data.class_names) - 1))
    parts = []
    for _, samples in _samples(explored, rows, look, tell):
        said = judge.probabilities(judge.of(samples))
        assert said is not None
        parts.append(said.argmax(1) == k)
    return _split(latents, torch.cat(parts))


def _of_factor(
    explored: Explored, data: ImageSet, asked: Mapping[str, Any], rows: Tensor, latents: Tensor, look: Look, tell: Tell
) -> Kinds:
    readers = readers_of(data, lambda share: tell(0.3 * share))
    if readers is None:
        raise ConfigError(
            N_("Nothing is known of what the pictures of this set were drawn from. Choose something else.")
        )
    wanted = reading.text(asked, "factor", 40)
    place = next((i for i, factor in enumerate(readers.factors) if factor.name == wanted), None)
    if place is None:
        raise ConfigError(N_("The factor {name} cannot be read from pictures well enough. Choose another one."), name=wanted)  # fmt: skip
    factor = readers.factors[place]
    read = torch.cat([readers.read(samples)[:, place] for _, samples in _samples(explored, rows, look, tell)])
    if factor.kind == NUMBER:
        return _ends(latents, read)
    if factor.kind != CHOICE:
        raise ConfigError(N_("{name} goes round in a circle: no straight direction leads to more of it. Choose another factor."), name=wanted)  # fmt: skip
    return _split(latents, read == reading.whole(asked, "value", int(factor.low), int(factor.high)))


def _marked(room: Room, asked: Mapping[str, Any], space: str) -> Kinds:
    """By places that somebody has marked."""
    explored = room.explored
    these, others = (
        in_space(explored, [room.settled(place) for place in reading.items(asked, kind, 1, MOST_MARKED)], space)
        for kind in ("these", "others")
    )
    return Kinds(_free_rows(explored, these, space), _free_rows(explored, others, space))


def _samples(explored: Explored, rows: Tensor, look: Look, tell: Tell) -> Any:
    """The samples of rows, some at a time: (the place of the first, samples)."""
    for done in range(0, len(rows), _BLOCK):
        yield done, drawn(explored, rows[done : done + _BLOCK], look)
        tell(0.3 + 0.6 * (done + _BLOCK) / len(rows))


def _split(latents: Tensor, of_it: Tensor) -> Kinds:
    these, others = latents[of_it], latents[~of_it]
    if min(len(these), len(others)) < _LEAST:
        raise DataError(
            N_("{count} of {samples} samples are of this kind: too few of them, or of the others, to find a direction. Choose another one."),
            count=len(these), samples=len(latents),
        )  # fmt: skip
    return Kinds(these, others)


def _ends(latents: Tensor, scores: Tensor) -> Kinds:
    """The quarter with the highest scores and that with the lowest."""
    if not bool(torch.isfinite(scores).all()) or float(scores.max()) <= float(scores.min()):
        raise DataError(N_("All samples score the same here: nothing tells them apart."))
    order = scores.argsort(stable=True)
    count = int(_SHARE * len(scores))
    return Kinds(latents[order[-count:]], latents[order[:count]])


def _asked_for(room: Room, asked: Mapping[str, Any], inputs: Tensor) -> Tensor:
    """In a conditional run, all of them asked for the class of the current place."""
    explored = room.explored
    if not explored.traits.classes or asked.get("place") is None:
        return inputs
    here = room.settled(asked["place"])
    classes = explored.classes_of(here[None]) if here.dim() == 1 else None
    return inputs if classes is None else explored.asked(inputs, int(classes[0]))


# ── which coordinates a direction has ────────────────────────────────────────────────────────────────────────────────────


def _free(explored: Explored, space: str) -> list[int]:
    """The coordinates that a direction may have: of w all, of inputs z and a continuous code, but no class and no category."""
    if space == "w":
        return list(range(explored.dim))
    first = explored.inputs - explored.traits.continuous
    return [*range(explored.dim), *range(first, explored.inputs)]


def _free_rows(explored: Explored, rows: Tensor, space: str) -> Tensor:
    """(N, inputs) or (N, layers, dim) -> (N, free)."""
    return rows.mean(1) if space == "w" else rows[:, _free(explored, space)]


def _padded(explored: Explored, vector: Tensor, space: str) -> Tensor:
    """As long as w or the inputs are."""
    whole = torch.zeros(explored.dim if space == "w" else explored.inputs)
    whole[: len(vector)] = vector
    return whole


def _whole(explored: Explored, free: Tensor, space: str) -> Tensor:
    whole = torch.zeros(explored.dim if space == "w" else explored.inputs)
    whole[_free(explored, space)] = free
    return whole


def _spread(explored: Explored, vector: Tensor, space: str) -> Tensor:
    """The standard deviation of latents along it."""
    inputs = explored.many(SAMPLES, 5)
    rows = explored.styles(inputs)[:, 0] if space == "w" else inputs
    return (rows @ vector).std()


def _called(asked: Mapping[str, Any], by: str, space: str, step: int) -> str:
    """The same for the same question at the same moment."""
    said = {key: value for key, value in asked.items() if key not in ("n", "ask", "step")}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return f"named.{by}.{space}.{step}.{digest}"


# ── to save one ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@ask("saved_directions")
def saved_directions(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """All that are saved with the run and mean something to this generator."""
    return Answer(facts={"directions": _saved(room)})


@ask("save_direction", writes=True)
def save_direction(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Save direction `index` of the set `name` as `title`; `how` it was found, and its held-out `accuracy` where there is one. Facts: "saved", the name by
    which places are moved along it from now on, and all of them."""
    _, index, known = one_direction(room, [asked.get("name"), asked.get("index")])
    accuracy = reading.number(asked, "accuracy", 0, 1) if asked.get("accuracy") is not None else None
    new = KeptDirection(
        titled(reading.text(asked, "title", 4 * LONGEST)), known.space, known.directions.vectors[index],
        float(known.directions.sigma[index]), room.explored.step, reading.choice(asked, "how", HOWS), accuracy,
    )  # fmt: skip
    room.explorer.folder.directions.add(new)
    return Answer(facts={"saved": new.name, "directions": _saved(room)})


@ask("forget_direction", writes=True)
def forget_direction(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Delete a saved direction, by its `name`. Facts: the others."""
    room.explorer.folder.directions.remove(reading.text(asked, "name", 80).removeprefix(PREFIX))
    return Answer(facts={"directions": _saved(room)})


def _saved(room: Room) -> list[dict[str, Any]]:
    kept = [one for one in room.explorer.folder.directions.read() if fits(one, room.explored)]
    return [{"name": one.name, "title": one.title, "space": one.space, "sigma": one.sigma, "step": one.step, "how": one.how,
             "accuracy": one.accuracy} for one in kept]  # fmt: skip

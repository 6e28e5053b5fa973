"""A place in latent space, as a viewer says it (JSON), and the latent that it is.

    {"seed": 7, "class": 3}                             what the generator makes of a seed; class or category only where there are any
    {"at": "<base64>"}                                  a latent itself: inputs, or a w a layer
    {"of": place, "class": 3}                           the same latent, asked for another class
    {"blend": [[place, weight], …], "keep": true}       a weighted sum; `keep`: as long as the parts are on the average
    {"pad": [place, …], "corners": [[x, y], …], "point": [x, y]}     a blend by where a point lies between corners
    {"between": [a, b], "t": 0.3, "way": "arc"}         on the way from a to b
    {"mix": [a, b], "from": 4}                          b's styles from layer 4 on, a's before
    {"moved": place, "by": [[name, index, steps], …], "layers": [0, 5]}    along found directions, in standard deviations
    {"laid": name, "point": [x, y]}                     a place on a map that was made
    {"slice": [a, b, c], "point": [x, y]}               on the plane through three places

Blends and ways are in z, or with "space": "w" in the styles. Whatever a place is made of, it ends as one latent (`settled`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from gan_core.errors import ConfigError
from gan_core.latent import maps, reading
from gan_core.latent.directions import Directions
from gan_core.latent.explored import LARGEST_SEED, Explored
from gan_core.latent.maps import Laid
from gan_core.latent.paths import WAYS, blend, pad_weights
from gan_core.text import N_

_DEEPEST = 6  # places within places
_MOST_PARTS = 12
_MOST_MOVES = 128
FARTHEST = 20.0  # standard deviations
_MADE_OF_STYLES = N_("This place is made of styles (w), and no z is known for it. Choose the space w.")


@dataclass(frozen=True)
class Known:
    """Directions that were found: in which space ("z" or "w") they lie."""

    directions: Directions
    space: str


class Where(Protocol):
    """What places are told by: a generator, and what was found in its latent space. `find` and `map` raise ConfigError."""

    @property
    def explored(self) -> Explored: ...
    def find(self, name: str) -> Known: ...
    def map(self, name: str) -> Laid: ...


def settled(where: Where, place: object, depth: int = _DEEPEST) -> Tensor:
    """inputs (inputs,) or styles (layers, dim): the latent that a place is. Raises ConfigError for what is no place here."""
    if not depth:
        raise ConfigError(N_("Places within places can be {most} deep. Keep this one as a favourite first, and go on from there."), most=_DEEPEST)  # fmt: skip
    said = reading.as_object(place, "place")
    form = next((form for form in _FORMS if form in said), None)
    if form is None:
        raise ConfigError(N_("A place is told by one of {forms}, and this one by none of them."), forms=", ".join(_FORMS))  # fmt: skip
    return _FORMS[form](where, said, depth - 1)


def as_styles(explored: Explored, latent: Tensor) -> Tensor:
    """(layers, dim): a latent in either form as styles. Raises ConfigError where the generator has none."""
    return latent if latent.dim() == 2 else explored.styles(latent[None])[0]


def in_space(explored: Explored, latents: Sequence[Tensor], space: str) -> Tensor:
    """Latents in either form as rows of one space: (N, inputs) of "z", (N, layers, dim) of "w". Raises ConfigError where one of them is
    not in it: of styles, no z is known."""
    if space == "w":
        return torch.stack([as_styles(explored, latent) for latent in latents])
    if any(latent.dim() == 2 for latent in latents):
        raise ConfigError(_MADE_OF_STYLES)
    return torch.stack(list(latents))


# ── the forms ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _seed(where: Where, said: Mapping[str, Any], _depth: int) -> Tensor:
    label = None if said.get("class") is None else reading.whole(said, "class", 0, 10_000)
    return where.explored.seed(reading.whole(said, "seed", 0, LARGEST_SEED), label)


def _at(where: Where, said: Mapping[str, Any], _depth: int) -> Tensor:
    explored, layers = where.explored, len(where.explored.layer_names)
    found = reading.floats(said, "at", [explored.inputs, *([layers * explored.dim] if layers else [])])
    return found if len(found) == explored.inputs else found.view(layers, explored.dim)


def _of_class(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    latent = in_space(where.explored, [settled(where, said["of"], depth)], "z")[0]
    return where.explored.asked(latent, reading.whole(said, "class", 0, 10_000))


def _blend(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    pairs = [reading.items({"blend": pair}, "blend", 2, 2) for pair in reading.items(said, "blend", 1, _MOST_PARTS)]
    weights = [reading.number({"weight": weight}, "weight", -10, 10) for _, weight in pairs]
    return _mixed(where, said, [part for part, _ in pairs], torch.tensor(weights, dtype=torch.float64), depth)


def _pad(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    anchors = reading.items(said, "pad", 3, _MOST_PARTS)
    corners = [reading.point(p, "corners") for p in reading.items(said, "corners", len(anchors), len(anchors))]
    weights = pad_weights(reading.point(said.get("point"), "point"), torch.tensor(corners))
    return _mixed(where, said, anchors, weights, depth)


def _mixed(where: Where, said: Mapping[str, Any], parts: list[Any], weights: Tensor, depth: int) -> Tensor:
    space = reading.choice(said, "space", ("z", "w"), "z")
    rows = in_space(where.explored, [settled(where, part, depth) for part in parts], space)
    if space == "w":
        return blend(rows.flatten(1), weights, keep_length=False).view(rows.shape[1:])
    # A class lies behind the latents: it is blended, but has no length to keep.
    dim, keep = where.explored.dim, reading.truth(said, "keep", True)
    behind = blend(rows[:, dim:], weights, keep_length=False)
    return torch.cat([blend(rows[:, :dim], weights, keep_length=keep), behind])


def _between(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    ends = [settled(where, part, depth) for part in reading.items(said, "between", 2, 2)]
    t = torch.tensor([reading.number(said, "t", 0, 1)], dtype=torch.float64)
    return on_the_way(where.explored, ends[0], ends[1], t, *way_of(said))[0]


def way_of(said: Mapping[str, Any]) -> tuple[str, str]:
    """The space and the kind of a way, as they are asked for. Raises ConfigError."""
    return reading.choice(said, "space", ("z", "w"), "z"), reading.choice(said, "way", tuple(WAYS), "arc")


def on_the_way(explored: Explored, a: Tensor, b: Tensor, t: Tensor, space: str, way: str) -> Tensor:
    """(T,) shares -> (T, inputs) or (T, layers, dim): from a to b, exactly these at 0 and 1. Arcs are for z; a class behind it, and styles, go
    straight. Raises ConfigError."""
    one, two = in_space(explored, [a, b], space)
    if space == "w":
        return WAYS["straight"](one.flatten(), two.flatten(), t).view(len(t), *one.shape)
    dim = explored.dim
    return torch.cat([WAYS[way](one[:dim], two[:dim], t), WAYS["straight"](one[dim:], two[dim:], t)], 1)


def _mix(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    first, second = (settled(where, part, depth) for part in reading.items(said, "mix", 2, 2))
    change = reading.whole(said, "from", 0, len(where.explored.layer_names))
    return torch.cat([as_styles(where.explored, first)[:change], as_styles(where.explored, second)[change:]])


def _moved(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    explored = where.explored
    latent = settled(where, said["moved"], depth)
    ways = {"z": torch.zeros(explored.inputs), "w": torch.zeros(explored.dim)}
    for move in reading.items(said, "by", 0, _MOST_MOVES):
        name, index, steps = reading.items({"by": move}, "by", 3, 3)
        known = where.find(reading.text({"direction": name}, "direction", 80))
        k = reading.whole({"index": index}, "index", 0, len(known.directions) - 1)
        far = reading.number({"steps": steps}, "steps", -FARTHEST, FARTHEST)
        vector = known.directions.vectors[k]
        ways[known.space][: len(vector)] += far * known.directions.sigma[k] * vector
    if bool(ways["z"].any()):
        latent = in_space(explored, [latent], "z")[0] + ways["z"]
    if bool(ways["w"].any()):
        count = len(explored.layer_names)
        first, last = (reading.whole({"layers": v}, "layers", 0, count) for v in reading.items(said, "layers", 2, 2, [0, count]))  # fmt: skip
        latent = as_styles(explored, latent).clone()
        latent[first:last] += ways["w"]
    return latent


def _laid(where: Where, said: Mapping[str, Any], _depth: int) -> Tensor:
    found = where.map(reading.text(said, "laid", 80))
    return found.at(torch.tensor([reading.point(said.get("point"), "point")]))[0]


def _slice(where: Where, said: Mapping[str, Any], depth: int) -> Tensor:
    return plane(where, said, depth).at(torch.tensor([reading.point(said.get("point"), "point", 100.0)]))[0]


def plane(where: Where, said: Mapping[str, Any], depth: int = _DEEPEST) -> maps.Slice:
    """The plane in the space of inputs that a slice is told by. Raises ConfigError."""
    through = [settled(where, part, depth) for part in reading.items(said, "slice", 3, 3)]
    return maps.through(*in_space(where.explored, through, "z"))


_FORMS: dict[str, Callable[[Where, Mapping[str, Any], int], Tensor]] = {
    "seed": _seed, "at": _at, "of": _of_class, "blend": _blend, "pad": _pad, "between": _between, "mix": _mix, "moved": _moved,
    "laid": _laid, "slice": _slice,
}  # fmt: skip

"""Maps: many samples laid out in the plane so that alike ones lie together, and flat slices through latent space."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import PointSet
from gan_core.errors import ConfigError
from gan_core.latent import maps, reading, seen
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import LARGEST_SEED, Explored
from gan_core.latent.explorer import Room
from gan_core.latent.maps import Slice
from gan_core.latent.places import in_space, plane
from gan_core.latent.seen import Kinds, drawn_in_parts, judged_in_parts, part_of
from gan_core.latent.tools.look import Look, drawn, look_of, rows_of, samples_as_arrays
from gan_core.metrics.features import Features
from gan_core.text import N_

HOWS = (*maps.LAYOUTS, "slice")
FEWEST, MOST = 50, 2000  # samples of a map
_THUMBNAIL, _CELL = 32, 64  # pixels a side, at most: beside a map, and in a slice
MOST_CELLS = 11  # pictures a side of a slice
_POINT_CELLS = 61  # of a generator of points: its samples cost nearly nothing
_LARGE = 4096  # values of a picture from which the shading is coarser
_MARGIN = 0.65  # half the width of what a slice shows, of the extent of its three places


@ask("map", slow=True)
def make_map(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """By `how`: "pca", "tsne" or "umap", `samples` of a `seed` laid out by what is seen in them (or laid out `like` a map that was made: the same
    latents in the same places, drawn by this moment's generator); or "slice", `through` three places, or `by` two directions from the place
    `of`. Of a layout: places (N, 2), thumbnails (N, C, h, w) or points (N, 2), D's logits (N,) and "kind.<code>" (N,) for each way
    to tell the samples apart. Of a slice: see `_slice`."""
    if reading.choice(asked, "how", HOWS, "pca") == "slice":
        return _slice(room, asked, tell)
    return _layout(room, asked, tell)


# ── layouts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _layout(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    explored, look = room.explored, look_of(room.explored, asked)
    name = reading.text(asked, "like", 80) if "like" in asked else None
    how = reading.choice(asked, "how", HOWS, "pca")
    count = explored.most_at_once(reading.whole(asked, "samples", FEWEST, MOST, 600))
    seed = reading.whole(asked, "seed", 0, LARGEST_SEED, 0)
    laid = None if name is None else room.map(name)
    latents = explored.many(count, seed) if laid is None else laid.latents
    samples = drawn_in_parts(_drawing(explored, look), latents, part_of(tell, 0.0, 0.3))
    seen_by = seen.classifier_of(explored.data, lambda: tell(0.3))
    if laid is None or name is None:
        tell(0.3)
        features = seen.features_of(samples, seen_by)
        done = part_of(tell, 0.35, 0.9)
        laid = dataclasses.replace(maps.lay_out(latents, features, how, done), dim=explored.dim)
        name = _name(explored, how, count, seed, look)
        room.explorer.keep_map(name, laid)
    arrays: dict[str, NDArray[Any]] = {"places": laid.places}
    arrays |= _thumbnails(explored, samples, _THUMBNAIL)
    found, told = _told_apart(explored, latents, samples, seen_by, part_of(tell, 0.9, 1.0))
    by = "points" if isinstance(explored.data, PointSet) else "pixels" if seen_by is None else "seen"
    facts = {
        "name": name,
        "how": how,
        "samples": len(latents),
        "by": by,
        "eyes": seen_by.name if seen_by else "",
        "kinds": told,
    }
    return Answer(arrays | found, facts)


def _name(explored: Explored, how: str, count: int, seed: int, look: Look) -> str:
    """Of a map: the same for the same layout, so that it can be made again."""
    looked = json.dumps([look.psi, sorted([*place, factor] for place, factor in look.factors.items())])
    return f"{how}.{explored.step}.{count}.{seed}.{hashlib.sha256(looked.encode()).hexdigest()[:8]}"


def _drawing(explored: Explored, look: Look) -> Callable[[Tensor], Tensor]:
    return lambda latents: drawn(explored, latents, look)


def _thumbnails(explored: Explored, samples: Tensor, side: int) -> dict[str, NDArray[Any]]:
    points = isinstance(explored.data, PointSet)
    return samples_as_arrays(explored, samples if points else seen.small(samples, side))


def _told_apart(
    explored: Explored, latents: Tensor, samples: Tensor, seen_by: Features | None, done: Callable[[float], None]
) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
    """D's outputs and the kinds of samples, as arrays, and what there is to be said of each of the kinds."""
    inputs = latents if latents.dim() == 2 else None
    arrays: dict[str, NDArray[Any]] = {}
    if explored.traits.judged:
        logits = judged_in_parts(explored, samples, inputs, done)
        if bool(logits.isfinite().all()):
            arrays["logits"] = logits.float().numpy()
    kinds = seen.kinds_of(explored, inputs, samples, seen_by)
    arrays |= {f"kind.{one.code}": one.of.float().numpy() for one in kinds}
    return arrays, [_said(one) for one in kinds]


def _said(kinds: Kinds) -> dict[str, Any]:
    return {"code": kinds.code, "names": list(kinds.names), "count": kinds.count}


# ── slices ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Window:
    """What is shown of a plane: around `centre`, `reach` each way."""

    centre: tuple[float, float]
    reach: float

    def grid(self, side: int) -> Tensor:
        """(side², 2): the middles of as many cells, the top row first."""
        flat = Slice(torch.zeros(2), torch.zeros(2), torch.zeros(2))
        return flat.grid(side, self.reach * (1 - 1 / side)) + torch.tensor(self.centre)


def _slice(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """A window of a plane, its cells filled: samples (side², …), of points (fine², 2); how fast the sample changes, rates (fine, fine), top
    row first, per unit of the plane; logits and kinds as of a layout, for each of the samples. Facts: side, fine, the window's centre and
    reach, "marks", where on the plane the three places lie."""
    explored, look = room.explored, look_of(room.explored, asked)
    flat, shape, window, marks = _plane(room, asked)
    points = isinstance(explored.data, PointSet)
    side = _POINT_CELLS if points else reading.whole(asked, "side", 3, MOST_CELLS, 9)
    fine = side if points else side * (3 if int(np.prod(explored.data.shape)) < _LARGE else 2)

    def latents(cells: int) -> Tensor:
        return flat.at(window.grid(cells)).view(-1, *shape)

    rows = latents(side)
    samples = drawn(explored, rows, look)
    facts = {
        "side": side,
        "fine": fine,
        "centre": list(window.centre),
        "reach": window.reach,
        "marks": marks,
        "kinds": [],
    }
    arrays = _thumbnails(explored, samples, _CELL)
    tell(0.1, Answer(arrays, facts))
    closely = samples if points else drawn_in_parts(_drawing(explored, look), latents(fine), part_of(tell, 0.1, 0.8))
    rates = maps.rates_of_change(closely, fine, fine, 2 * window.reach / fine)
    found, told = _told_apart(explored, rows, samples, seen.classifier_of(explored.data), part_of(tell, 0.8, 1.0))
    return Answer({**arrays, "rates": rates, **found}, facts | {"kinds": told})


def _plane(room: Room, asked: Mapping[str, Any]) -> tuple[Slice, tuple[int, ...], _Window, list[list[float]]]:
    """The plane that is asked for, of flattened latents; the shape of one of them; what is shown of it; where its places lie."""
    explored = room.explored
    if "through" in asked:
        named = {"slice": asked["through"]}
        flat = plane(room, named)
        ends = in_space(explored, [room.settled(place) for place in named["slice"]], "z")
        marks = torch.stack([(ends - flat.origin) @ flat.right, (ends - flat.origin) @ flat.up], 1)
        low, high = marks.min(0).values, marks.max(0).values
        usual = _Window((float((low + high)[0] / 2), float((low + high)[1] / 2)), _MARGIN * float((high - low).max()))
        return flat, (explored.inputs,), _window(asked, usual, 50.0), marks.tolist()
    ways = [reading.items({"by": way}, "by", 2, 2) for way in reading.items(asked, "by", 2, 2)]
    if ways[0] == ways[1]:
        raise ConfigError(N_("A plane takes two different directions. Choose another one for the second."))
    start = {"moved": asked.get("of"), "layers": asked.get("layers", [0, len(explored.layer_names)])}
    rows = rows_of(explored, [room.settled({**start, "by": by}) for by in ([], *([[*way, 1.0]] for way in ways))])
    origin, right, up = rows.flatten(1)
    reach = 1.8 if explored.traits.distribution == "uniform" else 3.0
    return Slice(origin, right - origin, up - origin), tuple(rows.shape[1:]), _window(asked, _Window((0.0, 0.0), reach), 10.0), [[0.0, 0.0]]  # fmt: skip


def _window(asked: Mapping[str, Any], usual: _Window, most: float) -> _Window:
    if "reach" not in asked:
        return usual
    return _Window(reading.point(asked.get("centre"), "centre", most), reading.number(asked, "reach", 1e-3, most))

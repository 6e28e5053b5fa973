"""Interpolation: the way from keyframe to keyframe, what the generator makes of it, and a film of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_core.data.sets import PointSet, to_pixels
from gan_core.errors import ConfigError, ExportError
from gan_core.export.writers import FORMATS, HOLD
from gan_core.latent import paths, reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Room
from gan_core.latent.places import in_space, on_the_way, way_of
from gan_core.latent.tools.look import BACKGROUND, Look, drawn, look_of, plain, samples_as_arrays
from gan_core.runs.stills import Plane, enlarged
from gan_core.text import N_

FEWEST, MOST = 2, 12  # keyframes
_LEAST_SAMPLES, _MOST_SAMPLES = 8, 64
_USUAL = 2000  # latents that the usual length is known from
RATES = (10, 20, 25)  # pictures a second: whole hundredths of a second each, which is what a GIF counts in
SHORTEST, LONGEST = 1, 30  # seconds
SMALLEST = 256  # pixels of a side
_SIZES = (256, 480, 720, 1080)
_BLOCK = 16  # samples between two looks whether anybody still waits
_MOST_BYTES = 48 * 2**20  # of a film, which travels in one piece
_SLOW_PART = 0.4  # of making a film: drawing the samples


@ask("way")
def way(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The samples along a way through "keyframes" (2 to 12 places), about "count" of them and every keyframe exactly.

    "way": "straight" or "arc"; "space": z or w; "closed": back to the first keyframe. Facts: "t" of each sample, from 0 to 1 along the whole way, the same from each keyframe
    to the next; "keyframes", their samples' numbers; "lengths", of z without what lies behind it, or in w the distance from the mean
    style w̄ (the mean over the layers); "other", the lengths on the other kind of way, null where there is none; "usual", the 5 %, 50 % and 95 % quantiles of the lengths of
    2000 latents; "logits", what D says of each, null where it says nothing."""
    explored = room.explored
    asked_way = _Way(room, asked)
    each = asked_way.each(reading.whole(asked, "count", _LEAST_SAMPLES, _MOST_SAMPLES, 48))
    latents = asked_way.latents(each)
    samples = drawn(explored, latents, look_of(explored, asked))
    logits = explored.scores(samples, latents if latents.dim() == 2 else None)
    facts = {
        "t": [i / (each * asked_way.stretches) for i in range(len(latents))],
        "keyframes": [i * each for i in range(len(asked_way.keys))],
        "lengths": _lengths(explored, latents).tolist(), "other": asked_way.other_lengths(each), "usual": _usual(explored, asked_way.space),
        "logits": [plain(float(logit)) for logit in logits],
    }  # fmt: skip
    return Answer(samples_as_arrays(explored, samples), facts)


@ask("formats")
def formats(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """What films there are: of each format its title, the most pictures and the sizes; pictures a second, and the bounds of seconds."""
    found = [
        {"code": code, "title": w.title, "ending": w.ending, "frames": w.frames, "sizes": _sizes(room.explored, w.side)}
        for code, w in FORMATS.items()
    ]
    return Answer(facts={"formats": found, "rates": list(RATES), "seconds": [SHORTEST, LONGEST]})


@ask("film", slow=True)
def film(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """The same way as a film: "format", "seconds", "rate" (pictures a second), "size" (pixels of a side). Every keyframe is a picture, the
    same number of pictures apart; a closed way begins again where it ends. The array "film" (bytes,) is the file; facts: "mime", "ending",
    "pictures", "seconds" and "size" as they have become. Raises ConfigError, and ExportError for what cannot be written."""
    explored = room.explored
    code = reading.choice(asked, "format", tuple(FORMATS))
    writer = FORMATS[code]
    rate = reading.whole(asked, "rate", RATES[0], RATES[-1], 20)
    seconds = reading.number(asked, "seconds", SHORTEST, LONGEST, 6)
    side = reading.whole(asked, "size", SMALLEST, writer.side, 480)
    if round(seconds * rate) > writer.frames:
        raise ConfigError(N_("A film as {kind} has at most {most} pictures, not {count}. Choose fewer seconds, or fewer pictures a second."),
                          kind=writer.title, most=writer.frames, count=round(seconds * rate))  # fmt: skip
    asked_way = _Way(room, asked)
    latents = asked_way.latents(asked_way.each(round(seconds * rate), writer.frames))
    samples = _all_samples(explored, latents, look_of(explored, asked), tell)
    picture = _pictures(explored, samples, side, asked_way.closed)
    first = picture(0)

    def draw(number: int) -> Image.Image:
        tell(_SLOW_PART + (1 - _SLOW_PART) * number / len(samples))
        return picture(number)

    hold = 0.0 if asked_way.closed else HOLD
    with tempfile.TemporaryDirectory(prefix="gan-way-") as folder:
        file = Path(folder) / f"way.{writer.ending}"
        writer.write(file, draw, len(samples), rate, hold)
        if file.stat().st_size > _MOST_BYTES:
            raise ExportError(N_("This film has {size} MB, and {most} can be sent. Choose a smaller size, fewer pictures, or another format."),
                              size=round(file.stat().st_size / 2**20), most=_MOST_BYTES // 2**20)  # fmt: skip
        made = np.frombuffer(file.read_bytes(), np.uint8)
    facts = {
        "mime": writer.mime,
        "ending": writer.ending,
        "pictures": len(samples),
        "seconds": len(samples) / rate,
        "size": list(first.size),
    }
    return Answer({"film": made}, facts)


class _Way:
    """What is asked for: keyframes, and how to go from one to the next. Raises ConfigError."""

    def __init__(self, room: Room, asked: Mapping[str, Any]) -> None:
        self.explored = room.explored
        self.space, self.kind = way_of(asked)
        self.closed = reading.truth(asked, "closed", False)
        self.keys = [room.settled(place) for place in reading.items(asked, "keyframes", FEWEST, MOST)]

    @property
    def stretches(self) -> int:
        """From a keyframe to the next one."""
        return len(self.keys) - (not self.closed)

    def each(self, count: int, most: int | None = None) -> int:
        """The steps of a stretch, so that there are about `count` samples, and no more than `most`."""
        steps = max(1, round((count - (not self.closed)) / self.stretches))
        return steps if most is None else min(steps, (most - (not self.closed)) // self.stretches)

    def latents(self, each: int, kind: str | None = None) -> Tensor:
        """(T, inputs) or (T, layers, dim): `each` steps a stretch; keyframe i is row i · each. An open way ends with the last keyframe, a
        closed one just before the first."""
        explored, kind = self.explored, kind or self.kind
        rows = in_space(explored, self.keys, self.space)
        if not self.closed:
            t = torch.arange(each + 1, dtype=torch.float64) / each
            parts = [on_the_way(explored, a, b, t, self.space, kind)[:-1] for a, b in pairwise(rows)]
            return torch.cat([*parts, rows[-1:]])
        if self.space == "w":
            return paths.loop(rows.flatten(1), each, "straight").view(-1, *rows.shape[1:])
        # A class, or a code, lies behind the latents: it goes straight.
        dim = explored.dim
        return torch.cat([paths.loop(rows[:, :dim], each, kind), paths.loop(rows[:, dim:], each, "straight")], 1)

    def other_lengths(self, each: int) -> list[float] | None:
        """The lengths of z on the other kind of way; None in w, where there is one kind, and where there is no arc."""
        if self.space == "w":
            return None
        try:
            found: list[float] = _lengths(
                self.explored, self.latents(each, "straight" if self.kind == "arc" else "arc")
            ).tolist()
        except ConfigError:
            return None
        return found


def _lengths(explored: Explored, latents: Tensor) -> Tensor:
    """(N, inputs) -> the lengths of z (N,); styles (N, layers, dim) -> the distances from w̄, the mean over the layers (N,)."""
    lengths: Tensor = (latents - explored.mean_style).norm(dim=2).mean(1) if latents.dim() == 3 else latents[:, : explored.dim].norm(dim=1)  # fmt: skip
    return lengths


def _usual(explored: Explored, space: str) -> list[float]:
    """The 5 %, 50 % and 95 % quantiles of the lengths of latents as the generator was trained on."""
    latents = explored.many(_USUAL, 0)
    lengths = _lengths(explored, explored.styles(latents) if space == "w" else latents)
    return lengths.quantile(torch.tensor([0.05, 0.5, 0.95])).tolist()


# ── the film ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sizes(explored: Explored, largest: int) -> list[int]:
    """Of those that a format can have, the ones that differ: pictures grow by whole factors, and are never made smaller."""
    sizes = [size for size in _SIZES if size <= largest]
    if isinstance(explored.data, PointSet):
        return sizes
    blank = np.zeros(explored.data.shape, np.uint8)
    return sorted({min(largest, max(enlarged(blank, size, SMALLEST).size)) for size in sizes})


def _all_samples(explored: Explored, latents: Tensor, look: Look, tell: Tell) -> NDArray[Any]:
    """Pictures (N, C, H, W) uint8, or points (N, 2), a few at a time."""
    parts: list[NDArray[Any]] = []
    for block in torch.split(latents, _BLOCK):
        tell(_SLOW_PART * len(parts) * _BLOCK / len(latents))
        samples = drawn(explored, block, look)
        parts.append(samples.numpy() if isinstance(explored.data, PointSet) else to_pixels(samples).numpy())
    return np.concatenate(parts)


def _pictures(explored: Explored, samples: NDArray[Any], side: int, closed: bool) -> Callable[[int], Image.Image]:
    """How a film shows sample i: pictures pixel by pixel, points moving in the data plane."""
    data = explored.data
    if not isinstance(data, PointSet):
        return lambda i: enlarged(samples[i], side, SMALLEST)
    real = data.to_units(data.draw(BACKGROUND, torch.Generator().manual_seed(0))).numpy()
    plane = Plane(real, samples, data.extent, side, closed=closed)
    return lambda i: plane.at(samples[i])

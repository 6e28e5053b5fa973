"""The channels of the generator's layers: what each of them gives for a place, and which of them draw a region of the picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gan_core.data.sets import PointSet
from gan_core.errors import ConfigError
from gan_core.latent import reading, units
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import NO_LAYERS, Explored
from gan_core.latent.explorer import Room
from gan_core.latent.tools.look import Look, look_of, plain, samples_as_arrays
from gan_core.text import N_

MOST = 256  # channels in one answer
_SIDE = 32  # pixels of the largest map that is sent: larger ones are averaged down to it
CANDIDATES = 64  # channels whose effect is measured, of a layer of pictures
_MOST_SAMPLES = 64
_MOST_RECTANGLES = 64
_ROWS = 64  # through the generator at once, while nobody else can switch channels
NOTHING_MARKED = N_("No part of the picture is marked. Paint over what the channels shall be found for, or take the whole picture.")  # fmt: skip


@ask("units")
def units_asked(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The layers, and what `channels` (the first ones, when left out) of `layer` give for `place`, before they are switched.

    Facts: layers (channels, height and width of each), layer, channels, and low and high: the least and the largest number that any of the
    channels asked for gives. Arrays of a flat layer: values (n,). Of others: maps (n, 1, h, w) uint8, h and w at most 32 (means of what lies
    between), 0 the least and 255 the largest number, of all of them or with "each" true of each channel by itself; lows and highs (n,) of
    each channel."""
    explored = room.explored
    layer, count = _layer(explored, asked)
    channels = [
        reading.whole({"channel": channel}, "channel", 0, count - 1)
        for channel in reading.items(asked, "channels", 1, MOST, list(range(min(count, MOST))))
    ]
    each = reading.truth(asked, "each", False)
    latent, look = room.settled(asked.get("place")), look_of(explored, asked)
    with (
        explored.switched(look.factors) as g,
        units.overheard(explored.unit_layers, layer) as heard,
        torch.no_grad(),
    ):
        explored.forward(latent[None], look.psi, g)
    given = heard[0][0, channels].float().cpu().nan_to_num(0.0, 0.0, 0.0)
    if given.dim() == 3 and max(given.shape[1:]) > _SIDE:
        given = adaptive_avg_pool2d(given, (min(given.shape[1], _SIDE), min(given.shape[2], _SIDE)))
    facts = {
        "layers": [{"channels": one.channels, "size": list(one.size)} for one in explored.unit_layers],
        "layer": layer, "channels": channels, "each": each,
        "low": plain(float(given.min())), "high": plain(float(given.max())),
    }  # fmt: skip
    if given.dim() == 1:
        return Answer({"values": given.numpy()}, facts)
    lows, highs = given.flatten(1).amin(1), given.flatten(1).amax(1)
    low, high = (lows.view(-1, 1, 1), highs.view(-1, 1, 1)) if each else (lows.min(), highs.max())
    shown = ((given - low) / (high - low).clamp(min=1e-12) * 255).round().clamp(0, 255).to(torch.uint8)
    return Answer({"maps": shown[:, None].numpy(), "lows": lows.numpy(), "highs": highs.numpy()}, facts)


@ask("responsible", slow=True)
def responsible(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """The channels of `layer`, those that do most to a region first, and `place` without the `top` first of them.

    Pictures: the region is a `mask` (height × width bytes, 255 all of a pixel, as base64), or `rectangles` [[left, top, right, bottom], …] in
    pixels, the right and the bottom one not in it, or without either the whole picture. Up to 64 channels, chosen by their first-order effect
    (`units.responsible`), are silenced one by one; the score is how much brighter or darker that makes the region, mean over its pixels, as a
    share of the way from black to white. With `samples` above 0 the mean over that many other samples instead of `place` alone.

    Points: every channel is silenced; the score is how far that moves the sample, in data units, and `moves` (n, 2) the way it goes.

    Facts: layer, channels (in the order of scores), of (channels in the layer), samples, together: the score of all `top` ones at once.
    Arrays: scores (n,), now and without: samples as `draw` gives them."""
    explored = room.explored
    layer, count = _layer(explored, asked)
    look = look_of(explored, asked)
    top = reading.whole(asked, "top", 1, 64, 5)
    samples = reading.whole(asked, "samples", 0, _MOST_SAMPLES, 0)
    here = room.settled(asked.get("place"))[None]
    rows = explored.many(samples, 1) if samples else here
    if isinstance(explored.data, PointSet):
        region, candidates = None, list(range(count))
    else:
        region = _region(asked, explored.data.shape)
        candidates = _likely(explored, look, layer, rows, region, tell)
    effects = torch.zeros(len(candidates))
    moves = torch.zeros(len(candidates), 2)
    for i, row in enumerate(rows):
        before = _drawn(explored, row[None], look, layer, [])
        for first, after in _silenced(explored, row, look, layer, candidates):
            part = slice(first, first + len(after))
            effects[part] += _effect(after - before, region) / len(rows)
            if region is None:
                moves[part] += (after - before) / len(rows)
            tell(0.1 + 0.9 * (i + (first + len(after)) / len(candidates)) / len(rows))
    order = torch.argsort(effects, descending=True, stable=True)
    channels = [candidates[k] for k in order.tolist()]
    now, fewer = (_drawn(explored, here, look, layer, silent) for silent in ([], channels[:top]))
    facts = {"layer": layer, "channels": channels, "of": count, "samples": samples, "top": len(channels[:top]),
             "together": plain(float(_effect(fewer - now, region)[0]))}  # fmt: skip
    arrays = samples_as_arrays(explored, now, "now") | samples_as_arrays(explored, fewer, "without")
    if region is None:
        arrays["moves"] = moves[order].numpy()
    return Answer({"scores": effects[order].numpy(), **arrays}, facts)


def _layer(explored: Explored, asked: Mapping[str, Any]) -> tuple[int, int]:
    """The layer that is asked for, and how many channels it has. Raises ConfigError."""
    if not explored.traits.open:
        raise ConfigError(NO_LAYERS)
    layer = reading.whole(asked, "layer", 0, len(explored.unit_layers) - 1, 0)
    return layer, explored.unit_layers[layer].channels


def _region(asked: Mapping[str, Any], shape: tuple[int, ...]) -> Tensor:
    """(H, W) of weights from 0 to 1. Raises ConfigError for a region that is none of this picture's, or is empty."""
    height, width = shape[1:]
    if "mask" in asked:
        region = reading.octets(asked, "mask", height * width).view(height, width) / 255
    elif "rectangles" in asked:
        region = torch.zeros(height, width)
        for entry in reading.items(asked, "rectangles", 1, _MOST_RECTANGLES):
            corners = reading.items({"rectangle": entry}, "rectangle", 4, 4)
            ends = zip(("left", "top", "right", "bottom"), corners, (width, height, width, height), strict=True)
            left, top, right, bottom = (reading.whole({name: corner}, name, 0, most) for name, corner, most in ends)
            region[top:bottom, left:right] = 1
    else:
        return torch.ones(height, width)
    if not bool(region.any()):
        raise ConfigError(NOTHING_MARKED)
    return region


def _likely(explored: Explored, look: Look, layer: int, rows: Tensor, region: Tensor, tell: Tell) -> list[int]:
    """The channels that are worth being silenced: all, or those with the largest first-order effect on the region."""
    count = explored.unit_layers[layer].channels
    if count <= CANDIDATES:
        return list(range(count))
    scores = torch.zeros(count)
    for row in rows:
        tell(0.0)
        with explored.switched(look.factors) as g:
            through = partial(explored.forward, psi=look.psi, g=g)
            scores += units.responsible(through, explored.unit_layers, layer, row[None], region).float().cpu()
    best: list[int] = scores.nan_to_num(0.0).topk(CANDIDATES).indices.tolist()
    return best


def _silenced(
    explored: Explored, row: Tensor, look: Look, layer: int, channels: list[int]
) -> Iterator[tuple[int, Tensor]]:
    """Samples of one latent, each without one of the channels, some at a time: the place of the first one, and (n, *shape)."""
    for first in range(0, len(channels), _ROWS):
        part = channels[first : first + _ROWS]
        with explored.switched(look.factors) as g, units.without(explored.unit_layers, layer, part):
            yield first, explored.draw(row.expand(len(part), *row.shape), look.psi, g)


def _drawn(explored: Explored, latents: Tensor, look: Look, layer: int, silent: list[int]) -> Tensor:
    """Samples without these channels besides those that are switched anyway."""
    with explored.switched({**look.factors, **{(layer, channel): 0.0 for channel in silent}}) as g:
        return explored.draw(latents, look.psi, g)


def _effect(changes: Tensor, region: Tensor | None) -> Tensor:
    """(N,): how much samples have changed, pictures in a region, points by their distance."""
    if region is None:
        distances: Tensor = torch.linalg.vector_norm(changes, dim=1)
        return distances
    # Pictures lie in [−1, 1]: 2 is the way from black to white.
    found: Tensor = (changes.abs().mean(1) * region).sum((1, 2)) / region.sum() / 2
    return found.nan_to_num(0.0)

"""The noise of each layer of a style-based generator: which part of a picture is its doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gan_core.errors import ConfigError
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import NO_NOISE
from gan_core.latent.explorer import Room
from gan_core.latent.places import as_styles
from gan_core.latent.tools.look import drawn, look_of

DRAWS = 16
_FIRST = 1_000_000  # seed of the first noise; a visitor's own are smaller


@ask("noises", slow=True)
def noises(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """How a `place` changes with the noise of one layer at a time, the other layers as they are looked at. Arrays: "spread" (layers, 1, H, W) uint8, the
    standard deviation over DRAWS noises, 255 the largest one. Facts: "most", which that is, as a share of the pixels' range; "means"
    over the picture; "strengths", what the noise of each layer is multiplied by; "draws"."""
    explored = room.explored
    if not explored.has_styles:
        raise ConfigError(NO_NOISE)
    styles, look = as_styles(explored, room.settled(asked.get("place")))[None], look_of(explored, asked)
    layers = len(explored.noise_strengths)
    maps = []
    for layer in range(layers):
        draws = [drawn(explored, styles, replace(look, noise={**look.noise, layer: _FIRST + i})) for i in range(DRAWS)]
        maps.append(spread(torch.cat(draws)))
        tell((layer + 1) / (layers + 1))
    found = torch.stack(maps)
    most = float(found.max())
    pixels = (found / (most or 1) * 255).round().to(torch.uint8)
    facts = {"most": most, "means": [float(m.mean()) for m in maps], "strengths": explored.noise_strengths, "draws": DRAWS}  # fmt: skip
    return Answer({"spread": pixels[:, None].numpy()}, facts)


def spread(pictures: Tensor) -> Tensor:
    """(K, C, H, W) in [−1, 1] -> (H, W): the standard deviation of each pixel over K pictures, as a share of its range; of several channels
    the root of their mean variance."""
    return (pictures / 2).var(0).mean(0).sqrt()

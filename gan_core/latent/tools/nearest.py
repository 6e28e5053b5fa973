"""The training pictures nearest to a sample: whether it is one of them, or nearly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_core.data.sets import ImageSet, to_pixels, to_unit
from gan_core.errors import ConfigError
from gan_core.latent import reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import NO_DATA
from gan_core.latent.explorer import Room
from gan_core.latent.seen import yard_of
from gan_core.latent.tools.look import drawn, look_of
from gan_core.runs import indices
from gan_core.runs.indices import FEATURES, PIXELS
from gan_core.text import N_

NEIGHBOURS = 8


@ask("nearest", slow=True)
def nearest(room: Room, asked: Mapping[str, Any], tell: Tell) -> Answer:
    """Of a `place`, compared `by` "pixels" or "features". Facts: whether there is anything to compare with (`found`), and as
    `indices.compared`; arrays: "samples" and "nearest", uint8 (K, C, H, W). The picture is compared as it is shown, in 256 steps. The first
    time, while the training pictures are made ready, the facts so far say `preparing`. Raises ConfigError for points, of which there is
    an endless number, and where there are none."""
    explored = room.explored
    if not isinstance(explored.data, ImageSet):
        raise ConfigError(N_("Points are drawn from an endless distribution: no training sample is the nearest. Choose a run on pictures."))  # fmt: skip
    if not explored.has_data:
        raise ConfigError(NO_DATA)
    by = reading.choice(asked, "by", (PIXELS, FEATURES), PIXELS)
    latent = room.settled(asked.get("place"))
    shown = to_pixels(drawn(explored, latent[None], look_of(explored, asked)))
    yard = yard_of(explored.data, by, lambda: tell(0.0, Answer(facts={"preparing": True})))
    found = indices.compared(yard, to_unit(shown[0]), NEIGHBOURS)
    facts = {"by": by, "features": yard.features, "found": found is not None}
    if found is None:
        return Answer({"samples": shown.numpy()}, facts)
    return Answer({"samples": shown.numpy(), "nearest": found.pictures}, facts | found.facts)

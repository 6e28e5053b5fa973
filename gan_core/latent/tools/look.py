"""The picture of a place: what everything else on the page begins with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import PointSet, to_pixels
from gan_core.errors import ConfigError
from gan_core.latent import reading
from gan_core.latent.asking import Answer, Tell, ask
from gan_core.latent.explored import LARGEST_SEED, NO_NOISE, Explored, Noise, facts_of
from gan_core.latent.explorer import Room
from gan_core.latent.places import in_space
from gan_core.latent.units import Factors
from gan_core.text import N_

MOST = 128  # places in one question
_MOST_SWITCHED = 256
_MOST_NOISES = 64
BACKGROUND = 1000  # points of each kind behind the current one
NO_POINTS = N_("This generator makes pictures, and only points have others behind them. Draw places instead.")


@dataclass(frozen=True)
class Look:
    """How latents are looked at: psi, their truncation; which channels give how many times what they would; and which layers have another
    noise than their own, or none."""

    psi: float
    factors: Factors
    noise: Noise = field(default_factory=dict)


def look_of(explored: Explored, asked: Mapping[str, Any]) -> Look:
    """From {"psi": 0.7, "off": [[layer, channel, factor], …], "noise": [[layer, seed], …]}, any of which may be left out; a seed of null takes
    the noise away. Raises ConfigError."""
    psi = reading.number(asked, "psi", -2, 2, explored.usual_psi)
    factors = {}
    for entry in reading.items(asked, "off", 0, _MOST_SWITCHED, []):
        layer, channel, factor = reading.items({"off": entry}, "off", 3, 3)
        place = (
            reading.whole({"layer": layer}, "layer", 0, 1000),
            reading.whole({"channel": channel}, "channel", 0, 100_000),
        )
        factors[place] = reading.number({"factor": factor}, "factor", -10, 10)
    return Look(psi, factors, _noise_of(explored, asked))


def _noise_of(explored: Explored, asked: Mapping[str, Any]) -> Noise:
    noise: dict[int, int | None] = {}
    for entry in reading.items(asked, "noise", 0, _MOST_NOISES, []):
        layer, seed = reading.items({"noise": entry}, "noise", 2, 2)
        if not explored.has_styles:
            raise ConfigError(NO_NOISE)
        last = len(explored.layer_names) - 2  # the picture has none
        noise[reading.whole({"layer": layer}, "layer", 0, last)] = None if seed is None else reading.whole({"seed": seed}, "seed", 0, LARGEST_SEED)  # fmt: skip
    return noise


def drawn(explored: Explored, latents: Tensor, look: Look) -> Tensor:
    """As `explored.draw`, looked at so. Raises ConfigError for channels that there are not."""
    if not look.factors:
        return explored.draw(latents, look.psi, noise=look.noise)
    with explored.switched(look.factors) as g:
        return explored.draw(latents, look.psi, g, look.noise)


def rows_of(explored: Explored, latents: list[Tensor]) -> Tensor:
    """Latents, some of them perhaps styles, as rows that can be drawn together."""
    return in_space(explored, latents, "w" if any(latent.dim() == 2 for latent in latents) else "z")


def samples_as_arrays(explored: Explored, samples: Tensor, name: str = "samples") -> dict[str, NDArray[Any]]:
    """As they travel: pictures uint8 (N, C, H, W), points float32 (N, 2)."""
    return {name: samples.numpy() if isinstance(explored.data, PointSet) else to_pixels(samples).numpy()}


@ask("about")
def about(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """What kind of generator this is. Of points, real and generated ones for the background."""
    explored = room.explored
    if not isinstance(explored.data, PointSet):
        return Answer(facts=facts_of(explored))
    real = explored.data.to_units(explored.data.draw(BACKGROUND, torch.Generator().manual_seed(0)))
    latents = explored.many(BACKGROUND, 0)
    return Answer(
        {"real": real.numpy(), "fake": explored.draw(latents).numpy(), "latents": latents.numpy()}, facts_of(explored)
    )


@ask("background")
def background(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The generated points (N, 2) of `about` from the same latents, looked at in another way. Raises ConfigError for pictures."""
    explored = room.explored
    if not isinstance(explored.data, PointSet):
        raise ConfigError(NO_POINTS)
    return Answer({"fake": drawn(explored, explored.many(BACKGROUND, 0), look_of(explored, asked)).numpy()})


@ask("steps")
def steps(room: Room, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """Every step that can be explored, the oldest first."""
    return Answer(facts={"steps": room.explorer.steps()})


@ask("draw")
def draw(room: Room, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The samples of places. With "more" true each is described, too: its latent (as `reading.floats` reads it), its norm, what D says."""
    explored = room.explored
    latents = [room.settled(place) for place in reading.items(asked, "places", 1, MOST)]
    samples = drawn(explored, rows_of(explored, latents), look_of(explored, asked))
    facts = described(explored, latents, samples) if reading.truth(asked, "more", False) else {}
    return Answer(samples_as_arrays(explored, samples), facts)


def described(explored: Explored, latents: list[Tensor], samples: Tensor) -> dict[str, Any]:
    """Of each sample: "at", its latent; "norms" of z, without what lies behind it; "logits" of D, and what D takes the probability to be
    that it is real ("chances"), null where there is no D or no such thing."""
    inputs = torch.stack(latents) if all(latent.dim() == 1 for latent in latents) else None
    logits = explored.scores(samples, inputs)
    return {
        "at": [reading.as_base64(latent) for latent in latents],
        "norms": [float(latent[: explored.dim].norm()) if latent.dim() == 1 else None for latent in latents],
        "logits": [plain(float(logit)) for logit in logits],
        "chances": [plain(float(logit.sigmoid())) if explored.traits.probable else None for logit in logits],
    }  # fmt: skip


def plain(value: float) -> float | None:
    """JSON has no NaN and no infinity: None stands for both."""
    return value if math.isfinite(value) else None

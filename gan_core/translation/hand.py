"""A translation that follows the hand: what goes in is drawn or brought in a browser, and a saved moment of the run translates it.

moment = moment_from(folder, 1200)     # a kept step; only files are read, so that a run which trains stays as it is
moment.players.sample(x)               # (N, C', H, W) in [−1, 1] -> (N, C, H, W), by the averaged generator
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from gan_core import data as data_sets
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_pixels
from gan_core.errors import DataError, RunError
from gan_core.latent import onnx_models, reading
from gan_core.latent.asking import TRANSLATION, Answer, Tell, ask, reads
from gan_core.latent.explored import device_of, fill
from gan_core.memory import sample_shape
from gan_core.networks import build_generator, given_shape
from gan_core.networks.translation import Both
from gan_core.players import Preview
from gan_core.runs.folder import RunFolder
from gan_core.text import N_
from gan_core.translation.players import Translators

OFFERED = 12  # held-out pictures to begin from
NO_TRANSLATION = N_("This run is given noise instead of pictures: there is nothing here that it could translate. See it in the Latent Explorer.")  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """The averaged generator of a run that translates, at `step`; without its discriminator."""

    players: Translators
    step: int

    @cached_property
    def nbytes(self) -> int:
        """Memory behind its weights."""
        g = self.players.average
        return sum(t.nbytes for t in (*g.parameters(), *g.buffers()))

    @property
    def given_shape(self) -> tuple[int, ...]:
        """(C', H, W) of what it is given."""
        return given_shape(self.players.config, self.players.data.shape)

    @property
    def held(self) -> Tensor:
        """(n, C', H, W) uint8: held-out pictures to translate, always the same ones; none where the set is not here any more."""
        assert isinstance(self.players.data, PairSet)
        pictures = self.players.data.test_given
        return pictures[torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))[:OFFERED]]


@reads(TRANSLATION)
def moment_from(folder: RunFolder, step: int) -> Moment:
    """That kept moment of the run in this folder. Raises RunError for a run that translates nothing, CheckpointError, ConfigError."""
    if onnx_models.is_kept(folder.path):
        raise RunError(NO_TRANSLATION)
    saved = folder.read_players(step)
    config = serial.from_dict(saved.config)
    if not config.translates:
        raise RunError(NO_TRANSLATION)
    g = build_generator(config, sample_shape(config), torch.Generator())
    device = device_of(config)
    fill(g, saved, "ema", device)
    nothing = torch.empty(0)
    players = Translators(config, _data_of(config), Preview(nothing, nothing), device, g, g, nn.Identity())
    return Moment(players, int(saved.state["step"]))


def _data_of(config: RunConfig) -> PairSet:
    """What the run learns; where that is not here any more, a set without pictures: what is drawn can still be translated."""
    try:
        data = data_sets.load(config.data)
    except DataError:
        shape = sample_shape(config)
        made, given = (torch.empty(0, *one, dtype=torch.uint8) for one in (shape, given_shape(config, shape)))
        return PairSet(config.data.name, made, None, made, None, (), "", given=given, test_given=given)
    assert isinstance(data, PairSet)
    return data


@ask("translation", of=TRANSLATION)
def translation(moment: Moment, _asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """What is translated here. Arrays: held (n, C', H, W) uint8, held-out pictures to begin from. Facts: given, made: the shapes (C, H, W) of what
    goes in and comes out; back: whether there is a way back; two: whether what goes in is nothing but black and white."""
    held = moment.held
    two = bool(len(held)) and bool(((held == 0) | (held == 255)).all())
    facts = {
        "given": list(moment.given_shape), "made": list(moment.players.data.shape),
        "back": isinstance(moment.players.average, Both), "two": two,
    }  # fmt: skip
    return Answer({"held": held.numpy()}, facts)


@ask("translate", of=TRANSLATION)
def translate(moment: Moment, asked: Mapping[str, Any], _tell: Tell) -> Answer:
    """The translation of "picture", base64 of C' · H · W bytes. Arrays: made (1, C, H, W) uint8, and of CycleGAN back (1, C', H, W): what becomes of it
    on the way back. In eval mode, as `Translators.sample`: nothing is dropped, and no random number is drawn. Raises ConfigError for anything
    else than such a picture."""
    picture = reading.picture(asked, "picture", moment.given_shape)[None]
    made = moment.players.sample(picture)
    back = moment.players.back(made)
    arrays = {"made": to_pixels(made).numpy()}
    return Answer(arrays if back is None else arrays | {"back": to_pixels(back).numpy()})

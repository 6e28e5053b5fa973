"""Samples of several runs from the same latents, at the moments that are kept of each.

Where all runs have the same latents to be looked at (equal seeds and latent spaces), every kept moment shows them. Where they have not, or
others are asked for, the same latents are drawn again from the weights of those moments whose weights are kept.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_core.comparison.entries import Compared, Entry
from gan_core.config import RunConfig
from gan_core.errors import RunError
from gan_core.players import Players, draw_codes, draw_latents, one_hot, preview_classes, preview_side
from gan_core.runs import frames, stills
from gan_core.runs.darkroom import NOTHING_KEPT, Darkroom
from gan_core.runs.folder import RunFolder
from gan_core.speech import Speech
from gan_core.text import N_, joined

ROOMS = 8  # runs that are developed at the same time: each holds its networks
OWN = 0  # of the latents: those that the runs are looked at with
MOST_LATENTS = 999
POINTS = 1000
QUALITY = 85
THE_SAME_PICTURES = N_("The same held-out pictures through all generators, in step.")
THEIR_OWN = N_("The same latents through all generators, in step: those that the runs have shown all along.")
THE_SAME = N_("The same latents (seed {seed}) through all generators, in step.")
OTHER_SPACES = N_(
    "These generators have different latent spaces, so that no latents are the same: drawn with the same seed ({seed})."
)
WEIGHTS_ALONE = N_("Only moments whose weights are kept are shown.")


def has_own_latents_in_common(runs: Sequence[Compared]) -> bool:
    """Whether all of these show the same latents while they train."""
    return len({_own_latents(run.config) for run in runs}) == 1


def _own_latents(c: RunConfig) -> tuple[object, ...]:
    """What the latents depend on with which a run is looked at. Of runs that are told a class, or translate, also on the data."""
    told = c.data if c.classes or c.translates else None
    latent = c.latent
    return (
        c.seed,
        c.kind,
        latent.dim,
        latent.distribution,
        latent.categories,
        latent.continuous,
        c.classes,
        told,
        preview_side(c),
    )


def has_latents_in_common(runs: Sequence[Compared]) -> bool:
    """Whether the same numbers can go into all generators; where they cannot, equal seeds are all that there is."""
    return len({(run.config.latent.dim, run.config.latent.distribution) for run in runs}) == 1


def told(speech: Speech, runs: Sequence[Compared], latents: int) -> str:
    """What goes into the generators, and what can be seen of it."""
    _ = speech.translate
    if runs[0].config.translates:
        return _(THE_SAME_PICTURES) if latents == OWN else joined(_(THE_SAME_PICTURES), _(WEIGHTS_ALONE))
    if latents == OWN:
        return _(THEIR_OWN)
    if has_latents_in_common(runs):
        return joined(_(THE_SAME).format(seed=latents), _(WEIGHTS_ALONE))
    return joined(_(OTHER_SPACES).format(seed=latents), _(WEIGHTS_ALONE))


def one_each(entries: Sequence[Entry]) -> list[Compared]:
    """Of each entry the run whose samples are seen: with a seed that all have, if there is one."""
    common = set.intersection(*(set(entry.seeds) for entry in entries)) if entries else set[int]()
    seed = next((seed for seed in (entries[0].seeds if entries else ()) if seed in common), None)
    return [next((run for run in entry.runs if run.config.seed == seed), entry.runs[0]) for entry in entries]


def moments(run: Compared, latents: int) -> list[int]:
    """The steps at which such samples can be seen, the oldest first."""
    if latents == OWN:
        return Darkroom(run.folder).steps()
    return list(run.folder.states())


def inputs(players: Players, seed: int) -> Tensor:
    """Latents (N, latent.dim + classes or codes) that are the same for every generator of this latent space, whatever else it is told; classes
    and categories in columns, as in a preview. Of pictures that are translated: held-out ones."""
    c, rng = players.config, torch.Generator().manual_seed(seed)
    count = POINTS if c.kind == "points" else preview_side(c) ** 2
    if c.translates:
        return players.draw(count, rng)
    latents = draw_latents(POINTS, c.latent.dim, c.latent.distribution, rng)[:count]  # fewer at once would be others
    columns = torch.tensor(preview_classes(c) or [0]).repeat(count)[:count]
    if c.classes:
        return torch.cat([latents, one_hot(columns, c.classes)], 1)
    if c.codes:
        codes = draw_codes(count, c, rng)
        if c.latent.categories:
            codes[:, : c.latent.categories] = one_hot(columns, c.latent.categories)
        return torch.cat([latents, codes], 1)
    return latents


class Album:
    """Draws the pictures, from any thread; keeps the networks of a few runs for the next ones."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[str, Darkroom] = OrderedDict()
        self._lock = threading.Lock()

    def picture(self, folder: RunFolder, step: int, latents: int, side: int, what: str = "fake") -> bytes:
        """A WebP: the run at a kept step, points `side` pixels wide, pictures in a grid at most twice as wide. latents: OWN, or the seed of others; what: "fake", or of translations "given".
        Raises RunError where nothing is kept, CheckpointError, ConfigError, DataError."""
        room = self._room(folder)
        drawn = room.snapshot(step) if latents == OWN else room.drawn(step, lambda players: inputs(players, latents))
        if what != "fake":
            if what not in drawn.arrays:
                raise RunError(NOTHING_KEPT, step=step)
            drawn = replace(drawn, arrays={"fake": drawn.arrays[what]})
        buffer = io.BytesIO()
        picture = stills.large(drawn, side) if drawn.kind == "points" else _sheet(drawn.arrays["fake"], 2 * side)
        picture.save(buffer, "WEBP", quality=QUALITY, method=2)
        return buffer.getvalue()

    def _room(self, folder: RunFolder) -> Darkroom:
        key = str(folder.path)
        with self._lock:
            room = self._rooms.pop(key, None) or Darkroom(folder)
            self._rooms[key] = room
            while len(self._rooms) > ROOMS:
                self._rooms.popitem(last=False)
            return room


def _sheet(pictures: NDArray[np.uint8], most: int) -> Image.Image:
    """(N, C, H, W) as one grid, pixel by pixel; made smaller where it would be more than `most` pixels wide."""
    sheet = frames.grid(pictures)
    if sheet.width > most:
        sheet = sheet.resize((most, round(sheet.height * most / sheet.width)), Image.Resampling.BOX)
    return sheet

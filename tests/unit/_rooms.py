"""Explored generators without a folder, for tests of what can be asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from gan_core.config import RunConfig
from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Explorer, Room
from gan_core.runs.folder import RunFolder
from gan_core.trainer import Trainer


def room(config: RunConfig, data: Any = None, noise: float = 0.0) -> Room:
    """A generator that has begun, with something in all of its weights; `noise`: the strength of that in each layer of a style-based one."""
    players = Trainer(config, data).players.copy()
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in players.average.named_parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=rng)
            if name.endswith("noise.strength"):
                weight.fill_(noise)
    explored = Explored(dataclasses.replace(players, g=players.average), 0)
    return Room(Explorer(RunFolder(Path("nowhere"))), explored)


def with_data(found: Room, data: Any) -> Room:
    """The same generator, of another data set."""
    players = dataclasses.replace(found.explored.players, data=data)
    return dataclasses.replace(found, explored=Explored(players, 0))


def asked(found: Room, name: str, **what: Any) -> Answer:
    """The answer, without anybody who waits for it."""
    return asked_for(name).answer(found, what, lambda share, so_far=None: None)

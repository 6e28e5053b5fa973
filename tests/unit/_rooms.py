"""A generator that is known by heart, as the Latent Explorer has it: no folder, no training."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import torch
from torch import Tensor, nn

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Explorer, Room
from gan_core.players import Players
from gan_core.runs.folder import RunFolder
from gan_core.trainer import Trainer


class By(nn.Module):
    """A network that is this function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, *_told: Tensor) -> Tensor:
        return self.function(x)


def players(config: RunConfig, data: Any = None, g: nn.Module | None = None, d: nn.Module | None = None) -> Players:
    """Of an untrained run, with these in the place of its own networks."""
    made = Trainer(config, data if data is not None else data_sets.load(config.data)).players
    one, other = g if g is not None else made.average, d if d is not None else made.d
    return dataclasses.replace(made, g=one, average=one, d=other)


def room(made: Players, step: int = 1, explorer: Explorer | None = None) -> Room:
    return Room(explorer or Explorer(RunFolder(Path("nowhere"))), Explored(made, step))


def ask(where: Room, name: str, **asked: Any) -> Answer:
    return asked_for(name).answer(where, asked, lambda _share, _so_far=None: None)


def points(**changes: Any) -> RunConfig:
    return _tiny.points(**changes)


def pictures(**changes: Any) -> RunConfig:
    return _tiny.pictures(**changes)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

"""Generators to explore: of tiny runs, in memory and in a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import torch
from torch import Tensor, nn

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explored import Explored, ExploredRun
from gan_core.latent.explorer import Explorer, Room
from gan_core.players import Players
from gan_core.runs import facts
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from gan_core.trainer import Trainer

STYLES: dict[str, Any] = {
    "generator__network": "style", "discriminator__network": "style", "data__image_size": 16, "generator__mapping": 2, "latent__dim": 6,
}  # fmt: skip
TOLD: dict[str, Any] = {"generator__conditioning": "concat", "discriminator__conditioning": "concat", "latent__dim": 4}
FOUND: dict[str, Any] = {"latent__categories": 10, "latent__continuous": 2, "latent__dim": 4}


def saved_run(path: Path, config: RunConfig, steps: tuple[int, ...] = (2,)) -> RunFolder:
    """A run's folder with a checkpoint at each of these steps."""
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "me", config))
    trainer = _tiny.trained(config, 0)
    for step in steps:
        while trainer.step_count < step:
            trainer.step()
        folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(config)))
    return folder


def explored(config: RunConfig, steps: int = 2) -> Explored:
    """The players of a run in memory after a few steps."""
    trainer = _tiny.trained(config, steps)
    return ExploredRun(trainer.players.copy(), steps)


def room(config: RunConfig, steps: int = 2, folder: RunFolder | None = None) -> Room:
    """What is asked about: such a run."""
    return Room(Explorer(folder or RunFolder(Path("nowhere"))), explored(config, steps))


def answer(where: Room, name: str, **asked: Any) -> Answer:
    """What is answered to a question, progress unheard."""
    return asked_for(name).answer(where, asked, lambda share, so_far=None: None)


class By(nn.Module):
    """A network that is this function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, *_told: Tensor) -> Tensor:
        return self.function(x)


def players(config: RunConfig, data: Any = None, g: nn.Module | None = None, d: nn.Module | None = None) -> Players:
    """Of an untrained run, with these in the place of its own networks."""
    made = Trainer(config, data).players
    one, other = g if g is not None else made.average, d if d is not None else made.d
    return dataclasses.replace(made, g=one, average=one, d=other)


def room_of(made: Players, step: int = 1, explorer: Explorer | None = None) -> Room:
    """What is asked about: these players."""
    return Room(explorer or Explorer(RunFolder(Path("nowhere"))), ExploredRun(made, step))


def stirred(config: RunConfig, data: Any = None, noise: float = 0.0) -> Room:
    """An untrained generator with something in all of its weights; `noise`: the strength of that in each layer of a style-based one."""
    made = players(config, data).copy()
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in made.average.named_parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=rng)
            if name.endswith("noise.strength"):
                weight.fill_(noise)
    return room_of(dataclasses.replace(made, g=made.average), 0)


def with_data(found: Room, data: Any) -> Room:
    """The same generator, of another data set."""
    return room_of(dataclasses.replace(found.explored.players, data=data), 0, found.explorer)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

"""Generators to explore: of tiny runs, in memory and in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _tiny

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import ASKS, Answer
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Explorer, Room
from gan_core.runs import facts
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder

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
    return Explored(trainer.players.copy(), steps)


def room(config: RunConfig, steps: int = 2, folder: RunFolder | None = None) -> Room:
    """What is asked about: such a run."""
    return Room(Explorer(folder or RunFolder(Path("nowhere"))), explored(config, steps))


def answer(where: Room, name: str, **asked: Any) -> Answer:
    """What is answered to a question, progress unheard."""
    return ASKS[name].answer(where, asked, lambda share, so_far=None: None)


def place(room_: Room, said: Mapping[str, Any]) -> Any:
    return room_.settled(dict(said))

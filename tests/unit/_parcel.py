"""Small runs with everything in them that a run can have, for what is packed and what is taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from gan_core.latent.favourites import Favourite
from gan_core.latent.kept import KeptDirection
from gan_core.latent.reading import as_base64
from gan_core.runs import facts
from gan_core.runs.about import About
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store

LONG = 60.0
OWNER = "0123456789abcdef"


def trained(store: Store, run_id: str, config: Any, stops: tuple[int, ...] = (3, 6), owner: str = OWNER) -> RunFolder:
    """A run that paused, and so was saved, at these steps, and was changed at the first of them."""
    folder = store.folder(run_id)
    folder.create(config, facts.of_new(run_id, owner, config))
    session = TrainingSession(run_id, owner, config, folder, finish_at_horizon=False)
    session.prepare()
    session.turn(0.0, until_step=0)
    for step in stops:
        end(session, step)
        if step == stops[0]:
            session.change({"g_optimizer.lr": 5e-4})
            session.turn(0.0)
    session.release()
    return folder


def furnished(store: Store, run_id: str, config: Any) -> RunFolder:
    """The same with a name, notes, a favourite that pins its step, and a direction."""
    folder = trained(store, run_id, config)
    store.describe(run_id, About("Mine", ("a tag",), "What I saw:\n- **nothing**"))
    look = as_base64(torch.zeros(config.latent.dim))
    folder.pinned.add(6, folder.states()[6].read_bytes())
    folder.favourites.add([Favourite("0123456789ab", "A place", look, {"psi": 0.5}, 6, "2026-01-01T00:00:00+00:00")])
    vector = torch.zeros(config.latent.dim)
    vector[0] = 1.0
    folder.directions.add(KeptDirection("Right", "z", vector, 1.0, 6, "marks"))
    return folder


def opened(store: Store, run_id: str) -> TrainingSession:
    folder = store.folder(run_id)
    said = folder.facts()
    session = TrainingSession(
        run_id, str(said["owner"]), folder.config(), folder, restore=True, finish_at_horizon=False
    )
    session.prepare_stopped(said)
    session.prepare()
    session.turn(0.0)
    return session


def end(session: TrainingSession, step: int) -> dict[str, Any]:
    """Train to a step; the whole state there."""
    session.send(Resume())
    session.turn(LONG, until_step=step)
    session.send(Pause())
    session.turn(0.0)
    assert session.trainer is not None
    return session.trainer.state_dict()


def files(root: Path) -> dict[str, bytes]:
    """Everything below a folder but the index and the locks, by name."""
    kept = (file for file in sorted(root.rglob("*")) if file.is_file() and "index.sqlite" not in file.name)
    return {str(file.relative_to(root)): file.read_bytes() for file in kept if not file.name.endswith("lock")}

"""What a run looked like at a kept moment: the picture kept of it, or one drawn from the weights kept of it."""

from __future__ import annotations

import dataclasses

from gan_core import serial
from gan_core.device import default_threads
from gan_core.errors import CheckpointError, RunError
from gan_core.runs import checkpoint, stills
from gan_core.runs.folder import RunFolder
from gan_core.runs.picture import picture
from gan_core.runs.snapshots import Snapshot
from gan_core.text import N_
from gan_core.trainer import Trainer

SIZE = (640, 640)


@dataclasses.dataclass(frozen=True)
class Kept:
    """A step of a run's past: whether it can be gone on from (or only looked at), and whether it is the best measured."""

    step: int
    state: bool
    best: bool


def kept(folder: RunFolder) -> list[Kept]:
    """Every moment that is kept of a run, the oldest first."""
    states, best = set(folder.states()), folder.best_step()
    pictures = {moment.step for moment in folder.history.moments() if moment.picture}
    return [Kept(step, step in states, step == best) for step in sorted(states | pictures)]


def picture_at(folder: RunFolder, step: int) -> bytes:
    """A WebP of the run at `step`. Points: real and generated ones over the critic's field, drawn from the weights. Raises
    RunError where nothing is kept, CheckpointError for a damaged file, ConfigError, DataError."""
    file = folder.history.picture_file(step)
    if file.exists():
        if (found := stills.resized(file.read_bytes())) is None:
            raise CheckpointError(N_("{path} is not a whole picture. Choose another moment."), path=file)
        return found
    states = folder.states()
    if step not in states:
        raise RunError(N_("Nothing is kept of this run at step {step}. Choose one of the kept moments."), step=step)
    return _drawn(checkpoint.read(states[step]), folder)


def _drawn(saved: checkpoint.Saved, folder: RunFolder) -> bytes:
    config = serial.from_dict(saved.config)
    on_cpu = dataclasses.replace(config, device="cpu", precision="float32", threads=default_threads(config.kind))
    trainer = Trainer(on_cpu)
    try:
        trainer.load_state_dict(saved.state)
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise CheckpointError(N_("The checkpoint in {path} does not fit the run's settings ({reason})."),
                              path=folder.path, reason=str(error).splitlines()[0]) from None  # fmt: skip
    view = Snapshot(
        run="", kind=config.kind, seq=0, status="paused", step=trainer.step_count, **picture(trainer.players, None)
    )
    return stills.still(view, SIZE) or b""

"""What a run looked like at a kept moment: the picture kept of it, or one drawn from the weights kept of it."""

from __future__ import annotations

import dataclasses

from gan_core.errors import CheckpointError, named
from gan_core.runs import stills
from gan_core.runs.darkroom import Darkroom
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

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
            raise CheckpointError(N_("{path} is not a whole picture. Choose another moment."), path=named(file))
        return found
    return stills.still(Darkroom(folder).snapshot(step), SIZE) or b""

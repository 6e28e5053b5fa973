"""What can be asked of a run: typed messages, applied between two steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.errors import RunError
from gan_core.phases import BOTH, D_ONLY, G_ONLY
from gan_core.text import N_

SEEDS = 1 << 31  # how many there are


@dataclass(frozen=True)
class Pause:
    """Stop stepping, keep everything, save. `why` is shown (a template)."""

    why: str = ""


@dataclass(frozen=True)
class Resume:
    """Go on; a failed run goes on from its last good state, a finished one past its horizon."""


@dataclass(frozen=True)
class StepOnce:
    """One iteration, then pause. `players`: who learns in it, as in gan_core.phases."""

    players: str = BOTH


@dataclass(frozen=True)
class Phase:
    """One phase of an iteration further, beginning one where none is begun. A run that trains does not listen."""


@dataclass(frozen=True)
class Stop:
    """End the run and save; Resume still continues it."""


@dataclass(frozen=True)
class Reset:
    """Back to step 0 with the present settings, and the same seed where no other is given."""

    seed: int | None = None


@dataclass(frozen=True)
class Change:
    """New values of live settings, by dotted name, already parsed."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """Show what viewers have come to want to see besides. Nothing is trained, and nothing drawn from the run's generators."""


@dataclass(frozen=True)
class Write:
    """Write the last good state down once more, and what else is wanted of it now."""


Command: TypeAlias = Pause | Resume | StepOnce | Phase | Stop | Reset | Change | Look | Write

_BY_NAME: dict[str, Callable[[int], Command]] = {  # of the run's present seed
    "pause": lambda _: Pause(), "resume": lambda _: Resume(), "step": lambda _: StepOnce(), "stop": lambda _: Stop(),
    "reset": lambda _: Reset(), "reset_seed": lambda seed: Reset((seed + 1) % SEEDS), "step_d": lambda _: StepOnce(D_ONLY),
    "step_g": lambda _: StepOnce(G_ONLY), "phase": lambda _: Phase(),
}  # fmt: skip
SETTINGS = ("speed",)  # settings that have an action of their own name, with a value
ACTIONS = frozenset((*_BY_NAME, *SETTINGS))


def named(name: object, seed: int = 0) -> Command:
    """The command that a viewer's message names; seed: that of the run, which "reset_seed" counts up. Raises RunError."""
    if not isinstance(name, str) or name not in _BY_NAME:
        raise RunError(N_("A run can be told: {allowed}."), allowed=", ".join(_BY_NAME))
    return _BY_NAME[name](seed)


def after_all(config: RunConfig, waiting: Iterable[Command]) -> RunConfig:
    """The settings of a run once it has obeyed all that wait."""
    for command in list(waiting):
        if isinstance(command, Change):
            config = settings.replace(config, command.values)
        elif isinstance(command, Reset) and command.seed is not None:
            config = dataclasses.replace(config, seed=command.seed)
    return config

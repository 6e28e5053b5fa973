"""What can be asked of a run: typed messages, applied between two steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gan_core.errors import RunError
from gan_core.text import N_


@dataclass(frozen=True)
class Pause:
    """Stop stepping, keep everything, save. `why` is shown (a template)."""

    why: str = ""


@dataclass(frozen=True)
class Resume:
    """Go on; a failed run goes on from its last good state, a finished one past its horizon."""


@dataclass(frozen=True)
class StepOnce:
    """One iteration, then pause."""


@dataclass(frozen=True)
class Stop:
    """End the run and save; Resume still continues it."""


@dataclass(frozen=True)
class Reset:
    """Back to step 0 with the present settings and the same seed."""


@dataclass(frozen=True)
class Change:
    """New values of live settings, by dotted name, already parsed."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """Show what viewers have come to want to see besides. Nothing is trained, and nothing drawn from the run's generators."""


Command: TypeAlias = Pause | Resume | StepOnce | Stop | Reset | Change | Look

_BY_NAME: dict[str, type[Pause | Resume | StepOnce | Stop | Reset]] = {
    "pause": Pause, "resume": Resume, "step": StepOnce, "stop": Stop, "reset": Reset,
}  # fmt: skip


def named(name: object) -> Command:
    """The command that a viewer's message names. Raises RunError."""
    if not isinstance(name, str) or name not in _BY_NAME:
        raise RunError(N_("A run can be told: {allowed}."), allowed=", ".join(_BY_NAME))
    return _BY_NAME[name]()

"""Runs that train side by side, in step: each takes its steps by itself, and none goes on before all have come as far.

The scheduler asks a `Group` between turns how far its runs may go, and whether what was asked of all of them can be done now.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.runs.commands import Command
from gan_core.text import N_

FEWEST, MOST = 2, 4
ROUND_SECONDS = 0.1  # about as long as the runs of a group are apart at most
_MOST_STEPS = 4096
_QUICKEST, _SLOWEST = 0.5, 2.0  # how much the length of a round changes at once
_ALIKE = ("seed", "device", "threads", "precision")  # besides the data: other runs would not be comparable


class Member(Protocol):
    """What a group has to know of a run."""

    @property
    def status(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def has_obeyed(self) -> bool: ...
    def send(self, command: Command) -> None: ...


def must_be_alike(name: str) -> bool:
    """Whether runs side by side have the same value of this setting: what they learn from, and their seed."""
    return name in _ALIKE or name.startswith("data.")


def check(configs: Sequence[RunConfig]) -> None:
    """Raise ConfigError for configurations that cannot be trained side by side."""
    if not FEWEST <= len(configs) <= MOST:
        raise ConfigError(N_("Side by side train {fewest} to {most} configurations, not {n}."),
                          fewest=FEWEST, most=MOST, n=len(configs))  # fmt: skip
    for one in configs[1:]:
        if names := [name for name in settings.differences(configs[0], one) if must_be_alike(name)]:
            raise ConfigError(N_("Configurations side by side share their data and seed, but these differ: {fields}."),
                              fields=", ".join(names))  # fmt: skip


def differing(configs: Sequence[RunConfig]) -> list[str]:
    """The settings in which these are not all alike, in the order of the settings."""
    names = {name for one in configs[1:] for name in settings.differences(configs[0], one)}
    return [field.name for field in settings.fields() if field.name in names]


class Group:
    """How far the runs of a group may train. Commands wait here until all stand at the same step, so that all obey at it.

    Everything is called under the lock of whoever gives turns, and `plan` while no run of the group has one.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._commands: deque[Command] = deque()
        self._goal, self._stride, self._since = 0, 1, clock()

    def post(self, command: Command) -> None:
        """Ask something of all of them."""
        self._commands.append(command)

    def may_train(self, run: Member) -> bool:
        """Whether there are steps for this run before it has to wait for the others."""
        return run.step < self._goal

    @property
    def goal(self) -> int:
        """The step up to which each of them may train."""
        return self._goal

    def plan(self, runs: Iterable[Member]) -> None:
        """Say what comes next. Those that lag behind (one was saved later than another) catch up first; a run that rests or has
        failed holds nobody up."""
        members = list(runs)
        moving = [run for run in members if run.is_active]
        top = max((run.step for run in moving), default=0)
        at_rest = all(run.status == "queued" for run in moving)
        if not all(run.has_obeyed for run in members):
            self._goal = 0  # nobody trains before all have: one may have been sent back to step 0
        elif not (at_rest or all(_is_at(run, top) for run in moving)):
            self._goal = top
        elif self._commands:
            self._goal, command = top, self._commands.popleft()
            for run in members:
                run.send(command)
        elif not at_rest and self._goal <= top:
            self._next_round(top)

    def _next_round(self, top: int) -> None:
        """As many steps as take about ROUND_SECONDS, judged by the last round."""
        now = self._clock()
        took, self._since = now - self._since, now
        change = min(_SLOWEST, max(_QUICKEST, ROUND_SECONDS / max(took, 1e-6)))
        self._stride = max(1, min(_MOST_STEPS, round(self._stride * change)))
        self._goal = top + self._stride


def _is_at(run: Member, step: int) -> bool:
    return run.status == "running" and run.step == step

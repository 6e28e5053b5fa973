"""The settings of a run from its first step on: those it began with, and what its journal says was changed at which step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.runs.keeping import changes

_NO_MATTER = {"engine"}  # takes the same steps, but for the last digits


class Phase(NamedTuple):
    """From `step` on, the run has these settings."""

    step: int
    config: RunConfig


def phases(start: RunConfig, journal: Iterable[Mapping[str, Any]] = (), end: int | None = None) -> list[Phase]:
    """One phase, and one more for each change before step `end`. What a run went back behind does not count. Raises ConfigError."""
    found = [Phase(0, start)]
    for entry in journal:
        new = changes(entry)
        if not new or (end is not None and entry["step"] >= end):
            continue
        phase = Phase(entry["step"], settings.replace(found[-1].config, new))
        if entry.get("do") == "rollback":
            _go_back(found, phase)
        elif settings.differences(found[-1].config, phase.config).keys() - _NO_MATTER:
            found.append(phase)
    return found


def _go_back(found: list[Phase], to: Phase) -> None:
    """The last changes turned out badly: the run returned to a state from before them, optimisers included."""
    before = list(found)
    while len(before) > 1 and (before[-1].step > to.step or not _same(before[-1].config, to.config)):
        before.pop()
    if _same(before[-1].config, to.config):
        found[:] = before
    else:
        found.append(to)


def _same(a: RunConfig, b: RunConfig) -> bool:
    return not settings.differences(a, b).keys() - _NO_MATTER

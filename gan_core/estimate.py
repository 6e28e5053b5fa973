"""How long a preset takes on this machine, from the runs that it has seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from gan_core.config import RunConfig
from gan_core.runs.session import TrainingSession

_SETTLED_SECONDS = 3.0  # before that a rate says more about caches than about the machine


def seconds_here(config: RunConfig, sessions: Iterable[TrainingSession]) -> float | None:
    """Seconds until the schedule of `config` ends, by the fastest of the `sessions` with its settings (any seed).

    None while no such run has trained for a few seconds, and for settings without an end. A short measurement beforehand would
    have to share the cores with whoever has just opened the page: it was off by a factor of seven, and slowed the first run.
    """
    rates = [s.latest.rate_images for s in sessions
             if s.seconds > _SETTLED_SECONDS and dataclasses.replace(s.config, seed=config.seed) == config]  # fmt: skip
    fastest = max(rates, default=0.0)
    return config.horizon / fastest if fastest and config.horizon else None

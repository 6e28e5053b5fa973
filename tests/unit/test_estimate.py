"""How long a preset takes here, from runs that were seen."""

from dataclasses import replace

import _tiny
import pytest

from gan_core.config import RunConfig
from gan_core.estimate import seconds_here
from gan_core.runs.session import TrainingSession


def test_the_fastest_run_with_the_same_settings_counts() -> None:
    config = replace(_tiny.points(), horizon=90_000)
    sessions = [_seen(replace(config, seed=seed), rate) for seed, rate in ((1, 1000.0), (2, 3000.0))]
    assert seconds_here(config, sessions) == pytest.approx(30)


def test_other_settings_short_runs_and_endless_ones_say_nothing() -> None:
    config = replace(_tiny.points(), horizon=90_000)
    assert seconds_here(config, []) is None
    assert seconds_here(config, [_seen(replace(config, loss="hinge"), 1000.0)]) is None
    assert seconds_here(config, [_seen(config, 1000.0, seconds=1.0)]) is None
    assert seconds_here(replace(config, horizon=0), [_seen(replace(config, horizon=0), 1000.0)]) is None


def _seen(config: RunConfig, rate: float, seconds: float = 10.0) -> TrainingSession:
    session = TrainingSession("ring", "", config)
    session.seconds = seconds
    session.latest = replace(session.latest, rate_images=rate)
    return session

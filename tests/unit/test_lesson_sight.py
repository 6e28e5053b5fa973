"""What a lesson sees of a run of pictures: what is measured beside the training, none of it from before the last change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from gan_core import presets
from gan_core.config import RunConfig
from gan_core.lessons.sight import Sight, of_session
from gan_core.runs.session import TrainingSession
from gan_core.runs.snapshots import Mark, Metrics, Snapshot


@dataclass
class Resting:
    """As much of a session as a lesson looks at."""

    latest: Snapshot
    metrics: Metrics | None = None
    last_row: dict[str, float] = field(default_factory=lambda: {"g_loss": 0.7})
    config: RunConfig = field(default_factory=lambda: presets.load("acgan"))
    folder: Any = None


def seen(**said: Any) -> Sight:
    metrics = Metrics({"swd": 0.1}, 512, 40)
    return of_session(cast(TrainingSession, Resting(Snapshot("r", "images", 0, "running", step=500, **said), metrics)))


def test_of_pictures_what_was_judged_counts_at_the_runs_own_step() -> None:
    found = seen(judged=Metrics({"as_asked": 0.8}, 1000, 450), marks=(Mark(300, "class_weight", "0.0", "1.0"),))
    assert (found.step, found.samples) == (500, 1000)
    assert found.figures == {"g_loss": 0.7, "as_asked": 0.8}


@pytest.mark.parametrize("judged", [None, Metrics({"as_asked": 0.8}, 1000, 299)])
def test_what_was_judged_before_a_change_says_nothing_of_after_it(judged: Metrics | None) -> None:
    found = seen(judged=judged, marks=(Mark(100, "class_weight", "0", "2"), Mark(300, "class_weight", "2", "0")))
    assert found.figures == {"g_loss": 0.7}
    assert found.samples == 0

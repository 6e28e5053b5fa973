"""What a lesson sees of a run, or of a figure: the numbers that its tasks are about. Read from the run; never told by a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gan_core.config import RunConfig
from gan_core.runs.session import TrainingSession
from gan_core.runs.snapshots import Mark, Snapshot


@dataclass(frozen=True)
class Sight:
    """figures: the newest value of each curve and metric by name. samples: of how many samples the metrics are. phase: where a single step stands, as in `phases`; did: what the run was told, as in its journal ("step_d")."""

    step: int
    figures: Mapping[str, float]
    config: RunConfig | None = None
    samples: int = 0
    marks: tuple[Mark, ...] = ()
    status: str = ""
    phase: str = ""
    did: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def lasts(self, steps: int) -> bool:
        """Whether nothing was changed for so long: what was there before a change is not its work."""
        return self.step - max((mark.step for mark in self.marks), default=0) >= steps


def of_session(session: TrainingSession) -> Sight:
    """What a run shows now. Metrics count at the step that they were measured at: those from before a change say nothing of after it. Of
    pictures they are those that are measured beside the training, none from before the last change."""
    snapshot, metrics = session.latest, session.metrics
    figures = {name: float(value) for name, value in session.last_row.items()} | _slope(snapshot)
    step, samples = snapshot.step, metrics.samples if metrics else 0
    if session.config.kind != "points":
        judged = snapshot.judged
        changed = max((mark.step for mark in snapshot.marks), default=0)
        samples = 0
        if judged is not None and judged.step >= changed:
            figures |= {name: float(value) for name, value in judged.values.items()}
            samples = judged.samples
    elif metrics is not None:
        figures |= {name: float(value) for name, value in metrics.values.items()}
        step = metrics.step
    journal = session.folder.journal() if session.folder is not None else []
    return Sight(step, figures, session.config, samples, snapshot.marks, snapshot.status, snapshot.phase.place.code if snapshot.phase is not None else "",
                 frozenset(str(entry.get("do")) for entry in journal))  # fmt: skip


def of_runs(sights: list[Sight]) -> Sight:
    """Of several runs: each one's figures with its letter, as "a.modes"; the step that all have come to."""
    figures = {
        f"{letter}.{name}": value
        for letter, one in zip("abcd", sights, strict=False)
        for name, value in one.figures.items()
    }
    return Sight(min((one.step for one in sights), default=0), figures)


def _slope(snapshot: Snapshot) -> dict[str, float]:
    """Mean length of ∇D at the generated points that are shown, in outputs of D a unit of the picture."""
    slopes = snapshot.arrays.get("slope_live")
    return {} if slopes is None or not len(slopes) else {"slope": float(np.linalg.norm(slopes, axis=1).mean())}

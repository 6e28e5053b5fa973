"""The pace of a run: how many of its steps are due, where it shall take only so many a second."""

from __future__ import annotations

import math

from gan_core.trainer import Trainer

FULL = 0  # steps a second: as many as there is time for
MANY = 1 << 20
_BEHIND = 0.25  # seconds that are made up for; what was missed beyond them, or while the run rested, is not


class Pace:
    """Counts on a clock that the caller reads, in seconds. Nobody waits here: a run that is ahead simply wants no turn."""

    def __init__(self) -> None:
        self._next, self._speed = -math.inf, FULL

    def due(self, now: float, speed: int) -> int:
        """How many steps may be taken now. A new speed counts from this moment."""
        if speed == FULL:
            self._speed = FULL
            return MANY
        if speed != self._speed or now - self._next > _BEHIND:
            self._speed, self._next = speed, now
        return 0 if now < self._next else 1 + int((now - self._next) * speed)

    def took(self, steps: int) -> None:
        """So many of the steps that were due have been taken."""
        if self._speed != FULL:
            self._next += steps / self._speed


def steps_left(trainer: Trainer, until_step: int | None, horizon: float) -> int:
    """How many steps may be taken at once before step `until_step` or `horizon` samples."""
    left = math.inf if until_step is None else until_step - trainer.step_count
    c = trainer.config
    to_horizon = (
        math.ceil((horizon - trainer.images) / (c.batch_size * max(c.k_d, 1))) if horizon < math.inf else math.inf
    )
    return int(max(1, min(left, to_horizon, MANY)))

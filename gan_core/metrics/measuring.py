"""An evaluation at the side of a training: a little at a time, with a bounded share of the time."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Protocol

import torch

from gan_core.metrics.evaluation import Draw, Step
from gan_core.metrics.measure import Measure
from gan_core.players import Players, classes_in

SHARE = 0.05
_MOST = 0.25  # seconds saved up at most: a run that rested is not held up for long when it goes on


class Work(Protocol):
    """What can be measured in small pieces: an Evaluation, or one with something before it."""

    def steps(self) -> Generator[Step, None, None]:
        """Do it, a fraction of a second at a time."""

    @property
    def found(self) -> dict[str, Any]:
        """What was found, once it is done."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The figures, once it is done."""


class Measuring:
    """Takes an Evaluation in small pieces.

    draw = samples_of(trainer.players.copy())   # of one moment, which training does not touch
    measuring = Measuring(Evaluation(draw, 5000, trainer.data, judges))
    while measuring.goes_on:
        trainer.step(); measuring.turn()        # at most 5 % of the time
    measuring.advance()                         # or: the rest at once

    The clock counts seconds.
    """

    def __init__(self, evaluation: Work, share: float = SHARE, clock: Callable[[], float] = time.perf_counter) -> None:
        """Raises ValueError for a share that is not above 0 and at most 1."""
        self.share = share
        self._evaluation, self._steps = evaluation, evaluation.steps()
        self._clock = clock
        self._saved, self._then = 0.0, clock()
        self.spent = 0.0  # seconds so far
        self.step = Step(0, 1, "")
        self.goes_on, self.cancelled = True, False

    @property
    def share(self) -> float:
        """Of the time, which `turn` may take from now on."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"a share of {share} of the time: it must be above 0 and at most 1")
        self._share = share

    def turn(self) -> bool:
        """Work as long as the share allows it; whether the evaluation is over.

        A piece is begun when time for it has been saved up, and pays with the savings, which it may overdraw: all pieces but the last
        have had at most `share` of the time since the beginning. Raises DataError as `Evaluation.steps` does.
        """
        self._save()
        while self.goes_on and self._saved > 0:
            self._saved -= self._piece()
            self._save()
        return not self.goes_on

    def advance(self, seconds: float = math.inf) -> bool:
        """Work for about `seconds`, whatever the share: to the end without them. Whether the evaluation is over."""
        begin = self._then = self._clock()
        while self.goes_on and self._then - begin < seconds:
            self._piece()
            self._then = self._clock()  # nothing is saved up meanwhile
        return not self.goes_on

    def cancel(self) -> None:
        """Give it up; nothing is found."""
        self._steps.close()
        self.goes_on, self.cancelled = False, True

    @property
    def found(self) -> dict[str, Any] | None:
        """`Evaluation.found` once it is over, None before and when it was given up."""
        return None if self.goes_on or self.cancelled else self._evaluation.found

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The figures once it is over."""
        return self._evaluation.measures

    def _save(self) -> None:
        now = self._clock()
        self._saved, self._then = min(self._saved + self._share * (now - self._then), _MOST), now

    def _piece(self) -> float:
        """Do one, and return the seconds it took."""
        begin = self._clock()
        try:
            self.step = next(self._steps)
        except StopIteration:
            self.goes_on = False
        except BaseException:
            self.cancel()
            raise
        cost = self._clock() - begin
        self.spent += cost
        return cost


def samples_of(players: Players) -> Draw:
    """draw(k) gives the next k samples of the averaged generator, from latents of its own: those of the run's metrics; with the
    classes that they were asked to be, where it is told."""
    rng = torch.Generator().manual_seed(players.config.seed + 1)

    def draw(k: int) -> Any:
        inputs = players.draw(k, rng)
        samples, asked = players.sample(inputs), classes_in(inputs, players.config)
        return samples if asked is None else (samples, asked)

    return draw


def samples_now(players: Players) -> Draw:
    """`samples_of` the averaged generator as it is at this moment, whatever becomes of it."""
    average = copy.deepcopy(players.average).requires_grad_(False).eval()
    return samples_of(replace(players, average=average))

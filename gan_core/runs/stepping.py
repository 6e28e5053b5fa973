"""An iteration that stops after each of its phases: slow motion."""

from __future__ import annotations

from collections.abc import Iterator

from gan_core.phases import Phase
from gan_core.runs.phase_view import PhaseView, Reader
from gan_core.trainer import Trainer


class Iteration:
    """One step of a run on its way. While one is `begun` the run is between two steps for everybody else: it must be finished before
    anything is saved, changed or looked at as a whole."""

    def __init__(self) -> None:
        self.view: PhaseView | None = None  # the phase that was reached last
        self._phases: Iterator[Phase] | None = None
        self._reader: Reader | None = None

    @property
    def begun(self) -> bool:
        return self._phases is not None

    def go_on(self, trainer: Trainer) -> PhaseView:
        """One phase further; the first one of a new step where none is begun."""
        if self._phases is None or self._reader is None:
            self._phases, self._reader = trainer.phases(), Reader(trainer)
        self.view = self._reader.read(next(self._phases))
        if self.view.place.code == "end":
            self._run_out()
        return self.view

    def finish(self) -> bool:
        """Through all phases that are left, without a stop; whether there were any."""
        left = self.begun
        self._run_out()
        self.view = None
        return left

    def drop(self) -> None:
        """The run goes back to an earlier state: what was begun counts no more."""
        self.view, self._phases, self._reader = None, None, None

    def _run_out(self) -> None:
        phases, self._phases, self._reader = self._phases, None, None
        for _ in phases or ():
            pass

"""Where the pictures of a run are made: on a thread lent for that, training only hands over a copy of the weights and goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor

from gan_core.data.sets import PointSet
from gan_core.players import Players
from gan_core.trainer import Trainer

log = logging.getLogger(__name__)


class Camera:
    """One picture at a time. `take` and `wait` are called by the run's own turn; `helper` does the work beside it."""

    def __init__(self, helper: Executor | None = None) -> None:
        """`helper`: a thread for pictures of all runs; None: every picture is made at once."""
        self._helper = helper
        self._copy: Players | None = None
        self._of: Trainer | None = None
        self._idle = threading.Event()
        self._idle.set()

    @property
    def is_idle(self) -> bool:
        """Whether the last picture is there."""
        return self._idle.is_set()

    def wait(self) -> None:
        """Until the last picture is there."""
        self._idle.wait()

    def take(self, trainer: Trainer, develop: Callable[[Players], None], *, now: bool) -> None:
        """Call `develop` with the networks as they are at this moment: `now`, with the living ones, or on the helper's thread with
        copies. Only small networks are copied at each look: those on points."""
        self.wait()
        if now or self._helper is None or not _small(trainer):
            return develop(trainer.players)
        if self._copy is None or self._of is not trainer:
            self._copy, self._of = trainer.players.copy(), trainer
        self._copy.take(trainer.players)
        self._idle.clear()
        try:
            self._helper.submit(self._develop, develop, self._copy.with_settings(trainer.config))
        except RuntimeError:  # the process is ending, and its helpers have gone
            self._idle.set()

    def _develop(self, develop: Callable[[Players], None], players: Players) -> None:
        try:
            develop(players)
        except Exception:  # the next one may be better; no run ends for a picture
            log.exception("a picture of a run could not be made")
        finally:
            self._idle.set()


def _small(trainer: Trainer) -> bool:
    return isinstance(trainer.data, PointSet) and trainer.device.type == "cpu"

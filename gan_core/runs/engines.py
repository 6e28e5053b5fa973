"""Which engine takes the steps of a run, and when it changes."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from gan_core.engine.compiled import Runner
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.errors import EngineError
from gan_core.runs.snapshots import Message
from gan_core.text import N_
from gan_core.trainer import Trainer

EAGER, COMPILING, COMPILED = "eager", "compiling", "compiled"
NOWHERE = N_("Steps are not compiled here. Leave the engine at automatic or eager.")
MAKING = N_("Compiling the step: {seconds} s")
SHORT = N_(
    "Compiling would cost this run more time than it saves: pictures need every core. It is done where ten minutes or more are left."
)
SENTENCES = (NOWHERE, MAKING, SHORT)
_LOOK_SECONDS = 0.25  # between two looks whether a program is ready
# Pictures on a CPU train on all of its cores, and gain a third at most: the compiler halves their rate for a minute or two.
_KNOWN_SECONDS, _LONG_SECONDS = 20.0, 600.0  # of training until the rate is known; that have to be left


class Engines:
    """Asks for the programs of one run, and says when they can be swapped in.

    `reason` says why it stays eager where it was meant to change.
    """

    def __init__(self, workshop: Workshop | None) -> None:
        self._workshop = workshop
        self._next = math.inf
        self._name, self.reason = EAGER, Message()
        self.noted = EAGER  # what the journal says takes the steps

    def other(self, trainer: Trainer) -> dict[str, str]:
        """What an entry of the journal says of the engine: nothing where it is the one that was noted last."""
        before, self.noted = self.noted, name_of(trainer)
        return {"engine": self.noted} if self.noted != before else {}

    def shown(self, running: bool) -> str:
        """What a page shows of it: eager, compiled or, while steps are taken, compiling."""
        return self._name if running or self._name != COMPILING else EAGER

    def due(self, now: float) -> bool:
        """Whether to call `offer` (`now` as from time.perf_counter)."""
        return now >= self._next

    def settle(self, trainer: Trainer) -> None:
        """The run was built, or its engine or settings have changed: begin to look for its programs, or stop looking."""
        self._name, self.reason = name_of(trainer), Message()
        self._next = 0.0 if trainer.config.engine != "eager" and not trainer.is_compiled else math.inf
        if self._workshop is None:
            self._next = math.inf
            if trainer.config.engine == "compiled":  # it was begun elsewhere
                self.reason = Message(NOWHERE)

    def found(self, trainer: Trainer, threads: int) -> Runner | None:
        """The programs for the run as it is now, if they are wanted and there."""
        if self._next == math.inf:
            return None
        try:
            return self._shop().find(Part.of(trainer, threads))
        except EngineError as error:
            self.give_up(error)
            return None

    def offer(self, trainer: Trainer, threads: int, seconds: float) -> Runner | None:
        """As `found`; what is not there is made meanwhile, where that pays. seconds: of training so far."""
        runner = self.found(trainer, threads)
        if runner is None and self._next < math.inf:
            if trainer.config.engine == "compiled" or pays(trainer, seconds):
                self._ask(Part.of(trainer, threads))
            else:
                self._next, self._name, self.reason = time.perf_counter() + _LOOK_SECONDS, EAGER, Message(SHORT)
        return runner

    def _ask(self, part: Part) -> None:
        self._next, self._name, self.reason = time.perf_counter() + _LOOK_SECONDS, COMPILING, Message()
        try:
            self._shop().ask(part)
        except EngineError as error:
            self.give_up(error)

    def wait(self, part: Part, report: Callable[[Message], None], wanted: Callable[[], bool]) -> None:
        """Until the programs of a run are there that shall not begin without them, or while they are `wanted`. Raises EngineError."""
        begin, shop = time.monotonic(), self._shop()
        while wanted() and shop.ask(part):
            report(Message(MAKING, {"seconds": round(time.monotonic() - begin)}))
            time.sleep(_LOOK_SECONDS)

    def give_up(self, error: EngineError) -> None:
        """Stay eager, and say why."""
        self._name, self.reason, self._next = EAGER, Message(error.template, error.params), math.inf

    def _shop(self) -> Workshop:
        if self._workshop is None:
            raise EngineError(NOWHERE)
        return self._workshop


def make_ahead(workshop: Workshop, part: Part, idle: Callable[[], bool], closing: threading.Event) -> None:
    """Have the programs of such runs made before somebody waits for them, whenever it is `idle`. What forbids it is said to whoever needs
    them."""
    with contextlib.suppress(EngineError):
        while not closing.is_set() and (not idle() or workshop.ask(part, ahead=True)):
            closing.wait(_LOOK_SECONDS)


def pays(trainer: Trainer, seconds: float) -> bool:
    """Whether a run that has trained for so long gains by a program that is still to be made."""
    c = trainer.config
    if c.kind == "points" or trainer.device.type != "cpu":
        return True
    left = (c.horizon - trainer.images) * seconds / trainer.images if 0 < trainer.images < c.horizon else math.inf
    return seconds >= _KNOWN_SECONDS and left >= _LONG_SECONDS


def name_of(trainer: Trainer) -> str:
    """What takes its steps."""
    return COMPILED if trainer.is_compiled else EAGER


def last_engine(journal: list[dict[str, Any]]) -> str:
    """What takes the steps after these entries."""
    named = [entry["engine"] for entry in journal if "engine" in entry]
    return COMPILED if named and named[-1] == COMPILED else EAGER

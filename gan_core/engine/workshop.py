"""Makes compiled programs in a child process, one at a time, while training goes on eagerly."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gan_core.engine import graphs, native, orders, shelf
from gan_core.engine.build import fingerprint
from gan_core.engine.compiled import Runner
from gan_core.engine.graphs import GraphRunner
from gan_core.engine.orders import Order, Part
from gan_core.engine.shelf import Shelf
from gan_core.errors import EngineError, reason_of
from gan_core.text import N_

log = logging.getLogger(__name__)

FAILED = N_("Steps are not compiled: the compiler failed ({reason}).")
UNUSABLE = N_("Steps are not compiled: the folder of compiled programs cannot be used ({reason}).")
STOPPED = N_("Steps are not compiled: the server is stopping.")
SENTENCES = (FAILED, UNUSABLE, STOPPED, graphs.FAILED, *orders.SENTENCES, *shelf.SENTENCES, *native.SENTENCES)

_COMMAND = (sys.executable, "-m", "gan_core.engine.build")
_SECONDS = 900.0  # no program takes so long
_STEADY = (
    0.5  # seconds through which a program has to be asked for before it is begun: a slider that is dragged passes by
)
_FORGOTTEN = 5.0  # seconds without being asked for, after which it is not begun, and gives way to another
_RETRY = 600.0  # seconds after which a failure is forgotten: a disk that was full, a compiler that ran out of memory
_LOOK = 0.25  # seconds between two looks at what goes on


@dataclass
class _Wish:
    order: Order
    first: float  # when it was asked for, and when last
    last: float
    ahead: bool  # nobody waits for it yet


class Workshop:
    """The compiled programs under `folder`, and what makes them. Safe to use from many threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder)
        self._news = threading.Condition()
        self._wishes: dict[str, _Wish] = {}
        self._failed: dict[str, tuple[str, float]] = {}
        self._child: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        fingerprint()  # of the code that this process runs, before an update of the package replaces it

    def find(self, part: Part) -> Runner | None:
        """What takes the steps of such a run, if all of its programs are there. Raises EngineError when they do not load."""
        orders.check(part)
        if part.device == "cuda":
            return GraphRunner()
        with _trouble():
            return self._shelf.take(orders.orders(part))

    def ask(self, part: Part, *, ahead: bool = False) -> bool:
        """Have the programs made that are missing; whether any is. To be repeated, every second or more often, for as long as they
        are wanted; `ahead`: nobody needs them yet, and one that is half made is given up when it is no more asked for. Raises EngineError
        where that is impossible."""
        now = time.monotonic()
        with _trouble(), self._news:
            if self._closing:
                raise EngineError(STOPPED)
            missing = [order for order in orders.orders(part) if not self._shelf.has(order)]
            for order in missing:
                self._check(order, now)
                wish = self._wishes.setdefault(order.name, _Wish(order, now, now, ahead))
                wish.last, wish.ahead = now, wish.ahead and ahead
            if missing and self._thread is None:
                self._thread = threading.Thread(target=self._work, name="workshop", daemon=True)
                self._thread.start()
            self._news.notify_all()
        return bool(missing)

    def _check(self, order: Order, now: float) -> None:
        reason, when = self._failed.get(order.name, ("", 0.0))
        if reason and now - when < _RETRY:
            raise EngineError(FAILED, reason=reason)

    def close(self) -> None:
        """Stop making programs, at once; what is there stays."""
        with self._news:
            self._closing = True
            self._kill()
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()

    # ── on the workshop's thread ─────────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while (order := self._next()) is not None:
            reason = ""
            try:
                self._make(order)
            except Exception as error:
                log.warning("a program could not be compiled: %s", error)
                reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            with self._news:
                if reason and not self._closing:
                    self._failed[order.name] = (reason, time.monotonic())
                if reason or self._shelf.has(order):
                    self._wishes.pop(order.name, None)

    def _next(self) -> Order | None:
        """What was asked for first of all that is still wanted; waits for it. None at the end."""
        with self._news:
            while not self._closing:
                now = time.monotonic()
                self._wishes = {name: wish for name, wish in self._wishes.items() if now - wish.last < _FORGOTTEN}
                steady = [wish for wish in self._wishes.values() if wish.last - wish.first >= _STEADY]
                if steady:
                    return min(steady, key=lambda wish: wish.first).order
                self._news.wait(_LOOK if self._wishes else None)
        return None

    def _is_wanted(self, order: Order) -> bool:
        """Whether to go on making it: somebody still asks for it, or has asked in earnest and nobody else is waiting."""
        with self._news:
            now = time.monotonic()
            fresh = {name for name, wish in self._wishes.items() if now - wish.last < _FORGOTTEN}
            return not self._closing and (order.name in fresh or not (fresh or self._wishes[order.name].ahead))

    def _make(self, order: Order) -> None:
        self._shelf.make_folder()
        lock = FileLock(self._shelf.folder / "lock")  # one compiler at a time, and alone with its files
        while self._is_wanted(order):
            try:
                with lock.acquire(timeout=_LOOK):
                    if not self._shelf.has(order):  # or another process was faster
                        self._shelf.make_room()
                        self._compile(order)
                    return
            except Timeout:
                continue

    def _compile(self, order: Order) -> None:
        scratch = self._shelf.folder / shelf.SCRATCH
        environment = {"TORCHINDUCTOR_CACHE_DIR": str(scratch), "CXX": orders.compiler(), "CUDA_VISIBLE_DEVICES": ""}
        with self._news:
            if self._closing:
                return
            # A group of its own, so that the compilers which it starts end with it.
            child = self._child = subprocess.Popen(
                _COMMAND, env=os.environ | environment, cwd=Path(__file__).parents[2], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        given: str | None = json.dumps(order.asked | {"folder": str(self._shelf.folder), "parent": os.getpid()})
        end, unwanted = time.monotonic() + _SECONDS, False
        while True:
            try:
                _, said = child.communicate(given, timeout=_LOOK)
                break
            except subprocess.TimeoutExpired:
                given = None  # it has it
                unwanted = unwanted or not self._is_wanted(order)
                if unwanted or time.monotonic() > end:
                    self._kill()
        self._child = None
        if child.returncode and not unwanted:
            raise RuntimeError(said or f"it ended with {child.returncode}")

    def _kill(self) -> None:
        child = self._child
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


@contextlib.contextmanager
def _trouble() -> Iterator[None]:
    """What the disk says, as EngineError: the eager step needs no folder."""
    try:
        yield
    except OSError as error:
        raise EngineError(UNUSABLE, reason=reason_of(error)) from None

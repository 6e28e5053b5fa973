"""A file that takes seconds to make, made on a thread of its own; on the disk and not in anybody's memory until it is taken away."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gan_core.errors import ExportError, PlaygroundError
from gan_core.text import N_

log = logging.getLogger(__name__)

BROKE = N_("The file could not be made ({reason}). Try another moment or other choices.")
Heard = Callable[[int, int], None]


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Somebody does not want the file any more."""


class FileJob:
    """One file at a time in a process. `make(path, heard)` writes it; `heard(done, total)` raises where it is not wanted any more. `status`: waiting,
    making, done, failed or cancelled; `result`: what `make` gave."""

    _turn = threading.Lock()

    def __init__(self, make: Callable[[Path, Heard], Any], run: str, name: str, kind: str, broke: str = BROKE) -> None:
        self.run, self.name, self.kind = run, name, kind
        self.status, self.done, self.total = "waiting", 0, 0
        self.error: PlaygroundError | None = None
        self.result: Any = None
        self._make, self._broke = make, broke
        self._cancelled = False
        self._ending = threading.Lock()  # how it ended and what becomes of its folder are one
        self._room = Path(tempfile.mkdtemp(prefix="gan-export-"))
        self._tidy = weakref.finalize(self, shutil.rmtree, self._room, ignore_errors=True)
        threading.Thread(target=self._run, daemon=True, name=f"export-{run}").start()

    @property
    def is_active(self) -> bool:
        return self.status in ("waiting", "making")

    @property
    def share(self) -> float:
        """How much of it is made, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def path(self) -> Path:
        """Where the file is, once it is done."""
        return self._room / self.name

    @property
    def size(self) -> int:
        """Its bytes. Raises OSError."""
        return self.path.stat().st_size

    def cancel(self) -> None:
        """Stop at the next moment that is told of."""
        self._cancelled = True

    def data(self) -> bytes:
        """The file, once it is done. Raises OSError."""
        return self.path.read_bytes()

    def discard(self) -> None:
        """Cancel it, if it is not done; remove its file."""
        with self._ending:
            self.cancel()
            if not self.is_active:
                self._tidy()

    def _run(self) -> None:
        ended = "failed"
        try:
            while not self._turn.acquire(timeout=0.2):
                self._look(0, 0)
            try:
                self.status = "making"
                self.result = self._make(self.path, self._look)
            finally:
                self._turn.release()
            ended = "done"
        except Cancelled:
            ended = "cancelled"
        except PlaygroundError as error:
            self.error = error
        except Exception as error:
            log.exception("a file of %s could not be made", self.run)
            self.error = ExportError(self._broke, reason=type(error).__name__)
        with self._ending:
            if self._cancelled and ended == "done":
                ended = "cancelled"
            if ended != "done":
                self._tidy()
            self.status = ended  # last: who reads it finds the rest as it stays

    def _look(self, done: int, total: int) -> None:
        if self._cancelled:
            raise Cancelled
        self.done, self.total = done, total

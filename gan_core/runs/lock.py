"""One process a run: a lock on a file in its folder, which the system takes back when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from gan_core.errors import RunError
from gan_core.text import N_

FILE = ".lock"
IN_USE = N_(
    "The run in {path} is open in another process: the command line, or another server. Stop it there, then resume here."
)
_PATIENCE = 0.5  # seconds: somebody may hold it for a moment, to see whether it is free
_PROBE_PATIENCE = 0.03
_probing = threading.Lock()  # one at a time in this process
# Written to by its owner alone: for one that others may write to, filelock tries out the folder with a second file, which would stay
# behind in a run that is moved at that moment.
_MODE = 0o644


class RunLock:
    """The lock of the run in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Taken by a worker, given back by whoever closes the run: not a thread's own.
        self._lock = FileLock(folder / FILE, timeout=_PATIENCE, mode=_MODE, thread_local=False)

    @property
    def is_ours(self) -> bool:
        return self._lock.is_locked

    def take(self) -> None:
        """Raises RunError when somebody has it, FileNotFoundError when the run is gone, another OSError for a folder that cannot be
        written to."""
        try:
            self._acquire(self._lock)
        except Timeout:
            raise RunError(IN_USE, path=self._folder.name) from None

    def give_back(self) -> None:
        self._lock.release()

    @property
    def is_held_elsewhere(self) -> bool:
        """Whether somebody else has it at this moment."""
        return not self.is_ours and (self._folder / FILE).exists() and self._probe()

    def _acquire(self, lock: FileLock) -> None:
        """Raises Timeout, OSError; FileNotFoundError when the folder is gone, which acquiring made anew, and empty."""
        lock.acquire(poll_interval=0.01)
        if is_shell(self._folder):
            lock.release()
            remove_shell(self._folder)
            raise FileNotFoundError(self._folder)

    def _probe(self) -> bool:
        """Whether it cannot be had: not even when asked again, since who asks holds it for a moment."""
        probe = FileLock(self._folder / FILE, timeout=_PROBE_PATIENCE, mode=_MODE, thread_local=False)
        try:
            with _probing:
                self._acquire(probe)
                probe.release()
        except Timeout:
            return True
        except OSError:
            pass
        return False


def is_shell(path: Path) -> bool:
    """Whether nothing but a lock is in this folder: what comes of locking a run at the moment when it is moved away."""
    try:
        return os.listdir(path) == [FILE]
    except OSError:
        return False


def remove_shell(path: Path) -> None:
    """Remove such a folder; one that holds more stays."""
    with contextlib.suppress(OSError):
        if is_shell(path):
            (path / FILE).unlink(missing_ok=True)
            path.rmdir()

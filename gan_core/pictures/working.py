"""Folders for what is on its way in: DATA/pictures/.new-…, held by a lock that ends with its process, so that what a killed one left is known."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gan_core.errors import DataError, reason_of
from gan_core.pictures.naming import FOLDER
from gan_core.text import N_

_NEW, _LOCK = ".new-", "lock"
DISK = N_(
    "The pictures cannot be kept: {reason}. Free space on the server's disk or choose fewer pictures, and try again."
)
_hand = threading.RLock()
_held: set[Path] = set()  # of whoever has the hand


def disk_error(error: OSError) -> DataError:
    """For people, without names of files and folders that are ours."""
    return DataError(DISK, reason=reason_of(error))


def _take(file: IO[bytes], *, wait: bool) -> None:
    """Lock a file for as long as it is open. Raises OSError where somebody else has it and is not waited for."""
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be removed either
        return
    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Nobody else, in this process or another, changes which sets and folders there are. Raises OSError."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with _hand:
        if folder in _held:
            yield
            return
        with (folder / f".{_LOCK}").open("ab") as file:
            _take(file, wait=True)
            _held.add(folder)
            try:
                yield
            finally:
                _held.remove(folder)


class Working:
    """A folder of its own in a data folder, removed by `remove` or, after a crash, by `sweep`. Raises DataError."""

    def __init__(self, root: Path) -> None:
        self.path = root / FOLDER / f"{_NEW}{secrets.token_hex(8)}"
        try:
            with alone(root):
                self.path.mkdir()
                self._lock = (self.path / _LOCK).open("wb")
                _take(self._lock, wait=False)
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            raise disk_error(error) from None

    def remove(self) -> None:
        """With all that is in it; may be called twice."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove what a process left in a data folder that was killed in the middle of an import or an upload. Folders in which another one
    still works stay."""
    if not (root / FOLDER).is_dir():
        return
    with contextlib.suppress(OSError), alone(root):
        for path in (root / FOLDER).glob(f"{_NEW}*"):
            with contextlib.suppress(OSError):
                if (path / _LOCK).is_file():
                    with (path / _LOCK).open("ab") as file:
                        _take(file, wait=False)
                    if os.name == "nt":
                        (path / _LOCK).unlink()
                shutil.rmtree(path, ignore_errors=True)

"""The folder of the compiled programs: which are there, whether they may be loaded, and which go when there are too many."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from gan_core.engine import build
from gan_core.engine.build import BUILDING, LOOP_NAME, SEAL, SUFFIX
from gan_core.engine.native import Model, NativeRunner
from gan_core.engine.orders import Order
from gan_core.errors import EngineError
from gan_core.text import N_

log = logging.getLogger(__name__)

OPEN = N_(
    "Steps are not compiled: others may write to {path}, and only programs that nobody else can change are loaded."
)
SENTENCES = (OPEN,)
SCRATCH = "torch"  # what the compiler keeps for itself: sources, and what it found out about this processor
_KEPT_BYTES = 256 * 2**20  # of programs; one of them has two to ten megabytes
_SCRATCH_BYTES = 64 * 2**20


class Shelf:
    """The programs under `folder`, which may not be there yet. Everything here may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, order: Order) -> bool:
        return (self.folder / order.name).exists() and (self.folder / LOOP_NAME).exists()

    def take(self, wanted: Sequence[Order]) -> NativeRunner | None:
        """What takes the steps of a run that needs these programs, if all of them are there. Raises EngineError when they may
        not be loaded, or do not load."""
        loop, paths = self.folder / LOOP_NAME, {order.penalised: self.folder / order.name for order in wanted}
        libraries = (loop, *paths.values())
        if not all(path.exists() for path in libraries):
            return None
        for path in (self.folder, *libraries):
            _check_ours(path)
        if not all(_is_whole(path) for path in libraries):
            return None
        for path in paths.values():
            with contextlib.suppress(OSError):  # another process may have removed it, or the disk can only be read
                os.utime(path)  # the longest unused go first
        return NativeRunner(loop, {which: Model(path) for which, path in paths.items()})

    def make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def make_room(self) -> None:
        """Remove what was longest unused, the compiler's own files where they have become many, and what compilers left that were
        stopped. Nobody else may be making a program there."""
        scratch = self.folder / SCRATCH
        for left in self.folder.glob(f"{BUILDING}*"):
            shutil.rmtree(left, ignore_errors=True)
        if sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file()) > _SCRATCH_BYTES:
            shutil.rmtree(scratch, ignore_errors=True)
        programs = sorted(self.folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        kept = 0
        for path in programs:
            kept += path.stat().st_size
            if kept > _KEPT_BYTES and path.name != LOOP_NAME:
                path.unlink(missing_ok=True)
                path.with_suffix(SEAL).unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    """Whether a library is as it was made; a damaged one is removed, so that it is made anew."""
    if build.is_whole(path):
        return True
    log.warning("%s is damaged and was removed", path)
    path.unlink(missing_ok=True)
    return False


def _check_ours(path: Path) -> None:
    """Raise EngineError for what somebody else could have put there: a library is code, and runs when it is loaded."""
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EngineError(OPEN, path=path)

"""Writes that are whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MARK = ".new-"


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Replace `path` by `data` in one step: a temporary file beside it, synced to the disk, then renamed over it.

    Without `sync` a crash of the machine (not of the process) may leave an empty or partial file: for what can be done without.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}{_MARK}")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(name, path)
        if sync:
            _sync_folder(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while it wrote."""
    for file in folder.rglob(f".*{_MARK}*"):
        file.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    """Have the new name on the disk too, where folders can be synced."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text."""
    write_bytes(path, text.encode("utf-8"))

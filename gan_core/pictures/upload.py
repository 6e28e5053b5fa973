"""Files on their way in from a browser: on the disk under names of our own, never as a whole in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gan_core.pictures.limits import Limits

if TYPE_CHECKING:
    from gan_core.pictures.importing import Given


class Upload:
    """A folder for the files of one upload, made with the object and removed by `remove` (or, after a crash, at the next start).
    Methods raise DataError; one file after the other."""

    def __init__(self, root: Path, limits: Limits | None = None) -> None:
        raise NotImplementedError

    def begin(self, name: str) -> None:
        """The next file, by its name in the browser (with folders). Raises DataError for too many."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """More of this file. Raises DataError over `limits.upload` bytes in all, and for a full disk; remove it then."""
        raise NotImplementedError

    def end(self) -> None:
        """This file is whole."""
        raise NotImplementedError

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """begin, write, end."""
        raise NotImplementedError

    @property
    def bytes(self) -> int:
        """Written so far."""
        raise NotImplementedError

    @property
    def given(self) -> list[Given]:
        """The whole files, for `Import` and `preview`."""
        raise NotImplementedError

    def remove(self) -> None:
        """Remove the folder and all that is in it; may be called twice."""
        raise NotImplementedError


def inside(root: Path | None, wanted: str) -> Path:
    """A folder on the server, `wanted` being a path below `root` (or an absolute one in it). Raises DataError where the server allows none
    (root is None), for a path that leads out of it, also through a link, and for what is no folder."""
    raise NotImplementedError


def folders(root: Path | None, most: int = 200) -> list[str]:
    """The folders that may be chosen: those directly in `root`, by name; [] where the server allows none."""
    raise NotImplementedError

"""Files on their way in from a browser: on the disk under names of our own, never as a whole in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from gan_core.errors import DataError
from gan_core.pictures.importing import Given
from gan_core.pictures.limits import Limits
from gan_core.pictures.members import clean
from gan_core.pictures.working import Working, disk_error
from gan_core.text import N_

TOO_LARGE = N_(
    "These files have more than the {most} MB that are allowed at once. Choose fewer, or make the pictures smaller first."
)
TOO_MANY = N_("More than {most} files at once are not taken. Choose fewer, or put them into one ZIP archive.")
NOT_WHOLE = N_("The upload was interrupted. Choose the files again.")
NO_FOLDERS = N_("This server lets no folder of its own be read. Upload the pictures instead.")
OUTSIDE = N_(
    "The folder {wanted} is not inside the folder of pictures of this server. Choose one of those that are listed."
)
NO_FOLDER = N_("There is no folder {wanted} on this server. Choose one of those that are listed.")
_FILES = 50_000  # files at once: folders of more are sent as an archive
_SHOWN = 100  # characters of a wrong path that are shown


class Upload:
    """A folder for the files of one upload, made with the object and removed by `remove` (or, after a crash, at the next start).
    Methods raise DataError; one file after the other."""

    def __init__(self, root: Path, limits: Limits | None = None) -> None:
        self._root, self._limits = root, limits or Limits()
        self._working = Working(root)
        self._given: list[Given] = []
        self._file: IO[bytes] | None = None
        self._next: Given | None = None
        self._bytes = 0

    def begin(self, name: str) -> None:
        """The next file, by its name in the browser (with folders). What came of one that was not ended is dropped. Raises DataError for too
        many."""
        self._drop()
        if len(self._given) >= _FILES:
            raise DataError(TOO_MANY, most=_FILES)
        path = self._working.path / f"{len(self._given):06d}"
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise disk_error(error) from None
        self._next = Given(path, name)

    def write(self, data: bytes) -> None:
        """More of this file. Raises DataError over `limits.upload` bytes in all, and for a full disk; remove it then."""
        if self._file is None:
            raise DataError(NOT_WHOLE)
        if self._bytes + len(data) > self._limits.upload:
            raise DataError(TOO_LARGE, most=max(1, self._limits.upload // 1_000_000))
        try:
            self._file.write(data)
        except OSError as error:
            raise disk_error(error) from None
        self._bytes += len(data)

    def end(self) -> None:
        """This file is whole."""
        if self._file is None or self._next is None:
            raise DataError(NOT_WHOLE)
        file, self._file = self._file, None
        try:
            file.close()
        except OSError as error:
            raise disk_error(error) from None
        self._given.append(self._next)
        self._next = None

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """begin, write, end."""
        self.begin(name)
        for chunk in chunks:
            self.write(chunk)
        self.end()

    @property
    def bytes(self) -> int:
        """Written so far."""
        return self._bytes

    @property
    def given(self) -> list[Given]:
        """The whole files, for `Import` and `preview`."""
        return list(self._given)

    def remove(self) -> None:
        """Remove the folder and all that is in it; may be called twice."""
        self._drop()
        self._given.clear()
        self._working.remove()

    def _drop(self) -> None:
        file, self._file, self._next = self._file, None, None
        if file is not None:
            with contextlib.suppress(OSError):  # a full disk refuses what was not written yet
                file.close()


def inside(root: Path | None, wanted: str) -> Path:
    """A folder on the server, `wanted` being a path below `root` (or an absolute one in it). Raises DataError where the server allows none
    (root is None), for a path that leads out of it, also through a link, and for what is no folder."""
    if root is None:
        raise DataError(NO_FOLDERS)
    shown = clean(wanted)[:_SHOWN] or "?"
    try:
        top = root.resolve(strict=True)
        path = (top / wanted.strip()).resolve()
        is_inside, is_folder = path.is_relative_to(top), path.is_dir()
    except (OSError, ValueError, RuntimeError):  # a NUL in it, a ring of links, no right to look
        raise DataError(NO_FOLDER, wanted=shown) from None
    if not is_inside:
        raise DataError(OUTSIDE, wanted=shown)
    if not is_folder:
        raise DataError(NO_FOLDER, wanted=shown)
    return path


def folders(root: Path | None, most: int = 200) -> list[str]:
    """The folders that may be chosen: those directly in `root`, by name; [] where the server allows none."""
    if root is None:
        return []
    with contextlib.suppress(OSError):
        found = (
            path.name for path in root.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."
        )
        return sorted(name for name in found if name.isprintable())[:most]
    return []

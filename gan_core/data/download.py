"""Fetching the files of public data sets into the cache: with progress, going on after a break, checked, and whole or not there."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gan_core.data.sets import Progress
from gan_core.errors import DataError
from gan_core.text import N_, Phrase

_CHUNK = 1 << 16
_TIMEOUT = 20.0
_PATIENCE = 0.5  # seconds between two looks at what another process has fetched
_BREAKS = 20  # after so many in one file somebody should look at the network
FETCHING = N_("Fetching {file}")


@dataclass(frozen=True)
class Wanted:
    """A file that a data set needs: its name in the cache folder, where it can be had, and its MD5."""

    name: str
    urls: Sequence[str]
    md5: str


@dataclass(frozen=True)
class Missing:
    """What a data set lacks: the names of files, and the folder that they belong into. inside: those files of the only archive that
    will do without it."""

    files: tuple[str, ...]
    folder: Path
    inside: tuple[str, ...] = ()

    @property
    def names(self) -> str:
        """The files as a sentence names them, with what will do instead in brackets."""
        return ", ".join(self.files) + (f" ({', '.join(self.inside)})" if self.inside else "")


class _BrokenError(OSError):
    """The transfer ended early."""


class _ChecksumError(OSError):
    """Everything arrived, and it is not the file that was wanted."""


def cache_dir() -> Path:
    """GAN_PLAYGROUND_CACHE, or ~/.cache/gan-playground."""
    return Path(os.environ.get("GAN_PLAYGROUND_CACHE") or Path.home() / ".cache" / "gan-playground")


def fetch(wanted: Wanted, folder: Path, title: str, progress: Progress | None, missing: Missing | None = None) -> Path:
    """The file in `folder`, downloaded unless it is there. `missing`: all that the set still lacks, this one included.

    What has arrived of a transfer that broke off stays beside it as .NAME.part, and the next try goes on from there.
    Raises DataError that names the missing files and says where to put them by hand.
    """
    target = folder / wanted.name
    if target.exists():
        return target
    problems: list[Exception] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(target, progress):
            if target.exists() or any(_try(url, wanted, target, progress, problems) for url in wanted.urls):
                return target
    except OSError as error:  # the folder cannot be written to
        problems.append(error)
    raise DataError(
        N_("{title} could not be fetched ({reason}). Without a network, put {files} into {folder} by hand "
           "(GAN_PLAYGROUND_CACHE names another cache folder), then start again."),
        title=title, reason=_reason(problems), files=missing.names if missing else wanted.name, folder=str(folder),
    )  # fmt: skip


def _reason(problems: list[Exception]) -> str:
    return str(getattr(problems[-1], "reason", None) or problems[-1]) if problems else "?"


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # not asked for beforehand: another process may finish it at any moment
        return 0


@contextlib.contextmanager
def alone(target: Path, progress: Progress | None) -> Iterator[None]:
    """One process or thread at a time fetches a file, or unpacks it; others wait, and are told how far it is. Raises OSError."""
    path, part = target.with_name(f".{target.name}.lock"), _part(target)
    lock = FileLock(path, timeout=_PATIENCE, thread_local=False)
    while True:
        try:
            lock.acquire()
            if path.exists():
                break
            lock.release()  # whoever had it was done and took the file away: this lock is nobody's any more
        except Timeout:
            if progress:
                progress(Phrase(FETCHING, file=target.name), _size(part), 0)
    try:
        yield
    finally:
        if not part.exists():
            with contextlib.suppress(OSError):  # Windows removes it when it is given back
                path.unlink()
        lock.release()


def _try(url: str, wanted: Wanted, target: Path, progress: Progress | None, problems: list[Exception]) -> bool:
    """Fetch from one address, again after each break that brought something. What goes wrong is added to `problems`."""
    part = _part(target)
    for _attempt in range(_BREAKS):
        before = _size(part)
        try:
            _fetch_one(url, wanted, part, progress)
            os.replace(part, target)
            return True
        except _ChecksumError as error:
            part.unlink()
            problems.append(error)
            if not before:
                return False  # it was fetched in one go; otherwise the two halves may be of different files
        # URLError and timeouts are OSErrors; HTTPException: no proper answer; ValueError: no proper address or header
        except (OSError, http.client.HTTPException, ValueError) as error:
            problems.append(error)
            if _size(part) <= before:
                return False
    return False


def _fetch_one(url: str, wanted: Wanted, part: Path, progress: Progress | None) -> None:
    """Complete `part` from this address, and check it. Raises OSError, HTTPException or ValueError; what has arrived stays."""
    if not (part.exists() and _md5(part) == wanted.md5):  # it was complete when the process ended
        with _opened(url, _size(part)) as (answer, done):
            _receive(answer, done, part, wanted.name, progress)
        if _md5(part) != wanted.md5:
            raise _ChecksumError("the checksum is wrong")


@contextlib.contextmanager
def _opened(url: str, have: int) -> Iterator[tuple[Any, int]]:
    """The answer, and after how many bytes it begins: those we have, or 0 where the server does not go on from there."""
    if have:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"})
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                start = _start(answer)
                if start in (0, have):
                    yield answer, start
                    return
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
        yield answer, 0


def _start(answer: Any) -> int | None:
    """Where an answer to a request for a part begins; None when it does not say so."""
    if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0  # it knows no parts and sends everything
    unit, _, rest = answer.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdecimal() else None


def _receive(answer: Any, done: int, part: Path, name: str, progress: Progress | None) -> None:
    length = int(answer.headers.get("Content-Length") or 0)
    total = done + length if length else 0
    with part.open("r+b") if done else part.open("wb") as file:
        file.seek(done)
        while block := answer.read(_CHUNK):
            file.write(block)
            done += len(block)
            if progress:
                progress(Phrase(FETCHING, file=name), done, total)
    if done < total:
        raise _BrokenError(f"the connection broke off after {done} of {total} bytes")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

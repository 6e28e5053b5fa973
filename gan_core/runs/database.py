"""The SQLite file behind the index of runs: opened, checked, and made anew whenever it cannot be trusted."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)
T = TypeVar("T")

SCHEMA = 3  # a table of another version is thrown away
BUSY_SECONDS = 10.0  # another process writes for less than a second
_REOPENINGS = 8  # after so many, something keeps destroying the file

COLUMNS = {
    "id": "TEXT PRIMARY KEY", "deleted": "INTEGER", "stamp": "TEXT", "status": "TEXT", "owner": "TEXT", "created": "TEXT",
    "saved": "TEXT", "name": "TEXT", "name_key": "TEXT", "tags": "TEXT", "tag_keys": "TEXT", "dataset": "TEXT", "pictures": "TEXT", "kind": "TEXT",
    "loss": "TEXT", "penalty": "TEXT", "generator": "TEXT", "discriminator": "TEXT", "batch_size": "INTEGER", "device": "TEXT",
    "step": "INTEGER", "images": "INTEGER", "seconds": "REAL", "progress": "REAL", "seed": "INTEGER", "metrics": "TEXT",
    "best": "TEXT", "parent": "TEXT", "parent_step": "INTEGER", "size": "INTEGER", "problem": "TEXT", "notes": "TEXT",
    "words": "TEXT",
}  # fmt: skip
STORED = ", ".join(f"run.{name}" for name in COLUMNS)

# `run` is a function of the folders alone, so that processes can share it. What only this process knows is in tables of its
# own: `live` counts until the files change (their stamp), `held` are the runs whose lock some process has.
_SHARED = (f"CREATE TABLE run ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())}, crc INTEGER)",
           "CREATE INDEX run_status ON run (status, id, stamp, deleted)", f"PRAGMA user_version = {SCHEMA}")  # fmt: skip
_OWN = ("CREATE TEMP TABLE live (id TEXT PRIMARY KEY, stamp TEXT, status TEXT, step INTEGER, images INTEGER, seconds REAL,"
        " progress REAL, metrics TEXT)", "CREATE TEMP TABLE held (id TEXT PRIMARY KEY)")  # fmt: skip

ERRORS = (sqlite3.Error, UnicodeDecodeError)  # of SQLite; its message may quote what the file has for text


def sealed(values: Sequence[Any]) -> int:
    """A check of a row's values: SQLite itself does not notice when a disk changes them."""
    return zlib.crc32(repr(tuple(values)).encode("utf-8"))


def check_row(values: Sequence[Any], check: Any) -> None:
    if sealed(values) != check:
        raise sqlite3.DatabaseError("a row does not match its check")


def _files(path: Path) -> tuple[Path, ...]:
    """The database, its journal of writes, and the memory that processes share."""
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _identity(path: Path) -> tuple[tuple[int, int] | None, ...]:
    """Which files are there: another one under the same name differs."""
    found: list[tuple[int, int] | None] = []
    for file in _files(path):
        try:
            status = os.stat(file)
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)


def _connect(path: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """A connection with the tables of its own, after `prepare`. Raises ERRORS."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        prepare(connection)
        for statement in _OWN:
            connection.execute(statement)
    except ERRORS:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SHARED:
            connection.execute(statement)


def _verify(connection: sqlite3.Connection) -> None:
    """Raises ERRORS unless the database is whole and of this version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA:
        raise sqlite3.DatabaseError(f"it is of version {version}, and this program writes {SCHEMA}")
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    for *values, check in connection.execute(f"SELECT {STORED}, crc FROM run"):
        check_row(values, check)


def _opened(path: Path, distrusted: tuple[int, int] | None) -> sqlite3.Connection:
    """The database, made anew unless it is whole and another file than `distrusted`. Raises OSError and ERRORS."""
    if _identity(path)[0] not in (None, distrusted):
        try:
            return _connect(str(path), _verify)
        except ERRORS as error:
            log.warning("%s cannot be used (%s): it is made again from the folders", path, error)
    for file in _files(path):
        file.unlink(missing_ok=True)
    return _connect(str(path), _create)


class LostError(Exception):
    """The table is empty: fill it from the folders, then ask again."""


class Database:
    """The SQLite file, for all threads of a process; replaced by an empty one whenever it cannot be trusted, and by one in memory
    where no file can be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.filled = False  # set by who fills it, inside `use`
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._files: tuple[tuple[int, int] | None, ...] = ()  # those behind the connection; none: it is in memory
        self._reopenings = 0

    def use(self, job: Callable[[sqlite3.Connection], T], *, filling: bool = False) -> T:
        """Run `job` alone. Raises LostError when the table has to be filled first, or was damaged and is now an empty one."""
        with self._lock:
            if self._connection is None or (self._files and _identity(self.path) != self._files):
                self._open()
            assert self._connection is not None
            if not (self.filled or filling):
                raise LostError
            try:
                return job(self._connection)
            except (sqlite3.ProgrammingError, sqlite3.InterfaceError):  # a mistake in this module
                raise
            except ERRORS as error:
                if not self._files:
                    raise
                self._open(error)
                raise LostError from error

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._files, self.filled = None, (), False

    def _open(self, error: Exception | None = None) -> None:
        before = self._files
        self._close()
        try:
            if before:
                self._count_reopening(error)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # One process at a time: none removes what another one has just made.
            with FileLock(self.path.with_name(".index.lock"), timeout=BUSY_SECONDS):
                self._connection = _opened(self.path, before[0] if before else None)
                self._files = _identity(self.path)
        except (OSError, Timeout, *ERRORS) as reason:
            log.warning("%s cannot be used (%s): the index of runs is kept in memory", self.path, reason)
            self._connection, self._files = _connect(":memory:", _create), ()

    def _count_reopening(self, error: Exception | None) -> None:
        """Raises ERRORS where another file would not help."""
        self._reopenings += 1
        log.warning("%s was %s", self.path, f"damaged ({error})" if error else "removed or replaced")
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        hopeless = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY)
        if error is not None and code & 0xFF in hopeless and code != sqlite3.SQLITE_READONLY_DBMOVED:
            raise error
        if self._reopenings > _REOPENINGS:
            raise sqlite3.DatabaseError("this has happened too often")

"""An import: a job with progress and cancel that makes a set of files from outside."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.errors import DataError, PlaygroundError
from gan_core.pictures.choices import Choices
from gan_core.pictures.limits import Limits
from gan_core.pictures.making import Making, grey
from gan_core.pictures.members import clean, stem
from gan_core.pictures.reader import Message, Reader
from gan_core.pictures.reasons import Listed, Reason
from gan_core.pictures.store import LONGEST_NAME, PictureSet, PictureSets, titled
from gan_core.pictures.working import Working, disk_error
from gan_core.text import N_

log = logging.getLogger(__name__)

PHASES = {
    "waiting": N_("Waiting for another import to finish"),
    "reading": N_("Reading the pictures"),
    "keeping": N_("Writing the set"),
    "done": N_("Done"),
    "cancelled": N_("Cancelled"),
    "failed": N_("Failed"),
}
NOTHING = N_("Nothing was chosen. Choose pictures, a folder or an archive.")
NO_PICTURE = N_("None of the files could be used as a picture. The list of reasons says why.")
TROUBLE = N_("The import ended by an error of the app ({reason}). Nothing was kept; the server's log says more.")
_ENDS = ("done", "cancelled", "failed")
_AT_ONCE = 2  # imports of a server that read at the same time: the machine is for training
_TURN = threading.BoundedSemaphore(_AT_ONCE)
_LOOK = 0.1  # seconds between two looks whether it was cancelled while it waits
_ENOUGH = 4  # times as many files as pictures are looked at for a preview
_CALLED = 3  # folders and archives that a name is made of
_GLANCE = 30.0  # seconds for a preview


@dataclass(frozen=True)
class Given:
    """A file, an archive or a folder on the disk, and the name that a person knows it by ("cats/1.png" where a folder was dropped)."""

    path: Path
    name: str


def first_name(given: Sequence[Given]) -> str:
    """What a set may be called before anybody says so: as the folders or archives that came, or as a file that came alone."""
    names = list(dict.fromkeys(_called(one, len(given) == 1) for one in given))
    name = ", ".join(names[:_CALLED]) if len(names) <= _CALLED else names[0]
    return name[:LONGEST_NAME].strip(". ,") or "pictures"


def _called(one: Given, alone: bool) -> str:
    """The folder that something lies in, or its own name where it is an archive, a folder or alone; else nothing in particular."""
    name = clean(one.name)
    if one.path.is_dir():
        return name.rsplit("/", 1)[-1]
    if "/" in name:
        return name.split("/")[0]
    if not name or stem(name) != name:
        return stem(name) if name else ""
    return Path(name).stem if alone else "pictures"


@dataclass(frozen=True)
class Progress:
    """phase: of PHASES. share: 0 to 1 of what there is to read. accepted, refused: files so far. seconds: since it began."""

    phase: str
    share: float
    accepted: int
    refused: int
    seconds: float


@dataclass(frozen=True)
class Preview:
    """pictures (n, C, size, size) uint8 and their names; reasons: why others were not taken."""

    pictures: NDArray[np.uint8]
    names: tuple[str, ...]
    reasons: tuple[Reason, ...]


class Import:
    """Makes a set of `given`, on a thread of its own and in a process of its own. The sources are only read; whoever brought them
    removes them. Nothing is left behind by one that fails or is cancelled. Raises ConfigError for a name that cannot be, DataError where
    nothing is given."""

    def __init__(self, sets: PictureSets, given: Sequence[Given], choices: Choices, name: str, owner: str,
                 limits: Limits | None = None) -> None:  # fmt: skip
        if not given:
            raise DataError(NOTHING)
        self._sets, self._choices, self._name, self._owner = sets, choices, titled(name), owner
        self._limits = limits or Limits()
        self._reader = Reader([(one.path, one.name) for one in given], choices, self._limits)
        self._lock = threading.Lock()
        self._ended, self._cancelled = threading.Event(), threading.Event()
        self._phase, self._share, self._accepted = "waiting", 0.0, 0
        self._refused, self._notes = Listed(), Listed()
        self._refused_count, self._looked_at, self._total = 0, 0, 0
        self._began: float | None = None
        self._seconds = 0.0
        self._result: PictureSet | None = None
        self._error: PlaygroundError | None = None
        self._thread = threading.Thread(target=self._run, name="pictures-import", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._began = time.monotonic()
        self._thread.start()

    def cancel(self) -> None:
        """End it soon, without a set; returns at once. Does nothing to one that has ended."""
        self._cancelled.set()
        self._reader.stop()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end; whether it has ended."""
        return self._ended.wait(seconds)

    @property
    def progress(self) -> Progress:
        """How far it is; may be asked at any time from any thread."""
        with self._lock:
            seconds = self._seconds
            if self._began is not None and self._phase not in _ENDS:
                seconds = time.monotonic() - self._began
            return Progress(self._phase, self._share, self._accepted, self._refused_count, seconds)

    @property
    def has_ended(self) -> bool:
        """Done, cancelled or failed."""
        return self._ended.is_set()

    @property
    def result(self) -> PictureSet | None:
        """The set, once it is done."""
        return self._result

    @property
    def error(self) -> PlaygroundError | None:
        """Why it failed."""
        return self._error

    @property
    def refused(self) -> tuple[Reason, ...]:
        """Why files were not taken, so far."""
        with self._lock:
            return self._refused.reasons()

    @property
    def notes(self) -> tuple[Reason, ...]:
        """What was changed about pictures that were taken, so far."""
        with self._lock:
            return self._notes.reasons()

    # ── on its thread ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        end = "failed"
        try:
            while not _TURN.acquire(timeout=_LOOK):
                if self._cancelled.is_set():
                    break
            else:
                try:
                    self._result = self._make()
                finally:
                    _TURN.release()
            end = "cancelled" if self._result is None else "done"
        except PlaygroundError as error:
            self._error = error
        except OSError as error:
            log.warning("An import of pictures failed.", exc_info=True)
            self._error = disk_error(error)
        except Exception as error:  # a person waits for the end of this thread, whatever it is
            log.exception("An import of pictures failed.")
            self._error = DataError(TROUBLE, reason=type(error).__name__)
        finally:
            with self._lock:
                self._phase = end
                self._seconds = time.monotonic() - (self._began or time.monotonic())
            self._ended.set()

    def _make(self) -> PictureSet | None:
        """None where it was cancelled. Raises PlaygroundError and OSError."""
        self._sets.check_room(self._owner, self._limits)
        self._enter("reading")
        working = Working(self._sets.root)
        try:
            folder = working.path / "set"
            folder.mkdir()
            making = Making(folder, self._choices)
            try:
                until = time.monotonic() + 60 * self._limits.minutes
                with closing(self._reader.messages()) as messages:
                    for message in messages:
                        self._total = message.said.get("total", self._total)
                        if message.said["is"] == "at" and len(making.pictures) >= self._limits.pictures:
                            self._refuse("over", message.said["name"], self._unread)
                            break
                        self._take(message, making)
                        if time.monotonic() > until and message.said["is"] not in ("at", "end") and self._unread:
                            self._refuse("late", "", self._unread)
                            break
            finally:
                making.close()
            if self._cancelled.is_set():
                return None
            self._enter("keeping")
            if not making.pictures:
                raise DataError(NO_PICTURE)
            try:
                set_id = making.finish()
            finally:
                for code, name in making.left:
                    self._refuse(code, name)
                with self._lock:
                    self._accepted -= len(making.left)
            if self._cancelled.is_set():
                return None
            return self._sets.keep(folder, set_id, self._owner, self._name, self.refused, self.notes, self._limits)
        finally:
            working.remove()

    def _take(self, message: Message, making: Making) -> None:
        said = message.said
        if "share" in said:
            with self._lock:
                self._share = max(self._share, float(said["share"]))
        if said["is"] == "at":
            self._looked_at += 1
        elif said["is"] == "refused":
            self._refuse(said["code"], said["name"], said["count"])
        elif said["is"] == "picture":
            if not making.add(message.pixels, said["name"], is_grey=said["grey"]):
                self._refuse("duplicate", said["name"])
                return
            with self._lock:
                self._accepted += 1
                for note in said["notes"]:
                    self._notes.add(note, said["name"])

    @property
    def _unread(self) -> int:
        """How many files are still to come; 1 where nobody knows (a TAR)."""
        return self._total - self._looked_at if self._total else 1

    def _refuse(self, code: str, name: str, count: int = 1) -> None:
        with self._lock:
            self._refused.add(code, name, count)
            self._refused_count += count

    def _enter(self, phase: str) -> None:
        with self._lock:
            self._phase = phase


def preview(given: Sequence[Given], choices: Choices, limits: Limits | None = None, count: int = 12) -> Preview:
    """The first few pictures (of archives and folders: some of all), as the choices make them; takes about a second. Raises DataError."""
    if not given:
        raise DataError(NOTHING)
    channels = 1 if choices.colour == "grey" else 3
    shape = (choices.size, choices.size, channels)
    pictures: list[NDArray[np.uint8]] = []
    names: list[str] = []
    refused, all_grey, seen = Listed(), choices.colour == "auto", 0
    reader = Reader([(one.path, one.name) for one in given], choices, limits or Limits(), spread=True)
    until = time.monotonic() + _GLANCE
    with closing(reader.messages()) as messages:
        for message in messages:
            said = message.said
            if time.monotonic() > until:
                break
            if said["is"] == "at":
                seen += 1
                if seen > _ENOUGH * count:
                    break
            elif said["is"] == "refused":
                refused.add(said["code"], said["name"], said["count"])
            elif said["is"] == "picture":
                pictures.append(np.frombuffer(message.pixels, np.uint8).reshape(shape).transpose(2, 0, 1))
                names.append(said["name"])
                all_grey &= said["grey"]
                if len(pictures) >= count:
                    break
    if all_grey and channels == 3:
        pictures = [grey(picture.transpose(1, 2, 0)).transpose(2, 0, 1) for picture in pictures]
        channels = 1
    stacked = np.stack(pictures) if pictures else np.zeros((0, channels, choices.size, choices.size), np.uint8)
    return Preview(stacked, tuple(names), refused.reasons())

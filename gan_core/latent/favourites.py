"""favourites.json in a run's folder: places in its latent space that somebody keeps, with how they were looked at and at which step.

{"version": 1, "favourites": [{"id": "9f…", "name": "A seven", "at": "<base64>", "look": {"psi": 0.7}, "step": 1200, "created": "2026-…"}]}
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gan_core.errors import ConfigError, PlaygroundError, RunError, named, reason_of
from gan_core.latent import reading
from gan_core.runs import atomic
from gan_core.text import N_

log = logging.getLogger(__name__)

FILE = "favourites.json"
VERSION = 1
MOST = 500
LONGEST_NAME = 80
LARGEST_STEP = 10**15
_LONGEST_AT = 65_536  # characters: more than any generator here has
_LONGEST_LOOK = 16_384
_LARGEST_FILE = 64 * 2**20
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_DIGITS = frozenset("0123456789abcdef")
_LATER = N_("The favourites of this run were kept by another version of GAN Playground ({version}). Open them there.")
_GONE = N_("There is no such favourite any more: it was removed meanwhile.")
_lock = threading.Lock()  # of all files of the process: what is written was read a moment before


@dataclass(frozen=True)
class Favourite:
    """at: the latent as `reading.floats` reads it; look: as `look_of` reads it; step: of the generator that it was kept with; created: ISO 8601,
    UTC."""

    id: str
    name: str
    at: str
    look: Mapping[str, Any]
    step: int
    created: str

    def as_json(self) -> dict[str, Any]:
        """What `favourite` reads."""
        return {"id": self.id, "name": self.name, "at": self.at, "look": dict(self.look), "step": self.step, "created": self.created}  # fmt: skip

    def shows_same(self, other: Favourite) -> bool:
        """Whether both are the same picture."""
        return (self.at, self.step, dict(self.look)) == (other.at, other.step, dict(other.look))


@dataclass(frozen=True)
class Kept:
    """The favourites, the earliest first, and how many more are in the file but cannot be read."""

    favourites: tuple[Favourite, ...]
    damaged: int = 0


def favourite(said: object, step: int | None = None) -> Favourite:
    """One from JSON. step: where none is said. It is made now where no time is said. Raises ConfigError for whatever it cannot be; whether the
    latent fits a generator is asked elsewhere."""
    found = reading.as_object(said, "favourite")
    at = reading.text(found, "at", _LONGEST_AT)
    if len(at) < 4 or not _LETTERS.issuperset(at):
        raise ConfigError(N_("This favourite has no latent that could be read. Keep it again."))
    return Favourite(
        _id(found), name_of(found), at, look_in(found), reading.whole(found, "step", 0, LARGEST_STEP, step), _created(found)
    )  # fmt: skip


def name_of(said: Mapping[str, Any]) -> str:
    """The name in it, in one line. Raises ConfigError for one that is empty or too long."""
    name = " ".join("".join(c if c.isprintable() else " " for c in reading.text(said, "name", 400)).split())
    if not name or len(name) > LONGEST_NAME:
        raise ConfigError(N_("A favourite needs a name of 1 to {most} characters."), most=LONGEST_NAME)
    return name


def look_in(said: Mapping[str, Any]) -> dict[str, Any]:
    """How it is looked at, {} where nothing is said. Raises ConfigError."""
    look = dict(reading.as_object(said.get("look", {}), "look"))
    try:
        size = len(json.dumps(look, allow_nan=False))
    except (ValueError, RecursionError):
        size = _LONGEST_LOOK + 1
    if size > _LONGEST_LOOK:
        raise ConfigError(N_("How this favourite is looked at cannot be read. Keep it again."))
    return look


def _id(said: Mapping[str, Any]) -> str:
    known = said.get("id", "")
    if isinstance(known, str) and len(known) == 12 and _DIGITS.issuperset(known):
        return known
    return secrets.token_hex(6)


def _created(said: Mapping[str, Any]) -> str:
    if "created" not in said:
        return datetime.now(UTC).isoformat(timespec="microseconds")
    try:
        return (
            datetime.fromisoformat(reading.text(said, "created", 40)).astimezone(UTC).isoformat(timespec="microseconds")
        )
    except (ValueError, OverflowError):
        raise ConfigError(N_("The time at which this favourite was kept cannot be read. Keep it again.")) from None


class FavouriteFile:
    """The file in a run's folder. Any thread may write; it is whole or as it was."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> Kept:
        """What is kept; nothing where there is no file. A file that cannot be read at all counts as one damaged favourite. Raises RunError
        for a file of a later version."""
        try:
            if self.path.stat().st_size > _LARGEST_FILE:
                return Kept((), 1)
            said = json.loads(self.path.read_text(encoding="utf-8"))
            entries = said["favourites"]
            version = said["version"]
            if type(version) is not int or not isinstance(entries, list):
                raise ValueError("no favourites")
        except FileNotFoundError:
            return Kept(())
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            log.warning("%s cannot be read: %s", self.path, error)
            return Kept((), 1)
        if version > VERSION:
            raise RunError(_LATER, version=version)
        found: dict[str, Favourite] = {}
        for entry in entries[:MOST]:
            try:
                one = favourite(entry)
                found[one.id] = one
            except PlaygroundError as error:
                log.warning("%s: %s", self.path, error)
        return Kept(tuple(sorted(found.values(), key=_when)), len(entries) - len(found))

    def add(self, new: Sequence[Favourite], hold: Callable[[], object] = lambda: None) -> Kept:
        """Keep these too; one that shows the same as another is not kept twice. `hold` is called once they are in the file; they are taken out of it
        again if it raises. Raises RunError where there are too many, the run is gone, or the disk refuses."""

        def change(there: dict[str, Favourite]) -> None:
            for one in new:
                if any(one.shows_same(other) for other in there.values()):
                    continue
                while one.id in there:
                    one = replace(one, id=secrets.token_hex(6))
                there[one.id] = one
            if len(there) > MOST:
                raise RunError(
                    N_("A run can keep {most} favourites. Save some as a file and remove them first."), most=MOST
                )

        return self._change(change, hold)

    def rename(self, id: str, name: str) -> Kept:
        """Give one another name. Raises RunError where it is not there, and as `add`."""

        def change(there: dict[str, Favourite]) -> None:
            if id not in there:
                raise RunError(_GONE)
            there[id] = replace(there[id], name=name)

        return self._change(change)

    def forget(self, id: str) -> Kept:
        """Remove one, if it is there. Raises RunError as `add`."""
        return self._change(lambda there: there.pop(id, None))

    def _change(
        self, change: Callable[[dict[str, Favourite]], object], then: Callable[[], object] = lambda: None
    ) -> Kept:
        with _lock:
            kept = self.read()
            there = {one.id: one for one in kept.favourites}
            change(there)
            after = sorted(there.values(), key=_when)
            try:
                if kept.damaged:  # somebody may still be able to read more of it
                    self.path.replace(self.path.with_name(f".aside-{secrets.token_hex(3)}-{FILE}"))
                self._write(after)
                try:
                    then()
                except BaseException:
                    self._write(kept.favourites)
                    raise
            except FileNotFoundError:
                raise RunError(
                    N_("This run was deleted: nothing can be kept with it any more. Save what you need as a file.")
                ) from None
            except OSError as error:
                raise RunError(N_("{path} cannot be written: {reason}. Make room or choose a folder that you may write to."),
                               path=named(self.path), reason=reason_of(error)) from None  # fmt: skip
        return Kept(tuple(after))

    def _write(self, favourites: Sequence[Favourite]) -> None:
        said = {"version": VERSION, "favourites": [one.as_json() for one in favourites]}
        atomic.write_text(self.path, json.dumps(said, ensure_ascii=False, indent=1))


def _when(one: Favourite) -> str:
    return one.created  # those of one moment stay in the order in which they were kept

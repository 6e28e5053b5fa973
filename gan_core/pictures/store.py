"""The sets of pictures that are kept in a data folder, by owner.

DATA/pictures/ID/pictures.npy   (N, C, S, S) uint8, those to train on before those held out; never changed
DATA/pictures/ID/labels.npy     (N,) int64, where folders were classes
DATA/pictures/ID/set.json       counts and classes
DATA/pictures/ID/owners/DIGEST.json   of each owner: what they call it, since when, and what their import said
DATA/pictures/.new-…            one that is being made
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gan_core.errors import ConfigError, DataError
from gan_core.pictures.limits import FEWEST, Limits
from gan_core.pictures.naming import FOLDER, is_of_two, shape_of
from gan_core.pictures.reasons import LONGEST, NAMED, NOTES, REASONS, Reason
from gan_core.pictures.working import Working, alone, disk_error, sweep
from gan_core.runs import atomic
from gan_core.text import N_

__all__ = ["COMMAND_LINE", "LONGEST_NAME", "Damaged", "PictureSet", "PictureSets", "sweep", "titled"]

log = logging.getLogger(__name__)

LONGEST_NAME = 80
COMMAND_LINE = ""  # the owner of what no browser made
_LARGEST_FILE = 1 << 22  # bytes of a JSON file: more than any is that was written here
_NPY_HEADER = 4096  # characters at most
NO_SET = N_("There is no such set of pictures any more: it was deleted meanwhile.")
TOO_MANY = N_("You keep {count} sets of pictures, and {most} are allowed. Delete one of them first.")
NO_ROOM = N_(
    "The sets of pictures on this server take {used} GB, and {most} GB are allowed. Delete sets that are not needed any more."
)
UNNAMED = N_("A set of pictures needs a name of 1 to {most} characters. Choose one.")


@dataclass(frozen=True)
class PictureSet:
    """id: the value of the setting data.pictures: it says the shape and is a digest of the content, so that the same files with the same
    choices have the same id everywhere. count: of all pictures; held_out: how many of them are for the metrics. classes: names of the
    folders, () for none. bytes: on the disk. created: ISO time. refused, notes: what the import said."""

    id: str
    name: str
    owner: str
    created: str
    count: int
    held_out: int
    channels: int
    size: int
    classes: tuple[str, ...]
    bytes: int
    refused: tuple[Reason, ...]
    notes: tuple[Reason, ...]

    @property
    def paired(self) -> bool:
        """Whether its pictures are in two kinds, and each has a partner of the other kind."""
        shape = shape_of(self.id)
        return shape is not None and shape.paired

    @property
    def translates(self) -> bool:
        """Whether it can be translated: from one of two folders to the other."""
        return is_of_two(self.id)


@dataclass(frozen=True)
class Damaged:
    """A set whose files are not what was written. name: as its owner calls it, or the beginning of its id where that is lost, too."""

    id: str
    name: str


def titled(asked: str) -> str:
    """A name of a set as it is kept: in one line, without spaces around it. Raises ConfigError for an empty or a long one."""
    name = " ".join("".join(c if c.isprintable() else " " for c in asked).split())
    if not name or len(name) > LONGEST_NAME:
        raise ConfigError(UNNAMED, most=LONGEST_NAME)
    return name


class PictureSets:
    """The sets of a data folder. Any number of objects and processes may work on one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, owner: str) -> list[PictureSet]:
        """Those of an owner, the newest first; without those that are damaged."""
        found = [one for one in self._of(owner) if isinstance(one, PictureSet)]
        return sorted(found, key=lambda one: (one.created, one.id), reverse=True)

    def every(self) -> list[PictureSet]:
        """Those of all owners, the newest first, each as its first owner calls it; without those that are damaged."""
        found = [one for set_id in self._ids() if (one := self.get(set_id)) is not None]
        return sorted(found, key=lambda one: (one.created, one.id), reverse=True)

    def ids_of_damaged(self) -> list[str]:
        """Sets that nobody can use any more."""
        return [set_id for set_id in self._ids() if self.get(set_id) is None]

    def damaged(self, owner: str) -> list[Damaged]:
        """Sets of an owner that cannot be used any more: they can be removed, and imported again."""
        return sorted((one for one in self._of(owner) if isinstance(one, Damaged)), key=lambda one: one.name)

    def get(self, set_id: str, owner: str | None = None) -> PictureSet | None:
        """One of them, as `owner` calls it, or as the first who has it does; None where there is none, or it is damaged."""
        if shape_of(set_id) is None:
            return None
        if owner is not None:
            files = [self._owner_file(set_id, owner)]
        else:
            files = sorted(self._owner_file(set_id, "").parent.glob("*.json"))
        found = [self._read(set_id, file) for file in files if file.is_file()]
        whole = [one for one in found if isinstance(one, PictureSet)]
        return min(whole, key=lambda one: one.created, default=None)

    def owners(self, set_id: str) -> list[str]:
        """Who has a set, as far as it can be read; [] where there is none."""
        if shape_of(set_id) is None:
            return []
        said = [_json(file) for file in sorted(self._owner_file(set_id, "").parent.glob("*.json"))]
        return [str(one["owner"]) for one in said if one is not None and "owner" in one]

    def class_counts(self, made: PictureSet) -> tuple[int, ...]:
        """How many pictures each of `made.classes` has, in their order; () where there are no classes. Raises DataError."""
        if not made.classes:
            return ()
        return tuple(np.bincount(self._labels(made), minlength=len(made.classes)).tolist())

    def _labels(self, made: PictureSet) -> NDArray[np.int64]:
        try:
            labels: NDArray[np.int64] = np.load(self.root / FOLDER / made.id / "labels.npy", allow_pickle=False)
        except (OSError, ValueError):
            raise DataError(NO_SET) from None
        return labels

    def learned(self, made: PictureSet) -> tuple[int, ...]:
        """How many pictures of each class there are to learn from, of all where there are no classes. Raises DataError."""
        if not made.classes:
            return (made.count - made.held_out,)
        return tuple(
            np.bincount(self._labels(made)[: made.count - made.held_out], minlength=len(made.classes)).tolist()
        )

    def rename(self, set_id: str, owner: str, name: str) -> PictureSet:
        """Call it something else. Raises DataError where this owner has no such set, ConfigError for an empty name."""
        name = titled(name)
        with self._alone():
            known = self.get(set_id, owner)
            if known is None:
                raise DataError(NO_SET)
            self._own(known.id, owner, name, known.created, known.refused, known.notes)
            changed = self.get(set_id, owner)
        if changed is None:
            raise DataError(NO_SET)
        return changed

    def remove(self, set_id: str, owner: str) -> None:
        """Take it from an owner; with its last owner it is deleted. A run that learns it goes on. Raises DataError."""
        with self._alone():
            if shape_of(set_id) is None or not self._owner_file(set_id, owner).is_file():
                raise DataError(NO_SET)
            folder = self.root / FOLDER / set_id
            if any(file != self._owner_file(set_id, owner) for file in (folder / "owners").glob("*.json")):
                self._owner_file(set_id, owner).unlink()
                return
            self._delete(folder)

    def delete(self, set_id: str) -> None:
        """Take it from everybody. Raises DataError."""
        with self._alone():
            if set_id not in self._ids():
                raise DataError(NO_SET)
            self._delete(self.root / FOLDER / set_id)

    def check_room(self, owner: str, limits: Limits) -> None:
        """Raises DataError where this owner, or this data folder, cannot keep another set."""
        count = sum(1 for _ in self._of(owner))
        if count >= limits.sets:
            raise DataError(TOO_MANY, count=count, most=limits.sets)
        used = sum(_bytes(self.root / FOLDER / set_id) for set_id in self._ids())
        if used >= limits.kept:
            raise DataError(NO_ROOM, used=f"{used / 1e9:.3g}", most=f"{limits.kept / 1e9:.3g}")

    def keep(
        self, folder: Path, set_id: str, owner: str, name: str, refused: Sequence[Reason], notes: Sequence[Reason], limits: Limits
    ) -> PictureSet:  # fmt: skip
        """Put what `Making` wrote into `folder` in its place. The same set, if it is there already, gets one owner more. Raises
        DataError."""
        with self._alone():
            place = self.root / FOLDER / set_id
            if not self._owner_file(set_id, owner).is_file():
                self.check_room(owner, limits)
            created = datetime.now(UTC).isoformat(timespec="milliseconds")
            if place.is_dir():
                if _content(place, set_id) is None:  # damaged: its owners get it back
                    shutil.copytree(place / "owners", folder / "owners", dirs_exist_ok=True)
                    self._delete(place)
                    folder.rename(place)
                self._own(set_id, owner, name, created, refused, notes)
            else:
                self._own(set_id, owner, name, created, refused, notes, folder)
                folder.rename(place)
            kept = self.get(set_id, owner)
        if kept is None:
            raise DataError(NO_SET)
        return kept

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with alone(self.root):
                yield
        except OSError as error:
            raise disk_error(error) from None

    def _ids(self) -> list[str]:
        with contextlib.suppress(OSError):
            return sorted(path.name for path in (self.root / FOLDER).iterdir() if shape_of(path.name))
        return []

    def _owner_file(self, set_id: str, owner: str) -> Path:
        return self.root / FOLDER / set_id / "owners" / _file_of(owner)

    def _of(self, owner: str) -> Iterator[PictureSet | Damaged]:
        for set_id in self._ids():
            file = self._owner_file(set_id, owner)
            if file.is_file():
                yield self._read(set_id, file)

    def _read(self, set_id: str, file: Path) -> PictureSet | Damaged:
        said = _json(file)
        about = None if said is None else _owned(said)
        content = _content(self.root / FOLDER / set_id, set_id)
        if about is None or content is None:
            log.warning("The set of pictures %s is damaged.", set_id)
            return Damaged(set_id, about["name"] if about else set_id[:8])
        return PictureSet(id=set_id, bytes=_bytes(self.root / FOLDER / set_id), **about, **content)

    def _own(
        self, set_id: str, owner: str, name: str, created: str, refused: Sequence[Reason], notes: Sequence[Reason],
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        """Raises OSError."""
        said = {"owner": owner, "name": name, "created": created}
        text = json.dumps(
            said | {"refused": [asdict(r) for r in refused], "notes": [asdict(r) for r in notes]}, ensure_ascii=False
        )
        file = (folder or self.root / FOLDER / set_id) / "owners" / _file_of(owner)
        file.parent.mkdir(exist_ok=True)
        atomic.write_text(file, text)

    def _delete(self, folder: Path) -> None:
        """In one step for whoever looks."""
        working = Working(self.root)
        try:
            folder.rename(working.path / "gone")
        finally:
            working.remove()


def _file_of(owner: str) -> str:
    return f"{hashlib.sha256(owner.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def _bytes(folder: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return total


def _json(path: Path) -> dict[str, Any] | None:
    """None for what is no object in JSON."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _is_array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> bool:
    """Whether a file has the header of such an array, and as many bytes behind it."""
    try:
        with path.open("rb") as file:
            if npy.read_magic(file) != (1, 0):
                return False
            found = npy.read_array_header_1_0(file, max_header_size=_NPY_HEADER)
            length = os.fstat(file.fileno()).st_size - file.tell()
    except (OSError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False
    return found == (shape, False, dtype) and length == math.prod(shape) * dtype.itemsize


def _content(folder: Path, set_id: str) -> dict[str, Any] | None:
    """What set.json says, where it goes with the id and with the files; else None."""
    said, shape = _json(folder / "set.json"), shape_of(set_id)
    if said is None or shape is None:
        return None
    numbers = [said.get(key) for key in ("count", "held_out", "channels", "size")]
    classes = said.get("classes")
    if not all(type(number) is int for number in numbers) or not isinstance(classes, list):
        return None
    count, held_out, channels, size = (int(number) for number in numbers if number is not None)
    if (channels, size, len(classes)) != (shape.channels, shape.size, shape.classes):
        return None
    if not (count >= FEWEST and 0 < held_out < count) or not all(isinstance(name, str) for name in classes):
        return None
    is_whole = _is_array(folder / "pictures.npy", np.dtype(np.uint8), (count, channels, size, size))
    if not is_whole or (classes and not _is_array(folder / "labels.npy", np.dtype(np.int64), (count,))):
        return None
    return {"count": count, "held_out": held_out, "channels": channels, "size": size, "classes": tuple(classes)}


def is_content(folder: Path, set_id: str) -> bool:
    """Whether the files in a folder from elsewhere are those of which the id is a digest (`making`)."""
    content, shape = _content(folder, set_id), shape_of(set_id)
    if content is None or shape is None:
        return False
    digest, said = hashlib.sha256(), {"held_out": content["held_out"], "classes": list(content["classes"])}
    with (folder / "pictures.npy").open("rb") as file:
        npy.read_magic(file)
        npy.read_array_header_1_0(file, max_header_size=_NPY_HEADER)
        while piece := file.read(1 << 20):
            digest.update(piece)
    if shape.classes:
        labels = np.load(folder / "labels.npy", allow_pickle=False)
        if labels.min() < 0 or labels.max() >= shape.classes:
            return False
        digest.update(labels.astype("<i8").tobytes())
    digest.update(json.dumps(said).encode())
    return shape.name(digest.hexdigest()) == set_id and all(name.isprintable() for name in said["classes"])


def _owned(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of an owner's file; None where they are not what was written."""
    about = {key: said.get(key) for key in ("owner", "name", "created")}
    refused, notes = _reasons(said.get("refused"), REASONS), _reasons(said.get("notes"), NOTES)
    if refused is None or notes is None or not all(isinstance(value, str) for value in about.values()):
        return None
    try:
        datetime.fromisoformat(str(about["created"]))
        about["name"] = titled(str(about["name"]))
    except (ValueError, ConfigError):
        return None
    return about | {"refused": refused, "notes": notes}


def _reasons(said: object, known: Mapping[str, str]) -> tuple[Reason, ...] | None:
    if not isinstance(said, list):
        return None
    found = []
    for one in said:
        if not isinstance(one, dict) or str(one.get("code")) not in known or type(one.get("count")) is not int:
            return None
        names = one.get("names")
        if (
            not isinstance(names, list)
            or len(names) > NAMED
            or not all(isinstance(n, str) and len(n) <= LONGEST for n in names)
        ):
            return None
        found.append(Reason(str(one["code"]), one["count"], tuple(names)))
    return tuple(found)

"""The sets of pictures that are kept in a data folder, by owner.

DATA/pictures/ID/pictures.npy   (N, C, S, S) uint8, those to train on before those held out; never changed
DATA/pictures/ID/labels.npy     (N,) int64, where folders were classes
DATA/pictures/ID/set.json       counts, classes and names of files
DATA/pictures/ID/owners/OWNER.json   what an owner calls it, and since when
DATA/pictures/.new-…            one that is being made
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gan_core.pictures.limits import Limits
from gan_core.pictures.reasons import Reason


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


class PictureSets:
    """The sets of a data folder. Any number of objects and processes may work on one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, owner: str) -> list[PictureSet]:
        """Those of an owner, the newest first."""
        raise NotImplementedError

    def get(self, set_id: str, owner: str | None = None) -> PictureSet | None:
        """One of them, as `owner` calls it, or as anybody does; None where there is none."""
        raise NotImplementedError

    def rename(self, set_id: str, owner: str, name: str) -> PictureSet:
        """Call it something else. Raises DataError where this owner has no such set, ConfigError for an empty name."""
        raise NotImplementedError

    def remove(self, set_id: str, owner: str) -> None:
        """Take it from an owner; with its last owner it is deleted. A run that learns it goes on. Raises DataError."""
        raise NotImplementedError

    def check_room(self, owner: str, limits: Limits) -> None:
        """Raises DataError where this owner, or this data folder, cannot keep another set."""
        raise NotImplementedError


def sweep(root: Path) -> None:
    """Remove what a process left in a data folder that was killed in the middle of an import or an upload."""
    raise NotImplementedError

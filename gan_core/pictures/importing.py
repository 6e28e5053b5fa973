"""An import: a job with progress and cancel that makes a set of files from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.errors import PlaygroundError
from gan_core.pictures.choices import Choices
from gan_core.pictures.limits import Limits
from gan_core.pictures.reasons import Reason
from gan_core.pictures.store import PictureSet, PictureSets
from gan_core.text import N_

PHASES = {
    "waiting": N_("Waiting for another import to finish"),
    "reading": N_("Reading the pictures"),
    "keeping": N_("Writing the set"),
    "done": N_("Done"),
    "cancelled": N_("Cancelled"),
    "failed": N_("Failed"),
}


@dataclass(frozen=True)
class Given:
    """A file, an archive or a folder on the disk, and the name that a person knows it by ("cats/1.png" where a folder was dropped)."""

    path: Path
    name: str


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
    removes them. Nothing is left behind by one that fails or is cancelled."""

    def __init__(self, sets: PictureSets, given: Sequence[Given], choices: Choices, name: str, owner: str,
                 limits: Limits | None = None) -> None:  # fmt: skip
        raise NotImplementedError

    def start(self) -> None:
        """Begin; returns at once."""
        raise NotImplementedError

    def cancel(self) -> None:
        """End it soon, without a set; returns at once. Does nothing to one that has ended."""
        raise NotImplementedError

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end; whether it has ended."""
        raise NotImplementedError

    @property
    def progress(self) -> Progress:
        """How far it is; may be asked at any time from any thread."""
        raise NotImplementedError

    @property
    def has_ended(self) -> bool:
        """Done, cancelled or failed."""
        raise NotImplementedError

    @property
    def result(self) -> PictureSet | None:
        """The set, once it is done."""
        raise NotImplementedError

    @property
    def error(self) -> PlaygroundError | None:
        """Why it failed."""
        raise NotImplementedError

    @property
    def refused(self) -> tuple[Reason, ...]:
        """Why files were not taken, so far."""
        raise NotImplementedError

    @property
    def notes(self) -> tuple[Reason, ...]:
        """What was changed about pictures that were taken, so far."""
        raise NotImplementedError


def preview(given: Sequence[Given], choices: Choices, limits: Limits | None = None, count: int = 12) -> Preview:
    """The first few pictures (of archives and folders: some of all), as the choices make them; takes about a second. Raises DataError."""
    raise NotImplementedError

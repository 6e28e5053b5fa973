"""latent.json: the directions that somebody has named and saved with a run.

{"version": 1, "directions": [{"id": "3f9c01ab", "title": "Smile", "space": "z", "vector": "<base64>", "sigma": 1.0,
                               "step": 1200, "how": "marks", "accuracy": 0.93}]}
"""

from __future__ import annotations

import json
import logging
import math
import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_core.errors import CheckpointError, ConfigError, PlaygroundError, RunError, named, reason_of
from gan_core.latent import reading
from gan_core.runs import atomic
from gan_core.text import N_

log = logging.getLogger(__name__)

VERSION = 1
MOST = 200  # directions of a run
LONGEST = 60  # characters of a title
HOWS = ("axes", "ganspace", "sefa", "pictures", "chance", "class", "d", "factor", "marks")
PREFIX = "saved."  # of the name by which places are moved along one
_BYTES = 8 << 20  # of a file: 200 of the longest directions are less
_MOST_COORDINATES = 4096
_ID = re.compile(r"[0-9a-f]{8}")
_HAND = threading.Lock()  # between reading the file and writing it
GONE = N_("The run in {path} is gone: it was deleted or moved meanwhile.")
_DAMAGED = N_("{path} does not hold saved directions ({reason}). The run itself is whole: delete this file to save new ones.")  # fmt: skip


@dataclass(frozen=True)
class KeptDirection:
    """title: what somebody called it; vector (dim,) or (inputs,) float32 of length 1 in `space`, "z" or "w"; sigma: a step of 1 on a slider;
    step: of the generator in which it was found, by `how`; accuracy: held-out, where it was learned from examples; id: eight hexadecimal
    digits."""

    title: str
    space: str
    vector: Tensor
    sigma: float
    step: int
    how: str
    accuracy: float | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def name(self) -> str:
        """By which places are moved along it."""
        return PREFIX + self.id

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"id": self.id, "title": self.title, "space": self.space, "vector": reading.as_base64(self.vector), "sigma": self.sigma,
                "step": self.step, "how": self.how, "accuracy": self.accuracy}  # fmt: skip


def titled(asked: str) -> str:
    """A title as it is kept: without spaces around it and runs of them within. Raises ConfigError for an empty, a long or an unprintable
    one."""
    title = " ".join(asked.split())
    if not title or len(title) > LONGEST or not title.isprintable():
        raise ConfigError(N_("A direction needs a name of 1 to {most} characters. Choose one."), most=LONGEST)
    return title


class KeptDirections:
    """The file with them. Any thread may write, any process may read; it is whole or not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[tuple[int, int, int], list[KeptDirection]] | None = None  # the file as it was last read

    def read(self) -> list[KeptDirection]:
        """All of them, in the order in which they were saved. Raises CheckpointError for a file that is damaged or of a later version."""
        try:
            about = self.path.stat()
            key = (about.st_mtime_ns, about.st_size, about.st_ino)
            seen = self._seen
            if seen is None or seen[0] != key:  # it is asked for at each move of a hand
                if about.st_size > _BYTES:
                    raise ValueError("too large")
                seen = self._seen = (key, _checked(json.loads(self.path.read_text(encoding="utf-8"))))
            return list(seen[1])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, LookupError, TypeError, RecursionError, PlaygroundError) as error:
            log.warning("%s cannot be read: %s", self.path, error)
            reason = error.strerror or "" if isinstance(error, OSError) else type(error).__name__
            raise CheckpointError(_DAMAGED, path=named(self.path), reason=reason) from None

    def find(self, id: str) -> KeptDirection | None:
        """The one of this id, if there is one. Raises CheckpointError."""
        return next((one for one in self.read() if one.id == id), None)

    def add(self, new: KeptDirection) -> None:
        """Save one more. Raises ConfigError where there are too many or one is called so already, CheckpointError as `read`, RunError where
        the run is gone or the disk refuses."""
        with _HAND:
            known = self.read()
            if len(known) >= MOST:
                raise ConfigError(
                    N_("{most} directions are saved with this run already. Delete one of them first."), most=MOST
                )
            if any(one.title.casefold() == new.title.casefold() for one in known):
                raise ConfigError(
                    N_("A direction called {name} is saved already. Choose another name."), name=new.title
                )
            self._write([*known, new])

    def remove(self, id: str) -> None:
        """Delete the one of this id; nothing happens where there is none. Raises CheckpointError, RunError."""
        with _HAND:
            known = self.read()
            left = [one for one in known if one.id != id]
            if len(left) < len(known):
                self._write(left)

    def forget(self) -> None:
        """The run begins anew, with a generator in which they mean nothing."""
        self.path.unlink(missing_ok=True)

    def share_with(self, other: KeptDirections, step: int) -> None:
        """Give another run those of the generators up to `step`, where it branches off. A file that cannot be read is left behind. Raises
        RunError."""
        try:
            known = [one for one in self.read() if one.step <= step]
        except CheckpointError:
            return
        if known:
            other._write(known)

    def _write(self, directions: list[KeptDirection]) -> None:
        said = {"version": VERSION, "directions": [one.as_json() for one in directions]}
        try:
            atomic.write_text(self.path, json.dumps(said, ensure_ascii=False, allow_nan=False))
        except FileNotFoundError:
            raise RunError(GONE, path=self.path.parent.name) from None
        except OSError as error:
            raise RunError(N_("{path} cannot be written: {reason}."), path=named(self.path), reason=reason_of(error)) from None  # fmt: skip


def _checked(said: Any) -> list[KeptDirection]:
    """A file as it was written. Raises ValueError, LookupError, TypeError or ConfigError for anything else."""
    if said["version"] != VERSION:
        raise ValueError("another version")
    found = [_direction(one) for one in reading.items(said, "directions", 0, MOST)]
    if len({one.id for one in found}) < len(found):
        raise ValueError("two of one id")
    return found


def _direction(said: Any) -> KeptDirection:
    one = reading.as_object(said, "direction")
    id = reading.text(one, "id", 8)
    coordinates = len(reading.text(one, "vector", 6 * _MOST_COORDINATES)) * 3 // 16  # of base64 without padding
    vector = reading.floats(one, "vector", [coordinates], 1.001)
    accuracy = None if one["accuracy"] is None else reading.number(one, "accuracy", 0, 1)
    if not _ID.fullmatch(id) or not math.isclose(float(vector.double().norm()), 1, abs_tol=1e-3):
        raise ValueError("no direction")
    return KeptDirection(
        titled(reading.text(one, "title", LONGEST)), reading.choice(one, "space", ("z", "w")), vector / vector.norm().clamp(min=1e-12),
        reading.number(one, "sigma", 0, 1e4), reading.whole(one, "step", 0, 10**15), reading.choice(one, "how", HOWS), accuracy, id,
    )  # fmt: skip

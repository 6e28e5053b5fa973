"""What a run keeps of its past: states to go back to and pictures to look at, never more than a fixed number of bytes."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gan_core.runs import atomic

BUDGET = 64 * 2**20  # bytes a run
STATES = 48 * 2**20  # of them for states, where there are pictures as well
MOMENTS = 256
SMALL = BUDGET // 64  # bytes of a state that every moment may have; a larger one is kept with the checkpoints alone
_FEW = 8  # moments; fewer say little about how far apart they should be
_THINNED = 0.45  # of what there is room for: with less, nothing has been halved yet
_STATE, _PICTURE = ".safetensors", ".webp"


@dataclass(frozen=True)
class Moment:
    """A step of the past: whether there is a state to go on from, and a picture."""

    step: int
    state: bool
    picture: bool


class History:
    """The folder `history` of a run. Moments are added as they come; when there are too many, every second one goes and from then
    on they are taken half as often, so that the first minute of a long run is kept as coarsely as the last. Raises OSError for
    what the disk refuses.

    One object at a time adds; it knows the sizes of what is there. Others may look on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sizes: dict[tuple[int, str], int] | None = None  # bytes by (step, kind); None: not looked yet
        self._next = 0.0  # the first step at which another moment is wanted

    def moments(self) -> list[Moment]:
        """All of them as they are on the disk now, the oldest first."""
        return _moments(self._scan())

    def state_file(self, step: int) -> Path:
        """Where the state at `step` is, or would be: a checkpoint file."""
        return self.path / f"{step:012}{_STATE}"

    def picture_file(self, step: int) -> Path:
        """Where the picture at `step` is, or would be: a WebP file."""
        return self.path / f"{step:012}{_PICTURE}"

    def wants(self, step: int) -> bool:
        """Whether enough steps have passed since the last moment."""
        self._known()
        return step >= self._next

    def add(self, step: int, state: bytes | None = None, picture: bytes | None = None) -> None:
        """Keep a moment; what was kept of later steps goes, since the run has gone back behind them."""
        self.cut(step)
        self.path.mkdir(exist_ok=True)
        for kind, data in ((_STATE, state), (_PICTURE, picture)):
            if data is not None:
                # A moment that a crash damages is one of many.
                atomic.write_bytes(self.path / f"{step:012}{kind}", data, sync=False)
                self._known()[step, kind] = len(data)
        self._thin()
        self._next = self._after()

    def link(self, step: int, checkpoint: Path) -> None:
        """Keep a checkpoint as the state of its step, without writing it again where the file system can share it."""
        self.path.mkdir(exist_ok=True)
        target = self.state_file(step)
        target.unlink(missing_ok=True)
        share(checkpoint, target)
        self._known()[step, _STATE] = target.stat().st_size
        self._thin()

    def cut(self, step: int) -> None:
        """Forget what came after `step`."""
        for at, kind in [key for key in self._known() if key[0] > step]:
            self._remove(at, kind)

    def clear(self) -> int:
        """Forget everything; how many bytes that was."""
        size = sum(self._scan().values())
        shutil.rmtree(self.path, ignore_errors=True)
        self._sizes, self._next = None, 0.0
        return size

    def _known(self) -> dict[tuple[int, str], int]:
        if self._sizes is None:
            self._sizes = self._scan()
            self._next = self._after()
        return self._sizes

    def _scan(self) -> dict[tuple[int, str], int]:
        found: dict[tuple[int, str], int] = {}
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for entry in os.scandir(self.path):
                stem, kind = os.path.splitext(entry.name)
                if len(stem) >= 12 and stem.isascii() and stem.isdecimal() and kind in (_STATE, _PICTURE):
                    found[int(stem), kind] = entry.stat().st_size
        return found

    def _thin(self) -> None:
        """Halve what is too much: the states alone where only they are, else whole moments. The first and the newest stay
        as long as there is room for two."""
        known = self._known()
        while True:
            states = sorted(step for step, kind in known if kind == _STATE)
            weight = sum(size for (_step, kind), size in known.items() if kind == _STATE)
            whole = sum(known.values())
            moments = _moments(known)
            if len(states) > 1 and whole > weight > STATES:
                for step in states[1:-1:2] or states[:-1]:
                    self._remove(step, _STATE)
            elif len(moments) > 1 and (len(moments) > MOMENTS or whole > BUDGET):
                for moment in moments[1:-1:2] or moments[:-1]:
                    self._remove(moment.step, _STATE)
                    self._remove(moment.step, _PICTURE)
            else:
                return

    def _after(self) -> float:
        """The step of the next moment: as far from the last as those of the later half are from each other, which a halving has
        doubled; at once as long as there is room."""
        known = self._known()
        moments = _moments(known)
        roomy = len(moments) < _THINNED * MOMENTS and sum(known.values()) < _THINNED * BUDGET
        if roomy or len(moments) < _FEW:
            return 0.0
        steps = [m.step for m in moments[len(moments) // 2 :]]
        return steps[-1] + 0.9 * statistics.median(b - a for a, b in itertools.pairwise(steps))

    def _remove(self, step: int, kind: str) -> None:
        (self.path / f"{step:012}{kind}").unlink(missing_ok=True)
        self._known().pop((step, kind), None)


def _moments(sizes: Mapping[tuple[int, str], int]) -> list[Moment]:
    steps = sorted({step for step, _kind in sizes})
    return [Moment(step, (step, _STATE) in sizes, (step, _PICTURE) in sizes) for step in steps]


def share(source: Path, target: Path) -> None:
    """`target` becomes another name of the same bytes, or a copy where the file system has no such names."""
    try:
        os.link(source, target)
    except OSError:
        atomic.write_bytes(target, source.read_bytes(), sync=False)

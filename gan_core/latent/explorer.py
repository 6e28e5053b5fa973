"""Everything that is explored of one run: its saved moments as they are asked for, and the directions that were found in them.

    explorers = Explorers(store.folder)
    explorer = explorers.of(run_id)
    room = explorer.room(explorer.newest())
    asked_for("draw").answer(room, {"places": [{"seed": 7}]}, tell)

Shared by all who explore the run. Each moment is read once and never changed; the last few stay in memory.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import Tensor

from gan_core.errors import ConfigError, PlaygroundError, RunError
from gan_core.latent import onnx_models, places
from gan_core.latent.asking import LATENTS, READERS, Read, reads
from gan_core.latent.directions import Directions
from gan_core.latent.explored import Explored, explored_from
from gan_core.latent.kept import PREFIX, KeptDirection
from gan_core.latent.maps import Laid
from gan_core.latent.places import Known
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

T = TypeVar("T")
_MOMENTS = 6
_LEAST, _BYTES = 2, 64 << 20  # moments of a run that stay however large they are; what more of them may take together
_FOUND = 64
_RUNS = 6
AXES = "axes.z"  # the coordinates of z: directions that are always there
GONE = N_("This run was deleted. What is on the screen stays; a deleted run can be brought back on the page Runs.")
NOTHING_YET = N_("Nothing of this run is saved yet. Its first moment is, a few seconds after it has begun.")
NOT_KEPT = N_("Step {step} of this run is not kept any more. Choose another moment.")
NO_MAP = N_("The map called {name} is not there any more. Have it made again.")
NOT_SAVED = N_("The saved direction {name} is not there any more.")
NOT_FITTING = N_("The saved direction {name} does not fit this generator. Delete it.")
NOT_FOUND = N_("The directions called {name} have not been found yet. Have them searched for first.")


@dataclass(frozen=True)
class Room:
    """What is asked about: a moment of a run, and what was found in it."""

    explorer: Explorer
    explored: Explored

    def settled(self, place: object) -> Tensor:
        """The latent that a place is (see `places`). Raises ConfigError."""
        return places.settled(self, place)

    def find(self, name: str) -> Known:
        """The directions of this name, which may be a saved one's. Raises ConfigError, and CheckpointError for a damaged file of saved ones."""
        if name.startswith(PREFIX):
            return self._saved(name)
        return axes(self.explored) if name == AXES else self.explorer.find(name)

    def _saved(self, name: str) -> Known:
        kept = self.explorer.folder.directions.find(name.removeprefix(PREFIX))
        if kept is None:
            raise ConfigError(NOT_SAVED, name=name)
        if not fits(kept, self.explored):
            raise ConfigError(NOT_FITTING, name=kept.title)
        return Known(Directions(kept.vector[None], torch.tensor([kept.sigma]), torch.ones(1)), kept.space)

    def map(self, name: str) -> Laid:
        """The map of this name. Raises ConfigError."""
        return self.explorer.map(name)


class Explorer:
    """The moments of one run, from its folder alone."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._moments: OrderedDict[tuple[str, int], Read] = OrderedDict()
        self._found: OrderedDict[str, Known] = OrderedDict()
        self._maps: OrderedDict[str, Laid] = OrderedDict()

    def newest(self) -> int:
        """The last step of which a state is saved. Raises RunError where there is none, or the run is gone."""
        steps = [0] if self._is_onnx else list(self.folder.states())
        if not steps:
            raise RunError(NOTHING_YET if self.folder.path.is_dir() else GONE)
        return steps[-1]

    def steps(self) -> list[int]:
        """Every step that can be explored, the oldest first."""
        return [0] if self._is_onnx else list(self.folder.explorable())

    @property
    def _is_onnx(self) -> bool:
        return onnx_models.is_kept(self.folder.path)

    def about(self, of: str, step: int) -> Room | Read:
        """What a question of this kind is answered with: of latents a room, of others the moment itself. Raises as `room`."""
        return self.room(step) if of == LATENTS else self._moment(of, step)

    def room(self, step: int) -> Room:
        """That moment, read if it is none of the last few. Raises RunError where it is not kept, and as `explored_from`."""
        return Room(self, cast(Explored, self._moment(LATENTS, step)))

    def _moment(self, of: str, step: int) -> Read:
        found = self._shelved(of, step)
        if found is None:
            with self._reading:  # two who want the same read it once; others are not kept waiting
                found = self._shelved(of, step) or self._read(of, step)
                self._shelve(of, step, found)
        return found

    def _shelved(self, of: str, step: int) -> Read | None:
        with self._lock:
            found = self._moments.get((of, step))
            if found is not None:
                self._moments.move_to_end((of, step))
            return found

    def _shelve(self, of: str, step: int, moment: Read) -> None:
        with self._lock:
            self._moments[of, step] = moment
            self._moments.move_to_end((of, step))
            while self._is_too_much():
                self._moments.popitem(last=False)

    def _is_too_much(self) -> bool:
        count, size = len(self._moments), sum(moment.nbytes for moment in self._moments.values())
        return count > _MOMENTS or (count > _LEAST and size > _BYTES)

    def _read(self, of: str, step: int) -> Read:
        try:
            if self._is_onnx and not step and of == LATENTS:
                return onnx_models.explored_onnx(self.folder.path)
            return READERS[of](self.folder, step)
        except PlaygroundError:
            if not self.folder.path.is_dir():
                raise RunError(GONE) from None
            if step not in self.steps():
                raise RunError(NOT_KEPT, step=step) from None
            raise

    # ── what was found ───────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, name: str) -> Known:
        """The directions that were kept under this name. Raises ConfigError."""
        return self._kept(self._found, name, NOT_FOUND)

    def keep(self, name: str, known: Known) -> None:
        """Keep directions under a name, in the place of earlier ones."""
        self._put(self._found, name, known)

    def map(self, name: str) -> Laid:
        """The map that was kept under this name. Raises ConfigError."""
        return self._kept(self._maps, name, NO_MAP)

    def keep_map(self, name: str, laid: Laid) -> None:
        """Keep a map under a name, in the place of an earlier one."""
        self._put(self._maps, name, laid)

    def _kept(self, shelf: OrderedDict[str, T], name: str, problem: str) -> T:
        with self._lock:
            if name not in shelf:
                raise ConfigError(problem, name=name)
            shelf.move_to_end(name)
            return shelf[name]

    def _put(self, shelf: OrderedDict[str, T], name: str, value: T) -> None:
        with self._lock:
            shelf[name] = value
            shelf.move_to_end(name)
            while len(shelf) > _FOUND:
                shelf.popitem(last=False)


reads(LATENTS)(explored_from)


class Explorers:
    """The explorers of a process: one a run, the last few stay."""

    def __init__(self, folder: Callable[[str], RunFolder]) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._explorers: OrderedDict[str, Explorer] = OrderedDict()

    def of(self, run_id: str) -> Explorer:
        """The explorer of a run. Raises RunError for anything that is no run id."""
        with self._lock:
            found = self._explorers.get(run_id)
            if found is None:
                found = self._explorers[run_id] = Explorer(self._folder(run_id))
                while len(self._explorers) > _RUNS:
                    self._explorers.popitem(last=False)
            self._explorers.move_to_end(run_id)
            return found


def fits(kept: KeptDirection, explored: Explored) -> bool:
    """Whether a generator has latents that can be moved along this direction."""
    if kept.space == "w":
        return explored.has_styles and len(kept.vector) == explored.dim
    return len(kept.vector) in (explored.dim, explored.inputs)


def axes(explored: Explored) -> Known:
    """The coordinates of z, and behind them those of a continuous code, one direction each."""
    continuous = explored.traits.continuous
    spread = 1 / math.sqrt(3) if explored.traits.distribution == "uniform" else 1.0
    first = explored.inputs - continuous
    rows = [*range(explored.dim), *range(first, explored.inputs)]
    vectors = torch.eye(explored.inputs)[rows]
    sigma = torch.tensor([spread] * explored.dim + [1 / math.sqrt(3)] * continuous)
    return Known(Directions(vectors, sigma, torch.full((len(rows),), 1 / len(rows))), "z")

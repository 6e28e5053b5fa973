"""What the diagnosis remembers of a run: its last looks, and what happened before them in a few numbers."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from gan_core import registry
from gan_core.config import RunConfig
from gan_core.diagnosis.pictures import Reading
from gan_core.diagnosis.places import Floats, Places
from gan_core.schedules import scheduled

KEPT = 240  # looks
LEAST_RATE = 0.1  # of the rates at the start
LEAST_STEPS = 20  # between two that are kept: single steps by hand say nothing
_UNKNOWN = math.nan
_WIDE = 60.0  # logits, in the search for the floor of a loss


@dataclass(frozen=True)
class Look:
    """One look at a run; NaN and None: not known.

    d_loss … g_gradient: as `Stats` has them. where: (K,) the shares of the generated points by nearest place; at_data: the share of
    all that lie within the reach of one; covered: (K,) places that have any; coverage: the share of real points at those. size: how far generated samples lie from their mean, in units of the real ones' distance from theirs.
    away: share of generated points outside the picture, by half its width at least. order: P(D(real) > D(generated)) of a pair.
    distance, floor: how far the samples are from the data (sliced Wasserstein), and what perfect ones would be, in that unit.
    reading: what was read off pictures just now; None at the looks between, for that has a pace of its own.
    """

    step: int
    images: int = 0
    d_loss: float = _UNKNOWN
    g_loss: float = _UNKNOWN
    d_real: float = _UNKNOWN
    d_fake: float = _UNKNOWN
    d_gradient: float = _UNKNOWN
    g_gradient: float = _UNKNOWN
    where: Floats | None = None
    at_data: float = _UNKNOWN
    covered: NDArray[np.bool_] | None = None
    coverage: float = _UNKNOWN
    size: float = _UNKNOWN
    away: float = _UNKNOWN
    order: float = _UNKNOWN
    distance: float = _UNKNOWN
    floor: float = 0.0
    reading: Reading | None = None


@dataclass(frozen=True)
class Scale:
    """What the discriminator's loss amounts to where it sees no difference at all (`blind`) and where it is never wrong
    (`sure`, -inf where a loss has no such floor, as that of a Wasserstein critic)."""

    blind: float
    sure: float

    def advantage(self, d_loss: float) -> float:
        """0: it sees no difference; 1: it is never wrong. NaN without a floor."""
        return (self.blind - d_loss) / (self.blind - self.sure) if math.isfinite(self.sure) else _UNKNOWN


@lru_cache(maxsize=64)
def scale_of(loss: str, smooth: float = 0.0) -> Scale:
    """From the loss itself, so that every registered one has it: the least D can lose with one answer for all samples, and with
    any two answers. Label flips raise the floor; those are left to the signs, which then see a smaller advantage."""
    value = registry.loss[loss].value
    answers = torch.linspace(-_WIDE, _WIDE, 241, dtype=torch.float64)

    def lost(real: float, fake: float) -> float:
        logits = torch.tensor([real], dtype=torch.float64), torch.tensor([fake], dtype=torch.float64)
        return float(value(*logits, smooth)[0])

    blind = min(lost(a, a) for a in answers.tolist())
    outer = min(lost(a, b) for a in (0.0, 1 - smooth, _WIDE) for b in (0.0, -_WIDE))
    inner = min(lost(a, b) for a in (0.0, 1 - smooth, _WIDE / 2) for b in (0.0, -_WIDE / 2))
    if smooth:  # then no finite answer is the best one
        inner = outer = min(inner, outer, *(lost(a, -_WIDE) for a in answers.tolist()))
    return Scale(blind, outer if abs(outer - inner) < 1e-3 else -math.inf)


class Window:
    """Consecutive looks under the same settings, the newest last: what a sign is read from."""

    def __init__(self, looks: list[Look], config: RunConfig, places: Places | None, reference: float) -> None:
        self.looks, self.config, self.places = looks, config, places
        self.reference = reference  # the largest gradient of the generator that lasted, since the loss was chosen

    @property
    def since(self) -> int:
        return self.looks[0].step

    @property
    def last(self) -> Look:
        return self.looks[-1]

    @property
    def readings(self) -> list[Reading]:
        """Of pictures, in order; of points there are none."""
        return [look.reading for look in self.looks if look.reading is not None]

    @property
    def scale(self) -> Scale:
        return scale_of(self.config.loss, self.config.label_smoothing)

    def known(self, name: str) -> list[float]:
        """The numbers of that name that are known, in order."""
        return [v for v in (getattr(look, name) for look in self.looks) if not math.isnan(v)]

    def median(self, name: str) -> float:
        values = self.known(name)
        return median(values) if values else _UNKNOWN

    def share(self, holds: Callable[[Look], bool]) -> float:
        """In which share of the looks that holds."""
        return sum(map(holds, self.looks)) / len(self.looks)

    def halves(self, name: str) -> tuple[list[float], list[float]]:
        values = self.known(name)
        return values[: len(values) // 2], values[len(values) // 2 :]

    @property
    def excess(self) -> float:
        """How much farther than perfect ones the samples are, in units of the data's size: the nearest of these looks."""
        far = [look.distance - look.floor for look in self.looks if not math.isnan(look.distance)]
        return min(far) if far else _UNKNOWN

    def improves(self, least: float = 0.05) -> bool:
        """Whether the distance from the data has fallen by that share from the first to the second half of these looks."""
        before, after = self.halves("distance")
        return bool(before and after) and median(after) < (1 - least) * median(before)

    @property
    def moves(self) -> bool:
        """Whether the schedule still leaves rates that change anything."""
        return moves(self.config, self.last.images)


class Past:
    """A bounded past. `add` looks as they come; `window` gives the last of them."""

    def __init__(self, config: RunConfig, places: Places | None) -> None:
        self.config, self.places = config, places
        self._looks: deque[Look] = deque(maxlen=KEPT)
        self._gradients: deque[float] = deque(maxlen=5)
        self._reference = 0.0

    def __iter__(self) -> Iterator[Look]:
        return iter(self._looks)

    def add(self, look: Look) -> bool:
        """Whether it was far enough from the last one to be kept. A step that is not beyond it: the run went back."""
        while self._looks and self._looks[-1].step >= look.step:
            self._looks.pop()
        if self._looks and look.step - self._looks[-1].step < LEAST_STEPS:
            if look.reading is not None:  # rare and dear: it counts for the look before
                self._looks[-1] = dataclasses.replace(self._looks[-1], reading=look.reading)
            return False
        self._looks.append(look)
        if math.isfinite(look.g_gradient):
            self._gradients.append(look.g_gradient)
            if len(self._gradients) == self._gradients.maxlen:
                self._reference = max(self._reference, median(self._gradients))
        return True

    def settings(self, config: RunConfig, restart: bool, rescale: bool) -> None:
        """New settings: what was seen under others says nothing about them (`restart`), or not even in what unit gradients are
        (`rescale`)."""
        self.config = config
        if restart:
            self._looks.clear()
        if rescale:
            self._gradients.clear()
            self._reference = 0.0

    def window(self, looks: int, steps: int, *, read: bool = False) -> Window | None:
        """The fewest last looks that are at least so many and at least so many steps; None where there are not that many. `read`: of
        those alone at which pictures were read."""
        found: list[Look] = []
        for look in reversed(self._looks):
            if read and look.reading is None:
                continue
            found.append(look)
            if len(found) >= looks and found[0].step - look.step >= steps:
                return Window(found[::-1], self.config, self.places, self._reference)
        return None


def moves(config: RunConfig, images: int) -> bool:
    """Whether the schedule leaves rates, after so many real samples, that still change anything."""
    return scheduled(config, images).lr >= LEAST_RATE

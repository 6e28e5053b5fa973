"""A full evaluation of pictures as a row of small pieces of work: all figures with their counts, floors and spreads."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet
from gan_core.errors import DataError
from gan_core.metrics import real_pictures
from gan_core.metrics.eyes import PIXELS
from gan_core.metrics.features import Judges
from gan_core.metrics.figures import REPEATS, Group, groups, halves
from gan_core.metrics.kernel import SUBSETS
from gan_core.metrics.measure import Measure, flat
from gan_core.metrics.pieces import Pieces
from gan_core.metrics.seen import Seen, join, look
from gan_core.text import N_

Draw: TypeAlias = Callable[[int], Tensor | tuple[Tensor, Tensor]]
REAL, SAMPLES = N_("Looking at real pictures"), N_("Looking at samples")
COMPARING, REPEATING = N_("Comparing"), N_("Comparing halves, for the spread")
FLOORS = N_("Measuring real pictures, for comparison")


class Step(NamedTuple):
    """One piece of work was done: `done` of `total`; the next one is part of `what`."""

    done: int
    total: int
    what: str


@dataclass(frozen=True)
class _Stage:
    what: str
    pieces: int  # about how many: the bar moves by them
    work: Callable[[], Pieces[None]]


class Evaluation:
    """n samples, which draw(k) gives k at a time as (k, C, H, W) in [−1, 1], against the pictures of `data` in the eyes of `judges`;
    with the classes that they were asked to be, (k,) int64, in a pair, where the generator is `told`.

    lenient: figures that need more samples than n are left out instead of refused.
    only: the figures that are wanted, with those that are found together with them; None: all. repeats: whether their spread is.

    `steps` does the work; then `measures` and `found` hold the figures. Draws no random number but from generators of its own.
    Raises DataError for n that are too few, with the number needed; `steps` for samples that cannot be measured.
    """

    def __init__(
        self, draw: Draw, n: int, data: ImageSet, judges: Judges, *, told: bool = False,
        only: Collection[str] | None = None, repeats: bool = True, lenient: bool = False,
    ) -> None:  # fmt: skip
        self.n, self.measures = n, tuple[Measure, ...]()
        self._draw, self._data, self._judges = draw, data, judges
        self._real = real_pictures.of(data, judges)
        self._told, self._repeated = told, repeats
        every = groups(judges, data, n, told=told)
        self._groups = [group for group in every if only is None or set(only) & set(group.names)]
        if lenient:
            self._groups = [group for group in self._groups if group.least <= n] or self._groups
        self._values: dict[str, tuple[float, float | None]] = {}
        self._repeats: dict[str, list[float]] = {}
        for group in self._groups:
            group.check(n)
            if group.against != "none":
                group.check(self._real.count)

    def steps(self) -> Generator[Step, None, None]:
        """Do the work, a fraction of a second at a time."""
        stages = self._stages()
        total, before = sum(stage.pieces for stage in stages), 0
        for stage in stages:
            yield Step(before, total, stage.what)
            for count, _ in enumerate(stage.work(), 1):
                yield Step(before + min(count, stage.pieces), total, stage.what)
            before += stage.pieces
        self.measures = tuple(self._measure(group, name) for group in self._groups for name in group.names)
        yield Step(total, total, stages[-1].what)

    @property
    def found(self) -> dict[str, Any]:
        """All of it as one flat dictionary that fits JSON: `measure.flat`, and besides the shares of the classes, how many classes
        there are, and how many real pictures the floors come from, against how many others."""
        few = self._real.few
        instead = self._real.instead_count(self.n)
        known = flat(self.measures) | {
            "floor_samples": instead,
            "floor_reference": self._real.count - instead if few else self._real.count,
        }
        return known | self._of_classes()

    def _of_classes(self) -> dict[str, Any]:
        classes = self._fake.classes
        if classes is None:
            return {}
        shares = torch.bincount(classes.argmax(1), minlength=classes.shape[1]).double() / len(classes)
        return {"class_shares": [round(float(share), 4) for share in shares], "class_modes_total": len(shares)}

    # ── the stages ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _stages(self) -> list[_Stage]:
        blocks = math.ceil(self.n / self._judges.features.block)
        stages = [
            _Stage(REAL, self._real.pieces, self._look_at_reference),
            _Stage(SAMPLES, blocks, self._look_at_samples),
            _Stage(COMPARING, self._comparing, self._compare),
        ]
        if self._repeated:
            stages.append(_Stage(REPEATING, REPEATS * 4, self._repeat))
        if self._unknown:
            stages.append(_Stage(FLOORS, blocks + self._comparing, self._find_floors))
        return stages

    @property
    def _comparing(self) -> int:
        """About how many pieces comparing is."""
        return 25 + (SUBSETS if any("kd" in group.names for group in self._groups) else 0)

    @property
    def _unknown(self) -> list[Group]:
        """The groups whose floors nobody has measured yet."""
        return [g for g in self._groups if g.names != ("as_asked",) and (self.n, g.names[0]) not in self._real.floors]

    def _look_at_reference(self) -> Pieces[None]:
        self._reference = yield from self._real.look()

    def _look_at_samples(self) -> Pieces[None]:
        parts: list[Seen] = []
        block = self._judges.features.block
        for done in range(0, self.n, block):
            drawn = self._draw(min(block, self.n - done))
            samples, asked = drawn if isinstance(drawn, tuple) else (drawn, None)
            check(samples, self._data)
            parts.append(look(samples, self._judges, project=True, asked=asked))
            yield
        self._fake = join(parts)

    def _compare(self) -> Pieces[None]:
        for group in self._groups:
            self._values |= yield from group.work(self._fake, self._reference)
            yield

    def _repeat(self) -> Pieces[None]:
        for rows in halves(self.n):
            half = self._fake.rows(rows)
            for group in self._groups:
                if group.halves and len(half) >= group.least:
                    found = yield from group.work(half, self._reference)
                    for name, (value, _) in found.items():
                        self._repeats.setdefault(name, []).append(value)
                    yield

    def _find_floors(self) -> Pieces[None]:
        fake, real = yield from self._real.instead_of(self.n)
        for group in self._unknown:
            self._real.floors |= {(self.n, name): None for name in group.names}
            enough = len(fake) >= group.least and (group.against == "none" or len(real) >= group.least)
            if enough:
                found = yield from group.work(fake, real)
                self._real.floors |= {(self.n, name): value for name, (value, _) in found.items()}
                yield

    # ── the figures ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _measure(self, group: Group, name: str) -> Measure:
        value, spread = self._values[name]
        repeats = self._repeats.get(name)
        if repeats:
            spread = float(torch.tensor(repeats, dtype=torch.float64).std())
        samples, reference = self._counts(group)
        by, features, key, inception = self._eyes(group)
        floor = self._judges.accuracy if name == "as_asked" else self._real.floors.get((self.n, name))
        return Measure(name, value, samples, reference, floor, spread, by, features, key, inception, self._real.name)

    def _counts(self, group: Group) -> tuple[int, int]:
        """How many samples and how many real pictures count."""
        if group.against == "none":
            return self.n, 0
        if group.eyes == "pixels":  # its own reference is held out
            return self.n, min(self.n, len(self._data.test_images))
        if group.against == "all":
            return self.n, self._real.count
        equal = min(self.n, self._real.count)
        return equal, equal

    def _eyes(self, group: Group) -> tuple[str, str, str, bool]:
        if group.eyes == "pixels":
            return PIXELS, PIXELS, PIXELS, False
        judge = self._judges.features if group.eyes == "features" else self._judges.classes
        assert judge is not None
        return judge.name, judge.description, judge.key, judge.is_inception


def check(samples: Tensor, data: ImageSet) -> None:
    """Raise DataError for pictures (N, C, H, W) of another shape than the set's, and for such that are not finite."""
    if tuple(samples.shape[1:]) != data.shape:
        raise DataError(N_("Samples of shape {found} cannot be compared with {data}, whose pictures have the shape {expected}."),
                        found=str(tuple(samples.shape[1:])), data=data.name, expected=str(data.shape))  # fmt: skip
    if not samples.isfinite().all():
        raise DataError(N_("The generator draws pictures that are not numbers (NaN): there is nothing to measure."))

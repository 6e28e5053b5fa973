"""A trick on trial: runs with it and runs without, over the same seeds, and whether the difference is larger than chance.

The runs are ordinary ones, in the folders that the server keeps; what is read here are their files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gan_core.comparison import luck
from gan_core.comparison.entries import Compared, Entry
from gan_core.comparison.lines import Values
from gan_core.comparison.luck import Difference, Verdict
from gan_core.lessons.lesson import Trial
from gan_core.lessons.sight import Sight

LETTERS = {"plain": "A", "with": "B"}
BETTER, SAME, WORSE = "better", "same", "worse"


@dataclass(frozen=True)
class Outcome:
    """Of a trick, at the end of all of its runs: the figure of each run without it and with it, and the `difference` of the second mean from
    the first."""

    plain: tuple[float, ...]
    tried: tuple[float, ...]
    difference: Difference
    higher_is_better: bool

    @property
    def verdict(self) -> str:
        """BETTER or WORSE where the difference is larger than chance, else SAME."""
        if not self.difference.beyond:
            return SAME
        return BETTER if (self.difference.value > 0) == self.higher_is_better else WORSE


def entries(plain: Sequence[Compared], tried: Sequence[Compared]) -> list[Entry]:
    """A: the runs without, B: those with; as the page Compare has them."""
    groups = ((LETTERS["plain"], plain), (LETTERS["with"], tried))
    return [Entry(letter, tuple(runs)) for letter, runs in groups if runs]


def ended(trial: Trial, run: Compared) -> float | None:
    """The trial's figure at the end of a run; None before it, and of one that was changed on its way or has gone on."""
    if run.status != "finished" or run.final_step != trial.steps or run.changed:
        return None
    return run.final.get(trial.figure)


def outcome(trial: Trial, plain: Sequence[Compared], tried: Sequence[Compared], comparisons: int = 1) -> Outcome | None:
    """What came out; None until every seed has ended on both sides, and for runs with other seeds than the trial's. comparisons: as in
    `luck.difference`."""
    values, with_it = _ends(trial, plain), _ends(trial, tried)
    if values is None or with_it is None:
        return None
    difference = luck.difference(values, with_it, comparisons)
    return Outcome(values, with_it, difference, luck.is_higher_better(trial.figure))


def _ends(trial: Trial, runs: Sequence[Compared]) -> tuple[float, ...] | None:
    """The figure at the end of each seed's run; None until all are there."""
    found = {run.config.seed: ended(trial, run) for run in runs}
    values = [value for seed in trial.seeds if (value := found.get(seed)) is not None]
    return tuple(values) if len(values) == len(trial.seeds) == len(found) else None


def verdict(trial: Trial, found: Sequence[Entry], outcome: Outcome) -> Verdict:
    """The outcome as the page Compare says it of the two entries, each seed measured at the last step."""
    values = {
        entry.letter: Values(each, float(np.mean(each)), float(np.std(each, ddof=1)))
        for entry, each in zip(found, (outcome.plain, outcome.tried), strict=True)
    }
    choose = max if outcome.higher_is_better else min
    best = choose(found, key=lambda entry: values[entry.letter].mean)
    others = tuple((entry, outcome.difference) for entry in found if entry is not best)
    return Verdict(trial.figure, float(trial.steps), values, best, others)


def sight(outcomes: Mapping[str, Outcome | None]) -> Sight:
    """What tasks see: how many tricks were `tried`, and how many of them made a difference `beyond` chance, and how many none."""
    known = [one for one in outcomes.values() if one is not None]
    beyond = sum(one.difference.beyond for one in known)
    figures = {"tried": len(known), "beyond": beyond, "within": len(known) - beyond}
    return Sight(0, {name: float(value) for name, value in figures.items()})


def agreed(outcomes: Iterable[tuple[str, Outcome | None]], predicted: Mapping[str, str]) -> tuple[int, int]:
    """How many outcomes were predicted, of how many that are known and had a prediction."""
    known = [(predicted[trick], one.verdict) for trick, one in outcomes if one is not None and trick in predicted]
    return sum(said == came for said, came in known), len(known)

"""Whether a difference between two entries is larger than what their seeds make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from gan_core import data as data_sets
from gan_core import metrics, registry
from gan_core.comparison import lines
from gan_core.comparison.entries import Compared, Entry
from gan_core.comparison.lines import Values
from gan_core.config import DataConfig, RunConfig
from gan_core.errors import PlaygroundError
from gan_core.runs import frames, gauging
from gan_core.runs.looking import METRIC_SAMPLES, PICTURE_SAMPLES

CONFIDENCE = 0.95
_FIRST = ("quality", "fd", "test_l1", "swd")  # the first of them that is known
_SHOWS = {"coverage": "modes", "class_coverage": "class_modes"}  # curves that are shares of a metric


@dataclass(frozen=True)
class Difference:
    """Of the mean of `b` from that of `a`: value, and the interval (low, high) in which the difference of the settings lies with the stated
    confidence, if values over seeds are about normal. NaN where one seed says nothing of the spread."""

    value: float
    low: float
    high: float
    confidence: float

    @property
    def known(self) -> bool:
        """Whether there are enough seeds to say anything."""
        return not math.isnan(self.low)

    @property
    def beyond(self) -> bool:
        """Whether it is larger than the spread over seeds explains."""
        return self.known and not self.low <= 0.0 <= self.high


def difference(a: Sequence[float], b: Sequence[float], comparisons: int = 1) -> Difference:
    """Mean of `b` − mean of `a`, with Welch's interval

        d ± t_{1−α/2}(ν) √(s_a²/n_a + s_b²/n_b),   ν = (s_a²/n_a + s_b²/n_b)² / (s_a⁴/(n_a²(n_a−1)) + s_b⁴/(n_b²(n_b−1)))

    where α is 5 % shared among as many `comparisons` as are looked at (Bonferroni).   Welch 1947."""
    value = float(np.mean(b) - np.mean(a))
    confidence = 1 - (1 - CONFIDENCE) / comparisons
    if min(len(a), len(b)) < 2:
        return Difference(value, math.nan, math.nan, confidence)
    parts = [float(np.var(values, ddof=1)) / len(values) for values in (a, b)]
    error = sum(parts)
    if error == 0.0:
        return Difference(value, value, value, confidence)
    freedom = error**2 / sum(part**2 / (len(values) - 1) for part, values in zip(parts, (a, b), strict=True))
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * math.sqrt(error)
    return Difference(value, value - reach, value + reach, confidence)


@dataclass(frozen=True)
class Verdict:
    """By one figure, at the furthest place that all have come to. values: by letter; others: each other entry that has the figure, with the
    difference of its mean from that of the best."""

    name: str
    place: float
    values: dict[str, Values]
    best: Entry
    others: tuple[tuple[Entry, Difference], ...]


def is_higher_better(name: str) -> bool:
    """Whether more of this figure is better."""
    return (
        _SHOWS.get(name, name) in registry.metric and registry.metric[_SHOWS.get(name, name)].info["better"] == "higher"
    )


def judged(entries: Sequence[Entry], axis: str = "step") -> list[str]:
    """The figures by which these can be judged: curves of metrics that at least two runs have measured around one place."""
    known = [name for name in frames.CURVE_NAMES if _SHOWS.get(name, name) in registry.metric]
    return [name for name in known if verdict(entries, name, axis) is not None]


def first(judged: Sequence[str]) -> str:
    """The figure by which entries are judged at first."""
    return next((name for name in _FIRST if name in judged), judged[0])


def verdict(entries: Sequence[Entry], name: str, axis: str = "step") -> Verdict | None:
    """What this figure says; None where fewer than two runs have it. The best is found in the same numbers that it is judged by: as many
    comparisons as there are pairs share the 5 %."""
    place = lines.reached(entries, name, axis)
    if place is None:
        return None
    values = {
        entry.letter: found for entry in entries if (found := lines.values_at(entry, name, place, axis)) is not None
    }
    ranked = [entry for entry in entries if entry.letter in values]
    if sum(len(found.each) for found in values.values()) < 2:
        return None
    choose = max if is_higher_better(name) else min
    best = choose(ranked, key=lambda entry: values[entry.letter].mean)
    pairs = max(1, len(ranked) * (len(ranked) - 1) // 2)
    others = tuple(
        (entry, difference(values[best.letter].each, values[entry.letter].each, pairs))
        for entry in ranked
        if entry is not best
    )
    return Verdict(name, place, values, best, others)


def samples_used(config: RunConfig, name: str) -> int | None:
    """From how many samples a value of this curve comes; None where that depends on the set."""
    kind = registry.metric[_SHOWS.get(name, name)].info["kind"]
    if kind == "points":
        return METRIC_SAMPLES if config.kind == "points" else PICTURE_SAMPLES
    return gauging.SAMPLES if kind == "images" else None


def floor(run: Compared, name: str) -> float | None:
    """What a perfect generator would score by this curve from as many samples, where that is known."""
    judged = gauging.read(run.folder.facts().get("judged"))
    if judged is not None and name in judged.floor:
        return float(judged.floor[name])
    try:
        return _floors(run.config.data, METRIC_SAMPLES if run.config.kind == "points" else PICTURE_SAMPLES).get(name)
    except PlaygroundError:  # its data were deleted
        return None


@lru_cache(maxsize=16)
def _floors(data: DataConfig, n: int) -> dict[str, float]:
    return metrics.floors(data_sets.load(data), n)

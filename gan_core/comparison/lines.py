"""Curves of several runs over the same axis: smoothed, and over several seeds as their mean and spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_core.comparison.entries import Compared, Entry
from gan_core.runs import frames
from gan_core.text import N_

Array = NDArray[np.float64]
AXES = {"step": N_("Step"), "images": N_("Samples seen"), "seconds": N_("Training time (s)")}
GRID = 200  # places at which several seeds are averaged
SMOOTHEST = 0.2  # of the axis


class Line(NamedTuple):
    """x, mean, low, high, each (n,), without gaps and x increasing. Of one run: what each row of its curves stands for; of several: mean and
    one standard deviation to both sides."""

    x: Array
    mean: Array
    low: Array
    high: Array


def line(run: Compared, name: str, axis: str = "step") -> Line | None:
    """A curve of a run where it has values; None without any, and over an axis that was not kept (by earlier versions)."""
    curves = run.curves
    column = frames.KEPT_NAMES.index(name)
    x = _axis(run, axis)
    known = ~np.isnan(curves.mean[:, column]) & ~np.isnan(x)
    x = x[known]
    first = np.diff(x, prepend=-np.inf) > 0  # two rows of one moment: the first of them
    found = Line(
        x[first], *(a[known, column].astype(np.float64)[first] for a in (curves.mean, curves.low, curves.high))
    )
    if name in run.final and has_axis([run], axis):
        end = at_steps(run, [run.final_step], axis)[0]
        if not len(found.x) or end > found.x[-1]:
            found = Line(np.append(found.x, end), *(np.append(a, run.final[name]) for a in found[1:]))
    return found if len(found.x) else None


def _axis(run: Compared, axis: str) -> Array:
    """(rows,): how far the run was at each row; a row stands for all up to it."""
    if axis == "step":
        return run.curves.steps.astype(np.float64)
    return np.fmax.accumulate(run.curves.high[:, frames.KEPT_NAMES.index(axis)].astype(np.float64))


def has_axis(runs: Sequence[Compared], axis: str) -> bool:
    """Whether all of them can be drawn over it."""
    return all(not np.isnan(_axis(run, axis)).all() for run in runs if len(run.curves.steps))


def at_steps(run: Compared, steps: Sequence[int], axis: str) -> list[float]:
    """Where on an axis these steps of a run are: between the rows of its curves in proportion."""
    if axis == "step" or not len(run.curves.steps):
        return [float(step) for step in steps]
    x = _axis(run, axis)
    known = ~np.isnan(x)
    known_steps = np.concatenate([[0.0], run.curves.steps[known].astype(np.float64)])
    return [float(v) for v in np.interp(steps, known_steps, np.concatenate([[0.0], x[known]]))]


def smoothed(found: Line, share: float) -> Line:
    """The mean of all earlier values, each half as much for every `share` of the axis that it lies back:

        ȳᵢ = Σ_{j≤i} wᵢⱼ yⱼ / Σ_{j≤i} wᵢⱼ,   wᵢⱼ = 2^(−(xᵢ − xⱼ) / h),   h = share · (x_n − x₁)

    an exponential moving average without a bias at the start, that does not depend on how densely the curve is sampled. 0: as it is."""
    span = found.x[-1] - found.x[0]
    if share <= 0 or span <= 0:
        return found
    decay = np.exp2(-np.diff(found.x) / (share * span))
    return Line(found.x, *(_averaged(values, decay) for values in found[1:]))


def _averaged(values: Array, decay: Array) -> Array:
    out = np.empty_like(values)
    total, weight = values[0], 1.0
    out[0] = values[0]
    for i, d in enumerate(decay, 1):
        total, weight = total * d + values[i], weight * d + 1.0
        out[i] = total / weight
    return out


def spread(found: Sequence[Line]) -> Line | None:
    """Mean and one standard deviation (of single runs, n − 1 below) of two or more, on an even grid over the stretch where all have values;
    None for fewer, and where there is no such stretch."""
    if len(found) < 2:
        return None
    begin, end = max(one.x[0] for one in found), min(one.x[-1] for one in found)
    if not begin < end:
        return None
    x = np.linspace(begin, end, GRID)
    values = np.stack([np.interp(x, one.x, one.mean) for one in found])
    mean, deviation = values.mean(0), values.std(0, ddof=1)
    return Line(x, mean, mean - deviation, mean + deviation)


class Values(NamedTuple):
    """Of an entry at one place of an axis: a value of each run with values on both sides of it, and their mean and standard deviation (NaN for one)."""

    each: tuple[float, ...]
    mean: float
    deviation: float


def reached(entries: Sequence[Entry], name: str, axis: str = "step") -> float | None:
    """The furthest place that every run with values of this curve has come to; None where fewer than two runs have any."""
    ends = [one.x[-1] for entry in entries for run in entry.runs if (one := line(run, name, axis)) is not None]
    return min(ends) if len(ends) >= 2 else None


def values_at(entry: Entry, name: str, place: float, axis: str = "step") -> Values | None:
    """What each run has at `place`, between two measurements in proportion; None where none has come so far."""
    each = []
    for run in entry.runs:
        found = line(run, name, axis)
        if found is not None and found.x[0] <= place <= found.x[-1]:
            each.append(float(np.interp(place, found.x, found.mean)))
    if not each:
        return None
    deviation = float(np.std(each, ddof=1)) if len(each) > 1 else float("nan")
    return Values(tuple(each), float(np.mean(each)), deviation)

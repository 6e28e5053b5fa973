"""The curves of a run: lowest, mean and highest of each series, in bounded memory, drawn whole or a stretch of them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
MAX_ROWS = 1 << 14
_FIRST_ROOM = 256


class Rows(NamedTuple):
    """n rows of curves, of increasing steps: each stands for the steps `first` … `last`, at which `size` rows were appended.

    first, last, size: (n,). known (n, series): in how many of those there was a number; mean, low and high (n, series) are
    theirs, NaN where there was none. A mean is kept in float64: it goes on growing from where it was.
    """

    first: IntArray
    last: IntArray
    size: IntArray
    known: IntArray
    mean: NDArray[np.float64]
    low: FloatArray
    high: FloatArray

    def part(self, where: slice) -> Rows:
        return self.each(lambda column: column[where])

    def each(self, do: Callable[[NDArray[Any]], NDArray[Any]]) -> Rows:
        return Rows._make(do(column) for column in self)


class Stretch(NamedTuple):
    """A part of the curves: steps (n,), each the last that its values stand for; low, mean, high (n, series), NaN is a gap."""

    steps: IntArray
    low: FloatArray
    mean: FloatArray
    high: FloatArray


class Curves:
    """At most `max_rows` rows (an even number): when full, pairs of rows become one, and from then on each row holds twice as
    many of those appended, so that the first hour of a long run is drawn as finely as the last. Any thread may look on."""

    def __init__(self, names: tuple[str, ...], max_rows: int | None = None) -> None:
        self.names = names
        self.max_rows = MAX_ROWS if max_rows is None else max_rows
        if self.max_rows < 2 or self.max_rows % 2:
            raise ValueError("rows are merged in pairs: max_rows must be even")
        self.merged = 0  # how many times pairs of rows became one
        self._each = 1  # how many appended rows a full row holds: all but the last one are full
        self._count = 0
        self._kept = _blank(min(_FIRST_ROOM, self.max_rows), len(names))
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    def append(self, step: int, row: Mapping[str, float]) -> None:
        """Add the values at `step`; a series that is missing from `row`, or not finite in float32, has a gap there.

        A step that is not beyond the last one means that the run went back: what was kept from `step` on is removed first.
        """
        values = as_kept(row, self.names)[None]
        at, known = np.array([step], np.int64), (~np.isnan(values)).astype(np.int64)
        one = Rows(at, at, np.ones_like(at), known, values.astype(np.float64), values, values)
        with self._lock:
            self._add(one)

    def add(self, rows: Rows) -> None:
        """Go on with rows that other curves of the same names have kept, as if theirs had been appended here."""
        ends, i = _ends_of_runs(rows), 0
        with self._lock:
            while i < len(ends):
                taken = self._add_run(rows.part(slice(i, ends[i])))
                if not taken:
                    self._add(rows.part(slice(i, i + 1)))
                i += taken or 1

    def _add(self, one: Rows) -> None:
        self._cut(int(one.first[0]) - 1)
        if self._count == 0:
            self._each = int(one.size[0])  # the first row is a full one, wherever it comes from
        last = slice(self._count - 1, self._count)
        if self._count and self._kept.size[self._count - 1] + one.size[0] <= self._each:
            self._put(last, _joined(self._kept.part(last), one))
        else:
            self._make_room()
            self._put(slice(self._count, self._count + 1), one)
            self._count += 1

    def _add_run(self, rows: Rows) -> int:
        """Add as many of these rows of one size as make whole rows here, and fit; how many that is. What `_add` makes of them one
        by one, in the same order of operations: not a bit differs."""
        size = int(rows.size[0])
        each = self._each if self._count else size
        if self._count and (
            self._kept.size[self._count - 1] < each or self._kept.last[self._count - 1] >= rows.first[0]
        ):
            return 0
        group = each // size if each % size == 0 else len(rows.first) + 1
        count = min(len(rows.first) // group, len(self._kept.first) - self._count)
        if count:
            parts = (rows.part(slice(i, count * group, group)) for i in range(group))
            self._put(slice(self._count, self._count + count), functools.reduce(_joined, parts))
            self._each = each
            self._count += count
        return count * group

    def _put(self, where: slice, rows: Rows) -> None:
        columns: tuple[NDArray[Any], ...] = self._kept
        for column, new in zip(columns, rows, strict=True):
            column[where] = new

    def _make_room(self) -> None:
        if self._count == self.max_rows:
            half = self._count // 2
            pairs = (self._kept.part(slice(i, 2 * half, 2)) for i in (0, 1))
            self._put(slice(0, half), _joined(*pairs))
            self._count = half
            self._each *= 2
            self.merged += 1
        elif self._count == len(self._kept.first):
            more = min(self._count, self.max_rows - self._count)
            self._kept = self._kept.each(lambda column: np.concatenate([column, np.zeros_like(column[:more])]))

    def cut(self, step: int) -> None:
        """Forget what came after `step`; a row that stands for steps on both sides of it goes as a whole."""
        with self._lock:
            self._cut(step)

    def _cut(self, step: int) -> None:
        if self._count and self._kept.last[self._count - 1] > step:
            self._count = int(np.searchsorted(self._kept.last[: self._count], step, side="right"))

    def rows(self) -> Rows:
        """A copy of all rows."""
        with self._lock:
            return self._present.each(np.copy)

    def last(self) -> dict[str, float]:
        """The latest number of each series that has one."""
        with self._lock:
            means = self._present.mean
            found = {name: means[~np.isnan(means[:, i]), i][-1:] for i, name in enumerate(self.names)}
            return {name: float(values[0]) for name, values in found.items() if len(values)}

    def copy(self) -> Curves:
        """The same curves, apart from these: for another thread, while these go on."""
        with self._lock:
            other = Curves(self.names, self.max_rows)
            other.merged, other._each, other._count = self.merged, self._each, self._count
            other._kept = self._kept.each(np.copy)
            return other

    @property
    def _present(self) -> Rows:
        return self._kept.part(slice(0, self._count))

    def decimated(self, points: int = 500) -> tuple[FloatArray, FloatArray]:
        """Steps (n,) and values (n, series), n ≤ points: in each stretch of steps the lowest and the highest value of each
        series, in the order in which they came (the lowest first where both come from one row), so that no spike is lost.
        `points` ≥ 2."""
        with self._lock:
            rows = self._present
            if self._count <= points and (rows.size == 1).all():
                return rows.last.astype(np.float32), rows.low.copy()
            size = -(-self._count // (points // 2))  # rows in a stretch; the last one may be shorter
            starts = np.arange(0, self._count, size)
            ends = np.minimum(starts + size, self._count) - 1
            x = np.stack([rows.first[starts], rows.last[ends]], 1).reshape(-1)
            y = _extremes(_blocks(rows.low, size, np.inf), _blocks(rows.high, size, -np.inf))
            return x.astype(np.float32), y.reshape(len(x), -1)

    def window(self, first: float, last: float, points: int = 500) -> Stretch:
        """The rows that stand for any of the steps `first` … `last`, as at most `points` rows: a narrower window shows more."""
        with self._lock:
            begin = np.searchsorted(self._kept.last[: self._count], first, side="left")
            end = np.searchsorted(self._kept.first[: self._count], last, side="right")
            return _thinned(self._kept.part(slice(int(begin), int(end))), points)


def as_kept(row: Mapping[str, float], names: tuple[str, ...]) -> FloatArray:
    """(series,): the values of a row in the precision in which curves are kept; NaN for what is missing or not finite."""
    with np.errstate(over="ignore"):
        values = np.array([row.get(name, np.nan) for name in names], np.float64).astype(np.float32)
    values[np.isinf(values)] = np.nan
    return values


def _blank(rows: int, series: int) -> Rows:
    one, many = (rows,), (rows, series)
    return Rows(
        np.zeros(one, np.int64), np.zeros(one, np.int64), np.zeros(one, np.int64), np.zeros(many, np.int64),
        np.zeros(many, np.float64), np.zeros(many, np.float32), np.zeros(many, np.float32),
    )  # fmt: skip


def _ends_of_runs(rows: Rows) -> IntArray:
    """(n,): for each row, where the run of rows of its size and of increasing steps ends that it is in."""
    breaks = np.flatnonzero((np.diff(rows.size) != 0) | (rows.first[1:] <= rows.last[:-1])) + 1
    edges = np.array([0, *breaks, len(rows.first)], np.int64)
    return np.repeat(edges[1:], np.diff(edges))


def _joined(a: Rows, b: Rows) -> Rows:
    """Each row of `a` and the row of `b` that follows it as one."""
    known = a.known + b.known
    total = _totals(a) + _totals(b)
    low, high = np.fmin(a.low, b.low), np.fmax(a.high, b.high)
    return Rows(a.first, b.last, a.size + b.size, known, _mean(total, known), low, high)


def _totals(rows: Rows) -> NDArray[np.float64]:
    return np.where(rows.known > 0, rows.mean * rows.known, 0.0)


def _mean(total: NDArray[np.float64], known: IntArray) -> NDArray[np.float64]:
    return np.where(known > 0, total / np.maximum(known, 1), np.nan)


def _thinned(rows: Rows, points: int) -> Stretch:
    """At most `points` rows, each of equally many of `rows` (the last may be of fewer)."""
    count = len(rows.first)
    if count > points:
        starts = np.arange(0, count, -(-count // points))
        ends = np.append(starts[1:], count) - 1
        mean = _mean(np.add.reduceat(_totals(rows), starts), np.add.reduceat(rows.known, starts))
        low, high = np.fmin.reduceat(rows.low, starts), np.fmax.reduceat(rows.high, starts)
        return Stretch(rows.last[ends], low, mean.astype(np.float32), high)
    return Stretch(rows.last.copy(), rows.low.copy(), rows.mean.astype(np.float32), rows.high.copy())


def _blocks(values: FloatArray, size: int, gap: float) -> FloatArray:
    """(rows, series) -> (stretches, size, series), with `gap` in place of NaN and after the end."""
    stretches = -(-len(values) // size)
    padded = np.full((stretches * size, values.shape[1]), gap, np.float32)
    np.copyto(padded[: len(values)], values, where=~np.isnan(values))
    return padded.reshape(stretches, size, -1)


def _extremes(low: FloatArray, high: FloatArray) -> FloatArray:
    """(stretches, n, series) twice -> (stretches, 2, series): lowest and highest in order of appearance; NaN where all are gaps."""
    at_low, at_high = low.argmin(1), high.argmax(1)
    both = np.stack([low.min(1), high.max(1)], 1)
    both = np.where((at_low <= at_high)[:, None], both, both[:, ::-1])
    both[np.isinf(both)] = np.nan
    return both

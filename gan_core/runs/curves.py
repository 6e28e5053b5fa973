"""The curves of a run: appended at snapshot cadence, thinned in place, decimated for the screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
MAX_ROWS = 1 << 14


class Curves:
    """Rows of (step, one number a series). At most MAX_ROWS rows: when full, pairs of rows become their mean, and from then on
    each row is the mean of twice as many, so that the first hour of a long run is drawn as finely as the last."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._steps = np.empty(256, np.float64)
        self._sums = np.zeros((256, len(names)), np.float64)
        self._counts = np.zeros(
            (256, len(names)), np.int64
        )  # how many numbers are in each sum: NaN is a gap, and counts for none
        self._count = 0
        self._each = 1  # how many appended rows are in one
        self._open = 0  # how many are in the last one

    def __len__(self) -> int:
        return self._count

    def append(self, step: int, row: dict[str, float]) -> None:
        """Add the values at `step`; a series missing from `row` gets NaN, a gap in its curve."""
        if self._open in (0, self._each):
            self._new_row()
        last = self._count - 1
        values = np.array([row.get(name, np.nan) for name in self.names])
        known = ~np.isnan(values)
        self._steps[last] = step
        self._sums[last, known] += values[known]
        self._counts[last] += known
        self._open += 1

    def _new_row(self) -> None:
        if self._count == MAX_ROWS:
            self._halve()
        if self._count == len(self._steps):
            self._steps, self._sums, self._counts = (np.concatenate([a, np.zeros_like(a)])
                                                     for a in (self._steps, self._sums, self._counts))  # fmt: skip
        self._sums[self._count] = self._counts[self._count] = 0
        self._count += 1
        self._open = 0

    def _halve(self) -> None:
        half = self._count // 2
        self._steps[:half] = self._steps[1 : 2 * half : 2]
        for totals in (self._sums, self._counts):
            totals[:half] = totals[: 2 * half].reshape(half, 2, -1).sum(1)
        self._count = half
        self._each *= 2

    def decimated(self, points: int = 500) -> tuple[FloatArray, FloatArray]:
        """Steps (n,) and values (n, series), n ≤ points: in each stretch of steps the lowest and the highest value of each
        series, in the order in which they came, so that no spike is lost."""
        steps, counts = self._steps[: self._count], self._counts[: self._count]
        values = np.where(counts > 0, self._sums[: self._count] / np.maximum(counts, 1), np.nan).astype(np.float32)
        if self._count <= points:
            return steps.astype(np.float32), values
        size = -(-self._count // (points // 2))  # rows in a stretch; the last one may be shorter
        starts = np.arange(0, self._count, size)
        ends = np.minimum(starts + size, self._count) - 1
        padded = np.full((len(starts) * size, len(self.names)), np.nan, np.float32)
        padded[: self._count] = values
        x = np.stack([steps[starts], steps[ends]], 1).reshape(-1)
        y = _extremes(padded.reshape(len(starts), size, -1)).reshape(len(x), -1)
        return x.astype(np.float32), y


def _extremes(blocks: FloatArray) -> FloatArray:
    """(stretches, n, series) -> (stretches, 2, series): lowest and highest in order of appearance; NaN where all are NaN."""
    low = np.where(np.isnan(blocks), np.inf, blocks).argmin(1, keepdims=True)
    high = np.where(np.isnan(blocks), -np.inf, blocks).argmax(1, keepdims=True)
    both = np.concatenate([np.minimum(low, high), np.maximum(low, high)], 1)
    return np.take_along_axis(blocks, both, 1)

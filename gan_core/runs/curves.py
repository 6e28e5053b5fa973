"""The curves of a run: appended at snapshot cadence, thinned in place, decimated for the screen."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
MAX_ROWS = 1 << 14


class Curves:
    """Rows of (step, one number a series). At most MAX_ROWS rows: when full, pairs of rows become their mean."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._steps = np.empty(256, np.float64)
        self._values = np.empty((256, len(names)), np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, step: int, row: dict[str, float]) -> None:
        """Add the values at `step`; a series missing from `row` gets NaN, a gap in its curve."""
        if self._count == MAX_ROWS:
            self._halve()
        if self._count == len(self._steps):
            self._steps = np.concatenate([self._steps, np.empty_like(self._steps)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        self._steps[self._count] = step
        self._values[self._count] = [row.get(name, np.nan) for name in self.names]
        self._count += 1

    def _halve(self) -> None:
        half = self._count // 2
        self._steps[:half] = self._steps[1 : 2 * half : 2]
        self._values[:half] = self._values[: 2 * half].reshape(half, 2, -1).mean(1)
        self._count = half

    def decimated(self, points: int = 500) -> tuple[FloatArray, FloatArray]:
        """Steps (n,) and values (n, series), n ≤ points: in each stretch of steps the lowest and the highest value of each
        series, in the order in which they came, so that no spike is lost."""
        steps, values = self._steps[: self._count], self._values[: self._count]
        if self._count <= points:
            return steps.astype(np.float32), values.copy()
        edges = np.linspace(0, self._count, points // 2 + 1).astype(int)
        x, y = np.empty(2 * (len(edges) - 1), np.float32), np.empty((2 * (len(edges) - 1), len(self.names)), np.float32)
        for i, (a, b) in enumerate(itertools.pairwise(edges)):
            x[2 * i : 2 * i + 2] = steps[a], steps[b - 1]
            y[2 * i : 2 * i + 2] = _extremes(values[a:b])
        return x, y


def _extremes(block: FloatArray) -> FloatArray:
    """(n, series) -> (2, series): minimum and maximum of each column in order of appearance; NaN where all are NaN."""
    filled_low, filled_high = np.where(np.isnan(block), np.inf, block), np.where(np.isnan(block), -np.inf, block)
    low, high = filled_low.argmin(0), filled_high.argmax(0)
    columns = np.arange(block.shape[1])
    return np.stack([block[np.minimum(low, high), columns], block[np.maximum(low, high), columns]])

"""Whether a difference between two entries is larger than what their seeds make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


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

"""How often something beside the training may happen, so that it costs at most a given share of the time."""

from __future__ import annotations

_COLD = 2  # the first times fill caches and say nothing about the cost
_LONGEST = 5.0  # seconds


class Cadence:
    """due(now) is true at most once in `least` seconds, and so rarely that spent time stays below `share` of the whole; but
    at least once in `longest` seconds."""

    def __init__(self, least: float, share: float, longest: float = _LONGEST) -> None:
        self.least = least
        self._longest = longest
        self._share = share
        self._costs: list[float] = []
        self._last = -_LONGEST
        self._wait = 0.0

    def due(self, now: float, *, free: bool = False) -> bool:
        """`free`: the time is not wanted for anything else, so that it may cost what it does, and happen twice as often."""
        return now >= self._last + (self.least / 2 if free else max(self.least, self._wait))

    def spent(self, now: float, cost: float) -> None:
        """It happened, took `cost` seconds and ended at `now`. The median of the last three is what it is taken to cost."""
        self._last = now
        self._costs = [*self._costs[-(2 + _COLD) :], cost]
        warm = sorted(self._costs[_COLD:])
        self._wait = min(warm[len(warm) // 2] / self._share, self._longest) if warm else 0.0

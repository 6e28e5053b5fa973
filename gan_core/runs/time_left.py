"""How long a run will still take."""

from __future__ import annotations

from collections import deque

_WINDOW = 30.0  # seconds of the clock from which the pace is known: short enough to follow, too long to jump
_LEAST = 3.0  # before that nothing is said


class TimeLeft:
    """Counts on a clock that the caller reads, in seconds: whatever a run waits for is part of its pace, other runs and looking included."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, now: float, images: int) -> None:
        """It has seen so many samples by now, and goes on."""
        self._seen.append((now, images))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:
            self._seen.popleft()

    def rested(self) -> None:
        """What was before says nothing of what comes."""
        self._seen.clear()

    def seconds(self, horizon: int) -> float | None:
        """Until `horizon` samples; None while the pace is not known, where there is no end (0), and beyond it."""
        if not self._seen or not horizon or self._seen[-1][1] >= horizon:
            return None
        (then, before), (now, images) = self._seen[0], self._seen[-1]
        if now - then < _LEAST or images <= before:
            return None
        return (horizon - images) * (now - then) / (images - before)

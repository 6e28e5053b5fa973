"""Who watches a run, and how often it is looked at for them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from gan_core.runs.following import FOLLOWED, Beacon
from gan_core.runs.looking import UNWATCHED, WATCHED


class Audience:
    """The viewers of one run: those of this process are counted, those of others show at its `beacon` (None: it has no folder).
    `wait_at_least` is told the least seconds between two looks at it."""

    def __init__(self, wait_at_least: Callable[[float], None], beacon: Beacon | None) -> None:
        self._wait_at_least, self._beacon = wait_at_least, beacon
        self._lock = threading.Lock()
        self._viewers = 0
        self._unwatched_since = time.monotonic()

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Count a viewer of this process while the context is open. From any thread."""
        with self._lock:
            self._viewers += 1
            self._wait_at_least(WATCHED)
        try:
            yield
        finally:
            with self._lock:
                self._viewers -= 1
                if self._viewers == 0:
                    self._wait_at_least(UNWATCHED)
                    self._unwatched_since = time.monotonic()

    @property
    def unwatched_seconds(self) -> float:
        """For how long nobody has watched it in this process."""
        return 0.0 if self._viewers else time.monotonic() - self._unwatched_since

    def touch(self) -> None:
        """Somebody asked for the run: that time starts anew."""
        self._unwatched_since = time.monotonic()

    def is_followed(self) -> bool:
        """Whether another process wants frames; without viewers here that sets how often there are any. Asks the disk."""
        followed = self._beacon is not None and self._beacon.wanted()
        if not self._viewers:
            self._wait_at_least(FOLLOWED if followed else UNWATCHED)
        return followed

    def leave(self, frame: bytes) -> None:
        """Put the newest frame where other processes find it."""
        if self._beacon is not None:
            self._beacon.leave(frame)

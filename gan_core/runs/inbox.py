"""What waits to be done with a run: any thread puts commands in, the worker takes them out between two steps."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.runs.commands import Change, Command, after_all


class Inbox:
    """The commands of one run in their order. `current` gives its settings as they are now; who sets them does so in `take`."""

    def __init__(self, current: Callable[[], RunConfig]) -> None:
        self._current = current
        self._waiting: deque[Command] = deque()
        self._lock = threading.Lock()  # a change leaves the queue and enters the settings in one moment

    def __bool__(self) -> bool:
        """Whether a command waits."""
        return bool(self._waiting)

    @property
    def first(self) -> Command:
        """The command that is next. Raises IndexError where none waits."""
        return self._waiting[0]

    def asks_for(self, *kinds: type[Command]) -> bool:
        """Whether a command of one of these kinds waits."""
        return any(isinstance(command, kinds) for command in list(self._waiting))

    @property
    def expected(self) -> RunConfig:
        """The settings as they will be after the commands that wait."""
        with self._lock:
            return after_all(self._current(), self._waiting)

    def put(self, command: Command) -> None:
        """Let a command wait behind the others."""
        self._waiting.append(command)

    def put_change(self, values: Mapping[str, Any], check: Callable[[RunConfig, Mapping[str, Any]], None]) -> RunConfig:
        """Let new values of live settings wait; the settings as they will be then. `check` may refuse these, told what changes, by what it
        raises. Raises ConfigError besides. What is refused does not wait."""
        with self._lock:
            expected = after_all(self._current(), self._waiting)
            new = settings.replace(expected, values)
            changed = settings.live_differences(expected, new)
            check(new, changed)
            if changed:
                self._waiting.append(Change({name: pair[1] for name, pair in changed.items()}))
        return new

    def take(self, apply: Callable[[Change], None]) -> Command:
        """Take the next command out. A change is applied by `apply` on the way, so that nobody sees the settings without it."""
        with self._lock:
            command = self._waiting.popleft()
            if isinstance(command, Change):
                apply(command)
        return command

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

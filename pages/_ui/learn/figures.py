"""What lessons show that is no run: by name, what draws it and tells what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_core.lessons.sight import Sight
from pages._ui.learn.control import categories, direction, truncation
from pages._ui.learn.two_spaces import two_spaces

FIGURES: dict[str, Callable[[str, Mapping[str, Any], bool], Sight | None]] = {}

OF_RUNS: dict[str, Callable[[str, tuple[str, ...], Mapping[str, str]], Sight | None]] = {
    "two_spaces": two_spaces,
    "truncation": truncation,
    "categories": categories,
    "direction": direction,
}
"""Figures of the learner's own runs: called with a key, the labs that are needed, and of those that were begun the run's id."""

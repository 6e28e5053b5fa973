"""What lessons show that is no run: by name, what draws it and tells what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_core.lessons.sight import Sight
from pages._ui.learn import gaussians

FIGURES: dict[str, Callable[[str, Mapping[str, Any], bool], Sight | None]] = {
    "optimum": gaussians.optimum, "learned": gaussians.learned, "apart": gaussians.apart,
}  # fmt: skip
TITLES = {**gaussians.TITLES}
"""What the figures of tasks are called that only lessons have."""

"""What lessons show that is no run: by name, what draws it and tells what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_core.lessons.looks import of_dirac
from gan_core.lessons.sight import Sight
from gan_core.text import N_
from pages._ui.dirac import dirac_lab
from pages._ui.learn import gaussians


def _dirac(key: str, start: Mapping[str, Any], locked: bool) -> Sight:
    return of_dirac(dirac_lab(key, start=start))


FIGURES: dict[str, Callable[[str, Mapping[str, Any], bool], Sight | None]] = {
    "optimum": gaussians.optimum, "learned": gaussians.learned, "apart": gaussians.apart, "dirac": _dirac,
}  # fmt: skip
TITLES = {
    "modes": N_("Clusters found"), "ratio": N_("Distance at the end over that at the start"), "turns": N_("Turns"), **gaussians.TITLES,
}  # fmt: skip
"""What the figures of tasks are called that only lessons have."""

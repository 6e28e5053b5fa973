"""What lessons show that is no run: by name, what draws it and tells what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_core.dirac import settings
from gan_core.lessons.looks import of_dirac
from gan_core.lessons.sight import Sight
from gan_core.text import N_
from pages._ui.dirac import dirac_lab
from pages._ui.learn import gaussians, measuring
from pages._ui.learn.control import categories, direction, truncation
from pages._ui.learn.two_spaces import two_spaces


def _dirac(key: str, start: Mapping[str, Any], free: tuple[str, ...]) -> Sight:
    locked = set(settings.fields()) - {*free} if free else ()
    return of_dirac(dirac_lab(key, start=start, locked=locked))


FIGURES: dict[str, Callable[[str, Mapping[str, Any], tuple[str, ...]], Sight | None]] = {
    "optimum": gaussians.optimum, "learned": gaussians.learned, "apart": gaussians.apart, "dirac": _dirac,
    "cloud": measuring.cloud, "digits": measuring.digits,
}  # fmt: skip
"""Called with a key, what they start with, and the settings that may be changed; (): all."""

TITLES = {
    "modes": N_("Modes"), "ratio": N_("Distance at the end over that at the start"), "turns": N_("Turns"), **gaussians.TITLES,
    "g_gradient": N_("Gradient norm of G"), "d_loss": N_("Loss of D"), "g_loss": N_("Loss of G"), "fd": N_("Fréchet distance"), "copied": N_("Suspiciously near"),
    "near": N_("Nearest training picture (pixels)"), "tried": N_("Tried to the end"), "beyond": N_("Larger than chance"),
    "within": N_("Not larger than chance"), "bits": N_("Bits in common"), "reached": N_("At the far end"),
}  # fmt: skip
"""What the figures of tasks are called that only lessons have."""

OF_RUNS: dict[str, Callable[[str, tuple[str, ...], Mapping[str, str]], Sight | None]] = {
    "two_spaces": two_spaces,
    "truncation": truncation,
    "categories": categories,
    "direction": direction,
}
"""Figures of the learner's own runs: called with a key, the labs that are needed, and of those that were begun the run's id."""

"""Presets: settings with a name, that do here what their text says.

What an entry's `info` holds: `page`, where it opens ("lab", "images", "translate", or "compare" for several runs side by side); `goal`, its section
on Home, or "recipe" for a method that is chosen in the Image Lab, "translation" for one under Translate; `see`, what to look at; `try_this`, one change to make, its settings and choices in `**` by the titles they have on screen;
`versions`, of a comparison: what each of its two to four runs sets beyond the preset's own value, never the data nor the seed.
"""

from __future__ import annotations

from typing import Any

from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.presets import beginning, encoders, few_pictures, recipes, teaching, translation
from gan_core.text import N_

__all__ = ["GOALS", "beginning", "encoders", "few_pictures", "load", "recipes", "teaching", "translation", "versions"]

GOALS = {"begin": N_("To begin with"), "lesson": N_("What goes wrong, and what helps")}


def load(name: str) -> RunConfig:
    """The configuration of a preset; of a comparison, what its versions share. Raises ConfigError for an unknown name."""
    changes: dict[str, Any] = registry.preset[name].value
    return replace(RunConfig(), changes)


def versions(name: str) -> list[RunConfig]:
    """The configurations that a preset runs side by side: one, or two to four of a comparison. Raises ConfigError for an unknown name."""
    shared = load(name)
    return [replace(shared, changes) for changes in registry.preset[name].info.get("versions", ({},))]

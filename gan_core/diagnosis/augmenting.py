"""The settings by which what D sees is augmented, for the conditions that have to do with it. This is the only place that names them."""

from __future__ import annotations

from typing import Any

from gan_core.config import RunConfig

ON = {"augmentation": "diffaugment", "augment_strength": 1.0}
_LESS = 0.5  # of the strength: what leaks at one half of the pictures does not at a quarter


def less(c: RunConfig) -> dict[str, Any]:
    """The changes that augment half as much; empty where nothing is augmented."""
    return {"augment_strength": float(f"{_LESS * c.augment_strength:.1g}")} if c.augments else {}

"""Pasts of runs that never were: looks made by hand, for the diagnosis to read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import _tiny
import numpy as np

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.diagnosis import Doctor, Finding, Look
from gan_core.diagnosis.places import Places, places_of

SPACING = 50
MODES = 8


def ring() -> Places:
    """Eight places around a circle, as data of eight tight clusters have them."""
    modes = np.stack([(math.cos(a), math.sin(a)) for a in np.arange(MODES) * math.pi / 4])
    rng = np.random.default_rng(0)
    return places_of(modes[rng.integers(MODES, size=1000)] + 0.01 * rng.normal(size=(1000, 2)), modes)


def look(step: int, at: tuple[int, ...] = tuple(range(MODES)), **more: Any) -> Look:
    """A look at a run in good health whose generated points lie evenly at these modes."""
    where = np.zeros(MODES)
    where[list(at)] = 1 / len(at)
    usual: dict[str, Any] = {
        "images": step * 16, "d_loss": 1.2, "g_loss": 0.9, "d_real": 0.2, "d_fake": -0.2, "d_gradient": 0.5, "g_gradient": 1.0,
        "where": where, "at_data": 0.9, "covered": where > 0, "coverage": len(at) / MODES, "size": 1.0, "away": 0.0, "order": 0.65,
        "distance": 0.06, "floor": 0.05,
    }  # fmt: skip
    return Look(step, **(usual | more))


def doctor(config: RunConfig | None = None, places: Places | None = None) -> Doctor:
    return Doctor(config or plain(), places or ring())


def plain(**changes: Any) -> RunConfig:
    """A GAN without any help."""
    return _tiny.points(**({"loss": "non_saturating", "penalty": "none", "penalty_weight": 1.0} | changes))


def told(
    doctor: Doctor, make: Callable[[int], Look], first: int = SPACING, last: int = 2000, spacing: int = SPACING
) -> list[str]:
    """Show looks at these steps; every code that was ever said, in order."""
    said: list[str] = []
    for step in range(first, last + 1, spacing):
        for finding in doctor.see(make(step), doctor.config):
            if finding.code not in said:
                said.append(finding.code)
    return said


def codes(doctor: Doctor) -> list[str]:
    return [finding.code for finding in doctor.findings]


def only(doctor: Doctor) -> Finding:
    (found,) = doctor.findings
    return found


def points_of(name: str) -> Any:
    return data_sets.load(_tiny.points(data__name=name).data)

"""Engines: what a step minimises (objectives.py); the same step as one program (program.py), made (build.py, workshop.py) and run."""

from __future__ import annotations

import os

from gan_core.errors import ConfigError
from gan_core.text import N_

NAMES = ("auto", "eager", "compiled")
VARIABLE = "GAN_PLAYGROUND_ENGINE"


def default(given: str | None = None) -> str:
    """What an automatic run means here: as given, or GAN_PLAYGROUND_ENGINE, or "auto". Raises ConfigError."""
    chosen = given or os.environ.get(VARIABLE) or "auto"
    if chosen not in NAMES:
        raise ConfigError(N_("The engine cannot be {value!r} ({variable}). Allowed: {allowed}."), value=chosen, variable=VARIABLE,
                          allowed=", ".join(NAMES))  # fmt: skip
    return chosen

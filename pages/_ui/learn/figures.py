"""What lessons show that is no run: by name, what draws it and tells what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_core.lessons.looks import of_dirac
from gan_core.lessons.sight import Sight
from pages._ui.dirac import dirac_lab


def _dirac(key: str, start: Mapping[str, Any], locked: bool) -> Sight:
    return of_dirac(dirac_lab(key, start=start))


FIGURES: dict[str, Callable[[str, Mapping[str, Any], bool], Sight | None]] = {"dirac": _dirac}

"""What lessons show that is no run: by name, what draws it and tells what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_core.lessons.sight import Sight
from pages._ui.learn import measuring

FIGURES: dict[str, Callable[[str, Mapping[str, Any], bool], Sight | None]] = {
    "cloud": measuring.cloud,
    "digits": measuring.digits,
}

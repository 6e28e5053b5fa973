"""How a picture of any shape becomes a square of pixels."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.errors import ConfigError
from gan_core.text import N_

SIZES = (8, 16, 28, 32, 64, 128)  # sides that networks are made for
FITS = {
    "crop": N_("Cut the middle out"),
    "whole": N_("Whole, with white borders"),
    "stretch": N_("Stretched to a square"),
}
COLOURS = {"auto": N_("As the pictures are"), "grey": N_("Grey"), "colour": N_("Colour")}


@dataclass(frozen=True)
class Choices:
    """size: side in pixels. fit: what becomes of a picture that is no square. colour: "auto" makes the set grey if every picture of it
    is. Raises ConfigError for a choice that there is not."""

    size: int = 64
    fit: str = "crop"
    colour: str = "auto"

    def __post_init__(self) -> None:
        for name, allowed in (("size", SIZES), ("fit", tuple(FITS)), ("colour", tuple(COLOURS))):
            value = getattr(self, name)
            if value not in allowed:
                raise ConfigError(N_("{field} cannot be {value}. Allowed: {allowed}."),
                                  field=name, value=repr(value)[:60], allowed=", ".join(map(str, allowed)))  # fmt: skip

"""How a picture of any shape becomes a square of pixels."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.errors import ConfigError
from gan_core.text import N_

SIZES = (8, 16, 28, 32, 64, 128)  # sides that networks are made for
PAIR_SIZES = SIZES[SIZES.index(28) :]  # those that translate
FITS = {
    "crop": N_("Cut the middle out"),
    "whole": N_("Whole, with white borders"),
    "stretch": N_("Stretched to a square"),
}
COLOURS = {"auto": N_("As the pictures are"), "grey": N_("Grey"), "colour": N_("Colour")}
FOLDERS = {
    "classes": N_("Folders are classes"),
    "names": N_("Two folders in pairs: what is called alike belongs together"),
    "apart": N_("Two folders without pairs"),
}


@dataclass(frozen=True)
class Choices:
    """size: side in pixels. fit: what becomes of a picture that is no square. colour: "auto" makes the set grey if every picture of it
    is. folders: what they mean that pictures lie in; all but "classes" make a set to translate with. Raises ConfigError for a choice that
    there is not."""

    size: int = 64
    fit: str = "crop"
    colour: str = "auto"
    folders: str = "classes"

    def __post_init__(self) -> None:
        sizes = SIZES if self.folders == "classes" else PAIR_SIZES
        allowed_ones = {"size": sizes, "fit": tuple(FITS), "colour": tuple(COLOURS), "folders": tuple(FOLDERS)}
        for name, allowed in allowed_ones.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ConfigError(N_("{field} cannot be {value}. Allowed: {allowed}."),
                                  field=name, value=repr(value)[:60], allowed=", ".join(map(str, allowed)))  # fmt: skip

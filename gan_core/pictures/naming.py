"""The name of a set: a digest of its content, and its shape, so that settings which name it say what networks it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gan_core.pictures.choices import SIZES
from gan_core.pictures.limits import MOST_CLASSES

FOLDER = "pictures"  # in a data folder: holds a folder for each set, called by its name

_NAME = re.compile(rf"([0-9a-f]{{32}})-([13])x({'|'.join(map(str, SIZES))})-(0|[1-9][0-9]{{0,3}})")


@dataclass(frozen=True)
class Shape:
    """What the name of a set says of it."""

    channels: int
    size: int
    classes: int

    def name(self, digest: str) -> str:
        """The name of a set of this shape, by the hexadecimal digest of its content."""
        return f"{digest[:32]}-{self.channels}x{self.size}-{self.classes}"


def shape_of(name: str) -> Shape | None:
    """What a name says; None for what is no name of a set."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    shape = Shape(*(int(part) for part in found.groups()[1:]))
    return shape if shape.classes != 1 and shape.classes <= MOST_CLASSES else None

"""The name of a set: a digest of its content, and its shape, so that settings which name it say what networks it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gan_core.pictures.choices import PAIR_SIZES, SIZES
from gan_core.pictures.limits import MOST_CLASSES

FOLDER = "pictures"  # in a data folder: holds a folder for each set, called by its name

_NAME = re.compile(rf"([0-9a-f]{{32}})-([13])x({'|'.join(map(str, SIZES))})-(0|[1-9][0-9]{{0,3}})(p?)")


@dataclass(frozen=True)
class Shape:
    """What the name of a set says of it. paired: its pictures are in two kinds, and each has a partner of the other kind."""

    channels: int
    size: int
    classes: int
    paired: bool = False

    def name(self, digest: str) -> str:
        """The name of a set of this shape, by the hexadecimal digest of its content."""
        return f"{digest[:32]}-{self.channels}x{self.size}-{self.classes}{'p' if self.paired else ''}"


def shape_of(name: str) -> Shape | None:
    """What a name says; None for what is no name of a set."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    _digest, channels, size, classes, paired = found.groups()
    shape = Shape(int(channels), int(size), int(classes), bool(paired))
    good = shape.classes == 2 if shape.paired else shape.classes != 1 and shape.classes <= MOST_CLASSES
    return shape if good else None


def is_of_two(name: str) -> bool:
    """Whether a set of this name has two kinds of pictures that are large enough to be translated."""
    shape = shape_of(name)
    return shape is not None and shape.classes == 2 and shape.size >= PAIR_SIZES[0]

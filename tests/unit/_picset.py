"""Sets of pictures in a data folder, made as an import makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.pictures.choices import Choices
from gan_core.pictures.making import Making
from gan_core.pictures.naming import FOLDER


@dataclass(frozen=True)
class Made:
    """A set in its place: its name, its folder, and by the bytes of each picture (C, S, S) which kind it is."""

    name: str
    path: Path
    kinds: dict[bytes, int] = field(repr=False)


def make(root: Path, channels: int = 1, size: int = 16, classes: int = 0, count: int = 120) -> Made:
    """Bars whose place tells the kind, with noise; of 4 kinds, in folders where there are to be classes."""
    rng = np.random.default_rng(0)
    folder = root / FOLDER / ".new-made"
    folder.mkdir(parents=True)
    making = Making(folder, Choices(size, colour="grey" if channels == 1 else "colour"))
    kinds: dict[bytes, int] = {}
    step = size // 4
    for i in range(count):
        kind = i % (classes or 4)
        pixels: NDArray[np.uint8] = rng.integers(0, 60, (size, size, channels), dtype=np.uint8)
        pixels[:, kind * step : (kind + 1) * step] += 180
        kinds[pixels.transpose(2, 0, 1).tobytes()] = kind
        making.add(pixels.tobytes(), f"class {kind}/{i}.png" if classes else f"{i}.png", is_grey=channels == 1)
    name = making.finish()
    assert not making.left
    return Made(name, folder.rename(folder.with_name(name)), kinds)

"""Sets of pictures in a data folder, as importing writes them, and what is in them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.data.pictures import FOLDER, Shape


@dataclass(frozen=True)
class Made:
    """A set that was written: its name, its folder, images (N, C, S, S) uint8 with those held out last, labels (N,) or None."""

    name: str
    path: Path
    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    held_out: int


def make(root: Path, channels: int = 1, size: int = 16, classes: int = 0, count: int = 120, held_out: int = 20) -> Made:
    """Bars whose place tells the class, with noise; every class is in both parts."""
    rng = np.random.default_rng(channels * 1000 + size * 10 + classes)
    images = rng.integers(0, 60, (count, channels, size, size), dtype=np.uint8)
    kinds = np.arange(count, dtype=np.int64) % max(classes, 2)
    for image, kind in zip(images, kinds, strict=True):
        image[:, :, kind * 4 : kind * 4 + 3] += 180
    labels = kinds if classes else None
    names = [f"class {k}" for k in range(classes)]
    said = {"held_out": held_out, "classes": names, "count": count}
    digest = hashlib.sha256(images.tobytes() + json.dumps(said).encode()).hexdigest()
    name = Shape(channels, size, classes).name(digest)
    path = root / FOLDER / name
    path.mkdir(parents=True, exist_ok=True)
    np.save(path / "pictures.npy", images)
    if labels is not None:
        np.save(path / "labels.npy", labels)
    (path / "set.json").write_text(json.dumps(said), encoding="utf-8")
    return Made(name, path, images, labels, held_out)

"""Sets of pictures that somebody brought: kept under a digest of their content in the data folder, and read from there by all runs.

DATA/pictures/NAME/pictures.npy   (N, C, S, S) uint8, those to train on first; never changed once it is there
DATA/pictures/NAME/labels.npy     (N,) int64, of a set with classes
DATA/pictures/NAME/set.json       how many are held out, what the classes are called
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor
from torch.nn.functional import interpolate

from gan_core.data.digits import digits
from gan_core.data.sets import ImageSet, Progress
from gan_core.errors import DataError
from gan_core.pictures.choices import SIZES
from gan_core.pictures.naming import FOLDER, shape_of
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

FORM = "the name that importing pictures gives, or nothing"
LICENCE = N_("that of whoever imported the pictures")
MISSING = N_("The pictures of these settings ({name}…, {size} × {size}) are not on this server: they were deleted, or imported elsewhere. Import the same files "
             "again, with the same choices.")  # fmt: skip
DAMAGED = N_(
    "The pictures in {path} are damaged. Delete the set and import the same files again, with the same choices."
)
RESIZING = N_("Resizing the pictures")

_RESIZED = 500  # pictures at a time


def is_name(text: str) -> bool:
    """Whether this can be the name of a set, or "" for the example."""
    return not text or shape_of(text) is not None


def class_names(name: str) -> tuple[str, ...]:
    """What the classes of a set are called; () where the set is not on this server, or damaged."""
    try:
        return _class_names(_find(name))
    except DataError:
        return ()


@lru_cache(64)
def _class_names(folder: Path) -> tuple[str, ...]:
    """Asked for at each drawing of a page. What is kept under a digest never changes. Raises DataError."""
    said = _said(folder)
    if said is None:
        raise DataError(DAMAGED, path=folder.name)
    return tuple(said["classes"])


def own(data: DataConfig) -> Mapping[str, Any]:
    """What differs from the entry in the registry for the set that is chosen: known from its name, wherever its pictures are."""
    shape = shape_of(data.pictures)
    if shape is None:
        return {}
    sizes = tuple(size for size in SIZES if size <= shape.size)
    return {
        "channels": shape.channels,
        "classes": shape.classes,
        "sizes": sizes,
        "native": shape.size,
        "licence": LICENCE,
    }


# ── where sets are ───────────────────────────────────────────────────────────────────────────────────────────────────────

_lock = threading.Lock()
_roots: list[Path] = []


def use_folder(data_folder: Path) -> None:
    """Look for sets in this data folder too."""
    with _lock:
        folder = data_folder / FOLDER
        if folder not in _roots:
            _roots.append(folder)


def check(data: DataConfig) -> None:
    """Raises DataError where the set that is chosen is not on this server."""
    if data.pictures:
        _find(data.pictures)


def _missing(name: str) -> DataError:
    shape = shape_of(name)
    return DataError(MISSING, name=name[:8], size=shape.size if shape else "?")


def _find(name: str) -> Path:
    """The folder of a set. Raises DataError."""
    from gan_core.runs.store import data_dir

    with _lock:
        places = [folder / name for folder in (*_roots, data_dir() / FOLDER)]
    found = next((place for place in places if (place / "set.json").is_file()), None) if shape_of(name) else None
    if found is None:
        raise _missing(name)
    return found


# ── as a data set ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataset("pictures", kind="images", title=N_("Your pictures"),
         help=N_("Pictures that you import; until then the small digits that come with the app."),
         **{key: dataset["digits"].info[key] for key in ("sizes", "native", "channels", "classes", "licence")}, download=False, own=own,
         check=check, imported=True)  # fmt: skip
def pictures(data: DataConfig, progress: Progress | None = None) -> ImageSet:
    """The set that `data.pictures` names, read from the disk as it is used where no other size is asked for. Raises DataError."""
    if not data.pictures:
        example: ImageSet = replace(digits(data, progress), name="pictures")
        return example
    path = _find(data.pictures)
    images, labels, said = _read(path, data.pictures)
    held_out, classes = said["held_out"], tuple(said["classes"])
    images = _by_area(images, data.image_size, progress)
    count = len(images) - held_out
    train, test = (None, None) if labels is None else (labels[:count], labels[count:])
    return ImageSet("pictures", images[:count], train, images[count:], test, classes, LICENCE)


def absent(data: DataConfig, count: int = 0) -> ImageSet:
    """What stands in for a set that is not here any more where only its shape is needed: `count` black pictures."""
    info = own(data)
    blank = torch.zeros(count, info["channels"], data.image_size, data.image_size, dtype=torch.uint8)
    labels = torch.arange(count) % info["classes"] if count and info["classes"] else None
    return ImageSet("pictures", blank, labels, blank[:0], None, (), LICENCE)


def _read(path: Path, name: str) -> tuple[Tensor, Tensor | None, dict[str, Any]]:
    shape = shape_of(name)
    assert shape is not None
    said = _said(path)
    try:
        # Copy on write: nobody writes, and torch takes no array that nobody may write to.
        images = open_memmap(path / "pictures.npy", "c")
        labels = open_memmap(path / "labels.npy", "c") if shape.classes else None
        good = images.dtype == np.uint8 and images.shape[1:] == (shape.channels, shape.size, shape.size)
        good = (
            good and said is not None and 0 < said["held_out"] < len(images) and len(said["classes"]) == shape.classes
        )
        if labels is not None:
            good = good and labels.dtype == np.int64 and labels.shape == images.shape[:1]
            good = good and labels.min() >= 0 and labels.max() < shape.classes
    except FileNotFoundError:
        raise _missing(name) from None
    except (OSError, ValueError, EOFError):
        good = False
    if not good or said is None:
        raise DataError(DAMAGED, path=path.name)
    return torch.from_numpy(images), None if labels is None else torch.from_numpy(labels), said


def _said(path: Path) -> dict[str, Any] | None:
    """What set.json says; None for what was not written here."""
    try:
        said = json.loads((path / "set.json").read_text(encoding="utf-8"))
        good = type(said["held_out"]) is int and isinstance(said["classes"], list)
        good = good and all(isinstance(each, str) for each in said["classes"])
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return said if good else None


def _by_area(images: Tensor, size: int, progress: Progress | None) -> Tensor:
    """(N, C, S, S) uint8 -> (N, C, size, size) uint8, each pixel the mean of what it covers."""
    if images.shape[-1] == size:
        return images
    small = torch.empty(*images.shape[:2], size, size, dtype=torch.uint8)
    for first in range(0, len(images), _RESIZED):
        part = images[first : first + _RESIZED].float()
        small[first : first + _RESIZED] = interpolate(part, (size, size), mode="area").round().to(torch.uint8)
        if progress:
            progress(RESIZING, first, len(images))
    return small

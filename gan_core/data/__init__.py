"""Data sets: points in the plane and pictures. `load` gives one by its settings."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from gan_core import registry

# In the order in which they are offered.
# isort: off
from gan_core.data import mixtures, points, drawing, table
from gan_core.data import digits, shapes, glyphs, public_sets, emnist, stacked, pictures, pairs, own_pairs

# isort: on
from gan_core.data.download import Missing
from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet, PointSet, Progress

if TYPE_CHECKING:
    from gan_core.config import DataConfig

__all__ = ["ImageSet", "PairSet", "PointSet", "digits", "drawing", "emnist", "fingerprint", "glyphs", "info_of", "is_available", "load", "missing",
           "mixtures", "own_pairs", "pairs", "pictures", "points", "public_sets", "shapes", "stacked", "table"]  # fmt: skip

_KEPT = 3  # picture sets in memory; their tensors are shared by all runs and never written to
_Key: TypeAlias = tuple[str, str, int]
_cache: OrderedDict[_Key, ImageSet] = OrderedDict()
# What was taken of them, and what of: the same object each time, since what was found out about a set is kept with it.
_parts: OrderedDict[tuple[str, str, int, int, str], tuple[ImageSet, ImageSet]] = OrderedDict()
_lock = threading.Lock()
_loading: defaultdict[_Key, threading.Lock] = defaultdict(threading.Lock)


def info_of(data: DataConfig) -> Mapping[str, Any]:
    """What is known of a set without loading it, as its entry in the registry says it; of imported pictures, what their name says:
    channels, classes (0: none), sizes, native."""
    info = registry.dataset[data.name].info
    return {**info, **info["own"](data)} if "own" in info else info


def title_of(name: str) -> str:
    """The title of a set, to be translated; of one that is not registered, its name."""
    return registry.dataset[name].title if name in registry.dataset else name


def imported(data: DataConfig) -> str:
    """The name of the imported set that is used; "" for none."""
    return data.pictures if registry.dataset[data.name].info.get("imported") else ""


def load(data: DataConfig, progress: Progress | None = None) -> PointSet | ImageSet:
    """The data set that `data` names, from memory if it was just used. Raises DataError."""
    entry = registry.dataset[data.name]
    if entry.info["kind"] == "points":
        found: PointSet | ImageSet = entry.value(data, progress)
        return found
    if "check" in entry.info:  # what is in memory may have been deleted since
        entry.info["check"](data)
    key = (data.name, imported(data), data.image_size)
    with _lock:
        loading = _loading[key]
    with loading:  # two runs that want the same set load it once; other sets do not wait
        images = _cache.get(key) or entry.value(data, progress)
        with _lock:
            _cache[key] = images
            _cache.move_to_end(key)
            while len(_cache) > _KEPT:
                _cache.popitem(last=False)
        part = (*key, data.limit, data.direction)
        known = _parts.get(part)
        if known is None or known[0] is not images:
            found = images.limited(data.limit)
            known = images, found.turned() if isinstance(found, PairSet) and data.direction == "back" else found
    with _lock:
        _parts[part] = known
        _parts.move_to_end(part)
        while len(_parts) > _KEPT:
            _parts.popitem(last=False)
    return known[1]


def is_available(name: str) -> bool:
    """Whether a data set can be loaded without a network."""
    return missing(name) is None


def missing(name: str) -> Missing | None:
    """The files that a data set still lacks, and where they belong; None when it can be loaded without a network."""
    look = registry.dataset[name].info.get("missing")
    found: Missing | None = look() if look is not None else None
    return found


def fingerprint(data: PointSet | ImageSet) -> str:
    """SHA-256 of the training pictures, or of a fixed draw of 4,096 points: equal data have equal fingerprints."""
    if isinstance(data, PointSet):
        sample = data.to_units(data.draw(4096, torch.Generator().manual_seed(0)))
        return hashlib.sha256(sample.numpy().tobytes()).hexdigest()
    return data.fingerprint

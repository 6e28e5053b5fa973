"""The training pictures of a set, ready to be compared with: made once, on a thread of their own, beside every training."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_core.data.sets import ImageSet, to_unit
from gan_core.errors import PlaygroundError
from gan_core.metrics import nearest
from gan_core.metrics.features import AtHand, Features, at_hand
from gan_core.metrics.nearest import Index, nearer_than
from gan_core.metrics.pieces import Pieces, T

log = logging.getLogger(__name__)

PIXELS, FEATURES = "pixels", "features"
_KEPT = 4
Then = Callable[[], None]


@dataclass
class Yard:
    """What is known of a set in one way of comparing. ready: `index` and `held_out` are there; it stays without an index where
    something went wrong."""

    data: ImageSet
    by: str
    index: Index | None = None
    held_out: Tensor = field(default_factory=lambda: torch.empty(0))
    classifier: AtHand | None = None  # whose features can be compared by
    ready: threading.Event = field(default_factory=threading.Event)
    waiting: list[Then] = field(default_factory=list)

    @property
    def features(self) -> str:
        """The name of the features that can be compared by at this moment, "" where there are none."""
        return self.classifier.name if self.classifier is not None and self.classifier.is_here else ""


_yards: OrderedDict[tuple[int, int, str], Yard] = OrderedDict()
_lock = threading.Lock()


def of(data: ImageSet, by: str, then: Then | None = None) -> Yard:
    """The training pictures of `data` to be compared by PIXELS or FEATURES. Where they are still being made, `then` is called once they
    are ready, from another thread; without a `then` this waits for them."""
    # A part of a set is told by its size, since it is made anew with each moment that is read; the yard holds the set, so that nothing
    # else can have its id.
    key = (id(data.complete), len(data.images), by)
    with _lock:
        yard = _yards.get(key)
        if yard is None:
            yard = _yards[key] = Yard(data, by)
            threading.Thread(target=_make, args=(yard,), name=f"nearest-{data.name}").start()
            while len(_yards) > _KEPT:
                _yards.popitem(last=False)
        _yards.move_to_end(key)
        if then is not None and not yard.ready.is_set() and then not in yard.waiting:
            yard.waiting.append(then)
    if then is None:
        yard.ready.wait()
    return yard


@dataclass(frozen=True)
class Compared:
    """pictures (K, C, H, W) uint8: the nearest training pictures, the nearest first; facts: their distances, rows and classes, and the yardstick, as JSON."""

    pictures: NDArray[Any]
    facts: dict[str, Any]


def compared(yard: Yard, picture: Tensor, count: int, *, itself: bool = False) -> Compared | None:
    """The `count` training pictures nearest to a picture (C, H, W) in [−1, 1], and how many of the held-out ones are farther ("nearer", None
    without any). None while the yard is not ready, or without an index, or for a picture that is not finite. itself: it may be one of
    them, which is left out then."""
    if not yard.ready.is_set() or yard.index is None or not bool(picture.isfinite().all()):
        return None
    data = yard.data
    distances, rows = yard.index.find(picture, count + 1)
    if itself and torch.equal(to_unit(data.images[rows[0]]), picture):
        distances, rows = distances[1:], rows[1:]
    distances, rows = distances[:count], rows[:count]
    nearer = nearer_than(float(distances[0]), yard.held_out)
    facts: dict[str, Any] = {
        "features": yard.features, "distances": distances.tolist(), "rows": rows.tolist(), "held_out": yard.held_out.tolist(),
        "nearer": nearer if math.isfinite(nearer) else None,
    }  # fmt: skip
    if data.labels is not None:
        facts["names"] = [_class(data, int(label)) for label in data.labels[rows]]
    return Compared(data.images[rows].numpy(), facts)


def _class(data: ImageSet, label: int) -> str:
    return data.class_names[label] if label < len(data.class_names) else str(label)


def _make(yard: Yard) -> None:
    torch.set_num_threads(1)  # the other cores are the training's
    try:
        _fill(yard)
    except PlaygroundError as error:
        log.warning("no comparison with the training pictures of %s: %s", yard.data.name, error)
    except Exception:
        log.exception("the training pictures of %s cannot be compared with", yard.data.name)
    finally:
        with _lock:
            yard.ready.set()
            waiting, yard.waiting = yard.waiting, []
        for then in waiting:
            then()


def _fill(yard: Yard) -> None:
    yard.classifier = at_hand(yard.data)
    if yard.by == FEATURES and not yard.features:
        return
    seen = yard.classifier.get() if yard.classifier is not None and yard.by == FEATURES else None
    index = _while_needed(_index(yard.data, seen))
    held_out = _while_needed(nearest.yardstick(index, yard.data)) if index is not None else None
    if held_out is not None:
        yard.index, yard.held_out = index, held_out


def _index(data: ImageSet, features: Features | None) -> Pieces[Index]:
    if features is None:
        return (yield from nearest.index_pixels(data))
    return (yield from nearest.index_features(data, features))


def _while_needed(pieces: Pieces[T]) -> T | None:
    """All pieces, or None where the process ends meanwhile."""
    while threading.main_thread().is_alive():
        try:
            next(pieces)
        except StopIteration as end:
            found: T = end.value
            return found
    return None

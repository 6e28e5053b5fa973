"""The real pictures of a set in the eyes of some judges: looked at once, for all evaluations."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property

import torch
from torch import Tensor

from gan_core import data as data_sets
from gan_core.data.sets import ImageSet, to_unit
from gan_core.metrics.features import Judges
from gan_core.metrics.pieces import Pieces
from gan_core.metrics.seen import Seen, join, look

_ENOUGH = 1280  # held-out pictures from which they alone are the reference
_KEPT = 2


class RealPictures:
    """The reference: the held-out pictures, or all pictures where those are few; in a fixed random order."""

    def __init__(self, data: ImageSet, judges: Judges) -> None:
        self.data, self.judges = data, judges
        self.few = len(data.test_images) < _ENOUGH
        self.count = len(data.test_images) + (len(data.images) if self.few else 0)
        self.floors: dict[
            tuple[int, str], float | None
        ] = {}  # by how many samples there are, and the figure; None: too few pictures
        self._seen: Seen | None = None

    @cached_property
    def name(self) -> str:
        """Of the set, its size, and which pictures they are: two sets have different ones."""
        size = "×".join(str(length) for length in self.data.shape)
        return f"{self.data.name} {size} {data_sets.fingerprint(self.data)[:12]}"

    @property
    def pieces(self) -> int:
        """How much work `look` is: none once it is done."""
        return 0 if self._seen else math.ceil(self.count / self.judges.features.block)

    def look(self) -> Pieces[Seen]:
        """What is seen of the reference."""
        if self._seen is None:
            order = torch.randperm(self.count, generator=torch.Generator().manual_seed(0))
            self._seen = yield from self._look(
                self._some(rows) for rows in torch.split(order, self.judges.features.block)
            )
        return self._seen

    def instead_of(self, n: int) -> Pieces[tuple[Seen, Seen]]:
        """Real pictures in the place of n samples, and what they are measured against: training pictures against the held-out ones
        or, where those are few, half against half."""
        reference = yield from self.look()
        if self.few:
            return reference.rows(slice(0, None, 2)), reference.rows(slice(1, None, 2))
        found = yield from self._look(torch.split(self.data.images[:n], self.judges.features.block))
        return found, reference

    def instead_count(self, n: int) -> int:
        """How many stand in the place of n samples."""
        return -(-self.count // 2) if self.few else min(n, len(self.data.images))

    def _some(self, rows: Tensor) -> Tensor:
        """Those of the reference at some places: never all of them at once, which may be a large set that lies on the disk."""
        if not self.few:
            return self.data.test_images[rows]
        learned = rows < len(self.data.images)
        found = self.data.images.new_empty(len(rows), *self.data.shape)
        found[learned] = self.data.images[rows[learned]]
        found[~learned] = self.data.test_images[rows[~learned] - len(self.data.images)]
        return found

    def _look(self, pictures: Iterable[Tensor]) -> Pieces[Seen]:
        parts = []
        for part in pictures:
            parts.append(look(to_unit(part), self.judges))
            yield
        return join(parts)


_kept: OrderedDict[tuple[int, str], RealPictures] = OrderedDict()
_lock = threading.Lock()


def of(data: ImageSet, judges: Judges) -> RealPictures:
    """The pictures of a set for some judges: the same object as long as it is among the last few that were asked for."""
    data = data.complete
    key = (id(data), judges.key)  # it holds the set, so that nothing else can have its id
    with _lock:
        found = _kept.get(key) or RealPictures(data, judges)
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found

"""What is kept of pictures to measure them: not the pictures, but what was seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from gan_core.metrics import neighbours, sliced
from gan_core.metrics.features import Judges
from gan_core.metrics.frechet import Moments
from gan_core.metrics.pieces import Pieces


@dataclass(frozen=True, eq=False)
class Seen:
    """Of N pictures: features (N, F); what those say of the features' own classes, (N, K) or None; probabilities (N, L) of the set's
    classes, or None; where the pictures lie `along` directions, (N, D), or None; which class each was `asked` to be, (N,) or None."""

    features: Tensor
    scores: Tensor | None = None
    classes: Tensor | None = None
    along: Tensor | None = None
    asked: Tensor | None = None
    _radii: dict[int, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, index: Tensor | slice) -> Seen:
        """Of some of the pictures."""
        scores, classes, along, asked = (
            x if x is None else x[index] for x in (self.scores, self.classes, self.along, self.asked)
        )
        return Seen(self.features[index], scores, classes, along, asked)

    @cached_property
    def moments(self) -> Moments:
        """Of the features. Raises DataError for too few."""
        return Moments.of(self.features)

    def radii(self, n: int) -> Pieces[Tensor]:
        """(n, 2): `neighbours.radii` of the first n, found once."""
        if n not in self._radii:
            self._radii[n] = yield from neighbours.radii(self.features[:n])
        return self._radii[n]


def look(images: Tensor, judges: Judges, *, project: bool = False, asked: Tensor | None = None) -> Seen:
    """(N, C, H, W) in [−1, 1], in the eyes of the judges; `project`: along the directions of the sliced Wasserstein distance, too.
    asked (N,): the classes that they were asked to be."""
    features = judges.features.of(images)
    scores, classes = judges.features.probabilities(features), None
    if judges.classes is judges.features:
        classes = scores
    elif judges.classes is not None:
        classes = judges.classes.probabilities(judges.classes.of(images))
    return Seen(features, scores, classes, sliced.along(images) if project else None, asked)


def join(parts: Sequence[Seen]) -> Seen:
    """All of them, one after the other."""

    def joined(column: Sequence[Tensor | None]) -> Tensor | None:
        known = [tensor for tensor in column if tensor is not None]
        return torch.cat(known) if known else None

    names = ("scores", "classes", "along", "asked")
    scores, classes, along, asked = (joined([getattr(p, name) for p in parts]) for name in names)
    return Seen(torch.cat([p.features for p in parts]), scores, classes, along, asked)

"""The real samples that generated ones are compared with, and those that tell what a perfect generator would score."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet, PointSet, to_unit

DRAWS = 4  # whose mean score is the floor: one draw's would be off by a third


@dataclass(frozen=True)
class Real:
    """n real samples, the same ones every time; two are the same when their bytes are, so that what is made of them can be kept."""

    samples: bytes
    data: PointSet | ImageSet = field(compare=False)
    n: int = field(compare=False)

    @staticmethod
    def of(data: PointSet | ImageSet, n: int) -> Real:
        return Real(draw(data, n, 0).numpy().tobytes(), data, n)

    def draws(self) -> list[Tensor]:
        """The samples themselves, then DRAWS others."""
        return [draw(self.data, self.n, seed) for seed in range(DRAWS + 1)]


def draw(data: PointSet | ImageSet, n: int, seed: int) -> Tensor:
    """Points (n, 2) in data units. Pictures (n, C, H, W) in [−1, 1], or all there are where those are fewer: with seed 0 held-out
    ones, else ones of the training part."""
    rng = torch.Generator().manual_seed(seed)
    if isinstance(data, PointSet):
        return data.to_units(data.draw(n, rng))
    part = data.complete.images if seed else data.test_images
    return to_unit(part[torch.randperm(len(part), generator=rng)[:n]])

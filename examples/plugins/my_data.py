"""A distribution of your own: `gan-playground --plugin examples/plugins/my_data.py`."""

import math

import torch
from torch import Generator, Tensor

from gan_core.config import DataConfig
from gan_core.data.sets import PointSet, Progress
from gan_core.registry import dataset


@dataset("heart", kind="points", title="Heart", help="A heart-shaped line with a notch and a tip.", parameters={})
def heart(_data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """(16 sin³ t, 13 cos t − 5 cos 2t − 2 cos 3t − cos 4t) / 17, t uniform in [0, 2π), plus noise of σ = 0.02."""

    def draw(n: int, rng: Generator) -> Tensor:
        # From this generator alone, so that a run can be repeated.
        t = 2 * math.pi * torch.rand(n, generator=rng)
        y = 13 * t.cos() - 5 * (2 * t).cos() - 2 * (3 * t).cos() - (4 * t).cos()
        return torch.stack([16 * t.sin() ** 3, y], 1) / 17 + 0.02 * torch.randn(n, 2, generator=rng)

    return PointSet("heart", 1.0, draw, (-1.4, 1.4, -1.4, 1.4))

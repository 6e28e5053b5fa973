"""Features without a network, and small sets of pictures, for tests of what is done with features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet

torch.set_num_threads(1)  # small pictures only lose by sharing

SIZE = 4


@dataclass(frozen=True)
class Corners:
    """Four features: the means of the quarters of a picture. Four classes: which of them is lightest, if `knows`."""

    name: str = "corners"
    key: str = "corners"
    is_inception: bool = False
    knows: bool = True
    width: int = 4
    block: int = 250

    @property
    def description(self) -> str:
        return f"{self.name}, {self.width} features"

    def of(self, images: Tensor) -> Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), 2).flatten(1)

    def probabilities(self, features: Tensor) -> Tensor | None:
        return (8 * features).softmax(1) if self.knows else None


def pictures(n: int, seed: int, *, channels: int = 1) -> Tensor:
    """(n, channels, 4, 4) uint8: grey noise."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, channels, SIZE, SIZE), generator=rng, dtype=torch.uint8)


def image_set(train: int, held_out: int, *, labelled: bool = True, channels: int = 1, name: str = "noise") -> ImageSet:
    """Noise whose labels are what Corners says."""
    images, others = pictures(train, 0, channels=channels), pictures(held_out, 1, channels=channels)
    classes = tuple("abcd") if labelled else ()
    return ImageSet(name, images, _labels(images) if labelled else None, others, _labels(others) if labelled else None, classes, "")  # fmt: skip


def _labels(images: Tensor) -> Tensor:
    return Corners().of(images.float()).argmax(1)

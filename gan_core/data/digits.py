"""The handwritten digits that come with scikit-learn: 1,797 pictures of 8 × 8, no download."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_core.data.sets import ImageSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

HELD_OUT = 297


@dataset("digits", kind="images", title=N_("Small digits"), help=N_("1,500 handwritten digits that come with the app, 8 × 8 pixels, enlarged."),
         sizes=(8, 16, 28, 32), native=28, channels=1, classes=10, download=False, licence="CC BY 4.0 (E. Alpaydin, C. Kaynak; UCI)",
         paper="Alpaydin & Kaynak 1998, UCI Machine Learning Repository")  # fmt: skip
def digits(data: DataConfig, _progress: Progress | None = None) -> ImageSet:
    """1,500 digits to train on and 297 held out, the same for everybody, with equal shares of each class."""
    from sklearn.datasets import load_digits  # seconds of import that only this set needs
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    train, held_out = train_test_split(np.arange(len(labels)), test_size=HELD_OUT, random_state=0, stratify=labels)
    images = resize(torch.from_numpy(bunch.images).float()[:, None] * (255 / 16), data.image_size)
    targets = torch.from_numpy(labels)
    return ImageSet("digits", images[train], targets[train], images[held_out], targets[held_out], tuple("0123456789"),
                    dataset["digits"].info["licence"])  # fmt: skip


def resize(images: Tensor, size: int) -> Tensor:
    """(N, C, H, W) with values 0 … 255 -> (N, C, size, size) uint8, bicubic, antialiased where it shrinks."""
    if images.shape[-1] != size:
        images = interpolate(images.float(), (size, size), mode="bicubic", antialias=True, align_corners=False)
    return images.float().round().clamp(0, 255).to(torch.uint8)

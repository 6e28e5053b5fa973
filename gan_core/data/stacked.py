"""Stacked digits: three pictures of another set as red, green and blue, so that their classes multiply to a thousand known modes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gan_core.data import digits, public_sets  # noqa: F401 - they register what is stacked here
from gan_core.data.sets import ImageSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

COLOURS = (N_("red"), N_("green"), N_("blue"))
_PAPER = "Metz et al. 2017, arXiv:1611.02163"
_SEED = 20_260_103


def stack(images: Tensor, labels: Tensor, times: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 1, H, W) pictures and (N,) labels 0 … 9 -> (times · N, 3, H, W) stacks, labels 0 … 999 and (times · N, 3) digits.

    Each picture is used `times` times in each channel, in an order that is independent of the other channels. The label reads red,
    green and blue as one number: 100 r + 10 g + b.
    """
    chosen = [torch.cat([torch.randperm(len(images), generator=rng) for _ in range(times)]) for _ in COLOURS]
    read = torch.stack([labels[rows] for rows in chosen], 1)
    stacks = torch.empty(len(read), len(COLOURS), *images.shape[2:], dtype=torch.uint8)
    for channel, rows in enumerate(chosen):
        stacks[:, channel] = images[rows, 0]
    return stacks, read @ read.new_tensor([100, 10, 1]), read


def _stacked(name: str, of: str, times: int, data: DataConfig, progress: Progress | None) -> ImageSet:
    """Training pictures are stacked for training, held-out ones for the held-out part: no digit is in both."""
    source: ImageSet = dataset[of].value(dataclasses.replace(data, name=of), progress)
    assert source.labels is not None
    assert source.test_labels is not None
    rng = torch.Generator().manual_seed(_SEED)
    images, labels, factors = stack(source.images, source.labels, times, rng)
    test_images, test_labels, test_factors = stack(source.test_images, source.test_labels, times, rng)
    return ImageSet(name, images, labels, test_images, test_labels, tuple(f"{i:03}" for i in range(1000)), source.licence,
                    factors.float(), COLOURS, test_factors.float(), channels_are=of)  # fmt: skip


def _register(name: str, of: str, times: int, title: str, help: str, doc: str) -> None:
    def load(data: DataConfig, progress: Progress | None = None) -> ImageSet:
        return _stacked(name, of, times, data, progress)

    load.__doc__ = doc
    source = dataset[of].info
    more = {"missing": source["missing"]} if source["download"] else {}
    dataset(name, kind="images", title=title, help=help, paper=_PAPER, sizes=(28, 32), native=28, channels=3, classes=1000, channels_are=of,
            download=source["download"], licence=source["licence"], **more)(load)  # fmt: skip


_register("stacked_digits", "digits", 16, N_("Stacked small digits"),
          N_("24,000 times three small digits in red, green and blue: a thousand modes, without a download."),
          "24,000 stacks of scikit-learn's 1,500 digits to train on (56 MB at 28 pixels), 4,752 of the other 297 held out. Label: 100 r + 10 g + b.")  # fmt: skip
_register("stacked_mnist", "mnist", 1, N_("Stacked MNIST"),
          N_("60,000 times three digits of MNIST in red, green and blue: a thousand modes, the usual test of how many a generator covers."),
          "60,000 stacks of MNIST's digits to train on (141 MB at 28 pixels), 10,000 of its other ones held out. Label: 100 r + 10 g + b.")  # fmt: skip

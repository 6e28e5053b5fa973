"""Two folders of one's own to translate between: an imported set of two classes, whose pictures may be partners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gan_core.data import pairs as made_pairs
from gan_core.data import pictures as own_pictures
from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet, Progress
from gan_core.errors import DataError
from gan_core.pictures.choices import PAIR_SIZES
from gan_core.pictures.naming import is_of_two, shape_of
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

EXAMPLE = "edges"  # until something is imported
KINDS = (N_("First folder"), N_("Second folder"))
NOT_A_PAIR = N_("The imported pictures {name}… cannot be translated: that takes two folders, at {size} × {size} pixels at least. Import two folders, or choose "
                "another set.")  # fmt: skip

TOO_UNEVEN = N_(
    "One of the two folders has so few pictures beside the other that none of them could be held out. Import more of them."
)


def own(data: DataConfig) -> Mapping[str, Any]:
    """As `pairs.info`: what the name of the set says, and what its folders are called where it is here."""
    shape = shape_of(data.pictures)
    if shape is None:
        return made_pairs.info(data)
    titles = own_pictures.class_names(data.pictures)
    first, second = titles if len(titles) == 2 else KINDS
    return {
        **own_pictures.own(data),
        "classes": 0,
        "sizes": tuple(size for size in PAIR_SIZES if size <= shape.size) or PAIR_SIZES[:1],
        "native": max(shape.size, PAIR_SIZES[0]),
        "given": shape.channels,
        "titles": (second, first) if data.direction == "back" else (first, second),
        "together": shape.paired,
        "matched": shape.paired,
    }


@dataset("own_pairs", kind="pairs", title=N_("Your two folders"),
         help=N_("Two folders of pictures that you import, to translate from one kind to the other; until then outlines and digits."),
         **{key: dataset[EXAMPLE].info[key] for key in ("titles", "both", "sizes", "native", "channels", "classes", "licence", "together")},
         download=False, own=own, check=own_pictures.check, imported=True)  # fmt: skip
def own_pairs(data: DataConfig, progress: Progress | None = None) -> PairSet:
    """The set that `data.pictures` names, its first class as what goes in. Raises DataError."""
    if not data.pictures:
        example: PairSet = replace(dataset[EXAMPLE].value(data, progress), name="own_pairs")
        return example
    shape = shape_of(data.pictures)
    if shape is None or not is_of_two(data.pictures):
        raise DataError(NOT_A_PAIR, name=data.pictures[:8], size=PAIR_SIZES[0])
    whole: ImageSet = own_pictures.pictures(data, progress)
    assert whole.labels is not None
    assert whole.test_labels is not None
    parts = ((whole.images, whole.labels), (whole.test_images, whole.test_labels))
    if shape.paired:  # one after the other on the disk: nothing is copied
        if any(not torch.equal(labels, torch.arange(len(labels)) % 2) or len(labels) % 2 for _images, labels in parts):
            raise DataError(own_pictures.DAMAGED, path=data.pictures)
        (given, out), (test_given, test_out) = ((images[0::2], images[1::2]) for images, _labels in parts)
    else:
        (given, out), (test_given, test_out) = (_apart(images, labels) for images, labels in parts)
    if not all(map(len, (given, out, test_given, test_out))):
        raise DataError(TOO_UNEVEN)
    return PairSet("own_pairs", out, None, test_out, None, (), own_pictures.LICENCE, given=given, test_given=test_given,
                   titles=(whole.class_names[0], whole.class_names[1]), together=shape.paired, matched=shape.paired)  # fmt: skip


def _apart(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The pictures of class 0 and of class 1: where they lie one after the other nothing is copied off the disk."""
    first = int((labels == 0).sum())
    if bool((labels[:first] == 0).all()):
        return images[:first], images[first:]
    return images[labels == 0], images[labels == 1]

"""Which recipe suits how many pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_core.errors import ConfigError
from gan_core.pictures.choices import SIZES
from gan_core.text import N_

_FEW, _SOME, _MANY = 200, 2_000, 20_000  # pictures, where the advice changes
_TEXTS = (
    N_("{count} pictures are very few: D would learn them by heart. DiffAugment shows it each picture, real or generated, changed at random, "
       "and LeCam holds its outputs together. {size} pixels are as much detail as so few can teach."),
    N_("With {count} pictures D can still learn them by heart. ADA changes pictures only as often as D's certainty asks for. Begin with {size} "
       "pixels: a run is shorter, and you see sooner what works."),
    N_("{count} pictures are enough to learn from without changing them much; DiffAugment keeps D from learning single ones by heart in a long "
       "run. {size} pixels go well with so many."),
    N_("{count} pictures are enough to go without augmentation: R1 keeps D smooth, and {size} pixels are what the set has."),
)  # fmt: skip
_PAIRED = N_("{count} pairs: pix2pix learns from them what belongs together; a few hundred are enough for a simple task. Begin with {size} pixels: a run is "
              "shorter, and you see sooner what works.")  # fmt: skip
_APART = N_(
    "{count} pictures in two kinds, without pairs: CycleGAN learns both directions at once and takes its time. Begin with {size} pixels."
)
_TWO_MOST = 32  # pixels to begin with


@dataclass(frozen=True)
class Advice:
    """preset: a recipe in gan_core.presets; size: side in pixels at most; changes: settings by dotted name that go with a set of this many
    pictures, on top of the preset; text: one template for learners, with `params`."""

    preset: str
    size: int
    changes: Mapping[str, Any]
    text: str
    params: Mapping[str, Any]


def advice(count: int, size: int, channels: int) -> Advice:
    """For a set of `count` pictures, kept at `size` pixels with `channels` channels.

    The fewer pictures, the more of what was made for few (Zhao et al. 2020, arXiv:2006.10738: DiffAugment down to 100 pictures; Karras et
    al. 2020, arXiv:2006.06676: ADA for a few thousand; Tseng et al. 2021, arXiv:2104.03310: LeCam beside augmentation). All pictures are
    used (data.limit). Raises ConfigError for a shape that no set has.
    """
    if count < 1 or size not in SIZES or channels not in (1, 3):
        raise ConfigError(N_("No set of pictures has {count} pictures of {size} pixels with {channels} channels."),
                          count=count, size=size, channels=channels)  # fmt: skip
    changes: dict[str, Any] = {"data.limit": 0}
    if count < _FEW:
        which, preset, most = 0, "diffaugment", 32
        changes |= {"lecam_weight": 0.3}
    elif count < _SOME:
        which, preset, most = 1, "ada", 32
    elif count < _MANY:
        which, preset, most = 2, "diffaugment", 64
        changes |= {"augment_strength": 0.5}
    else:
        which, preset, most = 3, "r1", 128
    side = min(size, most)
    return Advice(preset, side, changes, _TEXTS[which], {"count": f"{count:,}", "size": side})


def advice_of_two(count: int, size: int, *, paired: bool) -> Advice:
    """For two kinds of pictures to translate between, `count` of both together, kept at `size` pixels: pix2pix for pairs (Isola et al. 2017,
    arXiv:1611.07004, section 4.4: 400 of them are enough for simple ones), else CycleGAN (Zhu et al. 2017, arXiv:1703.10593)."""
    side = min(size, _TWO_MOST)
    said = {"count": f"{count // 2 if paired else count:,}", "size": side}
    return Advice("edges" if paired else "neon", side, {"data.limit": 0}, _PAIRED if paired else _APART, said)


def fitting_batch(batch_size: int, learned: int) -> dict[str, int]:
    """Changes of settings so that a batch can be filled by a set with `learned` pictures to learn from; {} where it can already."""
    if batch_size <= learned:
        return {}
    return {"batch_size": 1 << (learned.bit_length() - 1), "accumulation": 1}

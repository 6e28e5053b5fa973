"""Which recipe suits how many pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
    """For a set of `count` pictures, kept at `size` pixels with `channels` channels."""
    raise NotImplementedError

"""A distribution that somebody drew: 96 × 96 weights of 16 levels, held in the settings themselves as text.

The text is base64url (without its padding) of the zlib-compressed cells, two in a byte, from the top row down: at most 6.2 kB, so
that a link, config.toml and a checkpoint carry it anywhere.
"""

from __future__ import annotations

import base64
import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from gan_core.data.mixtures import choose
from gan_core.data.sets import PointSet, Progress
from gan_core.errors import DataError
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

Cells: TypeAlias = NDArray[np.uint8]  # (SIDE, SIDE), 0 … LEVELS − 1, the top row first

SIDE, LEVELS = 96, 16
FORM = "a drawing as GAN Playground writes it, with at least one cell that is not empty, or nothing"
EMPTY = N_("Nothing is drawn: every cell is empty. Draw something, type a word or choose a picture with dark parts.")
DAMAGED = N_(
    "This drawing is damaged: it is not {side} × {side} cells of {levels} levels. Draw it again, or copy the link again."
)

_PACKED = SIDE * SIDE // 2
_TEXT = re.compile(r"[A-Za-z0-9_-]{8,6400}")
_MARGIN = 1.2


def encode(cells: Cells) -> str:
    """The text of a drawing. Raises DataError for an empty one and for one of another shape or with other levels."""
    if cells.shape != (SIDE, SIDE) or cells.dtype != np.uint8 or cells.max() >= LEVELS:
        raise DataError(DAMAGED, side=SIDE, levels=LEVELS)
    if not cells.any():
        raise DataError(EMPTY)
    flat = cells.reshape(-1)
    packed = (flat[::2] << 4 | flat[1::2]).astype(np.uint8).tobytes()
    return base64.urlsafe_b64encode(zlib.compress(packed, 9)).rstrip(b"=").decode("ascii")


def decode(text: str) -> Cells:
    """The cells of a drawing's text; those of the example for "". Raises DataError."""
    if not text:
        return example()
    packed = _unpack(text)
    cells = np.stack([packed >> 4, packed & 15], 1).reshape(SIDE, SIDE)
    if not cells.any():
        raise DataError(EMPTY)
    return cells


def _unpack(text: str) -> Cells:
    """(SIDE² / 2,): two cells in each. What is unpacked never takes more memory than a drawing does."""
    try:
        if not _TEXT.fullmatch(text):
            raise ValueError(text)
        unpacker = zlib.decompressobj()
        packed = unpacker.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), _PACKED + 1)
        if len(packed) != _PACKED or not unpacker.eof or unpacker.unused_data:
            raise ValueError(len(packed))
    except (ValueError, zlib.error):
        raise DataError(DAMAGED, side=SIDE, levels=LEVELS) from None
    return np.frombuffer(packed, np.uint8)


@lru_cache(maxsize=64)
def is_valid(text: str) -> bool:
    """Whether this is the text of a drawing, or ""."""
    try:
        decode(text)
    except DataError:
        return False
    return True


def from_levels(text: str) -> Cells:
    """The cells from one hexadecimal digit each, row by row, as the browser sends them. Raises DataError."""
    if not re.fullmatch(rf"[0-9a-f]{{{SIDE * SIDE}}}", text):
        raise DataError(DAMAGED, side=SIDE, levels=LEVELS)
    packed = np.frombuffer(bytes.fromhex(text), np.uint8)
    return np.stack([packed >> 4, packed & 15], 1).reshape(SIDE, SIDE)


def to_levels(cells: Cells) -> str:
    """The inverse of from_levels."""
    return "".join(f"{level:x}" for level in cells.reshape(-1).tolist())


@lru_cache(maxsize=1)
def example() -> Cells:
    """What there is before anything is drawn: a smiling face."""
    y, x = np.mgrid[1 - 1 / SIDE : -1 : -2 / SIDE, -1 + 1 / SIDE : 1 : 2 / SIDE]
    radius = np.hypot(x, y)
    face = (radius > 0.84) & (radius < 0.93)
    eyes = np.hypot(np.abs(x) - 0.33, y - 0.3) < 0.13
    mouth = (np.abs(np.hypot(x, y - 0.05) - 0.55) < 0.055) & (y < -0.12)
    cells = np.where(face | eyes | mouth, LEVELS - 1, 0).astype(np.uint8)
    cells.setflags(write=False)
    return cells


@dataset("drawing", kind="points", title=N_("Your drawing"),
         help=N_("What you draw, a word you type or the dark parts of a picture; a smiling face until then."))  # fmt: skip
def drawing(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """A cell of the 96 × 96 over [−1, 1]², chosen by its weight; uniform inside it."""
    weights = torch.from_numpy(decode(data.drawing).astype(np.float64)).flatten()
    filled = weights.nonzero().flatten()
    weights = weights[filled]

    def draw(n: int, rng: Generator) -> Tensor:
        cell = filled[choose(weights, n, rng)]
        place = torch.stack([cell % SIDE, SIDE - 1 - cell // SIDE], 1).float()
        return (place + torch.rand(n, 2, generator=rng)) * (2 / SIDE) - 1

    return PointSet("drawing", 1.0, draw, (-_MARGIN, _MARGIN, -_MARGIN, _MARGIN))

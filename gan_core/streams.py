"""A run's own random numbers: named generators, and streams that draw from them in blocks.

Nothing here touches torch's global generator, and looking at a run draws from its preview generator alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

PURPOSES = ("init", "data", "latent", "augment", "preview")
_BLOCK_NUMBERS = 1 << 17
_LARGEST = 1 << 21  # numbers of a block of long rows


def generators(seed: int, device: torch.device) -> dict[str, torch.Generator]:
    """One generator a purpose, seeded apart from each other. "init", "data" and "preview" live on the CPU, so that every
    device starts from the same weights and shows the same data; "latent" and "augment" live on the device."""
    result = {}
    for index, purpose in enumerate(PURPOSES):
        where = device if purpose in ("latent", "augment") else torch.device("cpu")
        result[purpose] = torch.Generator(where)
        result[purpose].manual_seed((seed * len(PURPOSES) + index) * 0x9E3779B97F4A7C15 % (1 << 63))
    return result


def block_rows(numbers_per_row: int, beside: int = 0) -> int:
    """Rows of a block: many, so that drawing costs little; few, so that a block stays in the cache. With so many more numbers `beside`
    those of a row, as few as keep it small."""
    rows = min(1 << 14, max(1 << 10, _BLOCK_NUMBERS // numbers_per_row))
    return rows if not beside else max(1, min(rows, _LARGEST // (numbers_per_row + beside)))


class Stream:
    """Batches cut from blocks of `rows` rows. Its state is the generator's at the start of the block, and the position."""

    def __init__(self, draw: Callable[[int, torch.Generator], Tensor], generator: torch.Generator, rows: int) -> None:
        self._draw = draw
        self._generator = generator
        self._rows = rows
        self._block: Tensor | None = None
        self._size = 0
        self._position = 0
        self._start = generator.get_state()

    def next(self, n: int) -> Tensor:
        """The next n rows. What is left of a block that is too short is dropped."""
        if self._block is None or self._position + n > self._size:
            self._fill(max(n, self._rows))
        assert self._block is not None
        self._position += n
        return self._block[self._position - n : self._position]

    def next_into(self, out: Tensor, n: int) -> None:
        """Fill `out` (k·n, …) with what k calls of next(n) would give."""
        done = 0
        while done < len(out):
            left = (self._size - self._position) // n * n if self._block is not None else 0
            if not left:
                self._fill(max(n, self._rows))
                continue
            assert self._block is not None
            count = min(left, len(out) - done)
            out[done : done + count].copy_(self._block[self._position : self._position + count])
            self._position += count
            done += count

    def _fill(self, size: int) -> None:
        self._start = self._generator.get_state()
        self._block = self._draw(size, self._generator)
        self._size, self._position = size, 0

    def state_dict(self) -> dict[str, Any]:
        return {"generator": self._start, "size": self._size, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._generator.set_state(state["generator"].cpu())
        self._block = None
        if state["size"]:
            self._fill(int(state["size"]))
        self._position = int(state["position"])

"""A computation that can be taken in small pieces: a generator that yields after each of them, and returns what it found."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Pieces: TypeAlias = Generator[None, None, T]


def finish(pieces: Pieces[T]) -> T:
    """All of them at once."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            found: T = end.value
            return found

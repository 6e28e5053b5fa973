"""Marks strings for translation; the core itself never translates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

_marked: set[str] = set()


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Return `message` unchanged; extraction tools collect it, the page translates it when it draws."""
    _marked.add(message)
    return message


def is_marked(message: object) -> bool:
    """Whether this program says so itself, as far as it has been loaded: a sentence from a file of others may be anything."""
    return isinstance(message, str) and message in _marked


class Told(Protocol):
    """A sentence with parameters: an error, a message."""

    @property
    def template(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Any]: ...


def told(said: Told, translate: Callable[[str], str] = str) -> str:
    """The sentence in a language. What it is filled in with is translated as well, where this program says it itself ("loss")."""
    return translate(said.template).format(
        **{name: translate(v) if is_marked(v) else v for name, v in said.params.items()}
    )

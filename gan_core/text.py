"""Marks strings for translation; the core itself never translates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, Protocol

_marked: set[str] = set()


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Return `message` unchanged; extraction tools collect it, the page translates it when it draws."""
    _marked.add(message)
    return message


def is_marked(message: object) -> bool:
    """Whether this program says so itself, as far as it has been loaded: a sentence from a file of others may be anything."""
    return isinstance(message, str) and message in _marked


_LISTED, _BESIDE, _NAMED = N_("{one}, {other}"), N_("{title} ({more})"), N_("{one}: {other}")
_TOLD = N_("{one}. {other}")


def listed(words: Iterable[str], translate: Callable[[str], str] = str) -> str:
    """Words one after another, as a language lists them: "a, b, c"; empty without any."""
    pair, all_of = translate(_LISTED), list(words)
    return reduce(lambda one, other: pair.format(one=one, other=other), all_of) if all_of else ""


def beside(title: str, more: str, translate: Callable[[str], str] = str) -> str:
    """Something with what is said of it in brackets: "Width (channels)"."""
    return translate(_BESIDE).format(title=title, more=more)


def named(title: str, more: str, translate: Callable[[str], str] = str) -> str:
    """Something with what it is, or is of: "Loss: Discriminator"."""
    return translate(_NAMED).format(one=title, other=more)


def told_together(sentences: Iterable[str], translate: Callable[[str], str] = str) -> str:
    """Sentences without stops of their own, one after another: "This. That"; empty without any."""
    pair, all_of = translate(_TOLD), list(sentences)
    return reduce(lambda one, other: pair.format(one=one, other=other), all_of) if all_of else ""


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

"""Marks strings for translation; the core itself never translates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
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


class Phrase(str):
    """A text whose blanks are filled in, which can still be said in another language."""

    template: str
    params: Mapping[str, Any]

    def __new__(cls, template: str, **params: Any) -> Phrase:
        phrase = super().__new__(cls, template.format(**params))
        phrase.template, phrase.params = template, params
        return phrase


def in_words(text: str, translate: Callable[[str], str]) -> str:
    """A message or phrase in a language."""
    return told(text, translate) if isinstance(text, Phrase) else translate(text)


def told(said: Told, translate: Callable[[str], str] = str) -> str:
    """The sentence in a language. What it is filled in with is translated as well, where this program says it itself ("loss"), also in a list
    ("points, pictures") and with blanks of its own; but not where it is code, which has to be typed as it is ("{player}.network={network}")."""
    template = translate(said.template)
    code = {name for names in _CODE.findall(said.template) for name in names}
    words = {name: v if name in code else _word(v, said.params, translate) for name, v in said.params.items()}
    return template.format(**words)


# A blank beside what stands in a file of settings: after = or a dot inside a name, before = or a dot and another name.
_CODE = re.compile(r"(?<=[=\w]\.)\{(\w+)\}|(?<==)\{(\w+)\}|\{(\w+)\}(?==|\.\w)")
_BLANK = re.compile(r"\{(\w+)\}")
LIST, BETWEEN = N_(", "), N_(". ")  # words of a list; sentences without their full stops
PAIR, _MORE = N_("{name}: {value}"), N_("{title} ({more})")


def _word(value: Any, params: Mapping[str, Any], translate: Callable[[str], str]) -> Any:
    if is_marked(value):
        return _BLANK.sub(lambda blank: str(params.get(blank[1], blank[0])), translate(value))
    parts = value.split(LIST) if isinstance(value, str) else []
    return translate(LIST).join(map(translate, parts)) if len(parts) > 1 and all(map(is_marked, parts)) else value


def listed(words: Iterable[str], translate: Callable[[str], str] = str) -> str:
    """Words one after another, as a language lists them: "a, b, c"; empty without any."""
    return translate(LIST).join(words)


def beside(title: str, more: str, translate: Callable[[str], str] = str) -> str:
    """Something with what is said of it in brackets: "Width (channels)"."""
    return translate(_MORE).format(title=title, more=more)


def sentences(parts: Iterable[str], translate: Callable[[str], str] = str) -> str:
    """Sentences without stops of their own, one after another: "This. That"; empty ones are left out."""
    return translate(BETWEEN).join(filter(None, parts))


def pair(name: str, value: str, translate: Callable[[str], str] = str) -> str:
    """A thing by name, and what it is."""
    return translate(PAIR).format(name=name, value=value)


def joined(*sentences: str) -> str:
    """Sentences one after the other: after a full-width mark without a space."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or text[-1] in _FULL_WIDTH else f" {sentence}"
    return text


def led(title: str, text: str) -> str:
    """Markdown of a sentence after its bold title. A full-width mark stands outside of the bold: Markdown would not close `**` between it and
    a letter, and a space after it is not wanted."""
    if title[-1:] in _FULL_WIDTH:
        return f"**{title[:-1]}**{title[-1]}{text}"
    return f"**{title}** {text}"


def after(sentence: str, said: str) -> str:
    """`sentence` with the space, if any, that stands between it and what was said before it, which is shown in another way."""
    return joined(said, sentence)[len(said) :]


_FULL_WIDTH = "\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u201d"

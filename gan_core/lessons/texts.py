"""The words of the lessons: one file a lesson and language, written by hand in each.

A file is a list of texts, each below a line with its name:

    @title
    Mode collapse
    @guess
    What will the orange points do?
    @guess.few
    Gather in a few clusters

In a text, `$…$` is a formula, `\\s{D}` in it the symbol D of `symbols`, which explains itself; `[[mode]]` or `[[mode|modes]]` a term of the
glossary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "texts"
ENGLISH = "en"
_NAME = re.compile(r"@([A-Za-z][\w.-]*)$")
_TERM = re.compile(r"\[\[([a-z-]+)(?:\|([^\]]+))?\]\]")
_SYMBOL = re.compile(r"\\s\{([A-Za-z]+)\}")


class TextError(ValueError):
    """A file of texts that is not as it should be: a mistake of its author, found by tests."""


def languages() -> list[str]:
    """Those that lessons are written in."""
    return sorted({path.name.split(".")[1] for path in FOLDER.glob("*.md")})


@cache
def of(name: str, language: str = ENGLISH) -> Mapping[str, str]:
    """The texts of `name` by their own names; in English where there are none in `language`."""
    path = FOLDER / f"{name}.{language}.md"
    if not path.is_file():
        path = FOLDER / f"{name}.{ENGLISH}.md"
    return read(path.read_text(encoding="utf-8"))


def read(text: str) -> dict[str, str]:
    """Raises TextError for a name that is there twice and for words without a name."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in text.splitlines():
        if match := _NAME.match(line):
            if match[1] in found:
                raise TextError(f"@{match[1]} is there twice")
            lines = found[match[1]] = []
        elif lines is not None:
            lines.append(line)
        elif line.strip():
            raise TextError(f"no name above: {line!r}")
    return {name: "\n".join(some).strip() for name, some in found.items()}


def terms(text: str) -> list[str]:
    """The terms of the glossary that a text names."""
    return [match[1] for match in _TERM.finditer(text)]


def symbols(text: str) -> list[str]:
    """The symbols that a text's formulas have."""
    return [match[1] for match in _SYMBOL.finditer(text)]


def with_links(text: str, link: str, glossary: Mapping[str, str]) -> str:
    """With terms as Markdown links; `link`: an address with {term} in it; glossary: texts with the "title" of each
    term; what it means is the link's own title, which is shown when it is pointed at."""

    def one(match: re.Match[str]) -> str:
        term, words = match[1], match[2] or glossary[f"{match[1]}.title"]
        said = glossary[term].replace("\n", " ").replace('"', "″")
        return f'[{words}]({link.format(term=term)} "{said}")'

    return _TERM.sub(one, text)

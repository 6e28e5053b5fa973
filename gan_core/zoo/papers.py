"""Papers as they are registered ("Authors year, arXiv:…; …"), taken apart: who, when, where."""

from __future__ import annotations

import re
from typing import NamedTuple

_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_WHERE = re.compile(r"(?:,\s*)?(arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,9}/\S+|https?://\S+)\s*$")


class Paper(NamedTuple):
    """`said`: authors and year, with what it is called by where that is registered; `year` None where none is told; `label` and `url`: where it is,
    both "" where nothing says."""

    said: str
    year: int | None
    label: str
    url: str


def papers(registered: str) -> list[Paper]:
    """What an entry's `paper` names, in its order."""
    return [_paper(part.strip()) for part in registered.split(";") if part.strip()]


def _paper(text: str) -> Paper:
    where = _WHERE.search(text)
    label = where.group(1) if where else ""
    said = text[: where.start()].strip() if where else text
    year = _YEAR.search(said)
    return Paper(said, int(year.group(1)) if year else None, label, _url(label))


def _url(label: str) -> str:
    kind, _, rest = label.partition(":")
    return {"arXiv": f"https://arxiv.org/abs/{rest}", "doi": f"https://doi.org/{rest}"}.get(kind, label)

"""What people say about a run: its name, tags and notes, kept in notes.json in its folder."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_core.errors import RunError, reason_of
from gan_core.runs import atomic
from gan_core.settings import shorten
from gan_core.text import N_

log = logging.getLogger(__name__)

FILE = "notes.json"
VERSION = 1
LONGEST_NAME, LONGEST_TAG, MOST_TAGS, LONGEST_NOTES = 80, 30, 12, 10_000  # characters; MOST_TAGS is a number of tags
_LARGEST = 1 << 20  # bytes of a JSON file of a run: what is larger was not written by this program


@dataclass(frozen=True)
class About:
    """`name` is one line, `tags` are distinct and have no comma, `notes` is text of several lines. Each may be empty."""

    name: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""


def checked(name: str, tags: Iterable[str], notes: str) -> About:
    """What a person typed, tidied: white space trimmed, control characters and repeated tags left out. Raises RunError for
    what is too long or too many, and for a comma in a tag."""
    name, kept, notes = one_line(name), _distinct(tags), _lines(notes)
    if len(name) > LONGEST_NAME:
        raise RunError(N_("The name has {length} characters, and at most {most} are allowed. Shorten it."),
                       length=len(name), most=LONGEST_NAME)  # fmt: skip
    for tag in kept:
        _check_tag(tag)
    if len(kept) > MOST_TAGS:
        raise RunError(N_("These are {count} tags, and a run may have {most}. Remove some."),
                       count=len(kept), most=MOST_TAGS)  # fmt: skip
    if len(notes) > LONGEST_NOTES:
        raise RunError(N_("The notes have {length} characters, and at most {most} are allowed. Shorten them."),
                       length=len(notes), most=LONGEST_NOTES)  # fmt: skip
    return About(name, kept, notes)


def _check_tag(tag: str) -> None:
    if "," in tag:
        raise RunError(N_("The tag {tag} has a comma in it, which separates tags. Leave it out, or write two tags."),
                       tag=shorten(tag))  # fmt: skip
    if len(tag) > LONGEST_TAG:
        raise RunError(N_("The tag {tag} has {length} characters, and at most {most} are allowed. Shorten it."),
                       tag=shorten(tag), length=len(tag), most=LONGEST_TAG)  # fmt: skip


def read(folder: Path) -> About:
    """What is said about the run in `folder`; of a damaged file, what can be used. Raises nothing."""
    try:
        values = json_object(folder / FILE)
    except FileNotFoundError:
        return About()
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s", folder / FILE, error)
        return About()
    tags, notes = values.get("tags"), values.get("notes")
    kept = _distinct(tag for tag in (tags if isinstance(tags, list) else []) if isinstance(tag, str))
    return About(
        one_line(values.get("name"))[:LONGEST_NAME].strip(),
        tuple(tag for tag in kept if len(tag) <= LONGEST_TAG and "," not in tag)[:MOST_TAGS],
        _lines(notes)[:LONGEST_NOTES].strip() if isinstance(notes, str) else "",
    )


def write(folder: Path, about: About) -> None:
    """Replace what is said about the run in `folder`. Raises RunError when the disk refuses."""
    values = {"version": VERSION, "name": about.name, "tags": list(about.tags), "notes": about.notes}
    text = json.dumps(values, indent=2, ensure_ascii=False)
    try:
        atomic.write_bytes(folder / FILE, text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise RunError(N_("Name, tags and notes could not be saved in {path}: {reason}. Make sure that the folder is there, "
                          "that you may write to it and that the disk has space, then save again."),
                       path=folder.name, reason=reason_of(error)) from None  # fmt: skip


def json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises OSError, and ValueError for anything that is no object or far too large."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes")
    try:
        values = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(values, dict):
        raise ValueError("no object")
    return values


def fold(text: str) -> str:
    """How names, tags and words are compared: without regard to case and to how an accent is encoded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def one_line(value: Any) -> str:
    """Text on one line: without control characters, with one space for all white space between words; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    if not value.isprintable():  # most text is, and this is fast
        value = "".join(c for c in value if c.isspace() or not _is_control(c))
    return " ".join(value.split())


def _lines(text: str) -> str:
    """Text of several lines: no control characters but newline and tab, line ends of every system as newlines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or not _is_control(c)).strip()


def _is_control(character: str) -> bool:
    """Control characters, and halves of surrogate pairs, which no file and no database takes."""
    return unicodedata.category(character) in ("Cc", "Cs")


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags, tidied, without empty ones and without those that differ from an earlier one only in case."""
    found: dict[str, str] = {}
    for tag in map(one_line, tags):
        if tag:
            found.setdefault(fold(tag), tag)
    return tuple(found.values())

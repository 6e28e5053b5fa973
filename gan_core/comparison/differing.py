"""The settings in which entries are not alike, with what was changed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gan_core import config as settings
from gan_core.comparison.entries import Entry
from gan_core.settings import Field


class Course(NamedTuple):
    """A setting through a run: its value at step 0 (None: it means nothing there), and later ones with their steps."""

    start: Any
    later: tuple[tuple[int, Any], ...]


def differing(entries: Sequence[Entry]) -> list[tuple[Field, list[Course]]]:
    """Each setting that differs, in the order of the settings, with its course in each entry. The seed is no difference: seeds are told with
    the entries; nor is what changes nothing about the result."""
    found = []
    for field in settings.fields():
        if field.name == "seed" or not field.spec.marked:
            continue
        courses = [_course(entry, field) for entry in entries]
        if len(set(courses)) > 1:
            found.append((field, courses))
    return found


def _course(entry: Entry, field: Field) -> Course:
    config = entry.config
    later = tuple((step, value) for step, name, value in entry.runs[0].changed if name == field.name)
    means = field.spec.shown_if is None or field.spec.shown_if(config)
    return Course(settings.get(config, field.name) if means else None, later)

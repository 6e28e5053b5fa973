"""How far a learner has come: answers, steps done, the runs of each lesson's labs. It is kept in the browser, so that what comes from there
is read with care; two tabs become one by `merged`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gan_core.errors import ConfigError
from gan_core.lessons.lesson import Lesson

LONGEST = 32_000  # characters
VERSION = 1
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MOST_TURNS = 1_000_000


@dataclass(frozen=True)
class Record:
    """Of one lesson. answers: by question, as they were given first. done: of its steps. runs: of a lab, the ids of its runs. opened: parts
    that were opened before their time. turn: how often it was begun anew."""

    answers: Mapping[str, str | float] = field(default_factory=dict)
    done: frozenset[str] = frozenset()
    runs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opened: frozenset[str] = frozenset()
    turn: int = 0

    def has(self, step: str) -> bool:
        """Whether a step is done: a question answered, a task ticked."""
        return step in self.answers or step in self.done

    def share(self, lesson: Lesson) -> float:
        """How much of the lesson is done, 0…1."""
        return sum(self.has(step) for step in lesson.steps) / max(1, len(lesson.steps))

    def is_open(self, part: str, after: tuple[str, ...]) -> bool:
        """Whether a part may be seen."""
        return part in self.opened or all(self.has(step) for step in after)

    def answered(self, ask: str, answer: str | float) -> Record:
        """With an answer; the first one stays."""
        return self if ask in self.answers else replace(self, answers={**self.answers, ask: answer})

    def ticked(self, steps: frozenset[str]) -> Record:
        return replace(self, done=self.done | steps)

    def began(self, lab: str, runs: tuple[str, ...]) -> Record:
        return replace(self, runs={**self.runs, lab: runs})

    def opens(self, part: str) -> Record:
        return replace(self, opened=self.opened | {part})


@dataclass(frozen=True)
class Progress:
    """Of all lessons, by their names."""

    records: Mapping[str, Record] = field(default_factory=dict)

    def of(self, lesson: str) -> Record:
        return self.records.get(lesson, Record())

    def put(self, lesson: str, record: Record) -> Progress:
        return Progress({**self.records, lesson: record})

    def anew(self, lesson: str) -> Progress:
        """With this lesson as at the beginning; what another tab still has of it from before does not come back."""
        return self.put(lesson, Record(turn=self.of(lesson).turn + 1))

    def write(self) -> str:
        """As the browser keeps it: the same text for the same progress; empty at the beginning."""
        told = {name: _told(record) for name, record in sorted(self.records.items()) if record != Record()}
        return json.dumps({"v": VERSION, "lessons": told}, sort_keys=True, separators=(",", ":")) if told else ""


def _told(record: Record) -> dict[str, Any]:
    told: dict[str, Any] = {
        "answers": dict(record.answers), "done": sorted(record.done), "opened": sorted(record.opened),
        "runs": {lab: list(runs) for lab, runs in record.runs.items()}, "turn": record.turn,
    }  # fmt: skip
    return {key: value for key, value in told.items() if value}


def read(text: object, lessons: Mapping[str, Lesson]) -> tuple[Progress, bool]:
    """What a browser kept, and whether all of it could be used: lessons, questions and answers that there are not are left out."""
    if text in ("", None):
        return Progress(), True
    try:
        if not isinstance(text, str) or len(text) > LONGEST:
            raise ValueError("too long")
        said = json.loads(text)
        if not isinstance(said, dict) or said.get("v") != VERSION or not isinstance(said["lessons"], dict):
            raise ValueError("of another version")
    except (ValueError, KeyError, RecursionError):
        return Progress(), False
    found, whole = {}, True
    for name, one in said["lessons"].items():
        if name not in lessons or not isinstance(one, dict):
            whole = False
            continue
        found[name], fine = _record(one, lessons[name])
        whole = whole and fine
    return Progress(found), whole


def _record(said: dict[str, Any], lesson: Lesson) -> tuple[Record, bool]:
    asks, parts = lesson.asks(), {part.id for part in lesson.parts}
    answers: dict[str, str | float] = {}
    whole = True
    for name, value in _items(said.get("answers")):
        try:
            answers[name] = asks[name].read(value)
        except (KeyError, ConfigError):
            whole = False
    runs: dict[str, tuple[str, ...]] = {}
    for lab, ids in _items(said.get("runs")):
        if (
            lab in lesson.places
            and isinstance(ids, list)
            and 1 <= len(ids) <= 4
            and all(isinstance(i, str) and _RUN.fullmatch(i) for i in ids)
        ):
            runs[lab] = tuple(ids)
        else:
            whole = False
    done, opened = _strings(said.get("done")), _strings(said.get("opened"))
    turn = said.get("turn", 0)
    if type(turn) is not int or not 0 <= turn <= _MOST_TURNS:
        turn, whole = 0, False
    known = frozenset(lesson.steps) - asks.keys()
    return Record(answers, done & known, runs, opened & parts, turn), whole and done <= known and opened <= parts


def _items(said: object) -> Iterator[tuple[str, Any]]:
    yield from said.items() if isinstance(said, dict) else ()


def _strings(said: object) -> frozenset[str]:
    return frozenset(one for one in said if isinstance(one, str)) if isinstance(said, list) else frozenset()


def merged(here: Progress, there: Progress) -> Progress:
    """What both know; of a lesson that one of them began anew, that one's. Answers and runs of `here` come before those of `there`."""
    found = dict(here.records)
    for name, other in there.records.items():
        mine = here.of(name)
        if other.turn > mine.turn:
            found[name] = other
        elif other.turn == mine.turn:
            found[name] = Record({**other.answers, **mine.answers}, mine.done | other.done, {**other.runs, **mine.runs},
                                 mine.opened | other.opened, mine.turn)  # fmt: skip
    return Progress(found)

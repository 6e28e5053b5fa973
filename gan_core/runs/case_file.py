"""diagnosis.jsonl: what the diagnosis has said of a run, by step, for whoever looks back.

A line is written when something else is wrong than before, and holds from its step to that of the next line. A line at an earlier step
than those before it means that the run went back behind them: they do not count any more.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gan_core import registry
from gan_core.diagnosis.findings import Evidence, Finding
from gan_core.runs import atomic
from gan_core.runs.curve_file import appending
from gan_core.text import N_

log = logging.getLogger(__name__)

T = TypeVar("T")
MOST_LINES = 4096
THEN = N_(
    "This is what was seen then. What helps depends on the settings of now: go back to now, or branch from here and try it."
)
LAST = N_("This was seen before the run was read anew. Resume it: what helps is said once there is something to see.")


class CaseFile:
    """Notes and answers from any thread; any other process may look on. What the disk refuses is left out: a past without its diagnosis is
    better than a run that stops."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._noted: tuple[Any, ...] | None = None
        self._read: tuple[object, list[tuple[int, tuple[Finding, ...]]]] = (None, [])

    def note(self, step: int, findings: Sequence[Finding]) -> None:
        """What holds from `step` on."""
        said = tuple((f.code, f.since) for f in findings)
        with self._lock:
            if said == self._noted or (self._noted is None and all(f.code == "early" for f in findings)):
                return
            try:
                lines = self._lines()
                if len(lines) >= MOST_LINES:
                    self._thin(lines)
                with appending(self.path) as file:
                    file.write(json.dumps({"step": step, "findings": [_plain(f) for f in findings]}) + "\n")
            except OSError as error:
                log.warning("the diagnosis at step %d could not be kept in %s: %s", step, self.path, error)
            self._noted = said

    def at(self, step: int) -> tuple[Finding, ...]:
        """What was said at a step; nothing before the first verdict."""
        with self._lock:
            try:
                stat = self.path.stat()
                key = (stat.st_mtime_ns, stat.st_size)
                if key != self._read[0]:
                    self._read = (key, [found for line in self._lines() if (found := _entry(line)) is not None])
            except OSError:
                return ()
            return next((findings for at, findings in reversed(_counting(self._read[1])) if at <= step), ())

    def last(self, step: int) -> tuple[Finding, ...]:
        """The same of a run that was read anew and rests at this step."""
        return tuple(dataclasses.replace(found, advice=Evidence(LAST)) for found in self.at(step))

    def forget(self) -> None:
        """The run begins anew. Raises OSError."""
        with self._lock:
            self.path.unlink(missing_ok=True)
            self._noted = None

    def forget_after(self, step: int) -> None:
        """The run goes on from `step`: what was said of later ones never happened. Raises OSError."""
        with self._lock:
            lines = self._lines()
            kept = self._until(lines, step)
            if len(kept) < len(lines):
                atomic.write_text(self.path, "".join(line + "\n" for line in kept))
            self._noted = None

    def until(self, step: int) -> str:
        """The lines that count up to `step`, for a run that goes on from there."""
        with self._lock:
            try:
                return "".join(line + "\n" for line in self._until(self._lines(), step))
            except OSError:
                return ""

    @staticmethod
    def _until(lines: list[str], step: int) -> list[str]:
        known = [(found[0], line) for line in lines if (found := _entry(line)) is not None]
        return [line for at, line in _counting(known) if at <= step]

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _thin(self, lines: list[str]) -> None:
        """Leave every second of the older ones out."""
        half = len(lines) // 2
        atomic.write_text(self.path, "".join(line + "\n" for line in (*lines[:half:2], *lines[half:])))


def _counting(entries: list[tuple[int, T]]) -> list[tuple[int, T]]:
    """Those behind which the run did not go back."""
    kept: list[tuple[int, T]] = []
    for entry in entries:
        while kept and kept[-1][0] >= entry[0]:
            kept.pop()
        kept.append(entry)
    return kept


def _plain(finding: Finding) -> dict[str, Any]:
    params = {
        name: value if isinstance(value, (int, float, str)) else str(value)
        for name, value in finding.evidence.params.items()
    }
    return {"code": finding.code, "since": finding.since, "template": finding.evidence.template, "params": params}


def _entry(line: str) -> tuple[int, tuple[Finding, ...]] | None:
    """A line as it was written; None for one that was cut short or damaged."""
    try:
        said = json.loads(line)
        found = tuple(_finding(one) for one in said["findings"])
        return (int(said["step"]), found) if found else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _finding(said: Mapping[str, Any]) -> Finding:
    evidence = Evidence(str(said["template"]), dict(said["params"]))
    str(evidence)  # raises where the sentence and its numbers do not fit
    if said["code"] not in registry.condition:
        raise ValueError(said["code"])
    return Finding(said["code"], int(said["since"]), evidence, {}, Evidence(THEN))

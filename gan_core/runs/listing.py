"""What the folder of a run says to a table of runs: a row, whatever of its files is damaged."""

from __future__ import annotations

import json
import logging
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from gan_core import registry, serial
from gan_core.errors import PlaygroundError
from gan_core.runs import about, facts
from gan_core.text import N_

log = logging.getLogger(__name__)
T = TypeVar("T")

RUN_ID = re.compile(r"[a-z0-9_]{1,40}-([0-9]{8})-([0-9]{6})-[0-9a-f]{6}")
ACTIVE = ("preparing", "queued", "running")
STATUSES = (*ACTIVE, "paused", "finished", "stopped", "failed")
_LONGEST = 200  # characters of a text in run.json that has no limit of its own
LARGEST_INT = 2**63 - 1

NO_FACTS = N_("run.json of this run is missing. Open the run: its checkpoints may still be whole.")
BAD_FACTS = N_("run.json of this run is damaged. Open the run: its checkpoints may still be whole.")
PARTLY = N_("Some of run.json of this run is damaged or missing. What cannot be read is left empty.")
NO_SETTINGS = N_(
    "config.toml of this run cannot be read, so its settings are left empty. Open the run: its checkpoints may still be whole."
)
NOTHING = N_(
    "Neither run.json nor config.toml of this run can be read. Open the run: its checkpoints may still be whole."
)


@dataclass(frozen=True)
class Row:
    """A run as the table shows it. Times are ISO 8601 in UTC, sizes bytes; what is not known is empty, 0 or None.

    `status` is "" where it is not known; `pictures` is the set of imported pictures, "" for other data; `best` is empty or has metric, value and step; `problem` is "" or a sentence.
    """

    id: str
    owner: str
    created: str
    saved: str
    status: str
    name: str
    tags: tuple[str, ...]
    notes: str
    dataset: str
    pictures: str
    kind: str
    loss: str
    penalty: str
    generator: str
    discriminator: str
    batch_size: int
    device: str
    step: int
    images: int
    seconds: float
    progress: float | None
    seed: int | None
    metrics: Mapping[str, float]
    best: Mapping[str, Any]
    parent: str
    parent_step: int
    size: int
    deleted: bool
    problem: str


class _Facts:
    """Reads values that may be damaged; `wrong` is set once one of them was. None counts as absent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.wrong = False

    def get(self, name: str, read: Callable[[Any], T | None]) -> T | None:
        """The value as `read` returns it; None where it is absent or wrong."""
        given = self._values.get(name)
        value = None if given is None else read(given)
        self.wrong |= given is not None and value is None
        return value


def read_run(folder: Path) -> dict[str, Any]:
    """Column -> value of the run in `folder`. Damaged files leave values empty and are named in `problem`; raises nothing."""
    run_id = folder.name
    values, problem = _run_json(folder)
    from_file = _Facts(values)
    status = from_file.get("status", lambda v: v if v in STATUSES else None) or ""
    best, parent = from_file.get("best", _best) or {}, from_file.get("parent", parent_of)
    row: dict[str, Any] = {
        "id": run_id, "owner": from_file.get("owner", _text) or "", "status": status,
        "created": from_file.get("created", utc_moment) or _moment_of(run_id), "saved": from_file.get("saved", utc_moment) or "",
        "step": from_file.get("step", whole), "images": from_file.get("images", whole),
        "seconds": from_file.get("seconds", at_least_0), "progress": from_file.get("progress", share_of),
        "seed": from_file.get("seed", whole), "device": from_file.get("environment", _device) or "",
        "metrics": json.dumps(from_file.get("metrics", finite_numbers) or {}), "best": json.dumps(best),
        "parent": parent[0] if parent else "", "parent_step": parent[1] if parent else 0, "size": _size(folder),
    }  # fmt: skip
    settings, readable = _settings(folder, values)
    if problem:
        row["problem"] = problem if readable else NOTHING
    elif from_file.wrong or not status:
        row["problem"] = PARTLY
    else:
        row["problem"] = "" if readable else NO_SETTINGS
    said = about.read(folder)
    row |= settings | {"name": said.name, "notes": said.notes, "tags": json.dumps(said.tags, ensure_ascii=False)}
    return row | _search_keys(row, said.tags)


def read_live(state: Mapping[str, Any]) -> list[Any]:
    """status, step, images, seconds, progress and metrics (JSON) of a run in memory; None for what is not known."""
    values = _Facts(state)
    metrics = values.get("metrics", finite_numbers)
    return [values.get("status", lambda v: v if v in STATUSES else None), values.get("step", whole),
            values.get("images", whole), values.get("seconds", at_least_0), values.get("progress", share_of),
            None if metrics is None else json.dumps(metrics)]  # fmt: skip


def _run_json(folder: Path) -> tuple[dict[str, Any], str]:
    """run.json, and what is wrong with it as a whole."""
    try:
        return about.json_object(folder / "run.json"), ""
    except FileNotFoundError:
        return {}, NO_FACTS
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s", folder / "run.json", error)
        return {}, BAD_FACTS


def _settings(folder: Path, values: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The settings that the table shows, from run.json or, where it lacks them, config.toml; whether all of them are known."""
    given = values.get("summary")
    given = given if isinstance(given, dict) else {}
    names = ("dataset", "kind", "loss", "penalty", "generator", "discriminator")
    known: dict[str, Any] = {name: _text(given.get(name)) or "" for name in names}
    known["batch_size"] = whole(given.get("batch_size")) or 0
    info = registry.dataset[known["dataset"]].info if known["dataset"] in registry.dataset else {}
    pictures = _text(given.get("pictures")) if info.get("imported") else ""
    if all(known.values()) and pictures is not None:
        return known | {"pictures": pictures}, True
    try:
        return facts.summary(serial.from_toml((folder / "config.toml").read_text(encoding="utf-8"))), True
    except (OSError, UnicodeDecodeError, PlaygroundError) as error:
        log.warning("%s cannot be read: %s", folder / "config.toml", error)
        return known | {"pictures": pictures or ""}, False


def title(name: str, dataset: str, run_id: str) -> str:
    """What a run is called, in English: its name, else what it learns."""
    return name or (registry.dataset[dataset].title if dataset in registry.dataset else run_id)


def _search_keys(row: Mapping[str, Any], tags: tuple[str, ...]) -> dict[str, str]:
    """Texts in the form in which they are compared, each field or tag on lines of its own: no word and no tag has a newline."""
    named = ("id", "name", "notes", "dataset", "loss", "penalty", "generator", "discriminator", "device")
    shown = title(row["name"], row["dataset"], row["id"])
    keys = "".join(f"{about.fold(tag)}\n" for tag in tags)
    return {"name_key": about.fold(shown), "tag_keys": keys and f"\n{keys}",
            "words": "\n".join(about.fold(text) for text in (shown, *(row[name] for name in named), *tags))}  # fmt: skip


def _size(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except OSError:  # it was there a moment ago: a run that trains replaces its files
                continue
    return total


def _text(value: Any) -> str | None:
    return about.one_line(value)[:_LONGEST] if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    right = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INT
    return value if right else None


def _number(value: Any) -> float | None:
    """A finite float, and never -0.0, which SQLite does not keep."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None


def at_least_0(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def share_of(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def finite_numbers(value: Any) -> dict[str, float] | None:
    """The metrics that are finite numbers; one that is not is a gap, as in the curves."""
    if not isinstance(value, Mapping):
        return None
    pairs = ((_text(name), _number(number)) for name, number in value.items())
    return {name: number for name, number in pairs if name and number is not None}


def _best(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    best = {
        "metric": _text(value.get("metric")),
        "value": _number(value.get("value")),
        "step": whole(value.get("step")),
    }
    return best if best["metric"] and None not in best.values() else None


def parent_of(value: Any) -> tuple[str, int] | None:
    run, step = (value.get("run"), whole(value.get("step"))) if isinstance(value, dict) else (None, None)
    return (run, step) if isinstance(run, str) and RUN_ID.fullmatch(run) and step is not None else None


def _device(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    device = value.get("device")
    return "" if device is None else _text(device)


def utc_moment(value: Any) -> str | None:
    """ISO 8601 of any zone as ISO 8601 in UTC, so that the order of texts is the order of times."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (TypeError, ValueError, OverflowError):
        return None


def _moment_of(run_id: str) -> str:
    """When a run was created, by its id."""
    found = RUN_ID.fullmatch(run_id)
    return (utc_moment(f"{found[1]}T{found[2]}") or "") if found else ""

"""Folders of runs as an index finds them, made without training, and the index on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_core.runs import about, index, listing
from gan_core.runs.about import About
from gan_core.runs.index import Index, Query
from gan_core.runs.listing import Row

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = {"dataset": "ring", "kind": "points", "loss": "hinge", "penalty": "r1", "generator": "mlp", "discriminator": "mlp",
           "batch_size": 64}  # fmt: skip
STATE = {
    "status": "running",
    "step": 5000,
    "images": 90_000,
    "seconds": 99.5,
    "progress": 0.25,
    "metrics": {"quality": 0.5},
}


def run_id(number: int, name: str = "ring") -> str:
    """The id of the run made `number` seconds after midnight."""
    return f"{name}-20250102-{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-{number:06x}"


def facts_of(run: str, **more: Any) -> dict[str, Any]:
    """A whole run.json of version 2."""
    facts: dict[str, Any] = {
        "version": 2, "run": run, "owner": "0123456789abcdef", "created": "2025-01-02T03:04:05+00:00",
        "saved": "2025-01-03T03:04:05+00:00", "status": "finished", "step": 1200, "images": 76800, "seconds": 12.5, "seed": 7,
        "progress": 1.0, "message": {"template": "", "params": {}}, "environment": {"device": "cpu", "threads": 1},
        "summary": SUMMARY, "metrics": {"d_loss": 0.7, "quality": 0.9, "modes": 8},
        "best": {"metric": "quality", "value": 0.93, "step": 1100}, "parent": {"run": run_id(77), "step": 300},
    }  # fmt: skip
    return facts | more


def make(root: Path, run: str, facts: Any = None, said: About | None = None, place: str = "runs") -> Path:
    """The folder of a run; `facts` may be bytes."""
    folder = root / place / run
    folder.mkdir(parents=True, exist_ok=True)
    data = facts if isinstance(facts, bytes) else json.dumps(facts_of(run) if facts is None else facts).encode()
    (folder / "run.json").write_bytes(data)
    if said is not None:
        about.write(folder, said)
    return folder


def everything(table: Index, deleted: bool = False) -> list[Row]:
    return table.find(Query(deleted=deleted, limit=10**9))[0]


def ids(table: Index, **query: Any) -> list[str]:
    return [row.id for row in table.find(Query(**{"limit": 10**9} | query))[0]]


@pytest.fixture
def opened() -> Iterator[Callable[..., Index]]:
    """Makes an Index and closes it at the end."""
    made: list[Index] = []

    def make_one(*args: Any, **more: Any) -> Index:
        made.append(Index(*args, **more))
        return made[-1]

    yield make_one
    for table in made:
        table.close()


@pytest.fixture
def table(tmp_path: Path, opened: Callable[..., Index]) -> Index:
    return opened(tmp_path)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose files are read."""
    names: list[str] = []
    reading = listing.read_run

    def counted(folder: Path) -> dict[str, Any]:
        names.append(folder.name)
        return reading(folder)

    monkeypatch.setattr(index, "read_run", counted)
    return names


def some_runs(root: Path, count: int = 40) -> None:
    for number in range(count):
        make(
            root,
            run_id(number),
            facts_of(run_id(number), step=number),
            About(f"run {number}", ("a", "b"), "notes " * 30),
        )


def in_a_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})  # fmt: skip

"""The index is damaged, or held by another process, while a server trains runs: its table stays right, and no run is touched."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import _damage
import _robust
import _tiny
import pytest
from _damage import Damage, run_id, serving
from _robust import SPEED, Told, paused_as_replayed, steps_on

from gan_core.runs import database
from gan_core.runs.about import About
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession

told, _saved_often = _robust.told, _robust.saved_often  # fixtures
pytestmark = pytest.mark.usefixtures("measured_quickly")


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(9000))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _replaced(path: Path) -> None:
    _damage.put(path, b"another file" * 99)


def _gone(path: Path) -> None:
    for file in path.parent.glob("index.sqlite*"):
        file.unlink()


def _of_another_version(path: Path) -> None:
    other = path.with_name("other.sqlite")
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE run (id TEXT)")
        db.execute("PRAGMA user_version = 99")
    db.close()
    _gone(path)
    os.replace(other, path)


def _another_version_said(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def _emptied(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE run")
    db.close()


INDEX_DAMAGE: dict[str, Damage] = {
    "garbage": _garbage, "cut": _cut, "replaced": _replaced, "gone": _gone, "of another version": _of_another_version,
    "of another version since": _another_version_said, "without its table": _emptied,
}  # fmt: skip


def right_rows(scheduler: Scheduler, sessions: list[TrainingSession], resting: set[str]) -> None:
    """The table shows every run as it is, or as it was when it was last saved."""
    scheduler._next_refresh = 0.0
    rows, total = scheduler.rows(Query())
    found = {row.id: (row.status, row.problem) for row in rows}
    assert found == dict.fromkeys(resting, ("paused", "")) | {session.id: ("running", "") for session in sessions}
    assert total == len(rows)
    steps = {row.id: row.step for row in rows}
    assert all(0 < steps[session.id] <= session.step for session in sessions)


@pytest.mark.usefixtures("_saved_often")
def test_an_index_that_is_damaged_while_runs_train(told: Told, tmp_path: Path) -> None:
    resting = {_damage.copied(told("points"), tmp_path / "runs" / run_id(i)).name for i in range(3)}
    with serving(tmp_path) as scheduler:
        sessions = [scheduler.create(_tiny.points(seed=seed, speed=SPEED), "me") for seed in (1, 2)]
        steps_on(*sessions)
        for damage in INDEX_DAMAGE.values():
            right_rows(scheduler, sessions, resting)
            damage(tmp_path / "index.sqlite")
            steps_on(*sessions)
            right_rows(scheduler, sessions, resting)
            scheduler.store.describe(run_id(1), About("a name"))
            right_rows(scheduler, sessions, resting)
        assert {row.id for row in scheduler.rows(Query(text="a name"))[0]} == {run_id(1)}
        paused_as_replayed(scheduler, *sessions)


@pytest.mark.parametrize("how", INDEX_DAMAGE)
def test_an_index_that_was_damaged_before(how: str, told: Told, tmp_path: Path) -> None:
    resting = {_damage.copied(told("points"), tmp_path / "runs" / run_id(i)).name for i in range(3)}
    with serving(tmp_path) as scheduler:
        right_rows(scheduler, [], resting)
    INDEX_DAMAGE[how](tmp_path / "index.sqlite")
    before = {name: _damage.contents(tmp_path / "runs" / name) for name in resting}
    with serving(tmp_path) as scheduler:
        right_rows(scheduler, [], resting)
    assert {name: _damage.contents(tmp_path / "runs" / name) for name in resting} == before


_LOCKED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    db.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.read()
"""


def holding(index: Path, *statements: str) -> subprocess.Popen[str]:
    """Another process that has done this with the index, and does not end."""
    process = subprocess.Popen([sys.executable, "-c", _LOCKED, str(index), *statements], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, encoding="utf-8")  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


@pytest.mark.usefixtures("_saved_often")
@pytest.mark.parametrize(
    ("statements", "opened_first"),
    [(["BEGIN EXCLUSIVE"], True), (["BEGIN EXCLUSIVE"], False),
     (["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "SELECT * FROM run"], False)],
    ids=["while it is open", "before it is opened", "all of the file"],
)  # fmt: skip
def test_an_index_that_another_process_holds(
    statements: list[str], opened_first: bool, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    resting = {_damage.copied(told("points"), tmp_path / "runs" / run_id(i)).name for i in range(3)}
    with serving(tmp_path) as scheduler:
        right_rows(scheduler, [], resting)
    with serving(tmp_path) as scheduler:
        sessions: list[TrainingSession] = []
        if opened_first:
            right_rows(scheduler, sessions, resting)
        process = holding(tmp_path / "index.sqlite", *statements)
        try:
            for seed in (1, 2, 3):
                sessions.append(scheduler.create(_tiny.points(seed=seed, speed=SPEED), "me"))
                steps_on(*sessions)
                right_rows(scheduler, sessions, resting)
        finally:
            process.kill()
            process.communicate()
        right_rows(scheduler, sessions, resting)
        paused_as_replayed(scheduler, *sessions)

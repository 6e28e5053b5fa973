"""Clocks that jump: runs train, are saved, listed and followed all the same, and no quota removes what is in use."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime, tzinfo
from pathlib import Path

import _damage
import _robust
import _tiny
import pytest
from _damage import LONG, Patient, rests, run_id, serving, wait
from _robust import SPEED, Told, go_on, opened, state

from gan_core.runs import quota
from gan_core.runs.about import About
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.following import FollowedRun
from gan_core.runs.index import Query
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

told = _robust.told  # a fixture
pytestmark = pytest.mark.usefixtures("measured_quickly")
YEAR = 365.0 * 24 * 3600
JUMPS = (0.0, -YEAR, 10 * YEAR, -1.0, 0.0, -20 * YEAR, 3600.0)


class Clock:
    """The time of day, as far from the real one as `jump` said; the times of the files follow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.away)

        class Moved(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Moved:
                return cls.fromtimestamp(time.time(), tz)

        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("gan_core") and getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Moved)

    def jump(self, away: float, *roots: Path) -> None:
        self.away = away
        for root in roots:
            for path in [root, *root.rglob("*")]:
                try:
                    os.utime(path, (time.time(), time.time()))
                except FileNotFoundError:  # a run that trains replaces its files
                    continue


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_clock_that_jumps_while_a_run_trains(clock: Clock, told: Told, tmp_path: Path) -> None:
    story = told("points")
    path = _damage.copied(story, tmp_path / run_id(1))
    session = opened(path)
    for away, step in zip(JUMPS, range(13, 20), strict=True):
        clock.jump(away, path)
        go_on(session, step)
        if step == 15:
            session.close()
            clock.jump(-away, path)
            session = opened(path)
    assert session.folder is not None
    entries = session.folder.journal()
    assert [entry["step"] for entry in entries] == sorted(entry["step"] for entry in entries)
    assert entries[: len(story.journal)] == story.journal
    times = [entry["time"] for entry in entries]
    assert times != sorted(times)  # the clock did jump
    _tiny.assert_same(state(session), _damage.replayed(story.config, entries, 19))
    _tiny.assert_same(_damage.replay(session.folder.config(), entries, 19), state(session))
    assert [_damage.step_of(file) for file in sorted((path / "checkpoints").glob("0*"))] == [17, 18, 19]
    assert (path / "checkpoints/best-000000000006.safetensors").exists()
    session.close()


def test_the_clock_does_not_say_when_to_save(
    clock: Clock, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _damage.copied(told("points"), tmp_path / run_id(1))
    session = opened(path)
    session.send(Resume())
    session.turn(LONG, until_step=13)
    saved = _damage.contents(path / "checkpoints")
    due = session._keeper._next
    advance = Trainer.advance

    def jumping(trainer: Trainer, most: int) -> int:
        clock.jump(JUMPS[trainer.step_count % len(JUMPS)])
        return advance(trainer, most)

    monkeypatch.setattr(Trainer, "advance", jumping)
    session.turn(LONG, until_step=17)
    assert session.step == 17
    if time.perf_counter() < due:  # on a machine that is not far too slow
        assert _damage.contents(path / "checkpoints") == saved
        assert session._keeper._next == due


def test_a_server_whose_clock_jumps(clock: Clock, tmp_path: Path) -> None:
    sessions: list[TrainingSession] = []
    with serving(tmp_path, grace_seconds=600) as scheduler:
        for i, away in enumerate(JUMPS):
            clock.jump(away, tmp_path)
            session = scheduler.create(_tiny.points(seed=i, speed=SPEED), "me")
            sessions.append(session)
            wait(lambda session=session: session.step > 5)
            scheduler.store.describe(session.id, About(f"run {i}"))
            scheduler._next_refresh = 0.0
            rows, total = scheduler.rows(Query())
            assert total == len(sessions)
            assert {row.id: row.name for row in rows} == {s.id: f"run {k}" for k, s in enumerate(sessions)}
            assert [row.created for row in rows] == sorted((row.created for row in rows), reverse=True)
            assert {row.status for row in rows} == {"running"}  # nobody is thought to have been away for ten years
            assert sorted(scheduler.store.ids()) == sorted(s.id for s in sessions)
        assert len({s.id for s in sessions}) == len(JUMPS)
        for session in sessions:
            assert scheduler.get(session.id) is session
            scheduler.send(session, Pause())
        for session in sessions:
            rests(scheduler, session)
    for i, session in enumerate(sessions):
        _tiny.assert_same(state(session), _damage.replayed(_tiny.points(seed=i), [], session.step))


def test_followers_when_the_clock_jumps(clock: Clock, told: Told, tmp_path: Path) -> None:
    path = _damage.copied(told("points"), tmp_path / run_id(1))
    session = opened(path)
    followed = FollowedRun(path.name, RunFolder(path))
    session.send(Resume())
    for step, away in enumerate(JUMPS[:5], 13):
        clock.jump(away, path)
        followed.touch()
        os.utime(path / ".followed", (time.time(), time.time()))
        session.turn(LONG, until_step=step)
        session._look()
        assert (followed.step, followed.status) == (step, "running")
        assert not followed.gone
    session.close()


def saved_at(path: Path, away: float) -> None:
    """The run was last saved when a clock said so."""
    said = json.loads((path / "run.json").read_text(encoding="utf-8"))
    moment = datetime.fromtimestamp(time.time() + away).astimezone()
    (path / "run.json").write_text(json.dumps(said | {"saved": moment.isoformat()}), encoding="utf-8")
    for file in [path, *path.rglob("*")]:
        os.utime(file, (moment.timestamp(), moment.timestamp()))


@pytest.fixture
def runs_of_all_times(told: Told, tmp_path: Path) -> list[Path]:
    """The last of them is deleted."""
    paths = [_damage.copied(told("points"), tmp_path / "runs" / run_id(i)) for i in range(4)]
    for path, away in zip(paths, (-YEAR, 0.0, 10 * YEAR, 10 * YEAR), strict=True):
        saved_at(path, away)
    (tmp_path / "trash").mkdir()
    return [*paths[:-1], paths[-1].rename(tmp_path / "trash" / paths[-1].name)]


def test_no_clock_makes_a_quota_remove_anything(runs_of_all_times: list[Path], clock: Clock, tmp_path: Path) -> None:
    before = {path: _damage.contents(path) for path in runs_of_all_times}
    store = Store(tmp_path)
    for away in JUMPS:
        clock.jump(away, tmp_path)
        assert quota.make_room(store, 10**9, set()) == sum(
            len(data) for found in before.values() for data in found.values()
        )
    assert {path: _damage.contents(path) for path in runs_of_all_times} == before
    store.close()


def test_what_a_quota_removes_at_any_time_of_day(
    runs_of_all_times: list[Path], clock: Clock, told: Told, tmp_path: Path
) -> None:
    """The deleted run first, whatever its time; then what can be done without; never what a run goes on from, nor one in use."""
    *kept, deleted = runs_of_all_times
    before = {path: _damage.contents(path) for path in kept}
    store = Store(tmp_path)
    store.index.refresh()
    clock.jump(-YEAR)
    quota.make_room(store, store.index.bytes_used() - 1, set())
    assert not deleted.exists()
    assert {path: _damage.contents(path) for path in kept} == before
    clock.jump(10 * YEAR)
    quota.make_room(store, 1, {kept[2].name})
    assert _damage.contents(kept[2]) == before[kept[2]]
    for path in kept[:2]:
        left = _damage.contents(path)
        assert before[path].items() >= left.items()
        assert set(left) >= {"config.toml", "run.json", "journal.jsonl", "metrics.csv", "notes.json", "still.webp",
                             "checkpoints/000000000012.safetensors", "checkpoints/best-000000000006.safetensors"}  # fmt: skip
    store.close()
    patients = [Patient(told("points"), path, [], told("points").journal) for path in kept]
    assert _damage.treat(tmp_path, patients) == []
    assert [patient.at for patient in patients] == [12, 12, 12]

"""What the data folder may hold: what goes first, what never goes, and what is said when nothing more can go."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _tiny
import pytest

from gan_core.errors import RunError
from gan_core.runs import facts, keeping, quota
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.store import Store

MB = 10**6


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


@pytest.fixture
def run(store: Store) -> Callable[..., str]:
    """A run saved at that moment, with so many megabytes of history."""

    def make(saved: str, megabytes: float = 1.0) -> str:
        run_id = store.new_id("ring")
        folder = store.folder(run_id)
        folder.create(_tiny.points(), facts.of_new(run_id, "", _tiny.points()))
        for steps in (1, 2, 3):
            state = copy_state(_tiny.trained(_tiny.points(), steps).state_dict())
            path = folder.write_checkpoint(Saved(state, {}))
        folder.keep_best(path)
        folder.history.add(1, b"x" * int(MB * megabytes))
        folder.write_facts(folder.facts() | {"saved": saved, "status": "paused"})
        store.index.note(run_id)
        return run_id

    return make


def has_history(store: Store, run_id: str) -> bool:
    return bool(store.folder(run_id).history.moments())


def test_within_the_quota_nothing_goes(store: Store, run: Callable[..., str]) -> None:
    runs = [run("2026-01-01T00:00:00+00:00"), run("2026-01-02T00:00:00+00:00")]
    store.delete(runs[1])
    used = quota.make_room(store, 10 * MB, set())
    assert 2 * MB < used < 3 * MB
    assert has_history(store, runs[0])
    store.restore(runs[1])


def test_deleted_runs_go_first_and_the_oldest_before_the_others(store: Store, run: Callable[..., str]) -> None:
    runs = [run(f"2026-01-{day:02}T00:00:00+00:00") for day in (3, 1, 2, 4)]
    for run_id in runs[:2]:
        store.delete(run_id)
    quota.make_room(store, int(3.9 * MB), set())
    assert [(store.root / "trash" / run_id).exists() for run_id in runs[:2]] == [True, False]
    quota.make_room(store, int(2.9 * MB), set())
    assert not list((store.root / "trash").iterdir())
    assert all(has_history(store, run_id) for run_id in runs[2:])


def test_then_the_history_of_those_saved_longest_ago(store: Store, run: Callable[..., str]) -> None:
    runs = [run(f"2026-01-{day:02}T00:00:00+00:00") for day in (3, 1, 2)]
    quota.make_room(store, int(2.9 * MB), set())
    assert [has_history(store, run_id) for run_id in runs] == [True, False, True]
    trimmed = store.folder(runs[1])
    assert len(trimmed.states()) == 1  # the newest, which is the best as well
    assert trimmed.best_step() == 3
    assert trimmed.config() == _tiny.points()
    quota.make_room(store, int(1.9 * MB), set())
    assert [has_history(store, run_id) for run_id in runs] == [True, False, False]


def test_runs_in_use_are_left_alone(store: Store, run: Callable[..., str]) -> None:
    here, elsewhere, resting = (run(f"2026-01-0{day}T00:00:00+00:00") for day in (1, 2, 3))
    lock = store.folder(elsewhere)
    lock.lock()
    quota.make_room(store, MB, {here})
    assert [has_history(store, run_id) for run_id in (here, elsewhere, resting)] == [True, True, False]
    lock.unlock()


def test_somebody_is_quicker(store: Store, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """While room is made, a deleted run is brought back, another removed for good, and a third opened."""
    runs = [run(f"2026-01-0{day}T00:00:00+00:00") for day in range(1, 5)]
    for run_id in runs[:2]:
        store.delete(run_id)
    expendable = quota._expendable

    def then_others_act(*given: Any) -> Any:
        found = list(expendable(*given))
        store.restore(runs[0])
        store.purge(runs[1])
        other = RunFolder(store.folder(runs[2]).path)
        other.lock()
        yield from found
        other.unlock()

    monkeypatch.setattr(quota, "_expendable", then_others_act)
    quota.make_room(store, 2 * MB, set())
    assert store.exists(runs[0])
    assert [has_history(store, run_id) for run_id in (runs[0], runs[2], runs[3])] == [True, True, False]


def test_what_a_killed_process_left_of_a_run_is_removed(tmp_path: Path) -> None:
    """And nothing that somebody is making now."""
    Store(tmp_path)
    removed, unmade, young = (
        tmp_path / "trash" / ".gone-1-a",
        tmp_path / "runs" / ".new-1-a",
        tmp_path / "runs" / ".new-2-a",
    )
    for path in (removed, unmade, young):
        path.mkdir()
        (path / "config.toml").write_text("", encoding="utf-8")
    os.utime(unmade, (0, 0))
    Store(tmp_path)
    assert [path.exists() for path in (removed, unmade, young)] == [False, False, True]


def test_a_damaged_newest_checkpoint_keeps_the_ones_before(store: Store, run: Callable[..., str]) -> None:
    folder = store.folder(run("2026-01-01T00:00:00+00:00"))
    newest = max(folder.path.glob("checkpoints/[0-9]*"))
    newest.unlink()
    newest.write_bytes(b"damaged")
    folder.trim()
    assert len(list(folder.path.glob("checkpoints/[0-9]*"))) == 3


def test_a_clock_that_jumps_deletes_nothing(
    store: Store, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = run("1970-01-01T00:00:00+00:00")
    store.delete(run_id)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    quota.make_room(store, 10 * MB, set())
    store.restore(run_id)


def test_when_nothing_more_can_go_new_runs_are_refused(tmp_path: Path) -> None:
    scheduler = Scheduler(Store(tmp_path), quota_bytes=MB)
    try:
        first = scheduler.create(_tiny.points(), "me")
        (tmp_path / "runs" / first.id / "still.webp").write_bytes(b"x" * 2 * MB)
        deadline = time.monotonic() + 60
        while first.step < 3:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        scheduler.store.index.note(first.id)
        (tmp_path / "runs" / first.id / "notes.json").write_bytes(b" " * 3 * MB)
        scheduler.store.index.note(first.id)
        with pytest.raises(RunError, match=r"Delete runs on the Runs page") as caught:
            scheduler.create(_tiny.points(), "me")
        assert "0.00 GB" in str(caught.value)
        assert len(scheduler.store.ids()) == 1
        assert first.status == "running"  # what trains goes on
    finally:
        scheduler.close()


def test_the_server_makes_room_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.runs.scheduler._TIDY_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 1e9)
    store = Store(tmp_path)
    run_id = store.new_id("ring")
    store.folder(run_id).create(_tiny.points(), facts.of_new(run_id, "", _tiny.points()) | {"status": "paused"})
    store.folder(run_id).history.add(1, b"x" * MB)
    scheduler = Scheduler(store, quota_bytes=MB // 2)
    try:
        deadline = time.monotonic() + 60
        while has_history(store, run_id):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        scheduler.close()

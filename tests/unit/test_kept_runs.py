"""The scheduler and the runs it keeps: the table, places, branches, deleting what trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _tiny
import pytest

from gan_core.errors import RunError
from gan_core.runs import scheduler as scheduler_module
from gan_core.runs.about import About
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Query
from gan_core.runs.lock import IN_USE
from gan_core.runs.scheduler import Places, Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    own = Scheduler(Store(tmp_path), max_runs=2, max_per_owner=1)
    yield own
    own.close()


def trained(scheduler: Scheduler, owner: str = "me") -> TrainingSession:
    session = scheduler.create(_tiny.points(), owner)
    until(lambda: session.step > 3)
    return session


def pause(session: TrainingSession) -> None:
    session.send(Pause())
    until(lambda: session.status == "paused")


def forget(scheduler: Scheduler, session: TrainingSession) -> None:
    """As after the grace period; a run that has a turn at the moment is asked again."""

    def gone() -> bool:
        scheduler._forget(session)
        return session not in scheduler.sessions()

    until(gone)


def test_the_table_shows_what_is_in_memory_as_it_is_now(scheduler: Scheduler) -> None:
    session = trained(scheduler)
    rows, total = scheduler.rows(Query())
    assert (total, rows[0].id, rows[0].status) == (1, session.id, "running")
    assert rows[0].step > 3
    before = rows[0].step
    until(lambda: scheduler.rows(Query())[0][0].step > before)
    pause(session)
    until(lambda: scheduler.rows(Query(status="paused"))[1] == 1)  # an earlier save may be read in between
    until(lambda: scheduler.rows(Query(status="active"))[1] == 0)


def test_looking_at_a_run_does_not_open_it(scheduler: Scheduler) -> None:
    session = trained(scheduler)
    assert scheduler.peek(session.id) is session
    pause(session)
    forget(scheduler, session)
    assert scheduler.peek(session.id) is None
    assert scheduler.peek("../../etc") is None
    assert scheduler.sessions() == []


def test_a_run_that_is_asked_for_while_it_leaves_stays(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    session = trained(scheduler)
    pause(session)
    waiting: list[Callable[[], None]] = []
    monkeypatch.setattr(session._keeper, "_saver", waiting.append)  # the disk is slow
    forget(scheduler, session)
    assert scheduler.get(session.id) is session
    for job in waiting:
        job()
    assert session.folder is not None
    assert not session.folder.is_held_elsewhere  # for it is held here
    assert RunFolder(session.folder.path).is_held_elsewhere
    step = session.step
    scheduler.send(session, Resume())
    until(lambda: session.step > step)


def test_a_run_that_is_deleted_while_it_leaves(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    session = trained(scheduler)
    pause(session)
    waiting: list[Callable[[], None]] = []
    monkeypatch.setattr(session._keeper, "_saver", waiting.append)  # the disk is slow
    forget(scheduler, session)
    scheduler.delete(session.id)
    for job in waiting:
        job()
    assert session.gone
    assert scheduler.get(session.id) is None
    assert [row.id for row in scheduler.rows(Query(deleted=True))[0]] == [session.id]
    assert scheduler.store.ids() == []


def test_a_run_that_was_deleted_when_it_should_leave(scheduler: Scheduler) -> None:
    session = trained(scheduler)
    scheduler.delete(session.id)
    scheduler._forget(session)
    assert not scheduler._leaving


def test_places(scheduler: Scheduler) -> None:
    assert scheduler.places("me") == Places(0, 2, 0, 1, 0)
    sessions = [trained(scheduler), scheduler.create(_tiny.points(), "me"), trained(scheduler, "you")]
    until(lambda: sessions[1].status == "queued")
    assert scheduler.places("me") == Places(2, 2, 1, 1, 1)
    assert scheduler.places("nobody") == Places(2, 2, 0, 1, 1)


def test_a_branch_is_paused_at_its_moment_and_remembers_where_it_came_from(scheduler: Scheduler) -> None:
    source = trained(scheduler)
    pause(source)
    scheduler.store.describe(source.id, About("Mine", ("good",), "private"))
    step = source.step
    until(lambda: step in scheduler.store.folder(source.id).states())
    branch = scheduler.branch(source.id, step, "you")
    until(lambda: branch.status == "paused" and branch.step == step)
    assert branch.owner == "you"
    row = scheduler.store.index.get(branch.id)
    assert row is not None
    assert (row.parent, row.parent_step, row.name, row.tags, row.notes) == (source.id, step, "Mine", ("good",), "")
    scheduler.send(branch, Resume())
    until(lambda: branch.step > step)
    assert source.step == step


@pytest.mark.parametrize("run_id", ["nothing", "../x", "ring-20260131-142530-1f0c2a"])
def test_branching_from_what_is_not_there(run_id: str, scheduler: Scheduler) -> None:
    with pytest.raises(RunError, match="no such run"):
        scheduler.branch(run_id, 3, "me")
    assert scheduler.store.ids() == []


def test_deleting_what_trains_ends_it_and_can_be_undone(scheduler: Scheduler, tmp_path: Path) -> None:
    session, other = trained(scheduler), trained(scheduler, "you")
    scheduler.delete(session.id)
    assert session.gone
    assert scheduler.get(session.id) is None
    assert (tmp_path / "trash" / session.id / "run.json").exists()
    step = session.step
    assert [row.id for row in scheduler.rows(Query())[0]] == [other.id]
    assert [row.id for row in scheduler.rows(Query(deleted=True))[0]] == [session.id]
    scheduler.store.restore(session.id)
    again = scheduler.get(session.id)
    assert isinstance(again, TrainingSession)
    until(lambda: again.status == "paused")
    assert 0 < again.step <= step
    assert other.status == "running"
    scheduler.send(again, Resume())
    until(lambda: again.step > step)


def test_deleting_again_and_again_while_it_is_asked_for(scheduler: Scheduler) -> None:
    """Whoever asks for a run while it is deleted gets the old one or none, and never brings half of it back."""
    for _ in range(5):
        session = trained(scheduler)
        scheduler.delete(session.id)
        assert scheduler.get(session.id) is None
        with pytest.raises(RunError, match="no such run"):
            scheduler.delete(session.id)
        scheduler.store.purge(session.id)
        with pytest.raises(RunError, match="not deleted"):
            scheduler.store.restore(session.id)


def test_a_run_of_another_process_is_not_deleted(scheduler: Scheduler, tmp_path: Path) -> None:
    session = trained(scheduler)
    pause(session)
    forget(scheduler, session)
    until(lambda: not scheduler.store.folder(session.id).is_held_elsewhere)
    other = RunFolder(tmp_path / "runs" / session.id)
    other.lock()
    with pytest.raises(RunError) as caught:
        scheduler.delete(session.id)
    assert caught.value.template == IN_USE
    assert scheduler.store.exists(session.id)
    other.unlock()
    scheduler.delete(session.id)


def test_a_step_that_takes_too_long(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    session = trained(scheduler)
    monkeypatch.setattr(scheduler_module, "_DELETE_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "_busy", {session.id})
    with pytest.raises(RunError, match="long step"):
        scheduler.delete(session.id)
    assert scheduler.store.exists(session.id)
    assert not session.gone


def test_names_of_runs_that_are_gone(scheduler: Scheduler) -> None:
    with pytest.raises(RunError, match="no such run"):
        scheduler.store.describe("ring-20260131-142530-1f0c2a", About("x"))
    with pytest.raises(RunError, match="no such run"):
        scheduler.store.about("../../etc")

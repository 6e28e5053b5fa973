"""Disks that refuse to be written, from any operation on: a run pauses and says so, and ends bit for bit as it should once they take
everything again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import _damage
import _robust
import _tiny
import pytest
from _damage import END, LONG, rests, run_id, serving
from _robust import Refusing, Told, begun, eventful, go_on, opened, state

from gan_core.errors import PlaygroundError
from gan_core.runs import keeping
from gan_core.runs.breaking import NOT_SAVED
from gan_core.runs.commands import Reset, Resume
from gan_core.runs.index import Query
from gan_core.runs.session import TrainingSession

told = _robust.told  # a fixture
pytestmark = pytest.mark.usefixtures("measured_quickly")


def end_after_refusals(path: Path, disk: Refusing) -> str:
    """What is wrong with a run whose disk refused for a while."""
    session = begun(path)
    lasting = disk.refused.stop > 10**6
    with disk.disk.between():
        entries = eventful(session)
        if lasting and (session.status, session.message.template) != ("paused", NOT_SAVED):
            return f"the disk refused, and it is {session.status}: {session.message}"
        disk.relent()
        session.send(Resume())
        session.turn(LONG)
    session.release()
    if (session.status, session.step) != ("finished", END) or session.message.template == NOT_SAVED:
        return f"with a disk again it is {session.status} at step {session.step}: {session.message}"
    again = opened(path)
    assert again.folder is not None
    own = _damage.replay(again.folder.config(), again.folder.journal(), END)
    again.close()
    ends = {"its end": state(session), "what was saved": state(again), "what its journal replays to": own}
    expected = _damage.replayed(_damage.ending(_tiny.points), entries, END)
    wrong = (_damage.difference(what, found, expected) for what, found in ends.items())
    return next(filter(None, wrong), "")


def refusals(root: Path, every: int, offset: int, code: int, count: int) -> list[str]:
    """What goes wrong where the disk begins to refuse at every so many-th of the operations."""
    counting = Refusing(root / "counted", code, first=10**9)
    session = begun(root / "counted")
    with counting.disk.between():
        eventful(session)
    session.release()
    found = []
    for first in range(offset, counting.done, every):
        disk = Refusing(root / str(first), code, first, count)
        if wrong := end_after_refusals(root / str(first), disk):
            found.append(f"from operation {first} on: {wrong}")
    return found


@pytest.fixture
def _every_moment_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)


@pytest.mark.long
@pytest.mark.usefixtures("_every_moment_is_kept")
@pytest.mark.parametrize(("code", "count", "offset"), [(errno.ENOSPC, 10**9, 0), (errno.EROFS, 10**9, 3), (errno.EIO, 1, 1)],
                         ids=["full", "read-only", "one error"])  # fmt: skip
def test_a_disk_that_refuses_from_some_operation_on(code: int, count: int, offset: int, tmp_path: Path) -> None:
    assert refusals(tmp_path, 13, offset, code, count) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_every_moment_is_kept")
@pytest.mark.parametrize("count", [1, 2, 7, 10**9])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_from_every_operation_on(code: int, count: int, tmp_path: Path) -> None:
    assert refusals(tmp_path, 1, 0, code, count) == []


def reset_refused(path: Path, first: int, *, again: bool) -> bool:
    """Reset a run on a disk that refuses from some operation on: it says that it was the disk, and begins anew, if it is told so
    again or goes on as it is once the disk takes everything. Whether nothing had to be refused."""
    session = begun(path)
    eventful(session)
    disk = Refusing(path, errno.ENOSPC, first)
    with disk.disk.between():
        session.send(Reset())
        session.turn(0.0)
        go_on(session, session.step + 1)
        done = disk.done <= first
        assert done or session.message.template == NOT_SAVED, f"from operation {first} on: {session.message}"
        disk.relent()
        if again:
            session.send(Reset())
        session.send(Resume())
        session.turn(LONG)
    assert (session.status, session.step) == ("finished", END)
    session.release()
    assert session.folder is not None
    expected = _damage.replay(session.folder.config(), session.folder.journal(), END)
    _tiny.assert_same(state(session), expected)
    later = opened(path)
    assert (later.status, later.step) == ("finished", END), (
        f"from operation {first} on, it was lost when it was opened later"
    )
    _tiny.assert_same(state(later), expected)
    later.close()
    return done


@pytest.mark.parametrize("again", [True, False], ids=["told again", "not told again"])
def test_a_reset_on_a_disk_that_refuses(again: bool, tmp_path: Path) -> None:
    assert [reset_refused(tmp_path / str(first), first, again=again) for first in (*range(2, 44, 14), 1000)][-1]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("again", [True, False], ids=["told again", "not told again"])
def test_a_reset_on_a_disk_that_refuses_anything(again: bool, tmp_path: Path) -> None:
    first = 0
    while not reset_refused(tmp_path / str(first), first, again=again):
        first += 1
    assert first > 10


def test_a_reset_leaves_nothing_of_the_time_before(tmp_path: Path) -> None:
    session = begun(tmp_path / "run")
    eventful(session)
    assert session.folder is not None
    before = session.folder.facts()
    session.send(Reset())
    session.turn(0.0)
    after = session.folder.facts()
    assert (after["step"], after["images"], after["seconds"]) == (0, 0, 0.0)
    assert "best" not in after
    assert after["created"] == before["created"]
    assert session.folder.states() == {}
    assert {path.name for path in _damage.files(session.folder.path)} <= {
        ".lock", "config.toml", "run.json", "journal.jsonl", "still.webp"}  # fmt: skip
    session.close()


def made_unless(code: int, make: Callable[[], TrainingSession]) -> TrainingSession | None:
    """None where the disk refused, and this was said."""
    try:
        return make()
    except PlaygroundError as error:
        if os.strerror(code) not in str(error):
            raise
    return None


def test_a_run_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    """Wherever the disk begins to refuse, and when it takes everything again."""
    with serving(tmp_path) as scheduler:
        first, made = 0, None
        while made is None:
            disk = Refusing(tmp_path / "runs", errno.ENOSPC, first)
            with disk.disk.between():
                made = made_unless(errno.ENOSPC, lambda: scheduler.create(_tiny.points(), "me"))
                disk.relent()
            if made is None:
                assert scheduler.store.ids() == [], f"from operation {first} on"
                assert scheduler.rows(Query())[1] == 0
            first += 1
        assert first > 3
        assert scheduler.store.ids() == [made.id]


def test_a_branch_that_cannot_be_made_leaves_nothing_behind(told: Told, tmp_path: Path) -> None:
    story = told("points")
    source = _damage.copied(story, tmp_path / "runs" / run_id(1))
    before = _damage.contents(source)
    with serving(tmp_path) as scheduler:
        first, branch = 0, None
        while branch is None:
            disk = Refusing(tmp_path / "runs", errno.EDQUOT, first)
            with disk.disk.between():
                branch = made_unless(errno.EDQUOT, lambda: scheduler.branch(source.name, 6, "you"))
                disk.relent()
            if branch is None:
                assert scheduler.store.ids() == [source.name], f"from operation {first} on"
            first += 1
        assert first > 5
        assert _damage.contents(source) == before
        scheduler.send(branch, Resume())
        rests(scheduler, branch)
        entries = [entry for entry in story.journal if entry["step"] < 6]
        _tiny.assert_same(state(branch), _damage.replayed(story.config, entries, END))

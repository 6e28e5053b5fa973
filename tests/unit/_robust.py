"""What tests of damaged files, odd clocks and refusing disks share: runs trained once, disks that refuse, and whether a run still
is what its journal replays to."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _damage
import _tiny
import pytest
from _damage import LONG, Disk, Story, rests, run_id, wait

from gan_core.runs import facts, keeping
from gan_core.runs.breaking import NOT_SAVED
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession

KINDS: dict[str, Callable[[Path], Story]] = {
    "points": lambda path: _damage.tell(path, _damage.ending(_tiny.points)),
    "pictures": lambda path: _damage.tell(path, _damage.ending(_tiny.pictures)),
    "large": lambda path: _damage.tell(path, _damage.ending(_tiny.points), best=12, large=True),
    "finished": lambda path: _damage.tell(path, _damage.ending(_tiny.points), to_the_end=True),
}
EVENTS: dict[int, dict[str, Any]] = {
    2: {"g_optimizer.lr": 5e-4},
    5: {"loss": "hinge"},
    7: {"instance_noise": 0.05},
    9: {},
}
SPEED = 200  # steps per second of a run that trains while something happens: all that it did is repeated afterwards
Told = Callable[[str], Story]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The run of a kind, trained once."""
    made: dict[str, Story] = {}

    def tell(kind: str) -> Story:
        if kind not in made:
            made[kind] = KINDS[kind](tmp_path_factory.mktemp(kind) / run_id(0))
        return made[kind]

    return tell


def opened(path: Path) -> TrainingSession:
    return _damage.reopened(RunFolder(path))


def go_on(session: TrainingSession, step: int) -> None:
    session.send(Resume())
    session.turn(LONG, until_step=step)
    session.send(Pause())
    session.turn(0.0)


def state(session: TrainingSession) -> dict[str, Any]:
    assert session.trainer is not None
    return session.trainer.state_dict()


class Refusing:
    """A disk that refuses to change anything below `root`: not before its operation number `first`, and then for so many."""

    def __init__(self, root: Path, code: int, first: int = 0, count: int = 10**9) -> None:
        self.code, self.refused = code, range(first, first + count)
        self.done = 0
        self.disk = Disk(root, self._before)

    def _before(self, what: str) -> None:
        self.done += 1
        if self.done - 1 in self.refused:
            raise OSError(self.code, os.strerror(self.code), what)

    def relent(self) -> None:
        self.refused = range(0)


def begun(path: Path) -> TrainingSession:
    config = _damage.ending(_tiny.points)
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "me", config))
    session = TrainingSession(path.name, "me", config, folder)
    session.prepare()
    return session


def eventful(session: TrainingSession) -> list[dict[str, Any]]:
    """Everything that writes: saving, changing, keeping moments. What was changed, as a journal has it."""
    done = []
    session.turn(0.0, until_step=0)
    for step, values in EVENTS.items():
        session.send(Resume())
        session.turn(LONG, until_step=step)
        session._look()
        session.change(values)
        done.append({"step": session.step, "changes": {name: [None, value] for name, value in values.items()}})
        session.turn(LONG, until_step=step + 1)
        session.send(Pause())
        session.turn(0.0)
    return done


@pytest.fixture
def saved_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SAVE_SECONDS", 0.05)
    monkeypatch.setattr(keeping, "WRITE_SHARE", 1)


def steps_on(*sessions: TrainingSession) -> None:
    """They go on."""
    at = [session.step for session in sessions]
    wait(
        lambda: all(s.step > step + 5 or s.status in ("failed", "paused") for s, step in zip(sessions, at, strict=True))
    )
    assert [str(s.message) for s in sessions if s.status in ("failed", "paused")] == []


def all_written(scheduler: Scheduler, *sessions: TrainingSession) -> None:
    """They rest, and nothing waits to be written any more."""
    for session in sessions:
        rests(scheduler, session)
    done = threading.Event()
    scheduler._save(done.set)
    assert done.wait(60)


def paused_as_replayed(scheduler: Scheduler, *sessions: TrainingSession) -> None:
    """After a pause each is, in memory and on the disk, what its settings and its journal replay to."""
    for session in sessions:
        scheduler.send(session, Pause())
    all_written(scheduler, *sessions)
    for session in sessions:
        assert session.folder is not None
        assert session.message.template != NOT_SAVED, str(session.message)
        expected = _damage.replay(session.folder.config(), session.folder.journal(), session.step)
        _tiny.assert_same(state(session), expected)
        _tiny.assert_same(session.folder.read_checkpoint().state, expected)
        assert session.folder.facts()["status"] == session.status

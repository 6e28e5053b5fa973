"""Many runs, a few workers: fair turns, limits and a queue, the abandoned, and nothing lost at the end."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import _tiny
import pytest

from gan_core import data as data_sets
from gan_core.errors import ConfigError, DataError, DeviceError, RunError
from gan_core.runs import scheduler as scheduler_module
from gan_core.runs.commands import Pause, Reset, Resume, StepOnce, Stop
from gan_core.runs.scheduler import ABANDONED, Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

pytestmark = pytest.mark.usefixtures("measured_quickly")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Scheduler]]:
    """Makes schedulers on the same data folder, and closes what was not closed."""
    made: list[Scheduler] = []

    def make(**options: Any) -> Scheduler:
        made.append(Scheduler(Store(tmp_path), **{"workers": 1, **options}))
        return made[-1]

    yield make
    for one in made:
        if not one._closing.is_set():
            one.close()


def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def reaches(session: TrainingSession, step: int) -> None:
    wait(lambda: session.step >= step or session.status == "failed")
    assert session.status != "failed", str(session.message)


def test_a_run_from_start_to_stop(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    session = scheduler.create(_tiny.points(), "me")
    assert scheduler.get(session.id) is session
    reaches(session, 20)
    scheduler.send(session, Pause())
    # "paused" comes first, its last numbers right after it
    wait(lambda: session.status == "paused" and session.latest.step == session.step)
    at, seq = session.step, session.seq
    time.sleep(0.2)  # pause really pauses
    assert (session.step, session.seq) == (at, seq)
    scheduler.send(session, StepOnce())
    wait(lambda: session.step == at + 1)
    scheduler.send(session, Resume())
    reaches(session, at + 10)
    session.change({"loss": "hinge"})
    wait(lambda: session.config.loss == "hinge")
    scheduler.send(session, Stop())
    wait(lambda: session.status == "stopped")
    assert [e["do"] for e in session.folder.journal()] == ["pause", "step", "resume", "change", "stop"]  # type: ignore[union-attr]


def test_turns_do_not_change_the_result(start: Callable[..., Scheduler]) -> None:
    """Chopped into turns among others, reset and watched: the weights are those of the steps alone."""
    scheduler = start(workers=2)
    sessions = [scheduler.create(_tiny.points(seed=seed, horizon=16 * 150), "me") for seed in range(3)]
    with sessions[0].watch():
        wait(lambda: sessions[0].step > 30)
        scheduler.send(sessions[0], Reset())
        wait(lambda: all(s.status == "finished" for s in sessions) and sessions[0].step == 150)
    for session in sessions:
        assert session.trainer is not None
        _tiny.assert_same(session.trainer.state_dict(), _tiny.trained(session.config, 150).state_dict())


def test_owners_share_the_time(start: Callable[..., Scheduler], monkeypatch: pytest.MonkeyPatch) -> None:
    """One owner with three runs and one with a single run get the same time, however long their turns take; the three share theirs. By a
    clock that only turns move."""
    used: dict[str, float] = defaultdict(float)
    counting, now = threading.Event(), 0.0
    turn, takes = TrainingSession.turn, {0: 0.01, 1: 0.02, 2: 0.03, 3: 0.05}  # seconds, by the seed of a run

    def timed(self: TrainingSession, _seconds: float, until_step: int | None = None) -> None:
        nonlocal now
        turn(self, 0.0, until_step)
        now += takes[self.config.seed]
        if counting.is_set():
            used[self.id] += takes[self.config.seed]

    monkeypatch.setattr(TrainingSession, "turn", timed)
    monkeypatch.setattr(scheduler_module, "time", SimpleNamespace(**(vars(time) | {"perf_counter": lambda: now})))
    scheduler = start()
    many = [scheduler.create(_tiny.points(seed=i), "many") for i in range(3)]
    single = scheduler.create(_tiny.points(seed=3), "single")
    wait(lambda: all(s.step > 0 for s in [*many, single]))
    counting.set()
    wait(lambda: sum(used.values()) > 6)
    counting.clear()
    total_many = sum(used[s.id] for s in many)
    assert used[single.id] == pytest.approx(total_many, rel=0.1)
    for session in many:
        assert used[session.id] == pytest.approx(total_many / 3, rel=0.1)


@pytest.mark.parametrize("owner", ["me", "another"])
def test_what_a_run_had_before_is_not_held_against_it(
    start: Callable[..., Scheduler], monkeypatch: pytest.MonkeyPatch, owner: str
) -> None:
    """It has trained for long; what it is asked is done as soon as before, whoever's run came later. By a clock that only turns move."""
    turns, now = list[str](), 0.0
    turn = TrainingSession.turn

    def timed(self: TrainingSession, _seconds: float, until_step: int | None = None) -> None:
        nonlocal now
        turn(self, 0.0, until_step)
        now += 1.0
        turns.append(self.id)

    monkeypatch.setattr(TrainingSession, "turn", timed)
    monkeypatch.setattr(scheduler_module, "time", SimpleNamespace(**(vars(time) | {"perf_counter": lambda: now})))
    scheduler = start()

    def soon(asked: Callable[[], object], done: Callable[[], bool]) -> None:
        """It is done before the others have had many turns."""
        asked()
        at = len(turns)
        wait(lambda: done() or len(turns) > at + 60)
        assert done()

    resting = scheduler.create(_tiny.points(seed=0), "me")
    reaches(resting, 20)
    scheduler.send(resting, Pause())
    wait(lambda: resting.status == "paused")
    old = scheduler.create(_tiny.points(seed=1), "me")
    reaches(old, 300)
    new = scheduler.create(_tiny.points(seed=2), owner)
    reaches(new, 2)
    soon(lambda: scheduler.send(old, Pause()), lambda: old.status == "paused")
    step = old.step
    soon(lambda: scheduler.send(old, StepOnce()), lambda: old.step == step + 1)
    soon(lambda: scheduler.send(old, Resume()), lambda: old.status == "running")


def test_limits_and_the_queue(start: Callable[..., Scheduler]) -> None:
    scheduler = start(max_runs=2, max_per_owner=1)
    a1, a2 = (scheduler.create(_tiny.points(seed=i), "a") for i in range(2))
    b1 = scheduler.create(_tiny.points(seed=2), "b")
    c1 = scheduler.create(_tiny.points(seed=3), "c")
    wait(lambda: (a1.status, a2.status, b1.status, c1.status) == ("running", "queued", "running", "queued"))
    wait(lambda: (a2.latest.queue, c1.latest.queue) == (1, 2))  # the status is there a moment before its snapshot
    at = a2.step, c1.step
    reaches(b1, b1.step + 20)
    assert (a2.step, c1.step) == at
    scheduler.send(b1, Pause())
    wait(lambda: c1.status == "running" and a2.status == "queued")  # a has its place already
    assert c1.latest.queue == 0
    scheduler.send(a1, Stop())
    wait(lambda: a2.status == "running")


def test_pausing_in_the_queue_is_no_way_around_it(start: Callable[..., Scheduler]) -> None:
    scheduler = start(max_runs=1)
    first, second = (scheduler.create(_tiny.points(seed=i), "a") for i in range(2))
    wait(lambda: second.status == "queued")
    scheduler.send(second, Pause())
    wait(lambda: second.status == "paused")
    assert second.latest.queue == 0
    scheduler.send(second, Resume())
    wait(lambda: second.status == "queued")
    at = second.step
    reaches(first, first.step + 30)
    assert second.step <= at + 1
    assert second.status == "queued"


def test_one_broken_run_does_not_stop_the_others(
    start: Callable[..., Scheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Trainer.advance

    def sometimes(self: Trainer, most: int) -> int:
        if self.config.seed == 13 and self.step_count == 5:
            raise RuntimeError("boom")
        return advance(self, most)

    monkeypatch.setattr(Trainer, "advance", sometimes)
    scheduler = start()
    bad, good = (scheduler.create(_tiny.points(seed=seed), "me") for seed in (13, 1))
    wait(lambda: bad.status == "failed")
    assert "RuntimeError" in str(bad.message)
    reaches(good, good.step + 30)
    monkeypatch.undo()
    scheduler.send(bad, Resume())
    wait(lambda: bad.status == "running")
    reaches(bad, 20)


def test_a_worker_outlives_anything(start: Callable[..., Scheduler], monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = start()
    good = scheduler.create(_tiny.points(), "me")
    reaches(good, 1)
    turn = TrainingSession.turn

    def broken(self: TrainingSession, seconds: float, until_step: int | None = None) -> None:
        if self is not good:
            raise ValueError("a turn must never raise, and this one did")
        turn(self, seconds, until_step)

    monkeypatch.setattr(TrainingSession, "turn", broken)
    scheduler.create(_tiny.points(seed=1), "me")
    reaches(good, good.step + 30)


def test_the_abandoned_are_paused_and_then_forgotten(
    start: Callable[..., Scheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "_SWEEP_SECONDS", 0.02)
    scheduler = start(grace_seconds=0.4)
    watched, alone = (scheduler.create(_tiny.points(seed=i), "me") for i in range(2))
    with watched.watch():
        wait(lambda: alone.status == "paused")
        assert alone.message.template == ABANDONED
        assert watched.status == "running"
        at = alone.step
        wait(lambda: alone not in scheduler.sessions() and alone.id not in scheduler._leaving)
        assert watched in scheduler.sessions()
        again = scheduler.get(alone.id)  # somebody comes back
        assert again is not None
        assert again is not alone
        with again.watch():
            reaches(again, at)
            assert (again.status, again.step) == ("paused", at)
            scheduler.send(again, Resume())
            reaches(again, at + 5)


def test_closing_saves_everything(start: Callable[..., Scheduler]) -> None:
    scheduler = start(workers=2)
    config = _tiny.points(instance_noise=0.1)
    running, stopped = (scheduler.create(config, "me") for _ in range(2))
    reaches(running, 15)
    reaches(stopped, 5)
    scheduler.send(stopped, Stop())
    wait(lambda: stopped.status == "stopped")
    scheduler.close()
    steps = running.step, stopped.step
    with pytest.raises(RunError, match="shutting down"):
        scheduler.create(config, "me")
    other = start()
    found = [other.get(s.id) for s in (running, stopped)]
    for session, step, status in zip(found, steps, ("paused", "stopped"), strict=True):
        assert session is not None
        wait(lambda session=session: session.trainer is not None)
        wait(lambda session=session, status=status: session.status == status)
        assert session.step == step
        assert session.owner == "me"
        assert session.trainer is not None
        _tiny.assert_same(session.trainer.state_dict(), _tiny.trained(config, step).state_dict())


@pytest.mark.parametrize("run_id", ["nothing", "../x", "ring-20250101-000000-abcdef", "", "\x00"])
def test_runs_that_are_not_there(run_id: str, start: Callable[..., Scheduler]) -> None:
    assert start().get(run_id) is None


@pytest.mark.parametrize("name", ["run.json", "config.toml"])
@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[]"])
def test_a_run_with_broken_files_comes_back_from_its_checkpoint(
    name: str, data: bytes, start: Callable[..., Scheduler], tmp_path: Path
) -> None:
    scheduler = start()
    config = _tiny.points(seed=77)
    session = scheduler.create(config, "me")
    reaches(session, 1)
    scheduler.close()
    (tmp_path / "runs" / session.id / name).write_bytes(data)
    again = start().get(session.id)
    assert isinstance(again, TrainingSession)
    assert (again.owner, again.config) == ("me", config)
    reaches(again, session.step)


def test_a_run_of_which_nothing_can_be_read_is_left_alone(start: Callable[..., Scheduler], tmp_path: Path) -> None:
    scheduler = start()
    session = scheduler.create(_tiny.points(), "me")
    reaches(session, 1)
    scheduler.close()
    files = [file for file in (tmp_path / "runs" / session.id).rglob("*") if file.is_file()]
    for file in files:
        file.write_bytes(b"?")
    assert start().get(session.id) is None
    assert [file.read_bytes() for file in files] == [b"?"] * len(files)


def test_a_broken_checkpoint_is_said_and_kept(start: Callable[..., Scheduler], tmp_path: Path) -> None:
    scheduler = start()
    session = scheduler.create(_tiny.points(), "me")
    reaches(session, 3)
    scheduler.close()
    path = _tiny.only_checkpoint(tmp_path / "runs" / session.id)
    broken = path.read_bytes()[:-50]
    path.write_bytes(broken)
    other = start()
    again = other.get(session.id)
    assert again is not None
    wait(lambda: again.status == "failed")
    assert "not a whole checkpoint" in str(again.message)
    scheduler_turns = again.seq
    other.send(again, Resume())
    wait(lambda: again.has_obeyed)
    time.sleep(0.1)
    assert again.seq < scheduler_turns + 10  # tried once, not for ever
    other.close()
    assert path.read_bytes() == broken


def test_data_that_could_not_be_loaded_is_loaded_on_resume(
    start: Callable[..., Scheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    load, answers = data_sets.load, iter([DataError("no network"), DataError("still no network")])

    def sometimes(*arguments: Any) -> Any:
        for error in answers:
            raise error
        return load(*arguments)

    monkeypatch.setattr("gan_core.data.load", sometimes)
    scheduler = start()
    session = scheduler.create(_tiny.points(), "me")
    for message in ("no network", "still no network"):
        wait(lambda message=message: session.status == "failed" and str(session.message) == message)
        scheduler.send(session, Resume())
    reaches(session, 3)
    assert session.status == "running"


def test_what_cannot_start_leaves_no_folder(
    start: Callable[..., Scheduler], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = start()
    monkeypatch.setattr("gan_core.memory._free", lambda device: 1000)
    with pytest.raises(ConfigError, match="GB"):
        scheduler.create(_tiny.points(), "me")
    monkeypatch.undo()
    monkeypatch.setattr("gan_core.device.available", lambda name: name == "cpu")
    with pytest.raises(DeviceError):
        scheduler.create(_tiny.points(device="cuda"), "me")
    assert list((tmp_path / "runs").iterdir()) == []


def test_sessions_are_reached_from_many_threads(start: Callable[..., Scheduler]) -> None:
    scheduler = start(workers=2)
    session = scheduler.create(_tiny.points(), "me")
    reaches(session, 1)
    errors: list[BaseException] = []

    def hammer(seed: int) -> None:
        try:
            for i in range(20):
                scheduler.send(session, (Pause(), Resume(), StepOnce(), Reset())[(seed + i) % 4])
                session.change({"penalty_weight": (seed + 1) * 0.01, "loss": ("hinge", "relativistic")[i % 2]})
                with session.watch():
                    assert session.frame()
                assert scheduler.get(session.id) is session
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    wait(lambda: session.has_obeyed)
    assert session.status in ("running", "paused")

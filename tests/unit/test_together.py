"""Runs side by side: equal data and seed, equal steps, one command for all; a run among others is the run it would be alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from test_scheduler import reaches, wait

from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError, RunError
from gan_core.runs import together
from gan_core.runs.commands import Command, Pause, Reset, Resume, StepOnce
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.runs.together import Group
from gan_core.trainer import Trainer
from pages._ui import service


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Scheduler]]:
    made: list[Scheduler] = []

    def make(**options: Any) -> Scheduler:
        made.append(Scheduler(Store(tmp_path), **{"workers": 2, **options}))
        return made[-1]

    yield make
    for one in made:
        if not one._closing.is_set():
            one.close()


def versions(*changes: dict[str, Any]) -> list[RunConfig]:
    return [replace(_tiny.points(), change) for change in changes]


FAST_AND_SLOW = ({"k_d": 1}, {"k_d": 4}, {"loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 1.0})


def all_are(runs: list[TrainingSession], status: str) -> None:
    wait(lambda: all(run.status == status and run.has_obeyed for run in runs))


def test_runs_of_unequal_speed_stay_in_step_and_rest_at_the_same_step(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    runs = scheduler.create_together(versions(*FAST_AND_SLOW), "me")
    group = scheduler._groups[runs[0].together]
    apart = []

    def look() -> bool:
        with scheduler._lock:  # between a look at one and at another, they train
            steps = [run.step for run in runs]
            apart.append(max(steps) - min(steps) <= max(group._stride, 1) * 2)
        return min(steps) >= 80

    wait(look)
    assert all(apart)
    scheduler.send(runs[1], Pause())
    all_are(runs, "paused")
    (at,) = {run.step for run in runs}
    scheduler.send(runs[2], StepOnce())
    wait(lambda: {run.step for run in runs} == {at + 1})
    scheduler.send(runs[0], Resume())
    for run in runs:
        reaches(run, at + 20)
    scheduler.send(runs[0], Pause())
    all_are(runs, "paused")
    (at,) = {run.step for run in runs}
    for run in runs:  # training beside others changes nothing about what a run learns
        alone = Trainer(run.config)
        for _ in range(at):
            alone.step()
        assert run.trainer is not None
        mine, other = run.trainer.state_dict(), alone.state_dict()
        assert all(torch.equal(mine["generator"][name], value) for name, value in other["generator"].items())


def test_reset_takes_all_back_and_none_runs_ahead(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    runs = scheduler.create_together(versions(*FAST_AND_SLOW[:2]), "me")
    for run in runs:
        reaches(run, 100)
    scheduler.send(runs[0], Reset(seed=7))
    wait(lambda: all(run.config.seed == 7 for run in runs))
    for run in runs:
        reaches(run, 20)
    scheduler.send(runs[0], Pause())
    all_are(runs, "paused")
    assert len({run.step for run in runs}) == 1


def test_one_that_fails_holds_nobody_up(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    explodes = {
        "loss": "hinge",
        "d_optimizer.name": "sgd",
        "g_optimizer.name": "sgd",
        "d_optimizer.lr": 1.0,
        "g_optimizer.lr": 1.0,
        "d_optimizer.momentum": 0.9,
    }
    runs = scheduler.create_together(versions({}, explodes), "me")
    wait(lambda: runs[1].status == "failed")
    reaches(runs[0], runs[1].step + 200)


def test_they_are_in_step_again_after_a_restart(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    ids = [run.id for run in scheduler.create_together(versions(*FAST_AND_SLOW[:2]), "me")]
    for run_id in ids:
        reaches(scheduler.get(run_id), 60)  # type: ignore[arg-type]
    scheduler.close()  # each is saved where it is
    again = start()
    first = again.get(ids[0])
    assert isinstance(first, TrainingSession)
    assert first.together == tuple(ids)
    runs = again.beside(first)
    assert [run.id for run in runs] == ids
    all_are(runs, "paused")
    before = max(run.step for run in runs)
    again.send(first, Resume())
    for run in runs:
        reaches(run, before + 30)
    again.send(first, Pause())
    all_are(runs, "paused")
    assert len({run.step for run in runs}) == 1


def test_a_group_gets_its_places_at_once_or_waits_at_once(start: Callable[..., Scheduler]) -> None:
    scheduler = start(max_runs=3, max_per_owner=3)
    other = scheduler.create(_tiny.points(), "me")
    reaches(other, 1)
    first = scheduler.create_together(versions(*FAST_AND_SLOW[:2]), "me")
    for run in first:
        reaches(run, 5)
    second = scheduler.create_together(versions(*FAST_AND_SLOW[:2]), "me")
    wait(lambda: all(run.status == "queued" for run in second))
    scheduler.send(second[0], Pause())  # one that waits obeys
    all_are(second, "paused")
    scheduler.send(second[0], Resume())
    scheduler.send(first[0], Pause())
    for run in second:
        reaches(run, 5)


def test_a_change_of_one_is_its_own_and_a_deleted_one_is_not_waited_for(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    runs = scheduler.create_together(versions(*FAST_AND_SLOW[:2]), "me")
    for run in runs:
        reaches(run, 10)
    runs[0].change({"k_g": 2})
    wait(lambda: runs[0].config.k_g == 2)
    assert runs[1].config.k_g == 1
    scheduler.delete(runs[1].id)
    reaches(runs[0], runs[0].step + 300)
    scheduler.send(runs[0], Pause())
    wait(lambda: runs[0].status == "paused")


def test_the_speed_is_that_of_all(start: Callable[..., Scheduler]) -> None:
    scheduler = start()
    runs = scheduler.create_together(versions(*FAST_AND_SLOW[:2]), "me")
    with service.using(scheduler):
        service.command(runs[1].id, "speed", 20)
    wait(lambda: all(run.config.speed == 20 for run in runs))
    before = runs[0].step
    for run in runs:
        reaches(run, before + 5)  # a limited pace goes on, too


def test_what_cannot_be_compared_is_refused(start: Callable[..., Scheduler]) -> None:
    config = _tiny.points()
    with pytest.raises(ConfigError, match="2 to 4 configurations, not 1"):
        together.check([config])
    with pytest.raises(ConfigError, match="not 5"):
        together.check([config] * 5)
    with pytest.raises(ConfigError, match=r"differ: .*seed"):
        together.check([config, dataclasses.replace(config, seed=9)])
    with pytest.raises(ConfigError, match=r"data\.name"):
        together.check([config, replace(config, {"data.name": "moons"})])
    scheduler = start(max_per_owner=2)
    with pytest.raises(RunError, match="at most 2 runs"):
        scheduler.create_together([config, replace(config, {"k_d": 2}), replace(config, {"k_d": 3})], "me")
    assert scheduler.sessions() == []
    assert together.differing([config, replace(config, {"k_d": 2, "loss": "hinge"})]) == ["loss", "k_d"]


class Fake:
    """What a group sees of a run."""

    def __init__(self, step: int = 0, status: str = "running") -> None:
        self.step, self.status, self.told = step, status, list[Command]()
        self.has_obeyed = True

    @property
    def is_active(self) -> bool:
        return self.status in ("preparing", "queued", "running")

    def send(self, command: Command) -> None:
        self.told.append(command)


def test_a_round_lasts_about_as_long_whatever_a_step_takes() -> None:
    now = [0.0]
    group, runs = Group(lambda: now[0]), [Fake(), Fake()]
    for seconds_a_step in (0.001, 1.0):
        for _ in range(40):
            group.plan(runs)
            steps = group.goal - runs[0].step
            now[0] += steps * seconds_a_step
            for run in runs:
                assert group.may_train(run)
                run.step = group.goal
        assert steps == pytest.approx(max(1, together.ROUND_SECONDS / seconds_a_step), rel=0.5)


def test_those_behind_catch_up_and_a_command_waits_until_they_have() -> None:
    group, runs = Group(), [Fake(30), Fake(10)]
    group.post(Pause())
    group.plan(runs)
    assert not group.may_train(runs[0])
    assert group.may_train(runs[1])
    assert runs[0].told == []
    runs[1].step = 30
    group.plan(runs)
    assert [run.told for run in runs] == [[Pause()], [Pause()]]
    assert not any(group.may_train(run) for run in runs)

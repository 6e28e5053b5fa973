"""Runs again with another seed: the same settings, the same changes at the same steps, the same end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError, PlaygroundError, RunError
from gan_core.runs import facts, repeating
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.repeating import Repeat
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.sharing import Share

TINY: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (8, 8), "discriminator.hidden": (8, 8), "batch_size": 16, "threads": 1,
    "horizon": 0, "engine": "eager",
}  # fmt: skip


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def trained(scheduler: Scheduler) -> TrainingSession:
    """A run of seed 5 that rests a little after a change of its batch size."""
    run = scheduler.create(replace(RunConfig(), TINY | {"seed": 5}), "me")
    until(lambda: run.step > 20)
    run.change({"g_optimizer.lr": 0.0005, "k_d": 2})
    until(lambda: run.has_obeyed)
    changed = run.step
    until(lambda: run.step > changed + 20)
    run.send(Pause())
    until(lambda: run.status == "paused")
    return run


def changes(run: TrainingSession) -> list[Any]:
    assert run.folder is not None
    return [(e["step"], e["changes"]) for e in run.folder.journal() if e.get("changes")]


def test_it_is_changed_at_the_same_steps_and_ends_where_the_first_has_come_to(tmp_path: Path) -> None:
    scheduler = Scheduler(Store(tmp_path))
    try:
        first = trained(scheduler)
        second, same = scheduler.repeat(first.id, [1, 5], "me")
        until(lambda: second.status == "finished" and same.status == "finished")
        assert (second.step, second.config.seed) == (first.step, 1)
        assert changes(second) == changes(first) != []
        assert replace(second.config, {"seed": 5}) == first.config
        assert same.message.template == repeating.DONE
        assert first.trainer is not None
        assert same.trainer is not None
        assert second.trainer is not None
        mine, again, other = (run.trainer.g.state_dict() for run in (first, same, second))
        assert all(mine[name].equal(again[name]) for name in mine)  # the same seed is the same run, bit for bit
        assert not all(mine[name].equal(other[name]) for name in mine)
        end = second.step
        second.send(Resume())  # it may go on by itself
        until(lambda: second.step > end + 5)
    finally:
        scheduler.close()


def test_it_goes_on_after_the_server_was_stopped(tmp_path: Path) -> None:
    scheduler = Scheduler(Store(tmp_path))
    first = trained(scheduler)
    (again,) = scheduler.repeat(first.id, [1], "me")
    again.send(Pause())
    until(lambda: again.status == "paused")
    scheduler.close()
    scheduler = Scheduler(Store(tmp_path))
    try:
        back = scheduler.get(again.id)
        assert isinstance(back, TrainingSession)
        assert back.repeat == again.repeat == Repeat.of(first.id, scheduler.store.folder(first.id))
        back.send(Resume())
        until(lambda: back.status == "finished")
        assert back.step == scheduler.store.folder(first.id).facts()["step"]
        assert changes(back) == [
            (e["step"], e["changes"]) for e in scheduler.store.folder(first.id).journal() if e.get("changes")
        ]
    finally:
        scheduler.close()


def test_what_cannot_be_repeated_is_said(tmp_path: Path) -> None:
    scheduler = Scheduler(Store(tmp_path))
    try:
        with pytest.raises(RunError, match="no such run"):
            scheduler.repeat("ring-20260101-000000-abcdef", [1], "me")
        config, run_id = replace(RunConfig(), TINY), scheduler.store.new_id("ring")
        scheduler.store.folder(run_id).create(config, facts.of_new(run_id, "me", config))
        with pytest.raises(RunError, match="not taken a step"):
            scheduler.repeat(run_id, [1], "me")
    finally:
        scheduler.close()
    with pytest.raises(ConfigError, match="1 to 10"):
        repeating.seeds(0)
    with pytest.raises(ConfigError, match="1 to 10"):
        repeating.seeds(11)
    assert list(repeating.seeds(3)) == [1, 2, 3]


@pytest.mark.parametrize("said", [
    None, 3, [], {}, {"run": "a", "until": "x", "told": []}, {"run": "a", "until": 3, "told": [[1]]},
    {"run": "a", "until": 3, "told": [[1, {"nothing.like.it": 3}]]}, {"run": "a", "until": 3, "told": [[1, {"k_d": -4}]]},
])  # fmt: skip
def test_damaged_facts_repeat_nothing(said: Any) -> None:
    assert Repeat.read(said, RunConfig()) is None


def test_facts_are_read_as_they_were_written() -> None:
    repeat = Repeat("ring-1", 40, ((3, {"k_d": 2}), (9, {"k_d": 1})))
    assert Repeat.read(repeat.facts(), RunConfig()) == repeat
    assert [repeat.next_stop(step) for step in (0, 3, 9, 40)] == [3, 9, 40, None]


def test_a_seed_that_a_link_has_locked_stays(tmp_path: Path) -> None:
    scheduler = Scheduler(Store(tmp_path))
    try:
        run = scheduler.create(replace(RunConfig(), TINY), "me", Share(lock=frozenset({"seed"})))
        until(lambda: run.step > 5)
        run.send(Pause())
        until(lambda: run.status == "paused")
        with pytest.raises(PlaygroundError):
            scheduler.repeat(run.id, [1], "me")
    finally:
        scheduler.close()

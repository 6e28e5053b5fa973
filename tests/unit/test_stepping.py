"""A run step by step: one player alone, slow motion, pace and seeds; on the disk are whole steps only, and the journal repeats them."""

from __future__ import annotations

import json
import math
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from _traced import TracedRunner, TracingWorkshop

from gan_core import serial
from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError
from gan_core.phases import CODES
from gan_core.runs import commands, engines, facts, headless, scheduler
from gan_core.runs.breaking import BLEW_UP
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.commands import ACTIONS, Pause, Phase, Reset, Resume, StepOnce, Stop, named
from gan_core.runs.folder import RunFolder
from gan_core.runs.frames import pack
from gan_core.runs.keeping import players
from gan_core.runs.pace import FULL, MANY, Pace
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

pytestmark = pytest.mark.usefixtures("measured_quickly")
LONG = 60.0


def new(path: Path, config: RunConfig | None = None, **more: Any) -> TrainingSession:
    """A run in a new folder, paused at step 3."""
    config = config or _tiny.points(instance_noise=0.1)
    folder = RunFolder(path / "run")
    folder.create(config, facts.of_new("ring", "me", config))
    session = TrainingSession("ring", "me", config, folder, **more)
    session.prepare()
    session.turn(LONG, until_step=3)
    tell(session, Pause())
    return session


def tell(session: TrainingSession, *orders: Any) -> None:
    for order in orders:
        session.send(order)
    session.turn(0.0)


def go(session: TrainingSession, step: int) -> None:
    session.send(Resume())
    session.turn(LONG, until_step=step)
    assert session.step == step


def state(session: TrainingSession) -> dict[str, Any]:
    assert session.trainer is not None
    return copy_state(session.trainer.state_dict())


def entries(session: TrainingSession) -> list[tuple[str, int]]:
    assert session.folder is not None
    return [(e["do"], e["step"]) for e in session.folder.journal()]


def replayed(path: Path, step: int) -> dict[str, Any]:
    """From the files alone."""
    folder = RunFolder(path / "run")
    trainer = Trainer(folder.config())
    for entry in folder.journal():
        while trainer.step_count < entry["step"]:
            trainer.advance(entry["step"] - trainer.step_count)
        trainer.change(replace(trainer.config, {name: pair[1] for name, pair in entry.get("changes", {}).items()}))
        if "engine" in entry:
            trainer.use(TracedRunner(trainer.config) if entry["engine"] == "compiled" else None)
        if who := players(entry):
            trainer.step(who)
    while trainer.step_count < step:
        trainer.advance(step - trainer.step_count)
    return trainer.state_dict()


def killed(session: TrainingSession) -> None:
    """The process is gone: nothing more is written for it."""
    assert session.folder is not None
    session.folder.unlock()
    session.folder = session._keeper.folder = None


def reopened(path: Path, **more: Any) -> TrainingSession:
    folder = RunFolder(path / "run")
    session = TrainingSession("ring", "me", folder.config(), folder, restore=folder.has_checkpoint, **more)
    session.prepare_stopped(folder.facts())
    session.prepare()
    session.turn(0.0)
    return session


# ── one player alone ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_player_alone_is_journalled_and_repeated(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(instance_noise=0.1, k_d=2))
    tell(session, StepOnce("d"), StepOnce("g"), StepOnce())
    session.change({"g_optimizer.lr": 5e-4})
    tell(session, StepOnce("g"))
    assert (session.step, session.status) == (7, "paused")
    go(session, 10)
    tell(session, StepOnce("d"))
    assert session.status == "running"  # such a step is for a run that rests: it was not listened to
    tell(session, Pause(), StepOnce("d"))
    assert [e for e in entries(session) if e[0].startswith("step")] == [
        ("step_d", 3), ("step_g", 4), ("step", 5), ("step_g", 6), ("step_d", 11)]  # fmt: skip
    session.close()
    again = reopened(tmp_path)
    _tiny.assert_same(state(again), state(session))
    go(again, 14)
    _tiny.assert_same(state(again), replayed(tmp_path, 14))
    assert not torch.equal(next(iter(state(again)["generator"].values())),
                           next(iter(_tiny.trained(again.config, 14).state_dict()["generator"].values())))  # fmt: skip


def test_a_lonely_step_that_no_checkpoint_has_seen_is_lost_like_any_other(tmp_path: Path) -> None:
    session = new(tmp_path)
    session.change({"label_flip": 0.1})
    tell(session)
    session._keeper._saver = lambda job: None  # the disk is slow from here on
    tell(session, StepOnce("d"), StepOnce("g"))
    assert entries(session)[-2:] == [("step_d", 3), ("step_g", 4)]
    killed(session)
    again = reopened(tmp_path)
    assert again.step == 3
    assert [do for do, _ in entries(again)] == ["pause", "change"]
    go(again, 6)
    _tiny.assert_same(state(again), replayed(tmp_path, 6))


def test_a_lonely_step_that_blows_up_never_happened(tmp_path: Path) -> None:
    session = new(tmp_path)
    good = state(session)
    assert session.trainer is not None
    with torch.no_grad():
        next(session.trainer.d.parameters()).fill_(math.nan)
    tell(session, StepOnce("d"))
    assert (session.status, session.message.template, session.step) == ("failed", BLEW_UP, 3)
    _tiny.assert_same(state(session), good)
    assert "step_d" not in [do for do, _ in entries(session)]


# ── slow motion ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("config", [_tiny.points(instance_noise=0.1, k_d=2), _tiny.pictures()])
def test_phase_by_phase_is_a_step(config: RunConfig, tmp_path: Path) -> None:
    slow, plain = new(tmp_path / "slow", config), new(tmp_path / "plain", config)
    seen = []
    while not seen or seen[-1] != "end":
        tell(slow, Phase())
        assert slow.latest.phase is not None
        seen.append(slow.latest.phase.place.code)
        assert slow.is_amid_a_step is (seen[-1] != "end")
        assert slow.latest.step == slow.step == (4 if seen[-1] == "end" else 3)
        pack(slow.latest)
    assert len(seen) == (18 if config.k_d == 2 else 12)
    tell(plain, StepOnce())
    _tiny.assert_same(state(slow), state(plain))
    for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_gradient", "g_gradient", "penalty"):
        assert slow.last_row[name] == plain.last_row[name]  # one row of the curves, as of any step
    tell(slow, Phase())
    assert slow.latest.phase.place.code == "d.batch"  # the next one has begun
    tell(slow, Pause())
    assert (slow.step, slow.latest.phase, slow.status) == (5, None, "paused")
    go(slow, 8)
    _tiny.assert_same(state(slow), replayed(tmp_path / "slow", 8))


FIRST: dict[str, Callable[[TrainingSession], Any]] = {
    "pause": lambda s: s.send(Pause()),
    "stop": lambda s: s.send(Stop()),
    "resume": lambda s: s.send(Resume()),
    "step": lambda s: s.send(StepOnce()),
    "step_d": lambda s: s.send(StepOnce("d")),
    "change": lambda s: s.change({"loss": "hinge", "batch_size": 24}),
    "close": lambda s: s.close(),
}


@pytest.mark.parametrize("order", FIRST)
@pytest.mark.parametrize("reached", [1, 5, 10, 11])
def test_what_was_begun_is_finished_first(order: str, reached: int, tmp_path: Path) -> None:
    session = new(tmp_path)
    tell(session, *[Phase()] * reached)
    assert (session.is_amid_a_step, session.step) == (True, 3)
    FIRST[order](session)
    session.turn(LONG, until_step=5) if order != "close" else None
    assert not session.is_amid_a_step
    assert session.latest.phase is None
    assert session.step == (5 if order in ("resume", "step", "step_d") else 4)
    kept = session.step
    session.close()
    assert session.folder is not None
    _tiny.assert_same(session.folder.read_checkpoint().state, replayed(tmp_path, kept))


@pytest.mark.parametrize("reached", [1, 6, 11])
def test_killed_amid_a_step_only_that_step_is_lost(reached: int, tmp_path: Path) -> None:
    session = new(tmp_path)
    kept = state(session)
    tell(session, *[Phase()] * reached)
    killed(session)
    again = reopened(tmp_path)
    _tiny.assert_same(state(again), kept)
    go(again, 6)
    _tiny.assert_same(state(again), _tiny.trained(again.config, 6).state_dict())


def test_a_step_that_blows_up_in_slow_motion(tmp_path: Path) -> None:
    session = new(tmp_path)
    good = state(session)
    tell(session, *[Phase()] * 4)
    assert session.trainer is not None
    with torch.no_grad():
        next(session.trainer.g.parameters()).fill_(math.nan)
    tell(session, *[Phase()] * 8)
    assert (session.status, session.message.template, session.step) == ("failed", BLEW_UP, 3)
    assert session.latest.phase is None
    _tiny.assert_same(state(session), good)
    tell(session, Phase())
    assert session.status == "paused"


def test_an_error_in_slow_motion_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)
    good = state(session)
    tell(session, *[Phase()] * 2)

    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("gan_core.trainer.judge", broken)
    tell(session, Phase())
    assert (session.status, session.is_amid_a_step) == ("failed", False)
    _tiny.assert_same(state(session), good)


def test_a_run_that_trains_does_not_listen(tmp_path: Path) -> None:
    session = new(tmp_path)
    session.send(Resume())
    session.send(Phase())
    session.turn(LONG, until_step=6)
    assert (session.step, session.latest.phase, session.status) == (6, None, "running")


def test_the_picture_follows_the_weights_amid_a_step(tmp_path: Path) -> None:
    # A probability: the field of a critic without a scale has its middle between real and generated samples, which move.
    session = new(tmp_path, _tiny.points(loss="non_saturating", d_optimizer__lr=0.1, g_optimizer__lr=0.1))
    fields, fakes = [session.latest.arrays["field"]], [session.latest.arrays["fake_live"]]
    for code in CODES[:-1]:
        tell(session, Phase())
        fields.append(session.latest.arrays["field"])
        fakes.append(session.latest.arrays["fake_live"])
        assert bool((fields[-1] != fields[-2]).any()) is (code == "d.update")
        assert bool((fakes[-1] != fakes[-2]).any()) is (code == "g.update")


def test_compiled_runs_go_slowly_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_LOOK_SECONDS", 0.0)
    session = new(tmp_path, _tiny.points(engine="auto"), workshop=TracingWorkshop())
    assert session.latest.engine == "compiled"
    tell(session, *[Phase()] * 3)
    assert session.latest.engine == "eager"
    go(session, 8)
    assert session.latest.engine == "compiled"
    tell(session, Pause(), StepOnce("g"))
    go(session, 12)
    assert session.folder is not None
    swaps = [(e["step"], e["engine"]) for e in session.folder.journal() if "engine" in e]
    assert swaps == [(0, "compiled"), (3, "eager"), (5, "compiled"), (8, "eager"), (10, "compiled")]
    _tiny.assert_same(state(session), replayed(tmp_path, 12))


def test_an_abandoned_iteration_is_finished_before_the_run_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_SWEEP_SECONDS", 0.02)
    runs = scheduler.Scheduler(Store(tmp_path), grace_seconds=0.3, workers=1)
    try:
        session = runs.create(_tiny.points(), "me")
        with session.watch():
            until(lambda: session.step > 2)
            for order in (Pause(), Phase(), Phase()):
                runs.send(session, order)
            until(lambda: session.is_amid_a_step and session.has_obeyed)
            at = session.step
        until(lambda: session not in runs.sessions() and session.id not in runs._leaving)
        assert runs.store.folder(session.id).read_checkpoint().state["step"] == at + 1
    finally:
        runs.close()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


# ── the frame ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_phase_in_the_frame(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(loss="hinge", penalty="r1", k_d=2))
    header, arrays = _unpacked(session)
    assert (header["phase"], header["speed"]) == (None, 0)
    assert not [name for name in arrays if name.startswith("phase:")]
    tell(session, *[Phase()] * 10)
    header, arrays = _unpacked(session)
    phase = header["phase"]
    assert (phase["code"], phase["index"], phase["count"], phase["players"]) == ("d.loss", 4, 12, "both")
    assert phase["repeat"] == {"round": 2, "rounds": 2, "part": 1, "parts": 1}
    assert phase["formula"].startswith("L_D = E[max(0, 1 − D(x))]")
    assert {"loss", "penalty", "weight", "total"} == phase["values"].keys()
    assert arrays["phase:real"] == [16, 2]
    assert arrays["phase:losses"] == [16]


def _unpacked(session: TrainingSession) -> tuple[dict[str, Any], dict[str, list[int]]]:
    blob = session.frame()
    (length,) = struct.unpack_from("<I", blob, 4)
    header = json.loads(blob[8 : 8 + length])
    return header, {name: entry["shape"] for name, entry in header["arrays"].items()}


# ── pace ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_as_many_steps_as_are_due() -> None:
    pace, now = Pace(), 100.0
    assert pace.due(now, FULL) == MANY
    assert pace.due(now, 5) == 1
    pace.took(1)
    assert [pace.due(now + t, 5) for t in (0.0, 0.19, 0.2001)] == [0, 0, 1]
    assert pace.due(now + 0.41, 5) == 2  # one is late
    pace.took(2)
    assert pace.due(now + 0.55, 5) == 0
    assert pace.due(now + 100, 5) == 1  # what was missed while it rested is not made up for
    pace.took(1)
    assert pace.due(now + 100, 1000) == 1  # a new speed counts at once
    assert pace.due(now + 100.1, FULL) == MANY


@pytest.mark.parametrize("speed", [1, 7, 60, 1000])
def test_the_pace_is_kept_whenever_it_is_asked(speed: int) -> None:
    pace, taken, now = Pace(), 0, 0.0
    while now < 20:
        n = pace.due(now, speed)
        pace.took(n)
        taken += n
        now += 0.02 + 0.013 * (taken % 3)
    assert taken == pytest.approx(20 * speed, abs=1 + speed * 0.05)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is: nothing takes more than a microsecond, and a test lets it pass."""
    now = [1000.0]

    def read() -> float:
        now[0] += 1e-6
        return now[0]

    monkeypatch.setattr(time, "perf_counter", read)
    return now


def test_steps_by_hand_have_no_rate(tmp_path: Path) -> None:
    """They take no time of training: nothing can be divided by it."""
    session = new(tmp_path)
    tell(session, Reset())
    assert (session.step, session.latest.rate) == (0, 0.0)
    for step in (1, 2):
        tell(session, StepOnce())
        assert (session.step, session.latest.rate, session.latest.rate_images) == (step, 0.0, 0.0)


def test_a_slow_run_takes_one_step_and_wants_no_turn(tmp_path: Path, clock: list[float]) -> None:
    session = new(tmp_path)
    session._looker.wait_at_least(0.0)
    session.change({"speed": 1})
    session.send(Resume())
    session.turn(LONG)  # a turn of a minute ends at once
    assert (session.step, session.status, session.wants_turn) == (4, "running", False)
    assert session.latest.speed == 1
    clock[0] += 1.0
    assert session.wants_turn
    session.turn(LONG)
    assert session.step == 5
    assert session._looker.rate(1) <= 1.0
    session.change({"speed": 0})
    assert session.wants_turn  # a command waits
    session.turn(LONG, until_step=30)
    assert session.step == 30
    assert session.latest.marks == ()  # it has nothing to do with the result
    _tiny.assert_same(state(session), _tiny.trained(_tiny.points(instance_noise=0.1), 30).state_dict())


@pytest.mark.usefixtures("clock")
def test_every_step_of_a_slow_run_is_drawn(tmp_path: Path) -> None:
    session = new(tmp_path)
    session.change({"speed": 5})
    with session.watch():
        session._looker._looks._wait = 5.0  # looking is dear, and a run at full speed would be looked at rarely
        session.send(Resume())
        for step in range(4, 9):
            session._pace._next = session._looker._looks._last = -math.inf
            session.turn(LONG)
            assert session.latest.step == session.step == step


def test_the_compiled_step_keeps_the_pace(tmp_path: Path, clock: list[float]) -> None:
    session = new(tmp_path, _tiny.points(engine="auto"), workshop=TracingWorkshop())
    session.change({"speed": 100})
    tell(session)
    assert session.trainer is not None
    assert session.trainer.is_compiled  # nothing of it is compiled in
    session.send(Resume())
    session.turn(LONG)
    assert session.step == 4
    clock[0] += 0.1
    session.turn(LONG)
    assert 13 <= session.step <= 14  # ten are due, up to rounding


def test_the_command_line_keeps_the_pace(tmp_path: Path) -> None:
    session = headless.start(_tiny.points(speed=50), tmp_path / "run", None)
    found = headless.train(session, steps=11)
    assert found["step"] == 11
    assert found["steps_per_second"] <= 50.0


@pytest.mark.parametrize("value", ["fast", -1, 1001, None, [], {"a": 1}, math.inf, math.nan, True, 2.5])
def test_a_wrong_speed_is_refused(value: object, tmp_path: Path) -> None:
    session = new(tmp_path)
    with pytest.raises(ConfigError, match="from 0 to 1000"):
        session.change({"speed": value})
    assert session.expected_config.speed == 0


# ── seeds and names ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    session = new(tmp_path)
    session.change({"loss": "hinge"})
    session.send(Reset(7))
    assert (session.expected_config.seed, session.config.seed) == (7, 0)  # before it was obeyed
    session.turn(0.0)
    assert (session.step, session.status, session.config.seed) == (0, "paused", 7)
    go(session, 5)
    config = replace(_tiny.points(instance_noise=0.1, loss="hinge"), {"seed": 7})
    _tiny.assert_same(state(session), _tiny.trained(config, 5).state_dict())
    session.close()
    assert reopened(tmp_path).config == config
    assert serial.from_link(serial.to_link(config))[0].seed == 7


def test_the_next_seed_counts_on_from_those_that_wait(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(seed=commands.SEEDS - 2))
    session.command("reset_seed")
    session.command("reset_seed")
    session.turn(0.0)
    assert session.config.seed == 0


def test_names() -> None:
    assert {"pause", "resume", "step", "step_d", "step_g", "phase", "stop", "reset", "reset_seed", "speed"} == ACTIONS
    assert [named(name, 4) for name in ("step", "step_d", "step_g", "phase", "reset", "reset_seed")] == [
        StepOnce(), StepOnce("d"), StepOnce("g"), Phase(), Reset(), Reset(5)]  # fmt: skip

"""Runs that change from the eager to the compiled step and back: journalled, resumed bit for bit, and never stopped by it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import _tiny
import pytest
from _traced import TracedRunner, TracingWorkshop

from gan_core import data, presets
from gan_core.config import RunConfig, replace
from gan_core.engine.native import BROKE
from gan_core.engine.orders import NO_COMPILER, Part, orders
from gan_core.engine.workshop import FAILED
from gan_core.errors import EngineError
from gan_core.runs import engines, facts
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.commands import Pause, Reset, Resume, Stop
from gan_core.runs.folder import RunFolder
from gan_core.runs.keeping import players
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Trainer

END = 24


class Broken(TracingWorkshop):
    """A machine without a compiler."""

    def find(self, part: Part) -> None:
        raise EngineError(NO_COMPILER)


def begun(tmp_path: Path, workshop: Any, config: RunConfig | None = None) -> TrainingSession:
    config = config or _tiny.points(engine="auto")
    folder = RunFolder(tmp_path / "run")
    folder.create(config, facts.of_new("ring", "me", config))
    return opened(folder, workshop, restore=False)


def opened(folder: RunFolder, workshop: Any, *, restore: bool = True) -> TrainingSession:
    session = TrainingSession("ring", "me", folder.config(), folder, restore=restore, workshop=workshop)
    if restore:
        session.prepare_stopped({})
    session.prepare()
    session.turn(0.0, until_step=0)
    return session


def train(session: TrainingSession, step: int) -> None:
    session.send(Resume())
    while session.step < step:
        session.turn(60.0, until_step=step)
        assert session.status == "running", session.message
    session.send(Pause())
    session.turn(0.0)


def swaps(session: TrainingSession) -> list[tuple[int, str]]:
    assert session.folder is not None
    return [(e["step"], e["engine"]) for e in session.folder.journal() if "engine" in e]


def state(session: TrainingSession) -> dict[str, Any]:
    assert session.trainer is not None
    return copy_state(session.trainer.state_dict())


def replayed(folder: RunFolder, step: int) -> dict[str, Any]:
    """The state at `step` from the files alone: the settings, and the journal's changes and engines at their steps."""
    trainer = Trainer(folder.config())
    for entry in folder.journal():
        advance(trainer, entry["step"])
        if "changes" in entry:
            trainer.change(replace(trainer.config, {name: pair[1] for name, pair in entry["changes"].items()}))
        if "engine" in entry:
            trainer.use(TracedRunner(trainer.config) if entry["engine"] == "compiled" else None)
        if who := players(entry):
            trainer.step(who)
    advance(trainer, step)
    return trainer.state_dict()


def advance(trainer: Trainer, step: int) -> None:
    while trainer.step_count < step:
        trainer.advance(step - trainer.step_count)


@pytest.fixture(autouse=True)
def _looking_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_LOOK_SECONDS", 0.0)


def test_a_run_begins_eagerly_and_changes_over_between_two_steps(tmp_path: Path) -> None:
    workshop = TracingWorkshop(after=6)
    session = begun(tmp_path, workshop)
    session.send(Resume())
    session.turn(60.0, until_step=3)
    assert (session.latest.engine, swaps(session), workshop.asked > 0) == (engines.COMPILING, [], True)
    train(session, END)
    assert session.latest.engine == engines.COMPILED
    ((step, engine),) = swaps(session)
    assert 3 <= step < END
    assert engine == "compiled"
    assert session.folder is not None
    _tiny.assert_same(state(session), replayed(session.folder, END))


def test_a_program_that_is_there_takes_the_first_step(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop())
    assert session.latest.engine == engines.COMPILED
    train(session, 5)
    assert swaps(session) == [(0, "compiled")]
    assert session.step == 5


@pytest.mark.parametrize("split", [1, 5, 13])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(tmp_path: Path, split: int) -> None:
    whole = begun(tmp_path / "whole", TracingWorkshop())
    train(whole, END)
    first = begun(tmp_path / "split", TracingWorkshop())
    train(first, split)
    first.close()
    assert first.folder is not None
    second = opened(RunFolder(first.folder.path), TracingWorkshop())
    assert second.latest.engine == engines.COMPILED
    train(second, END)
    _tiny.assert_same(state(second), state(whole))
    assert swaps(second) == [(0, "compiled")]


def test_a_run_whose_program_is_gone_goes_on_eagerly_and_says_so(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop())
    train(session, 5)
    session.close()
    assert session.folder is not None
    again = opened(RunFolder(session.folder.path), None)
    assert again.latest.engine == engines.EAGER
    train(again, END)
    assert swaps(again) == [(0, "compiled"), (5, "eager")]
    assert again.folder is not None
    _tiny.assert_same(state(again), replayed(again.folder, END))


def test_a_change_of_the_structure_is_eager_until_the_next_program_is_ready(tmp_path: Path) -> None:
    workshop = TracingWorkshop()
    session = begun(tmp_path, workshop)
    train(session, 4)
    workshop.left = 3
    session.change({"loss": "hinge"})
    session.change({"g_optimizer.lr": 0.002})
    train(session, END)
    (first, eager, back) = swaps(session)
    assert (first, eager, back[1]) == ((0, "compiled"), (4, "eager"), "compiled")
    assert back[0] > 4
    assert session.folder is not None
    _tiny.assert_same(state(session), replayed(session.folder, END))


def test_the_engine_can_be_changed_while_the_run_goes_on(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop())
    train(session, 4)
    session.change({"engine": "eager"})
    train(session, 8)
    session.change({"engine": "auto"})
    train(session, 12)
    assert [engine for _, engine in swaps(session)] == ["compiled", "eager", "compiled"]
    assert session.folder is not None
    _tiny.assert_same(state(session), replayed(session.folder, 12))


def test_a_program_that_does_not_fit_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_runner: TracedRunner, _trainer: Trainer, _block: object) -> None:
        raise EngineError(FAILED, reason="no")

    monkeypatch.setattr(TracedRunner, "arm", refuse)
    session = begun(tmp_path, TracingWorkshop(after=4))
    train(session, 9)
    assert (session.step, swaps(session)) == (9, [])
    assert (session.latest.engine, session.latest.engine_reason.template) == (engines.EAGER, FAILED)


def test_a_program_that_breaks_goes_back_and_on_eagerly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = begun(tmp_path, TracingWorkshop())
    train(session, 4)
    good, run = state(session), TracedRunner.run

    def half(runner: TracedRunner, penalised: Any) -> None:
        run(runner, penalised)
        raise EngineError(BROKE)

    monkeypatch.setattr(TracedRunner, "run", half)
    session.send(Resume())
    session.turn(60.0)
    assert (session.status, session.message.template, session.step) == ("failed", BROKE, 4)
    _tiny.assert_same(state(session), good)
    train(session, END)
    assert (session.latest.engine, session.latest.engine_reason.template) == (engines.EAGER, BROKE)
    monkeypatch.undo()
    assert session.folder is not None
    _tiny.assert_same(state(session), replayed(session.folder, END))


def test_whenever_it_is_killed_the_journal_says_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder as it is after every write, on the way through a swap, changes with and without a new program, and back."""
    moments: list[Path] = []

    def keeping(name: str) -> None:
        write = getattr(RunFolder, name)

        def kept(folder: RunFolder, *args: Any) -> Any:
            done = write(folder, *args)
            moments.append(Path(shutil.copytree(folder.path, tmp_path / f"moment {len(moments)}")))
            return done

        monkeypatch.setattr(RunFolder, name, kept)

    workshop = TracingWorkshop(after=3)
    session = begun(tmp_path, workshop)
    for name in ("append_journal", "write_checkpoint"):
        keeping(name)
    for step, values in (
        (6, {"loss": "hinge"}),
        (8, {"g_optimizer.lr": 0.002}),
        (10, {"k_d": 2}),
        (12, {"engine": "eager"}),
    ):
        train(session, step)
        session.change(values)
    train(session, 14)
    monkeypatch.undo()
    assert len({engine for _, engine in swaps(session)}) == 2
    assert len(moments) > 20
    for path in moments:
        again = opened(RunFolder(path), TracingWorkshop())
        train(again, again.step + 3)
        assert again.folder is not None
        _tiny.assert_same(state(again), replayed(again.folder, again.step))
        again.close()


def test_without_a_compiler_the_run_goes_on_and_says_why(tmp_path: Path) -> None:
    session = begun(tmp_path, Broken())
    train(session, 5)
    assert session.step == 5
    assert (session.latest.engine, session.latest.engine_reason.template) == (engines.EAGER, NO_COMPILER)
    assert swaps(session) == []


def test_a_run_that_shall_be_compiled_waits_for_its_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(TracingWorkshop, "ask", lambda self, part: self.find(part) is None)
    workshop, told = TracingWorkshop(after=3), []
    config = _tiny.points(engine="compiled")
    folder = RunFolder(tmp_path / "run")
    folder.create(config, facts.of_new("ring", "me", config))
    session = TrainingSession("ring", "me", config, folder, workshop=workshop)  # type: ignore[arg-type]
    session.on_report = told.append
    session.prepare()
    session.turn(0.0, until_step=0)
    train(session, 3)
    assert swaps(session) == [(0, "compiled")]
    assert told[0].startswith("Compiling the step")


@pytest.mark.parametrize(("command", "status"), [(Stop(), "stopped"), (Pause(), "paused")])
def test_waiting_for_programs_ends_when_the_run_shall_rest(command: Any, status: str, tmp_path: Path) -> None:
    session = TrainingSession("ring", "me", _tiny.points(engine="compiled"), workshop=TracingWorkshop(after=10**9))  # type: ignore[arg-type]
    thread = threading.Thread(target=session.prepare)
    thread.start()
    session.send(command)
    thread.join(60)
    assert not thread.is_alive()
    session.turn(0.0)
    assert session.status == status


def test_a_deleted_run_waits_for_nothing(tmp_path: Path) -> None:
    session = TrainingSession("ring", "me", _tiny.points(engine="compiled"), workshop=TracingWorkshop(after=10**9))  # type: ignore[arg-type]
    thread = threading.Thread(target=session.prepare)
    thread.start()
    session.abandon()
    thread.join(60)
    assert not thread.is_alive()


def test_a_compiled_run_can_be_opened_where_nothing_is_compiled(tmp_path: Path) -> None:
    first = begun(tmp_path, TracingWorkshop(), _tiny.points(engine="compiled"))
    train(first, 5)
    first.close()
    assert first.folder is not None
    journal = first.folder.journal()
    again = opened(RunFolder(first.folder.path), None)
    assert (again.status, again.step) == ("paused", 5)
    assert (again.latest.engine, again.latest.engine_reason.template) == (engines.EAGER, engines.NOWHERE)
    assert first.folder.journal() == journal  # looking at it writes nothing
    train(again, END)
    assert again.folder is not None
    _tiny.assert_same(state(again), replayed(again.folder, END))


def test_a_run_that_shall_be_compiled_where_nothing_is_compiled(tmp_path: Path) -> None:
    session = TrainingSession("ring", "me", _tiny.points(engine="compiled"))
    session.prepare()
    assert session.status == "failed"
    assert session.message.template == engines.NOWHERE


def test_going_back_behind_a_blow_up_goes_on_eagerly(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop())
    train(session, 4)
    assert session.trainer is not None
    next(session.trainer.d.parameters()).data.fill_(float("nan"))
    session.send(Resume())
    session.turn(60.0)
    assert (session.status, session.step) == ("failed", 4)
    assert session.trainer.is_compiled is False
    train(session, END)
    assert swaps(session)[:2] == [(0, "compiled"), (4, "eager")]
    assert session.folder is not None
    _tiny.assert_same(state(session), replayed(session.folder, END))


def test_a_reset_begins_anew_with_the_program(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop())
    train(session, 6)
    first = state(session)
    session.send(Reset())
    session.turn(0.0)
    train(session, 6)
    assert swaps(session) == [(0, "compiled")]
    _tiny.assert_same(state(session), first)


def test_a_run_stops_at_the_step_and_at_the_horizon_that_were_asked_for(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop(), _tiny.points(engine="auto", horizon=16 * 7))
    session.send(Resume())
    session.turn(60.0, until_step=3)
    assert session.step == 3
    session.turn(60.0)
    assert (session.status, session.step) == ("finished", 7)


@pytest.mark.parametrize(("trained", "images", "horizon", "expected"), [
    (5.0, 1000, 0, False), (30.0, 1000, 0, True),  # its rate is not known yet; it goes on until somebody stops it
    (30.0, 1000, 3000, False), (30.0, 1000, 22000, True),  # a minute is left; more than ten are
    (30.0, 3000, 3000, True),  # past the end of its schedule
])  # fmt: skip
def test_pictures_are_compiled_where_that_pays(trained: float, images: int, horizon: int, expected: bool) -> None:
    trainer = Trainer(_tiny.pictures(horizon=horizon))
    trainer.images = images
    assert engines.pays(trainer, trained) is expected
    assert engines.pays(Trainer(_tiny.points(horizon=horizon)), trained)


def test_a_short_run_of_pictures_says_why_it_stays_eager(tmp_path: Path) -> None:
    workshop = TracingWorkshop(after=10**9)
    session = begun(tmp_path, workshop, _tiny.pictures(engine="auto"))
    train(session, 5)
    assert workshop.asked == 0
    assert (session.latest.engine, session.latest.engine_reason.template) == (engines.EAGER, engines.SHORT)


def test_a_run_of_pictures_takes_the_program_that_is_there(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop(), _tiny.pictures(engine="auto"))
    train(session, 3)
    assert swaps(session) == [(0, "compiled")]


def test_a_run_that_rests_compiles_nothing_that_anybody_could_see(tmp_path: Path) -> None:
    session = begun(tmp_path, TracingWorkshop(after=100))
    session.send(Resume())
    session.turn(60.0, until_step=3)
    assert session.latest.engine == engines.COMPILING
    session.send(Pause())
    session.turn(0.0)
    assert session.latest.engine == engines.EAGER


# ── before anybody waits ─────────────────────────────────────────────────────────────────────────────────────────────────


def part_of(name: str) -> Part:
    chosen = presets.load(name)
    return Part.before(chosen, data.load(chosen.data), "cpu", 1)


def test_the_point_presets_to_begin_with_share_the_programs_that_a_server_makes_first() -> None:
    names = [{order.name for order in orders(part_of(name))} for name in ("ring", "grid", "moons")]
    assert len(names[0]) == 2
    assert names[0] == names[1] == names[2]


def test_programs_are_made_ahead_while_nobody_trains() -> None:
    shop, looks, closing = TracingWorkshop(after=3), iter([True, False, False, True, True]), threading.Event()

    def ask(part: Part, *, ahead: bool) -> bool:
        assert ahead
        shop.left -= 1
        return TracingWorkshop.ask(shop, part)

    shop.ask = ask  # type: ignore[method-assign]
    engines.make_ahead(shop, part_of("ring"), lambda: next(looks), closing)  # type: ignore[arg-type]
    assert shop.asked == 3
    assert next(looks, None) is None


@pytest.mark.parametrize("why", ["closing", "no compiler"])
def test_making_ahead_ends_where_it_cannot_be(why: str) -> None:
    class Refusing(TracingWorkshop):
        def ask(self, part: Part, *, ahead: bool = False) -> bool:
            self.asked += 1
            raise EngineError(NO_COMPILER)

    shop, closing = Refusing(after=1), threading.Event()
    if why == "closing":
        closing.set()
    engines.make_ahead(shop, part_of("ring"), lambda: True, closing)  # type: ignore[arg-type]
    assert shop.asked == (0 if why == "closing" else 1)

"""One run: what it can be told, what it writes down, and what is left of it when something goes wrong."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch

from gan_core import serial
from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError, DataError, RunError
from gan_core.runs import facts, frames, keeping
from gan_core.runs.breaking import BLEW_UP, BROKE, NOT_SAVED, OUT_OF_MEMORY
from gan_core.runs.checkpoint import Saved, copy_state, read
from gan_core.runs.commands import Pause, Reset, Resume, StepOnce, Stop
from gan_core.runs.folder import RunFolder
from gan_core.runs.lock import IN_USE
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Trainer

pytestmark = pytest.mark.usefixtures("measured_quickly")
LONG = 60.0  # seconds: no turn below is meant to end by its time


def new(path: Path, config: RunConfig | None = None, **more: Any) -> TrainingSession:
    """A run in a new folder, with its data, that has not had a turn."""
    config = config or _tiny.points()
    folder = RunFolder(path / "run")
    folder.create(config, facts.of_new("ring", "me", config))
    session = TrainingSession("ring", "me", config, folder, **more)
    session.prepare()
    _folders[path] = folder
    return session


_folders: dict[Path, RunFolder] = {}  # where a process still has its run open


def gone(path: Path) -> None:
    """The process that had the run is gone, however it ended: the system takes its lock."""
    _folders[path].unlock()


def reopened(path: Path) -> TrainingSession:
    """The same run as the next process finds it."""
    gone(path)
    return beside(path)


def beside(path: Path) -> TrainingSession:
    """The same run as another process finds it."""
    folder = RunFolder(path / "run")
    said = folder.facts()
    restore = folder.has_checkpoint
    session = TrainingSession("ring", str(said["owner"]), folder.config(), folder, restore=restore)
    session.prepare_stopped(said)
    session.prepare()
    session.turn(0.0)
    _folders[path] = folder
    return session


def run_to(session: TrainingSession, step: int) -> None:
    session.turn(LONG, until_step=step)
    assert session.step == step


def tell(session: TrainingSession, *commands: Any) -> None:
    for command in commands:
        session.send(command)
    session.turn(0.0)


def state(session: TrainingSession) -> dict[str, Any]:
    assert session.trainer is not None
    return copy_state(session.trainer.state_dict())


def replayed(path: Path, step: int) -> dict[str, Any]:
    """The state at `step` by hand from the files alone: the settings, and the journal's changes and lonely steps at their steps."""
    folder = RunFolder(path / "run")
    trainer = Trainer(folder.config())
    for entry in folder.journal():
        while trainer.step_count < entry["step"]:
            trainer.step()
        changes = {name: pair[1] for name, pair in entry.get("changes", {}).items()}
        trainer.change(replace(trainer.config, changes))
        if who := keeping.players(entry):
            trainer.step(who)
    while trainer.step_count < step:
        trainer.step()
    return trainer.state_dict()


def poison(session: TrainingSession) -> None:
    """What a game that blows up does to the weights."""
    assert session.trainer is not None
    with torch.no_grad():
        next(session.trainer.d.parameters()).fill_(math.nan)


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_start_pause_resume_step_stop(tmp_path: Path) -> None:
    session = new(tmp_path)
    assert session.status == "preparing"
    run_to(session, 10)
    assert session.status == "running"
    tell(session, Pause())
    assert session.status == "paused"
    before = state(session)
    for _ in range(3):
        session.turn(LONG)  # pause really pauses
    _tiny.assert_same(before, state(session))
    tell(session, StepOnce())
    assert (session.step, session.status) == (11, "paused")
    session.send(Resume())
    run_to(session, 14)
    assert session.status == "running"
    tell(session, Stop())
    assert session.status == "stopped"
    session.turn(LONG)
    assert session.step == 14
    session.send(Resume())
    run_to(session, 16)
    assert session.folder is not None
    done = [(e["do"], e["step"]) for e in session.folder.journal()]
    assert done == [("pause", 10), ("step", 10), ("resume", 11), ("stop", 14), ("resume", 14)]


def test_by_name() -> None:
    session = TrainingSession("x", "me", _tiny.points())
    session.command("pause")
    for wrong in ("PAUSE", "", "change", "__class__", None, 3, ["pause"]):
        with pytest.raises(RunError, match="pause, resume, step, stop, reset"):
            session.command(wrong)  # type: ignore[arg-type]


def test_commands_that_change_nothing(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 3)
    tell(session, Pause())
    before, seq = state(session), session.seq
    tell(session, Pause())
    assert session.seq == seq
    tell(session, Stop(), Stop(), Pause())
    assert session.status == "stopped"
    _tiny.assert_same(before, state(session))


def test_every_change_of_status_is_a_new_frame(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 2)
    for command, status in ((Pause(), "paused"), (StepOnce(), "paused"), (Stop(), "stopped")):
        seq = session.seq
        tell(session, command)
        assert session.seq > seq
        assert session.latest.status == status == session.status
    first = session.frame()
    assert session.frame() is first  # packed once for everybody


@pytest.mark.parametrize("command", [Pause(), Stop(), None])
def test_who_sees_that_it_rests_sees_where(
    command: Pause | Stop | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No frame says "paused" over the picture of an earlier step. None: the end of its schedule."""
    session = new(tmp_path, _tiny.points(horizon=7 * 16))
    seen: list[tuple[str, int, int]] = []
    publish = TrainingSession._publish

    def listen(self: TrainingSession, **changes: Any) -> None:
        publish(self, **changes)
        assert self.trainer is not None
        seen.append((self.latest.status, self.latest.step, self.trainer.step_count))

    run_to(session, 2)
    monkeypatch.setattr(TrainingSession, "_publish", listen)
    run_to(session, 5)
    if command is not None:
        tell(session, command)
    else:
        session.turn(LONG)
    assert seen[-1][0] == {Pause: "paused", Stop: "stopped"}.get(type(command), "finished")
    assert [(shown, done) for status, shown, done in seen if status != "running" and shown != done] == []


def test_reset_is_the_same_run_again(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 12)
    at_twelve = state(session)
    session.send(Reset())
    run_to(session, 12)
    _tiny.assert_same(at_twelve, state(session))
    assert session.folder is not None
    assert [e["do"] for e in session.folder.journal()] == ["reset"]
    assert session.images == 12 * 16


def test_reset_keeps_the_present_settings_and_forgets_the_rest(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 5)
    session.change({"loss": "hinge"})
    session.turn(LONG, until_step=9)
    tell(session, Pause(), Reset())
    assert (session.status, session.step, session.seconds) == ("paused", 0, 0.0)
    assert session.latest.marks == ()
    assert session.folder is not None
    assert session.folder.config().loss == session.config.loss == "hinge"
    assert not session.folder.has_checkpoint
    session.send(Resume())
    run_to(session, 7)
    _tiny.assert_same(state(session), _tiny.trained(session.config, 7).state_dict())


def test_what_d_said_before_a_reset_is_not_shown_after_it(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures())
    session.turn(LONG, until_step=2)
    tell(session, Pause())
    assert session.latest.verdicts is not None
    assert session.latest.verdicts.step == 2
    tell(session, Reset(1))
    assert session.latest.step == 0
    assert session.latest.verdicts is None
    tell(session, StepOnce())
    assert session.latest.verdicts is not None
    assert session.latest.verdicts.step == 1


def test_what_was_saved_before_a_reset_does_not_come_back(tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []
    session = new(tmp_path, saver=waiting.append)
    run_to(session, 5)
    tell(session, Pause())
    assert waiting
    tell(session, Reset())
    for job in waiting:  # the disk was slow
        job()
    assert session.folder is not None
    assert not session.folder.has_checkpoint
    assert not (session.folder.path / "metrics.csv").exists()


def test_training_time_starts_anew_with_a_reset(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 5)
    session.seconds = 1000.0
    session.send(Reset())
    run_to(session, 3)
    assert session.seconds < 100


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_changes_are_marked_and_journalled(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 4)
    expected = session.change({"loss": "hinge", "g_optimizer.lr": "0.0005"})
    assert expected == session.expected_config
    assert session.config.loss == "relativistic"  # not yet: between two steps
    session.turn(LONG, until_step=6)
    assert session.config == expected
    assert session.folder is not None
    (entry,) = [e for e in session.folder.journal() if e["do"] == "change"]
    assert entry["step"] == 4
    assert entry["changes"] == {"loss": ["relativistic", "hinge"], "g_optimizer.lr": [0.001, 0.0005]}
    assert {(m.step, m.name, m.old, m.new) for m in session.latest.marks} == {
        (4, "loss", "relativistic", "hinge"), (4, "g_optimizer.lr", "0.001", "0.0005")}  # fmt: skip


@pytest.mark.parametrize(
    "values", [{"generator.hidden": "4"}, {"seed": 3}, {"loss": "no"}, {"nothing": 1}, {"batch_size": 0}, {"k_d": 0, "k_g": 0},
               {"loss": "hinge", "data.name": "grid"}],
)  # fmt: skip
def test_wrong_changes_change_nothing(values: dict[str, Any], tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 2)
    with pytest.raises(ConfigError):
        session.change(values)
    assert session.expected_config == session.config == _tiny.points()
    session.turn(LONG, until_step=3)
    assert session.status == "running"


def test_a_batch_larger_than_the_data(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 1)
    with pytest.raises(ConfigError, match="batch_size=8192"):
        session.change({"batch_size": 8192})
    assert session.status == "running"


def test_waiting_changes_are_seen_together() -> None:
    """The second change only goes with the first, which has not been applied yet."""
    session = TrainingSession("x", "me", _tiny.points())
    session.change({"loss": "non_saturating"})
    session.change({"label_smoothing": 0.1})
    assert session.expected_config.label_smoothing == 0.1


def test_settings_and_journal_reproduce_the_run(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(instance_noise=0.1))
    run_to(session, 5)
    session.change({"loss": "non_saturating", "penalty": "none"})
    session.turn(LONG, until_step=9)
    tell(session, Pause())
    session.change({"label_flip": 0.1, "d_optimizer.name": "rmsprop", "batch_size": 24})
    tell(session, StepOnce(), StepOnce())
    session.change({"k_d": 2, "label_smoothing": 0.1})
    session.send(Resume())
    session.turn(LONG, until_step=15)
    _tiny.assert_same(state(session), replayed(tmp_path, 15))


# ── on disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [_tiny.points, _tiny.pictures])
def test_reopening_goes_on_bit_for_bit(make: Any, tmp_path: Path) -> None:
    config = make(instance_noise=0.05)
    session = new(tmp_path, config)
    run_to(session, 6)
    session.change({"loss": "hinge"})
    session.turn(LONG, until_step=8)
    session.close()
    assert session.status == "paused"
    again = reopened(tmp_path)
    assert (again.status, again.step, again.owner) == ("paused", 8, "me")
    assert again.config.loss == "hinge"
    assert [m.name for m in again.latest.marks] == ["loss"]
    assert again.seconds == pytest.approx(session.seconds, abs=0.01)
    again.send(Resume())
    run_to(again, 13)
    plain = _tiny.trained(config, 6)
    plain.change(replace(config, {"loss": "hinge"}))
    for _ in range(7):
        plain.step()
    _tiny.assert_same(state(again), plain.state_dict())
    _tiny.assert_same(replayed(tmp_path, 13), plain.state_dict())


def test_what_was_measured_when_it_was_saved_is_in_the_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving measures too, and then it is not time to measure again."""
    session = new(tmp_path)
    monkeypatch.setattr(session._looker._measures, "due", lambda now: False)
    run_to(session, 2)
    session._save()
    assert session.metrics is not None
    measured, quality = session.metrics.step, session.metrics.values["quality"]
    session._look()
    run_to(session, 4)
    session._look()
    steps, values = session._looker.curves.decimated()
    known = ~np.isnan(values[:, frames.CURVE_NAMES.index("quality")])
    assert measured == 2
    assert list(steps[known]) == [2]
    assert values[known, frames.CURVE_NAMES.index("quality")] == pytest.approx(quality)


def test_what_a_run_records(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(seed=4))
    run_to(session, 3)
    session.close()
    assert session.folder is not None
    facts = session.folder.facts()
    assert (facts["run"], facts["owner"], facts["step"], facts["seed"], facts["status"]) == (
        "ring",
        "me",
        3,
        4,
        "paused",
    )
    assert {"python", "torch", "device", "threads", "platform"} <= facts["environment"].keys()
    assert len(facts["data_hash"]) == 64
    steps = session.folder.curves.load((), 99).rows().last.tolist()
    assert steps == sorted(set(steps))


@pytest.mark.parametrize("command", [Stop(), Pause()])
def test_an_ended_run_comes_back_as_it_was(command: Any, tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 3)
    tell(session, command)
    status = session.status
    session.close()
    assert reopened(tmp_path).status == status


def test_killed_before_anything_was_saved(tmp_path: Path) -> None:
    session = new(tmp_path, saver=lambda job: None)
    run_to(session, 3)
    again = reopened(tmp_path)  # no close: the process was killed
    assert (again.status, again.step) == ("paused", 0)
    again.send(Resume())
    run_to(again, 3)
    _tiny.assert_same(state(again), state(session))


def test_the_end_of_the_schedule(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(horizon=16 * 10, schedule="cosine", lr_final=0.1))
    session.turn(LONG)
    assert (session.status, session.step) == ("finished", 10)
    assert str(session.message)
    assert session.latest.progress == 1.0
    session.close()
    again = reopened(tmp_path)
    assert again.status == "finished"
    assert str(again.message) == str(session.message)
    again.send(Resume())
    run_to(again, 12)
    assert again.status == "running"
    _tiny.assert_same(state(again), _tiny.trained(session.config, 12).state_dict())


def test_a_broken_checkpoint(tmp_path: Path) -> None:
    """Failed with the reason; the files stay; a second try works once the file is whole; Reset starts over."""
    session = new(tmp_path)
    run_to(session, 6)
    session.close()
    path = _tiny.only_checkpoint(tmp_path / "run")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    again = reopened(tmp_path)
    assert again.status == "failed"
    assert "checkpoint" in str(again.message)
    assert again.frame()  # viewers are told as well
    again.close()
    assert path.read_bytes() == whole[:-100]
    again.send(Resume())
    again.turn(0.0)
    assert again.status == "failed"
    assert not again.wants_turn  # nothing is left to try for ever
    path.write_bytes(whole)
    tell(again, Resume())
    assert (again.status, again.step >= 6) == ("running", True) or again.status == "paused"
    path.write_bytes(whole[:-100])
    lost = reopened(tmp_path)
    tell(lost, Reset())
    assert (lost.status, lost.step) == ("paused", 0)
    lost.close()
    assert reopened(tmp_path).status == "paused"


def test_a_checkpoint_of_other_networks(tmp_path: Path) -> None:
    for name, config in (("a", _tiny.points()), ("b", _tiny.points(generator__hidden=(9, 9)))):
        session = new(tmp_path / name, config)
        run_to(session, 2)
        session.close()
    _tiny.only_checkpoint(tmp_path / "a/run").write_bytes(_tiny.only_checkpoint(tmp_path / "b/run").read_bytes())
    again = reopened(tmp_path / "a")
    assert again.status == "failed"
    assert "generator.hidden" in str(again.message)


@pytest.mark.parametrize(
    "message", [{"template": "{gone}", "params": {}}, {"template": 3, "params": 4}, "x", None, {"template": "{"}]
)
def test_damaged_words_in_run_json(message: Any, tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 2)
    tell(session, Stop())
    path = tmp_path / "run" / "run.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(facts | {"message": message}), encoding="utf-8")
    again = reopened(tmp_path)
    assert again.status == "stopped"
    assert isinstance(str(again.message), str)


def test_a_full_disk_pauses_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)
    run_to(session, 4)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.runs.atomic.write_bytes", full)
    monkeypatch.setattr(RunFolder, "append_journal", full)
    tell(session, Pause())
    assert session.status == "paused"
    assert session.message.template == NOT_SAVED
    assert "No space left" in str(session.message)
    monkeypatch.undo()
    session.send(Resume())
    run_to(session, 8)
    tell(session, Pause())
    assert str(session.message) == ""
    _tiny.assert_same(
        read(_tiny.only_checkpoint(tmp_path / "run")).state, _tiny.trained(_tiny.points(), 8).state_dict()
    )


def test_a_folder_that_was_deleted(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 4)
    shutil.rmtree(tmp_path / "run")
    tell(session, Pause())
    assert session.message.template == NOT_SAVED
    tell(session, Resume(), Pause())
    assert session.status == "paused"


def crashed(session: TrainingSession) -> None:
    """The process is gone: nothing more is written for it."""
    session.folder = session._keeper.folder = None


def test_after_a_crash_the_journal_is_cut_to_the_checkpoint(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 5)
    tell(session, Pause())
    waiting: list[Callable[[], None]] = []
    session._keeper._saver = waiting.append  # the disk is slow from here on
    session.send(Resume())
    run_to(session, 8)
    session.change({"loss": "hinge"})
    run_to(session, 12)
    assert waiting
    crashed(session)
    again = reopened(tmp_path)
    assert (again.step, again.config.loss) == (5, "relativistic")
    assert again.latest.marks == ()
    assert again.folder is not None
    assert [e["do"] for e in again.folder.journal()] == ["pause", "resume"]
    again.send(Resume())
    run_to(again, 9)
    _tiny.assert_same(state(again), replayed(tmp_path, 9))


def test_a_change_after_the_checkpoint_at_its_step_is_not_lost(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 5)
    tell(session, Pause())
    session._keeper._saver = lambda job: None
    session.change({"g_optimizer.name": "sgd", "penalty_weight": 0.5})
    tell(session)
    crashed(session)
    again = reopened(tmp_path)
    assert (again.step, again.config.g_optimizer.name, again.config.penalty_weight) == (5, "sgd", 0.5)
    assert {mark.name for mark in again.latest.marks} == {"g_optimizer.name", "penalty_weight"}
    again.send(Resume())
    run_to(again, 9)
    _tiny.assert_same(state(again), replayed(tmp_path, 9))


def test_a_damaged_newest_checkpoint_costs_only_the_steps_since_the_one_before(tmp_path: Path) -> None:
    session = new(tmp_path)
    for step in (4, 7):
        run_to(session, step)
        tell(session, Pause())
        session.send(Resume())
    crashed(session)
    newest = max((tmp_path / "run" / "checkpoints").glob("[0-9]*"))
    newest.write_bytes(newest.read_bytes()[:-20])
    again = reopened(tmp_path)
    assert again.step == 4
    again.send(Resume())
    run_to(again, 9)
    tell(again, Pause())
    _tiny.assert_same(state(again), _tiny.trained(session.config, 9).state_dict())
    kept = sorted((tmp_path / "run" / "checkpoints").glob("[0-9]*"))
    assert [path.stem.lstrip("0") for path in kept] == ["4", "5", "9"]  # not the damaged one


def test_the_last_few_checkpoints_are_kept_and_none_of_later_steps(tmp_path: Path) -> None:
    session = new(tmp_path)
    for step in range(2, 8):
        run_to(session, step)
        tell(session, Pause())
        session.send(Resume())
    assert session.folder is not None
    names = [path.name for path in session.folder._checkpoints()]
    assert names == [f"{step:012}.safetensors" for step in (7, 6, 5)]
    early = _tiny.trained(session.config, 3)
    session.folder.write_checkpoint(Saved(copy_state(early.state_dict()), serial.to_dict(session.config)))
    assert [path.name for path in session.folder._checkpoints()] == [f"{3:012}.safetensors"]


def test_two_processes_do_not_train_one_run(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 4)
    tell(session, Pause())
    other = beside(tmp_path)
    assert other.status == "failed"
    assert other.message.template == IN_USE
    tell(other, Resume())
    assert (other.status, other.step) == ("failed", 0)
    other.close()  # and does not take the lock away from the one that has it
    tell(session, Resume(), Pause())
    session.send(Resume())
    run_to(session, 7)
    session.close()
    again = reopened(tmp_path)
    assert (again.status, again.step) == ("paused", 7)
    again.close()
    tell(other, Resume())
    assert other.step >= 7


def test_a_slow_disk_makes_checkpoints_rarer_and_no_queue(tmp_path: Path) -> None:
    waiting: list[Callable[[], None]] = []
    session = new(tmp_path, saver=waiting.append)
    for step in range(2, 20):
        run_to(session, step)
        tell(session, Pause())
        session.send(Resume())
    assert len(waiting) == 2  # one checkpoint, and one moment of the history
    for job in waiting:
        job()
    assert session.folder is not None
    assert session.folder.read_checkpoint()[0]["step"] == 19  # the latest
    assert not session._keeper.due(time.perf_counter())
    session._keeper._write_seconds = 100.0
    tell(session, Pause())
    session._keeper.hand_over(session._looker.curves, session.facts())
    assert not session._keeper.due(time.perf_counter() + 1999)
    assert session._keeper.due(time.perf_counter() + 2001)


def test_rows_of_the_curves_survive_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)
    run_to(session, 4)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.runs.atomic.write_bytes", full)
    tell(session, Pause())
    monkeypatch.undo()
    session.send(Resume())
    run_to(session, 8)
    tell(session, Pause())
    assert session.folder is not None
    assert {4, 8} <= set(session.folder.curves.load((), 8).rows().last.tolist())


# ── going wrong ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_game_that_blows_up(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 5)
    tell(session, Pause())
    good = state(session)
    session.send(Resume())
    session.change({"g_optimizer.lr": 0.5})
    session.turn(LONG, until_step=8)
    poison(session)
    tell(session, Pause())
    assert session.status == "failed"
    assert session.message.template == BLEW_UP
    assert "8" in str(session.message)
    assert "5" in str(session.message)
    _tiny.assert_same(state(session), good)
    assert session.config.g_optimizer.lr == 1e-3  # the settings of that moment, too
    assert session.folder is not None
    assert session.folder.journal()[-1]["do"] == "rollback"
    kept = session.folder.read_checkpoint()[0]
    _tiny.assert_same(kept, good)


def test_after_blowing_up_it_goes_on_from_the_good_state_again_and_again(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points(g_optimizer__beta1=0.5))
    run_to(session, 5)
    tell(session, Pause())
    good = state(session)
    for _ in range(3):
        session.send(Resume())
        run_to(session, 9)
        _tiny.assert_same(state(session), _tiny.trained(session.config, 9).state_dict())
        poison(session)
        session.send(StepOnce())
        tell(session, Pause())
        assert session.status == "failed"
        _tiny.assert_same(state(session), good)
    again = reopened(tmp_path)
    assert (again.status, again.step) == ("failed", 5)
    assert str(again.message) == str(session.message)
    again.send(Resume())
    run_to(again, 9)
    _tiny.assert_same(state(again), _tiny.trained(session.config, 9).state_dict())


def test_blowing_up_before_the_first_save(tmp_path: Path) -> None:
    session = new(tmp_path)
    session._keeper._next = math.inf
    run_to(session, 3)
    poison(session)
    tell(session, Pause())
    assert (session.status, session.step) == ("failed", 0)


@pytest.mark.parametrize(
    ("error", "template", "words"),
    [(RuntimeError("boom"), BROKE, "RuntimeError"), (torch.OutOfMemoryError("CUDA out of memory"), OUT_OF_MEMORY, "batch_size"),
     (MemoryError(), OUT_OF_MEMORY, "memory"), (RuntimeError("DefaultCPUAllocator: can't allocate memory"), OUT_OF_MEMORY, "8")],
)  # fmt: skip
def test_errors_in_a_step(
    error: Exception, template: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = new(tmp_path)
    run_to(session, 4)
    tell(session, Pause())
    good = state(session)

    def broken(_self: Trainer, _most: int) -> int:
        raise error

    monkeypatch.setattr(Trainer, "advance", broken)
    session.send(Resume())
    session.turn(LONG)
    assert session.status == "failed"
    assert session.message.template == template
    assert words in str(session.message)
    assert "boom" not in str(session.message)
    _tiny.assert_same(state(session), good)
    monkeypatch.undo()
    session.send(Resume())
    run_to(session, 6)
    _tiny.assert_same(state(session), _tiny.trained(session.config, 6).state_dict())


def test_out_of_memory_while_building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path)

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("gan_core.trainer.build_generator", broken)
    session.send(Pause())
    session.turn(LONG)
    assert session.status == "failed"
    assert not session.wants_turn
    monkeypatch.undo()
    tell(session, Resume())
    assert session.status == "running"


@pytest.mark.parametrize("error", [DataError("no network: put {name} there", name="x"), ValueError("a bug")])
def test_data_that_cannot_be_loaded(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("gan_core.data.load", broken)
    session = new(tmp_path)
    assert session.status == "failed"
    assert session.needs_data
    assert not session.wants_turn
    assert session.frame()
    assert ("put x there" in str(session.message)) is isinstance(error, DataError)
    monkeypatch.undo()
    session.prepare_again()
    session.prepare()
    run_to(session, 2)
    assert session.status == "running"


# ── viewers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_viewers_are_counted() -> None:
    session = TrainingSession("x", "me", _tiny.points())
    session._audience._unwatched_since -= 100
    assert session.unwatched_seconds >= 100
    with session.watch(), session.watch():
        assert session.unwatched_seconds == 0
    assert session.unwatched_seconds < 50
    session._audience._unwatched_since -= 100
    session.touch()
    assert session.unwatched_seconds < 50


def test_snapshots_are_never_written_to(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 2)
    tell(session, Pause())
    one = session.latest
    copies = {name: array.copy() for name, array in one.arrays.items()}
    session.send(Resume())
    run_to(session, 6)
    tell(session, Pause())
    assert session.latest is not one
    assert all((one.arrays[name] == copies[name]).all() for name in copies)
    assert not (session.latest.arrays["fake_live"] == one.arrays["fake_live"]).all()
    assert (session.latest.arrays["real"] == one.arrays["real"]).all()

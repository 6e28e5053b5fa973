"""A run from a kept moment of another: the same future where nothing is changed, and the other one is left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _tiny
import pytest

from gan_core.errors import CheckpointError, RunError
from gan_core.runs import branching, facts, frames, keeping, moments
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession

LONG = 60.0
NAME = "ring-20260131-142530-1f0c2a"


@pytest.fixture(autouse=True)
def _moments_at_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)


def run(
    path: Path, config: Any, stops: tuple[int, ...], changes: dict[int, dict[str, Any]] | None = None
) -> TrainingSession:
    """A run that paused, and so was looked at and saved, at these steps, and was changed at some of them."""
    folder = RunFolder(path)
    folder.create(config, facts.of_new(NAME, "me", config))
    session = TrainingSession(NAME, "me", config, folder, finish_at_horizon=False)
    session.prepare()
    session.turn(0.0, until_step=0)
    for step in stops:
        session.send(Resume())
        session.turn(LONG, until_step=step)
        session._looker.wait_at_least(0.0)
        session.send(Pause())
        session.turn(0.0)
        if changes and step in changes:
            session.change(changes[step])
            session.turn(0.0)
    return session


def opened(path: Path) -> TrainingSession:
    folder = RunFolder(path)
    said = folder.facts()
    session = TrainingSession(
        str(said["run"]), str(said["owner"]), folder.config(), folder, restore=True, finish_at_horizon=False
    )
    session.prepare_stopped(said)
    session.prepare()
    session.turn(0.0)
    return session


def end(session: TrainingSession, step: int) -> dict[str, Any]:
    session.send(Resume())
    session.turn(LONG, until_step=step)
    assert session.trainer is not None
    return session.trainer.state_dict()


@pytest.mark.parametrize("make", [_tiny.points, _tiny.pictures])
def test_the_same_future(make: Any, tmp_path: Path) -> None:
    source = run(tmp_path / "a", make(), (3, 6, 9), {3: {"g_optimizer.lr": 5e-4}, 9: {"loss": "hinge"}})
    folder = RunFolder(tmp_path / "a")
    before = {file.name: file.read_bytes() for file in folder.path.rglob("*") if file.is_file()}
    target = RunFolder(tmp_path / "b")
    branching.branch(folder, NAME, 6, target, "other", "you")
    assert {file.name: file.read_bytes() for file in folder.path.rglob("*") if file.is_file()} == before
    branch = opened(tmp_path / "b")
    assert (branch.step, branch.owner, branch.status) == (6, "you", "paused")
    assert [mark.name for mark in branch.marks] == ["g_optimizer.lr"]
    assert branch.facts()["parent"] == {"run": NAME, "step": 6}
    assert branch.config.loss == "relativistic"
    expected = run(tmp_path / "c", make(), (3,), {3: {"g_optimizer.lr": 5e-4}})
    _tiny.assert_same(end(branch, 12), end(expected, 12))
    assert source.step == 9


def test_the_curves_come_with_it_and_stop_there(tmp_path: Path) -> None:
    run(tmp_path / "a", _tiny.points(), (3, 6, 9))
    branching.branch(RunFolder(tmp_path / "a"), NAME, 6, RunFolder(tmp_path / "b"), "other", "")
    last = [RunFolder(tmp_path / x).curves.load(frames.CURVE_NAMES, 99).rows().last.tolist() for x in "ab"]
    assert last[0][: len(last[1])] == last[1]
    assert last[1][-1] == 6


def test_every_kept_moment_can_be_seen_and_those_with_weights_gone_on_from(tmp_path: Path) -> None:
    run(tmp_path / "a", _tiny.points(), (3, 6, 9, 12, 15))
    folder = RunFolder(tmp_path / "a")
    kept = moments.kept(folder)
    assert {15, 12, 9} <= {moment.step for moment in kept}
    assert sum(moment.best for moment in kept) == 1
    for moment in kept:
        assert moments.picture_at(folder, moment.step)[8:12] == b"WEBP"
        assert moment.state
        branching.branch(folder, NAME, moment.step, RunFolder(tmp_path / f"b{moment.step}"), "other", "")
        assert opened(tmp_path / f"b{moment.step}").step == moment.step


def test_nothing_is_kept_there(tmp_path: Path) -> None:
    run(tmp_path / "a", _tiny.points(), (3,))
    for attempt in (lambda: branching.branch(RunFolder(tmp_path / "a"), NAME, 77, RunFolder(tmp_path / "b"), "o", ""),
                    lambda: moments.picture_at(RunFolder(tmp_path / "a"), 77)):  # fmt: skip
        with pytest.raises(RunError, match="77"):
            attempt()
    assert not (tmp_path / "b").exists()


def test_a_damaged_moment(tmp_path: Path) -> None:
    run(tmp_path / "a", _tiny.points(), (3,))
    folder = RunFolder(tmp_path / "a")
    for file in folder.states().values():
        file.write_bytes(file.read_bytes()[:-9])
    step = max(folder.states())
    for attempt in (lambda: branching.branch(folder, NAME, step, RunFolder(tmp_path / "b"), "o", ""),
                    lambda: moments.picture_at(folder, step)):  # fmt: skip
        with pytest.raises(CheckpointError, match="whole"):
            attempt()
    assert not (tmp_path / "b").exists()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "a", _tiny.points(), (3,))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolder, "write_checkpoint", full)
    with pytest.raises(RunError, match="No space"):
        branching.branch(RunFolder(tmp_path / "a"), NAME, 3, RunFolder(tmp_path / "b"), "o", "")
    assert not (tmp_path / "b").exists()

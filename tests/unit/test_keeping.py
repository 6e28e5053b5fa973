"""What of a run goes to the disk beside the newest state: the best one, moments of the past, and when."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import pytest
from PIL import Image

from gan_core.config import RunConfig
from gan_core.runs import facts, frames, keeping
from gan_core.runs.checkpoint import read
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.keeping import Score
from gan_core.runs.past import Past
from gan_core.runs.session import TrainingSession
from gan_core.runs.snapshots import Metrics


@pytest.fixture(autouse=True)
def _a_moment_at_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)
    monkeypatch.setattr("gan_core.runs.audience.UNWATCHED", 0.0)


def new(path: Path, config: RunConfig, **more: Any) -> TrainingSession:
    folder = RunFolder(path / "run")
    folder.create(config, facts.of_new("x", "me", config))
    session = TrainingSession("x", "me", config, folder, finish_at_horizon=False, **more)
    session.prepare()
    session.turn(0.0, until_step=0)
    session._looker._looks._share = 1e9  # a look at every step
    return session


def pause_at(session: TrainingSession, *steps: int) -> RunFolder:
    for step in steps:
        session.send(Resume())
        session.turn(60.0, until_step=step)
        session.send(Pause())
        session.turn(0.0)
    assert session.folder is not None
    return session.folder


def scored(monkeypatch: pytest.MonkeyPatch, values: Callable[[int], dict[str, float]]) -> None:
    """Measurements as the test wants them, by step."""

    def measure(self: Any, _players: Any, step: int) -> None:
        self.metrics = Metrics(values(step), 10, step)

    monkeypatch.setattr("gan_core.runs.looking.Looker._measure", measure)


def modes(quality: float, found: int = 8) -> dict[str, float]:
    return {"quality": quality, "modes": found, "modes_total": 8, "swd": 0.1}


# ── the best one ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_best_is_kept_at_its_very_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qualities = {1: 0.1, 4: 0.5, 8: 0.9, 12: 0.7, 16: 0.8, 20: 0.2, 24: 0.3}
    scored(monkeypatch, lambda step: modes(qualities.get(step, 0.0)))
    folder = pause_at(new(tmp_path, _tiny.points()), *[step for step in qualities if step > 1])
    assert folder.best_step() == 8
    _tiny.assert_same(read(folder.states()[8]).state, _tiny.trained(_tiny.points(), 8).state_dict())
    assert folder.facts()["best"] == {"metric": "quality", "value": 0.9, "rank": 0.9, "step": 8}
    assert len(list(folder.path.glob("checkpoints/best-*"))) == 1


def test_it_stays_the_best_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, lambda step: modes({4: 0.9}.get(step, 0.3)))
    session = new(tmp_path, _tiny.points())
    pause_at(session, 4, 8)
    session.close()
    folder = RunFolder(tmp_path / "run")
    again = TrainingSession("x", "me", folder.config(), folder, restore=True)
    again.prepare_stopped(folder.facts())
    again.prepare()
    again.turn(0.0)
    pause_at(again, 12)
    assert folder.best_step() == 4
    assert folder.facts()["best"]["step"] == 4


def test_more_modes_beat_more_quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, lambda step: {4: modes(0.6, 8), 8: modes(0.9, 4)}.get(step, modes(0.0)))
    assert pause_at(new(tmp_path, _tiny.points()), 4, 8).best_step() == 4


@pytest.mark.parametrize("make", [lambda: _tiny.points(data__name="moons"), _tiny.pictures])
def test_without_modes_the_nearest_is_the_best(
    make: Callable[[], RunConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(monkeypatch, lambda step: {"swd": {4: 0.2, 8: 0.1, 12: 0.3}.get(step, 9.0)})
    session = new(tmp_path, make())
    session._looker._measures.least = 0.0
    session._looker._measures._wait = 0.0
    session._looker._measures._last = -math.inf
    assert pause_at(session, 4, 8, 12).best_step() == 8


def test_what_the_best_is_measured_by() -> None:
    assert Score.of(None) is None
    assert Score.of(Metrics({}, 10, 3)) is None
    assert Score.of(Metrics(modes(0.8, 4), 10, 3)) == Score("quality", 0.8, 0.4, 3)
    assert Score.of(Metrics({"swd": 0.25}, 10, 3)) == Score("swd", 0.25, -0.25, 3)
    for damaged in (None, 3, {}, {"metric": "quality"}, {"metric": "q", "value": "x", "rank": 1, "step": 1}):
        assert Score.read(damaged) is None
    score = Score("swd", 0.25, -0.25, 3)
    assert Score.read(score.facts()) == score


# ── moments ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_points_are_kept_with_all_that_the_next_step_needs(tmp_path: Path) -> None:
    folder = pause_at(new(tmp_path, _tiny.points()), 5, 10)
    kept = folder.history.moments()
    assert {2, 4, 7, 9} <= {moment.step for moment in kept}
    for moment in kept:
        saved = read(folder.history.state_file(moment.step))
        _tiny.assert_same(saved.state, _tiny.trained(_tiny.points(), moment.step).state_dict())


@pytest.mark.parametrize("make", [_tiny.points, _tiny.pictures])
def test_a_frame_says_which_moment_was_kept_last_and_looks_like_it(make: Any, tmp_path: Path) -> None:
    """So that a browser need not fetch what it has seen."""
    session = new(tmp_path, make())
    seen: dict[int, Any] = {}
    said: set[int] = set()
    for step in range(1, 8):
        session.turn(60.0, until_step=step)
        session._looker.wait()
        header, arrays = _unpacked(session.frame())
        seen[header["step"]] = header, arrays
        said |= {header["kept"]} - {None}
    folder = pause_at(session, 8)
    assert said & seen.keys()
    assert said <= {moment.step for moment in folder.history.moments()}
    past = Past("x", folder)
    for step in said & seen.keys():
        header, arrays = _unpacked(past.frame(step))
        assert arrays
        then, were = seen[step]
        # What D says of pictures is asked more rarely, and a frame says at which step that was.
        asked = header.get("verdicts") == then.get("verdicts")
        assert all(were[name] == values for name, values in arrays.items() if asked or not name.startswith("logits_"))


def _unpacked(frame: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    length = int.from_bytes(frame[4:8], "little")
    header = json.loads(frame[8 : 8 + length])
    sizes = {name: math.prod(a["shape"]) * (4 if a["dtype"] == "f4" else 1) for name, a in header["arrays"].items()}
    return header, {name: frame[a["offset"] : a["offset"] + sizes[name]] for name, a in header["arrays"].items()}


def test_of_pictures_the_grid_is_kept_too(tmp_path: Path) -> None:
    folder = pause_at(new(tmp_path, _tiny.pictures()), 5)
    kept = folder.history.moments()
    assert kept
    assert all(moment.picture and moment.state for moment in kept)
    with Image.open(io.BytesIO(folder.history.picture_file(kept[-1].step).read_bytes())) as sheet:
        assert (sheet.format, sheet.size) == ("WEBP", (64, 64))


def test_large_states_are_kept_with_the_checkpoints_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SMALL", 100)
    folder = pause_at(new(tmp_path, _tiny.pictures()), 5, 10)
    states = {m.step for m in folder.history.moments() if m.state}
    assert {5, 10} <= states <= {1, 5, 10}  # 1: the first save
    assert folder.history.state_file(10).stat().st_ino == max(folder.path.glob("checkpoints/[0-9]*")).stat().st_ino


def test_a_state_that_is_not_finite_is_no_moment(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.points())
    pause_at(session, 3)
    assert session.folder is not None
    session.folder.history.clear()
    assert session.trainer is not None
    next(session.trainer.ema.module.parameters()).data.fill_(math.nan)
    session._keeper.moment(session.trainer, session.config, session.latest)
    assert session.folder.history.moments() == []


def test_after_a_failure_what_came_later_never_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path, _tiny.points())
    pause_at(session, 6)
    session._keeper._next = math.inf  # no save from here on
    session.send(Resume())
    session.turn(60.0, until_step=12)
    assert session.folder is not None
    assert max(m.step for m in session.folder.history.moments()) > 6
    assert session.trainer is not None
    next(session.trainer.d.parameters()).data.fill_(math.nan)
    session.turn(60.0, until_step=14)
    assert (session.status, session.step) == ("failed", 6)
    assert max(m.step for m in session.folder.history.moments()) <= 6
    curves = session.folder.curves.load(frames.CURVE_NAMES, 10**9)
    assert curves.rows().last.tolist()[-1] == 6
    assert session._looker.curves.rows().last.tolist()[-1] == 6


def test_a_full_disk_costs_moments_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.runs.history.History.add", full)
    session = new(tmp_path, _tiny.points())
    folder = pause_at(session, 5)
    assert session.status == "paused"
    assert str(session.message) == ""
    assert folder.history.moments() == []


def test_the_curves_go_on_in_their_file_through_halvings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.runs.curves.MAX_ROWS", 8)
    session = new(tmp_path, _tiny.points())
    folder = pause_at(session, *range(3, 60, 3))
    loaded = folder.curves.load(frames.CURVE_NAMES, 10**9).rows()
    present = session._looker.curves.rows()
    assert len(loaded.last) <= 8
    assert loaded.last.tolist() == present.last.tolist()
    assert loaded.size.tolist() == present.size.tolist()
    assert folder.curves.path.read_text(encoding="utf-8").count("\n") <= 20


def test_the_still_shows_what_was_last_saved(tmp_path: Path) -> None:
    folder = pause_at(new(tmp_path, _tiny.points()), 4)
    first = folder.still()
    assert first is not None
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.format == "WEBP"

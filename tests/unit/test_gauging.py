"""Measured between the steps of a picture run: in its share of the time, of one moment, and never at the cost of the run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from _eyes import Corners
from torch import Tensor

from gan_core.comparison.entries import Compared
from gan_core.data.sets import ImageSet
from gan_core.errors import DataError
from gan_core.metrics.classes import shares_of
from gan_core.metrics.evaluation import Evaluation
from gan_core.metrics.features import AtHand, Judges
from gan_core.metrics.measuring import samples_now
from gan_core.runs import facts, frames, gauging
from gan_core.runs.commands import Pause, Reset, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.gauging import SHOWN, Gauge
from gan_core.runs.session import TrainingSession
from gan_core.runs.snapshots import Metrics
from gan_core.trainer import Trainer

N = 60
DATA = _tiny.images(8, count=80)
TOLD = {"generator__conditioning": "concat", "discriminator__conditioning": "concat"}


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def judges(eyes: Corners) -> Judges:
    assert DATA.labels is not None
    return Judges(eyes, eyes, shares_of(DATA.labels % 4, 4), 0.9)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauging, "SAMPLES", N)


def looking(
    monkeypatch: pytest.MonkeyPatch, eyes: Corners, prepared: Callable[[], None] = lambda: None, pieces: int = 3
) -> None:
    """A classifier that is trained in so many pieces."""

    def made(_data: ImageSet) -> Iterator[None]:
        for _ in range(pieces):
            prepared()
            yield
        return judges(eyes)

    monkeypatch.setattr(gauging.features, "pieces", made)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("cost", [0.002, 0.2])
def test_it_has_its_share_and_no_more(monkeypatch: pytest.MonkeyPatch, share: float, cost: float) -> None:
    """From the first piece of the classifier's training on, by a clock that only looking and stepping move: never more than a round
    above its share, and within it whenever a round begins. A round itself takes no longer than twice its work, and a step for a piece."""
    clock = Clock()

    def spend() -> None:
        clock.now += cost

    class Slow(Corners):
        def of(self, images: Tensor) -> Tensor:
            spend()
            return super().of(images)

    looking(monkeypatch, Slow(key=f"{share} {cost}", block=20), spend, 40)
    trainer, gauge = Trainer(_tiny.pictures(), DATA), Gauge(share, clock)
    one_round = 3 * cost  # 60 samples, 20 at a time
    spent, ends, begins = 0.0, [], []
    for _step in range(1_000_000):
        clock.now += 0.01
        was_measuring = gauge._round is not None
        before = clock.now
        result = gauge.turn(trainer)
        spent += clock.now - before
        assert spent <= share * clock.now + one_round + cost + 1e-9
        if not was_measuring and gauge._round is not None:
            begins.append(clock.now)
            assert spent <= share * clock.now + cost + 1e-9
        if result is not None:
            ends.append(clock.now)
            if len(ends) == 3:
                break
    assert len(ends) == 3
    assert spent == pytest.approx((40 + 5 + 9) * cost)  # 90 real pictures (80 and 10) are looked at once, in 4.5 pieces
    for begin, end in zip(begins, ends, strict=True):
        assert end - begin <= 2 * one_round + 20 * 0.01 + cost
    assert clock.now >= (40 + 5 + 6) * cost / share * 0.95  # it did wait


def test_of_the_moment_at_which_it_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, Corners(key="moment", block=20))
    trainer, clock = _tiny.trained(_tiny.pictures(**TOLD), 2, DATA), Clock()
    gauge, found, draws = Gauge(0.2, clock), None, {}
    while found is None:
        draws[trainer.step_count] = samples_now(trainer.players)
        clock.now += 0.02
        found = gauge.turn(trainer)
        trainer.step()
    eyes = Corners(key="moment", block=20)
    expected = Evaluation(draws[found.step], N, DATA, judges(eyes), told=True, only=SHOWN)
    for _ in expected.steps():
        pass
    by_name = {m.name: m for m in expected.measures}
    assert set(found.values) == {*SHOWN, "class_modes_total"}
    for name in SHOWN:
        assert found.values[name] == by_name[name].value
        assert found.floor[name] == by_name[name].floor
    assert found.floor["as_asked"] == 0.9
    assert found.floor["class_coverage"] == found.floor["class_modes"] / 4
    assert (found.samples, found.by, found.features) == (N, "corners", "corners, 4 features")
    assert gauging.charted(found)["class_coverage"] == found.values["class_modes"] / 4
    assert gauging.read(json.loads(json.dumps(gauging.facts(found)))) == found


def test_time_that_others_have_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that gets a tenth of the turns measures a tenth as often."""
    looking(monkeypatch, Corners(key="turns"))
    ends = []
    for others in (0.0, 9.0):
        clock, spent = Clock(), [0]
        trainer, gauge = Trainer(_tiny.pictures(), DATA), Gauge(0.05, clock)

        def spend(clock: Clock = clock, spent: list[int] = spent) -> None:
            clock.now += 0.1
            spent[0] += 1

        looking(monkeypatch, Corners(key="turns"), spend, 20)
        while spent[0] < 20:
            gauge.begins()
            for _ in range(100):
                clock.now += 0.01
                gauge.turn(trainer)
            clock.now += others
        ends.append(clock.now)
    assert ends[1] == pytest.approx(10 * ends[0], rel=0.1)


def test_its_share_can_be_chosen_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, Corners(key="chosen"))
    trainer, clock = Trainer(_tiny.pictures(), DATA), Clock()
    gauge = Gauge(0.0, clock)
    for _ in range(200):
        clock.now += 1
        assert gauge.turn(trainer) is None
    gauge.share = 0.2
    assert any(_turn(gauge, trainer, clock) for _ in range(200))
    for wrong in (-0.1, 0.3, 1.0):
        with pytest.raises(ValueError, match="share"):
            gauge.share = wrong
    for said in (None, "0.1", -1, 7, float("nan")):
        gauge.recall(said)
        assert gauge.share == 0.2
    gauge.recall(0)
    assert gauge.share == 0


def _turn(gauge: Gauge, trainer: Trainer, clock: Clock) -> Metrics | None:
    clock.now += 1
    return gauge.turn(trainer)


def test_points_and_pictures_without_labels_are_left_alone() -> None:
    clock = Clock()
    for trainer in (Trainer(_tiny.points()), Trainer(_tiny.pictures(), replace(DATA, labels=None, test_labels=None))):
        gauge = Gauge(0.2, clock)
        assert not any(_turn(gauge, trainer, clock) for _ in range(50))


@pytest.mark.parametrize("error", [DataError("no"), ValueError("no"), MemoryError()])
def test_what_goes_wrong_does_not_touch_the_run(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    asked = []

    def broken(_data: ImageSet) -> Iterator[None]:
        asked.append(1)
        yield
        raise error

    monkeypatch.setattr(gauging.features, "pieces", broken)
    trainer, clock = Trainer(_tiny.pictures(), DATA), Clock()
    gauge = Gauge(0.2, clock)
    assert not any(_turn(gauge, trainer, clock) for _ in range(50))
    assert len(asked) == 1  # it is not tried for ever


def test_samples_that_are_not_numbers_are_measured_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, Corners(key="nan"))
    trainer, clock = Trainer(_tiny.pictures(), DATA), Clock()
    good = [p.detach().clone() for p in trainer.ema.module.parameters()]
    gauge = Gauge(0.2, clock)
    with torch.no_grad():
        for p in trainer.ema.module.parameters():
            p.fill_(torch.nan)
    assert not any(_turn(gauge, trainer, clock) for _ in range(50))
    with torch.no_grad():
        for p, was in zip(trainer.ema.module.parameters(), good, strict=True):
            p.copy_(was)
    assert any(_turn(gauge, trainer, clock) for _ in range(200))


# ── at the side of a run ─────────────────────────────────────────────────────────────────────────────────────────────────


def ticking() -> Gauge:
    """Every look at its clock takes a second: what it does depends on how often it is asked, and on no machine."""
    ticks = itertools.count()
    return Gauge(0.2, lambda: float(next(ticks)))


def session_of(folder: RunFolder, gauge: Gauge | None, *, restore: bool = False) -> TrainingSession:
    session = TrainingSession(folder.path.name, "", folder.config(), folder, restore=restore, gauge=gauge)
    session.prepare()
    if restore:
        session.prepare_stopped(folder.facts())
    return session


def run_in(path: Path, **changes: Any) -> RunFolder:
    folder, config = RunFolder(path), _tiny.pictures(**changes)
    folder.create(config, facts.of_new(path.name, "", config))
    return folder


def header(session: TrainingSession) -> dict[str, Any]:
    frame = session.frame()
    length = int.from_bytes(frame[4:8], "little")
    found: dict[str, Any] = json.loads(frame[8 : 8 + length])
    return found


def until_judged(session: TrainingSession, most: int = 3000) -> None:
    session._looker.wait_at_least(0.0)
    while "fd" not in session.last_row:
        session.turn(60.0, until_step=session.step + 10)
        session._look()
        assert session.step < most


@pytest.fixture
def digits(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(data: ImageSet) -> Iterator[None]:
        assert data.labels is not None
        yield
        eyes = Corners(key="digits")
        return Judges(eyes, eyes, shares_of(data.labels % 4, 4), 0.9)

    monkeypatch.setattr(gauging.features, "pieces", made)


def test_a_run_shows_charts_and_remembers_it(tmp_path: Path, digits: None) -> None:
    folder = run_in(tmp_path / "run")
    session = session_of(folder, ticking())
    until_judged(session)
    said = header(session)
    judged = said["judged"]
    assert judged["samples"] == N
    assert judged["step"] <= session.step
    assert (judged["by"], judged["features"]) == ("corners", "corners, 4 features")
    assert set(judged["floor"]) >= {"fd", "precision", "recall", "class_kl", "class_coverage"}
    drawn = {curve["name"]: curve["panel"] for curve in said["curves"]}
    assert drawn["fd"] == "frechet"
    assert {drawn[name] for name in ("precision", "recall", "class_coverage")} == {"metrics"}
    assert drawn["class_kl"] == "divergence"
    assert "as_asked" not in drawn
    session.gauge.share = 0.01  # type: ignore[union-attr]
    session.send(Pause())
    session.turn(0.0)
    session.release()
    # After a restart of the server: the same figures with their floors, and the curve, before anything is measured anew.
    back = session_of(RunFolder(folder.path), Gauge(), restore=True)
    back.turn(0.0)
    again = header(back)
    assert again["judged"] == judged
    assert "fd" in {curve["name"] for curve in again["curves"]}
    assert back.gauge is not None
    assert back.gauge.share == 0.01
    back.send(Reset())
    back.turn(0.0)
    assert header(back)["judged"] is None
    back.release()


def test_its_end_is_measured_at_once(tmp_path: Path, digits: None) -> None:
    """Of the very step that the schedule ends at, though it is over long before the share of the time allows a round; the page Compare reads it."""
    folder = run_in(tmp_path / "run", horizon=5 * 8)
    session = session_of(folder, Gauge(0.01))
    session.turn(60.0)
    assert (session.status, session.step) == ("finished", 5)
    assert session.trainer is not None
    expected = Evaluation(samples_now(session.trainer.players), N, session.trainer.data, _judges(session), only=SHOWN)  # type: ignore[arg-type]
    for _ in expected.steps():
        pass
    session.release()
    found = Compared.read("run", folder)
    assert found.final_step == 5
    assert {"fd", "precision", "class_coverage", "swd"} <= {*found.final}
    assert found.final["fd"] == next(m.value for m in expected.measures if m.name == "fd")


def _judges(session: TrainingSession) -> Judges:
    assert session.gauge is not None
    assert session.gauge._preparation is not None
    assert session.gauge._preparation.judges is not None
    return session.gauge._preparation.judges


def test_an_end_does_not_wait_for_what_takes_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    looking(monkeypatch, Corners(key="minutes"))
    away = AtHand(DATA, Path("nowhere"), quick=False)
    monkeypatch.setattr(gauging.features, "at_hand", lambda _data: away)
    trainer = Trainer(_tiny.pictures(), DATA)
    assert Gauge(0.05).at_end(trainer) is None
    monkeypatch.setattr(gauging.features, "at_hand", lambda _data: replace(away, quick=True))
    assert Gauge(0.0).at_end(trainer) is None
    found = Gauge(0.05).at_end(trainer)
    assert found is not None
    assert (found.step, found.samples) == (0, N)
    assert Gauge(0.05).at_end(Trainer(_tiny.points())) is None


def test_a_damaged_memory_is_no_memory() -> None:
    for said in (
        None,
        {},
        [],
        "x",
        {"values": 3},
        {"values": {"fd": "x"}, "floor": {}, "samples": 1, "step": 1, "by": "", "features": ""},
    ):
        assert gauging.read(said) is None


def test_the_run_is_the_same_bit_for_bit(tmp_path: Path, digits: None) -> None:
    watched, quiet = session_of(run_in(tmp_path / "a"), ticking()), session_of(run_in(tmp_path / "b"), None)
    until_judged(watched)
    quiet.turn(60.0, until_step=0)
    quiet.send(Resume())
    quiet.turn(60.0, until_step=watched.step)
    assert quiet.step == watched.step
    assert watched.trainer is not None
    assert quiet.trainer is not None
    _tiny.assert_same(watched.trainer.state_dict(), quiet.trainer.state_dict())
    for session in (watched, quiet):
        session.release()


def test_every_curve_has_words() -> None:
    from pages._ui.live_words import LABELS

    for name, (panel, _role) in frames.CURVES.items():
        assert LABELS[f"curve.{name}"]
        assert LABELS[f"curve.{name}.help"]
        assert LABELS[f"panel.{panel}"]
        assert LABELS[f"panel.{panel}.hint"]

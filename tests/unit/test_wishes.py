"""What viewers want to see besides: when it is looked at, on runs that train and on runs that rest."""

from __future__ import annotations

from pathlib import Path

import _tiny
import numpy as np
from test_session import new, run_to, state, tell

from gan_core.neurons import LARGE, Maps
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.session import TrainingSession

NEURON = "neuron:d.2.3"


def wanted(session: TrainingSession) -> set[str]:
    return set(session.latest.extras)


def test_extras_come_only_while_somebody_wants_them(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 3)
    assert wanted(session) == set()
    session.want(frozenset({NEURON}))
    tell(session, Pause())
    assert wanted(session) == {NEURON}
    assert f'"{NEURON}"'.encode() in session.frame()
    session.want(frozenset())
    session.turn(0.0)
    assert wanted(session) == set()
    assert NEURON.encode() not in session.frame()


def test_a_paused_run_reacts_at_once_and_stays_as_it_is(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 4)
    tell(session, Pause())
    session.turn(0.0)
    assert not session.wants_turn
    before, seen = state(session), session.latest
    session.want(frozenset({NEURON, "neurons"}))
    assert session.wants_turn
    session.turn(0.0)
    assert not session.wants_turn
    now = session.latest
    assert now.seq > seen.seq
    assert (now.step, now.status) == (4, "paused")
    assert {NEURON, "neurons:g.1", "neurons:d.3"} <= wanted(session)
    assert now.extras[NEURON].shape == (LARGE, LARGE)
    assert session.trainer is not None
    np.testing.assert_array_equal(now.extras[NEURON], Maps(session.trainer.players).close([("d", 2, 3)])[NEURON])
    assert now.arrays["field"] is seen.arrays["field"]
    _tiny.assert_same(before, state(session))
    tell(session, Resume())
    run_to(session, 9)
    other = new(tmp_path / "other")
    run_to(other, 9)
    _tiny.assert_same(state(session), state(other))


def test_the_same_wish_twice_is_one_look(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 2)
    tell(session, Pause())
    for _ in range(5):
        session.want(frozenset({NEURON}))
    seq = session.latest.seq
    session.turn(0.0)
    assert session.latest.seq == seq + 1
    session.want(frozenset({NEURON}))
    assert not session.wants_turn


def test_a_wish_just_before_a_pause_is_not_forgotten(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 5)
    tell(session, Pause())  # the picture is of step 5 from here on
    session.want(frozenset({NEURON}))
    session.turn(0.0)
    assert wanted(session) == {NEURON}


def test_the_settings_of_the_moment_follow_changes_and_schedules(tmp_path: Path) -> None:
    session = new(
        tmp_path, _tiny.points(loss="hinge", schedule="linear", horizon=1600, lr_final=0.0, g_optimizer__lr=0.01)
    )
    run_to(session, 50)
    tell(session, Pause())
    assert session.latest.settings["loss"] == "hinge"
    assert abs(session.latest.settings["g_lr"] - 0.005) < 1e-9  # 800 of 1,600 images
    session.change({"loss": "wasserstein", "penalty_weight": 3.5})
    session.turn(0.0)
    assert session.latest.settings["loss"] == "wasserstein"
    assert session.latest.settings["penalty_weight"] == 3.5


def test_a_training_run_answers_between_two_looks_but_not_all_the_time(tmp_path: Path) -> None:
    session = new(tmp_path)
    run_to(session, 3)
    looks = session.latest.step
    session._looker._looks.least = 60.0  # no ordinary look from here on
    session._looker._grants._last = -60.0
    session.want(frozenset({NEURON}))
    run_to(session, 4)
    assert wanted(session) == {NEURON}
    assert session.latest.step == looks
    session.want(frozenset({"neuron:d.1.1"}))
    run_to(session, 5)
    assert wanted(session) == {NEURON}  # just now answered: with the next look

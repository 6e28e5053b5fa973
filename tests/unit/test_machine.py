"""What a run takes of the machine and of time, as it is shown beside it."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path

import _tiny
import pytest
import torch
from test_session import new, run_to, tell

from gan_core import memory
from gan_core.runs import machine
from gan_core.runs.commands import Pause
from gan_core.runs.time_left import TimeLeft
from gan_core.trainer import Trainer


def test_the_time_left_is_that_of_a_steady_pace() -> None:
    left = TimeLeft()
    for second in range(20):
        left.saw(100.0 + second, 500 * second)
    assert left.seconds(20_000) == pytest.approx((20_000 - 9_500) / 500)


def test_the_pace_is_that_of_the_last_half_minute() -> None:
    left = TimeLeft()
    for second in range(100):
        left.saw(float(second), 10 * second if second < 50 else 500 + 1000 * (second - 50))
    assert left.seconds(149_500) == pytest.approx(100.0)


def test_one_slow_second_moves_it_little() -> None:
    left, moved = TimeLeft(), []
    for second in range(60):
        left.saw(float(second), 100 * (second if second < 45 else second - 1))  # one second without a step
        if second in (44, 45):
            moved.append(left.seconds(1_000_000))
    assert moved[0] is not None
    assert moved[1] is not None
    assert abs(moved[1] / moved[0] - 1) < 0.05


def test_nothing_is_said_before_it_is_known_where_there_is_no_end_and_beyond_it() -> None:
    left = TimeLeft()
    assert left.seconds(1000) is None
    left.saw(0.0, 0)
    left.saw(1.0, 100)
    assert left.seconds(1000) is None
    left.saw(5.0, 500)
    assert left.seconds(1000) == pytest.approx(5.0)
    assert left.seconds(0) is None
    assert left.seconds(500) is None
    left.rested()
    left.saw(500.0, 500)
    assert left.seconds(1000) is None
    left.saw(510.0, 500)
    assert left.seconds(1000) is None  # it does not move


def test_what_is_estimated_is_what_the_check_before_the_start_goes_by() -> None:
    config = _tiny.pictures()
    trainer = Trainer(config)
    said = machine.of(trainer)
    assert said["weights"] + said["activations"] == memory.estimate(config)
    parameters = sum(p.numel() for net in (trainer.g, trainer.d) for p in net.parameters())
    assert said["weights"] == parameters * 4 * 7
    assert said["pictures"] == trainer.pictures.nbytes  # type: ignore[union-attr]
    assert (said["device"], said["name"], said["threads"]) == ("cpu", "", torch.get_num_threads())
    assert "allocated" not in said
    assert machine.of(Trainer(_tiny.points()))["pictures"] == 0
    larger = machine.of(Trainer(dataclasses.replace(config, batch_size=16)))
    assert larger["activations"] == 2 * said["activations"]
    assert larger["weights"] == said["weights"]


def test_a_frame_says_it(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures(schedule="linear", horizon=400))
    run_to(session, 2)
    session._looker._left._seen.extend([(0.0, 0), (10.0, 16)])
    session._looker._left.saw = lambda now, images: None  # type: ignore[method-assign]
    session._look()
    frame = session.frame()
    (length,) = struct.unpack_from("<I", frame, 4)
    header = json.loads(frame[8 : 8 + length])
    assert header["horizon"] == 400
    assert header["left"] == pytest.approx((400 - 16) * 10 / 16)
    assert header["machine"]["device"] == "cpu"
    tell(session, Pause())
    assert session.latest.left is None or session.latest.step == 2

"""What the diagnosis is told of a run, and what a run says of its diagnosis: places, distances, frames, sessions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from _pasts import plain, points_of
from sklearn.metrics import roc_auc_score
from test_frames_curves import snapshot, unpack
from test_session import new, poison, run_to

from gan_core import registry
from gan_core.config import replace
from gan_core.diagnosis import Evidence, Finding, signs, treatments
from gan_core.diagnosis.places import MOST, places_of
from gan_core.diagnosis.watching import SAMPLES, Watch, Yardstick, of_pictures, of_points, order_of
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.commands import Pause, Reset
from gan_core.runs.frames import pack
from gan_core.runs.picture import picture
from gan_core.trainer import Trainer
from pages._ui.live_words import live_labels

POINTS = [e.name for e in registry.dataset.entries() if e.info["kind"] == "points"]


def drawn(name: str, n: int = 1000, seed: int = 0) -> np.ndarray:
    data = points_of(name)
    return data.to_units(data.draw(n, torch.Generator().manual_seed(seed))).double().numpy()


@pytest.mark.parametrize("name", POINTS)
def test_perfect_samples_cover_every_place(name: str) -> None:
    data = points_of(name)
    real = drawn(name)
    modes = None if data.modes is None else data.modes.double().numpy()
    places = places_of(real, modes)
    assert 2 <= len(places) <= MOST
    assert places.are_modes == (modes is not None and len(modes) > 1)  # one mode says nothing about where samples lie
    assert places.weights.sum() == pytest.approx(1)
    stick = Yardstick(real, SAMPLES)
    looks = [of_points(drawn(name, SAMPLES, seed), places, stick, data.extent) for seed in range(1, 9)]
    seen = {key: np.mean([look[key] for look in looks]) for key in ("coverage", "at_data", "away", "size", "distance")}
    # On average: one draw of 256 can miss a place. Those in the tails of the one wide Gaussian are rarer than others.
    assert seen["coverage"] > (0.95 if name == "gaussian" else 0.97)
    assert seen["at_data"] > 0.97
    assert seen["away"] == 0
    assert seen["size"] == pytest.approx(1, abs=0.15)
    assert seen["distance"] < 2 * stick.floor


@pytest.mark.parametrize("name", POINTS)
def test_a_part_of_the_data_covers_that_part(name: str) -> None:
    """The half of the real points on one side of a line through their middle."""
    data, real = points_of(name), drawn(name)
    places = places_of(real, None if data.modes is None else data.modes.double().numpy())
    half = real[real[:, 0] > np.median(real[:, 0])][:SAMPLES]
    seen = of_points(half, places, Yardstick(real, SAMPLES), data.extent)
    assert 0.3 < seen["coverage"] < 0.75
    assert seen["at_data"] > 0.97
    assert seen["distance"] > 3 * seen["floor"]


def test_points_of_which_some_are_rare() -> None:
    """A mode with a hundredth of the weight counts for a hundredth."""
    modes = np.array([[0.0, 0.0], [5.0, 0.0]])
    real = np.concatenate([np.zeros((990, 2)), np.tile(modes[1], (10, 1))]) + np.random.default_rng(0).normal(
        0, 0.05, (1000, 2)
    )
    places = places_of(real, modes)
    _where, close = places.shares(real[:500])
    assert places.coverage(places.covered(close)) == pytest.approx(0.99)


def test_nowhere_is_somewhere() -> None:
    points = np.full((10, 2), np.nan)
    points[0] = np.inf
    seen = of_points(points, places_of(drawn("ring")), Yardstick(drawn("ring"), 10), (-1, 1, -1, 1))
    assert seen["away"] == 1.0
    assert math.isfinite(seen["distance"])
    assert seen["at_data"] == 0.0


def test_the_yardstick_measures_a_shift() -> None:
    """A cloud moved by v is the mean of |v·u| over the directions away: (2/π)‖v‖ for many of them (Rabin et al. 2011)."""
    real = drawn("two_gaussians", 4000)
    stick = Yardstick(real, 1000)
    shift = np.array([3.0, -4.0])
    along = np.abs(stick._ways @ (shift / stick.size)).mean()
    assert stick.distance(real[:1000] + shift) == pytest.approx(float(along), rel=0.02)
    assert along == pytest.approx(2 / math.pi * 5 / stick.size, rel=0.2)
    assert stick.distance(real[:1000]) < stick.floor < 0.1


def test_the_order_of_pairs_is_the_area_under_the_roc_curve() -> None:
    rng = np.random.default_rng(3)
    real, fake = rng.integers(0, 6, 100) + 1.0, rng.integers(0, 6, 80) * 1.0
    expected = roc_auc_score([1] * 100 + [0] * 80, np.concatenate([real, fake]))
    assert order_of(torch.from_numpy(real), torch.from_numpy(fake)) == pytest.approx(expected)
    assert math.isnan(order_of(torch.tensor([math.nan]), torch.tensor([0.0])))


def test_pictures_that_are_one_picture_have_no_spread() -> None:
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (64, 3, 32, 32), dtype=np.uint8)
    stick = Yardstick(real.reshape(64, -1)[:, ::3].astype(np.float64), 64)
    assert of_pictures(real, stick)["size"] == pytest.approx(1)
    assert of_pictures(np.repeat(real[:1], 64, 0), stick)["size"] == 0
    assert of_pictures(real, stick)["distance"] < stick.floor


@pytest.mark.parametrize("make", [_tiny.points, _tiny.pictures])
def test_looking_changes_nothing(make: Any) -> None:
    trainer, other = Trainer(make()), Trainer(make())
    watch = Watch(trainer.players)
    for _ in range(12):
        trainer.step()
        other.step()
        watch.look(trainer.players, trainer.read_stats(), picture(trainer.players)["arrays"])
        if trainer.config.kind == "images":
            watch.read(trainer.players, trainer.step_count)
    _tiny.assert_same(copy_state(trainer.state_dict()), copy_state(other.state_dict()))


def test_a_run_without_generator_steps_has_no_gradient_to_judge() -> None:
    trainer = _tiny.trained(_tiny.points(), 3)
    trainer.read_stats()
    trainer.change(replace(trainer.config, {"k_g": 0}))
    watch = Watch(trainer.players)
    trainer.step()
    stats = trainer.read_stats()
    assert stats.g_gradient > 0  # left by the last step before
    assert [f.code for f in watch.look(trainer.players, stats, picture(trainer.players)["arrays"])] == ["resting"]
    assert math.isnan(next(iter(watch.doctor._past)).g_gradient)


# ── on the way to the browser ────────────────────────────────────────────────────────────────────────────────────────────


def test_findings_in_a_frame() -> None:
    found = Finding("mode_collapse", 1200, Evidence(signs.FEW_MODES, {"modes": 2, "total": 8}),
                    {"penalty": ("none", "r1"), "penalty_weight": (0.5, 1.0)}, Evidence(treatments.FLAT_AT_DATA))  # fmt: skip
    header, _arrays = unpack(pack(snapshot(diagnosis=(found,))))
    assert header["diagnosis"] == [{
        "code": "mode_collapse", "since": 1200, "evidence": {"template": signs.FEW_MODES, "params": {"modes": 2, "total": 8}},
        "remedy": {"penalty": ["none", "r1"], "penalty_weight": ["0.5", "1.0"]},
        "advice": {"template": treatments.FLAT_AT_DATA, "params": {}},
    }]  # fmt: skip
    assert unpack(pack(snapshot()))[0]["diagnosis"] == []


def test_the_page_has_words_for_everything_that_can_be_said() -> None:
    words = live_labels(lambda text: f"<{text}>")
    for entry in registry.condition.entries():
        assert words[f"condition.{entry.name}"] == f"<{entry.title}>"
        assert words[f"condition.{entry.name}.why"] == f"<{entry.info['why']}>"
        assert all(words[f"message:{says}"] == f"<{says}>" for says in entry.info["says"])
    assert all(words[f"message:{said}"] == f"<{said}>" for said in treatments.SENTENCES)
    assert words["choice.penalty.r1"] == f"<{registry.penalty['r1'].title}>"


# ── in a session ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def codes(session: Any) -> list[str]:
    return [found.code for found in session.diagnosis]


def test_a_session_that_blows_up_has_diverged_and_says_what_helps(tmp_path: Path) -> None:
    session = new(tmp_path, plain(g_optimizer__lr=0.1, d_optimizer__lr=0.1))
    run_to(session, 20)
    poison(session)
    session.send(Pause())
    session.turn(60.0)
    assert session.status == "failed"
    (found,) = session.diagnosis
    assert (found.code, found.evidence.template) == ("divergence", signs.BLEW_UP)
    assert found.changes == {"g_optimizer.lr": 0.001, "d_optimizer.lr": 0.001}
    session.change(found.changes)
    session.turn(0.0)
    (found,) = session.diagnosis
    assert (found.code, found.remedy, found.advice.template) == ("divergence", {}, treatments.WAIT)
    session.send(Reset())
    session.turn(0.0)
    assert codes(session) == ["early"]


def test_a_session_has_a_diagnosis_from_its_first_look(tmp_path: Path) -> None:
    session = new(tmp_path)
    session.turn(0.0)
    assert codes(session) == ["early"]
    session.change({"k_g": 0})
    session.turn(0.0)
    assert codes(session) == ["resting"]
    session.change({"k_g": 1})
    session.turn(0.0)
    assert codes(session) == ["early"]

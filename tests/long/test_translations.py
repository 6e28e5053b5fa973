"""Every preset of Translate to the end of its schedule; and whether what happens that it proposes to try."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks import translations
from benchmarks._train import ready, trainer_of
from gan_core import config, presets
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_unit
from gan_core.metrics.translation import errors
from gan_core.runs.session import TrainingSession
from gan_core.translation.players import Translators

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
SEEN = 64  # held-out pictures


def begun(name: str, steps: int, **changes: Any) -> TrainingSession:
    """A preset, with changes, after some steps."""
    return on(ready(config.replace(presets.load(name), changes)), steps)


def on(session: TrainingSession, steps: int, **changes: Any) -> TrainingSession:
    """The same up to this step, with changes while it trains."""
    if changes:
        session.change(changes)
    while session.step < steps:
        session.turn(1.0, until_step=steps)
    return session


def players_of(session: TrainingSession) -> Translators:
    found = trainer_of(session).players
    assert isinstance(found, Translators)
    return found


def made_by(session: TrainingSession) -> tuple[Tensor, Tensor]:
    """What goes in, and what the generator that trains makes of it: its average would remember how it was before."""
    data = trainer_of(session).data
    assert isinstance(data, PairSet)
    given = to_unit(data.test_given[:SEEN])
    return given, players_of(session).sample(given, averaged=False)


def off(session: TrainingSession) -> float:
    """L1 to the truth of the same."""
    data = trainer_of(session).data
    return float((made_by(session)[1] - to_unit(data.test_images[:SEEN])).abs().mean() / 2)  # type: ignore[union-attr]


def colour(session: TrainingSession) -> float:
    """How far the channels are apart, 0 to 2."""
    made = made_by(session)[1]
    return float((made.amax(1) - made.amin(1)).mean())


def edges(session: TrainingSession) -> float:
    """How steep the steepest places of each picture are."""
    made = made_by(session)[1]
    return float((made[..., 1:] - made[..., :-1]).abs().flatten(1).quantile(0.98, dim=1).mean())


@pytest.mark.parametrize("name", translations.names())
def test_translations_are_nearer_to_the_truth_than_what_was_given(name: str) -> None:
    found = translations.row(name)
    given = found["given"]
    assert found["status"] == "finished"
    assert found["test_l1"] < given["test_l1"]  # type: ignore[index,operator]
    assert found["psnr"] > given["psnr"]  # type: ignore[index,operator]


def test_without_the_truth_the_error_rises_and_stays_higher() -> None:
    session = begun("edges", 600)
    before = off(session)
    on(session, 1200, l1_weight=0.0)
    assert 1.1 * before < off(session) < 2 * before


def test_with_much_of_the_truth_colours_fade_and_the_error_falls() -> None:
    session = begun("colour", 800)
    before = off(session), colour(session)
    on(session, 1600, l1_weight=1000.0)
    assert off(session) < before[0]
    assert colour(session) < before[1]


def test_all_noise_looks_alike() -> None:
    session = begun("denoise", 1000, **{"data.direction": "back"})
    given, made = made_by(session)
    data = trainer_of(session).data
    assert isinstance(data, PairSet)
    alike = [float(torch.corrcoef((x - given).flatten(1))[~torch.eye(SEEN, dtype=torch.bool)].mean())
             for x in (made, to_unit(data.test_images[:SEEN]))]  # fmt: skip
    assert alike[0] > alike[1] + 0.1


def test_with_much_of_the_truth_psnr_rises_and_edges_get_softer() -> None:
    session = begun("enlarge", 1000)
    before = errors(players_of(session))["psnr"], edges(session)
    on(session, 2000, l1_weight=1000.0)
    assert errors(players_of(session))["psnr"] > before[0]
    assert edges(session) < before[1]


def test_without_the_cycle_neon_has_any_shape() -> None:
    held, free = begun("neon", 1200), begun("neon", 1200, cycle_weight=0.0)
    assert errors(players_of(free))["cycle_there"] > 1.5 * errors(players_of(held))["cycle_there"]
    data = trainer_of(held).data
    assert isinstance(data, PairSet)
    dark = [float(made_by(one)[1].mean()) for one in (held, free)]  # both are as dark as the night
    assert max(dark) < float(to_unit(data.test_given[:SEEN]).mean()) - 0.5

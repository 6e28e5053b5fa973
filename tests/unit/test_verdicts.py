"""What D says of training, held-out and generated pictures: the same pictures each time, told their true class, in packs."""

from __future__ import annotations

from dataclasses import replace as with_
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from test_frames_curves import snapshot, unpack
from test_session import new, run_to

from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, to_unit
from gan_core.players import one_hot
from gan_core.runs.darkroom import Darkroom
from gan_core.runs.frames import pack
from gan_core.verdicts import SHOWN, Lineup, Verdicts

TOLD = {"generator__conditioning": "concat", "discriminator__conditioning": "projection"}
GUESSED = {"generator__conditioning": "concat", "discriminator__conditioning": "classifier"}


def rows_of(pictures: torch.Tensor, all_of: torch.Tensor) -> list[int]:
    return [int((all_of == picture).flatten(1).all(1).nonzero()[0, 0]) for picture in pictures]


def test_so_many_of_each_kind_and_each_from_its_own_part() -> None:
    trainer = _tiny.trained(_tiny.pictures(), 2)
    lineup = Lineup(trainer.players)
    assert isinstance(trainer.data, ImageSet)
    said = lineup.verdicts(trainer.players, 2)
    assert len(said.real) == len(said.held) == len(said.fake) == said.pictures == SHOWN
    assert len({*rows_of(lineup.real, trainer.data.images)}) > 0.95 * SHOWN  # a digit or two may be there twice
    assert len({*rows_of(lineup.held, trainer.data.test_images)}) > 0.95 * SHOWN
    expected = trainer.critic(to_unit(lineup.held)).numpy()
    np.testing.assert_array_equal(said.held, expected)
    again = Lineup(trainer.players).verdicts(trainer.players, 2)
    np.testing.assert_array_equal(again.fake, said.fake)
    np.testing.assert_array_equal(again.real, said.real)


def test_generated_ones_are_of_this_very_step() -> None:
    trainer = _tiny.trained(_tiny.pictures(ema_half_life=1e6, ema_ramp=0.0), 5)
    lineup = Lineup(trainer.players)
    live = trainer.sample(lineup.latents, averaged=False)
    np.testing.assert_array_equal(lineup.generated(trainer.players).numpy(), live.numpy())
    assert not torch.equal(live, trainer.sample(lineup.latents))


@pytest.mark.parametrize("how", [TOLD, GUESSED])
def test_a_d_that_is_told_is_told_the_true_class(how: dict[str, Any]) -> None:
    trainer = _tiny.trained(_tiny.pictures(generator__norm="batch", **how), 3)
    data, lineup = trainer.data, Lineup(trainer.players)
    assert isinstance(data, ImageSet)
    assert data.labels is not None
    assert data.test_labels is not None
    said = lineup.verdicts(trainer.players, 3)
    for pictures, all_of, labels, logits in ((lineup.real, data.images, data.labels, said.real),
                                             (lineup.held, data.test_images, data.test_labels, said.held)):  # fmt: skip
        told = one_hot(labels[rows_of(pictures, all_of)], 10)
        np.testing.assert_array_equal(logits, trainer.critic(to_unit(pictures), told).numpy())
    asked = lineup.latents[:, trainer.config.latent.dim :]
    np.testing.assert_array_equal(said.fake, trainer.critic(lineup.generated(trainer.players), asked).numpy())


@pytest.mark.parametrize("packing", [2, 3])
def test_packs_have_one_output_each(packing: int) -> None:
    trainer = _tiny.trained(_tiny.pictures(discriminator__packing=packing, batch_size=6), 2)
    said = Lineup(trainer.players).verdicts(trainer.players, 2)
    assert len(said.real) == len(said.held) == len(said.fake) == SHOWN // packing
    assert said.pictures == SHOWN // packing * packing


def few(held: int, config: RunConfig, labels: bool = True) -> ImageSet:
    data = _tiny.images()
    return with_(
        data,
        test_images=data.test_images[:held],
        test_labels=data.labels[:held] if labels and data.labels is not None else None,
    )


@pytest.mark.parametrize("held", [0, 1, 3])
def test_few_pictures_or_none_held_out(held: int) -> None:
    config = _tiny.pictures()
    trainer = _tiny.trained(config, 2, few(held, config))
    said = Lineup(trainer.players).verdicts(trainer.players, 2)
    assert (len(said.real), len(said.held), len(said.fake)) == (40, held, 40)


def test_held_out_pictures_without_labels_are_not_asked_about() -> None:
    config = _tiny.pictures(generator__norm="batch", **TOLD)
    trainer = _tiny.trained(config, 2, few(5, config, labels=False))
    said = Lineup(trainer.players).verdicts(trainer.players, 2)
    assert (len(said.real), len(said.held)) == (40, 0)


def test_which_outputs_are_probabilities() -> None:
    kinds = {loss: Lineup(t.players).verdicts(t.players, 0).kind for loss in ("non_saturating", "wasserstein", "least_squares")
             for t in [_tiny.trained(_tiny.pictures(loss=loss, penalty="none"), 0)]}  # fmt: skip
    assert kinds == {"non_saturating": "probability", "wasserstein": "critic", "least_squares": "critic"}


def test_a_frame_carries_them() -> None:
    said = Verdicts(40, *(np.arange(n, dtype=np.float64) for n in (3, 2, 3)), "probability", 3)
    header, arrays = unpack(pack(snapshot(verdicts=said)))
    assert header["verdicts"] == {"step": 40, "kind": "probability", "pictures": 3}
    assert [len(arrays[name]) for name in ("logits_real", "logits_held", "logits_live")] == [3, 2, 3]
    assert "verdicts" not in unpack(pack(snapshot()))[0]


def test_a_run_says_them_at_rest_of_this_very_step(tmp_path: Any) -> None:
    session = new(tmp_path, _tiny.pictures())
    session.command("pause")
    session.turn(0.0)
    assert session.latest.verdicts is None  # nothing has been learned yet
    session.command("resume")
    session.turn(0.0)
    session.command("pause")
    session.turn(0.0)
    session.command("step")
    session.turn(0.0)
    said = session.latest.verdicts
    assert said is not None
    assert said.step == session.step > 0
    assert session.trainer is not None
    np.testing.assert_array_equal(
        said.real, Lineup(session.trainer.players).verdicts(session.trainer.players, said.step).real
    )


def test_points_have_none(tmp_path: Any) -> None:
    session = new(tmp_path)
    run_to(session, 3)
    assert session.latest.verdicts is None


def test_a_moment_whose_weights_are_kept_has_them(tmp_path: Any) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 5)
    session.command("pause")
    session.turn(0.0)
    assert session.folder is not None
    shot = Darkroom(session.folder).snapshot(max(session.folder.states()))
    assert shot.verdicts is not None
    assert session.latest.verdicts is not None
    np.testing.assert_allclose(shot.verdicts.held, session.latest.verdicts.held, atol=1e-6)

"""Where a generator fails, against sorting and nearest neighbours by hand, and a hole that was planted."""

from __future__ import annotations

from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core.errors import ConfigError
from gan_core.latent import reading, seen
from gan_core.latent.tools import weak


def latents_of(facts: Any, dim: int) -> Tensor:
    return torch.stack([reading.floats({"at": at}, "at", [dim]) for at in facts["at"]])


def two_modes() -> Any:
    """A generator that puts a mode to the right where z₁ > 0 and one to the left elsewhere, with a steep way between."""
    config = _tiny.points(data__modes=2)

    def generator(z: Tensor) -> Tensor:
        return torch.stack([torch.tanh(6 * z[:, 0]), 0.02 * z[:, 1]], 1)

    return _explored.room_of(
        _explored.players(config, g=_explored.By(generator), d=_explored.By(lambda x: -(x[:, :1] ** 2)))
    )


def test_the_lowest_outputs_of_d() -> None:
    where = _explored.room_of(_explored.players(_tiny.pictures(latent__dim=6)))
    found = _explored.answer(where, "weak", samples=120, seed=5)
    explored = where.explored
    latents = explored.many(120, 5)
    logits = explored.scores(explored.draw(latents), latents).numpy()
    rows = np.argsort(logits, kind="stable")[: weak.SHOWN]
    np.testing.assert_allclose(found.facts["low"]["logits"], logits[rows], rtol=1e-5, atol=1e-6)
    assert torch.equal(latents_of(found.facts["low"], 6), latents[rows.copy()])
    assert found.facts["samples"] == 120
    assert all(array.dtype in (np.float32, np.uint8) for array in found.arrays.values())


def test_the_farthest_pictures_by_brute_force() -> None:
    where = _explored.room_of(_explored.players(_tiny.pictures(latent__dim=6)))
    found = _explored.answer(where, "weak", samples=100)
    explored = where.explored
    judge = seen.classifier_of(explored.data)
    assert judge is not None
    assert found.facts["unit"] == "features"
    theirs = judge.of(explored.data.images.float() / 127.5 - 1).double().numpy()
    latents = explored.many(100, 0)
    own = judge.of(explored.draw(latents)).double().numpy()
    distances = np.array([np.sqrt(((theirs - row) ** 2).sum(1)) for row in own])
    rows = np.argsort(-distances.min(1), kind="stable")[: weak.SHOWN]
    np.testing.assert_allclose(found.facts["far"]["distances"], distances.min(1)[rows], rtol=1e-4)
    assert np.array_equal(found.arrays["near"][0], explored.data.images[distances[rows[0]].argmin()].numpy())
    assert found.facts["beyond"] == pytest.approx(float((distances.min(1) > found.facts["held_out"][1]).mean()))


def test_a_planted_hole_is_found() -> None:
    where = two_modes()
    found = _explored.answer(where, "weak", samples=400)
    holes = found.facts["holes"]
    assert holes["by"] == "mode"
    assert all(one != other for one, other in holes["kinds"])
    across = found.arrays["holes"][:, 0]
    assert np.abs(across).max() < 0.75  # between the modes at −1 and 1
    assert holes["distances"] == sorted(holes["distances"], reverse=True)
    assert min(holes["distances"]) > 3 * max(max(pair) for pair in holes["distances_of_ends"])
    middle = where.explored.draw(latents_of(holes, 2))
    np.testing.assert_allclose(middle.numpy(), found.arrays["holes"], atol=1e-6)


def test_the_farthest_points_by_brute_force() -> None:
    where = two_modes()
    found = _explored.answer(where, "weak", samples=200)
    data = where.explored.data
    known = data.to_units(data.draw(weak.REFERENCE, torch.Generator().manual_seed(0))).numpy()
    samples = where.explored.draw(where.explored.many(200, 0)).numpy()
    distances = np.array([np.sqrt(((known - x) ** 2).sum(1)).min() for x in samples])
    np.testing.assert_allclose(found.facts["far"]["distances"], np.sort(distances)[::-1][: weak.SHOWN], rtol=1e-4)
    away = np.array([np.sqrt(((data.modes.numpy() - x) ** 2).sum(1)).min() for x in samples]) / data.sigma
    assert found.facts["outside"] == pytest.approx(float((away > 3).mean()))


def test_without_a_discriminator_nothing_is_low() -> None:
    where = _explored.room_of(_explored.players(_tiny.pictures(latent__dim=6, method="vae", penalty="none")))
    found = _explored.answer(where, "weak", samples=100)
    assert "low" not in found.facts
    assert "low" not in found.arrays
    assert len(found.facts["far"]["at"]) == weak.SHOWN


def test_what_cannot_be_asked() -> None:
    where = two_modes()
    for asked in ({"samples": 5}, {"samples": 10**6}, {"samples": True}, {"seed": -1}, {"seed": "a"}):
        with pytest.raises(ConfigError):
            _explored.answer(where, "weak", **asked)

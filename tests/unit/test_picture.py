"""What is drawn of a run on points: slopes against finite differences, pulls against the loss itself, the warped grid of noise."""

from __future__ import annotations

import dataclasses
import math

import _tiny
import numpy as np
import pytest
import torch
from scipy.stats import norm

from gan_core import registry
from gan_core.players import Players, draw_latents
from gan_core.runs.picture import ARROWS, SHEET_ROWS, picture, sheet_of
from gan_core.trainer import Trainer

TINY_MOVE = 1e-5


def exact(trainer: Trainer) -> Players:
    """The networks in double precision."""
    players = trainer.players.copy()
    return dataclasses.replace(players, g=players.g.double(), average=players.average.double(), d=players.d.double())


def test_the_slope_is_what_the_critic_gains_in_data_units() -> None:
    players = exact(_tiny.trained(_tiny.points(data__name="grid", discriminator__activation="tanh"), 3))
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for axis in range(2):
        move = torch.zeros(2, dtype=torch.float64)
        move[axis] = TINY_MOVE
        logits = [players.d(players.data.from_units(x + sign * move)) for sign in (1, -1)]  # type: ignore[union-attr]
        assert torch.allclose(
            players.slope(x)[:, axis].double(), (logits[0] - logits[1]).detach() / (2 * TINY_MOVE), atol=1e-5
        )


@pytest.mark.parametrize("loss", list(registry.loss))
def test_pull_times_slope_is_where_the_generators_loss_pushes_its_samples(loss: str) -> None:
    players = exact(_tiny.trained(_tiny.points(loss=loss, discriminator__activation="tanh"), 3))
    rng = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(8, 2, generator=rng, dtype=torch.float64) for _ in range(2))

    def g_loss(samples: torch.Tensor) -> float:
        return float(registry.loss[loss].value(players.d(real), players.d(samples))[1])

    with torch.no_grad():
        logits = players.d(real), players.d(fake)
    pushed = players.pull(*logits)[:, None] * players.slope(fake).double()
    for i in range(3):
        for axis in range(2):
            move = torch.zeros_like(fake)
            move[i, axis] = TINY_MOVE
            slope = (g_loss(fake + move) - g_loss(fake - move)) / (2 * TINY_MOVE)
            assert float(pushed[i, axis]) == pytest.approx(-len(fake) * slope, rel=1e-4, abs=1e-5)


def test_every_layer_is_of_the_very_samples_on_the_screen() -> None:
    trainer = _tiny.trained(_tiny.points(data__name="grid"), 3)
    made = picture(trainer.players)
    arrays = made["arrays"]
    assert {a.dtype for name, a in arrays.items() if name != "field"} == {np.dtype(np.float32)}
    for samples, logits, slope in (("fake", "logits_fake", "slope"), ("fake_live", "logits_live", "slope_live")):
        x = torch.from_numpy(arrays[samples])
        assert np.allclose(arrays[logits], trainer.critic(x).numpy(), atol=1e-5)
        assert np.allclose(arrays[slope], trainer.players.slope(x[:ARROWS]).numpy(), atol=1e-5)
    assert np.array_equal(arrays["noise"], trainer.preview.latents.numpy())
    assert made["sheet"] == "grid"
    corner = torch.from_numpy(arrays["sheet_noise"][0, 0])[None]
    assert np.allclose(arrays["sheet"][0, 0], trainer.sample(corner)[0].numpy(), atol=1e-5)
    assert np.allclose(arrays["sheet_live"][0, 0], trainer.sample(corner, averaged=False)[0].numpy(), atol=1e-5)


# ── noise ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_gaussian_sheet_has_as_much_noise_in_every_square() -> None:
    sheet = sheet_of(2, "gaussian")
    assert (sheet.kind, sheet.shape) == ("grid", (SHEET_ROWS, SHEET_ROWS))
    along = sheet.places[0, :, 0].numpy()
    assert np.allclose(np.diff(norm.cdf(along)), 1 / SHEET_ROWS, atol=1e-6)
    assert np.array_equal(sheet.places[:, 0, 1].numpy(), along)  # the lowest row first
    drawn = draw_latents(100_000, 2, "gaussian", torch.Generator().manual_seed(0)).numpy()
    counts, *_ = np.histogram2d(drawn[:, 0], drawn[:, 1], bins=[along, along])
    assert abs(counts / counts.mean() - 1).max() < 0.35  # 227 each, give or take 15


def test_a_uniform_sheet_ends_where_the_noise_does() -> None:
    places = sheet_of(2, "uniform").places
    assert places.amin() == -1
    assert places.amax() == 1
    assert np.allclose(np.diff(places[3, :, 0].numpy()), 2 / (SHEET_ROWS - 1), atol=1e-6)


@pytest.mark.parametrize("dim", [2, 5])
def test_noise_on_a_sphere_is_a_closed_circle_on_it(dim: int) -> None:
    sheet = sheet_of(dim, "sphere")
    assert sheet.kind == ("circle" if dim == 2 else "slice circle")
    assert torch.allclose(sheet.latents.norm(dim=1), torch.tensor(math.sqrt(dim)), atol=1e-5)
    assert torch.allclose(sheet.places[0, 0], sheet.places[0, -1], atol=1e-5)


@pytest.mark.parametrize("distribution", ["gaussian", "uniform", "sphere"])
def test_one_number_of_noise_is_a_line(distribution: str) -> None:
    sheet = sheet_of(1, distribution)
    assert sheet.kind == "line"
    assert sheet.latents.shape == (sheet.shape[1], 1)
    assert (sheet.latents[1:] > sheet.latents[:-1]).all()
    assert sheet.places[..., 1].abs().max() == 0


def test_of_many_dimensions_two_vary_and_the_rest_is_in_the_middle() -> None:
    sheet = sheet_of(7, "gaussian")
    assert sheet.kind == "slice grid"
    assert sheet.latents.shape == (SHEET_ROWS**2, 7)
    assert sheet.latents[:, 2:].abs().max() == 0
    assert torch.equal(sheet.latents[:, :2], sheet.places.view(-1, 2))

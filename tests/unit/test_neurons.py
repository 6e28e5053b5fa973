"""What neurons compute over the plane, against small networks worked out by hand."""

from __future__ import annotations

from typing import Any

import _tiny
import numpy as np
import pytest
import torch

from gan_core import neurons
from gan_core.neurons import LARGE, LINE, MOST, SMALL, Maps
from gan_core.runs import wishes
from gan_core.trainer import Trainer


def centres(low: float, high: float, cells: int) -> np.ndarray:
    return low + (np.arange(cells) + 0.5) / cells * (high - low)


def fill(module: torch.nn.Module, *values: Any) -> None:
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(value))


def by_hand() -> Trainer:
    """Both networks with one hidden layer of two neurons whose weights are known."""
    trainer = Trainer(_tiny.points(generator__hidden=(2,), discriminator__hidden=(2,), discriminator__activation="relu",
                                   generator__activation="tanh"))  # fmt: skip
    fill(trainer.d, [[1.0, -2.0], [0.5, 0.25]], [0.1, -0.2], [[3.0, -1.0]], [0.5])
    fill(trainer.ema.module, [[0.3, 0.0], [0.0, -0.7]], [0.0, 0.1], [[1.0, 2.0], [-1.0, 0.5]], [0.2, 0.0])
    return trainer


def test_the_discriminators_neurons_over_the_data_by_hand() -> None:
    trainer = by_hand()
    x0, x1, y0, y1 = trainer.data.extent  # type: ignore[union-attr]
    scale = trainer.data.scale  # type: ignore[union-attr]
    y, x = np.meshgrid(centres(y0, y1, LARGE), centres(x0, x1, LARGE), indexing="ij")
    x, y = x / scale, y / scale
    first, second = np.maximum(0, x - 2 * y + 0.1), np.maximum(0, 0.5 * x + 0.25 * y - 0.2)
    found = Maps(trainer.players).close([("d", 1, 1), ("d", 1, 2), ("d", 2, 1)])
    expected = {"neuron:d.1.1": first, "neuron:d.1.2": second, "neuron:d.2.1": 3 * first - second + 0.5}
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], values, atol=1e-5)
    logits = trainer.critic(neurons.lattice(trainer.data.extent, LARGE))  # type: ignore[union-attr]
    np.testing.assert_allclose(found["neuron:d.2.1"].ravel(), logits.numpy(), atol=1e-5)


def test_the_averaged_generators_neurons_over_the_noise_by_hand() -> None:
    trainer = by_hand()
    z1, z0 = np.meshgrid(centres(-2.5, 2.5, LARGE), centres(-2.5, 2.5, LARGE), indexing="ij")
    first, second = np.tanh(0.3 * z0), np.tanh(0.1 - 0.7 * z1)
    found = Maps(trainer.players).close([("g", 1, 2), ("g", 2, 1), ("g", 2, 2)])
    np.testing.assert_allclose(found["neuron:g.1.2"], second, atol=1e-5)
    scale = trainer.data.scale  # type: ignore[union-attr]
    np.testing.assert_allclose(found["neuron:g.2.1"], (first + 2 * second + 0.2) * scale, atol=1e-5)
    np.testing.assert_allclose(found["neuron:g.2.2"], (0.5 * second - first) * scale, atol=1e-5)


def test_thumbnails_are_the_same_neurons_with_zero_in_the_middle() -> None:
    trainer = by_hand()
    found = Maps(trainer.players).thumbnails()
    assert {name: a.shape for name, a in found.items()} == {
        "neurons:g.1": (2, SMALL, SMALL), "neurons:g.2": (2, SMALL, SMALL), "neurons:d.1": (2, SMALL, SMALL),
        "neurons:d.2": (1, SMALL, SMALL)}  # fmt: skip
    x0, x1, y0, y1 = (v / trainer.data.scale for v in trainer.data.extent)  # type: ignore[union-attr]
    y, x = np.meshgrid(centres(y0, y1, SMALL), centres(x0, x1, SMALL), indexing="ij")
    first = np.maximum(0, x - 2 * y + 0.1)
    assert np.abs(found["neurons:d.1"][0] - (first / first.max() + 1) * 127.5).max() <= 0.51
    assert found["neurons:d.1"].min() == 128  # nothing below zero after ReLU, and 127.5 is rounded up


def test_a_neuron_that_hardly_moves_looks_faint_and_a_dead_one_flat() -> None:
    trainer = by_hand()
    fill(trainer.d, [[1.0, -2.0], [1e-6, 0.0]], [0.1, 0.0], [[0.0, 0.0]], [0.0])
    found = Maps(trainer.players).thumbnails()
    assert np.ptp(found["neurons:d.1"][1]) == 0
    assert (found["neurons:d.2"] == 128).all()


@pytest.mark.parametrize(
    ("distribution", "dim", "half"), [("gaussian", 1, 2.5), ("uniform", 3, 1.0), ("sphere", 2, 1.25 * 2**0.5)]
)
def test_the_noise_plane(distribution: str, dim: int, half: float) -> None:
    trainer = Trainer(_tiny.points(latent__dim=dim, latent__distribution=distribution))
    places = neurons.noise_lattice(trainer.config.latent, SMALL)
    assert places.shape == (LINE * SMALL if dim == 1 else SMALL**2, dim)
    assert float(places[:, 0].max()) == pytest.approx(
        half * (1 - 1 / len(centres(0, 1, LINE * SMALL if dim == 1 else SMALL)))
    )
    assert not places[:, 2:].any()
    thumbnail = Maps(trainer.players).thumbnails()["neurons:g.1"]
    assert thumbnail.shape == ((8, LINE * SMALL) if dim == 1 else (8, SMALL, SMALL))
    assert Maps(trainer.players).close([("g", 1, 1)])["neuron:g.1.1"].shape == (
        (LINE * LARGE,) if dim == 1 else (LARGE, LARGE)
    )


@pytest.mark.parametrize("norm", ["batch", "layer", "instance"])
def test_looking_changes_nothing_and_rows_do_not_see_each_other(norm: str) -> None:
    config = _tiny.points(generator__norm=norm, discriminator__norm=norm, penalty="none",
                          discriminator__spectral_norm=True)  # fmt: skip
    trainer, other = (_tiny.trained(config, 3) for _ in range(2))
    found = Maps(trainer.players).close([("d", 2, 3)])["neuron:d.2.3"]
    wishes.granted(trainer.players, frozenset({"neurons", "neuron:g.1.1"}))
    _tiny.assert_same(trainer.state_dict(), other.state_dict())
    assert trainer.g.training
    assert trainer.d.training
    places = neurons.lattice(trainer.data.extent, LARGE) / trainer.data.scale  # type: ignore[union-attr]
    alone = neurons.activations(trainer.d, places[1234:1235])[1][0, 2]
    assert float(alone) == pytest.approx(found.flat[1234], abs=1e-5)
    for run in (trainer, other):
        run.step()
    _tiny.assert_same(trainer.state_dict(), other.state_dict())


def test_wide_layers_are_cut_and_what_is_not_there_is_left_out() -> None:
    trainer = Trainer(_tiny.points(discriminator__hidden=(40, 8)))
    assert len(Maps(trainer.players).thumbnails()["neurons:d.1"]) == MOST
    found = wishes.granted(
        trainer.players, frozenset({"neuron:d.1.40", "neuron:d.1.41", "neuron:d.9.1", "neuron:g.0.1"})
    )
    assert list(found) == ["neuron:d.1.40"]


def test_pictures_have_no_such_maps() -> None:
    trainer = Trainer(_tiny.pictures(), _tiny.images())
    assert wishes.granted(trainer.players, frozenset({"neurons", "neuron:d.1.1"})) == {}
    assert neurons.describe(_tiny.pictures()) == {}


def test_layers_are_described_as_they_are() -> None:
    config = _tiny.points(latent__dim=3, generator__hidden=(5, 7), generator__norm="batch")
    described, trainer = neurons.describe(config), Trainer(config)
    assert [layer.neurons for layer in described["g"]] == [5, 7, 2]
    assert [layer.neurons for layer in described["d"]] == [8, 8, 1]
    for player, network in (("g", trainer.g), ("d", trainer.d)):
        assert sum(layer.parameters for layer in described[player]) == sum(p.numel() for p in network.parameters())


def test_numbers_that_are_none_stay_out_of_the_maps() -> None:
    trainer = by_hand()
    fill(trainer.d, [[float("nan"), 0.0], [float("inf"), 0.0]], [0.0, 0.0], [[1.0, 1.0]], [0.0])
    found = wishes.granted(trainer.players, frozenset({"neurons", "neuron:d.1.2", "neuron:d.2.1"}))
    assert all(np.isfinite(a).all() for a in found.values())


@pytest.mark.parametrize("names", ["neurons", {"neurons": 1}, ["neuron:x.1.1"], ["neuron:d.1"], ["neurons", 3], [None],
                                   ["neuron:d.1.12345"], ["neuron:d.١.1"], ["neurons"] * 9, ["neuron:d.1.1\n"]])  # fmt: skip
def test_wishes_that_are_none(names: object) -> None:
    assert wishes.read(names) is None


def test_wishes_of_several_are_put_together_up_to_a_limit() -> None:
    assert wishes.read([]) == frozenset()
    assert wishes.read(["neurons", "neuron:d.1.5"]) == {"neurons", "neuron:d.1.5"}
    many = [frozenset(f"neuron:d.{layer}.{k}" for k in range(1, 9)) for layer in range(1, 9)]
    together = wishes.together([frozenset({"neurons"}), *many])
    assert len(together) == wishes.ALTOGETHER
    assert {"neurons", *many[0], *many[1]} <= together

"""Gradient norms by layer against autograd written out, and what a layer is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from test_session import new, run_to
from torch import nn

from gan_core import registry
from gan_core.config import RunConfig
from gan_core.layers import KINDS, gradient_norms, layers
from gan_core.networks import on_meta
from gan_core.trainer import Trainer

VARIANTS: list[dict[str, Any]] = [
    {}, {"generator__norm": "batch", "discriminator__norm": "layer"}, {"discriminator__spectral_norm": True},
    {"generator__attention": True, "discriminator__attention": True},
    {"generator__conditioning": "norm", "discriminator__conditioning": "projection", "generator__norm": "batch"},
    {"generator__network": "mlp", "discriminator__network": "mlp"},
]  # fmt: skip


def test_the_norms_are_those_of_a_gradient_written_out() -> None:
    torch.manual_seed(0)
    first, second = nn.Linear(3, 4), nn.Linear(4, 1)
    network = nn.Sequential(first, nn.ReLU(), second)
    x = torch.randn(5, 3)
    loss = network(x).square().mean()
    torch.autograd.backward(loss)
    # by hand: L = mean o², o = W₂ relu(h) + b₂, h = W₁ x + b₁
    with torch.no_grad():
        h = first(x)
        a = h.relu()
        by_o = 2 * second(a) / len(x)
        by_h = by_o @ second.weight * (h > 0)
        wanted = [
            torch.cat([(by_h.T @ x).flatten(), by_h.sum(0)]).norm(),
            torch.cat([(by_o.T @ a).flatten(), by_o.sum(0)]).norm(),
        ]
    np.testing.assert_allclose(gradient_norms(layers(network)), wanted, rtol=1e-5)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_every_parameter_is_in_one_layer_and_together_they_are_the_whole_gradient(changes: dict[str, Any]) -> None:
    trainer = Trainer(_tiny.pictures(**changes))
    trainer.step()
    stats = trainer.read_stats()
    for network, whole in ((trainer.g, stats.g_gradient), (trainer.d, stats.d_gradient)):
        found = layers(network)
        assert sorted(map(id, (p for layer in found for p in layer.parameters))) == sorted(
            map(id, network.parameters())
        )
        norms = gradient_norms(found)
        np.testing.assert_allclose(norms.norm(), whole, rtol=1e-5)
        for layer, norm in zip(found, norms, strict=True):
            alone = torch.cat([p.grad.flatten() for p in layer.parameters if p.grad is not None])
            np.testing.assert_allclose(norm, alone.norm(), rtol=1e-5)


def test_layers_are_called_by_what_they_are() -> None:
    trainer = Trainer(
        _tiny.pictures(generator__attention=True, generator__norm="batch", generator__upsampling="transposed")
    )
    said = [layer.said for layer in layers(trainer.g)]
    assert said == [["linear", 2, 64, 0], ["attention", 4, 4, 0], ["transposed", 4, 1, 4]]
    assert [layer.kind for layer in layers(trainer.d)] == ["convolution", "linear"]
    points = Trainer(_tiny.points())
    assert [layer.said for layer in layers(points.g)] == [["linear", 2, 8, 0], ["linear", 8, 8, 0], ["linear", 8, 2, 0]]


def test_layers_of_other_makes_are_named_by_their_shapes() -> None:
    class Modulated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(6, 5, 3, 3))
            self.strength = nn.Parameter(torch.zeros(()))
            self.style = nn.Linear(7, 5)

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.start = nn.Parameter(torch.zeros(4))

    found = layers(nn.Sequential(Constant(), nn.BatchNorm1d(4), Modulated()))
    assert [layer.said for layer in found] == [["other", 0, 0, 0], ["convolution", 5, 6, 3], ["linear", 7, 5, 0]]
    assert [len(layer.parameters) for layer in found] == [3, 2, 2]
    assert gradient_norms(found).isnan().all()
    assert all(layer.kind in KINDS for layer in found)


def test_learned_pictures_that_a_generator_begins_with() -> None:
    for network in ("r3gan", "style"):
        config = _tiny.pictures(generator__network=network, data__image_size=16)
        found = layers(on_meta(config, (1, 16, 16))[0])
        assert found[0].said == ["first", 0, 16, 4]  # four times the width, since its side doubles twice
        assert len(found[0].parameters) == 1


@pytest.mark.parametrize("name", [e.name for e in registry.network.entries() if "pairs" not in e.info["kinds"]])
def test_every_family_has_layers(name: str) -> None:
    kind = "images" if "points" not in registry.network[name].info["kinds"] else "points"
    config: RunConfig = (_tiny.points if kind == "points" else _tiny.pictures)(generator__network=name)
    shape = (2,) if kind == "points" else (1, 8, 8)
    for network in on_meta(config, shape):
        assert len(layers(network)) > 1


def test_a_frame_says_them_and_the_run_does_not_change(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 3)
    session._look()
    said = session.latest.layers
    trainer = session.trainer
    assert trainer is not None
    for who, network in (("g", trainer.g), ("d", trainer.d)):
        assert said[who]["kinds"] == [layer.said for layer in layers(network)]
        np.testing.assert_allclose(said[who]["norms"], gradient_norms(layers(network)), rtol=1e-6)
    assert b'"layers"' in session.frame()

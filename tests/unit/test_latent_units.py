"""Channels switched off and on, against networks whose weights were changed by hand; and the ones that draw a region."""

from __future__ import annotations

import copy

import _tiny
import pytest
import torch
from torch import Tensor, nn

from gan_core.errors import ConfigError
from gan_core.latent.units import layers, responsible, switched
from gan_core.networks import build_generator


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def generator(network: str, **changes: object) -> nn.Module:
    config = _tiny.pictures(generator__network=network, data__image_size=16, **changes)
    g = build_generator(config, (1, 16, 16), torch.Generator().manual_seed(1)).eval().requires_grad_(False)
    for p in g.parameters():  # blocks begin by adding nothing
        p += 0.05 * randn(*p.shape, seed=p.numel())
    return g


@pytest.mark.parametrize(("network", "channels", "sizes"), [
    ("mlp", [8, 8], [(1, 1), (1, 1)]), ("dcgan", [4], [(8, 8)]), ("r3gan", [16, 16, 8, 8, 4, 4], [(4, 4), (4, 4), (8, 8), (8, 8), (16, 16), (16, 16)]),
    ("style", [16, 8, 8, 4, 4], [(4, 4), (8, 8), (8, 8), (16, 16), (16, 16)]),
])  # fmt: skip
def test_the_layers(network: str, channels: list[int], sizes: list[tuple[int, int]]) -> None:
    found = layers(generator(network), randn(2, 2))
    found = found[-len(channels) :]  # of a style-based one, those of its mapping come first
    assert [layer.channels for layer in found] == channels
    assert [layer.size for layer in found] == sizes


@pytest.mark.parametrize("network", ["mlp", "dcgan", "r3gan", "style"])
def test_a_factor_changes_the_picture_while_it_lasts(network: str) -> None:
    g, z = generator(network), randn(3, 2)
    places, before = layers(g, z), g(z)
    with switched(places, {(len(places) - 1, 1): 0.0}):
        assert not torch.allclose(g(z), before)
    with switched(places, {(len(places) - 1, 1): 1.0}):
        assert torch.allclose(g(z), before)
    assert torch.equal(g(z), before)


def test_silencing_is_what_a_weight_of_zero_does() -> None:
    g, z = generator("mlp"), randn(3, 2)
    places = layers(g, z)
    by_hand = copy.deepcopy(g)
    following = [m for m in by_hand.modules() if isinstance(m, nn.Linear)][1]
    following.weight[:, 5] = 0
    with switched(places, {(0, 5): 0.0}):
        assert torch.allclose(g(z), by_hand(z))
    following.weight[:, 5] = 3 * [m for m in g.modules() if isinstance(m, nn.Linear)][1].weight[:, 5]
    with switched(places, {(0, 5): 3.0}):
        assert torch.allclose(g(z), by_hand(z), atol=1e-6)


def test_an_error_inside_leaves_no_trace() -> None:
    g, z = generator("dcgan"), randn(3, 2)
    places, before = layers(g, z), g(z)
    with pytest.raises(RuntimeError, match="stumbled"), switched(places, {(0, 0): 0.0}):
        raise RuntimeError("stumbled")
    assert torch.equal(g(z), before)


@pytest.mark.parametrize("place", [(9, 0), (0, 99), (-1, 0)])
def test_what_there_is_not(place: tuple[int, int]) -> None:
    g = generator("dcgan")
    with pytest.raises(ConfigError, match="There is no channel"), switched(layers(g, randn(1, 2)), {place: 0.0}):
        pass


def test_the_channel_that_draws_a_region_comes_first() -> None:
    """A network whose first channel draws the left half, the second the right one, and the third nothing."""

    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            left = torch.zeros(4, 4)
            left[:, :2] = 1
            self.maps = nn.Parameter(torch.stack([left, 2 * (1 - left), 0 * left]), requires_grad=False)

        def forward(self, h: Tensor) -> Tensor:
            return (h * self.maps).sum(1, keepdim=True).tanh() * 0.5

    class Spread(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, :, None, None].expand(-1, -1, 4, 4)

    g, z = nn.Sequential(Spread(), nn.ReLU(), Halves()), randn(5, 3).abs()
    region = torch.zeros(4, 4)
    region[1:3, :2] = 1
    places = layers(g, z)
    (only,) = places
    assert (only.channels, only.size) == (3, (4, 4))
    found = responsible(g, places, 0, z, region)
    assert found[0] > 0
    assert found[1:].tolist() == [0, 0]
    h = z[:, 0]
    expected = (4 * h * 0.5 * (1 - h.tanh() ** 2)).mean()  # |a ∂s/∂a| on the region's four places
    assert found[0] == pytest.approx(float(expected), rel=1e-5)


def test_in_flat_layers_it_is_the_same_sum() -> None:
    g, z = generator("mlp"), randn(4, 2)
    places = layers(g, z)
    found = responsible(g, places, 1, z, torch.ones(16, 16))
    assert found.shape == (8,)
    assert bool((found >= 0).all())

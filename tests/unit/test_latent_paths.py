"""Ways through latent space: ends, lengths and angles against what is written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_core.errors import ConfigError
from gan_core.latent import paths

T = torch.linspace(0, 1, 11, dtype=torch.float64)
SQUARE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("way", list(paths.WAYS))
def test_ends_are_exact(way: str) -> None:
    a, b = randn(2, 16)
    found = paths.WAYS[way](a, b, T)
    assert torch.equal(found[0], a)
    assert torch.equal(found[-1], b)


def test_an_arc_turns_evenly_and_keeps_its_length() -> None:
    a, b = randn(2, 7)
    found = paths.slerp(a, b * 3, T).double().numpy()
    one = (a / a.norm()).double().numpy()
    between = math.acos(float(one @ (b / b.norm()).double().numpy()))
    turned = [math.acos(min(1.0, float(one @ v) / float(np.linalg.norm(v)))) for v in found]
    np.testing.assert_allclose(turned, np.linspace(0, between, 11), atol=1e-3)
    lengths = np.linspace(float(a.norm()), 3 * float(b.norm()), 11)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), lengths, rtol=1e-5)


def test_in_the_plane_it_is_a_rotation() -> None:
    found = paths.slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), T)
    turn = T * math.pi / 2
    assert torch.allclose(found.double(), torch.stack([turn.cos(), turn.sin()], 1), atol=1e-6)


def test_opposite_and_equal_directions() -> None:
    a = randn(5)
    found = paths.slerp(a, -a, T)
    assert torch.allclose(found.norm(dim=1), a.norm().expand(11), rtol=1e-5)
    assert torch.allclose(found[5] @ a, torch.zeros(()), atol=1e-5)
    assert torch.allclose(paths.slerp(a, 2 * a, T), paths.lerp(a, 2 * a, T), rtol=1e-5)
    with pytest.raises(ConfigError, match="length 0"):
        paths.slerp(torch.zeros(5), a, T)


@pytest.mark.parametrize("way", list(paths.WAYS))
def test_a_loop_passes_through_every_place_and_closes(way: str) -> None:
    places = randn(4, 6)
    found = paths.loop(places, 5, way)
    assert found.shape == (20, 6)
    assert torch.equal(found[::5], places)
    steps = (found - found.roll(-1, 0)).norm(dim=1)
    assert float(steps.max()) < 2.5 * float(steps.min()) * float(
        (places.norm(dim=1).max() / places.norm(dim=1).min()) ** 2
    )
    with pytest.raises(ConfigError, match="two places"):
        paths.loop(places[:1], 5)


def test_a_blend() -> None:
    anchors = randn(4, 8)
    even = torch.full((4,), 0.25)
    assert torch.allclose(paths.blend(anchors, even, keep_length=False), anchors.mean(0))
    assert paths.blend(anchors, even, keep_length=True).norm() == pytest.approx(float(anchors.norm(dim=1).mean()))
    assert torch.equal(paths.blend(anchors, torch.tensor([0.0, 0.0, 1.0, 0.0]), keep_length=True), anchors[2])


def polygon(corners: int) -> torch.Tensor:
    turn = torch.arange(corners, dtype=torch.float64) * 2 * math.pi / corners
    return torch.stack([turn.cos(), turn.sin()], 1)


@given(st.integers(3, 9), st.floats(0, 0.999), st.floats(0, 2 * math.pi))
def test_weights_of_the_pad_give_the_point_back(corners: int, radius: float, turn: float) -> None:
    """What makes them coordinates: no weight below 0, their sum 1, and Σ wᵢ cornerᵢ the point."""
    places = polygon(corners)
    radius *= math.cos(math.pi / corners)  # within the polygon
    point = (radius * math.cos(turn), radius * math.sin(turn))
    weights = paths.pad_weights(point, places)
    assert float(weights.min()) >= 0
    assert float(weights.sum()) == pytest.approx(1)
    np.testing.assert_allclose(weights @ places, point, atol=1e-6)


def test_corners_edges_and_what_lies_outside() -> None:
    for i, corner in enumerate(SQUARE.tolist()):
        assert paths.pad_weights((corner[0], corner[1]), SQUARE).tolist() == [float(j == i) for j in range(4)]
    assert paths.pad_weights((0.25, 0.0), SQUARE).tolist() == [0.75, 0.25, 0.0, 0.0]
    assert paths.pad_weights((0.25, -3.0), SQUARE).tolist() == [0.75, 0.25, 0.0, 0.0]
    assert paths.pad_weights((5.0, 5.0), SQUARE).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert paths.pad_weights((0.5, 0.5), SQUARE).tolist() == pytest.approx([0.25] * 4)

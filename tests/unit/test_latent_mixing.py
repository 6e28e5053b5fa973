"""Styles mixed layer by layer, the noise of single layers, and one noise asked for every class."""

from __future__ import annotations

from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch

from gan_core.errors import ConfigError
from gan_core.latent.explorer import Room
from gan_core.latent.tools import noises
from gan_core.networks.style import StyleGenerator

A, B = {"seed": 1}, {"seed": 2}
LAYERS = 6  # 4, 8, 8, 16, 16 and the picture
FULL = [[k, None] for k in range(LAYERS - 1)]


@pytest.fixture(scope="module")
def style() -> Room:
    return _explored.stirred(
        _tiny.pictures(
            generator__network="style", generator__norm="none", data__image_size=16, generator__truncation=0.8
        ),
        noise=0.3,
    )


def pictures(room: Room, *places: Any, **look: Any) -> np.ndarray:
    found: np.ndarray = _explored.answer(room, "draw", places=list(places), **look).arrays["samples"]
    return found


# ── mixing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_first_layer_it_is_b_and_from_behind_the_last_a(style: Room) -> None:
    assert style.explored.layer_names[-1] == "picture"
    assert len(style.explored.layer_names) == LAYERS
    every = pictures(style, A, B, {"mix": [A, B], "from": 0}, {"mix": [A, B], "from": LAYERS})
    assert not np.array_equal(every[0], every[1])
    assert np.array_equal(every[2], every[1])
    assert np.array_equal(every[3], every[0])


def test_a_range_of_layers_comes_from_b(style: Room) -> None:
    """As the table asks for it: what is before and behind the range is a's."""
    middle = style.settled({"mix": [{"mix": [A, B], "from": 2}, A], "from": 4})
    a, b = (style.explored.styles(style.settled(place)[None])[0] for place in (A, B))
    assert torch.equal(middle, torch.cat([a[:2], b[2:4], a[4:]]))
    assert torch.equal(style.settled({"mix": [B, A], "from": 2}), torch.cat([b[:2], a[2:]]))
    g = style.explored.g
    assert isinstance(g, StyleGenerator)
    by_hand = g.synthesis(g.mean + 0.8 * (middle[None] - g.mean)).clamp(-1, 1)
    drawn = style.explored.draw(middle[None])
    assert torch.allclose(drawn, by_hand, atol=1e-6)


def test_only_styles_can_be_mixed() -> None:
    with pytest.raises(ConfigError, match="style-based"):
        _explored.stirred(_tiny.pictures()).settled({"mix": [A, B], "from": 0})


# ── noise ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_noise_that_is_off_is_a_strength_of_zero(style: Room) -> None:
    with_noise, without = pictures(style, A), pictures(style, A, noise=FULL)
    assert not np.array_equal(with_noise, without)
    silent = _explored.stirred(style.explored.config, noise=0.0)
    assert np.array_equal(pictures(silent, A), without)
    assert np.array_equal(pictures(silent, A, noise=[[2, 5]]), without)
    assert np.array_equal(pictures(style, A), with_noise)  # nothing has stayed changed
    assert np.array_equal(pictures(style, A, noise=[]), with_noise)


def test_another_noise_is_that_of_its_seed_in_its_layer_alone(style: Room) -> None:
    explored = style.explored
    usual, again, both = (explored.noise_maps(noise) for noise in ({}, {3: 7}, {1: 7, 3: 7}))
    assert [m.shape[2:] for m in usual] == [(4, 4), (8, 8), (8, 8), (16, 16), (16, 16)]
    assert all(torch.equal(usual[k], again[k]) for k in (0, 1, 2, 4))
    assert torch.equal(again[3], both[3])
    assert not torch.equal(again[3], usual[3])
    assert not torch.equal(*(explored.noise_maps({1: 7, 2: 7})[k] for k in (1, 2)))
    assert np.array_equal(pictures(style, A, noise=[[3, 7]]), pictures(style, A, noise=[[3, 7]]))
    assert not np.array_equal(pictures(style, A, noise=[[3, 7]]), pictures(style, A, noise=[[3, 8]]))
    g = explored.g
    assert isinstance(g, StyleGenerator)
    w = explored.styles(style.settled(A)[None])
    assert torch.equal(explored.draw(w, 1.0, noise={3: 7}), g.synthesis(w, again).clamp(-1, 1))
    assert torch.equal(explored.draw(w, 1.0, noise={}), g.synthesis(w).clamp(-1, 1))


def test_noise_goes_together_with_channels_that_are_off(style: Room) -> None:
    last = len(style.explored.unit_layers) - 1
    off = pictures(style, A, off=[[last, 0, 0.0]], noise=FULL)
    assert not np.array_equal(off, pictures(style, A, off=[[last, 0, 0.0]]))
    assert not np.array_equal(off, pictures(style, A, noise=FULL))


@pytest.mark.parametrize("noise", [[[LAYERS - 1, 3]], [[0, -1]], [[0]], [3], "all", [[0, 1.5]]])
def test_noise_that_there_is_not_is_refused(style: Room, noise: Any) -> None:
    with pytest.raises(ConfigError):
        pictures(style, A, noise=noise)


def test_only_styles_have_noise() -> None:
    found = _explored.stirred(_tiny.pictures())
    with pytest.raises(ConfigError, match="noise in its layers"):
        pictures(found, A, noise=[[0, 1]])
    with pytest.raises(ConfigError, match="noise in its layers"):
        found.explored.draw(found.settled(A)[None], noise={0: 1})
    with pytest.raises(ConfigError, match="noise in its layers"):
        _explored.answer(found, "noises", place=A)
    assert found.explored.noise_strengths == []


def test_where_the_noise_changes_the_picture(style: Room) -> None:
    answer = _explored.answer(style, "noises", place=A)
    assert answer.arrays["spread"].shape == (LAYERS - 1, 1, 16, 16)
    assert answer.facts["strengths"] == pytest.approx([0.3] * 5)
    w = style.explored.styles(style.settled(A)[None])
    maps = []
    for layer in range(LAYERS - 1):
        drawn = [style.explored.draw(w, noise={layer: noises._FIRST + i}) for i in range(noises.DRAWS)]
        maps.append(np.std(np.concatenate(drawn)[:, 0] / 2, axis=0, ddof=1))
    np.testing.assert_allclose(answer.facts["means"], [m.mean() for m in maps], rtol=1e-4)
    most = max(m.max() for m in maps)
    assert answer.facts["most"] == pytest.approx(most, rel=1e-4)
    np.testing.assert_allclose(answer.arrays["spread"][:, 0], np.array(maps) / most * 255, atol=0.51)
    silent = _explored.answer(_explored.stirred(style.explored.config), "noises", place=A)
    assert silent.facts["most"] == 0
    assert not silent.arrays["spread"].any()


def test_the_spread_of_colours_is_that_of_their_mean_variance() -> None:
    x = torch.rand(9, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    wanted = np.sqrt(np.var(x.double().numpy() / 2, axis=0, ddof=1).mean(0))
    np.testing.assert_allclose(noises.spread(x), wanted, rtol=1e-5)


# ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_of_classes_is_what_each_draw_gives() -> None:
    found = _explored.stirred(
        _tiny.pictures(generator__conditioning="concat", discriminator__conditioning="projection")
    )
    explored = found.explored
    assert len(explored.class_names) == 10
    for seed in (0, 3):
        z = explored.seed(seed)[: explored.dim]
        direct = torch.stack([torch.cat([z, torch.eye(10)[k]]) for k in range(10)])
        said = [{"seed": seed, "class": k} for k in range(10)]
        latent = [{"of": {"seed": seed}, "class": k} for k in range(10)]
        wanted = ((explored.players.sample(direct) + 1) * 127.5).round().to(torch.uint8).numpy()
        assert np.array_equal(pictures(found, *said), wanted)
        assert np.array_equal(pictures(found, *latent), wanted)
        assert len({row.tobytes() for row in wanted}) == 10

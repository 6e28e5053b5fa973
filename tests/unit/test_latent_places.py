"""Places in latent space: whatever they are made of, they are the latent that they should be, and nothing else is taken for one."""

from __future__ import annotations

import base64
import math
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch

from gan_core.errors import ConfigError
from gan_core.latent import maps, reading
from gan_core.latent.directions import Directions
from gan_core.latent.places import Known
from gan_core.players import one_hot

SQUARE = [[-1, 1], [1, 1], [1, -1], [-1, -1]]
SEEDS = [{"seed": seed} for seed in range(4)]


@pytest.fixture(scope="module")
def plain() -> Any:
    return _explored.room(_tiny.pictures(latent__dim=6))


@pytest.fixture(scope="module")
def styled() -> Any:
    return _explored.room(_tiny.pictures(**_explored.STYLES))


@pytest.fixture(scope="module")
def told() -> Any:
    return _explored.room(_tiny.pictures(**_explored.TOLD))


def test_a_seed_is_the_latent_of_a_seed(plain: Any) -> None:
    assert torch.equal(plain.settled({"seed": 5}), plain.explored.seed(5))
    assert not torch.equal(plain.settled({"seed": 5}), plain.settled({"seed": 6}))


def test_a_latent_comes_back_as_it_went(plain: Any, styled: Any) -> None:
    z = torch.randn(6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(plain.settled({"at": reading.as_base64(z)}), z)
    ws = torch.randn(len(styled.explored.layer_names), 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(styled.settled({"at": reading.as_base64(ws)}), ws)


def test_corners_of_a_pad_are_exactly_their_places(plain: Any) -> None:
    for corner, seed in zip(SQUARE, SEEDS, strict=True):
        assert torch.equal(plain.settled({"pad": SEEDS, "corners": SQUARE, "point": corner}), plain.settled(seed))


def test_the_middle_of_a_square_has_as_much_of_each_and_keeps_the_length(plain: Any) -> None:
    rows = torch.stack([plain.settled(seed) for seed in SEEDS]).numpy()
    mean = rows.mean(0)
    middle = {"pad": SEEDS, "corners": SQUARE, "point": [0, 0]}
    np.testing.assert_allclose(plain.settled(middle | {"keep": False}), mean, atol=1e-6)
    longer = mean / np.linalg.norm(mean) * np.linalg.norm(rows, axis=1).mean()
    np.testing.assert_allclose(plain.settled(middle), longer, rtol=1e-5)


def test_styles_are_blended_without_keeping_a_length(styled: Any) -> None:
    explored = styled.explored
    ws = [explored.styles(styled.settled(seed)[None])[0] for seed in SEEDS[:2]]
    found = styled.settled({"blend": [[SEEDS[0], 0.25], [SEEDS[1], 0.75]], "space": "w"})
    torch.testing.assert_close(found, 0.25 * ws[0] + 0.75 * ws[1])


def test_a_class_is_blended_beside_the_latent(told: Any) -> None:
    found = told.settled({"blend": [[{"seed": 0, "class": 3}, 0.5], [{"seed": 1, "class": 7}, 0.5]]})
    assert found[4:].tolist() == [0, 0, 0, 0.5, 0, 0, 0, 0.5, 0, 0]


def test_the_same_latent_asked_for_another_class(told: Any) -> None:
    found = told.settled({"of": {"seed": 3}, "class": 8})
    assert torch.equal(found[:4], told.settled({"seed": 3})[:4])
    assert torch.equal(found[4:], one_hot(torch.tensor(8), 10))
    assert torch.equal(found, told.settled({"seed": 3, "class": 8}))


def test_an_arc_keeps_the_length_and_a_line_does_not(plain: Any) -> None:
    ends = {"between": [{"seed": 0}, {"seed": 1}]}
    a, b = plain.settled({"seed": 0}).norm(), plain.settled({"seed": 1}).norm()
    assert math.isclose(plain.settled(ends | {"t": 0.5}).norm(), (a + b) / 2, rel_tol=1e-5)
    assert plain.settled(ends | {"t": 0.5, "way": "straight"}).norm() < 0.95 * (a + b) / 2
    assert torch.equal(plain.settled(ends | {"t": 1}), plain.settled({"seed": 1}))


def test_styles_of_two_places_layer_by_layer(styled: Any) -> None:
    a, b = (styled.explored.styles(styled.settled(seed)[None])[0] for seed in SEEDS[:2])
    for change in range(len(a) + 1):
        found = styled.settled({"mix": SEEDS[:2], "from": change})
        assert torch.equal(found[:change], a[:change])
        assert torch.equal(found[change:], b[change:])


def test_a_move_goes_so_many_standard_deviations_along_a_direction(plain: Any) -> None:
    vector = torch.tensor([0.0, 0.6, 0, 0.8, 0, 0])
    plain.explorer.keep("mine", Known(Directions(vector[None], torch.tensor([2.0]), torch.ones(1)), "z"))
    found = plain.settled({"moved": {"seed": 0}, "by": [["mine", 0, 1.5], ["axes.z", 5, -1.0]]})
    wanted = plain.settled({"seed": 0}) + 3 * vector - torch.eye(6)[5]
    torch.testing.assert_close(found, wanted)


def test_a_move_in_styles_stays_in_its_layers(styled: Any) -> None:
    vector = torch.eye(6)[2]
    styled.explorer.keep("style", Known(Directions(vector[None], torch.tensor([0.5]), torch.ones(1)), "w"))
    own = styled.explored.styles(styled.settled({"seed": 0})[None])[0]
    found = styled.settled({"moved": {"seed": 0}, "by": [["style", 0, 2.0]], "layers": [1, 3]})
    changed = torch.zeros_like(own)
    changed[1:3, 2] = 1.0
    torch.testing.assert_close(found, own + changed)


def test_nothing_moves_without_moves(styled: Any) -> None:
    assert torch.equal(styled.settled({"moved": {"seed": 4}, "by": []}), styled.settled({"seed": 4}))


def test_a_point_of_a_slice_lies_on_the_plane_through_three_places(plain: Any) -> None:
    a, b = plain.settled({"seed": 0}), plain.settled({"seed": 1})
    slice_ = {"slice": SEEDS[:3]}
    torch.testing.assert_close(plain.settled(slice_ | {"point": [0, 0]}), a)
    torch.testing.assert_close(plain.settled(slice_ | {"point": [float((b - a).norm()), 0]}), b, atol=1e-5, rtol=1e-5)


def test_a_place_on_a_map_is_the_sample_that_lies_there(plain: Any) -> None:
    latents = plain.explored.many(20, 0)
    laid = maps.lay_out(latents, latents, "pca")
    plain.explorer.keep_map("map", laid)
    found = plain.settled({"laid": "map", "point": [float(v) for v in laid.places[7]]})
    torch.testing.assert_close(found, latents[7])


BAD: list[Any] = [
    None, 3, "seed", [], {}, {"other": 1}, {"seed": -1}, {"seed": 2**31}, {"seed": 1.5}, {"seed": True}, {"seed": "1"}, {"seed": None},
    {"seed": 1, "class": 0}, {"of": {"seed": 1}, "class": 2},
    {"at": ""}, {"at": "!!!!"}, {"at": "AAAA"}, {"at": 7}, {"at": base64.b64encode(np.full(6, np.nan, "<f4")).decode()},
    {"at": base64.b64encode(np.full(6, 1e9, "<f4")).decode()}, {"at": "A" * 100_000},
    {"blend": []}, {"blend": [[{"seed": 0}]]}, {"blend": [[{"seed": 0}, "x"]]}, {"blend": [[{"seed": 0}, float("nan")]]},
    {"blend": [[{"seed": 0}, 1]] * 13}, {"blend": [[{"seed": 0}, 1]], "space": "q"}, {"blend": [[{"seed": 0}, 1]], "keep": 1},
    {"blend": [[{"seed": 0}, 1]], "space": "w"}, {"mix": [{"seed": 0}, {"seed": 1}], "from": 0},
    {"pad": SEEDS, "corners": SQUARE[:3], "point": [0, 0]}, {"pad": SEEDS[:2], "corners": SQUARE[:2], "point": [0, 0]},
    {"pad": SEEDS, "corners": SQUARE}, {"pad": SEEDS, "corners": SQUARE, "point": [0]}, {"pad": SEEDS, "corners": SQUARE, "point": [0, 99]},
    {"between": [{"seed": 0}], "t": 0.5}, {"between": [{"seed": 0}, {"seed": 1}], "t": 1.5}, {"between": [{"seed": 0}, {"seed": 1}]},
    {"between": [{"seed": 0}, {"seed": 1}], "t": 0.5, "way": "detour"},
    {"moved": {"seed": 0}}, {"moved": {"seed": 0}, "by": [["axes.z", 6, 1.0]]}, {"moved": {"seed": 0}, "by": [["axes.z", 0, 21.0]]},
    {"moved": {"seed": 0}, "by": [["unknown", 0, 1.0]]}, {"moved": {"seed": 0}, "by": [[3, 0, 1.0]]}, {"moved": {"seed": 0}, "by": [["axes.z", 0, 1.0]] * 129},
    {"laid": "unknown", "point": [0, 0]}, {"slice": [{"seed": 0}] * 3, "point": [0, 0]}, {"slice": SEEDS[:2], "point": [0, 0]},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: str(bad)[:60])
def test_what_is_no_place_is_refused_in_words(plain: Any, bad: Any) -> None:
    with pytest.raises(ConfigError) as error:
        plain.settled(bad)
    assert len(str(error.value)) > 20


def test_places_within_places_have_an_end(plain: Any) -> None:
    place: Any = {"seed": 0}
    for _ in range(5):
        place = {"moved": place, "by": []}
    assert torch.equal(plain.settled(place), plain.settled({"seed": 0}))
    with pytest.raises(ConfigError, match="deep"):
        plain.settled({"moved": place, "by": []})


def test_no_z_is_known_of_styles(styled: Any) -> None:
    ws = {"mix": SEEDS[:2], "from": 2}
    for place in (
        {"between": [ws, {"seed": 0}], "t": 0.5},
        {"moved": ws, "by": [["axes.z", 0, 1.0]]},
        {"blend": [[ws, 1.0]]},
    ):
        with pytest.raises(ConfigError, match="styles"):
            styled.settled(place)

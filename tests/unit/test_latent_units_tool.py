"""What a browser asks about channels: their maps, switched ones, and the ones that draw a region, against networks changed by hand."""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import Answer, CalledOffError, asked_for
from gan_core.latent.explored import ExploredRun
from gan_core.latent.explorer import Explorer, Room
from gan_core.networks import build_discriminator, build_generator
from gan_core.players import Players, Preview
from gan_core.runs.folder import RunFolder

PLACE = {"seed": 3}


def room_of(config: RunConfig, folder: Path, g: nn.Module | None = None) -> Room:
    """A generator whose weights are all above nothing, as if it had been trained; or `g`."""
    data, rng = data_sets.load(config.data), torch.Generator().manual_seed(1)
    d = build_discriminator(config, data.shape, rng).eval().requires_grad_(False)
    if g is None:
        g = build_generator(config, data.shape, rng).eval().requires_grad_(False)
        for p in g.parameters():  # blocks begin by adding nothing
            p += 0.2 * torch.randn(p.shape, generator=rng)
    beside = config.latent.dim + config.classes + config.codes
    preview = Preview(torch.empty(0, beside), torch.empty(0, *data.shape))
    players = Players(config, data, preview, torch.device("cpu"), g.eval().requires_grad_(False), g, d)
    return Room(Explorer(RunFolder(folder / "run")), ExploredRun(players, 10))


def network(name: str, **changes: object) -> RunConfig:
    return _tiny.pictures(generator__network=name, data__image_size=16, **changes)


def put(room: Room, name: str, **asked: Any) -> Answer:
    return asked_for(name).answer(room, {"place": PLACE, **asked}, lambda _share, _so_far=None: None)


def picture(room: Room, **look: Any) -> np.ndarray[Any, Any]:
    return asked_for("draw").answer(room, {"places": [PLACE], **look}, lambda *_: None).arrays["samples"]


def as_mask(region: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(region.astype(np.uint8).tobytes()).decode()


# ── switched ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_silenced_or_boosted_channel_is_a_changed_weight(tmp_path: Path) -> None:
    room = room_of(network("mlp"), tmp_path)
    for factor in (0.0, 2.0):
        by_hand = copy.deepcopy(room.explored.g)
        [m for m in by_hand.modules() if isinstance(m, nn.Linear)][1].weight[:, 5] *= factor
        expected = room.explored.draw(room.settled(PLACE)[None], g=by_hand)
        found = picture(room, off=[[0, 5, factor]])
        assert np.abs(found.astype(int) - ((expected.numpy() + 1) * 127.5).round().astype(int)).max() <= 1
        assert not np.array_equal(found, picture(room))


@pytest.mark.parametrize("name", ["mlp", "dcgan", "r3gan", "style"])
def test_a_factor_of_one_changes_nothing_and_nobody_else_sees_what_is_switched(name: str, tmp_path: Path) -> None:
    room = room_of(network(name), tmp_path)
    before = picture(room)
    channels = [[k, 0, 1.0] for k in range(len(room.explored.unit_layers))]
    assert np.array_equal(picture(room, off=channels), before)
    with room.explored.switched({(0, 0): 0.0, (0, 1): 2.0}):  # another viewer's, at the same time
        assert np.array_equal(picture(room), before)
    last = len(room.explored.unit_layers) - 1
    assert not np.array_equal(picture(room, off=[[last, k, 0.0] for k in range(4)]), before)
    put(room, "responsible", layer=last)
    put(room, "units", layer=last, off=[[0, 0, 0.0]])
    assert np.array_equal(picture(room), before)


# ── what channels give ───────────────────────────────────────────────────────────────────────────────────────────────


def layer_output(room: Room, index: int, latent: Tensor) -> Tensor:
    """What a layer gives, by a hook of this test's own on a copy."""
    g, heard = copy.deepcopy(room.explored.g), []
    name = next(n for n, m in room.explored._own[0].named_modules() if m is room.explored.unit_layers[index].module)
    g.get_submodule(name).register_forward_hook(lambda _m, _i, out: heard.append(out))
    room.explored.draw(latent[None], g=g)
    return heard[0][0]


@pytest.mark.parametrize("name", ["dcgan", "r3gan", "style"])
def test_the_maps_are_what_the_layer_gives(name: str, tmp_path: Path) -> None:
    room = room_of(network(name), tmp_path)
    for layer in range(len(room.explored.unit_layers)):
        given = layer_output(room, layer, room.settled(PLACE)).numpy()
        answer = put(room, "units", layer=layer, channels=[2, 0])
        low, high = given[[2, 0]].min(), given[[2, 0]].max()
        assert (answer.facts["low"], answer.facts["high"]) == (pytest.approx(low), pytest.approx(high))
        expected = np.round((given[[2, 0]] - low) / (high - low) * 255)
        assert np.abs(answer.arrays["maps"][:, 0].astype(int) - expected).max() <= 1
        assert answer.arrays["highs"] == pytest.approx(given[[2, 0]].max((1, 2)))
        each = put(room, "units", layer=layer, each=True).arrays["maps"]
        assert len(each) == min(256, len(given))
        assert (each.min((1, 2, 3)) == 0).all()
        assert set(each.max((1, 2, 3)).tolist()) <= {0, 255}  # 0 all over: the same number everywhere


def test_the_layers_are_told_and_large_maps_are_averaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.latent.tools.units._SIDE", 4)
    room = room_of(network("dcgan"), tmp_path)
    answer = put(room, "units", channels=[1])
    layers = room.explored.unit_layers
    assert answer.facts["layers"] == [{"channels": one.channels, "size": list(one.size)} for one in layers]
    assert answer.facts["layers"][0]["size"] == [8, 8]
    assert answer.arrays["maps"].shape == (1, 1, 4, 4)
    means = adaptive_avg_pool2d(layer_output(room, 0, room.settled(PLACE))[None], 4)[0, 1]
    assert answer.facts["high"] == pytest.approx(float(means.max()))


@pytest.mark.parametrize("config", [network("mlp"), _tiny.points()], ids=["pictures", "points"])
def test_of_flat_layers_each_channel_has_one_number(config: RunConfig, tmp_path: Path) -> None:
    room = room_of(config, tmp_path)
    for layer in (0, 1):
        answer = put(room, "units", layer=layer)
        assert answer.facts["layers"][layer] == {"channels": 8, "size": [1, 1]}
        assert answer.arrays["values"] == pytest.approx(layer_output(room, layer, room.settled(PLACE)).numpy())


def test_a_silenced_channel_still_says_what_it_would_give_and_later_layers_follow(tmp_path: Path) -> None:
    room = room_of(network("mlp"), tmp_path)
    off = [[0, 1, 0.0], [0, 2, 0.0]]
    assert np.array_equal(put(room, "units", off=off).arrays["values"], put(room, "units").arrays["values"])
    later = put(room, "units", layer=1, off=off).arrays["values"]
    assert not np.allclose(later, put(room, "units", layer=1).arrays["values"])


# ── the channels that draw a region ──────────────────────────────────────────────────────────────────────────────────


class Drawing(nn.Module):
    """Channels (B, 70, 8, 8) times a picture each, and their sum."""

    def __init__(self) -> None:
        super().__init__()
        corner = torch.zeros(8, 8)
        corner[:3, :3] = 1
        maps = torch.full((70, 8, 8), 1e-4)
        maps[9], maps[40] = 0.3 * corner, 0.6 * (1 - corner)
        self.maps = nn.Parameter(maps)

    def forward(self, h: Tensor) -> Tensor:
        return (h * self.maps).sum(1, keepdim=True)


class Planted(nn.Module):
    """70 channels: channel 9 alone draws the left upper corner, channel 40 twice as strongly the rest; the others almost nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.draw = nn.ReLU(), Drawing()

    def forward(self, z: Tensor) -> Tensor:
        drawn: Tensor = self.draw(self.layer(z[:, :1, None, None].abs().clamp(0.5, 1).expand(-1, 70, 8, 8)))
        return drawn


@pytest.fixture
def planted(tmp_path: Path) -> Room:
    return room_of(_tiny.pictures(), tmp_path, Planted())


@pytest.mark.parametrize("samples", [0, 6])
def test_the_channel_that_alone_draws_a_corner_comes_first(planted: Room, samples: int) -> None:
    corner, rest = [[0, 0, 3, 3]], [[3, 0, 8, 8], [0, 3, 3, 8]]
    found = put(planted, "responsible", rectangles=corner, samples=samples, top=1)
    assert (found.facts["channels"][0], found.facts["of"], len(found.facts["channels"])) == (9, 70, 64)
    assert put(planted, "responsible", rectangles=rest, samples=samples).facts["channels"][0] == 40
    latents = planted.explored.many(samples, 1) if samples else planted.settled(PLACE)[None]
    h = latents[:, 0].abs().clamp(0.5, 1)
    assert found.arrays["scores"][0] == pytest.approx(float((0.3 * h).mean()) / 2, rel=1e-4)  # 2 from black to white
    assert found.arrays["scores"][1:].max() < 1e-3
    assert sorted(found.arrays["scores"].tolist(), reverse=True) == found.arrays["scores"].tolist()


def test_without_the_first_ones(planted: Room) -> None:
    found = put(planted, "responsible", rectangles=[[0, 0, 3, 3]], top=1)
    assert np.array_equal(found.arrays["now"], picture(planted))
    assert np.array_equal(found.arrays["without"], picture(planted, off=[[0, 9, 0.0]]))
    assert found.facts["together"] == pytest.approx(float(found.arrays["scores"][0]))
    again = put(planted, "responsible", rectangles=[[0, 0, 3, 3]], off=[[0, 9, 0.0]])
    assert again.arrays["scores"].max() < 1e-3  # what is silenced already does nothing any more


def test_a_mask_is_the_rectangles_that_it_paints(planted: Room) -> None:
    mask = np.zeros((8, 8))
    mask[2:5, 1:7] = 255
    one = put(planted, "responsible", mask=as_mask(mask))
    other = put(planted, "responsible", rectangles=[[1, 2, 4, 5], [4, 2, 7, 5]])
    assert np.array_equal(one.arrays["scores"], other.arrays["scores"])
    whole = put(planted, "responsible", mask=as_mask(np.full((8, 8), 255)))
    assert np.array_equal(whole.arrays["scores"], put(planted, "responsible").arrays["scores"])


@pytest.mark.parametrize("name", ["mlp", "dcgan", "r3gan", "style"])
def test_the_scores_are_those_of_channels_silenced_one_by_one(name: str, tmp_path: Path) -> None:
    room = room_of(network(name), tmp_path)
    found = put(room, "responsible", rectangles=[[2, 3, 9, 12]], layer=1 % len(room.explored.unit_layers))
    latent = room.settled(PLACE)[None]
    for channel, score in zip(found.facts["channels"], found.arrays["scores"], strict=True):
        with room.explored.switched({(found.facts["layer"], channel): 0.0}) as g:
            change = (room.explored.draw(latent, g=g) - room.explored.draw(latent))[0, 0, 3:12, 2:9]
        assert score == pytest.approx(float(change.abs().mean()) / 2, abs=1e-6)


def test_styles_are_places_too(tmp_path: Path) -> None:
    room = room_of(network("style"), tmp_path)
    place = {"mix": [{"seed": 1}, {"seed": 2}], "from": 2}
    assert put(room, "units", place=place).arrays["maps"].shape[0] == room.explored.unit_layers[0].channels
    assert put(room, "responsible", place=place, layer=1).arrays["scores"][0] > 0


def test_of_points_it_is_the_way_that_the_sample_goes(tmp_path: Path) -> None:
    room = room_of(_tiny.points(), tmp_path)
    found = put(room, "responsible", layer=1, top=2)
    before = picture(room)[0]
    assert sorted(found.facts["channels"]) == list(range(8))
    for channel, score, move in zip(found.facts["channels"], found.arrays["scores"], found.arrays["moves"], strict=True):  # fmt: skip
        after = picture(room, off=[[1, channel, 0.0]])[0]
        assert move == pytest.approx(after - before, abs=1e-5)
        assert score == pytest.approx(float(np.linalg.norm(after - before)), abs=1e-5)
    first = [[1, channel, 0.0] for channel in found.facts["channels"][:2]]
    assert found.arrays["without"] == pytest.approx(picture(room, off=first), abs=1e-6)


def test_it_says_how_far_it_is_and_ends_when_it_is_called_off(planted: Room) -> None:
    told: list[float] = []

    def tell(share: float, _so_far: Answer | None = None) -> None:
        told.append(share)
        if share > 0.5:
            raise CalledOffError

    with pytest.raises(CalledOffError):
        asked_for("responsible").answer(planted, {"place": PLACE, "samples": 4}, tell)
    assert told == sorted(told)
    assert told[-1] < 1


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────────────────────

WRONG: list[tuple[str, Mapping[str, Any], str]] = [
    ("units", {"layer": 1}, "layer=1"),
    ("units", {"layer": -1}, "layer=-1"),
    ("units", {"layer": "0"}, "layer='0'"),
    ("units", {"channels": [70]}, "channel=70"),
    ("units", {"channels": []}, "channels="),
    ("units", {"channels": [0] * 257}, "channels="),
    ("units", {"channels": [True]}, "channel=True"),
    ("units", {"each": 1}, "each=1"),
    ("units", {"off": [[0, 99, 0.0]]}, "There is no channel 99"),
    ("units", {"place": 3}, "place=3"),
    ("responsible", {"layer": 7}, "layer=7"),
    ("responsible", {"mask": as_mask(np.ones((8, 7)))}, "64 bytes as base64"),
    ("responsible", {"mask": "?" * 86}, "64 bytes as base64"),
    ("responsible", {"mask": "ü" * 86}, "64 bytes as base64"),
    ("responsible", {"mask": None}, "64 bytes as base64"),
    ("responsible", {"mask": as_mask(np.zeros((8, 8)))}, "No part of the picture is marked"),
    ("responsible", {"rectangles": [[0, 0, 9, 3]]}, "right=9"),
    ("responsible", {"rectangles": [[3, 3, 3, 5]]}, "No part of the picture is marked"),
    ("responsible", {"rectangles": [[0, 0, 3]]}, "rectangle="),
    ("responsible", {"rectangles": "all"}, "rectangles="),
    ("responsible", {"samples": 65}, "samples=65"),
    ("responsible", {"top": 0}, "top=0"),
]


@pytest.mark.parametrize(("name", "asked", "said"), WRONG)
def test_what_does_not_go_is_refused_in_words(planted: Room, name: str, asked: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        put(planted, name, **asked)
    assert said in str(refused.value)

"""Strips of directions, and what they change, where the generator is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import _planted
import numpy as np
import pytest
import torch
from _planted import answer
from test_metrics_drawn import saved_run

from gan_core.errors import ConfigError
from gan_core.latent.explored import ExploredRun
from gan_core.latent.explorer import AXES, Explorer, Room
from gan_core.latent.factors import CHOICE, NUMBER, TURN, Factor, readers_of
from gan_core.runs.folder import RunFolder


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return _planted.room(tmp_path_factory.mktemp("run"))


def at(room: Room, place: dict[str, Any]) -> Any:
    return answer(room, "draw", {"places": [place]}).arrays["samples"][0]


@pytest.mark.parametrize("columns", [7, 9])
def test_a_strip_goes_from_minus_three_to_three(room: Room, columns: int) -> None:
    found = answer(room, "strips", {"place": {"seed": 5}, "of": [[AXES, 1], [AXES, 0]], "columns": columns})
    steps = found.facts["steps"]
    assert steps == np.linspace(-3, 3, columns).tolist()
    samples = found.arrays["samples"].reshape(2, columns, 1, 8, 8)
    assert (samples[:, columns // 2] == at(room, {"seed": 5})).all()
    for row, k in enumerate((1, 0)):
        for column, step in enumerate(steps):
            assert (samples[row, column] == at(room, {"moved": {"seed": 5}, "by": [[AXES, k, step]]})).all()


def test_a_strip_shows_its_own_steps_and_keeps_the_others(room: Room) -> None:
    by = [[AXES, 0, 1.5], [AXES, 1, -0.5]]
    found = answer(room, "strips", {"place": {"seed": 5}, "by": by, "of": [[AXES, 0]]}).arrays["samples"]
    assert (found[5] == at(room, {"moved": {"seed": 5}, "by": [[AXES, 0, 2.0], [AXES, 1, -0.5]]})).all()


@pytest.mark.parametrize("changes", [
    {"of": []}, {"of": [[AXES, 0]] * 17}, {"of": [[AXES, 4]]}, {"of": [["sefa.z.1.3", 0]]}, {"of": [[3, 0]]}, {"of": [AXES]}, {"columns": 8},
    {"columns": "many"}, {"place": None}, {"by": [[AXES, 0]]}, {"by": "x"}, {"by": [[AXES, 1, 1.0]] * 65},
])  # fmt: skip
def test_bad_questions_are_refused(room: Room, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        answer(room, "strips", {"place": {"seed": 1}, "of": [[AXES, 0]]} | changes)


@pytest.fixture(scope="module")
def measured(room: Room) -> dict[str, Any]:
    facts: dict[str, Any] = dict(answer(room, "measured", {"name": AXES, "indices": [0, 1, 2], "samples": 64}).facts)
    return facts


def test_what_a_direction_changes(room: Room, measured: dict[str, Any]) -> None:
    """Against the same by hand."""
    z = room.explored.many(64, 3)
    before = room.explored.draw(z).double().numpy()
    for k, one in enumerate(measured["directions"]):
        away, logits, classes = [], [], []
        for way in (1, -1):
            moved = z.clone()
            moved[:, k] += way
            after = room.explored.draw(moved).double().numpy()
            away.append(np.sqrt(((after - before) ** 2).reshape(64, -1).mean(1)) / 2)
            logits.append(room.explored.scores(torch.from_numpy(after).float()) - room.explored.scores(torch.from_numpy(before).float()))  # fmt: skip
            classes.append((moved[:, 1] > 0) != (z[:, 1] > 0))
        assert one["change"] == pytest.approx(float(np.mean(away)), rel=1e-4)
        assert one["logit"] == pytest.approx(float(torch.cat(logits).abs().mean()), rel=1e-3, abs=1e-6)
        assert one["classes"] == pytest.approx(float(torch.cat(classes).float().mean()), abs=0.06)
    idle = measured["directions"][2]
    assert (idle["change"], idle["logit"], idle["classes"], idle["factors"]) == (0, 0, 0, [0, 0])
    assert measured["control"]["change"] > 0
    assert (measured["chance"], measured["samples"], measured["step"]) == (4, 64, 7)


def test_which_factor_a_direction_moves(measured: dict[str, Any]) -> None:
    names = [factor["name"] for factor in measured["factors"]]
    assert names == ["side", "bright"]
    assert [factor["name"] for factor in measured["left_out"]] == ["hidden"]
    first, second, _ = (one["factors"] for one in measured["directions"])
    assert first[1] > 3 * first[0]
    assert second[0] > 0.2
    assert first[1] > measured["control"]["factors"][1]
    assert second[0] > measured["control"]["factors"][0]


def test_coordinates_that_stand_for_one_factor_each_are_told_from_chance(measured: dict[str, Any]) -> None:
    told = measured["told"]
    assert told["directions"] == 4
    assert told["found"]["mig"] > told["chance"]["mig"] + 0.2
    assert told["found"]["disentanglement"] > 0.7 > told["chance"]["disentanglement"]
    assert told["found"]["informativeness"] > 0.8


def test_readers_say_how_well_they_read() -> None:
    data = _planted.the_set()
    readers = readers_of(data, lambda _share: None)
    assert readers is not None
    assert readers_of(data, lambda _share: None) is readers  # not learned again
    side, bright = readers.factors
    assert (side.kind, bright.kind) == (CHOICE, NUMBER)
    assert side.accuracy is not None
    assert side.accuracy > 0.97
    assert bright.score > 0.9
    assert readers.left_out[0].score < 0.2
    right = torch.tensor([0.0, 1.0, 1.0])
    read = readers.read(_planted.picture(torch.tensor([0.4, 0.6, 0.9]), right))
    assert read[:, 0].tolist() == right.tolist()
    assert read[:, 1].tolist() == pytest.approx([0.4, 0.6, 0.9], abs=0.1)
    assert readers_of(replace(data, factors=None, factor_names=(), test_factors=None), lambda _share: None) is None


def test_a_turn_is_read_across_its_beginning() -> None:
    """A hue: brightness of two halves by its sine and cosine."""
    turn = torch.rand(900, generator=torch.Generator().manual_seed(1))
    pixels = torch.zeros(900, 1, 8, 8)
    pixels[..., :4], pixels[..., 4:] = (f(2 * torch.pi * turn)[:, None, None, None] for f in (torch.cos, torch.sin))
    images = ((pixels + 1) * 127.5).round().to(torch.uint8)
    data = replace(_planted.the_set(), images=images[:700], test_images=images[700:], labels=None, test_labels=None,
                   factors=turn[:700, None], test_factors=turn[700:, None], factor_names=("hue",))  # fmt: skip
    readers = readers_of(data, lambda _share: None)
    assert readers is not None
    (hue,) = readers.factors
    assert hue.kind == TURN
    assert float(hue.distance(readers.read(pixels[700:])[:, 0], turn[700:]).max()) < 0.1


def test_how_far_apart_readings_are() -> None:
    a, b = torch.tensor([0.0, 2.0, 0.9]), torch.tensor([1.0, 2.0, 0.1])
    assert Factor("f", CHOICE, 0, 2, 1.0, 1.0).distance(a, b).tolist() == [1, 0, 1]
    assert Factor("f", NUMBER, -1, 3, 1.0, None).distance(a, b).tolist() == pytest.approx([0.25, 0, 0.2])
    assert Factor("f", TURN, 0, 1, 1.0, None).distance(torch.tensor([0.9, 0.25]), torch.tensor([0.1, 0.75])).tolist() == pytest.approx([0.4, 1])  # fmt: skip


@pytest.mark.parametrize("changes", [
    {"method": "vae", "penalty": "none"}, {"generator__network": "style", "data__image_size": 16}, {"latent__categories": 3, "latent__continuous": 2},
    {"generator__conditioning": "concat", "discriminator__conditioning": "concat"},
])  # fmt: skip
def test_every_kind_of_generator(tmp_path: Path, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.latent.seen.at_hand", lambda _data: None)
    folder = saved_run(tmp_path / "digits-20260131-142530-000001", **changes)
    explorer = Explorer(RunFolder(folder.path))
    room = explorer.room(explorer.newest())
    space = "w" if room.explored.has_styles else "z"
    found = answer(room, "find", {"how": "chance", "space": space, "count": 2}).facts["name"]
    strip = answer(room, "strips", {"place": {"seed": 1}, "of": [[found, 0], [AXES, 1]]}).arrays["samples"]
    assert strip.shape == (14, *room.explored.data.shape)
    facts = answer(room, "measured", {"name": found, "indices": [0, 1], "samples": 8}).facts
    assert all(one["change"] >= 0 and one["classes"] is None for one in facts["directions"])
    assert (facts["control"]["logit"] is None) == (not room.explored.config.adversarial)
    assert facts["told"] is None


def test_points_go_so_far(tmp_path: Path) -> None:
    import _tiny

    trainer = _tiny.trained(_tiny.points(), 2)
    room = Room(_planted.room(tmp_path).explorer, ExploredRun(trainer.players, 2))
    facts = answer(room, "measured", {"name": AXES, "indices": [0], "samples": 16}).facts
    z = room.explored.many(16, 3)
    e = torch.tensor([1.0, 0.0])
    by_hand = torch.cat([(room.explored.draw(z + way * e) - room.explored.draw(z)).norm(dim=1) for way in (1, -1)])
    assert facts["unit"] == "points"
    assert facts["directions"][0]["change"] == pytest.approx(float(by_hand.mean()), rel=1e-4)

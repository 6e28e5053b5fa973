"""Directions with a name, where it is known what they are; and locks that hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _planted
import _tiny
import pytest
import torch
from _planted import answer
from test_metrics_drawn import saved_run

from gan_core.errors import ConfigError, DataError
from gan_core.latent import supervised
from gan_core.latent.directions import Directions
from gan_core.latent.explored import ExploredRun
from gan_core.latent.explorer import AXES, Explorer, Room
from gan_core.latent.places import Known
from gan_core.latent.tools import named
from gan_core.runs.folder import RunFolder

TOLD = {"generator__conditioning": "concat", "discriminator__conditioning": "concat"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return _planted.room(tmp_path_factory.mktemp("run"))


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "SAMPLES", 400)


def vector(room: Room, facts: dict[str, Any]) -> list[float]:
    return [float(x) for x in room.find(facts["name"]).directions.vectors[0]]


def test_a_factor_is_followed(room: Room) -> None:
    facts = dict(answer(room, "name", {"by": "factor", "factor": "bright"}).facts)
    assert vector(room, facts)[0] > 0.97  # z₀ is the brightness
    assert facts["accuracy"] > 0.95
    assert (facts["these"], facts["others"], facts["learned"] + facts["held_out"]) == (100, 100, 200)
    assert facts["sigma"][0] == pytest.approx(1, abs=0.1)
    side = dict(answer(room, "name", {"by": "factor", "factor": "side", "value": 0}).facts)
    assert vector(room, side)[1] < -0.97  # to the left


def test_a_class_and_what_d_says(room: Room) -> None:
    facts = dict(answer(room, "name", {"by": "class", "class": 1}).facts)
    assert vector(room, facts)[1] > 0.95
    assert facts["these"] + facts["others"] == 400
    scores = room.explored.scores(room.explored.draw(room.explored.many(400, 5)))
    expected = supervised.by_score(room.explored.many(400, 5), scores, 0.25)
    facts = dict(answer(room, "name", {"by": "d"}).facts)
    assert vector(room, facts) == pytest.approx(expected.vector.tolist(), abs=1e-6)
    assert facts["accuracy"] == expected.accuracy


def test_marked_places(room: Room) -> None:
    seeds = range(60)
    right = [bool(room.explored.seed(seed)[1] > 0) for seed in seeds]
    these, others = ([{"seed": seed} for seed in seeds if right[seed] == kind] for kind in (True, False))
    facts = dict(answer(room, "name", {"by": "marks", "these": these, "others": others}).facts)
    assert vector(room, facts)[1] > 0.8
    assert (facts["these"], facts["others"]) == (len(these), len(others))
    expected = supervised.by_kind(*(torch.stack([room.settled(place) for place in kind]) for kind in (these, others)))
    assert facts["accuracy"] == expected.accuracy
    with pytest.raises(DataError, match="3 and"):
        answer(room, "name", {"by": "marks", "these": these[:3], "others": others})


def test_what_is_locked_really_stays(room: Room) -> None:
    """The score of the locked plane is the same all along the way; what the generator shows of it changes in second order only."""
    z = room.explored.many(400, 5)
    mixed = z[:, 0] + z[:, 1]  # what is wanted is made of brightness and side
    found = supervised.by_score(z, mixed, 0.25)
    locked = dict(answer(room, "name", {"by": "factor", "factor": "bright"}).facts)
    room.explorer.keep("mixed", Known(Directions(found.vector[None], torch.ones(1), torch.ones(1)), "z"))
    normal = room.find(locked["name"]).directions.vectors[0].double()
    high = [{"at": named.reading.as_base64(row)} for row in z[mixed > 1][:40]]
    low = [{"at": named.reading.as_base64(row)} for row in z[mixed < -1][:40]]
    facts = dict(answer(room, "name", {"by": "marks", "these": high, "others": low, "locked": [[locked["name"], 0]]}).facts)  # fmt: skip
    way = room.find(facts["name"]).directions.vectors[0].double()
    assert float(way.norm()) == pytest.approx(1)
    assert abs(float(normal @ way)) < 1e-6
    assert way[1] > 0.7
    assert 0 < facts["left"] < 1
    start = room.explored.seed(3).double()
    scores = [float(normal @ (start + t * way)) for t in torch.linspace(-20, 20, 9)]
    assert scores == pytest.approx([scores[0]] * 9, abs=1e-4)
    # A score that bends, whose slope at the start is the locked normal: to first order it stays.
    bent = lambda z: torch.sin(normal @ (z - start)) + ((z - start) ** 2).sum() * 0.3  # noqa: E731
    small = [float(bent(start + t * way) - bent(start)) for t in (0.1, 0.01)]
    assert small[0] / small[1] == pytest.approx(100, rel=0.01)  # of second order


def test_everything_locked_leaves_nothing(room: Room) -> None:
    with pytest.raises(ConfigError, match="Unlock"):
        answer(room, "name", {"by": "d", "locked": [[AXES, k] for k in range(4)]})


@pytest.mark.parametrize("asked", [
    {"by": "magic"}, {"by": "class", "class": 2}, {"by": "factor", "factor": "hidden"}, {"by": "factor", "factor": "side", "value": 9},
    {"by": "factor"}, {"by": "marks"}, {"by": "d", "space": "w"}, {"by": "d", "locked": [["nothing", 0]]}, {"by": "d", "locked": [[AXES, 0]] * 17},
])  # fmt: skip
def test_bad_questions_are_refused(room: Room, asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        answer(room, "name", asked)


def test_the_same_question_has_the_same_name_and_another_one_another(room: Room) -> None:
    one, same, other = (answer(room, "name", {"by": "d", "n": n, "psi": psi}).facts["name"] for n, psi in ((1, 1.0), (2, 1.0), (3, 0.9)))  # fmt: skip
    assert one == same != other


def test_which_factors_can_be_asked_for(room: Room) -> None:
    found = answer(room, "factors", {}).facts["factors"]
    assert [(one["name"], one["kind"]) for one in found] == [("side", "choice"), ("bright", "number"), ("hidden", "number")]  # fmt: skip
    assert found[0]["count"] == 2


def of_run(path: Path, **changes: Any) -> Room:
    folder = saved_run(path / "digits-20260131-142530-000001", **changes)
    explorer = Explorer(RunFolder(folder.path))
    return explorer.room(explorer.newest())


def test_in_a_conditional_run_the_class_stays(tmp_path: Path) -> None:
    room = of_run(tmp_path, **TOLD)
    found = dict(answer(room, "name", {"by": "d", "place": {"seed": 1, "class": 3}}).facts)
    whole = room.find(found["name"]).directions.vectors[0]
    assert len(whole) == room.explored.inputs
    assert whole[room.explored.dim :].tolist() == [0] * 10
    inputs = room.explored.asked(room.explored.many(400, 5), 3)
    expected = supervised.by_score(inputs[:, : room.explored.dim], room.explored.scores(room.explored.draw(inputs), inputs), 0.25)  # fmt: skip
    assert whole[: room.explored.dim].tolist() == pytest.approx(expected.vector.tolist(), abs=1e-5)
    with pytest.raises(ConfigError, match="beside the picture"):
        answer(room, "name", {"by": "class", "class": 3})


def test_a_found_code_is_moved_too_but_no_category(tmp_path: Path) -> None:
    room = of_run(tmp_path, latent__categories=3, latent__continuous=2)
    whole = room.find(answer(room, "name", {"by": "d"}).facts["name"]).directions.vectors[0]
    assert len(whole) == room.explored.dim + 5
    assert whole[room.explored.dim : -2].tolist() == [0] * 3
    assert bool((whole[-2:] != 0).all())


def test_in_styles(tmp_path: Path) -> None:
    room = of_run(tmp_path, generator__network="style", data__image_size=16)
    w = room.find(answer(room, "name", {"by": "d", "space": "w"}).facts["name"])
    assert (w.space, len(w.directions.vectors[0])) == ("w", room.explored.dim)
    with pytest.raises(ConfigError, match="another space"):
        answer(room, "name", {"by": "d", "space": "w", "locked": [[AXES, 0]]})


def test_without_a_judge_of_any_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.latent.seen.at_hand", lambda _data: None)
    room = of_run(tmp_path, method="vae", penalty="none")
    with pytest.raises(ConfigError, match="no discriminator"):
        answer(room, "name", {"by": "d"})
    with pytest.raises(ConfigError, match="not at hand"):
        answer(room, "name", {"by": "class", "class": 1})
    with pytest.raises(ConfigError, match="Nothing is known"):
        answer(room, "name", {"by": "factor", "factor": "hue"})
    points = Room(room.explorer, ExploredRun(_tiny.trained(_tiny.points(), 1).players, 1))
    with pytest.raises(ConfigError, match="no classes"):
        answer(points, "name", {"by": "class", "class": 1})
    assert answer(points, "name", {"by": "d"}).facts["these"] == 100
    assert answer(points, "factors", {}).facts == {"factors": []}


def test_a_class_that_is_not_there(room: Room) -> None:
    latents = room.explored.many(20, 0)
    with pytest.raises(DataError, match="0 of 20"):
        named._split(latents, torch.zeros(20, dtype=torch.bool))
    with pytest.raises(DataError, match="nothing tells them apart"):
        named._ends(latents, torch.ones(20))

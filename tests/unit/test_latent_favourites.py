"""Favourites: kept, read again whatever happened to the file, and taken out as pictures; and the places that links name."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
from PIL import Image

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, RunError
from gan_core.latent import favourites as kept
from gan_core.latent import reading
from gan_core.latent.asking import ASKS, Answer, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.favourites import FavouriteFile, favourite
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from pages._ui.latent import linked

AT = "r_ecvWRCuD4"


def some_room(path: Path, config: RunConfig | None = None) -> Room:
    folder, config = RunFolder(path), config or _tiny.pictures()
    folder.create(config, {"run": path.name})
    trainer = _tiny.trained(config, 1)
    folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(config)))
    return Explorer(folder).room(1)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return some_room(tmp_path / "run-1")


def ask(room: Room, what: str, /, **asked: Any) -> Answer:
    from gan_core.latent import tools  # noqa: F401  (registers what can be asked)

    return asked_for(what).answer(room, asked, lambda *_: None)


def names(answer: Answer) -> list[str]:
    return [one["name"] for one in answer.facts["favourites"]]


# ── in the run's folder ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_kept_is_there_again(room: Room) -> None:
    look = {"psi": 0.5, "off": [[0, 1, 0.0]]}
    ask(room, "keep", favourites=[{"name": "  A\n seven ", "at": AT, "look": look}])
    answer = ask(room, "keep", favourites=[{"name": "ö", "at": AT, "step": 7}])
    first, second = answer.facts["favourites"]
    assert (first["name"], first["at"], first["look"], first["step"], first["there"]) == ("A seven", AT, look, 1, True)
    assert (second["step"], second["there"], second["look"]) == (7, False, {})
    again = Explorer(RunFolder(room.explorer.folder.path)).room(1)
    assert ask(again, "favourites").facts == answer.facts
    assert answer.facts["damaged"] == 0


def test_an_attribute_of_a_look_that_is_not_known_here_stays(room: Room) -> None:
    answer = ask(room, "keep", favourites=[{"name": "x", "at": AT, "look": {"tint": {"seed": 3}}}])
    assert answer.facts["favourites"][0]["look"] == {"tint": {"seed": 3}}


def test_the_same_picture_is_not_kept_twice(room: Room) -> None:
    ask(room, "keep", favourites=[{"name": "a", "at": AT}, {"name": "b", "at": AT}])
    answer = ask(room, "keep", favourites=[{"name": "c", "at": AT}, {"name": "d", "at": AT, "look": {"psi": 0.2}}])
    assert names(answer) == ["a", "d"]


def test_those_that_come_together_stay_in_their_order(room: Room) -> None:
    entries = [{"name": str(i), "at": AT, "step": i} for i in range(40)]
    assert names(ask(room, "keep", favourites=entries)) == [str(i) for i in range(40)]
    again = Explorer(RunFolder(room.explorer.folder.path)).room(1)
    assert names(ask(again, "favourites")) == [str(i) for i in range(40)]


def test_rename_forget_and_bring_back(room: Room) -> None:
    made = [{"name": str(i), "at": AT, "step": i, "created": f"2026-01-0{i}T00:00:00Z"} for i in (1, 2, 3)]
    first = ask(room, "keep", favourites=made).facts["favourites"]
    assert names(ask(room, "rename", id=first[1]["id"], name="two")) == ["1", "two", "3"]
    assert names(ask(room, "forget", id=first[1]["id"])) == ["1", "3"]
    assert names(ask(room, "forget", id=first[1]["id"])) == ["1", "3"]  # it is gone already
    answer = ask(room, "keep", favourites=[first[1]])
    assert names(answer) == ["1", "2", "3"]  # in its old place
    assert answer.facts["favourites"][1]["id"] == first[1]["id"]
    with pytest.raises(RunError, match="no such favourite"):
        ask(room, "rename", id="0" * 12, name="x")


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"name": "", "at": AT}, "name of 1 to 80"),
        ({"name": "x" * 81, "at": AT}, "name of 1 to 80"),
        ({"name": 3, "at": AT}, "name=3"),
        ({"name": "x"}, "at=None"),
        ({"name": "x", "at": "AA AA"}, "no latent"),
        ({"name": "x", "at": "AAAAAAAA"}, "2 numbers"),
        ({"name": "x", "at": "AADAfwAAwH8"}, "2 numbers"),  # NaN
        ({"name": "x", "at": AT, "look": []}, "an object"),
        ({"name": "x", "at": AT, "look": {"psi": 9}}, "psi=9"),
        ({"name": "x", "at": AT, "look": {"off": [[0, 999, 1]]}}, "no channel"),
        ({"name": "x", "at": AT, "look": {"more": "x" * 20_000}}, "looked at"),
        ({"name": "x", "at": AT, "look": {"more": float("nan")}}, "looked at"),
        ({"name": "x", "at": AT, "step": -1}, "step=-1"),
        ({"name": "x", "at": AT, "created": "yesterday"}, "time"),
        ("x", "an object"),
    ],
)
def test_what_is_no_favourite_is_refused(room: Room, said: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        ask(room, "keep", favourites=[said])
    assert not FavouriteFile(room.explorer.folder.path).path.exists()


def test_only_an_owner_may_have_them_written() -> None:
    from gan_core.latent import tools  # noqa: F401

    assert [name for name in ("favourites", "keep", "rename", "forget", "checked", "as_png", "as_script") if ASKS[name].writes] == ["keep", "rename", "forget"]  # fmt: skip


def test_damaged_ones_are_left_out_and_counted(room: Room) -> None:
    ask(room, "keep", favourites=[{"name": "a", "at": AT}, {"name": "b", "at": AT, "look": {"psi": 0.1}}])
    path = room.explorer.folder.path / "favourites.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said["favourites"] += [{"name": "no latent"}, 7, {**said["favourites"][0], "id": "0" * 12, "at": "AAAAAAAA"}]
    path.write_text(json.dumps(said), encoding="utf-8")
    answer = ask(room, "favourites")
    assert names(answer) == ["a", "b"]
    assert answer.facts["damaged"] == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1}', '{"version": "x", "favourites": []}', "\x00\xff", "[" * 100_000]
)
def test_a_file_that_is_none_is_set_aside_before_another_is_written(room: Room, text: str) -> None:
    path = room.explorer.folder.path / "favourites.json"
    path.write_bytes(text.encode("latin-1"))
    assert ask(room, "favourites").facts == {"favourites": [], "damaged": 1}
    assert names(ask(room, "keep", favourites=[{"name": "a", "at": AT}])) == ["a"]
    assert [file.read_bytes() for file in path.parent.glob(".aside-*")] == [text.encode("latin-1")]


def test_a_file_of_a_later_version_is_not_touched(room: Room) -> None:
    path = room.explorer.folder.path / "favourites.json"
    path.write_text('{"version": 2, "favourites": [{"new": 1}]}', encoding="utf-8")
    for name, more in (("favourites", {}), ("keep", {"favourites": [{"name": "a", "at": AT}]})):
        with pytest.raises(RunError, match="another version"):
            ask(room, name, **more)
    assert "new" in path.read_text(encoding="utf-8")


def test_there_are_never_too_many(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    entries = [{"name": str(i), "at": AT, "step": i} for i in range(4)]
    ask(room, "keep", favourites=entries[:3])
    with pytest.raises(RunError, match="can keep 3"):
        ask(room, "keep", favourites=entries[3:])
    assert len(ask(room, "favourites").facts["favourites"]) == 3


def test_many_at_once_are_all_kept(room: Room) -> None:
    def keep(i: int) -> None:
        FavouriteFile(room.explorer.folder.path).add([favourite({"name": str(i), "at": AT, "step": i})])

    threads = [threading.Thread(target=keep, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(ask(room, "favourites")), key=int) == [str(i) for i in range(12)]


def test_a_run_that_is_gone_says_so(room: Room) -> None:
    room.explorer.folder.path.rename(room.explorer.folder.path.with_name("elsewhere"))
    with pytest.raises(RunError, match="deleted"):
        ask(room, "keep", favourites=[{"name": "a", "at": AT}])


def test_they_go_with_the_run_that_they_were_of(room: Room) -> None:
    folder = room.explorer.folder
    ask(room, "keep", favourites=[{"name": "a", "at": AT}])
    folder.restart(_tiny.pictures())
    assert not (folder.path / "favourites.json").exists()
    FavouriteFile(folder.path).add([favourite({"name": "a", "at": AT, "step": 1})])
    folder.discard()
    assert not folder.path.exists()


# ── in and out ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_png_holds_its_place(room: Room) -> None:
    at = reading.as_base64(room.explored.seed(4))
    shown = ask(room, "draw", places=[{"at": at}], psi=0.4).arrays["samples"][0, 0]
    for large, side in ((False, 8), (True, 256)):
        answer = ask(room, "as_png", name="Ein Ü", at=at, look={"psi": 0.4}, large=large)
        image = Image.open(io.BytesIO(answer.arrays["file"].tobytes()))
        assert answer.facts["name"] == "run-1-1-ein.png"
        assert image.size == (side, side)
        assert np.array_equal(np.asarray(image)[:: side // 8, :: side // 8], shown)
        assert np.array_equal(np.asarray(image.resize((8, 8), Image.Resampling.BOX)), shown)  # squares of one colour
        said = json.loads(image.text["gan-playground"])  # type: ignore[attr-defined]
        assert said == {"version": 1, "run": "run-1", "step": 1, "at": at, "look": {"psi": 0.4}, "name": "Ein Ü"}
        assert ask(room, "checked", run=said["run"], favourites=[said]).facts["favourites"][0]["at"] == at


def test_a_point_is_a_picture_among_the_data(tmp_path: Path) -> None:
    room = some_room(tmp_path / "run", _tiny.points())
    at = reading.as_base64(room.explored.seed(4))
    image = Image.open(io.BytesIO(ask(room, "as_png", name="x", at=at).arrays["file"].tobytes()))
    x, y = ask(room, "draw", places=[{"at": at}]).arrays["samples"][0]
    x0, x1, y0, y1 = room.explored.data.extent  # type: ignore[union-attr]
    scale = 512 / max(x1 - x0, y1 - y0)
    place = round(256 + (x - (x0 + x1) / 2) * scale), round(256 - (y - (y0 + y1) / 2) * scale)
    assert image.getpixel(place) == (217, 115, 13)
    assert json.loads(image.text["gan-playground"])["at"] == at  # type: ignore[attr-defined]


def test_what_comes_from_another_run_has_no_step_here(room: Room) -> None:
    entries = [{"name": "a", "at": AT, "step": 900}, {"name": "b", "at": "AAAA"}, "c"]
    answer = ask(room, "checked", run="another", favourites=entries)
    assert [(one["name"], one["step"]) for one in answer.facts["favourites"]] == [("a", 1)]
    assert answer.facts["refused"] == 2
    assert ask(room, "checked", run="run-1", favourites=entries).facts["favourites"][0]["step"] == 900
    with pytest.raises(ConfigError, match="2 numbers"):
        ask(room, "checked", favourites=[{"name": "b", "at": "AAAAAAAA"}])


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "look"),
    [
        ({}, {}),
        ({"psi": "0.7"}, {"psi": 0.7}),
        ({"psi": "-2", "off": "0_3_0.5_2_17_-1e-3"}, {"psi": -2.0, "off": [[0, 3, 0.5], [2, 17, -1e-3]]}),
        ({"look": '{"noise": 4}', "psi": "1"}, {"noise": 4, "psi": 1.0}),
    ],
)
def test_a_link_names_a_place(query: dict[str, str], look: dict[str, Any]) -> None:
    assert linked({"run": "x", "at": AT} | query) == ({"at": AT, "look": look}, True)


@pytest.mark.parametrize(
    "query",
    [
        {"at": "<b>x</b>"}, {"at": "AA"}, {"at": "A" * 70_000}, {"psi": "x"}, {"psi": "nan"}, {"psi": "inf"}, {"off": ""}, {"off": "1_2"},
        {"off": "1.5_2_0"}, {"off": "1_2_nan"}, {"off": "inf_2_0"}, {"look": "["}, {"look": "[]"}, {"look": "[" * 100_000}, {"look": '{"x": NaN}'},
    ],
)  # fmt: skip
def test_a_link_that_was_cut_short_names_none(query: dict[str, str]) -> None:
    assert linked({"at": AT} | query) == (None, False)


def test_an_address_without_a_place_is_whole() -> None:
    assert linked({"run": "x", "psi": "x"}) == (None, True)

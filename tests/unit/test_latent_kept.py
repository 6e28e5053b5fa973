"""Directions kept with a run: read back as they were, refused where the file is not whole, gone with the generator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _planted
import pytest
import torch
from test_metrics_drawn import saved_run

from gan_core.errors import CheckpointError, ConfigError, RunError
from gan_core.latent import kept
from gan_core.latent.asking import asked_for
from gan_core.latent.explorer import AXES, Explorer, Room
from gan_core.latent.kept import KeptDirection, KeptDirections
from gan_core.runs import branching
from gan_core.runs.folder import RunFolder

UNIT = torch.nn.functional.normalize(torch.tensor([1.0, -2.0, 0.5, 0.0]), dim=0)


def direction(title: str = "Smile", **changes: Any) -> KeptDirection:
    return KeptDirection(**{"title": title, "space": "z", "vector": UNIT, "sigma": 1.25, "step": 7, "how": "marks", "accuracy": 0.9} | changes)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> KeptDirections:
    return KeptDirections(tmp_path / "latent.json")


def test_what_was_saved_is_read_back(file: KeptDirections) -> None:
    assert file.read() == []
    one, other = direction(), direction("Ä lachen", accuracy=None, how="sefa")
    file.add(one)
    file.add(other)
    for found in (file.read(), KeptDirections(file.path).read()):
        assert [(k.title, k.sigma, k.step, k.how, k.accuracy, k.id) for k in found] == [(k.title, k.sigma, k.step, k.how, k.accuracy, k.id) for k in (one, other)]  # fmt: skip
        assert torch.allclose(found[0].vector, UNIT)
    file.remove("00000000")
    file.remove(one.id)
    assert [k.title for k in file.read()] == ["Ä lachen"]
    assert file.find(one.id) is None
    assert not list(file.path.parent.glob(".*"))


def test_names_and_numbers(file: KeptDirections, monkeypatch: pytest.MonkeyPatch) -> None:
    file.add(direction())
    with pytest.raises(ConfigError, match="called SMILE"):
        file.add(direction("SMILE"))
    assert kept.titled("  two   words ") == "two words"
    for bad in ("", "   ", "x" * 61, "a\x00b"):
        with pytest.raises(ConfigError, match="1 to 60"):
            kept.titled(bad)
    monkeypatch.setattr(kept, "MOST", 2)
    file.add(direction("b"))
    with pytest.raises(ConfigError, match="2 directions"):
        file.add(direction("c"))
    with pytest.raises(RunError, match="gone"):
        KeptDirections(file.path.parent / "nowhere" / "latent.json").add(direction())


def one(**changes: Any) -> str:
    return json.dumps({"version": 1, "directions": [direction().as_json() | changes]})


@pytest.mark.parametrize("text", [
    "", "[]", "{", '{"version": 2, "directions": []}', '{"version": 1}', '{"version": 1, "directions": [3]}', "\ud800",
    one(vector="AAAA"), one(vector="AACAPwAAgD8"), one(vector=""), one(vector=5), one(space="q"), one(sigma="1"), one(sigma=-1), one(step=0.5),
    one(how="magic"), one(accuracy=2), one(id="../../x"), one(title=""), one(title="x" * 61), "[" * 100_000,
    json.dumps({"version": 1, "directions": [direction(id="00000001").as_json()] * 2}),
    json.dumps({"version": 1, "directions": [direction().as_json()] * 201}),
])  # fmt: skip
def test_a_file_that_is_not_whole_is_refused_and_left(file: KeptDirections, text: str) -> None:
    file.path.write_bytes(text.encode("utf-8", "surrogatepass"))
    before = file.path.read_bytes()
    with pytest.raises(CheckpointError, match="delete this file"):
        file.read()
    with pytest.raises(CheckpointError):
        file.add(direction())
    assert file.path.read_bytes() == before


def test_what_another_process_has_written_is_seen(file: KeptDirections) -> None:
    file.add(direction())
    assert len(file.read()) == 1
    KeptDirections(file.path).add(direction("b"))
    assert [k.title for k in file.read()] == ["Smile", "b"]


def test_saved_and_found_after_a_restart_of_the_server(tmp_path: Path) -> None:
    room = _planted.room(tmp_path / "run")
    saved = _planted.answer(room, "save_direction", {"name": AXES, "index": 1, "title": " Which  half ", "how": "axes"}).facts  # fmt: skip
    assert [one["title"] for one in saved["directions"]] == ["Which half"]
    again = Room(Explorer(RunFolder(tmp_path / "run")), room.explored)
    known = again.find(saved["saved"])
    assert known.directions.vectors.tolist() == [[0, 1, 0, 0]]
    assert (known.space, float(known.directions.sigma[0])) == ("z", 1)
    moved = again.settled({"moved": {"seed": 3}, "by": [[saved["saved"], 0, 2.0]]})
    assert (moved - again.settled({"seed": 3})).tolist() == pytest.approx([0, 2, 0, 0])
    assert _planted.answer(again, "saved_directions", {}).facts["directions"] == saved["directions"]
    assert _planted.answer(again, "forget_direction", {"name": saved["saved"]}).facts["directions"] == []
    with pytest.raises(ConfigError, match="not there any more"):
        again.find(saved["saved"])


def test_only_the_owner_writes() -> None:
    assert asked_for("save_direction").writes
    assert asked_for("forget_direction").writes
    assert not asked_for("saved_directions").writes


@pytest.mark.parametrize("changes", [{"vector": torch.ones(9) / 3}, {"space": "w"}])
def test_one_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    room = _planted.room(tmp_path / "run")
    foreign = direction(**changes)
    room.explorer.folder.directions.add(foreign)
    with pytest.raises(ConfigError, match="does not fit"):
        room.find(foreign.name)
    assert _planted.answer(room, "saved_directions", {}).facts["directions"] == []


def test_a_branch_takes_them_and_a_new_beginning_does_not(tmp_path: Path) -> None:
    folder = saved_run(tmp_path / "digits-20260131-142530-000001")
    folder.directions.add(direction("early", step=3))
    folder.directions.add(direction("late", step=4))
    target = RunFolder(tmp_path / "digits-20260131-142530-000002")
    branching.branch(folder, folder.path.name, 3, target, target.path.name, "")
    assert [k.title for k in target.directions.read()] == ["early"]
    (target.path / "latent.json").write_text("no JSON")
    third = RunFolder(tmp_path / "digits-20260131-142530-000003")
    branching.branch(target, target.path.name, 3, third, third.path.name, "")  # what is damaged is left behind
    assert third.directions.read() == []
    folder.restart(folder.config())
    assert folder.directions.read() == []
    assert not folder.directions.path.exists()
    folder.directions.add(direction())
    folder.discard()
    assert not (folder.path / "latent.json").exists()

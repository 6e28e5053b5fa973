"""Generators as files: what is saved in one place is the same generator in another, and nothing else is taken for one."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import _explored
import _tiny
import pytest
import torch
from safetensors.torch import save

from gan_core import serial
from gan_core.errors import CheckpointError, ConfigError, PlaygroundError, RunError
from gan_core.latent import models
from gan_core.latent.explorer import Explorer
from gan_core.latent.models import Models, as_file
from gan_core.runs import checkpoint
from gan_core.runs.checkpoint import Saved, copy_state

KINDS = {
    "points": _tiny.points(),
    "dcgan": _tiny.pictures(),
    "told": _tiny.pictures(**_explored.TOLD),
    "found": _tiny.pictures(**_explored.FOUND),
    "styles": _tiny.pictures(**_explored.STYLES),
    "spectral": _tiny.pictures(discriminator__spectral_norm=True, generator__spectral_norm=True),
    "vae": _tiny.pictures(method="vae", penalty="none"),
    "bigan": _tiny.pictures(method="bigan"),
}


def saved(config: Any, **changes: Any) -> Saved:
    """What a file of such a generator holds, some of it changed."""
    explored = _explored.explored(config)
    state = {"ema": explored.g.state_dict(), "discriminator": explored.players.d.state_dict(), "step": 2}
    return Saved(copy_state(state | changes), serial.to_dict(config))


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_draws_the_same_where_it_is_brought(kind: str, tmp_path: Path) -> None:
    explored = Explorer(_explored.saved_run(tmp_path / "run", KINDS[kind])).room(2).explored
    there = Models(tmp_path)
    model = there.add(as_file(explored), "My generator.safetensors", "me")
    found = Explorer(there.folder(model.id)).room(2).explored
    latents = explored.many(5, 0)
    samples = explored.draw(latents)
    assert torch.equal(found.draw(latents), samples)
    torch.testing.assert_close(found.scores(samples, latents), explored.scores(samples, latents), equal_nan=True)
    if explored.traits.encodes:
        assert torch.equal(found.encoded(samples), explored.encoded(samples))
    assert (model.name, model.owner) == ("My generator", "me")
    assert there.of("me") == [model]
    assert there.of("you") == []


def test_the_file_that_is_saved_can_be_brought(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (3,))
    found = _explored.answer(Explorer(folder).room(3), "as_model")
    assert found.facts["name"] == "run-3.safetensors"
    model = Models(tmp_path).add(found.arrays["file"].tobytes(), found.facts["name"], "me")
    assert Explorer(Models(tmp_path).folder(model.id)).newest() == 3


def test_a_whole_checkpoint_is_taken_without_what_only_training_needs(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (3,))
    file = folder.states()[3]
    there = Models(tmp_path)
    model = there.add(file.read_bytes(), file.name, "me")
    kept = checkpoint.read(there.folder(model.id).states()[3])
    assert {part for part, said in kept.state.items() if said != {}} == {"ema", "discriminator", "step"}
    assert torch.equal(
        Explorer(there.folder(model.id)).room(3).explored.seed(1), Explorer(folder).room(3).explored.seed(1)
    )


def test_places_are_kept_with_a_model_and_go_with_it(tmp_path: Path) -> None:
    there = Models(tmp_path)
    model = there.add(as_file(_explored.explored(_tiny.points())), "a.safetensors", "me")
    room = Explorer(there.folder(model.id)).room(2)
    at = _explored.answer(room, "draw", places=[{"seed": 0}], more=True).facts["at"][0]
    _explored.answer(room, "keep", favourites=[{"name": "One", "at": at}])
    assert [one["name"] for one in _explored.answer(room, "favourites").facts["favourites"]] == ["One"]
    there.remove(model.id)
    assert not there.exists(model.id)
    assert list((tmp_path / "models").iterdir()) == []
    with pytest.raises(RunError, match="no such model"):
        there.remove(model.id)


def absurd(config: dict[str, Any]) -> dict[str, Any]:
    """Settings of networks that are far larger than the file."""
    text = json.dumps(config).replace('"width": 4', '"width": 512')
    return dict(json.loads(text))


def wrong() -> dict[str, tuple[bytes, str]]:
    good = as_file(_explored.explored(_tiny.pictures()))
    whole = saved(_tiny.pictures())
    other = saved(_tiny.pictures(generator__width=6))
    nan = saved(_tiny.pictures())
    next(iter(nan.state["ema"].values())).fill_(float("nan"))
    named = {key: value for key, value in whole.state["ema"].items() if not key.startswith("0.")}
    return {
        "pickle": (pickle.dumps({"a": 1}), "pickled file"),
        "archive of torch": (b"PK\x03\x04" + b"x" * 100, "pickled file"),
        "empty": (b"", "no generator that was saved here"),
        "text": (b"hello", "no generator that was saved here"),
        "cut": (good[:-50], "no generator that was saved here"),
        "changed": (good[:-3] + b"abc", "no generator that was saved here"),
        "of another program": (save({"weight": torch.ones(3)}), "no generator that was saved here"),
        "later version": (good.replace(b'\\"version\\": 3', b'\\"version\\": 9'), "another version"),
        "without a step": (checkpoint.dump(whole._replace(state={k: v for k, v in whole.state.items() if k != "step"})), "no generator"),
        "step below 0": (checkpoint.dump(saved(_tiny.pictures(), step=-1)), "no generator"),
        "without a generator": (checkpoint.dump(whole._replace(state={"step": 2, "discriminator": whole.state["discriminator"]})), "do not fit"),
        "without D": (checkpoint.dump(whole._replace(state={"step": 2, "ema": whole.state["ema"]})), "do not fit"),
        "other sizes": (checkpoint.dump(whole._replace(state=other.state)), "do not fit"),
        "a layer less": (checkpoint.dump(whole._replace(state=whole.state | {"ema": named})), "do not fit"),
        "absurd settings": (checkpoint.dump(whole._replace(config=absurd(whole.config))), "do not fit"),
        "no settings": (checkpoint.dump(whole._replace(config={})), ""),
        "not a number": (checkpoint.dump(nan), "not all numbers"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(wrong()))
def test_nothing_else_is_taken_for_a_generator(kind: str, tmp_path: Path) -> None:
    data, sentence = wrong()[kind]
    there = Models(tmp_path)
    if kind == "no settings":  # the defaults, which these weights are not of
        sentence = "do not fit"
    with pytest.raises((ConfigError, CheckpointError), match=sentence):
        there.add(data, "file.bin", "me")
    assert there.of("me") == []
    assert list((tmp_path / "models").iterdir() if (tmp_path / "models").exists() else []) == []


def test_nothing_large_is_built_for_settings_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _sentence = wrong()["absurd settings"]
    monkeypatch.setattr(models, "explored_from", lambda *_: pytest.fail("it was built"))
    with pytest.raises(CheckpointError, match="do not fit"):
        Models(tmp_path).add(data, "file.safetensors", "me")


def test_too_large_and_too_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = as_file(_explored.explored(_tiny.points()))
    there = Models(tmp_path)
    monkeypatch.setattr(models, "MOST", 1)
    there.add(good, "a.safetensors", "me")
    with pytest.raises(ConfigError, match="kept already"):
        there.add(good, "b.safetensors", "me")
    there.add(good, "b.safetensors", "you")
    monkeypatch.setattr(models, "TOGETHER_MB", 0)
    with pytest.raises(RunError, match="no room"):
        there.add(good, "c.safetensors", "she")
    monkeypatch.setattr(models, "LARGEST_MB", 0)
    with pytest.raises(ConfigError, match="at most 0"):
        there.add(good, "c.safetensors", "she")


@pytest.mark.parametrize(("file", "name"), [("../../etc/passwd.safetensors", "passwd"), ("a\nb\x00c.safetensors", "a b c"), ("数字.safetensors", "数字"),
                                            (".safetensors", ".safetensors"), ("x" * 300, "x" * 80), (" ", "model")])  # fmt: skip
def test_a_files_name_is_only_a_name(file: str, name: str, tmp_path: Path) -> None:
    there = Models(tmp_path)
    model = there.add(as_file(_explored.explored(_tiny.points())), file, "me")
    assert model.name == name
    assert [path.name for path in (tmp_path / "models").iterdir()] == [model.id]


def test_only_models_are_found_by_their_ids(tmp_path: Path) -> None:
    there = Models(tmp_path)
    for bad in (
        "",
        "../x",
        "model-20260101-000000-abcdeg",
        "ring-20260101-000000-abcdef",
        "model-20260101-000000-abcdef/..",
    ):
        assert not there.exists(bad)
        assert there.get(bad) is None
        with pytest.raises(RunError):
            there.folder(bad)
    assert not there.exists("model-20260101-000000-abcdef")
    assert there.get("model-20260101-000000-abcdef") is None


def test_a_damaged_note_hides_a_model_and_nothing_else(tmp_path: Path) -> None:
    good = as_file(_explored.explored(_tiny.points()))
    there = Models(tmp_path)
    first, second = (there.add(good, f"{name}.safetensors", "me") for name in "ab")
    (tmp_path / "models" / first.id / "model.json").write_text("{", encoding="utf-8")
    assert there.of("me") == [second]


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way", encoding="utf-8")
    with pytest.raises(PlaygroundError, match="cannot be kept") as refused:
        Models(tmp_path).add(as_file(_explored.explored(_tiny.points())), "a.safetensors", "me")
    assert str(tmp_path) not in str(refused.value)

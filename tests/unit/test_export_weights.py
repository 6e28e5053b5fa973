"""Weights as a file: whose they are, loaded without this program, and opened again as a model of one's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from safetensors.torch import load, safe_open

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import ExportError
from gan_core.export.weights import loading, network, weights
from gan_core.latent.explored import explored_from
from gan_core.latent.models import Models
from gan_core.runs import facts
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from gan_core.training import new_trainer


def trained(config: RunConfig, path: Path) -> RunFolder:
    folder = RunFolder(path)
    folder.create(config, facts.of_new("r", "", config))
    trainer = new_trainer(config)
    for _ in range(2):
        trainer.step()
        folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(config)))
    return folder


def test_every_player_of_any_step_with_what_says_so(tmp_path: Path) -> None:
    folder = trained(_tiny.pictures(method="bigan", penalty="none"), tmp_path / "run")
    for step in (None, 1):
        made = weights(folder, step)
        state = (folder.read_checkpoint() if step is None else folder.read_state(step)).state
        assert (made.step, made.players) == (step or 2, ("ema", "generator", "discriminator", "encoder"))
        found = load(made.data)
        assert {name.split("/")[0] for name in found} == set(made.players)
        for name, tensor in found.items():
            player, _, key = name.partition("/")
            assert torch.equal(tensor, state[player][key])
        (tmp_path / "w.safetensors").write_bytes(made.data)
        with safe_open(tmp_path / "w.safetensors", framework="pt") as file:
            about = json.loads(file.metadata()["gan-playground"])
        assert serial.from_dict(about["config"]) == folder.config()
        assert about["numbers"]["step"] == made.step


def test_the_lines_that_are_shown_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = trained(_tiny.points(), tmp_path / "run")
    (tmp_path / "w.safetensors").write_bytes(weights(folder).data)
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(loading("w.safetensors"), made)
    _tiny.assert_same(made["ema"], folder.read_checkpoint().state["ema"])


@pytest.mark.parametrize("config", [
    _tiny.points(), _tiny.pictures(generator__spectral_norm=True, generator__attention=True), _tiny.pictures(generator__network="style", discriminator__network="style"),
    _tiny.pictures(generator__conditioning="concat", discriminator__conditioning="projection"), _tiny.pictures(generator__network="r3gan"),
], ids=["points", "dcgan", "style", "told", "r3gan"])  # fmt: skip
def test_the_network_as_code_takes_them(config: RunConfig, tmp_path: Path) -> None:
    """In a process that has PyTorch alone."""
    made = weights(trained(config, tmp_path / "run"))
    (tmp_path / "w.safetensors").write_bytes(made.data)
    (tmp_path / "load.py").write_text(network(config, "w.safetensors"), encoding="utf-8")
    both = "import runpy, sys\nfor player in ('ema', 'generator'):\n    sys.argv = ['load.py', 'w.safetensors', player]\n    runpy.run_path('load.py', run_name='__main__')"
    said = subprocess.run(
        [sys.executable, "-I", "-c", both], cwd=tmp_path, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    shapes = said.stdout.splitlines()
    assert len(shapes) == 2
    assert all(shape.startswith("torch.Size([1, ") for shape in shapes)
    assert "gan_core" not in (tmp_path / "load.py").read_text(encoding="utf-8")


def test_a_translation_has_weights_and_no_code_of_its_own(tmp_path: Path) -> None:
    made = weights(trained(_tiny.pairs(), tmp_path / "run"))
    assert made.players == ("ema", "generator", "discriminator")
    with pytest.raises(ExportError):
        network(made.config, "w.safetensors")


def test_it_opens_in_the_latent_explorer(tmp_path: Path) -> None:
    folder = trained(_tiny.pictures(), tmp_path / "run")
    models = Models(tmp_path / "data")
    model = models.add(weights(folder, 1).data, "w.safetensors", "me")
    brought, own = explored_from(models.folder(model.id)), explored_from(folder, 1)
    assert brought.step == 1
    latent = own.seed(3)[None]
    assert torch.equal(brought.draw(latent), own.draw(latent))

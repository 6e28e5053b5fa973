"""Generators as ONNX: every family and every form, drawn by onnxruntime as by PyTorch, and opened again as a model of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from gan_core import generate, registry, serial
from gan_core.config import RunConfig
from gan_core.errors import ExportError, PlaygroundError
from gan_core.export import onnx_file
from gan_core.export.onnx_file import OnnxPlan, usage, write
from gan_core.latent.explored import explored_from
from gan_core.latent.models import Models
from gan_core.latent.onnx_models import explored_onnx
from gan_core.players import draw_inputs
from gan_core.runs import facts
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from gan_core.training import new_trainer

_TOLD: dict[str, Any] = {"generator__conditioning": "concat", "discriminator__conditioning": "projection"}
_CODES: dict[str, Any] = {"latent__categories": 4, "latent__continuous": 2, "loss": "hinge", "penalty": "none"}


def _families() -> Iterator[tuple[str, RunConfig]]:
    """Each network that draws, with each form that it takes."""
    for entry in registry.network.entries():
        if "generator" not in entry.info.get("plays", ("generator",)):
            continue
        name, kinds = entry.name, entry.info["kinds"]
        if "points" in kinds:
            yield f"{name} of points", _tiny.points(generator__network=name, latent__dim=3)
        if "images" in kinds:
            yield name, _tiny.pictures(generator__network=name)
            if entry.info.get("classes"):
                yield f"{name} told a class", _tiny.pictures(generator__network=name, **_TOLD)
            if "spectral_norm" in entry.info["uses"]:
                yield (
                    f"{name} with spectral norm",
                    _tiny.pictures(generator__network=name, generator__spectral_norm=True),
                )
            if "attention" in entry.info["uses"]:
                yield f"{name} with attention", _tiny.pictures(generator__network=name, generator__attention=True)
            if "truncation" in entry.info["uses"]:
                yield f"{name} truncated", _tiny.pictures(generator__network=name, generator__truncation=0.5)
        if "pairs" in kinds:
            for method in ("pix2pix", "cyclegan"):
                yield f"{name} of {method}", _tiny.pairs(generator__network=name, method=method)
    yield (
        "dcgan told in its normalisation",
        _tiny.pictures(**_TOLD | {"generator__conditioning": "norm", "generator__norm": "batch"}),
    )
    yield "categories alone", _tiny.pictures(**_CODES | {"latent__continuous": 0})
    yield "a code of numbers alone", _tiny.pictures(**_CODES | {"latent__categories": 0})
    yield "categories and numbers", _tiny.pictures(**_CODES)
    yield "an autoencoder", _tiny.pictures(method="vae", penalty="none")


def _made() -> dict[str, RunConfig]:
    found = {}
    for name, config in _families():
        found[name] = config
    return found


FORMS = _made()


def trained(config: RunConfig, path: Path) -> RunFolder:
    """A run of three steps, in which the averaged and the live generator differ."""
    folder = RunFolder(path)
    folder.create(config, facts.of_new("r", "", config))
    trainer = new_trainer(config)
    for _ in range(3):
        trainer.step()
    folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(config)))
    return folder


@pytest.mark.parametrize("name", FORMS)
def test_every_form_draws_the_same(name: str, tmp_path: Path) -> None:
    config, out = FORMS[name], tmp_path / "g.onnx"
    folder = trained(config, tmp_path / "run")
    made = write(folder, OnnxPlan(), out)
    assert made.difference < 1e-5
    assert made.step == 3
    assert made.bytes == out.stat().st_size
    session = onnxruntime.InferenceSession(out.read_bytes(), providers=["CPUExecutionProvider"])
    generator = generate.load(folder, "cpu")
    rng = torch.Generator().manual_seed(0)
    for n in (1, 3):
        if config.translates:
            given = torch.rand(n, *session.get_inputs()[0].shape[1:], generator=rng) * 2 - 1
            fed = {"picture": given.numpy()}
            expected = generator.module(given).clamp(-1, 1)
        else:
            whole, dim = draw_inputs(generate.BATCH, config, torch.Generator().manual_seed(n))[:n], config.latent.dim
            count = config.classes or config.latent.categories
            fed = {"z": whole[:, :dim].numpy()}
            if count:
                fed["label"] = whole[:, dim : dim + count].argmax(1).numpy()
            if config.latent.continuous:
                fed["code"] = whole[:, dim + count :].numpy()
            expected = generator.sample(n, seed=n)
        found = session.run(["samples"], fed)[0]
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    folder = trained(_tiny.pictures(**_CODES), tmp_path / "run")
    made = write(folder, OnnxPlan(averaged=False), tmp_path / "g.onnx")
    model = onnx.load(tmp_path / "g.onnx")
    said = {prop.key: prop.value for prop in model.metadata_props}
    assert (said["step"], said["player"]) == ("3", "live generator")
    assert json.loads(said["inputs"]) == made.inputs
    assert set(made.inputs) == {"z", "label", "code"}
    assert serial.from_dict(json.loads(said["config"])) == folder.config()
    session = onnxruntime.InferenceSession((tmp_path / "g.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_overridable_initializers()] == ["code"]
    z, label = np.zeros((3, 2), np.float32), np.arange(3)
    left_out = session.run(None, {"z": z, "label": label})[0]
    np.testing.assert_array_equal(
        left_out, session.run(None, {"z": z, "label": label, "code": np.zeros((3, 2), np.float32)})[0]
    )
    assert (
        np.abs(left_out - session.run(None, {"z": z, "label": label, "code": np.ones((3, 2), np.float32)})[0]).max() > 0
    )


def test_averaged_live_and_the_way_back_are_others(tmp_path: Path) -> None:
    folder = trained(_tiny.pairs(method="cyclegan"), tmp_path / "run")
    files = []
    for n, plan in enumerate((OnnxPlan(), OnnxPlan(averaged=False), OnnxPlan(back=True))):
        made = write(folder, plan, tmp_path / f"{n}.onnx")
        files.append((tmp_path / f"{n}.onnx").read_bytes())
    assert len(set(files)) == 3
    assert made.output.startswith("(N, 1, 28, 28)")
    with pytest.raises(ExportError) as caught:
        write(trained(_tiny.pairs(), tmp_path / "pix"), OnnxPlan(back=True), tmp_path / "x.onnx")
    assert caught.value.template == onnx_file.NO_WAY_BACK


@pytest.mark.parametrize(
    ("name", "classes"),
    [("dcgan", 0), ("dcgan told a class", 10), ("style truncated", 0), ("categories and numbers", 4)],
)
def test_it_opens_again_in_the_latent_explorer(name: str, classes: int, tmp_path: Path) -> None:
    folder = trained(FORMS[name], tmp_path / "run")
    write(folder, OnnxPlan(), tmp_path / "g.onnx")
    models = Models(tmp_path / "data")
    model = models.add((tmp_path / "g.onnx").read_bytes(), "g.onnx", "me")
    brought, own = explored_onnx(models.folder(model.id).path), explored_from(folder)
    assert (brought.traits.dim, brought.traits.classes) == (2, classes)
    latent = own.seed(5)[None]
    if own.traits.continuous:
        latent[:, -own.traits.continuous :] = 0.0
    given = latent[:, : brought.inputs]
    np.testing.assert_allclose(brought.draw(given), own.draw(latent), atol=1e-5)


def test_what_differs_is_not_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = trained(_tiny.points(), tmp_path / "run")
    monkeypatch.setattr(onnx_file, "_exported", _another)
    with pytest.raises(ExportError) as caught:
        write(folder, OnnxPlan(), tmp_path / "g.onnx")
    assert caught.value.template == onnx_file.DIFFERS
    assert not (tmp_path / "g.onnx").exists()


_real = onnx_file._exported


def _another(form: Any) -> bytes:
    """The file of a generator that has been pushed a little."""
    with torch.no_grad():
        form.origin += 0.1
        data = _real(form)
        form.origin -= 0.1
    return data


def test_a_run_that_diverged_and_a_server_without_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _tiny.points()
    folder = trained(config, tmp_path / "run")
    saved = folder.read_checkpoint()
    saved.state["ema"] = {name: value * torch.nan for name, value in saved.state["ema"].items()}
    folder.write_checkpoint(saved)
    with pytest.raises(ExportError) as caught:
        write(folder, OnnxPlan(), tmp_path / "g.onnx")
    assert caught.value.template == onnx_file.NOT_FINITE
    monkeypatch.setattr(onnx_file, "at_hand", lambda: False)
    with pytest.raises(PlaygroundError) as caught:
        write(folder, OnnxPlan(), tmp_path / "g.onnx")
    assert "pip install" in str(caught.value)


@pytest.mark.parametrize("name", ["mlp of points", "dcgan told a class", "unet of pix2pix"])
def test_the_lines_that_are_shown_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(trained(FORMS[name], tmp_path / "run"), OnnxPlan(), tmp_path / "g.onnx")
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(usage(FORMS[name], "g.onnx"), made)
    assert np.isfinite(made["samples"]).all()

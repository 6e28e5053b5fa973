"""The script that stands alone: run, and compared with the run that it repeats."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from _tiny import objectives, pictures, points, with_objective
from torch import nn

from gan_core import config as settings
from gan_core import presets, registry
from gan_core.config import RunConfig
from gan_core.errors import ExportError
from gan_core.export.script import Script, script
from gan_core.trainer import Trainer

STEPS = 7
POINT_SETS = [e.name for e in registry.dataset.entries() if e.info["kind"] == "points"]


def run(made: Script, folder: Path, steps: int | None = None) -> dict[str, Any]:
    """The names that the script has made at its end, run in `folder` without gan_core in sight."""
    for name, data in made.files.items():
        (folder / name).write_bytes(data)
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(folder / "run.py")}
    before, threads, argv = os.getcwd(), torch.get_num_threads(), sys.argv
    os.chdir(folder)
    sys.argv = ["run.py", *([str(steps)] if steps is not None else [])]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(made.text, "run.py", "exec", dont_inherit=True), names)
    finally:
        os.chdir(before)
        sys.argv = argv
        torch.set_num_threads(threads)
    return names


def assert_equal(one: nn.Module, other: nn.Module) -> None:
    a, b = one.state_dict(), other.state_dict()
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def assert_repeats(
    config: RunConfig, folder: Path, steps: int = STEPS, changes: dict[int, dict[str, Any]] | None = None
) -> Script:
    """After `steps` steps the script has the weights of gan_core's own eager run, bit for bit."""
    trainer, journal = Trainer(config), []
    for step in range(steps):
        for name, value in (changes or {}).get(step, {}).items():
            new = settings.replace(trainer.config, {name: value} if not isinstance(value, dict) else value)
            pairs = {n: list(p) for n, p in settings.differences(trainer.config, new).items()}
            journal.append({"step": step, "do": "change", "changes": pairs})
            trainer.change(new)
        trainer.step()
    made = script(config, journal, steps, threads=torch.get_num_threads())
    names = run(made, folder)
    assert names["step"] == steps - 1
    assert_equal(names["G"], trainer.g)
    assert_equal(names["D"], trainer.d)
    if "average" in names:
        assert_equal(names["average"], trainer.ema.module)
    assert "gan_core" not in made.text
    return made


@pytest.mark.parametrize("loss", list(registry.loss))
def test_every_loss_with_every_penalty(loss: str, tmp_path: Path) -> None:
    for other, penalty in objectives():
        config = with_objective(loss, penalty) if other == loss else None
        if config is not None:
            assert_repeats(config, tmp_path)


@pytest.mark.parametrize("name", POINT_SETS)
def test_every_set_of_points(name: str, tmp_path: Path) -> None:
    made = assert_repeats(points(data__name=name), tmp_path, 3)
    rows = (tmp_path / "samples.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "x,y"
    assert len(rows) == 1001
    assert bool(made.files) == (name in ("drawing", "table"))  # too long to be read


@pytest.mark.parametrize(
    "changes",
    [
        {"latent__distribution": "uniform", "latent__dim": 3},
        {"latent__distribution": "sphere", "ema_half_life": 0.0},
        {"ema_ramp": 0.0, "ema_half_life": 300.0, "seed": 9},
        {"penalty": "r1", "penalty_interval": 3, "penalty_weight": 0.7},
        {"penalty": "wgan_gp", "penalty_interval": 2, "schedule": "linear", "horizon": 90, "penalty_final": 0.0},
        {
            "schedule": "cosine",
            "horizon": 200,
            "lr_final": 0.1,
            "penalty_final": 0.3,
            "instance_noise": 0.3,
            "noise_final": 0.0,
        },
        {
            "schedule": "cosine",
            "horizon": 100,
            "g_optimizer__beta2": 0.9,
            "beta2_final": 0.99,
            "ema_first": 0.0,
            "lr_final": 0.25,
        },
        {
            "schedule": "linear",
            "horizon": 100,
            "beta2_final": 0.5,
            "d_optimizer__name": "rmsprop",
            "g_optimizer__name": "sgd",
            "ema_first": 0.5,
        },
        {"schedule": "linear", "horizon": 64, "instance_noise": 0.5, "noise_final": 0.0},
        {"instance_noise": 0.2, "label_flip": 0.3, "loss": "hinge", "penalty": "r2"},
        {"label_flip": 0.2, "penalty": "wgan_gp"},
        {"label_smoothing": 0.1, "loss": "non_saturating", "penalty": "none"},
        {"label_smoothing": 0.2, "loss": "least_squares"},
        {"accumulation": 4, "grad_clip": 0.05},
        {"grad_clip": 0.1},
        {"k_d": 3, "k_g": 2},
        {"k_d": 0},
        {"k_g": 0},
        {"discriminator__spectral_norm": True, "penalty": "none", "loss": "hinge"},
        {
            "generator__spectral_norm": True,
            "discriminator__spectral_norm": True,
            "penalty": "dragan",
            "penalty_interval": 2,
        },
        {"discriminator__minibatch_std": True},
        {
            "generator__norm": "batch",
            "discriminator__norm": "batch",
            "penalty": "weight_clipping",
            "loss": "wasserstein",
        },
        {"generator__norm": "layer", "discriminator__norm": "layer"},
        {"generator__activation": "silu", "discriminator__activation": "gelu"},
        {"generator__activation": "relu", "discriminator__activation": "tanh"},
        {"batch_size": 8000, "generator__hidden": (4,)},
    ],
    ids=lambda c: "-".join(map(str, c.values())),
)
def test_what_else_the_settings_say(changes: dict[str, Any], tmp_path: Path) -> None:
    assert_repeats(points(**changes), tmp_path, STEPS if changes.get("batch_size", 0) < 1000 else 2)


@pytest.mark.parametrize("name", list(registry.optimizer))
def test_every_optimiser(name: str, tmp_path: Path) -> None:
    assert_repeats(points(g_optimizer__name=name, d_optimizer__name=name), tmp_path)
    assert_repeats(points(g_optimizer__name=name, d_optimizer__name=name, g_optimizer__momentum=0.5, g_optimizer__beta1=0.5,
                          d_optimizer__beta2=0.9, d_optimizer__momentum=0.3), tmp_path)  # fmt: skip


@pytest.mark.parametrize("preset", [e.name for e in registry.preset.entries() if e.info["page"] == "lab"])
def test_presets_repeat_and_are_short(preset: str, tmp_path: Path) -> None:
    config = settings.replace(presets.load(preset), {"device": "cpu", "threads": 1})
    made = assert_repeats(config, tmp_path)
    lines = [line for line in made.text.splitlines() if line.strip()]
    assert len(lines) <= 165
    assert max(map(len, lines)) <= 135


@pytest.mark.parametrize(
    "changes",
    [
        {3: {"g_optimizer.lr": 0.01, "batch_size": 32}},
        {0: {"loss": "hinge"}, 4: {"penalty": "wgan_gp"}, 5: {"penalty": "none"}},
        {2: {"penalty": "weight_clipping"}, 4: {"penalty_weight": 0.03}},
        {2: {"g_optimizer.name": "sgd"}, 4: {"d_optimizer.name": "rmsprop"}, 5: {"d_optimizer.momentum": 0.5}},
        {2: {"g_optimizer.beta1": 0.5}, 3: {"schedule": "cosine"}, 4: {"horizon": 500}, 5: {"lr_final": 0.1}},
        {2: {"instance_noise": 0.1}, 3: {"label_flip": 0.2}, 5: {"instance_noise": 0.0}},
        {2: {"k_d": 2}, 3: {"k_g": 0}, 5: {"k_g": 1, "ema_half_life": 100.0}},
        {2: {"grad_clip": 0.1}, 3: {"accumulation": 2}, 5: {"grad_clip": 0.0}},
        {1: {"horizon": 100}, 2: {"schedule": "cosine"}, 3: {"beta2_final": 0.5}, 4: {"ema_first": 0.2}, 5: {"g_optimizer.name": "rmsprop"},
         6: {"beta2_final": 0.0}, 7: {"schedule": "constant"}},
        {2: {"penalty_interval": 2}, 4: {"penalty_interval": 1}},
    ],
    ids=str,
)  # fmt: skip
def test_live_changes_are_repeated(changes: dict[int, dict[str, Any]], tmp_path: Path) -> None:
    assert_repeats(points(), tmp_path, 8, changes)


def test_a_change_that_went_wrong_is_left_out() -> None:
    entries = [{"step": 5, "do": "change", "changes": {"g_optimizer.name": ["adam", "sgd"]}},
               {"step": 5, "do": "rollback", "changes": {"g_optimizer.name": ["sgd", "adam"]}}]  # fmt: skip
    assert script(points(), entries, 10).text == script(points(), [], 10).text


@pytest.mark.parametrize(
    "changes",
    [{}, {"generator__norm": "batch", "penalty": "none", "generator__upsampling": "bilinear"}, {"generator__network": "mlp", "discriminator__network": "mlp"}],
    ids=["dcgan", "batch", "mlp"],
)  # fmt: skip
def test_pictures(changes: dict[str, Any], tmp_path: Path) -> None:
    made = assert_repeats(pictures(**changes), tmp_path, 3)
    assert list(made.files) == ["pictures.bin"]
    sheet = (tmp_path / "samples.pgm").read_bytes()
    assert sheet.startswith(b"P5 64 64 255\n")
    assert len(sheet) == 13 + 64 * 64


def test_as_a_process_of_its_own_it_writes_the_samples_of_the_app(tmp_path: Path) -> None:
    config = points(batch_size=64)
    made = script(config, steps=50)
    (tmp_path / "run.py").write_text(made.text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "run.py"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert "step      50" in done.stdout
    assert done.stderr == ""
    trainer = Trainer(config)
    for _ in range(50):
        trainer.step()
    rows = (tmp_path / "samples.csv").read_text(encoding="utf-8").splitlines()[1:]
    from gan_core.players import draw_latents

    z = draw_latents(512, 2, "gaussian", torch.Generator().manual_seed(0))
    found = torch.tensor([[float(v) for v in row.split(",")] for row in rows[:512]])
    assert torch.equal(found, trainer.sample(z))


def test_what_cannot_stand_alone_is_said() -> None:
    with pytest.raises(ExportError, match="downloaded"):
        script(presets.load("mnist"))
    with pytest.raises(ExportError, match=r"Residual \(R3GAN\)"):
        script(pictures(discriminator__network="r3gan"))
    with pytest.raises(ExportError, match="Style-based"):
        script(pictures(generator__network="style"))

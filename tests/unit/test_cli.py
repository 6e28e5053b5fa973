"""The command line, in this process and as a program: what it prints, what it refuses, what it leaves on the disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch

from gan_core import engine, presets, registry, serial
from gan_core.cli import main
from gan_core.config import replace
from gan_core.runs.folder import RunFolder
from gan_core.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = {
    "run",
    "step",
    "seconds",
    "steps_per_second",
    "steps_per_second_mean",
    "images_per_second",
    "device",
    "metrics",
}
SMALL = ["generator.hidden=8,8", "discriminator.hidden=8,8", "batch_size=16", "device=cpu", "threads=1"]
PICTURES = [
    "data.image_size=8",
    "generator.width=4",
    "discriminator.width=4",
    "batch_size=8",
    "device=cpu",
    "threads=1",
]


def options(settings: list[str]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def strict(text: str) -> Any:
    """JSON as the standard has it: one value, no NaN, no infinity."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def train(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["train", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = strict(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """One clear line on stderr, nothing on stdout, exit code 2."""
    capsys.readouterr()
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as end:
        code = end.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    assert err.startswith("gan-playground")
    return err


def checkpoint(folder: Path) -> dict[str, Any]:
    return RunFolder(folder).read_checkpoint()[0]


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "points"
    assert main(["train", "--preset", "grid", *options(SMALL), "--steps", "10", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "pictures"
    assert main(["train", "--preset", "digits", *options(PICTURES), "--steps", "4", "--out", str(folder)]) == 0
    return folder


# ── presets ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    text = capsys.readouterr().out
    assert main(["presets", "--json"]) == 0
    found = strict(capsys.readouterr().out)
    assert {"ring", "grid", "moons", "digits", "mnist"} <= set(found) == set(registry.preset)
    for name, entry in found.items():
        assert name in text
        assert serial.from_dict(entry["config"]) == presets.load(name)
        assert [serial.from_dict(version) for version in entry["versions"]] == presets.versions(name)
        assert entry["see"] in text
        assert entry["try"] in text
        assert "**" not in entry["try"]


def test_a_version_of_a_preset_that_compares(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for number, norm in ((None, "none"), (1, "none"), (2, "batch")):
        folder = tmp_path / str(number)
        chosen = () if number is None else ("--version", number)
        train(capsys, "--preset", "batch_norm", *chosen, "--steps", 2, "--out", folder)
        assert RunFolder(folder).config().discriminator.norm == norm


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "batch_norm", "--version", "3"], "Allowed: 1 to 2"),
        (["--preset", "ring", "--version", "2"], "Allowed: 1 to 1"),
        (["--preset", "ring", "--version", "0"], "a whole number from 1"),
        (["--config", "some.toml", "--version", "1"], "needs --preset"),
        (["--resume", "somewhere", "--version", "1"], "--version"),
    ],
)
def test_a_version_that_there_is_not(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    try:
        code = main(["train", *words, "--steps", "2"])
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert said in capsys.readouterr().err


# ── train ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_train_json(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = train(capsys, "--preset", "ring", *options(SMALL), "--steps", 12, "--seed", 3, "--out", "here")
    assert found.keys() >= DOCUMENTED
    assert found.keys() <= DOCUMENTED | {"status", "message"}
    assert found["run"] == str(tmp_path / "here")
    assert found["step"] == 12
    assert found["device"] == "cpu"
    assert found["seconds"] > 0
    assert found["steps_per_second_mean"] == pytest.approx(12 / found["seconds"])
    assert found["images_per_second"] == pytest.approx(12 * 16 / found["seconds"])
    assert found["steps_per_second"] >= 0
    assert {"d_loss", "g_loss", "modes", "quality", "reverse_kl"} <= found["metrics"].keys()
    config = RunFolder(tmp_path / "here").config()
    assert (config.seed, config.generator.hidden, config.batch_size) == (3, (8, 8), 16)


def test_the_command_line_trains_as_the_library_does(points: Path) -> None:
    config = replace(presets.load("grid"), dict(setting.split("=") for setting in SMALL))
    _tiny.assert_same(checkpoint(points), _tiny.trained(config, 10).state_dict())


@pytest.mark.parametrize(("preset", "small"), [("ring", [*SMALL, "instance_noise=0.1"]), ("digits", PICTURES)])
def test_resume_is_training_without_a_stop(
    preset: str, small: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    train(capsys, "--preset", preset, *options(small), "--steps", 9, "--out", tmp_path / "whole")
    train(capsys, "--preset", preset, *options(small), "--steps", 4, "--out", tmp_path / "parts")
    found = train(capsys, "--resume", tmp_path / "parts", "--steps", 9)
    assert (found["step"], found["run"]) == (9, str(tmp_path / "parts"))
    _tiny.assert_same(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "parts"))
    again = train(capsys, "--resume", tmp_path / "parts", "--steps", 9)  # there already
    assert again["step"] == 9
    _tiny.assert_same(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "parts"))


def test_the_number_of_steps_only_stops(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A schedule depends on the images seen and its own horizon, not on when one stops."""
    small = options([*SMALL, "horizon=160", "schedule=linear"])
    train(capsys, "--preset", "ring", *small, "--steps", 5, "--out", tmp_path / "a")
    train(capsys, "--preset", "ring", *small, "--steps", 15, "--out", tmp_path / "b")
    assert checkpoint(tmp_path / "b")["step"] == 15  # past the horizon, because that was asked for
    found = train(capsys, "--preset", "ring", *small, "--out", tmp_path / "c")
    assert found["step"] == 10  # to the end of the schedule
    train(capsys, "--resume", tmp_path / "a", "--steps", 15)
    _tiny.assert_same(checkpoint(tmp_path / "a"), checkpoint(tmp_path / "b"))


def test_seconds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = train(capsys, "--preset", "ring", *options(SMALL), "--seconds", 0.3, "--out", tmp_path / "a")
    assert 0.3 <= found["seconds"] < 1.5
    more = train(capsys, "--resume", tmp_path / "a", "--seconds", 0.2)
    assert more["step"] > found["step"]
    assert more["seconds"] >= found["seconds"] + 0.19


def test_without_out_a_run_lands_in_the_data_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path / "env"))
    found = train(capsys, "--preset", "ring", *options(SMALL), "--steps", 2)
    assert Path(found["run"]).parent == (tmp_path / "env" / "runs").resolve()
    found = train(capsys, "--preset", "ring", *options(SMALL), "--steps", 2, "--data-dir", tmp_path / "given")
    assert Path(found["run"]).parent == (tmp_path / "given" / "runs").resolve()


def test_a_config_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(serial.to_toml(_tiny.points(loss="hinge")), encoding="utf-8")
    train(capsys, "--config", file, "--set", "seed=5", "--steps", 2, "--out", tmp_path / "run")
    assert RunFolder(tmp_path / "run").config() == _tiny.points(loss="hinge", seed=5)
    for bad in ("loss = 'x'", "= 3", "colour = 'red'", "\udcff"):
        file.write_bytes(bad.encode("utf-8", "surrogateescape"))
        refused(capsys, "train", "--config", file, "--steps", 2, "--out", tmp_path / "none")
        assert not (tmp_path / "none").exists()


def test_text_for_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "--preset", "ring", *options(SMALL), "--steps", "2", "--out", str(tmp_path / "a")]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "a") in out
    assert "step 2" in out


def test_data_without_modes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = train(capsys, "--preset", "moons", *options(SMALL), "--steps", 2, "--out", tmp_path / "a")
    assert set(found["metrics"]) == {"d_loss", "g_loss", "js", "swd"}


def test_a_game_that_blows_up(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Trainer.advance

    def explosive(self: Trainer, most: int) -> int:
        taken = advance(self, most)
        if self.step_count == 50:
            with torch.no_grad():
                next(self.d.parameters()).fill_(float("nan"))
        return taken

    monkeypatch.setattr(Trainer, "advance", explosive)
    code = main(
        ["train", "--preset", "grid", *options(SMALL), "--steps", "300", "--out", str(tmp_path / "a"), "--json"]
    )
    out, err = capsys.readouterr()
    assert code == 1
    assert strict(out)["step"] < 50
    assert "Traceback" not in err
    assert (
        main(["sample", str(tmp_path / "a"), "--n", "5", "--out", str(tmp_path / "s.npz")]) == 0
    )  # the good state is there


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "word"),
    [(["nothing=1"], "nothing"), (["loss=x"], "relativistic"), (["batch_size=0"], "8192"), (["batch_size"], "FIELD=VALUE"),
     (["generator.hidden=a"], "generator.hidden"), (["seed=-1"], "seed"), (["k_d=0", "k_g=0"], "k_d"), (["=3"], "setting"),
     (["generator.network=dcgan"], "mlp"), (["data.name=<b>"], "'<b>'"), (["device=tpu"], "cpu"), (["accumulation=7"], "divide")],
)  # fmt: skip
def test_wrong_settings(settings: list[str], word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert word in refused(
        capsys, "train", "--preset", "ring", *options(settings), "--steps", 2, "--out", tmp_path / "a"
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "arguments",
    [["train"], ["train", "--preset", "nothing", "--steps", "1"], ["train", "--preset", "ring", "--steps", "0"], ["nothing"],
     ["train", "--preset", "ring", "--steps", "x"], ["train", "--preset", "ring", "--seconds", "-1"], ["evaluate"], ["sample"],
     ["train", "--preset", "ring", "--config", "x"], ["train", "--config", "/nothing.toml", "--steps", "1"], ["bench", "nothing"],
     ["train", "--preset", "gan_lab"], ["train", "--preset", "ring", "--steps", "2", "--seed", "x"], ["train", "--preset"],
     ["serve", "--port", "0"], ["serve", "--port", "70000"], ["sample", "x", "--n", "0", "--out", "y"]],
)  # fmt: skip
def test_wrong_requests(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path))
    refused(capsys, *arguments)


def test_folders_that_cannot_be_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("precious", encoding="utf-8")
    assert "not empty" in refused(capsys, "train", "--preset", "ring", "--steps", 1, "--out", tmp_path / "full")
    refused(capsys, "train", "--preset", "ring", "--steps", 1, "--out", tmp_path / "full" / "mine.txt")
    refused(capsys, "train", "--preset", "ring", "--steps", 1, "--out", tmp_path / "full" / "mine.txt" / "x")
    refused(capsys, "train", "--preset", "ring", "--steps", 1, "--data-dir", tmp_path / "full" / "mine.txt")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_a_batch_larger_than_the_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = refused(
        capsys,
        "train",
        "--preset",
        "digits",
        *options([*PICTURES, "batch_size=8192"]),
        "--steps",
        1,
        "--out",
        tmp_path / "a",
    )
    assert "batch_size=8192" in text


def test_networks_too_large(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.memory._free", lambda device: 1000)
    assert "GB" in refused(capsys, "train", "--preset", "ring", "--steps", 1, "--out", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_resume_of_what_is_no_run(capsys: pytest.CaptureFixture[str], tmp_path: Path, points: Path) -> None:
    refused(capsys, "train", "--resume", tmp_path / "nothing", "--steps", 2)
    refused(capsys, "train", "--resume", tmp_path, "--steps", 2)
    refused(capsys, "train", "--resume", points, "--set", "seed=1", "--steps", 2)
    refused(capsys, "train", "--resume", points, "--out", tmp_path / "x", "--steps", 2)


@pytest.mark.parametrize("name", ["run.json", "config.toml"])
@pytest.mark.parametrize("data", [b"garbage", b"\xff\xfe\x00", None])
def test_a_damaged_file_is_made_good_from_the_checkpoint(
    name: str, data: bytes | None, tmp_path: Path, points: Path
) -> None:
    for folder in (tmp_path / "whole", tmp_path / "damaged"):
        shutil.copytree(points, folder)
    path = tmp_path / "damaged" / name
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    states = []
    for folder in (tmp_path / "whole", tmp_path / "damaged"):
        assert main(["train", "--resume", str(folder), "--steps", "20"]) == 0
        states.append(RunFolder(folder).read_checkpoint().state)
    _tiny.assert_same(*states)


@pytest.mark.parametrize("data", [b"garbage", b"\xff\xfe\x00", None])
def test_damaged_runs(data: bytes | None, capsys: pytest.CaptureFixture[str], tmp_path: Path, points: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(points, folder)
    path = _tiny.only_checkpoint(folder)
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    refused(capsys, "train", "--resume", folder, "--steps", 20)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    refused(capsys, "sample", folder, "--n", 3, "--out", tmp_path / "s.npz")
    refused(capsys, "evaluate", folder, "--json")
    assert not (tmp_path / "s.npz").exists()


def test_a_run_of_another_process_is_refused_and_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Even before its first checkpoint: what is refused must not be tidied away."""
    folder = RunFolder(tmp_path / "run")
    folder.create(_tiny.points(), {"run": "x", "owner": "", "status": "running", "step": 0})
    folder.lock()
    before = {p.name for p in folder.path.iterdir()}
    assert "another process" in refused(capsys, "train", "--resume", folder.path, "--steps", 3)
    assert {p.name for p in folder.path.iterdir()} == before
    folder.unlock()
    assert train(capsys, "--resume", folder.path, "--steps", 3)["step"] == 3


def test_data_that_cannot_be_had(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_core.errors import DataError

    def broken(*_: object) -> None:
        raise DataError("no network: put the files into {folder} by hand", folder="X")

    monkeypatch.setattr("gan_core.data.load", broken)
    text = refused(capsys, "train", "--preset", "ring", *options(SMALL), "--steps", 1, "--out", tmp_path / "a")
    assert "by hand" in text


def test_a_full_disk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.runs.checkpoint.write", full)
    text = refused(capsys, "train", "--preset", "ring", *options(SMALL), "--steps", 3, "--out", tmp_path / "a")
    assert "No space left" in text


# ── sample and evaluate ──────────────────────────────────────────────────────────────────────────────────────────────────


def sample(folder: Path, out: Path, n: int, seed: int | None = None) -> np.ndarray:
    assert (
        main(
            [
                "sample",
                str(folder),
                "--n",
                str(n),
                "--out",
                str(out),
                *(["--seed", str(seed)] if seed is not None else []),
            ]
        )
        == 0
    )
    with np.load(out, allow_pickle=False) as file:
        assert file.files == ["samples"]
        return file["samples"]


def test_samples_of_points(points: Path, tmp_path: Path) -> None:
    many = sample(points, tmp_path / "a.npz", 1000)
    assert many.dtype == np.float32
    assert many.shape == (1000, 2)
    assert np.array_equal(many, sample(points, tmp_path / "b.npz", 1000, 0))
    assert np.abs(many[:10] - sample(points, tmp_path / "c.npz", 10)).max() < 1e-6
    assert not np.allclose(many, sample(points, tmp_path / "d.npz", 1000, 1))
    config = replace(presets.load("grid"), dict(setting.split("=") for setting in SMALL))
    assert (config.latent.dim, config.latent.distribution) == (2, "uniform")
    trainer = _tiny.trained(config, 10)
    rng = torch.Generator().manual_seed(0)
    latents = torch.cat([torch.rand(512, 2, generator=rng) * 2 - 1 for _ in range(2)])[:1000]
    assert np.abs(trainer.sample(latents).numpy() - many).max() < 1e-5  # the average, in data units


def test_samples_of_pictures(pictures: Path, tmp_path: Path) -> None:
    many = sample(pictures, tmp_path / "a.npz", 1000, 7)
    assert many.dtype == np.float32
    assert many.shape == (1000, 1, 8, 8)
    assert np.abs(many).max() <= 1
    assert many.std() > 0
    assert np.abs(many[:10] - sample(pictures, tmp_path / "b.npz", 10, 7)).max() < 1e-6


def test_samples_nearer_to_the_mean_style(points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = {"generator.network": "style", "generator.width": 4, "discriminator.width": 4, "batch_size": 8, "data.image_size": 8,
             "latent.dim": 5, "generator.truncation": 0.5, "device": "cpu", "engine": "eager"}  # fmt: skip
    settings = [f"{name}={value}" for name, value in small.items()]
    assert main(["train", "--preset", "r1", *options(settings), "--steps", "4", "--out", str(tmp_path / "run")]) == 0

    def drawn(*more: str) -> np.ndarray:
        assert main(["sample", str(tmp_path / "run"), "--n", "20", "--out", str(tmp_path / "a.npz"), *more]) == 0
        with np.load(tmp_path / "a.npz") as file:
            return file["samples"]

    mean, half, whole = (drawn("--truncation", psi) for psi in ("0", "0.5", "1"))
    assert np.abs(mean - mean[0]).max() < 1e-6
    assert np.array_equal(half, drawn())  # as the settings say
    assert 0 < half.std(0).mean() < whole.std(0).mean()
    text = refused(capsys, "sample", points, "--truncation", 0.5, "--out", tmp_path / "b.npz")
    assert "style-based" in text
    assert "mlp" in text


def test_samples_that_cannot_be_written(points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, "sample", points, "--out", tmp_path / "no" / "folder.npz")
    refused(capsys, "sample", points, "--out", tmp_path)


def test_evaluate(points: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(points), "--json"]) == 0
    found = strict(capsys.readouterr().out)
    assert (found["run"], found["step"], found["samples"]) == (str(points.resolve()), 10, 10_000)
    assert {"modes", "quality", "reverse_kl"} <= found["metrics"].keys()
    assert main(["evaluate", str(points)]) == 0
    assert "quality" in capsys.readouterr().out


def test_features_that_cannot_be_had_are_refused(
    points: Path, pictures: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    assert "this run draws points" in refused(capsys, "evaluate", points, "--features", "inception")
    assert "fid-inception.safetensors" in refused(capsys, "evaluate", pictures, "--features", "inception")
    assert "invalid choice" in refused(capsys, "evaluate", pictures, "--features", "vgg")


# ── as a program ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def program(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "gan_core.cli", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", timeout=120, env=environment, check=False, **more,
    )  # fmt: skip


def test_the_program(tmp_path: Path) -> None:
    done = program("train", "--preset", "ring", *options(SMALL), "--steps", 6, "--out", "run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert strict(done.stdout)["step"] == 6
    assert len(done.stdout.strip().splitlines()) == 1
    refused = program("train", "--preset", "nothing", "--steps", 6, "--out", "run", "--json", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.strip().splitlines()) == 1
    config = replace(presets.load("ring"), dict(setting.split("=") for setting in SMALL))
    _tiny.assert_same(checkpoint(tmp_path / "run"), _tiny.trained(config, 6).state_dict())


def test_listing_presets_is_quick_to_ask_for_help() -> None:
    done = program("--help")
    assert done.returncode == 0
    for command in ("serve", "presets", "train", "sample", "evaluate", "bench"):
        assert command in done.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, gan_core.cli; print('torch' in sys.modules)"],
        capture_output=True, text=True, encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "False"


def test_a_run_whose_data_is_missing_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("urllib.request.urlopen", _no_network)
    monkeypatch.setattr("gan_core.data._cache", OrderedDict())  # as in a new process
    out = tmp_path / "run"
    assert main(["train", "--preset", "mnist", "--steps", "1", "--out", str(out)]) == 2
    assert not out.exists()


def test_training_without_an_end_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    assert main(["train", "--preset", "gan_lab", "--out", str(tmp_path / "run")]) == 2
    assert not (tmp_path / "run").exists()


def _no_network(*_args: object, **_more: object) -> None:
    raise OSError("no network")


@pytest.mark.parametrize(
    "command", [["serve", "--no-browser"], ["train", "--preset", "ring", "--steps", "1", "--out", "OUT"]]
)
def test_an_engine_that_does_not_exist(
    command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_ENGINE", "quick")
    assert main([str(tmp_path / "run") if part == "OUT" else part for part in command]) == 2
    assert "Allowed: auto, eager, compiled." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_engine_that_is_not_named_is_automatic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_ENGINE", "")
    assert (engine.default(), engine.default("eager")) == ("auto", "eager")

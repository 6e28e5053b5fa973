"""What is taken out of the folder of a run, in the library and by the command."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from _tiny import pictures, points
from test_export_script import run as run_script

from gan_core import cli, serial
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, ExportError
from gan_core.export import run
from gan_core.export.run import SamplesPlan
from gan_core.players import draw_latents
from gan_core.runs import headless
from gan_core.runs.folder import RunFolder


def finished(path: Path, config: RunConfig, steps: int = 30) -> RunFolder:
    session = headless.start(config, path, path.parent)
    headless.train(session, steps=steps, seconds=None)
    return RunFolder(path)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished(tmp_path_factory.mktemp("runs") / "ring", points(batch_size=32))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished(tmp_path_factory.mktemp("runs") / "digits", pictures(), 2)


def test_samples_are_those_of_the_saved_weights(ring: RunFolder) -> None:
    config = ring.config()
    state = ring.read_checkpoint().state
    for averaged, name in ((True, "ema"), (False, "generator")):
        made = run.samples(ring, SamplesPlan(600, 3, averaged))
        assert (made.suffix, made.step) == ("csv", 30)
        rows = list(csv.DictReader(io.StringIO(made.data.decode())))
        assert len(rows) == 600
        found = torch.tensor([[float(row["x"]), float(row["y"])] for row in rows])
        from gan_core.networks import build_generator

        g = build_generator(config, (2,), torch.Generator()).eval()
        g.load_state_dict(state[name])
        with torch.no_grad():
            wanted = g(draw_latents(512, 2, "gaussian", torch.Generator().manual_seed(3)))
        assert torch.equal(found[:512], wanted)


def test_samples_of_a_kept_step_and_what_they_cannot_be(ring: RunFolder) -> None:
    step = min(ring.states())
    assert run.samples(ring, SamplesPlan(10, step=step)).step == step
    with pytest.raises(CheckpointError):
        run.samples(ring, SamplesPlan(10, step=7777))
    for n in (0, 100_001):
        with pytest.raises(ExportError, match="100000"):
            SamplesPlan(n)


def test_pictures_are_one_array(digits: RunFolder) -> None:
    made = run.samples(digits, SamplesPlan(5))
    assert made.suffix == "npz"
    assert np.load(io.BytesIO(made.data))["samples"].shape == (5, 1, 8, 8)


def test_the_script_of_a_run_repeats_it(ring: RunFolder, tmp_path: Path) -> None:
    made = run.run_script(ring)
    names = run_script(made, tmp_path)
    state = ring.read_checkpoint().state
    assert names["step"] == 29
    assert all(torch.equal(value, names["average"].state_dict()[name]) for name, value in state["ema"].items())
    assert (tmp_path / "samples.csv").read_bytes() == run.samples(ring, SamplesPlan()).data


def test_the_command_writes_all_of_it(
    ring: RunFolder, digits: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: object) -> int:
        return cli.main(["export", *map(str, words)])

    for what in ("script", "samples", "metrics", "config"):
        assert command(ring.path, "--what", what, "-o", tmp_path / what) == 0
    assert (tmp_path / "script").read_text(encoding="utf-8") == run.run_script(ring).text
    assert serial.from_toml((tmp_path / "config").read_text(encoding="utf-8")) == ring.config()
    assert (tmp_path / "metrics").read_bytes() == ring.curves.path.read_bytes()
    assert command(ring.path, "--what", "samples", "-o", tmp_path / "live", "--live", "--n", 7, "--seed", 4) == 0
    assert (tmp_path / "live").read_bytes() == run.samples(ring, SamplesPlan(7, 4, False)).data
    assert command(digits.path, "--what", "script", "-o", tmp_path / "d.zip") == 0
    with zipfile.ZipFile(tmp_path / "d.zip") as archive:
        assert sorted(archive.namelist()) == ["pictures.bin", "run.py"]
    capsys.readouterr()
    for words, said in (
        ((digits.path, "--what", "script", "-o", tmp_path / "d.py"), "name a .zip file"),
        ((tmp_path, "--what", "script", "-o", tmp_path / "x"), "not the folder of a run"),
        ((digits.path, "--what", "film", "-o", tmp_path / "x.avi"), "no film called 'avi'"),
        ((digits.path, "--what", "film", "-o", tmp_path / "x.gif"), "a film needs 8"),
        ((ring.path, "--what", "config", "-o", tmp_path / "no" / "x"), "cannot be written"),
    ):
        assert command(*words) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1

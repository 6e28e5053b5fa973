"""A process that is killed at any moment: its run goes on from the last whole checkpoint, and ends as if nothing had happened."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import _tiny
import pytest

from gan_core.runs.checkpoint import copy_state
from gan_core.runs.folder import RunFolder

STEPS = 3000
SETTINGS = ["generator.hidden=8,8", "discriminator.hidden=8,8", "batch_size=16", "device=cpu", "threads=1", "seed=4"]
_OFTEN = """
import sys
from gan_core.runs import keeping
keeping.SAVE_SECONDS, keeping.WRITE_SHARE = 0.01, 1  # so that it is writing most of the time
from gan_core.cli import main
print("ready", flush=True)
sys.exit(main(sys.argv[1:]))
"""


def train(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _OFTEN, "train", *map(str, arguments), "--steps", str(STEPS), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def begin(folder: Path) -> list[object]:
    """The arguments that begin or go on with the run in `folder`."""
    if (folder / "run.json").exists():
        return ["--resume", folder]
    more = [part for setting in SETTINGS for part in ("--set", setting)]
    return ["--preset", "ring", *more, "--out", folder]


def killed(folder: Path, kills: int, rng: random.Random) -> dict[str, Any]:
    """The end of a run whose process was killed so many times."""
    for _ in range(kills):
        process = train(*begin(folder))
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 2.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if folder.exists() and not (folder / "run.json").exists():  # killed while the folder was being made
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
    process = train(*begin(folder))
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["step"] == STEPS
    return RunFolder(folder).read_checkpoint().state


def compare(folder: Path, kills: int, seed: int) -> None:
    config = RunFolder(folder / "whole")
    process = train(*begin(folder / "whole"))
    process.communicate(timeout=120)
    expected = config.read_checkpoint().state
    _tiny.assert_same(killed(folder / "killed", kills, random.Random(seed)), copy_state(expected))
    left = {path.name for path in (folder / "killed").iterdir() if path.suffix != ""}
    assert {"config.toml", "run.json", "metrics.csv"} <= left


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    compare(tmp_path, 3, 1)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(20))
def test_killed_hundreds_of_times(seed: int, tmp_path: Path) -> None:
    compare(tmp_path, 10, seed)

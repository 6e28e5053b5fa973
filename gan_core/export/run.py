"""What can be taken out of the folder of a run, as text or bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from gan_core import generate, serial
from gan_core.errors import ExportError
from gan_core.export.script import Script, script
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

MOST_SAMPLES = 100_000
_LARGEST = 256 << 20  # bytes of samples
NO_CURVES = N_("This run has no curves yet: they are written a few seconds after its start.")


@dataclass(frozen=True)
class SamplesPlan:
    """Which samples: how many, from which latents, of the averaged generator or the one that trains, at a kept step or (None) the last
    saved one."""

    n: int = 1000
    seed: int = 0
    averaged: bool = True
    step: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.n <= MOST_SAMPLES:
            raise ExportError(N_("Samples can be 1 to {most}, not {n}."), most=MOST_SAMPLES, n=self.n)


@dataclass(frozen=True)
class Samples:
    """Samples as a file: points as CSV with the columns x and y, in data units; pictures as an .npz with one array `samples`."""

    data: bytes
    suffix: str
    mime: str
    step: int


def samples(folder: RunFolder, plan: SamplesPlan) -> Samples:
    """The wanted samples. Raises ExportError, CheckpointError, ConfigError."""
    generator = generate.load(folder, "cpu", step=plan.step, averaged=plan.averaged)
    if generator.config.kind == "points":
        lines = [
            f"{x:.9g},{y:.9g}\n" for x, y in generator.sample(plan.n, plan.seed).tolist()
        ]  # digits that give float32 back
        return Samples(("x,y\n" + "".join(lines)).encode(), "csv", "text/csv", generator.step)
    size = 4 * plan.n * generator.sample(1).numel()
    if size > _LARGEST:
        raise ExportError(N_("{n} pictures of this size are {size} MB: take at most {most}."), n=plan.n, size=size >> 20,
                          most=plan.n * _LARGEST // size)  # fmt: skip
    buffer = io.BytesIO()
    np.savez_compressed(buffer, samples=generator.sample(plan.n, plan.seed).numpy())
    return Samples(buffer.getvalue(), "npz", "application/octet-stream", generator.step)


def metrics(folder: RunFolder) -> bytes:
    """metrics.csv. A row stands for the steps `first` … `step`, at which `rows` looks were taken; for each series its mean, NAME_low
    and NAME_high (where the row stands for several), NAME_rows (in how many of them it was known). Raises ExportError."""
    try:
        return folder.curves.path.read_bytes()
    except OSError:
        raise ExportError(NO_CURVES) from None


def config(folder: RunFolder) -> str:
    """The settings at step 0, as TOML. Raises CheckpointError, ConfigError."""
    return serial.to_toml(folder.config())


def run_script(folder: RunFolder) -> Script:
    """The script that repeats the run up to the step at which it was last saved, changes included. Raises ExportError, CheckpointError,
    ConfigError, DataError."""
    said = folder.facts()
    environment = said.get("environment")
    threads = environment.get("threads") if isinstance(environment, dict) else None
    step = said.get("step")
    return script(folder.config(), folder.journal(), step if isinstance(step, int) and step > 0 else None,
                  threads if isinstance(threads, int) and threads > 0 else None)  # fmt: skip

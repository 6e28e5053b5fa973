"""What is for a GPU, trained on one: R3GAN on stacked MNIST (how many of its 1,000 modes, and when) and on CIFAR-10.

`gan-playground bench gpu`: about forty minutes on one GPU. Every so often the clock of training stops for a measure, of 26,000 samples in
stacked MNIST (modes by a digit classifier for each channel; PacGAN's protocol) and 10,000 in CIFAR-10. Goals: stacked MNIST 1,000
modes and a reverse KL <= 0.06 within 8 minutes of training; CIFAR-10 has none, and its distance is called FID only where the
standard Inception's weights are at hand. A set that is not in the cache folder is left out, and said to be.
"""

import math
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks._machine import machine
from benchmarks._train import go_on, ready, samples, trainer_of
from gan_core import config, data, metrics, presets
from gan_core.config import RunConfig
from gan_core.engine.workshop import Workshop
from gan_core.errors import DeviceError
from gan_core.text import N_

# Seconds of training, seconds between two measures, samples of each.
COURSES = {"r3gan_stacked": (480.0, 60.0, 26_000), "r3gan_cifar": (1800.0, 300.0, 10_000)}
_FIGURES = ("class_modes", "class_kl", "fd", "fid", "precision", "recall", "confident")


def run() -> dict[str, object]:
    """A row for each measure of both. Raises DeviceError where there is no GPU."""
    if not torch.cuda.is_available():
        raise DeviceError(N_("This benchmark trains on a GPU, and torch finds none here. Run it on a machine with CUDA; on this one, bench "
                             "{others} measure what a processor does."), others="mnist, conditional, recipes")  # fmt: skip
    found: dict[str, object] = {}
    for name, (seconds, every, count) in COURSES.items():
        settings = config.replace(presets.load(name), {"device": "cuda"})
        if not data.is_available(settings.data.name):
            found[name] = f"{settings.data.name} is not in the cache folder"
            continue
        found[name] = course(settings, seconds, every, count)
    return found | {"goals": {"r3gan_stacked": "1,000 modes, reverse KL <= 0.06 within 480 s"}, "machine": machine()}


def course(settings: RunConfig, seconds: float, every: float, count: int) -> list[dict[str, float]]:
    """A row of figures of `count` samples after each `every` seconds of training, at most `seconds`; the last at the run's end."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workshop = Workshop(Path(folder))
        try:
            session = ready(settings, workshop)
            while session.status == "running" and session.seconds < seconds:
                go_on(session, min(seconds, session.seconds + every))
                figures = metrics.evaluate(samples(session, count, 1), trainer_of(session).data)
                row = {"seconds": round(session.seconds, 1), "images": float(session.images)}
                row |= {k: round(figures[k], 4) for k in _FIGURES if math.isfinite(figures.get(k, math.nan))}
                rows.append(row)
                print(settings.data.name, row, file=sys.stderr, flush=True)
        finally:
            workshop.close()
    return rows


if __name__ == "__main__":
    run()

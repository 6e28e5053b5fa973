"""The compiled step against the eager one and against the plain loops of baselines.py, by turns, so that what else the machine does hits all.

Points on one core: whole runs with averaged generator, statistics and one viewer (packing included). Pictures on all cores: MNIST, if it
is in the cache folder, in images per second, and the time to the distance that the textbook loop has after 60 s.

Goals: 16 wide without a penalty 3.5 times the plain loop, and 4,500 steps/s; with R1 and R2 4 times our own eager step; 64 wide 1.8 times the
plain loop; MNIST 2.2 times the textbook's images per second, and its distance in 12 s. Needs a C++ compiler.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks import _train
from benchmarks._machine import machine
from benchmarks.baselines import eager_2d, textbook_mnist
from gan_core import config, data, device, metrics, presets
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet
from gan_core.engine.workshop import Workshop
from gan_core.errors import DataError
from gan_core.metrics.classifier import get_classifier
from gan_core.runs.session import TrainingSession

ROUNDS = 5
SECONDS = 3.0
SAMPLES = 5000
MNIST_SECONDS = 60.0
_LOOKS = (6.0, 8.0, 10.0, 12.0)

_ONE_CORE = {"threads": 1, "device": "cpu"}
_WIDE = {"generator.hidden": (64, 64), "discriminator.hidden": (64, 64), "batch_size": 256}
_PENALISED = {"loss": "relativistic", "penalty": "r1_r2", "penalty_interval": 1}


def run() -> dict[str, Any]:
    """Rates, ratios (medians over the rounds) and the seconds that the compiler took."""
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        try:
            found = {
                "16 wide": _points(workshop, {}, 16, 150) | {"goal": "3.5 times the plain loop, 4500 steps/s"},
                "16 wide, R1 and R2": _points(workshop, _PENALISED, None) | {"goal": "4 times the eager step"},
                "64 wide": _points(workshop, _WIDE, 64, 256) | {"goal": "1.8 times the plain loop"},
                "mnist": _mnist(workshop) | {"goal": "2.2 times the textbook's images, its distance in 12 s"},
            }
        finally:
            workshop.close()
    return found | {"machine": machine()}


def _points(workshop: Workshop, changes: dict[str, Any], width: int | None, batch: int = 0) -> dict[str, Any]:
    c = config.replace(presets.load("gan_lab"), _ONE_CORE | changes)
    torch.set_num_threads(1)
    compiled, seconds = _ready(c, workshop)
    eager, _ = _ready(c, None)
    takers: dict[str, Callable[[float], float]] = {
        "compiled": lambda s: _train.rate(compiled, s),
        "eager": lambda s: _train.rate(eager, s),
    }
    if width is not None:
        takers["plain_loop"] = lambda s: eager_2d(s, width, batch)
    return _race(takers, SECONDS) | {"compiling_seconds": round(seconds, 1)}


def _mnist(workshop: Workshop) -> dict[str, Any]:
    c = config.replace(presets.load("mnist"), {"device": "cpu"})
    try:
        images = data.load(c.data)
    except DataError as error:
        return {"left_out": str(error)}
    assert isinstance(images, ImageSet)
    get_classifier(images)  # trained before anything is timed
    threads = device.default_threads("images")
    torch.set_num_threads(threads)
    compiled, seconds = _ready(c, workshop)
    eager, _ = _ready(c, None)
    rates = _race({
        "compiled": lambda s: _train.rate(compiled, s) * c.batch_size,
        "eager": lambda s: _train.rate(eager, s) * c.batch_size,
        "textbook": lambda s: textbook_mnist(images.images, s, n_samples=500)[1],
    }, SECONDS)  # fmt: skip
    drawn, _ = textbook_mnist(images.images, MNIST_SECONDS, n_samples=SAMPLES)
    goal = metrics.evaluate(drawn, images)["fd"]
    fresh, _ = _ready(c, workshop)
    distances = {}
    for end in _LOOKS:
        _train.rate(fresh, end - fresh.seconds)
        distances[f"{fresh.seconds:.1f} s"] = metrics.evaluate(_train.samples(fresh, SAMPLES, 1), images)["fd"]
    return rates | {"compiling_seconds": round(seconds, 1), "threads": threads, "textbook_distance_after_60_s": goal,
                    "our_distances": distances}  # fmt: skip


def _ready(c: RunConfig, workshop: Workshop | None) -> tuple[TrainingSession, float]:
    """A run that is about to take its first step, and the seconds that took."""
    begin = time.perf_counter()
    wanted = "eager" if workshop is None else "compiled"
    session = _train.ready(config.replace(c, {"engine": wanted}), workshop)
    assert session.trainer is not None
    assert session.trainer.is_compiled == (workshop is not None), session.message
    return session, time.perf_counter() - begin


def _race(takers: dict[str, Callable[[float], float]], seconds: float) -> dict[str, Any]:
    """Each in turn: the median rate of each, and the median of what the first has in proportion to each other."""
    for take in takers.values():
        take(0.5)
    rounds = [{name: take(seconds) for name, take in takers.items()} for _ in range(ROUNDS)]
    first, *others = takers
    return {f"{name}_per_second": round(statistics.median(r[name] for r in rounds)) for name in takers} | {
        f"times_{name}": round(statistics.median(r[first] / r[name] for r in rounds), 2) for name in others
    }

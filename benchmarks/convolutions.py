"""What pays for convolutional networks on this machine: each way of taking the same step of the preset `mnist`, by turns, in images per second.

`as shipped` is what a run does by default before anything is compiled. The others differ from it in one thing each. `wide` is the same
with networks and batches of a size that papers use. Needs MNIST in the cache folder, and a C++ compiler for the compiled ones.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from benchmarks._machine import machine
from gan_core import config, data, device, optimizers, presets
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.trainer import Trainer

ROUNDS = 5
SECONDS = 2.0
_WIDE = {"generator.width": 64, "discriminator.width": 64, "batch_size": 128}
_BFLOAT16 = {"precision": "bfloat16"}
_LOOK = 0.25


class Contiguous(Trainer):
    """Feature maps with their channels first, as torch lays them out by default."""

    def _place(self, module: nn.Module) -> nn.Module:
        return module.to(self.device).train()


class Prepared(Trainer):
    """All pictures as floats in [−1, 1] before the first step, instead of each batch when it is drawn: four times the memory."""

    def _next_real(self, n: int) -> tuple[Tensor, Tensor | None]:
        if not hasattr(self, "_floats"):
            assert self.pictures is not None
            self._floats = (self.pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        return self._floats[self.reals.next(n)], None


def run() -> dict[str, Any]:
    """Median rates, and the median of each in proportion to `as shipped`."""
    images = data.load(presets.load("mnist").data)
    assert isinstance(images, ImageSet)
    torch.set_num_threads(device.default_threads("images"))
    small = config.replace(presets.load("mnist"), {"engine": "eager"})
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        try:
            found = {
                name: _race(_ways(config.replace(small, changes), images, workshop))
                for name, changes in (("mnist", {}), ("wide", _WIDE))
            }
        finally:
            workshop.close()
    return found | {"threads": torch.get_num_threads(), "machine": machine()}


def _ways(c: RunConfig, images: ImageSet, workshop: Workshop) -> dict[str, Trainer]:
    half = config.replace(c, _BFLOAT16)
    with mock.patch.object(optimizers, "_fused", return_value=False):
        unfused = Trainer(c, images)
    return {
        "as shipped": Trainer(c, images),
        "compiled": _compiled(Trainer(c, images), workshop),
        "bfloat16": Trainer(half, images),
        "bfloat16, compiled": _compiled(Trainer(half, images), workshop),
        "channels first": Contiguous(c, images),
        "optimisers not fused": unfused,
        "pictures as floats": Prepared(c, images),
    }


def _compiled(trainer: Trainer, workshop: Workshop) -> Trainer:
    part = Part.of(trainer, torch.get_num_threads())
    while workshop.ask(part):
        time.sleep(_LOOK)
    runner = workshop.find(part)
    assert runner is not None
    trainer.use(runner)
    return trainer


def _race(ways: dict[str, Trainer]) -> dict[str, Any]:
    for trainer in ways.values():
        _rate(trainer, 0.5)
    rounds = [{name: _rate(trainer, SECONDS) for name, trainer in ways.items()} for _ in range(ROUNDS)]
    first = next(iter(ways))
    median: Callable[[list[float]], float] = statistics.median
    return {
        name: {
            "images_per_second": round(median([r[name] for r in rounds])),
            "times_as_shipped": round(median([r[name] / r[first] for r in rounds]), 2),
        }
        for name in ways
    }


def _rate(trainer: Trainer, seconds: float) -> float:
    """Images per second; the statistics are read once, as a run does now and then."""
    images, begin = trainer.images, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        trainer.advance(32)
    trainer.read_stats()
    return (trainer.images - images) / (time.perf_counter() - begin)

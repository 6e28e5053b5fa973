"""How long a preset takes on this machine: measured with a few real steps, once a process."""

from __future__ import annotations

import threading
import time

import torch

from gan_core import data as data_sets
from gan_core import presets, registry
from gan_core.device import default_threads
from gan_core.trainer import Trainer

_WARM_UP = 5
_MEASURED_SECONDS = 0.3

_found: dict[str, float] = {}
_lock = threading.Lock()


def seconds_here(name: str) -> float | None:
    """Seconds until the schedule of this preset ends here, or None while that is not known."""
    return _found.get(name)


def measure_all() -> None:
    """Measure every preset that has an end and whose data is here. Takes a second or two; a second call does nothing."""
    if not _lock.acquire(blocking=False):
        return
    for name in registry.preset:
        config = presets.load(name)
        info = registry.dataset[config.data.name].info
        if config.horizon and (not info.get("download") or data_sets.is_available(config.data.name)):
            torch.set_num_threads(config.threads or default_threads(config.kind))
            _found[name] = config.horizon / _images_per_second(Trainer(config))


def _images_per_second(trainer: Trainer) -> float:
    for _ in range(_WARM_UP):
        trainer.step()
    first, begin = trainer.images, time.perf_counter()
    while time.perf_counter() < begin + _MEASURED_SECONDS:
        trainer.step()
    trainer.read_stats()  # waits for the device
    return (trainer.images - first) / (time.perf_counter() - begin)

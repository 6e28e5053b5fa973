"""How long a preset takes on this machine: measured with a few real steps, once a process, while nothing else trains."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import torch

from gan_core import data as data_sets
from gan_core import presets, registry
from gan_core.device import default_threads
from gan_core.trainer import Trainer

_WARM_UP = 5
_MEASURED_SECONDS = 0.3
_STRETCHES = 5

_found: dict[str, float] = {}
_measuring = threading.Lock()


def seconds_here(name: str) -> float | None:
    """Seconds until the schedule of this preset ends here, or None while that is not known."""
    return _found.get(name)


def measure_beside(busy: Callable[[], bool]) -> None:
    """Measure on a thread what is not known yet, preset by preset, until `busy()`: a later call goes on."""
    if not _measuring.locked() and len(_found) < len(_measurable()):
        # Not a daemon: a thread that the interpreter leaves behind inside torch aborts the whole process at its end.
        threading.Thread(target=_measure, args=(busy,), name="estimate").start()


def _measurable() -> list[str]:
    """Presets with an end, whose data is here already."""
    configs = {name: presets.load(name) for name in registry.preset}
    return [name for name, c in configs.items() if c.horizon and data_sets.is_available(c.data.name)]


def _measure(busy: Callable[[], bool]) -> None:
    with _measuring:
        for name in _measurable():
            if not threading.main_thread().is_alive():
                return  # the process ends and waits for this thread
            if name in _found or busy():
                continue
            config = presets.load(name)
            torch.set_num_threads(config.threads or default_threads(config.kind))
            _found[name] = config.horizon / _images_per_second(Trainer(config))


def _images_per_second(trainer: Trainer) -> float:
    for _ in range(_WARM_UP):
        trainer.step()
    return max(_stretch(trainer) for _ in range(_STRETCHES))  # what else the machine does just now comes and goes


def _stretch(trainer: Trainer) -> float:
    first, begin = trainer.images, time.perf_counter()
    while time.perf_counter() < begin + _MEASURED_SECONDS / _STRETCHES:
        trainer.step()
    trainer.read_stats()  # waits for the device
    return (trainer.images - first) / (time.perf_counter() - begin)

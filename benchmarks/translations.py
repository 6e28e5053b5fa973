"""The presets of Translate, each to the end of its schedule with one seed: how near held-out translations come to the truth.

`gan-playground bench translations`: about three quarters of an hour; `python -m benchmarks.translations edges neon`: those alone; --keep
and --seed as those of benchmarks.recipes. All held-out pictures are translated. "given": what was given, taken for the translation (a grey picture as grey in three channels). Seconds are those of training alone.
"""

import json
import math
import sys
from collections.abc import Mapping

import torch

from benchmarks._figures import arguments, keep
from benchmarks._machine import machine
from benchmarks._train import trained, trainer_of
from gan_core import metrics, registry
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_unit
from gan_core.metrics.translation import errors, nearness
from gan_core.translation.players import Translators

_FIGURES = {"test_l1": 4, "psnr": 2, "ssim": 3, "cycle_there": 4, "cycle_back": 4, "fd": 1, "fd_floor": 1}


def names() -> list[str]:
    """The presets that translate."""
    return [e.name for e in registry.preset.entries() if e.info["goal"] == "translation"]


def run(only: list[str] | None = None, seed: int = 0) -> Mapping[str, object]:
    """A row a preset."""
    return {name: row(name, seed) for name in only or names()} | {"machine": machine()}


def row(name: str, seed: int = 0) -> dict[str, object]:
    """What a preset reaches."""
    session = trained(name, math.inf, seed)
    players, data = trainer_of(session).players, trainer_of(session).data
    assert isinstance(players, Translators)
    assert isinstance(data, PairSet)
    count = len(data.test_given)
    made = players.sample(to_unit(data.test_given))
    found = errors(players, count) | metrics.evaluate(made, data)
    given = nearness(to_unit(data.test_given).expand_as(made), to_unit(data.test_images))
    figures: dict[str, object] = {key: round(found[key], digits) for key, digits in _FIGURES.items() if key in found}
    figures |= {"given": {key: round(value, _FIGURES[key]) for key, value in given.items()}}
    figures |= {
        "pictures": count,
        "steps": session.step,
        "seconds": round(session.seconds, 1),
        "status": session.status,
    }
    print(name, figures, file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    torch.set_num_threads(1)
    chosen, kept, seed = arguments(sys.argv[1:])
    measured = run(chosen, seed)
    print(json.dumps(measured, indent=2))
    if kept:
        keep("translations", measured, seed)

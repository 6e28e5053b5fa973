"""The Image Lab's recipes on the digits that come with the app, each to the end of its schedule with one seed.

`gan-playground bench recipes`: about half an hour; `python -m benchmarks.recipes dcgan vae`: those alone; with --keep the figures go into
gan_core/zoo/figures.json, from which the zoo and docs/benchmarks.md have them, with --seed 1 under another seed. 5,000 samples, judged by the
classifier of the digits (99 % of the held-out ones right): recognised with more than 90 % confidence, share of the rarest class, Fréchet
distance in its features. Seconds are those of training alone. What is for a GPU is left out.
"""

import json
import math
import sys

from benchmarks._figures import arguments, keep
from benchmarks._machine import machine
from benchmarks._train import samples, trained, trainer_of
from gan_core import metrics, registry

SAMPLES = 5000
_FIGURES = {"confident": 4, "min_class_share": 4, "fd": 1}


def names() -> list[str]:
    """The recipes that promise something here."""
    return [e.name for e in registry.preset.entries() if e.info["goal"] == "recipe" and "gpu" not in e.info]


def run(only: list[str] | None = None, seed: int = 0) -> dict[str, object]:
    """A row a recipe."""
    return {name: _row(name, seed) for name in only or names()} | {"machine": machine()}


def _row(name: str, seed: int) -> dict[str, float | str]:
    session = trained(name, math.inf, seed)
    found = metrics.evaluate(samples(session, SAMPLES, 1), trainer_of(session).data)
    row = {key: round(found[key], digits) for key, digits in _FIGURES.items()}
    row |= {"steps": session.step, "seconds": round(session.seconds, 1), "status": session.status}
    print(name, row, file=sys.stderr, flush=True)
    return row


if __name__ == "__main__":
    chosen, kept, seed = arguments(sys.argv[1:])
    measured = run(chosen, seed)
    print(json.dumps(measured, indent=2))
    if kept:
        keep("recipes", measured, seed)

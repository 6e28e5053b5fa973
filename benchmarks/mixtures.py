"""The presets `grid` and `ring` after at most 60 s, five seeds each: modes, high-quality samples, reverse KL.

PacGAN's protocol: 2,500 samples, high quality within 3σ of the nearest mean. Goals: grid 25 of 25, >= 78 %, <= 0.02; ring
8 of 8, >= 84 %, <= 0.01.
"""

import sys

from benchmarks._machine import machine
from benchmarks._train import samples, trained, trainer_of
from gan_core import metrics

SEEDS = range(5)
SECONDS = 60.0
SAMPLES, SAMPLE_SEED = 2500, 12345


def run() -> dict[str, object]:
    """Every run's figures."""
    return {name: [_train(name, seed) for seed in SEEDS] for name in ("grid", "ring")} | {"machine": machine()}


def _train(name: str, seed: int) -> dict[str, float]:
    session = trained(name, SECONDS, seed)
    found = metrics.evaluate(samples(session, SAMPLES, SAMPLE_SEED), trainer_of(session).data)
    result = {"seed": seed, "seconds": round(session.seconds, 1), "steps": session.step, **found}
    print(name, result, file=sys.stderr, flush=True)
    return result

"""The presets `grid` and `ring` after at most 60 s, five seeds each: modes, high-quality samples, reverse KL.

As an automatic run takes them: it begins eagerly while its step is compiled beside it. The first run of all finds no program and is given
apart; the others, which have its structure, do. Seconds are those of the clock from the start of the run. PacGAN's protocol: 2,500 samples, high quality
within 3σ of the nearest mean. Goals: grid 25 of 25, >= 90 %, <= 0.02; ring 8 of 8, >= 92 %, <= 0.01.
GAN_PLAYGROUND_ENGINE=eager: how far the same runs come without a compiler.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks._machine import machine
from benchmarks._train import go_on, ready, samples, trainer_of
from gan_core import config, engine, metrics, presets
from gan_core.engine.workshop import Workshop

SEEDS = range(5)
SECONDS = 60.0
SAMPLES, SAMPLE_SEED = 2500, 12345


def run() -> dict[str, object]:
    """Every run's figures."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workshop = None if engine.default() == "eager" else Workshop(Path(folder))
        try:
            if workshop is not None:
                found["first"] = _train("grid", 0, workshop)
            for name in ("grid", "ring"):
                found[name] = [_train(name, seed, workshop) for seed in SEEDS]
        finally:
            if workshop is not None:
                workshop.close()
    return found | {"machine": machine()}


def _train(name: str, seed: int, workshop: Workshop | None) -> dict[str, float | str]:
    begin = time.perf_counter()
    session = go_on(ready(config.replace(presets.load(name), {"seed": seed}), workshop), SECONDS)
    seconds = time.perf_counter() - begin
    found = metrics.evaluate(samples(session, SAMPLES, SAMPLE_SEED), trainer_of(session).data)
    result = {"seed": seed, "seconds": round(seconds, 1), "steps": session.step, "status": session.status, **found}
    print(name, result, file=sys.stderr, flush=True)
    return result

"""What was tried for the presets `grid` and `ring`: two seeds a row, the compiled step to the end.

`python -m benchmarks.tried` or `gan-playground bench tried`: about twenty minutes. The presets as they are, and then each row one change
of the preset with a schedule of 50,000 steps. Seconds are those of the processor for the steps alone, without compiling; quality and
reverse KL are of 10,000 samples, each sorted by size.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._machine import machine
from benchmarks._train import go_on, ready, samples, trainer_of
from gan_core import config, metrics, presets
from gan_core.engine.workshop import Workshop

SEEDS = (0, 1)
SAMPLES, SAMPLE_SEED = 10_000, 12345
_STEPS = 50_000
_SHORT = {"horizon": 128 * _STEPS}
GRID: list[dict[str, Any]] = [
    {},
    _SHORT,
    {"horizon": 128 * _STEPS // 2},
    {"batch_size": 192, "horizon": 192 * _STEPS * 2 // 3},  # as many samples
    {"batch_size": 64, "horizon": 64 * _STEPS},
    _SHORT | {"g_optimizer.lr": 2e-3, "d_optimizer.lr": 2e-3},
    _SHORT | {"g_optimizer.lr": 8e-3, "d_optimizer.lr": 8e-3},
    _SHORT | {"schedule": "constant"},
    _SHORT | {"ema_half_life": 0.0},
    _SHORT | {"penalty_weight": 0.01},
    _SHORT | {"penalty_final": 1.0},
    _SHORT | {"penalty_interval": 1},
    _SHORT | {"latent.distribution": "gaussian"},
    _SHORT | {"generator.hidden": (48, 48, 48)},
    _SHORT | {"generator.hidden": (64, 64, 64), "discriminator.hidden": (64, 64, 64)},
    _SHORT | {"loss": "non_saturating", "penalty": "r1"},
]
RING: list[dict[str, Any]] = [{}, {"latent.distribution": "gaussian"}, {"penalty_final": 0.004}]


def run() -> dict[str, object]:
    """One line of figures a row."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workshop = Workshop(Path(folder))
        try:
            for name, rows in (("grid", GRID), ("ring", RING)):
                found[name] = [_row(name, changes, workshop) for changes in rows]
        finally:
            workshop.close()
    return found | {"machine": machine()}


def _row(name: str, changes: dict[str, Any], workshop: Workshop) -> dict[str, object]:
    results = [_train(name, {**changes, "seed": seed, "engine": "compiled"}, workshop) for seed in SEEDS]
    row: dict[str, object] = {"changes": changes} | {key: sorted(r[key] for r in results) for key in results[0]}
    print(name, row, file=sys.stderr, flush=True)
    return row


def _train(name: str, changes: dict[str, Any], workshop: Workshop) -> dict[str, float]:
    session = ready(config.replace(presets.load(name), changes), workshop)
    spent = time.thread_time()
    go_on(session)
    spent = time.thread_time() - spent
    found = metrics.evaluate(samples(session, SAMPLES, SAMPLE_SEED), trainer_of(session).data)
    return {"modes": found["modes"], "quality": round(found["quality"], 4), "reverse_kl": round(found["reverse_kl"], 5),
            "seconds": round(spent, 1), "steps": session.step}  # fmt: skip


if __name__ == "__main__":
    run()

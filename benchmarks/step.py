"""Steps per second at GAN Lab's scale (two hidden layers of 16, batch 150, no penalty) against a plain PyTorch loop.

Ours is a whole run: averaged generator, statistics, snapshots as for a viewer (packing them included). The two take turns, so
that what else the machine does hits both. Goal: at least 0.9 times the plain loop.
"""

import statistics

import torch

from benchmarks._machine import machine
from benchmarks._train import rate
from benchmarks.baselines import eager_2d
from gan_core import config, presets
from gan_core.runs.session import TrainingSession

ROUNDS = 5
SECONDS = 4.0


def run() -> dict[str, object]:
    """Median rates of both and their ratio (median over the rounds)."""
    _ours(1.0)
    pairs = [(_ours(SECONDS), eager_2d(SECONDS)) for _ in range(ROUNDS)]
    return {
        "ours_steps_per_second": round(statistics.median(a for a, _ in pairs)),
        "plain_loop_steps_per_second": round(statistics.median(b for _, b in pairs)),
        "ratio": round(statistics.median(a / b for a, b in pairs), 3),
        "goal": ">= 0.9",
        "machine": machine(),
    }


def _ours(seconds: float) -> float:
    torch.set_num_threads(1)
    session = TrainingSession("bench", "", config.replace(presets.load("gan_lab"), {"threads": 1}))
    session.prepare()
    session.turn(0.0)
    return rate(session, seconds)

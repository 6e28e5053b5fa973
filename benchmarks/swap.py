"""The stream while a run's program is compiled beside it and swapped in: what a viewer of a fresh server gets, phase by phase.

Goal: at least 4 frames a second in each phase, no visible gap where the engines change.
"""

import asyncio
import itertools
import time
from typing import Any

from benchmarks._machine import machine
from benchmarks._served import served, watch

PATIENCE = 300.0  # seconds for the compiler
AFTER = 10.0  # seconds that are watched once the program is in


def run() -> dict[str, Any]:
    """Frames per second, steps per second and the longest gap while eager and compiling, around the change, and compiled."""
    with served() as run:
        run.start()
        frames = asyncio.run(_watched(run.port, run.token))
    change = next(at for at, header in frames if header["engine"] == "compiled")
    begin, end = frames[0][0], frames[-1][0]
    phases = {"compiling": (begin, change - 1), "the change": (change - 1, change + 1), "compiled": (change + 1, end)}
    return {name: _phase([f for f in frames if a <= f[0] <= b]) for name, (a, b) in phases.items()} | {
        "seconds_until_the_change": round(change - begin, 1),
        "goal": ">= 4 frames a second",
        "machine": machine(),
    }


async def _watched(port: int, token: str) -> list[tuple[float, dict[str, Any]]]:
    """Each frame with the moment of its arrival, until some time after the change."""
    frames, end = [], float("inf")
    async for header in watch(port, token, PATIENCE):
        now = time.perf_counter()
        frames.append((now, header))
        if header["engine"] == "compiled":
            end = min(end, now + AFTER)
        if now > end:
            break
    return frames


def _phase(frames: list[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    (first, one), (last, other) = frames[0], frames[-1]
    return {
        "frames_per_second": round((len(frames) - 1) / (last - first), 1),
        "longest_gap_seconds": round(max(b[0] - a[0] for a, b in itertools.pairwise(frames)), 2),
        "steps_per_second": round((other["step"] - one["step"]) / (last - first)),
    }

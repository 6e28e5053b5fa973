"""What viewers cost: training with 0, 1, 5 and 30 socket viewers of one run, who answer each frame as a browser does.

The server is a process of its own, the viewers another; short blocks with and without viewers take turns, so that a drift of the
machine's own speed cancels out. Goals: one viewer costs <= 5 % of the rate, thirty <= 15 %, each sees >= 4 frames a second, thirty
add < 100 MB.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time

import psutil

from benchmarks._machine import machine
from benchmarks._served import ServedRun, served, watch

COUNTS = (1, 5, 30)
ROUNDS = 5  # blocks with so many viewers, each between two empty ones
SECONDS = 5.0
_SETTLING = 10.0  # seconds of training before the first block


def run() -> dict[str, object]:
    """Rate, frames per viewer and memory for each number of viewers."""
    with served() as run:
        run.start()
        run.wait_until_compiled()
        time.sleep(_SETTLING)
        order = [count for _ in range(ROUNDS) for viewers in COUNTS for count in (0, viewers)] + [0]
        blocks = [_block(run, count) for count in order]
    return _summary(blocks) | {"machine": machine()}


def _block(run: ServedRun, viewers: int) -> dict[str, float]:
    """One stretch with so many viewers, in a process of their own."""
    watchers = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.viewers", str(run.port), run.token, str(viewers), str(SECONDS + 2)],
        stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    time.sleep(2)
    first, begin = run.step, time.perf_counter()
    time.sleep(SECONDS)
    rate = (run.step - first) / (time.perf_counter() - begin)
    memory = psutil.Process(run.pid).memory_info().rss / 2**20
    out, _ = watchers.communicate(timeout=30)
    rates = json.loads(out)
    block = {"viewers": viewers, "steps_per_second": rate, "frames_min": min(rates, default=0.0), "memory_mb": memory}
    print({k: round(v, 1) for k, v in block.items()}, file=sys.stderr, flush=True)
    return block


def _summary(blocks: list[dict[str, float]]) -> dict[str, object]:
    """The median over the rounds of each block's cost against the mean of the empty blocks before and after it."""
    idle = [block["steps_per_second"] for block in blocks[::2]]
    result: dict[str, object] = {"idle_steps_per_second": round(statistics.median(idle))}
    for viewers in COUNTS:
        found = [i for i, block in enumerate(blocks) if block["viewers"] == viewers]
        costs = [1 - blocks[i]["steps_per_second"] / statistics.mean(idle[i // 2 : i // 2 + 2]) for i in found]
        result[f"{viewers} viewers"] = {
            "cost": round(statistics.median(costs), 3),
            "costs": [round(cost, 3) for cost in costs],
            "frames_per_second_of_the_slowest": round(min(blocks[i]["frames_min"] for i in found), 1),
            "memory_added_mb": round(max(blocks[i]["memory_mb"] for i in found) - blocks[0]["memory_mb"], 1),
        }
    return result


async def _watch(port: int, token: str, seconds: float) -> float:
    """Frames a second that one viewer got."""
    frames, begin = 0, time.perf_counter()
    async for _ in watch(port, token, seconds):
        frames += 1
    return frames / (time.perf_counter() - begin)


async def _watchers(port: int, token: str, viewers: int, seconds: float) -> list[float]:
    if not viewers:
        await asyncio.sleep(seconds)
    return list(await asyncio.gather(*(_watch(port, token, seconds) for _ in range(viewers))))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    print(json.dumps(asyncio.run(_watchers(int(arguments[0]), arguments[1], int(arguments[2]), float(arguments[3])))))

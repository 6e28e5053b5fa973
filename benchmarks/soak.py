"""An hour of everything at once: clients start, change, watch, leave and delete at random; what the server holds returns.

The server is a process of its own with a small quota and a short grace. It is measured after a warm-up in which everything has been
done once, and again after the soak, each time when every run has been deleted and every tab and socket is gone.

Runs, viewers, threads, descriptors, sockets and files return exactly. Memory returns but for what the allocator cannot give back
(many threads, small blocks) and caches that have a limit: most of it comes in the first minutes. Pools of threads (asyncio's, AnyIO's,
OpenMP's) grow to their size when they are first needed.

`python -m benchmarks.soak SECONDS [SEED]` takes so long instead.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from benchmarks import _soak_elsewhere as elsewhere
from benchmarks import _soak_people as people
from benchmarks import _soak_runs as runs
from benchmarks import _soak_tabs as tabs
from benchmarks import _soak_viewers as viewers
from benchmarks._machine import machine
from benchmarks._soak_world import COOKIES, Act, FailedError, Known, Server, World, attempt, keep_at_it

HOUR = 3600.0
GRACE = 3.0  # seconds; so that runs are paused and leave the memory again and again
QUOTA_GB = 0.006
_ONCE = 30.0  # seconds for everything once
# Everything at once before it is measured: so many seconds, or this share of the soak.
_WARM_UP, _WARM_UP_SHARE = 15.0, 1 / 12
_STREAMLIT_FORGETS = 7.0
_ALIVE_STEPS, _ALIVE_SECONDS, _REST_SECONDS = 50, 60.0, 60.0

# Who does what, how many of them, and how many seconds apart on average.
CLIENTS: list[tuple[Act, int, float]] = [
    (people.act, 3, 0.5),
    (viewers.act, 6, 0.5),
    (tabs.act, 2, 2.0),
    (elsewhere.act, 1, 8.0),
]


def run(seconds: float = HOUR, seed: int | None = None) -> dict[str, Any]:
    """What was done in so many seconds, errors, and what the server held before, after and at most."""
    seed = seed if seed is not None else random.SystemRandom().randrange(10**6)
    _tell("begin", {"seed": seed, "seconds": seconds})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = asyncio.run(_soak(Path(folder), seconds, seed))
    return {"seed": seed, "seconds": seconds, **found, "machine": machine()}


async def _soak(folder: Path, seconds: float, seed: int) -> dict[str, Any]:
    runs.damage(folder)
    server = await Server.start(folder, GRACE, QUOTA_GB)
    rng = random.Random(seed)
    world = World(server, folder)
    try:
        await _once(world, rng)
        await _bustle(world, rng, max(_WARM_UP, _WARM_UP_SHARE * seconds))
        before, _left = await _rest(world)
        _tell("before", before)
        warm, world.done = world.done, Counter()
        highest = await _bustle(world, rng, seconds)
        await attempt(world, _alive, rng)
        after, left = await _rest(world)
        _tell("after", after)
        said = await server.ask("said")
    finally:
        code = await server.stop()
    errors = world.errors + said["errors"] + ([f"the server ended with {code}"] if code else [])
    return {
        "done": dict(sorted(world.done.items())), "done_before": warm.total(), "errors": errors, "warnings": said["warnings"],
        "before": before, "after": after, "highest": highest, "left": left,
    }  # fmt: skip


async def _once(world: World, rng: random.Random) -> None:
    """Everything once: what is imported, cached or pooled for it is there from then on."""
    world.until = time.monotonic() + _ONCE
    for kind in runs.KINDS:
        await attempt(world, _start(kind), rng)
    acts = [_watching(manner, known) for manner, _weight in viewers.MANNERS if (known := world.any_run(rng))]
    acts += [*map(_visiting, tabs.VISITS), elsewhere.act]
    await asyncio.gather(*(attempt(world, act, random.Random(rng.random())) for act in acts))
    await attempt(world, _alive, rng)


def _start(kind: str) -> Act:
    async def start(world: World, rng: random.Random) -> None:
        await people.start_kind(world, rng, kind)

    return start


def _watching(manner: viewers.Manner, known: Known) -> Act:
    async def watch(world: World, rng: random.Random) -> None:
        await viewers.watch_with(world, manner, known, rng)

    return watch


def _visiting(visit: tabs.Visit) -> Act:
    async def go(world: World, rng: random.Random) -> None:
        async with tabs.tab(world, COOKIES[0]) as page:
            await visit(world, page, rng)

    return go


async def _bustle(world: World, rng: random.Random, seconds: float) -> dict[str, float]:
    """Everybody at once for so long; the highest figures seen meanwhile."""
    world.until = time.monotonic() + seconds
    acting: list[Awaitable[None]] = [
        keep_at_it(world, act, random.Random(rng.random()), pace) for act, count, pace in CLIENTS for _ in range(count)
    ]
    highest: dict[str, float] = {}
    await asyncio.gather(*acting, _observe(world, highest))
    return highest


async def _observe(world: World, highest: dict[str, float]) -> None:
    """Ask for the figures every second, and show them every minute."""
    said = time.monotonic()
    while world.left:
        now = await world.server.ask("figures")
        for name, value in now.items():
            highest[name] = max(value, highest.get(name, value))
        if time.monotonic() > said + 60:
            said = time.monotonic()
            _tell(f"{world.left:.0f} s left", now | {"errors": len(world.errors), "runs": len(world.runs)})
        await world.pause(1.0)


async def _alive(world: World, _rng: random.Random) -> None:
    """A new run still trains, and is still seen."""
    rng = random.Random(0)
    world.until = time.monotonic() + _ALIVE_SECONDS
    known = await people.start_kind(world, rng, "finishing")
    while (await world.server.ask("look", run=known.run))["step"] < _ALIVE_STEPS:
        if not world.left:
            raise FailedError(f"{known.run} does not train")
        await asyncio.sleep(0.2)
    if not await viewers.polite(world, known, rng):
        raise FailedError(f"{known.run} is not seen")


async def _rest(world: World) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Delete every run and wait until everything that ends by itself has ended; then what the server holds, and the files left."""
    left = await world.server.ask("clear")
    world.errors += left.pop("refused")
    world.runs.clear()
    world.deleted.clear()
    await asyncio.sleep(_STREAMLIT_FORGETS)
    async with tabs.tab(world, COOKIES[0]) as page:  # Streamlit lets go of old tabs when another one closes
        await page.visit("runs")
    deadline = time.monotonic() + _REST_SECONDS
    while True:
        await world.server.ask("settle")
        now = await world.server.ask("figures")
        if (now["sockets"] == 1 and not now["sessions"]) or time.monotonic() > deadline:
            return now | {"objects": await world.server.ask("objects")}, left
        await asyncio.sleep(1)


def _tell(what: str, figures: dict[str, Any]) -> None:
    print(f"{what}: {json.dumps(figures)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    seconds, *chosen = sys.argv[1:] or [str(HOUR)]
    print(json.dumps(run(float(seconds), *map(int, chosen)), indent=2, ensure_ascii=False))

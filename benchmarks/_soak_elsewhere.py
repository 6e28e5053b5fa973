"""The command line of the soak: it trains a run of its own beside the server, is watched there, and ends or is killed."""

import asyncio
import contextlib
import random
import sys
import time
from pathlib import Path

from benchmarks._soak_runs import finishing
from benchmarks._soak_viewers import hiding, polite
from benchmarks._soak_world import HOME, FailedError, Known, RefusedError, World, environment
from gan_core import serial
from gan_core.config import RunConfig, replace
from gan_core.runs.lock import IN_USE

_PATIENCE = 60.0
_OTHERS = 10**6  # seeds from here on are of this module's runs


async def act(world: World, rng: random.Random) -> None:
    """One run of the command line, from its start to its deletion."""
    seed = _OTHERS + rng.randrange(10**6)
    settings = world.folder / f"{seed}.toml"
    config = replace(RunConfig(), finishing(rng) | {"seed": seed, "horizon": 0})
    settings.write_text(serial.to_toml(config), encoding="utf-8")
    process = await _train(world, settings, rng)
    try:
        known = await _found(world, seed)
        await _watch(world, known, rng)
        if rng.random() < 0.7:
            _kill(process)
        await process.wait()
        world.done["killed" if process.returncode else "trained by the command line"] += 1
        if process.returncode not in (0, -9, 1):  # as asked, killed, killed on Windows
            raise FailedError(f"the command line ended with {process.returncode}")
        if rng.random() < 0.7:  # else nobody ever asks for it again
            await _take_over(world, known)
    finally:
        settings.unlink()
        if process.returncode is None:
            _kill(process)
            await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may just have ended by itself
        process.kill()


async def _train(world: World, settings: Path, rng: random.Random) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gan_core.cli", "train", "--config", str(settings), "--data-dir", str(world.folder / "data"),
        "--seconds", str(rng.uniform(5, 12)), cwd=HOME, env=environment(world.folder),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _found(world: World, seed: int) -> Known:
    """The run with this seed, as soon as its process has it."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        rows = await world.server.ask("table", text="", status="", sort="created")
        for row in rows:
            if row["seed"] == seed and (await world.server.ask("look", run=row["run"]))["kind"] == "followed":
                return Known(**await world.server.ask("issue", run=row["run"]))
        await asyncio.sleep(0.3)
    raise FailedError("the command line's run did not appear")


async def _watch(world: World, known: Known, rng: random.Random) -> None:
    """It can be watched here, and neither changed nor deleted."""
    for forbidden in ({"do": "delete"}, {"do": "change", "values": {"loss": "hinge"}}):
        try:
            await world.server.ask(**forbidden, run=known.run)
        except RefusedError as error:
            if error.template != IN_USE:
                raise
        else:
            raise FailedError(f"{forbidden} was done to {known.run}, which another process trains")
    viewers = [polite(world, known, rng), hiding(world, known, random.Random(rng.random()))]
    world.done["frames of another process"] += sum(await asyncio.gather(*viewers))


async def _take_over(world: World, known: Known) -> None:
    """Once the other process is gone, the run is this server's."""
    deadline = time.monotonic() + _PATIENCE
    while (await world.server.ask("look", run=known.run))["kind"] == "followed":
        if time.monotonic() > deadline:
            raise FailedError(f"{known.run} is still held by a process that has ended")
        await asyncio.sleep(0.2)
    await world.server.ask("command", run_id=known.run, action="resume")
    world.runs[known.run] = known

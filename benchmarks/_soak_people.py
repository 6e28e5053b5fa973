"""People of the soak who start, change, branch, name, delete and bring back runs: what the pages do, asked of the server directly."""

import random

from benchmarks import _soak_runs as runs
from benchmarks._soak_world import COOKIES, Act, FailedError, Known, RefusedError, World
from pages._ui.owner import public_id

OWNERS = (*map(public_id, COOKIES), "")  # the tabs' browsers, so that these may command the runs too; and nobody
_MANY = 14  # runs; then more are deleted than started
_COMMANDS = ("pause", "resume", "resume", "step", "stop", "reset")


async def act(world: World, rng: random.Random) -> None:
    """One thing that a person does, at random."""
    weights = [weight * (4 if action is delete and len(world.runs) > _MANY else 1) for action, weight in _ACTIONS]
    (action,) = rng.choices([action for action, _ in _ACTIONS], weights)
    await action(world, rng)


async def start(world: World, rng: random.Random) -> None:
    names, weights = zip(*((name, weight) for name, (_make, weight) in runs.KINDS.items()), strict=True)
    (kind,) = rng.choices(names, weights)
    await start_kind(world, rng, kind)


async def start_kind(world: World, rng: random.Random, kind: str) -> Known:
    """A run of this kind. Raises RefusedError."""
    settings = runs.KINDS[kind][0](rng)
    known = Known(**await world.server.ask("create", changes=settings, owner=rng.choice(OWNERS)))
    world.runs[known.run] = known
    world.done[f"started: {kind}"] += 1
    return known


async def change(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        await world.server.ask("change", run=known.run, values=runs.live_change(rng))
        world.done["changed"] += 1


async def change_wrongly(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        values = runs.wrong_change(rng)
        try:
            await world.server.ask("change", run=known.run, values=values)
        except RefusedError:
            world.done["wrong change refused"] += 1
        else:
            raise FailedError(f"{known.run} took {values}")


async def command(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        action = rng.choice(_COMMANDS)
        await world.server.ask("command", run_id=known.run, action=action)
        world.done[action] += 1


async def look(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        found = await world.server.ask("look", run=known.run)
        world.done[f"looked at: {found['kind']}"] += 1


async def branch(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        new = Known(**await world.server.ask("branch", run=known.run, which=rng.random(), owner=rng.choice(OWNERS)))
        world.runs[new.run] = new
        world.done["branched"] += 1


async def delete(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        await world.server.ask("delete", run=known.run)
        world.runs.pop(known.run, None)
        world.deleted[known.run] = known
        world.done["deleted"] += 1


async def restore(world: World, rng: random.Random) -> None:
    if known := world.any_deleted(rng):
        world.deleted.pop(known.run, None)  # or it was removed to make room
        await world.server.ask("restore", run=known.run)
        world.runs[known.run] = known
        world.done["restored"] += 1


async def purge(world: World, rng: random.Random) -> None:
    if known := world.any_deleted(rng):
        world.deleted.pop(known.run, None)
        await world.server.ask("purge", run=known.run)
        world.done["removed for good"] += 1


async def describe(world: World, rng: random.Random) -> None:
    if known := world.any_run(rng):
        tags = rng.sample(["good", "bad", "ugly", "数字"], rng.randrange(3))
        await world.server.ask("describe", run=known.run, name=f"run {rng.randrange(100)}", tags=tags)
        world.done["named"] += 1


async def table(world: World, rng: random.Random) -> None:
    text, status, sort = rng.choice(("", "ring", "数字")), rng.choice(("", "active")), rng.choice(("created", "swd"))
    await world.server.ask("table", text=text, status=status, sort=sort)
    world.done["table"] += 1


_ACTIONS: list[tuple[Act, float]] = [
    (start, 3), (change, 3), (change_wrongly, 1), (command, 5), (look, 2), (branch, 1), (delete, 2.5), (restore, 0.7), (purge, 0.7),
    (describe, 1), (table, 2),
]  # fmt: skip

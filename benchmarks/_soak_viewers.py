"""Viewers of the soak, over real sockets: polite ones, and those who do everything that a browser never would."""

import asyncio
import json
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks._soak_world import FailedError, Known, World

_COMMANDS = ("pause", "resume", "resume", "step", "stop", "reset")
_GARBAGE: tuple[str | bytes, ...] = (
    "no JSON", "[]", "3", "[" * 4000, '{"ack": "1"}', '{"do": "rm"}', "{}", "1" * 5000, b"\0\1", "😀",
)  # fmt: skip
_MOVED, _GONE, _GARBAGE_CODE, _UNAUTHORISED, _LATE = 1012, 4404, 4400, 4401, 4408
_CROWD = 30
Manner: TypeAlias = Callable[[World, Known, random.Random], Awaitable[object]]


async def act(world: World, rng: random.Random) -> None:
    """Somebody watches one of the runs for some seconds, with manners at random."""
    if known := world.any_run(rng):
        (manner,) = rng.choices([manner for manner, _ in MANNERS], [weight for _, weight in MANNERS])
        await watch_with(world, manner, known, rng)


async def watch_with(world: World, manner: Manner, known: Known, rng: random.Random) -> None:
    """Watch a run in this manner."""
    await manner(world, known, rng)
    world.done[f"watched: {manner.__name__}"] += 1


# ── sockets ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def live(world: World, token: str | None) -> AsyncIterator[ClientConnection]:
    """A socket that has sent its token, if it has one."""
    address = f"ws://127.0.0.1:{world.server.port}/api/live"
    async with connect(address, max_size=None, ping_interval=None, open_timeout=60, compression=None) as client:
        if token is not None:
            await client.send(json.dumps({"token": token, "lang": "zh_CN"}))
        yield client


def frame_seq(data: bytes, run: str) -> int:
    """`seq` of a frame, which is checked: magic, header, run, and that all of its arrays are there."""
    length = int.from_bytes(data[4:8], "little")
    header = json.loads(data[8 : 8 + length])
    ends = [a["offset"] + math.prod(a["shape"]) * int(a["dtype"][1:]) for a in header["arrays"].values()]
    if data[:4] != b"GPF1" or header["run"] != run or max(ends, default=0) > len(data):
        raise FailedError(f"a damaged frame of {run}: {data[:200]!r}")
    return int(header["seq"])


async def _close_code(client: ClientConnection) -> int | None:
    """The code that the server closes with, whatever it sends before."""
    try:
        while True:
            await asyncio.wait_for(client.recv(), 60)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def _expect_close(client: ClientConnection, *codes: int) -> None:
    if (code := await _close_code(client)) not in codes:
        raise FailedError(f"closed with {code} instead of {codes}")


# ── manners ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def polite(world: World, known: Known, rng: random.Random) -> int:
    """Acknowledges each frame, and leaves; how many frames came."""
    return await _watch(world, known, rng, known.view)


async def hiding(world: World, known: Known, rng: random.Random) -> int:
    """Is hidden now and then, and commands what only its owner may."""
    return await _watch(world, known, rng, known.view, hide=0.2, command=0.1)


async def commanding(world: World, known: Known, rng: random.Random) -> int:
    """Presses the buttons under the picture."""
    return await _watch(world, known, rng, known.control, command=0.3)


async def _watch(
    world: World, known: Known, rng: random.Random, token: str, hide: float = 0.0, command: float = 0.0
) -> int:
    until, seq, frames = time.monotonic() + min(rng.uniform(0.5, 8.0), world.left), -1, 0
    async with live(world, token) as client:
        try:
            while (left := until - time.monotonic()) > 0:
                message = await _next(client, min(left, 1.0))
                if isinstance(message, bytes):
                    seq, frames = _newer(frame_seq(message, known.run), seq), frames + 1
                    await client.send(json.dumps({"ack": seq}))
                if rng.random() < hide:
                    await client.send('{"visible": false}')
                    await world.pause(rng.random())
                    await client.send('{"visible": true}')
                if rng.random() < command:
                    await client.send(json.dumps({"do": rng.choice(_COMMANDS)}))
                    world.done["commanded over the socket"] += 1
        except ConnectionClosed as closed:
            if closed.rcvd is None or closed.rcvd.code not in (_MOVED, _GONE):
                raise
    world.done["frames"] += frames
    return frames


async def _next(client: ClientConnection, seconds: float) -> str | bytes | None:
    try:
        return await asyncio.wait_for(client.recv(), seconds)
    except TimeoutError:
        return None


def _newer(seq: int, last: int) -> int:
    if seq < last:
        raise FailedError(f"frame {seq} came after {last}")
    return seq


async def dropping(world: World, known: Known, rng: random.Random) -> None:
    """Is cut off in the middle of it, without a word."""
    async with live(world, rng.choice((known.view, None))) as client:
        with suppress(ConnectionClosed):  # the run had gone already
            await _next(client, rng.random())
        client.transport.abort()


async def deaf(world: World, known: Known, rng: random.Random) -> None:
    """Acknowledges nothing; is thrown out where something new comes, or leaves."""
    async with live(world, known.view) as client:
        if rng.random() < 0.5:  # nor reads
            await world.pause(rng.uniform(1, 15))
            return
        try:
            await asyncio.wait_for(_expect_close(client, _LATE, _MOVED, _GONE), min(40.0, world.left))
        except TimeoutError:
            return


async def talking_garbage(world: World, known: Known, rng: random.Random) -> None:
    """Sends what is no message, instead of the token or after it."""
    async with live(world, rng.choice((known.control, None))) as client:
        with suppress(ConnectionClosed):  # the run had gone already
            await _next(client, rng.random())
            await client.send(rng.choice(_GARBAGE))
        await _expect_close(client, _GARBAGE_CODE, _GONE, _MOVED)


async def forging(world: World, known: Known, rng: random.Random) -> None:
    """Has altered its token."""
    async with live(world, known.control[:-3] + rng.choice(("AAA", "", "é"))) as client:
        await _expect_close(client, _UNAUTHORISED)


async def silent(world: World, _known: Known, rng: random.Random) -> None:
    """Sends no token."""
    async with live(world, None) as client:
        if rng.random() < 0.5:
            await _expect_close(client, _LATE)


async def crowding(world: World, known: Known, rng: random.Random) -> None:
    """Comes with many others at once; some of them are dropped."""
    others = [rng.choices((polite, dropping), (9, 1))[0] for _ in range(_CROWD)]
    await asyncio.gather(*(other(world, known, random.Random(rng.random())) for other in others))


MANNERS: list[tuple[Manner, float]] = [
    (polite, 8), (commanding, 3), (hiding, 2), (dropping, 3), (deaf, 1), (talking_garbage, 2), (forging, 1), (silent, 1), (crowding, 0.5),
]  # fmt: skip

"""What the soak's clients share: the server in its process, the runs they know, what was done and what went wrong."""

import asyncio
import itertools
import json
import os
import random
import socket
import sys
import time
import traceback
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from gan_core.runs.lock import IN_USE

HOME = Path(__file__).resolve().parent.parent  # where the app's modules are found
COOKIES = tuple(f"{number:022}" for number in range(4))  # of so many browsers
_START_SECONDS = 120.0
_LINE_BYTES = 2**22


class RefusedError(Exception):
    """The server said why not, as it would to a person; `template` tells its sentences apart."""

    def __init__(self, text: str, template: str) -> None:
        super().__init__(text)
        self.template = template


class FailedError(Exception):
    """Something that must not happen."""


class Server:
    """The process of the server, and questions to it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, folder: Path, grace: float, quota_gb: float) -> "Server":
        """A server that answers, on a free port, with its data in `folder`."""
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks._soak_server", str(port), str(folder / "data"), str(grace), str(quota_gb),
            cwd=HOME, env=environment(folder), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES,
        )  # fmt: skip
        found = cls(process, port)
        deadline = time.monotonic() + _START_SECONDS
        while not await asyncio.to_thread(_answers, port):
            if time.monotonic() > deadline or process.returncode is not None:
                raise FailedError("the server did not start")
            await asyncio.sleep(0.2)
        await found.ask("attach")
        return found

    async def ask(self, do: str, **details: Any) -> Any:
        """The server's answer. Raises RefusedError, FailedError."""
        assert self.process.stdin is not None
        number = next(self._ids)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        self.process.stdin.write((json.dumps({"id": number, "do": do, **details}) + "\n").encode())
        await self.process.stdin.drain()
        answer = await future
        if "refused" in answer:
            raise RefusedError(answer["refused"], answer["template"])
        if "failed" in answer:
            raise FailedError(f"{do} {details}: {answer['failed']}")
        return answer["value"]

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"{"):  # the other line is for people
                answer = json.loads(line)
                if not (future := self._waiting.pop(answer["id"])).done():
                    future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(FailedError("the server has ended"))

    async def stop(self) -> int:
        """End the server as Ctrl-C does, by hanging up; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            return await asyncio.wait_for(self.process.wait(), 60)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()
        finally:
            await self._reader


def environment(folder: Path) -> dict[str, str]:
    """For every process of the soak: nothing is read from the user's own folders, and Streamlit forgets a closed tab in
    seconds instead of two minutes."""
    return os.environ | {
        "GAN_PLAYGROUND_CACHE": str(folder / "cache"),
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "5",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Known:
    """A run that the clients know of."""

    run: str
    control: str
    view: str


@dataclass
class World:
    """One soak as its clients see it."""

    server: Server
    folder: Path
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    runs: dict[str, Known] = field(default_factory=dict)
    deleted: dict[str, Known] = field(default_factory=dict)
    until: float = 0.0  # of time.monotonic

    @property
    def left(self) -> float:
        """Seconds until everybody goes home."""
        return max(0.0, self.until - time.monotonic())

    def any_run(self, rng: random.Random) -> Known | None:
        return rng.choice(list(self.runs.values())) if self.runs else None

    def any_deleted(self, rng: random.Random) -> Known | None:
        return rng.choice(list(self.deleted.values())) if self.deleted else None

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the soak."""
        await asyncio.sleep(min(seconds, self.left))


Act: TypeAlias = Callable[[World, random.Random], Awaitable[None]]


async def attempt(world: World, act: Act, rng: random.Random) -> None:
    """Do it once; a refusal is counted, anything else that goes wrong is an error. So is the refusal of a run that some other
    process is said to have: the clients know only of runs that none has."""
    try:
        await act(world, rng)
    except RefusedError as error:
        if error.template == IN_USE:
            _went_wrong(world)
        world.done[f"refused: {error.template.split('{')[0][:60]}"] += 1
    except Exception:  # it is what the soak looks for
        _went_wrong(world)


def _went_wrong(world: World) -> None:
    """Keep the traceback, and show it now: an hour is long."""
    world.errors.append(traceback.format_exc())
    print(world.errors[-1], file=sys.stderr, flush=True)


async def keep_at_it(world: World, act: Act, rng: random.Random, pace: float) -> None:
    """Do it again and again until the end, `pace` seconds apart on average."""
    while world.left:
        await world.pause(rng.expovariate(1 / pace))
        if world.left:
            await attempt(world, act, rng)

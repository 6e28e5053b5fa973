"""The live view over real sockets: who may watch and command, what is sent when, and what ends a socket."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gan_core.errors import RunError
from pages._ui.hub import Limits, LiveHub
from pages._ui.sockets import send_bytes
from pages._ui.tokens import Signer

SIGNER = Signer()
CONTROL, VIEW = SIGNER.issue("run", "control"), SIGNER.issue("run", "view")


class FakeRun:
    """A run whose snapshots come when the test says so; counts how often it is packed and watched."""

    id = "run"
    status = "running"
    gone = False
    past = None

    def __init__(self) -> None:
        self.seq = 1
        self.packed = 0
        self.watchers = 0
        self.broken = False
        self.wanted: list[frozenset[str]] = []

    def want(self, names: frozenset[str]) -> None:
        self.wanted.append(names)

    def frame(self) -> bytes:
        if self.broken:
            raise ValueError("cannot pack")
        self.packed += 1
        header = json.dumps({"seq": self.seq}).encode()
        return b"GPF1" + struct.pack("<I", len(header)) + header + bytes(50_000)

    @contextmanager
    def watch(self) -> Iterator[None]:
        self.watchers += 1
        try:
            yield
        finally:
            self.watchers -= 1


class FakePast:
    """Earlier moments, each drawn only when the test lets it be."""

    def __init__(self) -> None:
        self.let, self.drawn = threading.Semaphore(0), []
        self.begun = threading.Semaphore(0)

    def steps(self) -> list[int]:
        return list(range(0, 100, 10))

    def branches(self) -> list[int]:
        return [0]

    def frame(self, step: int, wishes: frozenset[str]) -> bytes:
        self.begun.release()
        assert self.let.acquire(timeout=60)
        self.drawn.append(step)
        if step % 10:
            raise RunError("nothing at {step}", step=step)
        header = json.dumps({"seq": step}).encode()
        return b"GPF1" + struct.pack("<I", len(header)) + header


class Server:
    """A hub with one run behind a real server."""

    def __init__(self, port: int, run: FakeRun, commands: list[tuple[object, ...]]) -> None:
        self.port, self.run, self.commands = port, run, commands

    @asynccontextmanager
    async def viewer(self, token: str | None = VIEW, origin: str | None = None) -> AsyncIterator[ClientConnection]:
        """A client that has sent its token and read the greeting."""
        async with connect(f"ws://127.0.0.1:{self.port}/live", origin=origin) as client:  # type: ignore[arg-type]
            await client.send(json.dumps({"token": token}))
            assert "hello" in json.loads(await soon(client.recv()))
            yield client


@asynccontextmanager
async def serving(limits: Limits | None = None, allowed: tuple[str, ...] = ()) -> AsyncIterator[Server]:
    run, commands = FakeRun(), []

    def command(run_id: str, action: str, value: object) -> None:
        if action == "reset":
            raise RunError("{run} cannot start over", run=run_id)
        commands.append((run_id, action) if value is None else (run_id, action, value))

    hub = LiveHub({"run": run}.get, command, SIGNER.check, lambda: allowed, limits)
    app = Starlette(routes=[WebSocketRoute("/live", hub.serve)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield Server(listener.getsockname()[1], run, commands)
        server.should_exit = True
        await task


def scenario(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        # On a thread of its own: Playwright keeps a loop running on the main one once a browser test has been before this.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20))).result()

    return run


async def soon(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return await asyncio.wait_for(coroutine, 5)


async def frame(client: ClientConnection) -> int:
    """The `seq` of the next frame."""
    data = await soon(client.recv())
    assert isinstance(data, bytes)
    (length,) = struct.unpack_from("<I", data, 4)
    return int(json.loads(data[8 : 8 + length])["seq"])


async def silence(client: ClientConnection, seconds: float = 0.3) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.recv(), seconds)


async def close_code(client: ClientConnection) -> int | None:
    """The code that the server closes with, whatever it sends before."""
    while True:
        try:
            await soon(client.recv())
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


async def say(client: ClientConnection, **message: object) -> None:
    await client.send(json.dumps(message))


@scenario
async def test_next_frame_waits_for_the_acknowledgement_and_is_then_the_newest() -> None:
    async with serving() as server, server.viewer() as client:
        assert await frame(client) == 1
        server.run.seq = 2
        await asyncio.sleep(0.15)
        server.run.seq = 3
        await silence(client)
        await say(client, ack=99)  # not a frame that it was sent
        await silence(client)
        await say(client, ack=1)
        assert await frame(client) == 3
        await say(client, ack=3)
        await silence(client)


@scenario
async def test_nothing_is_sent_to_a_hidden_tab_and_the_newest_when_it_comes_back() -> None:
    async with serving() as server, server.viewer() as client:
        assert await frame(client) == 1
        await say(client, visible=False)
        await say(client, ack=1)
        server.run.seq = 5
        await silence(client)
        assert server.run.packed == 1
        await say(client, visible=True)
        assert await frame(client) == 5


@scenario
async def test_thirty_viewers_cost_one_packing() -> None:
    async with serving() as server:
        clients = [await connect(f"ws://127.0.0.1:{server.port}/live") for _ in range(30)]
        for client in clients:
            await say(client, token=VIEW)
            await soon(client.recv())
        for seq in (1, 2, 3):
            server.run.seq = seq
            for client in clients:
                assert await frame(client) == seq
                await say(client, ack=seq)
        assert server.run.packed == 3
        assert server.run.watchers == 30
        for client in clients:
            await client.close()
        await asyncio.sleep(0.1)
        assert server.run.watchers == 0


@scenario
async def test_a_client_that_never_acknowledges_is_closed_once_news_wait() -> None:
    async with serving(Limits(ack_seconds=0.4)) as server, server.viewer() as client:
        assert await frame(client) == 1
        await silence(client, 0.8)  # nothing newer: nothing to be late for
        server.run.seq = 2
        assert await close_code(client) == 4408
        await asyncio.sleep(0.05)
        assert server.run.watchers == 0


@scenario
async def test_a_hidden_client_owes_nothing() -> None:
    async with serving(Limits(ack_seconds=0.2)) as server, server.viewer() as client:
        assert await frame(client) == 1
        await say(client, visible=False)
        server.run.seq = 2
        await silence(client, 0.5)


@scenario
async def test_a_client_without_a_token_is_closed() -> None:
    async with serving(Limits(token_seconds=0.2)) as server, connect(f"ws://127.0.0.1:{server.port}/live") as client:
        assert await close_code(client) == 4408


GARBAGE = [
    "no JSON", "[]", "3", "[" * 4000, '{"ack": "1"}', '{"visible": 1}', '{"do": "rm"}', '{"do": ["stop"]}', "{}",
    '{"ack": 1' + " " * 5000 + "}", "1" * 4090, b"\0\1", "😀",
]  # fmt: skip


@pytest.mark.parametrize("message", GARBAGE, ids=lambda m: repr(m[:12]))
@scenario
async def test_garbage_ends_the_socket_before_and_after_the_token(message: str | bytes) -> None:
    async with serving() as server:
        async with connect(f"ws://127.0.0.1:{server.port}/live") as client:
            await client.send(message)
            assert await close_code(client) == 4400
        async with server.viewer(CONTROL) as client:
            await client.send(message)
            assert await close_code(client) == 4400
        assert server.commands == []


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("nonsense", 4401),
        ("", 4401),
        (VIEW[:-2] + "AA", 4401),
        (Signer().issue("run", "control"), 4401),
        (SIGNER.issue("another", "view"), 4404),
        (None, 4400),
    ],
    ids=["nonsense", "empty", "altered", "of another process", "of another run", "none"],
)
@scenario
async def test_refused_tokens(token: str | None, code: int) -> None:
    async with serving() as server, connect(f"ws://127.0.0.1:{server.port}/live") as client:
        await say(client, token=token)
        assert await close_code(client) == code


@scenario
async def test_an_expired_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SIGNER, "_expiry_seconds", -1)
    async with serving() as server, connect(f"ws://127.0.0.1:{server.port}/live") as client:
        await say(client, token=VIEW)
        assert await close_code(client) == 4401


@scenario
async def test_origins() -> None:
    async with serving(allowed=("https://gan.example",)) as server:
        for origin in (None, f"http://127.0.0.1:{server.port}", "https://gan.example"):
            async with server.viewer(origin=origin) as client:
                assert await frame(client) == 1
        for origin in ("https://evil.example", "null"):
            async with connect(f"ws://127.0.0.1:{server.port}/live", origin=origin) as client:  # type: ignore[arg-type]
                assert await close_code(client) == 4403


@scenario
async def test_a_viewer_may_not_command_and_goes_on_watching() -> None:
    async with serving() as server, server.viewer(VIEW) as client:
        assert await frame(client) == 1
        await say(client, do="pause")
        assert json.loads(await soon(client.recv()))["error"]["code"] == "forbidden"
        await say(client, ack=1)
        server.run.seq = 2
        assert await frame(client) == 2
        assert server.commands == []


@scenario
async def test_the_owner_commands_and_hears_why_not() -> None:
    async with serving() as server, server.viewer(CONTROL) as client:
        assert await frame(client) == 1
        plain = ("pause", "step", "resume", "stop", "step_d", "step_g", "phase", "reset_seed")
        for action in plain:
            await say(client, do=action)
        await say(client, do="speed", value=5)
        await say(client, do="reset")
        answer = json.loads(await soon(client.recv()))
        assert answer == {"error": {"code": "refused", "message": "run cannot start over"}}
        assert server.commands == [*(("run", action) for action in plain), ("run", "speed", 5)]


@scenario
async def test_viewers_of_a_run_are_limited() -> None:
    async with serving(Limits(viewers=1)) as server, server.viewer() as first:
        assert await frame(first) == 1
        async with connect(f"ws://127.0.0.1:{server.port}/live") as second:
            await say(second, token=VIEW)
            assert await close_code(second) == 1013


@scenario
async def test_who_watches_a_run_that_has_moved_is_told_to_come_back() -> None:
    async with serving() as server:
        async with server.viewer() as first, server.viewer() as second:
            assert await frame(first) == await frame(second) == 1  # which the second one has still to acknowledge
            server.run.gone = True
            assert await close_code(first) == await close_code(second) == 1012
        server.run.gone = False
        async with server.viewer() as client:
            assert await frame(client) == 1


@scenario
async def test_a_run_that_cannot_be_packed_ends_the_socket_and_not_the_server() -> None:
    async with serving() as server:
        server.run.broken = True
        async with server.viewer() as client:
            assert await close_code(client) == 1011
        server.run.broken = False
        async with server.viewer() as client:
            assert await frame(client) == 1


@pytest.mark.parametrize(("closed", "raised"), [(True, WebSocketDisconnect), (False, RuntimeError)])
@scenario
async def test_a_frame_for_a_socket_that_has_just_closed(closed: bool, raised: type[Exception]) -> None:
    """The other end may go between the decision to send and the sending; every other RuntimeError is a fault of ours."""

    async def never(*_: object) -> Any:
        raise AssertionError

    socket = WebSocket({"type": "websocket"}, receive=never, send=never)
    socket.application_state = WebSocketState.DISCONNECTED if closed else WebSocketState.CONNECTING
    with pytest.raises(raised):
        await send_bytes(socket, b"", 1.0)


@scenario
async def test_a_run_hears_what_its_viewers_want_together() -> None:
    async with serving() as server:
        async with server.viewer() as one, server.viewer() as two:
            await say(one, want=["neurons", "neuron:d.1.5"])
            await say(one, ack=1)
            await heard(server, {"neurons", "neuron:d.1.5"})
            await say(two, want=["neurons", "neuron:g.2.1"])
            await heard(server, {"neurons", "neuron:d.1.5", "neuron:g.2.1"})
            count = len(server.run.wanted)
            await say(two, want=["neuron:g.2.1", "neurons"])  # the same: the run is not told again
            await say(one, visible=False)
            await heard(server, {"neurons", "neuron:g.2.1"})
            assert len(server.run.wanted) == count + 1
            await say(one, visible=True)
            await heard(server, {"neurons", "neuron:d.1.5", "neuron:g.2.1"})
        await heard(server, set())  # both have gone


async def heard(server: Server, names: set[str]) -> None:
    for _ in range(100):
        if server.run.wanted and server.run.wanted[-1] == names:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(server.run.wanted)


@scenario
async def test_wishes_that_nobody_knows_end_the_socket() -> None:
    async with serving() as server:
        for names in (["passwords"], "neurons", [["neurons"]], ["neurons"] * 9):
            async with server.viewer() as client:
                await say(client, want=names)
                assert await close_code(client) == 4400
        assert server.run.wanted == []


@scenario
async def test_earlier_moments_come_in_the_order_asked_for_until_others_are() -> None:
    async with serving() as server, server.viewer() as client:
        past = server.run.past = FakePast()
        await frame(client)
        await say(client, moments=True)
        assert json.loads(await soon(client.recv())) == {"moments": {"steps": past.steps(), "branches": [0]}}
        await say(client, at=[30, 25, 50])
        past.let.release(2)
        assert await frame(client) == 30
        assert json.loads(await soon(client.recv()))["missing"] == {"step": 25, "message": "nothing at 25"}
        await asyncio.to_thread(lambda: [past.begun.acquire() for _ in range(3)])  # 50 is being drawn
        await say(client, at=[70, 80])
        await say(client, at=[0, 90])
        await asyncio.sleep(0.1)
        past.let.release(3)
        assert [await frame(client) for _ in range(3)] == [50, 0, 90]
        await say(client, at=[])
        await silence(client)
        assert past.drawn == [30, 25, 50, 0, 90]


@pytest.mark.parametrize("steps", [5, "5", [1.5], [True], ["5"], list(range(9)), None])
@scenario
async def test_what_is_no_list_of_moments_ends_the_socket(steps: object) -> None:
    async with serving() as server, server.viewer() as client:
        await say(client, at=steps)
        assert await close_code(client) == 4400

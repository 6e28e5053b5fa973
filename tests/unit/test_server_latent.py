"""The Latent Explorer over real sockets: who may ask and keep, in which order it is answered, and what ends a socket."""

import asyncio
import json
import shutil
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from test_server_hub import close_code, say, scenario, silence, soon
from websockets.asyncio.client import ClientConnection, connect

from gan_core.latent.asking import ASKS, Answer, Ask, Tell
from gan_core.latent.explorer import Explorers, Room
from gan_core.runs.store import Store
from pages._ui.latent_hub import LatentHub, Limits
from pages._ui.tokens import Signer

SIGNER = Signer()
RUN = "ring-20260101-000000-abcdef"
VIEW, CONTROL = SIGNER.issue(RUN, "view"), SIGNER.issue(RUN, "control")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path)
    _explored.saved_run(found.folder(RUN).path, _tiny.points(), (2, 5))
    return found


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Questions of the test's own: "slowly" waits for the gate before each of its three parts, "wrong" has a fault, "write" writes."""
    let = threading.Semaphore(0)

    def slowly(_room: Room, _asked: Any, tell: Tell) -> Answer:
        for part in range(3):
            assert let.acquire(timeout=60)
            tell((part + 1) / 4, Answer(facts={"part": part}))
        return Answer({"a": np.arange(3, dtype=np.float32)}, {"done": True})

    def wrong(_room: Room, _asked: Any, _tell: Tell) -> Answer:
        raise ZeroDivisionError

    def write(_room: Room, _asked: Any, _tell: Tell) -> Answer:
        return Answer(facts={"written": True})

    for name, answer, slow, writes in (
        ("slowly", slowly, True, False),
        ("wrong", wrong, False, False),
        ("write", write, False, True),
    ):
        monkeypatch.setitem(ASKS, name, Ask(name, answer, slow, writes))
    yield let
    let.release(100)


class Server:
    def __init__(self, port: int, touched: list[str]) -> None:
        self.port, self.touched = port, touched

    @asynccontextmanager
    async def viewer(
        self, token: object = VIEW, **more: object
    ) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
        async with connect(f"ws://127.0.0.1:{self.port}/latent") as client:
            await client.send(json.dumps({"token": token, **more}))
            yield client, json.loads(await soon(client.recv()))["hello"]


@asynccontextmanager
async def serving(store: Store, **limits: Any) -> AsyncIterator[Server]:
    explorers, touched = Explorers(store.folder), []
    hub = LatentHub(
        lambda: explorers, store.exists, touched.append, SIGNER.check, limits=Limits(look_seconds=0.05, **limits)
    )
    app = Starlette(routes=[WebSocketRoute("/latent", hub.serve)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield Server(listener.getsockname()[1], touched)
        server.should_exit = True
        await task


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    (length,) = struct.unpack_from("<I", data, 4)
    header = json.loads(data[8 : 8 + length])
    arrays = {}
    for name, spec in header["arrays"].items():
        count = int(np.prod(spec["shape"]))
        arrays[name] = np.frombuffer(data, spec["dtype"], count, spec["offset"]).reshape(spec["shape"])
    return header, arrays


async def heard(client: ClientConnection) -> Any:
    """The next thing that is no news of the run: a frame's header and arrays, or a JSON message."""
    while True:
        data = await soon(client.recv())
        if isinstance(data, bytes):
            return unpack(data)
        message = json.loads(data)
        if "newest" not in message:
            return message


@scenario
async def test_a_question_is_answered_with_what_the_generator_draws(store: Store) -> None:
    async with serving(store) as server, server.viewer() as (client, hello):
        assert hello == {"capability": "view", "run": RUN, "newest": 5}
        for step in (2, 5):
            await say(client, n=7, ask="draw", step=step, places=[{"seed": 3}], more=True)
            header, arrays = await heard(client)
            assert (header["n"], header["step"], header["share"]) == (7, step, 1)
            explored = Explorers(store.folder).of(RUN).room(step).explored
            np.testing.assert_array_equal(arrays["samples"], explored.draw(explored.seed(3)[None]).numpy())
            assert header["facts"]["at"]


@scenario
async def test_what_is_wrong_is_said_and_the_socket_goes_on(store: Store, gate: threading.Semaphore) -> None:
    async with serving(store) as server, server.viewer() as (client, _hello):
        for asked, kind in (
            ({"ask": "unheard of", "step": 5}, "ConfigError"), ({"ask": "draw", "step": 5}, "ConfigError"),
            ({"ask": "draw", "step": 3, "places": [{"seed": 0}]}, "RunError"), ({"ask": "wrong", "step": 5}, "RunError"),
            ({"ask": "write", "step": 5}, "RunError"),
        ):  # fmt: skip
            await say(client, n=1, **asked)
            failed = (await heard(client))["failed"]
            assert (failed["n"], failed["kind"]) == (1, kind)
            assert len(failed["message"]) > 20
            assert "Traceback" not in failed["message"]
        await say(client, n=2, ask="draw", step=5, places=[{"seed": 0}])
        assert (await heard(client))[0]["n"] == 2


@scenario
async def test_only_the_owner_may_keep_something(store: Store, gate: threading.Semaphore) -> None:
    async with serving(store) as server, server.viewer(CONTROL) as (client, hello):
        assert hello["capability"] == "control"
        await say(client, n=1, ask="write", step=5)
        assert (await heard(client))[0]["facts"] == {"written": True}


@scenario
async def test_a_slow_answer_tells_how_far_it_is_and_holds_nobody_up(store: Store, gate: threading.Semaphore) -> None:
    async with serving(store) as server, server.viewer() as (client, _hello):
        await say(client, n=1, ask="slowly", step=5)
        await say(client, n=2, ask="draw", step=5, places=[{"seed": 0}])
        first = await heard(client)
        while first[0]["n"] == 1:  # that it has begun
            assert first[0]["share"] == 0
            first = await heard(client)
        assert first[0]["n"] == 2
        await asyncio.sleep(0.15)  # it tells so many times a second
        gate.release()
        header, _ = await heard(client)
        while header["share"] == 0:
            header, _ = await heard(client)
        assert (header["n"], header["share"], header["facts"]) == (1, 0.25, {"part": 0})
        gate.release(2)
        while header["share"] < 1:
            header, arrays = await heard(client)
        assert header["facts"] == {"done": True}
        assert arrays["a"].tolist() == [0, 1, 2]


@scenario
async def test_what_is_called_off_is_not_answered(store: Store, gate: threading.Semaphore) -> None:
    async with serving(store) as server, server.viewer() as (client, _hello):
        await say(client, n=1, ask="slowly", step=5)
        await asyncio.sleep(0.2)
        await say(client, drop=1)
        await asyncio.sleep(0.1)
        gate.release(3)
        await say(client, n=2, ask="draw", step=5, places=[{"seed": 0}])
        while (await heard(client))[0]["n"] == 1:
            pass
        await say(client, n=3, ask="slowly", step=5)  # the thread is free again
        gate.release(3)
        header = {"share": 0.0}
        while header["share"] < 1:
            header, _ = await heard(client)
        assert header["n"] == 3


@scenario
async def test_a_closed_tab_calls_its_questions_off(store: Store, gate: threading.Semaphore) -> None:
    async with serving(store) as server:
        async with server.viewer() as (client, _hello):
            await say(client, n=1, ask="slowly", step=5)
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.2)
        gate.release()
        async with server.viewer() as (client, _hello):
            await say(client, n=1, ask="slowly", step=5)
            gate.release(4)
            header = {"share": 0.0}
            while header["share"] < 1:
                header, _ = await heard(client)


@scenario
async def test_too_much_at_once_is_refused(store: Store, gate: threading.Semaphore) -> None:
    async with serving(store, open_questions=2) as server, server.viewer() as (client, _hello):
        for n in range(3):
            await say(client, n=n, ask="slowly", step=5)
        answer = await heard(client)
        while isinstance(answer, tuple):
            answer = await heard(client)
        assert answer["failed"]["n"] == 2
        assert "at once" in answer["failed"]["message"]


@scenario
async def test_newer_moments_are_told_while_it_is_seen(store: Store) -> None:
    async with serving(store) as server, server.viewer() as (client, _hello):
        folder = store.folder(RUN)
        saved = folder.read_state(5)
        folder.write_checkpoint(saved._replace(state=saved.state | {"step": 9}))
        assert json.loads(await soon(client.recv())) == {"newest": 9}
        assert RUN in server.touched
        await say(client, visible=False)
        await asyncio.sleep(0.15)
        folder.write_checkpoint(saved._replace(state=saved.state | {"step": 12}))
        await silence(client)
        await say(client, visible=True)
        assert json.loads(await soon(client.recv())) == {"newest": 12}


@scenario
async def test_a_run_that_is_deleted_meanwhile_is_told_once_and_what_is_there_stays(store: Store) -> None:
    async with serving(store) as server, server.viewer() as (client, _hello):
        await say(client, n=1, ask="draw", step=5, places=[{"seed": 0}])
        await heard(client)
        shutil.rmtree(store.folder(RUN).path)
        assert "deleted" in (await heard(client))["gone"]
        await say(client, n=2, ask="draw", step=5, places=[{"seed": 1}])
        assert (await heard(client))[0]["n"] == 2
        await say(client, n=3, ask="draw", step=2, places=[{"seed": 1}])
        assert "deleted" in (await heard(client))["failed"]["message"]


@scenario
async def test_a_run_without_a_moment_is_waited_for(store: Store) -> None:
    other = "ring-20260101-000000-aaaaaa"
    folder = _explored.saved_run(store.folder(other).path, _tiny.points(), ())
    async with serving(store) as server, server.viewer(SIGNER.issue(other, "view")) as (client, hello):
        assert hello["newest"] is None
        saved = store.folder(RUN).read_state(2)
        folder.write_checkpoint(saved)
        assert json.loads(await soon(client.recv())) == {"newest": 2}


@scenario
async def test_sentences_are_in_the_visitors_language_or_english(store: Store) -> None:
    async with serving(store) as server, server.viewer(lang="xx") as (client, _hello):
        await say(client, n=1, ask="draw", step=3, places=[{"seed": 0}])
        assert (await heard(client))["failed"]["message"].startswith("Step 3")


@pytest.mark.parametrize(
    ("first", "code"), [({"token": "no"}, 4401), ({"token": 3}, 4400), ({}, 4400), ({"token": SIGNER.issue("ring-20260101-000000-000000", "view")}, 4404)],
    ids=["wrong", "number", "none", "gone"],
)  # fmt: skip
def test_who_may_not_come_in(store: Store, first: dict[str, Any], code: int) -> None:
    @scenario
    async def come() -> None:
        async with serving(store) as server, connect(f"ws://127.0.0.1:{server.port}/latent") as client:
            await say(client, **first)
            assert await close_code(client) == code

    come()


@pytest.mark.parametrize(
    "message", ["[]", "{", "x" * 200_000, json.dumps({"n": 1}), json.dumps({"n": "1", "ask": "draw", "step": 5}), json.dumps({"drop": "x"}), json.dumps({"visible": 1})],
    ids=["list", "half", "long", "no question", "n", "drop", "visible"],
)  # fmt: skip
def test_garbage_ends_the_socket(store: Store, message: str) -> None:
    @scenario
    async def speak() -> None:
        async with serving(store) as server, server.viewer() as (client, _hello):
            await client.send(message)
            assert await close_code(client) in (4400, 1009)

    speak()


@scenario
async def test_another_page_may_not_ask(store: Store) -> None:
    stranger: Any = "http://elsewhere.example"
    async with serving(store) as server, connect(f"ws://127.0.0.1:{server.port}/latent", origin=stranger) as client:
        assert await close_code(client) == 4403

"""Tabs of the soak: real Streamlit sessions over its own socket, which visit the pages, press their buttons and move their sliders.

Nothing is drawn; the live view's socket is opened with the token that the page was given for it.
"""

import asyncio
import json
import random
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from benchmarks._soak_runs import finishing, pictures, points
from benchmarks._soak_viewers import polite
from benchmarks._soak_world import COOKIES, FailedError, Known, World
from gan_core import serial
from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError

_ANSWER_SECONDS, _FRAGMENT_SECONDS = 60.0, 20.0
_WRONG_WORDS = ("This page failed", "open in another process")  # the second is said of runs that are not
_AGAIN = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
_WRONG = ForwardMsg.ScriptFinishedStatus.FINISHED_WITH_COMPILE_ERROR


@dataclass
class Shown:
    """What is on the page: the ids of its buttons and sliders by key or label, its fragments, and the live view's run and token."""

    widgets: dict[str, str] = field(default_factory=dict)
    fragments: dict[str, None] = field(default_factory=dict)
    run: str = ""
    token: str = ""


class Tab:
    """One tab and the page in it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.shown = Shown()
        self.session = self._page = self._query = ""

    async def visit(self, page: str, query: str = "") -> Shown:
        """Go to a page by its name in the address."""
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        await self._run(message)
        return self.shown

    async def press(self, name: str) -> bool:
        """Press the button with this key or label, if there is one."""
        message = self._message()
        if name in self.shown.widgets:
            message.rerun_script.widget_states.widgets.add(id=self.shown.widgets[name]).trigger_value = True
            await self._run(message)
            return True
        return False

    async def slide(self, key: str, value: float) -> bool:
        """Move the slider with this key, if there is one."""
        message = self._message()
        if key in self.shown.widgets:
            state = message.rerun_script.widget_states.widgets.add(id=self.shown.widgets[key])
            state.double_array_value.data.append(value)
            await self._run(message)
            return True
        return False

    async def refresh(self) -> None:
        """What a page does by itself every few seconds: its fragments run again."""
        for fragment in list(self.shown.fragments):
            if fragment in self.shown.fragments:  # else another one had the whole page run again
                message = self._message()
                message.rerun_script.fragment_id, message.rerun_script.is_auto_rerun = fragment, True
                with suppress(TimeoutError):  # Streamlit answers nothing where the fragment has just gone
                    await asyncio.wait_for(self._run(message), _FRAGMENT_SECONDS)

    def _message(self) -> BackMsg:
        message = BackMsg()
        message.rerun_script.page_script_hash, message.rerun_script.query_string = self._page, self._query
        return message

    async def _run(self, message: BackMsg) -> None:
        """Have the script run, and take in what it shows, until it has ended."""
        anew = not message.rerun_script.fragment_id
        await self.socket.send(message.SerializeToString())
        while True:
            data = await asyncio.wait_for(self.socket.recv(), _ANSWER_SECONDS)
            assert isinstance(data, bytes)
            answer = ForwardMsg.FromString(data)
            if answer.WhichOneof("type") == "script_finished":
                if answer.script_finished == _WRONG:
                    raise FailedError("a page could not be compiled")
                if answer.script_finished != _AGAIN:
                    return
                anew = True
            self._take(answer, anew)

    def _take(self, answer: ForwardMsg, anew: bool) -> None:
        match answer.WhichOneof("type"):
            case "new_session" if anew:
                self.shown, self.session = Shown(), answer.new_session.initialize.session_id
            case "navigation":
                self._page = answer.navigation.page_script_hash
            case "delta" if answer.delta.WhichOneof("type") == "new_element":
                self._see(answer.delta.new_element)
            case "auto_rerun":
                self.shown.fragments[answer.auto_rerun.fragment_id] = None
            case "page_info_changed":
                self._query = answer.page_info_changed.query_string

    def _see(self, element: Element) -> None:
        match element.WhichOneof("type"):
            case "button":
                self._know(element.button.id, element.button.label)
            case "slider":
                self._know(element.slider.id, element.slider.label)
            case "bidi_component" if element.bidi_component.component_name == "gan_live":
                found = json.loads(element.bidi_component.json)
                self.shown.run, self.shown.token = found["run"] or "", found["token"] or ""
            case "exception":
                raise FailedError(f"a page showed {element.exception.message}")
            case "alert" if any(words in element.alert.body for words in _WRONG_WORDS):
                raise FailedError(element.alert.body)

    def _know(self, widget: str, label: str) -> None:
        key = widget.split("-", 2)[-1]  # $$ID-HASH-KEY
        self.shown.widgets[label if key == "None" else key] = widget


@asynccontextmanager
async def tab(world: World, cookie: str, session: str = "") -> AsyncIterator[Tab]:
    """A tab of the browser with this cookie; `session` is that of a tab that lost its connection."""
    address = f"127.0.0.1:{world.server.port}"
    wanted = [Subprotocol(part) for part in ("streamlit", "none", session) if part][: 3 if session else 1]
    async with connect(f"ws://{address}/_stcore/stream", subprotocols=wanted, origin=Origin(f"http://{address}"), max_size=None,
                       additional_headers={"Cookie": f"gan_owner={cookie}"}, ping_interval=None, open_timeout=60) as socket:  # fmt: skip
        yield Tab(socket)


# ── visits ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def act(world: World, rng: random.Random) -> None:
    """A visit: the page itself, then a tab in which something is done; it is closed, or cut off and perhaps opened again."""
    visit, cookie = rng.choice(VISITS), rng.choice(COOKIES)
    await asyncio.to_thread(_fetch, world.server.port)
    session = ""
    async with tab(world, cookie) as page:
        await visit(world, page, rng)
        if rng.random() < 0.4:
            session = page.session
            page.socket.transport.abort()
    if session and rng.random() < 0.5:
        async with tab(world, cookie, session) as page:
            await page.visit("runs")
            world.done["tabs reconnected"] += page.session == session
    world.done[f"visited: {visit.__name__}"] += 1


def _fetch(port: int) -> None:
    for path in ("", "lab", "_stcore/health", "api/health"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=60) as answer:
            answer.read()


async def look_around(world: World, page: Tab, rng: random.Random) -> None:
    """All pages, each until it has refreshed itself."""
    for name in rng.sample(["", "lab", "images", "runs"], 4):
        if world.left:
            await page.visit(name, f"c={_link(rng)}" if name in ("lab", "images") else "")
            await page.refresh()


def _link(rng: random.Random, images: bool | None = None) -> str:
    """Settings of a tiny run, as an address carries them."""
    make = rng.choice((points, finishing, pictures)) if images is None else pictures if images else points
    while True:
        try:
            return serial.to_link(replace(RunConfig(), make(rng)))
        except ConfigError:  # a loss and a penalty that do not go together
            continue


async def train(world: World, page: Tab, rng: random.Random) -> None:
    """Start a run in a lab, watch it there, move a slider."""
    images = rng.random() < 0.3
    name = "images" if images else "lab"
    await page.visit(name, f"c={_link(rng, images)}")
    await page.press(f"{name}.start")
    if not page.shown.run:  # there was no room
        world.done["refused: on a page"] += 1
        return
    known = world.runs[page.shown.run] = Known(**await world.server.ask("issue", run=page.shown.run))
    await polite(world, Known(known.run, page.shown.token, page.shown.token), rng)
    world.done["moved a slider"] += await page.slide(f"{name}:label_flip", 0.1)
    await page.refresh()
    world.done["started: on a page"] += 1


async def manage(world: World, page: Tab, rng: random.Random) -> None:
    """Choose a run in the table and press one of its buttons."""
    if known := world.any_run(rng):
        await page.visit("runs", f"run={known.run}")
        await page.refresh()
        button = rng.choice(("Open", "Pause", "Resume", "Stop", "Branch from here", "Duplicate with changes", "Delete"))
        if await page.press(button):
            world.done[f"pressed: {button}"] += 1
            if button == "Delete":
                await page.press("Undo" if rng.random() < 0.5 else "Delete")


Visit: TypeAlias = Callable[[World, Tab, random.Random], Awaitable[None]]
VISITS: list[Visit] = [look_around, train, manage]

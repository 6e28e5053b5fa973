"""The socket of the Latent Explorer and of what is translated by hand: questions about a run's generator, answered in the order they come;
slow ones beside them.

A viewer first sends `{"token": ..., "lang": "zh_CN"}`, then `{"n": 1, "ask": name, "step": 1200, ...}` (what can be asked is in
`gan_core.latent.tools` and `gan_core.translation.hand`), `{"drop": n}` to call one off, and `{"visible": bool}`. It gets JSON (`hello`, `newest`, `gone`, `failed`) and
binary frames: `n`, `step`, `facts`, `share` (1: this is the answer; less: what there is of it so far).
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from gan_core.errors import PlaygroundError, RunError
from gan_core.latent.asking import Answer, Ask, CalledOffError, asked_for
from gan_core.text import N_
from pages._ui import sockets
from pages._ui.sockets import GARBAGE, UNKNOWN_RUN, HangUpError
from pages._ui.tokens import Grant

if TYPE_CHECKING:
    from gan_core.latent.explorer import Explorer, Explorers

_SO_FAR_SECONDS = 0.1  # between two looks at a slow answer
_log = logging.getLogger(__name__)
TOO_MANY = N_("Too much has been asked for at once. Wait until something of it is there.")
FAULT = N_("This could not be made: the server's log says why. What was there before stays as it is.")
NOT_YOURS = N_("Only the browser that started this run can keep something with it.")


@dataclass(frozen=True)
class Limits:
    """Seconds until a token, bytes a message, open questions a viewer, seconds between two looks for a newer moment, and for a
    connection to take an answer."""

    token_seconds: float = 10.0
    message_bytes: int = 128 * 1024
    open_questions: int = 16
    look_seconds: float = 1.0
    send_seconds: float = 30.0


@dataclass(eq=False)
class Question:
    """One that is being answered."""

    n: int
    ask: Ask
    step: int
    asked: Mapping[str, Any]
    off: threading.Event = field(default_factory=threading.Event)
    told_at: float = 0.0


@dataclass(eq=False)
class Viewer:
    """One socket."""

    socket: WebSocket
    grant: Grant
    language: str
    explorer: "Explorer"
    visible: bool = True
    open: dict[int, Question] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class LatentHub:
    """Serves every Latent Explorer of the process.

    explorers: of runs. exists: whether there is such a run. touch: called each second for a run that is explored. check: token -> Grant, or TokenError. allowed_origins: asked at each connection.
    """

    def __init__(
        self,
        explorers: Callable[[], "Explorers"],
        exists: Callable[[str], bool],
        touch: Callable[[str], None],
        check: Callable[[str], Grant],
        allowed_origins: Callable[[], tuple[str, ...]] = tuple,
        limits: Limits | None = None,
    ) -> None:
        self._explorers, self._exists, self._touch = explorers, exists, touch
        self._check, self._allowed_origins = check, allowed_origins
        self._limits = limits or Limits()
        self._quick = ThreadPoolExecutor(2, "latent", prepare)
        self._slow = ThreadPoolExecutor(2, "latent-slow", prepare)

    async def serve(self, socket: WebSocket) -> None:
        """One socket from its opening to its end."""
        await sockets.served(socket, self._converse, self._allowed_origins())

    async def _converse(self, socket: WebSocket) -> None:
        limits = self._limits
        grant, language = await sockets.admitted(socket, self._check, limits.token_seconds, limits.message_bytes)
        if not await self._in(self._quick, lambda: self._exists(grant.run)):
            raise HangUpError(UNKNOWN_RUN, "no such run")
        viewer = Viewer(socket, grant, language, self._explorers().of(grant.run))
        try:
            newest = await self._newest(viewer)
            await socket.send_json({"hello": {"capability": grant.capability, "run": grant.run, "newest": newest}})
            await sockets.until_one_ends(self._listen(viewer), self._follow(viewer, newest))
        finally:
            for question in viewer.open.values():
                question.off.set()
            for task in viewer.tasks:
                task.cancel()

    # ── the newest moment ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _newest(self, viewer: Viewer) -> int | None:
        with suppress(RunError):  # nothing is saved yet, or all is gone: the page says so
            newest: int = await self._in(self._quick, viewer.explorer.newest)
            return newest
        return None

    async def _follow(self, viewer: Viewer, known: int | None) -> None:
        """Say when there is a newer moment, and when the run is deleted."""
        gone = False
        while True:
            await asyncio.sleep(self._limits.look_seconds)
            if not viewer.visible:
                continue
            try:
                newest: int | None = await self._in(self._quick, lambda: self._looked_at(viewer))
            except RunError as error:
                if not gone and known is not None:
                    await viewer.socket.send_json({"gone": sockets.said(error, viewer.language)})
                gone = known is not None
                continue
            if newest != known or gone:
                known, gone = newest, False
                await viewer.socket.send_json({"newest": newest})

    def _looked_at(self, viewer: Viewer) -> int:
        self._touch(viewer.grant.run)
        return viewer.explorer.newest()

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _listen(self, viewer: Viewer) -> None:
        while True:
            match message := await sockets.received(viewer.socket, self._limits.message_bytes):
                case {"ask": str(), "n": int(n), "step": int(step)}:
                    await self._begin(viewer, n, step, message)
                case {"drop": int(n)}:
                    if (question := viewer.open.get(n)) is not None:
                        question.off.set()
                case {"visible": bool(visible)}:
                    viewer.visible = visible
                case _:
                    raise HangUpError(GARBAGE, "unknown message")

    async def _begin(self, viewer: Viewer, n: int, step: int, message: Mapping[str, Any]) -> None:
        try:
            found = asked_for(message["ask"])
            if len(viewer.open) >= self._limits.open_questions:
                raise RunError(TOO_MANY)
            if found.writes and viewer.grant.capability != "control":
                raise RunError(NOT_YOURS)
        except PlaygroundError as error:
            await self._fail(viewer, n, error)
            return
        question = viewer.open[n] = Question(n, found, step, message)
        task = asyncio.create_task(self._answer(viewer, question))
        viewer.tasks.add(task)
        task.add_done_callback(viewer.tasks.discard)

    async def _answer(self, viewer: Viewer, question: Question) -> None:
        loop = asyncio.get_running_loop()

        def tell(share: float, so_far: Answer | None = None) -> None:
            if question.off.is_set():
                raise CalledOffError
            now = time.monotonic()
            if question.ask.slow and share < 1 and now - question.told_at >= _SO_FAR_SECONDS:
                question.told_at = now
                asyncio.run_coroutine_threadsafe(self._send(viewer, question, so_far or Answer(), share), loop)

        def work() -> bytes:
            tell(0.0)
            about = viewer.explorer.about(question.ask.of, question.step)
            return self._packed(question, question.ask.answer(about, question.asked, tell), 1.0)

        try:
            data = await self._in(self._slow if question.ask.slow else self._quick, work)
            if not question.off.is_set():
                await sockets.send_bytes(viewer.socket, data, self._limits.send_seconds)
        except CalledOffError:
            pass
        except PlaygroundError as error:
            await self._fail(viewer, question.n, error)
        except (HangUpError, WebSocketDisconnect):
            _log.info("A viewer of the Latent Explorer has gone")
        except Exception:
            _log.exception("The Latent Explorer could not answer %s", question.ask.name)
            await self._fail(viewer, question.n, RunError(FAULT))
        finally:
            if viewer.open.get(question.n) is question:
                del viewer.open[question.n]

    async def _send(self, viewer: Viewer, question: Question, answer: Answer, share: float) -> None:
        if not question.off.is_set() and question.n in viewer.open:
            with suppress(HangUpError, WebSocketDisconnect, RuntimeError):  # it is gone: `_listen` notices
                await sockets.send_bytes(
                    viewer.socket, self._packed(question, answer, share), self._limits.send_seconds
                )

    def _packed(self, question: Question, answer: Answer, share: float) -> bytes:
        from gan_core.runs.frames import packed

        header = {"n": question.n, "step": question.step, "share": round(share, 4), "facts": dict(answer.facts)}
        return packed(header, answer.arrays)

    async def _fail(self, viewer: Viewer, n: int, error: PlaygroundError) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            failed = {"n": n, "message": sockets.said(error, viewer.language), "kind": type(error).__name__}
            await viewer.socket.send_json({"failed": failed})

    async def _in(self, pool: ThreadPoolExecutor, job: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, job)


def prepare() -> None:
    """Import what answers questions (a second's worth, which no server waits for), in the thread that answers."""
    import torch

    from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
    from gan_core.translation import hand  # noqa: F401

    torch.set_num_threads(1)  # the other cores are the training's

"""What the server's sockets have in common: who may come in, short JSON messages, sentences in the visitor's language, an orderly end."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gan_core.errors import PlaygroundError
from gan_core.text import told
from pages._ui import i18n, origins
from pages._ui.tokens import Grant, TokenError

GARBAGE, UNAUTHORISED, REFUSED, UNKNOWN_RUN, TOO_LATE, TOO_MANY, BROKEN = 4400, 4401, 4403, 4404, 4408, 1013, 1011

_log = logging.getLogger(__name__)


class HangUpError(Exception):
    """Ends a socket with a close code and a short reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def served(
    socket: WebSocket, converse: Callable[[WebSocket], Coroutine[Any, Any, None]], allowed_origins: tuple[str, ...]
) -> None:
    """One socket from its opening to its end. Refusals are close codes, which a page can read; so accept first."""
    await socket.accept()
    try:
        if not origins.is_allowed(socket.headers, allowed_origins):
            raise HangUpError(REFUSED, "origin refused")
        await converse(socket)
    except WebSocketDisconnect:
        return
    except HangUpError as end:
        await _close(socket, end.code, end.reason)
    except Exception:
        _log.exception("A socket failed")
        await _close(socket, BROKEN, "internal error")


async def admitted(
    socket: WebSocket, check: Callable[[str], Grant], patience: float, longest: int
) -> tuple[Grant, str]:
    """What the token in the first message allows, and the visitor's language. Raises HangUpError."""
    try:
        async with asyncio.timeout(patience):
            message = await received(socket, longest)
    except TimeoutError:
        raise HangUpError(TOO_LATE, "no token") from None
    token, language = message.get("token"), message.get("lang")
    if not isinstance(token, str):
        raise HangUpError(GARBAGE, "the first message must hold a token")
    try:
        grant = check(token)
    except TokenError:
        raise HangUpError(UNAUTHORISED, "token refused") from None
    return grant, (i18n.known(language) if isinstance(language, str) else None) or i18n.ENGLISH


async def received(socket: WebSocket, longest: int) -> dict[str, Any]:
    """The next message, a JSON object of at most so many bytes. Raises HangUpError, WebSocketDisconnect."""
    event = await socket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code", 1006))
    text = event.get("text")
    if text is None or len(text.encode(errors="replace")) > longest:
        raise HangUpError(GARBAGE, "not a short text message")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise HangUpError(GARBAGE, "not JSON") from None
    if not isinstance(message, dict):
        raise HangUpError(GARBAGE, "not a JSON object")
    return message


async def send_bytes(socket: WebSocket, data: bytes, patience: float) -> None:
    """Send, or end a viewer whose connection takes nothing any more."""
    try:
        async with asyncio.timeout(patience):
            await socket.send_bytes(data)
    except TimeoutError:
        raise HangUpError(TOO_LATE, "never read") from None
    except RuntimeError:
        if socket.application_state is not WebSocketState.DISCONNECTED:
            raise
        raise WebSocketDisconnect(1006) from None  # the other end went while this was about to be sent


def said(error: PlaygroundError, language: str) -> str:
    """An error in the visitor's language."""
    return told(error, i18n.translator(language).gettext)


async def until_one_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run these together until the first one ends or fails, then stop the others and pass its exception on."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Close, unless the other end is gone already or takes nothing any more."""
    with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(1):
            await socket.close(code, reason)

"""The live view's server side: one channel a watched run, which packs each snapshot once for all its viewers.

A viewer first sends `{"token": ..., "lang": "zh_CN"}` (the language may be left out), then `{"ack": seq}`,
`{"visible": bool}`, `{"want": [names]}`, `{"do": action}` (with a `value` for some), `{"moments": true}` and `{"at": [steps]}`.
It gets JSON (`hello`, `error`, `moments`, `missing`) and binary frames: the newest one each time it has acknowledged the last,
none while it is hidden; and those of earlier moments that it asks for, until it asks for others.
"""

import asyncio
import json
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from starlette.websockets import WebSocket

from gan_core.errors import PlaygroundError, RunError
from gan_core.runs import wishes
from gan_core.runs.commands import ACTIONS
from gan_core.text import N_
from pages._ui import i18n, sockets
from pages._ui.sockets import GARBAGE, TOO_LATE, TOO_MANY, UNKNOWN_RUN, HangUpError
from pages._ui.tokens import Grant

MOST_MOMENTS = 8  # that a viewer can ask for at once
ANEW = 1012  # the viewer connects again, and finds the run as it is now


class KeptPast(Protocol):
    """What can be seen of a run's earlier moments."""

    def steps(self) -> list[int]: ...
    def branches(self) -> list[int]: ...
    def frame(self, step: int, wishes: frozenset[str]) -> bytes: ...


class WatchedRun(Protocol):
    """What the live view needs of a run."""

    @property
    def id(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def gone(self) -> bool: ...
    @property
    def past(self) -> KeptPast | None: ...
    def frame(self) -> bytes | None: ...
    def watch(self) -> AbstractContextManager[object]: ...
    def want(self, names: frozenset[str]) -> None: ...


@dataclass(frozen=True)
class Limits:
    """Seconds until a token and until an acknowledgement, bytes a message, viewers a run, seconds between two looks."""

    token_seconds: float = 10.0
    ack_seconds: float = 30.0
    message_bytes: int = 4096
    viewers: int = 200
    poll_seconds: float = 0.05


@dataclass(frozen=True)
class Frame:
    """A packed snapshot: `change` is the run's `seq` when it was packed, `seq` what the viewer acknowledges."""

    change: int
    seq: int
    data: bytes


@dataclass(eq=False)
class Viewer:
    """One socket. `owes` is the frame that it has still to acknowledge; the frame's bytes are not kept."""

    socket: WebSocket
    visible: bool = True
    shown: int | None = None
    owes: int | None = None
    sent_at: float = 0.0
    language: str = i18n.ENGLISH
    wishes: frozenset[str] = frozenset()
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    looks_back_to: list[int] = field(default_factory=list)
    look_back: asyncio.Event = field(default_factory=asyncio.Event)

    def acknowledge(self, seq: int) -> None:
        """Note that frame `seq` arrived; an older or invented one changes nothing."""
        if seq == self.owes:
            self.owes = None
            self.wake.set()

    def show(self, visible: bool) -> None:
        """Pause while hidden. A tab that comes back may have dropped its last frame, so it owes nothing."""
        if visible and not self.visible:
            self.owes = None
        self.visible = visible
        self.wake.set()


class Channel:
    """A run that somebody watches: its viewers, and the newest frame, packed once for them all."""

    def __init__(self, run: WatchedRun, poll_seconds: float) -> None:
        self.run = run
        self.viewers: dict[Viewer, None] = {}  # in the order they came
        self._wanted: frozenset[str] = frozenset()
        self._frame: Frame | None = None
        self._packing = asyncio.Lock()
        self._poll_seconds = poll_seconds
        self._poll: asyncio.Task[None] | None = None

    def join(self, viewer: Viewer) -> None:
        """Add a viewer; the first one starts the look-out for news."""
        self.viewers[viewer] = None
        if self._poll is None:
            self._poll = asyncio.create_task(self._wake_viewers())

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer; the last one stops the look-out and lets the frame go."""
        self.viewers.pop(viewer, None)
        self.pass_wishes_on()
        if not self.viewers and self._poll is not None:
            self._poll.cancel()
            self._poll, self._frame = None, None

    def pass_wishes_on(self) -> None:
        """Tell the run what its viewers want together; those who do not see it now want nothing."""
        wanted = wishes.together(viewer.wishes for viewer in self.viewers if viewer.visible)
        if wanted != self._wanted:
            self._wanted = wanted
            self.run.want(wanted)

    async def _wake_viewers(self) -> None:
        seen: int | None = None
        while True:
            if self.run.seq != seen or self.run.gone:
                seen = self.run.seq
                for viewer in self.viewers:
                    viewer.wake.set()
            await asyncio.sleep(self._poll_seconds)

    async def newest(self) -> Frame | None:
        """The newest frame, or None before the first; whoever asks while it is being packed waits for the same one."""
        if self._frame is None or self._frame.change != self.run.seq:
            async with self._packing:
                change = self.run.seq
                if self._frame is None or self._frame.change != change:
                    data = await asyncio.to_thread(self.run.frame)
                    self._frame = None if data is None else Frame(change, frame_seq(data), data)
        return self._frame


def frame_seq(data: bytes) -> int:
    """`seq` from the JSON header of a packed frame (4 bytes magic, uint32 length, header)."""
    (length,) = struct.unpack_from("<I", data, 4)
    return int(json.loads(data[8 : 8 + length])["seq"])


class LiveHub:
    """Serves every live view of the process.

    find: run id -> run, or None. command: (run id, action, value or None) -> None, or PlaygroundError. check: token -> Grant, or
    TokenError. allowed_origins: asked at each connection.
    """

    def __init__(
        self,
        find: Callable[[str], WatchedRun | None],
        command: Callable[[str, str, object], None],
        check: Callable[[str], Grant],
        allowed_origins: Callable[[], tuple[str, ...]] = tuple,
        limits: Limits | None = None,
    ) -> None:
        self._find, self._command, self._check, self._allowed_origins = find, command, check, allowed_origins
        self._limits = limits or Limits()
        self._channels: dict[str, Channel] = {}

    async def serve(self, socket: WebSocket) -> None:
        """One socket from its opening to its end."""
        await sockets.served(socket, self._converse, self._allowed_origins())

    async def _converse(self, socket: WebSocket) -> None:
        limits = self._limits
        grant, language = await sockets.admitted(socket, self._check, limits.token_seconds, limits.message_bytes)
        viewer = Viewer(socket, language=language)
        run = await asyncio.to_thread(self._find, grant.run)
        if run is None:
            raise HangUpError(UNKNOWN_RUN, "no such run")
        channel = self._channel(run)
        if len(channel.viewers) >= self._limits.viewers:
            raise HangUpError(TOO_MANY, "too many viewers")
        channel.join(viewer)
        try:
            with run.watch():
                hello = {"capability": grant.capability, "run": run.id, "status": run.status}
                await socket.send_json({"hello": hello})
                await sockets.until_one_ends(
                    self._listen(viewer, grant, channel), self._stream(viewer, channel), self._show_past(viewer, run)
                )
        finally:
            channel.leave(viewer)
            if not channel.viewers and self._channels.get(run.id) is channel:
                del self._channels[run.id]

    def _channel(self, run: WatchedRun) -> Channel:
        channel = self._channels.get(run.id)
        if channel is None or channel.run is not run:
            channel = self._channels[run.id] = Channel(run, self._limits.poll_seconds)
        return channel

    async def _listen(self, viewer: Viewer, grant: Grant, channel: Channel) -> None:
        while True:
            match message := await sockets.received(viewer.socket, self._limits.message_bytes):
                case {"ack": int(seq)}:
                    viewer.acknowledge(seq)
                case {"visible": bool(visible)}:
                    viewer.show(visible)
                    channel.pass_wishes_on()
                case {"want": names} if (wanted := wishes.read(names)) is not None:
                    viewer.wishes = wanted
                    channel.pass_wishes_on()
                case {"at": [*steps]} if len(steps) <= MOST_MOMENTS and all(type(step) is int for step in steps):
                    viewer.looks_back_to = steps
                    viewer.look_back.set()
                case {"moments": True}:
                    await viewer.socket.send_json({"moments": await asyncio.to_thread(_moments, channel.run.past)})
                case {"do": str(action)} if action in ACTIONS:
                    await self._obey(viewer, grant, action, message.get("value"))
                case _:
                    raise HangUpError(GARBAGE, "unknown message")

    async def _obey(self, viewer: Viewer, grant: Grant, action: str, value: object) -> None:
        try:
            if grant.capability != "control":
                raise RunError(N_("Only the browser that started this run can control it."))
            await asyncio.to_thread(self._command, grant.run, action, value)
        except PlaygroundError as error:
            code = "refused" if grant.capability == "control" else "forbidden"
            await viewer.socket.send_json({"error": {"code": code, "message": sockets.said(error, viewer.language)}})

    async def _show_past(self, viewer: Viewer, run: WatchedRun) -> None:
        """Send the earlier moments that the viewer asked for last, in its order; newer wishes overtake those not yet begun."""
        while True:
            await viewer.look_back.wait()
            viewer.look_back.clear()
            if (past := run.past) is None:
                continue
            for step in viewer.looks_back_to:
                try:
                    data = await asyncio.to_thread(past.frame, step, viewer.wishes)
                except PlaygroundError as error:
                    await viewer.socket.send_json(
                        {"missing": {"step": step, "message": sockets.said(error, viewer.language)}}
                    )
                else:
                    await sockets.send_bytes(viewer.socket, data, self._limits.ack_seconds)
                if viewer.look_back.is_set():
                    break

    async def _stream(self, viewer: Viewer, channel: Channel) -> None:
        """Send the newest frame whenever the viewer is ready for one; end a viewer that never acknowledges."""
        patience = self._limits.ack_seconds
        clock = asyncio.get_running_loop().time
        while True:
            viewer.wake.clear()
            if channel.run.gone:
                raise HangUpError(ANEW, "the run has moved")
            news = viewer.visible and channel.run.seq != viewer.shown
            if news and viewer.owes is None:
                frame = await channel.newest()
                if frame is not None and viewer.visible and frame.change != viewer.shown:
                    viewer.shown, viewer.owes, viewer.sent_at = frame.change, frame.seq, clock()
                    await sockets.send_bytes(viewer.socket, frame.data, patience)
                    del frame
                    continue
                del frame  # while this waits, only the channel holds the bytes
            elif news and clock() - viewer.sent_at >= patience:
                raise HangUpError(TOO_LATE, "never acknowledged")
            left = viewer.sent_at + patience - clock() if news and viewer.owes is not None else None
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await viewer.wake.wait()


def _moments(past: KeptPast | None) -> dict[str, list[int]]:
    return {"steps": past.steps() if past else [], "branches": past.branches() if past else []}

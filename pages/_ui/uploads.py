"""Files on their way in from a browser: one request brings many, streamed to the disk; what is left alone is removed.

The body is one part after another: 4 bytes length of the name, 8 bytes length of the file (both big-endian), the name in UTF-8, the
file. A browser sends it from its disk without reading it into memory, and thousands of small files cost no more than one large one.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from gan_core.errors import DataError, PlaygroundError
from gan_core.pictures.limits import Limits
from gan_core.pictures.upload import TOO_LARGE, Upload
from gan_core.pictures.working import DISK
from gan_core.text import N_
from pages._ui import i18n, origins
from pages._ui.sockets import said
from pages._ui.tokens import Grant, TokenError

if TYPE_CHECKING:
    from gan_core.pictures.importing import Given, Import

AT_ONCE, OF_ONE = 8, 2  # uploads at the same time: of all visitors, of one
TRAYS_OF_ONE = 4
PATIENCE = 60.0  # seconds without a byte
GRACE, IDLE = 120.0, 3600.0  # seconds that a tray outlives its tab, or lies untouched
_LOOK = 15.0  # seconds between two looks for such trays
_CHUNK = 1 << 20  # bytes that are handed to the disk at once: what one upload holds in memory
_FRAMING = 16_000_000  # bytes that names may add to the files of one request
_HEAD = struct.Struct(">IQ")
_LONGEST_NAME = 4096
_DRAIN = 10.0  # seconds that a refused body is read on, so that the browser comes to reading why

GARBAGE = N_("This upload cannot be read. Reload the page and try again.")
ELSEWHERE = N_("Uploads are only taken from the pages of this server.")
TOO_OLD = N_("This page is too old to bring files. Reload it and try again.")
BUSY = N_("{number} uploads are already going on. Wait until one has ended, then try again.")
NO_ROOM = N_("The server's disk has no room for {size} MB. Bring less, or ask whoever runs the server to make room.")
TOO_MANY = N_("You have {number} uploads that were not made into data sets yet. Finish or cancel one first.")
SLOW = N_("Nothing arrived for {seconds} seconds, so the upload was ended. Try again.")
ENDED_EARLY = N_("The upload ended early. Nothing of it was kept: try again.")


class RefusedError(DataError):
    """Why an upload is refused, with the status of the answer."""

    def __init__(self, status: int, template: str, **params: object) -> None:
        super().__init__(template, **params)
        self.status = status


@dataclass
class Tray:
    """What one visitor has brought and not yet made into a set. `job`: the import that reads it."""

    id: str
    owner: str
    uploads: list[Upload] = field(default_factory=list)
    job: Import | None = None
    touched: float = 0.0
    left: float | None = None  # when its tab went
    busy: int = 0  # requests that bring files right now
    is_gone: bool = False

    @property
    def given(self) -> list[Given]:
        """All whole files."""
        return [one for upload in self.uploads for one in upload.given]

    @property
    def bytes(self) -> int:
        """Of whole files."""
        return sum(upload.bytes for upload in self.uploads)

    @property
    def is_working(self) -> bool:
        """Whether files arrive or are read."""
        return self.busy > 0 or (self.job is not None and not self.job.has_ended)


class Arrivals:
    """The trays of a data folder. Any thread may call; nothing here reads or writes a file while it holds the lock."""

    def __init__(self, root: Path, limits: Limits, make: Callable[[Path, Limits], Upload] = Upload,
                 now: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        self.limits = limits
        self._root, self._make, self._now = root, make, now
        self._trays: dict[str, Tray] = {}
        self._expected = 0  # bytes that are announced and have not come yet
        self._lock = threading.Lock()
        self._watch: threading.Thread | None = None

    def new(self, owner: str) -> Tray:
        """An empty tray. Raises RefusedError where this visitor has too many."""
        with self._lock:
            if sum(tray.owner == owner for tray in self._trays.values()) >= TRAYS_OF_ONE:
                raise RefusedError(429, TOO_MANY, number=TRAYS_OF_ONE)
            tray = Tray(secrets.token_hex(8), owner, touched=self._now())
            self._trays[tray.id] = tray
            if self._watch is None:
                self._watch = threading.Thread(target=self._look, name="uploads", daemon=True)
                self._watch.start()
            return tray

    def get(self, tray_id: str, owner: str) -> Tray | None:
        """A tray of this visitor, which is thereby in use again."""
        with self._lock:
            tray = self._trays.get(tray_id)
            if tray is None or tray.owner != owner:
                return None
            tray.touched, tray.left = self._now(), None
            return tray

    def left_by(self, owner: str) -> Tray | None:
        """A tray whose tab went (a page that was loaded anew, say), or whose import goes on: it can be taken up again."""
        with self._lock:
            found = [t for t in self._trays.values() if t.owner == owner and t.left is not None and not t.busy]
            best = max(found, key=lambda t: (t.job is not None, t.touched), default=None)
        return self.get(best.id, owner) if best is not None else None

    def leave(self, tray_id: str) -> None:
        """Its tab has gone: unless somebody comes back to it, it is removed after GRACE seconds, or when its import has ended."""
        with self._lock:
            if tray_id in self._trays:
                self._trays[tray_id].left = self._now()

    def remove(self, tray_id: str, owner: str) -> None:
        """Give up a tray: an import of it is cancelled, and its files are removed (once nothing reads them any more)."""
        with self._lock:
            tray = self._trays.get(tray_id)
            if tray is None or tray.owner != owner:
                return
            del self._trays[tray_id]
            tray.is_gone = True
        self._empty(tray)

    def _empty(self, tray: Tray) -> None:
        if tray.job is not None and not tray.job.has_ended:
            tray.job.cancel()
            tray.job.wait(30.0)
        for upload in tray.uploads:
            upload.remove()

    def sweep(self) -> None:
        """Remove what nobody will come back for."""
        with self._lock:
            now = self._now()
            old = [t for t in self._trays.values() if not t.is_working and
                   (now - t.touched > IDLE or (t.left is not None and now - t.left > GRACE))]  # fmt: skip
            for tray in old:
                del self._trays[tray.id]
                tray.is_gone = True
        for tray in old:
            self._empty(tray)

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK)
            self.sweep()
            with self._lock:
                if not self._trays:
                    self._watch = None
                    return

    # ── one request ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def receiving(self, tray_id: str, owner: str, announced: int | None) -> Iterator[tuple[Tray, Limits]]:
        """A place for one request, and what it may still bring. `announced`: its length in bytes, if it says so. Raises RefusedError."""
        with self._lock:
            tray = self._trays.get(tray_id)
            if tray is None or tray.owner != owner or (tray.job is not None and not tray.job.has_ended):
                raise RefusedError(409, TOO_OLD)
            going = [t.busy for t in self._trays.values()]
            mine = [t.busy for t in self._trays.values() if t.owner == owner]
            if sum(mine) >= OF_ONE or sum(going) >= AT_ONCE:
                raise RefusedError(429, BUSY, number=sum(mine) if sum(mine) >= OF_ONE else sum(going))
            most = self.limits.upload - tray.bytes
            expected = announced if announced is not None else most
            if announced is not None and announced > most + _FRAMING:
                raise RefusedError(413, TOO_LARGE, most=_mb(self.limits.upload))
            held = sum(t.bytes for t in self._trays.values()) + self._expected
            if held + expected > max(self.limits.kept, self.limits.upload + _FRAMING) or expected > self._free():
                raise RefusedError(507, NO_ROOM, size=_mb(expected))
            tray.busy += 1
            self._expected += expected
        try:
            yield tray, replace(self.limits, upload=most)
        finally:
            with self._lock:
                tray.busy -= 1
                tray.touched = self._now()
                self._expected -= expected

    def begin(self, limits: Limits) -> Upload:
        """A folder for the files of a request. Raises DataError."""
        return self._make(self._root, limits)

    def keep(self, tray: Tray, upload: Upload) -> None:
        """All files of a request have come. Raises RefusedError for a tray that was given up meanwhile, or is full by another request."""
        with self._lock:
            if tray.is_gone:
                raise RefusedError(409, ENDED_EARLY)
            if tray.bytes + upload.bytes > self.limits.upload:
                raise RefusedError(413, TOO_LARGE, most=_mb(self.limits.upload))
            tray.uploads.append(upload)

    def _free(self) -> int:
        return shutil.disk_usage(self._root).free


class Parts:
    """Takes a body apart into files. `feed` may be cut anywhere; it holds no more than the head of one part."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._head = bytearray()
        self._left: int | None = None  # bytes of the file that is being written
        self._lock = threading.Lock()  # a request that is given up is removed while its last piece may still be written
        self.files = 0

    def feed(self, data: bytes) -> None:
        """More of the body. Raises DataError."""
        with self._lock:
            view = memoryview(data)
            while view or self._left == 0:
                view = self._part_of_head(view) if self._left is None else self._part_of_file(view)

    def _part_of_head(self, view: memoryview) -> memoryview:
        wanted = _HEAD.size
        if len(self._head) >= wanted:
            wanted += _HEAD.unpack_from(self._head)[0]
        taken = min(wanted - len(self._head), len(view))
        self._head += view[:taken]
        if len(self._head) >= _HEAD.size:
            length, size = _HEAD.unpack_from(self._head)
            if not 0 < length <= _LONGEST_NAME:
                raise RefusedError(400, GARBAGE)
            if len(self._head) == _HEAD.size + length:
                try:
                    name = self._head[_HEAD.size :].decode()
                except UnicodeDecodeError:
                    raise RefusedError(400, GARBAGE) from None
                self._head.clear()
                self._upload.begin(name)
                self._left = size
        return view[taken:]

    def _part_of_file(self, view: memoryview) -> memoryview:
        assert self._left is not None
        taken = min(self._left, len(view))
        if taken:
            self._upload.write(bytes(view[:taken]))
        self._left -= taken
        if self._left == 0:
            self._upload.end()
            self.files += 1
            self._left = None
        return view[taken:]

    def finish(self) -> None:
        """The body has ended. Raises RefusedError in the middle of a file, and for no file at all."""
        if self._left is not None or self._head or not self.files:
            raise RefusedError(400, ENDED_EARLY)

    def remove(self) -> None:
        """Remove what was written."""
        with self._lock:
            self._upload.remove()


class UploadRoute:
    """The route that takes files. `check` says which tray of whom a token names."""

    def __init__(self, arrivals: Callable[[], Arrivals], check: Callable[[str], Grant],
                 allowed_origins: Callable[[], tuple[str, ...]]) -> None:  # fmt: skip
        self._arrivals, self._check, self._allowed_origins = arrivals, check, allowed_origins

    async def bring(self, request: Request) -> Response:
        """All files of one request, or none of them; what is wrong is said as {"error": sentence}."""
        language = i18n.known(request.query_params.get("lang")) or i18n.ENGLISH
        body = _pieces(request)
        try:
            owner, tray_id = self._admitted(request)
            arrivals = self._arrivals()
            with arrivals.receiving(tray_id, owner, _length(request)) as (tray, limits):
                return await self._receive(arrivals, tray, limits, body)
        except ClientDisconnect:
            return JSONResponse({"error": ""}, 400)  # nobody hears it
        except PlaygroundError as error:
            await _drain(body)
            status = error.status if isinstance(error, RefusedError) else 507 if error.template == DISK else 413
            return JSONResponse({"error": said(error, language)}, status)

    def _admitted(self, request: Request) -> tuple[str, str]:
        if not origins.is_allowed(request.headers, self._allowed_origins()):
            raise RefusedError(403, ELSEWHERE)
        try:
            grant = self._check(request.headers.get("authorization", "").removeprefix("Bearer "))
        except TokenError:
            raise RefusedError(401, TOO_OLD) from None
        owner, _slash, tray_id = grant.run.partition("/")
        if grant.capability != "bring":
            raise RefusedError(401, TOO_OLD)
        return owner, tray_id

    async def _receive(self, arrivals: Arrivals, tray: Tray, limits: Limits, body: AsyncIterator[bytes]) -> Response:
        parts = None
        is_kept = False
        try:
            upload = await asyncio.to_thread(arrivals.begin, limits)
            parts = Parts(upload)
            async for piece in body:
                await asyncio.to_thread(parts.feed, piece)
            parts.finish()
            arrivals.keep(tray, upload)
            is_kept = True
            return JSONResponse({"files": parts.files, "bytes": upload.bytes})
        finally:
            if parts is not None and not is_kept:
                await asyncio.shield(asyncio.to_thread(parts.remove))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of about _CHUNK bytes. Raises ClientDisconnect, RefusedError."""
    stream, held = request.stream(), bytearray()
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                held += await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise RefusedError(408, SLOW, seconds=round(PATIENCE)) from None
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


async def _drain(body: AsyncIterator[bytes]) -> None:
    with suppress(ClientDisconnect, TimeoutError, RefusedError):
        async with asyncio.timeout(_DRAIN):
            async for _piece in body:
                pass


def _length(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _mb(size: int) -> str:
    return f"{max(size, 0) / 1e6:,.0f}"

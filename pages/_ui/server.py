"""The server behind the command `gan-playground`: one address, one clear line when it cannot be had, a clean stop."""

import errno
import importlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path

import uvicorn

from pages._ui import service, settings
from pages._ui.settings import ServeOptions

MIN_FREE_BYTES = 16 * 2**20
_EVERYWHERE = {"127.0.0.1", "0.0.0.0", "::", "::1", "localhost"}


__all__ = ["CannotServeError", "ServeOptions", "check_folder", "listen", "serve"]


class CannotServeError(Exception):
    """Why the server cannot start, in one line."""


def serve(options: ServeOptions) -> int:
    """Serve until Ctrl-C or SIGTERM; every run is saved then. Returns the exit code: 0, or 2 if it cannot start."""
    try:
        check_folder(options.folder)
        listener = listen(options.host, options.port)
    except CannotServeError as error:
        print(f"gan-playground: {error}", file=sys.stderr)
        return 2
    settings.use(options)
    signal.signal(signal.SIGTERM, _interrupt)  # uvicorn repeats a signal once it has shut down
    server = _Server(_uvicorn_config(), _address(options.host, listener), options.browser)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        service.stop()
        listener.close()
    return 0 if server.started else 2


def check_folder(folder: Path) -> None:
    """Make the data folder and try to write into it. Raises CannotServeError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotServeError(
            f"cannot write to the data folder {folder}: {reason}. Name another with --data-dir."
        ) from None
    if free < MIN_FREE_BYTES:
        raise CannotServeError(f"the disk of the data folder {folder} is full. Name another with --data-dir.")


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at host:port, for the server to take over. Raises CannotServeError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise CannotServeError(f"cannot listen at {host}: {error}") from None
    try:
        if os.name != "nt":  # on Windows this would let two servers share one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise CannotServeError(_why_not_bound(host, port, error)) from None
    return listener


def _why_not_bound(host: str, port: int, error: Exception) -> str:
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        return f"port {port} is in use. Stop the program that uses it, or choose another with --port."
    return f"cannot listen at {host}, port {port}: {getattr(error, 'strerror', None) or error}"


def _address(host: str, listener: socket.socket) -> str:
    shown = "localhost" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}{settings.base_path()}"


def _uvicorn_config() -> uvicorn.Config:
    return uvicorn.Config(
        importlib.import_module("app").app,  # app.py, in the folder that holds pages/ and is on the path therefore
        log_level="warning",
        access_log=False,
        ws_per_message_deflate=False,  # see settings.FORCED
        ws_max_size=16 * 2**20,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        lifespan="on",
        timeout_graceful_shutdown=3,  # a tab that never closes its connection must not keep the server
    )


class _Server(uvicorn.Server):
    """Says where it is once it answers, and opens a browser there."""

    def __init__(self, config: uvicorn.Config, address: str, browser: bool) -> None:
        super().__init__(config)
        self._address, self._browser = address, browser

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"GAN Playground is at {self._address}", flush=True)
        if self._browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(self._address,), daemon=True).start()


def _has_screen() -> bool:
    """Without one, Python would start a text browser in this terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt

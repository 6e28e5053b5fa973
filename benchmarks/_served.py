"""A real server in a process of its own with one run of the preset `gan_lab`, and a viewer who answers each frame as a browser does."""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import websockets

_PORT = 8790
_PATIENCE = 300.0  # seconds for the compiler
_SERVER = """
import sys, threading, time
from pathlib import Path
from gan_core.cli import _from_home
settings = _from_home("pages._ui.settings"); service = _from_home("pages._ui.service"); tokens = _from_home("pages._ui.tokens")
server = _from_home("pages._ui.server")
from gan_core import presets
def start():
    while True:
        time.sleep(0.2)
        if Path(sys.argv[2], "go").exists(): break
    session = service.scheduler().create(presets.load("gan_lab"), "bench")
    Path(sys.argv[2], "token").write_text(tokens.issue(session.id, "view"), encoding="utf-8")
    while True:
        Path(sys.argv[2], "step.tmp").write_text(f"{session.step} {session.latest.engine}", encoding="utf-8")
        Path(sys.argv[2], "step.tmp").replace(Path(sys.argv[2], "step"))
        time.sleep(0.25)
threading.Thread(target=start, daemon=True).start()
server.serve(settings.ServeOptions(port=int(sys.argv[1]), data_dir=Path(sys.argv[2]), browser=False))
"""


@dataclass
class ServedRun:
    """The run, once it has started, and its server."""

    port: int
    pid: int
    folder: Path
    token: str = ""

    def start(self) -> None:
        """Start the run, and wait until it is there."""
        (self.folder / "go").touch()
        self.token = _read(self.folder / "token")

    @property
    def step(self) -> int:
        return int(_read(self.folder / "step").split()[0])

    @property
    def engine(self) -> str:
        return _read(self.folder / "step").split()[1]

    def wait_until_compiled(self) -> None:
        """Raises RuntimeError where that never happens."""
        end = time.monotonic() + _PATIENCE
        while self.engine != "compiled":
            if time.monotonic() > end:
                raise RuntimeError("the run was not compiled: is there a C++ compiler?")
            time.sleep(0.5)


@contextlib.contextmanager
def served() -> Iterator[ServedRun]:
    """A fresh server, with a data folder of its own and no run yet."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen([sys.executable, "-c", _SERVER, str(_PORT), folder])
        try:
            wait(_PORT)
            yield ServedRun(_PORT, process.pid, Path(folder))
        finally:
            process.terminate()
            process.wait(20)


async def watch(port: int, token: str, seconds: float) -> AsyncIterator[dict[str, Any]]:
    """The header of each frame that a viewer gets in so many seconds."""
    async with websockets.connect(f"ws://127.0.0.1:{port}/api/live", max_size=None) as socket:
        await socket.send(json.dumps({"token": token}))
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            try:
                frame = await asyncio.wait_for(socket.recv(), left)
            except TimeoutError:
                return
            if isinstance(frame, bytes):
                length = int.from_bytes(frame[4:8], "little")
                header = json.loads(frame[8 : 8 + length])
                await socket.send(json.dumps({"ack": header["seq"]}))
                yield header


def wait(port: int) -> None:
    """Until the server on that port answers. Raises RuntimeError where it does not start."""
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")


def _read(path: Path) -> str:
    while not path.exists():
        time.sleep(0.1)
    return path.read_text(encoding="utf-8")

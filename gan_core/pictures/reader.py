"""Drives the process that decodes: its messages one by one, its time and its memory limited, begun again behind what it died of."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gan_core
from gan_core.errors import DataError, reason_of
from gan_core.pictures.choices import Choices
from gan_core.pictures.limits import Limits
from gan_core.pictures.worker import LENGTHS
from gan_core.text import N_

_LIVES = 8  # how often it may be begun again
_LISTING = 300.0  # seconds for looking through a folder or an archive, before its first member
_LOOK = 0.1  # seconds between two looks at the clock
FAILS = N_("The decoder of pictures ended {count} times, the last time at {name}. Remove that file and try again.")
NO_START = N_("The decoder of pictures cannot be started: {reason}.")


@dataclass(frozen=True)
class Message:
    """What the process said: `said["is"]` is at, share, refused, picture or end; pixels: of a picture."""

    said: dict[str, Any]
    pixels: bytes = b""


class Reader:
    """Reads what was given. `messages` may be gone through once; `stop` ends it from any thread."""

    def __init__(
        self, given: Sequence[tuple[Path, str]], choices: Choices, limits: Limits, *, spread: bool = False
    ) -> None:
        self._plan = {"given": [(str(path), name) for path, name in given], "choices": dataclasses.asdict(choices),
                      "limits": dataclasses.asdict(limits), "spread": spread}  # fmt: skip
        self._limits = limits
        self._stopped = threading.Event()
        self._index, self._name = -1, ""
        self._until = 0.0  # when the process has been silent for too long

    def stop(self) -> None:
        """No more messages."""
        self._stopped.set()

    def messages(self) -> Generator[Message]:
        """All of them, until "end" or `stop`. What kills the process is refused like other files. Raises DataError where it dies too often."""
        for life in range(_LIVES):
            with self._process(self._index + 1) as (process, late):
                for message in self._from(process):
                    yield message
                    if message.said["is"] == "end":
                        return
                if self._stopped.is_set():
                    return
                if self._index < 0 or life == _LIVES - 1:
                    raise DataError(FAILS, count=life + 1, name=self._name or "?")
            yield Message(
                {"is": "refused", "code": "time" if late.is_set() else "crashed", "name": self._name, "count": 1}
            )

    def _from(self, process: subprocess.Popen[bytes]) -> Iterator[Message]:
        assert process.stdout is not None
        while len(head := process.stdout.read(LENGTHS.size)) == LENGTHS.size:
            lengths = LENGTHS.unpack(head)
            text, pixels = (process.stdout.read(length) for length in lengths)
            if (len(text), len(pixels)) != lengths:  # it was killed in the middle of a message
                return
            said = json.loads(text)
            if said["is"] == "at":
                self._index, self._name = said["index"], said["name"]
            self._until = time.monotonic() + self._limits.seconds
            yield Message(said, pixels)
            self._until = time.monotonic() + self._limits.seconds  # whoever listens has taken their time

    @contextmanager
    def _process(self, skip: int) -> Iterator[tuple[subprocess.Popen[bytes], threading.Event]]:
        """The process, which is not there any more when this ends; and whether it was silent for too long."""
        home = str(Path(gan_core.__file__).resolve().parent.parent)
        env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [home, env.get("PYTHONPATH")]))
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "gan_core.pictures.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
            )  # fmt: skip
        except OSError as error:
            raise DataError(NO_START, reason=reason_of(error)) from None
        late, ended = threading.Event(), threading.Event()
        self._until = time.monotonic() + _LISTING
        watch = threading.Thread(target=self._watch, args=(process, late, ended), name="pictures-watch", daemon=True)
        watch.start()
        try:
            self._tell(process, skip)
            yield process, late
        finally:
            ended.set()
            watch.join()
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _tell(self, process: subprocess.Popen[bytes], skip: int) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(self._plan | {"skip": skip}).encode())
            process.stdin.close()
        except OSError:  # it is dead already, which whoever reads from it will see
            process.stdin = None

    def _watch(self, process: subprocess.Popen[bytes], late: threading.Event, ended: threading.Event) -> None:
        while not ended.wait(_LOOK):
            if time.monotonic() > self._until:
                late.set()
            if late.is_set() or self._stopped.is_set():
                process.kill()
                return

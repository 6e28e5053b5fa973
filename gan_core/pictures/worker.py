"""The process that reads and decodes what came from outside. Alone it holds what a hostile file can cost: memory, time, a crash.

It is given a plan (JSON) on its standard input and answers on its standard output with messages: eight bytes with the lengths of a JSON
object and of what follows it, then both. Started as a plain process rather than with multiprocessing, which would import the app's
main module and take along what it has open.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from PIL import Image

from gan_core.pictures.archives import Walk
from gan_core.pictures.choices import Choices
from gan_core.pictures.decoding import RefusedError, decode
from gan_core.pictures.limits import Limits
from gan_core.pictures.members import Member
from gan_core.pictures.reasons import NAMED

LENGTHS = struct.Struct(">II")
_BEAT = 0.2  # seconds between two signs of life, at most, while nothing is decoded


class Answers:
    """Messages to whoever started this. Names are sent of the first few refusals of each reason; of the others how many they are."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._named: dict[str, int] = {}
        self._unsent: dict[str, int] = {}
        self._last = 0.0

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        text = json.dumps(header).encode()
        self._out.write(LENGTHS.pack(len(text), len(payload)) + text + payload)
        self._out.flush()
        self._last = time.monotonic()

    def refuse(self, code: str, name: str, count: int) -> None:
        self._named[code] = self._named.get(code, 0) + 1
        if self._named[code] <= NAMED:
            self.send({"is": "refused", "code": code, "name": name, "count": count})
        else:
            self._unsent[code] = self._unsent.get(code, 0) + count

    def beat(self, share: float) -> None:
        """A sign of life, if it is time for one."""
        if time.monotonic() - self._last > _BEAT:
            self.settle()
            self.send({"is": "share", "share": share})

    def settle(self) -> None:
        """Say how many refusals were not sent."""
        for code, count in self._unsent.items():
            self.send({"is": "refused", "code": code, "name": "", "count": count})
        self._unsent.clear()


def work(plan: Mapping[str, Any], out: IO[bytes]) -> None:
    """Send every picture of the plan as pixels, and every refusal."""
    answers, limits, choices = Answers(out), Limits(**plan["limits"]), Choices(**plan["choices"])
    walk = Walk([(Path(path), name) for path, name in plan["given"]], limits, spread=plan["spread"])
    for index, found in enumerate(walk):
        answers.beat(walk.share)
        if index < plan["skip"]:
            continue
        if not isinstance(found, Member):
            answers.refuse(found.code, found.name, found.count)
            continue
        answers.send({"is": "at", "index": index, "name": found.name, "share": walk.share, "total": walk.total})
        try:
            picture = decode(_content(found, limits), choices, limits)
        except RefusedError as refused:
            answers.refuse(refused.code, found.name, 1)
            continue
        said = {
            "is": "picture",
            "name": found.name,
            "channels": picture.channels,
            "grey": picture.is_grey,
            "notes": picture.notes,
        }
        answers.send(said, picture.pixels)
    answers.settle()
    answers.send({"is": "end", "share": 1.0})


def _content(member: Member, limits: Limits) -> bytes:
    """Raises RefusedError."""
    try:
        return member.read(limits.file)
    except MemoryError:
        raise RefusedError("memory") from None
    except Exception as error:  # whatever a damaged member makes the readers stumble over
        on_disk = isinstance(error, OSError) and error.errno is not None
        raise RefusedError("unreadable" if on_disk else "broken") from None


def _bound(memory: int) -> None:
    """No more than this, no file written, no core dumped; and everybody else first."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    try:
        import resource
    except ImportError:  # Windows: the limits on pixels and bytes have to do
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Begin, and end when whoever listens is gone."""
    plan = json.load(sys.stdin.buffer)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    _bound(Limits(**plan["limits"]).memory)
    Image.MAX_IMAGE_PIXELS = None  # `decoding` has its own limit
    with contextlib.suppress(BrokenPipeError):
        work(plan, out)


if __name__ == "__main__":
    main()

"""A soak in a process of its own: no event loop or child of a test is in its way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Soak:
    """One that has begun."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self._process, self._said = process, said

    def result(self) -> dict[str, Any]:
        """What it prints; waits for its end."""
        printed, _ = self._process.communicate()
        assert self._process.returncode == 0, self._said.read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(printed)
        return found


@contextlib.contextmanager
def soaking(seconds: float) -> Iterator[Soak]:
    """Begun with the block, ended with it at the latest."""
    command = [sys.executable, "-m", "benchmarks.soak", str(seconds), "1"]
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8")  # fmt: skip
        try:
            yield Soak(process, said)
        finally:
            if process.poll() is None:  # the tests have ended before it: so that it stops its server
                process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
            process.communicate()

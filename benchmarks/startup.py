"""Seconds from the command to a page that answers, three times. Goal: <= 10 s once installed."""

import subprocess
import sys
import tempfile
import time
import urllib.request

from benchmarks._machine import machine

TIMES = 3
PORT = 8791


def run() -> dict[str, object]:
    """The time of each start, until /lab is answered."""
    return {"seconds": [_start() for _ in range(TIMES)], "goal": "<= 10", "machine": machine()}


def _start() -> float:
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        command = [sys.executable, "-m", "gan_core.cli", "--no-browser", "--port", str(PORT), "--data-dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/lab", timeout=2).close()
                    return round(time.perf_counter() - begin, 2)
                except OSError:
                    time.sleep(0.05)
        finally:
            process.terminate()
            process.wait(20)

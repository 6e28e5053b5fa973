"""Two minutes of everything at once against the real server: nothing goes wrong, and what the server holds returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MORE_MEMORY_MB = 120.0  # what the allocator keeps and caches with a limit; it comes in the first minutes


def soaked(seconds: float) -> dict[str, Any]:
    """The result of a soak in a process of its own: no event loop or child of another test is in its way."""
    command = [sys.executable, "-m", "benchmarks.soak", str(seconds), "1"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(found: dict[str, Any]) -> None:
    """That nothing went wrong, and nothing is left."""
    before, after = found["before"], found["after"]
    assert found["errors"] == [], "\n".join(found["errors"])
    assert found["left"] == {"runs": [], "trash": []}
    assert {name: count for name, count in after["objects"].items() if name != "all" and count} == {}
    for name in ("threads", "descriptors", "sockets", "sessions"):
        assert after[name] == before[name], name
    # asyncio's pool has at most four threads more than there are cores; AnyIO's few end when they are not needed
    assert after["pool_threads"] <= (os.cpu_count() or 1) + 8
    assert after["memory_mb"] < before["memory_mb"] + MORE_MEMORY_MB


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_minutes() -> None:
    """With the warm-up."""
    found = soaked(75)
    check(found)
    done = found["done"]
    assert done["frames"]
    assert done["frames of another process"]
    assert done["deleted"]
    assert sum(count for name, count in done.items() if name.startswith("visited"))
    assert found["highest"]["sessions"] > 1


@pytest.mark.long
@pytest.mark.timeout(4500)
def test_an_hour() -> None:
    check(soaked(3600))

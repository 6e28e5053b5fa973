"""Two minutes of clients who start, watch, change, leave and delete at random: nothing goes wrong, and nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import soak

# Measured over several soaks of two minutes and one of an hour: memory grows while the allocators and torch's caches fill, by at
# most 70 MB, and then stays; the pools of threads that answer requests grow to their size, one thread at a time.
_MEMORY_MB, _POOL_THREADS = 150, 4


def holds(found: dict[str, Any]) -> None:
    before, after = found["before"], found["after"]
    assert found["errors"] == []
    assert found["left"] == {"runs": 0, "trash": 0}
    for name in ("threads", "sockets", "sessions"):
        assert after[name] <= before[name], name
    assert after["descriptors"] <= before["descriptors"] + 2  # of SQLite's files, which are opened anew at any moment
    assert after["pool_threads"] <= before["pool_threads"] + _POOL_THREADS
    for name, count in after["objects"].items():
        assert count <= before["objects"][name] or name == "all", name
    assert after["memory_mb"] - before["memory_mb"] < _MEMORY_MB
    assert found["done"]["frames"] > 100


def test_two_minutes() -> None:
    holds(soak.run(120.0, seed=1))


@pytest.mark.long
@pytest.mark.timeout(2 * 3600)
def test_an_hour() -> None:
    holds(soak.run())

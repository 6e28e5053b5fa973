"""The Runs page with ten thousand runs: making the index, keeping it up to date, finding, and drawing the page."""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks._machine import machine
from gan_core import presets
from gan_core.runs import facts, stills
from gan_core.runs.about import About, write
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Index, Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.snapshots import Snapshot
from gan_core.runs.store import Store

RUNS = 10_000
_REPEATS = 20
_QUERIES = {
    "newest": Query(),
    "last page": Query(offset=RUNS - 50),
    "search": Query(text="ring 0042"),
    "tag": Query(tags=("blue",)),
    "by quality": Query(sort="quality"),
    "by name": Query(sort="name", descending=False),
}


def run(count: int = RUNS) -> dict[str, object]:
    """Milliseconds; medians of a few repetitions but for what happens once."""
    root = Path(tempfile.mkdtemp(prefix="runs-"))
    try:
        _make(root, count)
        index = Index(root)
        found: dict[str, object] = {
            "runs": count,
            "made_from_the_folders_ms": _ms(lambda: index.refresh(everything=True), 1),
        }
        found["refresh_ms"] = _ms(index.refresh)
        found["look_at_every_folder_ms"] = _ms(lambda: index.refresh(everything=True), 3)
        found["find_ms"] = {name: _ms(lambda query=query: index.find(query)) for name, query in _QUERIES.items()}  # type: ignore[misc]
        index.close()
        found["page_ms"] = _page(root)
        return found | {"machine": machine()}
    finally:
        shutil.rmtree(root)


def _make(root: Path, count: int) -> None:
    """Folders as runs leave them, but for the weights."""
    config = presets.load("ring")
    fake = np.zeros((16, 1, 8, 8), np.uint8)
    picture = stills.still(Snapshot(run="", kind="images", seq=0, status="paused", arrays={"fake": fake})) or b""
    for i in range(count):
        run_id = f"ring-2026{1 + i // 2500:02}01-{i % 1_000_000:06}-{i:06x}"
        folder = RunFolder(root / "runs" / run_id)
        numbers = {"quality": (i * 7919 % 1000) / 1000, "swd": 0.1, "d_loss": 0.7, "g_loss": 0.7}
        said = {"status": "paused", "step": i, "seconds": i / 1000, "metrics": numbers, "progress": 0.5}
        folder.create(config, facts.of_new(run_id, "", config) | said)
        folder.write_still(picture)
        write(folder.path, About(f"Ring {i:05}", ("blue",) if i % 10 == 0 else ("red",), "A note."))


def _ms(job: Callable[[], object], repeats: int = _REPEATS) -> float:
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        job()
        times.append(1000 * (time.perf_counter() - begin))
    return round(statistics.median(times), 1)


def _page(root: Path) -> dict[str, float]:
    """The whole page, and again after a choice: what the server does, without the browser."""
    from streamlit.testing.v1 import AppTest

    from pages._ui import service

    scheduler = Scheduler(Store(root))
    with service.using(scheduler):
        scheduler.rows(Query())
        app = AppTest.from_file(str(Path(service.__file__).resolve().parent.parent / "_shell.py"), default_timeout=60)
        app.switch_page("runs.py")
        first = _ms(app.run, 1)
        again = _ms(app.run, 5)
    scheduler.close()
    assert not app.exception
    return {"first": first, "again": again}


if __name__ == "__main__":
    print(run())

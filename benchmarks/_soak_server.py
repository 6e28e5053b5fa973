"""The server of the soak: the real app, and beside it threads that do what its pages do, as asked on the standard input.

A question is one line of JSON, `{"id": 1, "do": "create", ...}`; the answer one line with the same id and `value`, `refused` (a
PlaygroundError's sentence, with its `template`) or `failed` (a traceback).
"""

import _thread
import ctypes
import gc
import json
import logging
import os
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from streamlit import config

from gan_core import serial
from gan_core.config import RunConfig, replace
from gan_core.errors import PlaygroundError, RunError
from gan_core.runs import about, quota
from gan_core.runs.folder import RunFolder
from gan_core.runs.following import FollowedRun
from gan_core.runs.index import Query
from gan_core.runs.keeping import Keeper
from gan_core.runs.lock import IN_USE
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import NO_SUCH_RUN
from gan_core.trainer import Trainer
from pages._ui import server, service, tokens
from pages._ui.hub import Channel, Viewer
from pages._ui.settings import ServeOptions

PAGES = 4  # threads that answer, as so many visitors' pages would
FORGETS = 5  # seconds after which Streamlit forgets a closed tab; two minutes by itself
OURS = (TrainingSession, FollowedRun, Trainer, Keeper, RunFolder, Viewer, Channel)
_POOLS = ("asyncio_", "AnyIO worker")  # they grow to a fixed number when they are needed, and stay


# ── what can be asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def create(changes: dict[str, Any], owner: str) -> dict[str, str]:
    """A new run, with a token to control and one to watch it."""
    return issue(service.scheduler().create(replace(RunConfig(), changes), owner).id)


def issue(run: str) -> dict[str, str]:
    """Tokens for a run."""
    return {"run": run, "control": tokens.issue_for(run, control=True), "view": tokens.issue_for(run, control=False)}


def branch(run: str, which: float, owner: str) -> dict[str, str]:
    """A new run from one of the kept moments: `which` is from 0 (the oldest) to 1."""
    steps = list(service.scheduler().store.folder(run).states()) or [0]
    return issue(service.scheduler().branch(run, steps[round(which * (len(steps) - 1))], owner).id)


def look(run: str) -> dict[str, Any]:
    """What a page learns of a run, which may have to come back from the disk for it."""
    scheduler = service.scheduler()
    known = any(session.id == run for session in scheduler.sessions())
    found = scheduler.get(run)
    if found is None:
        raise RunError(NO_SUCH_RUN)
    kind = "followed" if isinstance(found, FollowedRun) else "known" if known else "opened"
    return {"kind": kind, "status": found.status, "step": found.step, "config": serial.to_link(found.expected_config)}


def change(run: str, values: dict[str, Any]) -> None:
    """New values of live settings, as a control of a lab gives them."""
    found = service.scheduler().get(run)
    if found is None:
        raise RunError(NO_SUCH_RUN)
    if isinstance(found, FollowedRun):
        raise RunError(IN_USE, path=found.folder.path)
    found.change(values)


def table(text: str, status: str, sort: str) -> list[dict[str, Any]]:
    """A page of the table of runs."""
    rows, _total = service.scheduler().rows(Query(text=text, status=status, sort=sort))
    service.scheduler().places("")
    service.scheduler().store.index.tags()
    return [{"run": row.id, "seed": row.seed, "status": row.status, "owner": row.owner} for row in rows]


def describe(run: str, name: str, tags: list[str]) -> None:
    """A name and tags for a run, and its picture."""
    store = service.scheduler().store
    store.describe(run, about.checked(name, tags, ""))
    store.still(run)


def clear() -> dict[str, list[str]]:
    """Delete every run and then remove it for good; the files that are left, and why runs could not be deleted."""
    scheduler = service.scheduler()
    root, refused = scheduler.store.root, []
    for place, remove in (("runs", scheduler.delete), ("trash", scheduler.store.purge)):
        for run in os.listdir(root / place):
            try:
                remove(run)
            except PlaygroundError as error:
                if (root / place / run).exists():  # else it made room meanwhile
                    refused.append(str(error))
    left = {
        place: sorted(str(path.relative_to(root)) for path in (root / place).rglob("*")) for place in ("runs", "trash")
    }
    return left | {"refused": refused}


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def figures() -> dict[str, float]:
    """What this process holds. Threads are Python's, without those of the two pools; native threads are all."""
    process = psutil.Process()
    names = [thread.name for thread in threading.enumerate()]
    pooled = sum(name.startswith(_POOLS) for name in names)
    handles = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    return {
        "memory_mb": round(process.memory_info().rss / 2**20, 1), "threads": len(names) - pooled, "pool_threads": pooled,
        "native_threads": process.num_threads(), "descriptors": handles, "sockets": len(process.net_connections()),
        "sessions": len(service.scheduler().sessions()), "disk_mb": round(service.scheduler().store.index.bytes_used() / 1e6, 1),
    }  # fmt: skip


def objects() -> dict[str, int]:
    """How many objects of our own the garbage collector knows, by class; those frozen at the start do not count."""
    found = Counter(type(thing) for thing in gc.get_objects())
    return {kind.__name__: found[kind] for kind in OURS} | {"all": found.total()}


def settle() -> None:
    """Collect what nobody holds; glibc gives freed memory back to the system only when asked."""
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


class Heard(logging.Handler):
    """What the server's log says: errors with their tracebacks, warnings and the quota's work counted by their template."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.warnings: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
            self.errors.append(f"{record.name}: {record.getMessage()}\n{trace}")
        elif record.levelno >= logging.WARNING or record.name == quota.__name__:
            self.warnings[f"{record.name}: {record.msg}"] += 1

    def attach(self) -> None:
        """Listen to every logger that passes nothing on, and to what ends a thread."""
        known = [found for found in logging.root.manager.loggerDict.values() if isinstance(found, logging.Logger)]
        for logger in (logging.root, *(found for found in known if not found.propagate)):
            logger.addHandler(self)
        logging.getLogger(quota.__name__).setLevel(logging.INFO)
        threading.excepthook = lambda a: self.errors.append(
            f"{a.thread and a.thread.name} ended: " + "".join(traceback.format_exception(a.exc_value))
        )
        sys.unraisablehook = lambda a: self.errors.append(f"{a.err_msg} {a.object!r}: {a.exc_value!r}")

    def said(self) -> dict[str, Any]:
        """Everything so far."""
        return {"errors": list(self.errors), "warnings": dict(self.warnings)}


# ── answering ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _abilities(heard: Heard) -> dict[str, Callable[..., Any]]:
    return {
        "create": create, "issue": issue, "branch": branch, "look": look, "change": change, "command": service.command,
        "table": table, "describe": describe, "clear": clear, "figures": figures, "objects": objects, "settle": settle,
        "attach": heard.attach, "said": heard.said,
        "delete": lambda run: service.scheduler().delete(run), "restore": lambda run: service.scheduler().store.restore(run),
        "purge": lambda run: service.scheduler().store.purge(run),
    }  # fmt: skip


class Answering:
    """Reads questions until the asker is gone, and then ends the server."""

    def __init__(self) -> None:
        self._abilities = _abilities(Heard())
        self._pages = ThreadPoolExecutor(PAGES, "page")
        meeting = threading.Barrier(PAGES)
        list(self._pages.map(lambda _: meeting.wait(), range(PAGES)))  # all threads are there from the beginning

    def listen(self) -> None:
        """On a thread of its own."""
        for line in sys.stdin:
            self._pages.submit(self._answer, json.loads(line))
        _thread.interrupt_main()

    def _answer(self, question: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"id": question.pop("id")}
        try:
            answer["value"] = self._abilities[question.pop("do")](**question)
        except PlaygroundError as error:
            answer |= {"refused": str(error), "template": error.template}
        except Exception:  # the asker counts it as an error
            answer["failed"] = traceback.format_exc()
        os.write(1, (json.dumps(answer) + "\n").encode())


def main(port: int, folder: Path, grace: float, quota_gb: float) -> int:
    """Serve as the command does."""
    config.set_option("server.disconnectedSessionTTL", FORGETS)
    threading.Thread(target=Answering().listen, daemon=True, name="answering").start()
    return server.serve(ServeOptions(
        port=port, data_dir=folder, browser=False, grace_seconds=grace, quota_gb=quota_gb, max_runs=6, max_per_owner=3,
    ))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))

"""Scheduler: a few worker threads give the runs turns, fairly by owner; limits, a queue, and a grace period for the abandoned."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gan_core import device as devices
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError, RunError
from gan_core.memory import check_memory
from gan_core.runs.commands import Command, Pause, Resume
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store, created_now
from gan_core.text import N_

log = logging.getLogger(__name__)

TURN_SECONDS = 0.05
_IDLE_SECONDS = 0.02
_SWEEP_SECONDS = 1.0

ABANDONED = N_("Paused, because nobody has been watching. Resume goes on.")


class Scheduler:
    """Owns the sessions of a process. At most `max_runs` train at once, `max_per_owner` of one owner; the others queue.

    A run that nobody watches for `grace_seconds` is paused; one that rests that long is saved and leaves the memory.
    """

    def __init__(
        self,
        store: Store,
        *,
        max_runs: int = 8,
        max_per_owner: int = 4,
        grace_seconds: float = 600.0,
        workers: int | None = None,
    ) -> None:
        self.store = store
        self.max_runs, self.max_per_owner, self.grace_seconds = max_runs, max_per_owner, grace_seconds
        self._sessions: dict[str, TrainingSession] = {}
        self._lock = threading.RLock()
        self._used: dict[str, float] = defaultdict(float)  # seconds of turns, by owner and by run
        self._busy: set[str] = set()
        self._accelerator_busy = False
        self._closing = threading.Event()
        self._saver = ThreadPoolExecutor(1, "saver")
        count = workers or max(1, min(4, (os.cpu_count() or 2) // 2))
        jobs: list[Callable[[], None]] = [self._work] * count + [self._sweep]
        self._threads = [threading.Thread(target=job, daemon=True, name=f"worker-{i}") for i, job in enumerate(jobs)]
        for thread in self._threads:
            thread.start()

    # ── for pages and routes ─────────────────────────────────────────────────────────────────────────────────────────────

    def create(self, config: RunConfig, owner: str) -> TrainingSession:
        """A new run that starts as soon as its data is there and a place is free. Raises ConfigError, DeviceError, RunError."""
        devices.resolve(config.device)
        check_memory(config)
        run_id = self.store.new_id(config.data.name)
        folder = self.store.folder(run_id)
        folder.create(
            config, {"run": run_id, "owner": owner, "created": created_now(), "status": "preparing", "step": 0}
        )
        return self._add(TrainingSession(run_id, owner, config, folder, saver=self._save))

    def get(self, run_id: str) -> TrainingSession | None:
        """The session of a run, brought back from disk (not running) when it is not in memory; None where there is no such run."""
        with self._lock:
            if session := self._sessions.get(run_id):
                session.touch()
                return session
            if not self.store.exists(run_id):
                return None
            return self._open(run_id)

    def _open(self, run_id: str) -> TrainingSession | None:
        folder = self.store.folder(run_id)
        try:
            facts, config = folder.facts(), folder.config()
        except PlaygroundError as error:
            log.warning("run %s cannot be opened: %s", run_id, error)
            return None
        restore = folder.was_saved(facts)
        session = TrainingSession(
            run_id, str(facts.get("owner", "")), config, folder, restore=restore, saver=self._save
        )
        session.prepare_stopped(facts)
        return self._add(session)

    def send(self, session: TrainingSession, command: Command) -> None:
        """Pass a command on; resuming a run whose data could not be loaded tries to load it again."""
        if isinstance(command, Resume) and session.needs_data:
            session.prepare_again()
            self._prepare(session)
        session.send(command)

    def sessions(self) -> list[TrainingSession]:
        """The runs in memory, the newest first."""
        with self._lock:
            return list(self._sessions.values())[::-1]

    def close(self) -> None:
        """Stop the workers, save every run, wait for the disk."""
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=30)
        for session in self.sessions():
            try:
                session.close()
            except (PlaygroundError, OSError, RuntimeError):
                log.exception("run %s could not be saved at the end", session.id)
        self._saver.shutdown(wait=True)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _add(self, session: TrainingSession) -> TrainingSession:
        with self._lock:
            if self._closing.is_set():
                raise RunError(N_("The server is shutting down: no new run can start."))
            # A newcomer starts level with the least served, so that it neither waits nor is owed the time before it came.
            floor = min((self._used[s.id] for s in self._sessions.values()), default=0.0)
            self._used[session.id] = floor
            self._sessions[session.id] = session
        self._prepare(session)
        return session

    def _prepare(self, session: TrainingSession) -> None:
        threading.Thread(target=session.prepare, daemon=True, name=f"data-{session.id}").start()

    def _save(self, job: Callable[[], None]) -> None:
        self._saver.submit(job)

    def _work(self) -> None:
        while not self._closing.is_set():
            session = self._take()
            if session is None:
                self._closing.wait(_IDLE_SECONDS)
                continue
            start = time.perf_counter()
            try:
                session.turn(TURN_SECONDS)
            except Exception:  # a worker serves every run: it must outlive what one of them did
                log.exception("run %s: its turn ended badly", session.id)
            finally:
                self._give_back(session, time.perf_counter() - start)

    def _take(self) -> TrainingSession | None:
        """The run that is owed a turn most: of the owner served least, the run served least."""
        with self._lock:
            self._order_queue()
            ready = [
                s for s in self._sessions.values() if s.id not in self._busy and s.wants_turn and self._device_free(s)
            ]
            if not ready:
                return None
            session = min(ready, key=lambda s: (self._used[f"owner {s.owner}"], self._used[s.id]))
            self._busy.add(session.id)
            self._accelerator_busy |= session.on_accelerator
            return session

    def _device_free(self, session: TrainingSession) -> bool:
        return not (session.on_accelerator and self._accelerator_busy)

    def _give_back(self, session: TrainingSession, seconds: float) -> None:
        with self._lock:
            self._busy.discard(session.id)
            if session.on_accelerator:
                self._accelerator_busy = False
            self._used[session.id] += seconds
            owner = f"owner {session.owner}"
            others = [
                self._used[f"owner {s.owner}"]
                for s in self._sessions.values()
                if s.owner != session.owner and s.is_active
            ]
            # An owner who was away is not owed the time that others used meanwhile.
            self._used[owner] = max(self._used[owner], min(others, default=0.0) - 1.0) + seconds

    def _order_queue(self) -> None:
        """First come, first served, within the limits."""
        running, place = 0, 0
        by_owner: dict[str, int] = defaultdict(int)
        for session in self._sessions.values():
            if not session.is_active or session.status == "preparing":
                continue
            if running < self.max_runs and by_owner[session.owner] < self.max_per_owner:
                running += 1
                by_owner[session.owner] += 1
                wanted = 0
            else:
                place += 1
                wanted = place
            if session.id not in self._busy:  # in a turn it may be pausing at this moment; there is a next time
                session.set_queue_place(wanted)

    def _sweep(self) -> None:
        """Pause the abandoned; let go of what rests."""
        while not self._closing.wait(_SWEEP_SECONDS):
            for session in self.sessions():
                if session.unwatched_seconds < self.grace_seconds:
                    continue
                if session.is_active:
                    session.touch()
                    session.send(Pause(ABANDONED))
                else:
                    self._forget(session)

    def _forget(self, session: TrainingSession) -> None:
        with self._lock:
            if session.id not in self._busy and not session.wants_turn:
                del self._sessions[session.id]
                self._used.pop(session.id, None)
                session.release()

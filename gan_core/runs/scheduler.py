"""Scheduler: a few worker threads give the runs turns, fairly by owner; limits, a queue, and a grace period for the abandoned."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gan_core import config as settings
from gan_core import device as devices
from gan_core import heaps
from gan_core.config import RunConfig
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.errors import PlaygroundError, RunError
from gan_core.memory import check_memory
from gan_core.pictures.limits import Limits
from gan_core.runs import branching, facts, quota, repeating, together
from gan_core.runs.commands import Command, Pause, Resume
from gan_core.runs.engines import make_ahead
from gan_core.runs.following import FollowedRun
from gan_core.runs.gauging import Gauge
from gan_core.runs.index import Query
from gan_core.runs.listing import ACTIVE, Row
from gan_core.runs.measurement import Measurements
from gan_core.runs.repeating import Repeat
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import NO_SUCH_RUN, Store
from gan_core.runs.together import Group
from gan_core.sharing import Share
from gan_core.text import N_

log = logging.getLogger(__name__)

TURN_SECONDS = 0.05
_IDLE_SECONDS = 0.02
_SWEEP_SECONDS = 1.0
_TIDY_SECONDS = 30.0  # between two looks at how much the data folder holds, and at what memory is free
_REFRESH_SECONDS = 1.0  # between two comparisons of the table with the folders
_DELETE_SECONDS = 30.0  # for the turn that a run has at the moment; a step of a large network may take long

ABANDONED = N_("Paused, because nobody has been watching. Resume goes on.")


@dataclass(frozen=True)
class Places:
    """How many runs train, how many may, and how many wait; those of one owner too."""

    running: int
    limit: int
    own_running: int
    own_limit: int
    waiting: int


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
        quota_bytes: int | None = None,
        engine: str = "eager",
        events: bool = False,
    ) -> None:
        """`engine`: what an automatic run means by it. "eager": nothing is compiled; "compiled": new runs wait for their programs. `events`: files
        for TensorBoard are written of all runs, whatever their own switches say."""
        self.store, self.events = store, events
        self._engine, self._workshop = engine, Workshop(store.root / "engine") if engine != "eager" else None
        self.quota_bytes = quota_bytes
        self.max_runs, self.max_per_owner, self.grace_seconds = max_runs, max_per_owner, grace_seconds
        self._sessions: dict[str, TrainingSession] = {}
        self._followed: dict[str, FollowedRun] = {}
        self._deleting: set[str] = set()
        self._refused: dict[str, str] = {}  # why a run could not be opened
        self._leaving: dict[str, TrainingSession] = {}  # out of `_sessions`, until the last of them is on the disk
        self._lock = threading.RLock()
        self._refreshing = threading.Lock()
        self._next_refresh = self._next_tidying = 0.0
        self._used: dict[str, float] = defaultdict(float)  # seconds of turns, by owner and by run
        self._taking: set[str] = set()  # the runs that take turns
        self._busy: set[str] = set()
        self._groups: dict[tuple[str, ...], Group] = {}
        self._accelerator_busy = False
        self._closing = threading.Event()
        self.measurements = Measurements()
        self._saver, self._darkroom = ThreadPoolExecutor(1, "saver"), ThreadPoolExecutor(1, "darkroom")
        count = workers or max(1, min(4, (os.cpu_count() or 2) // 2))
        jobs: list[Callable[[], None]] = [self._work] * count + [self._sweep]
        self._threads = [threading.Thread(target=job, daemon=True, name=f"worker-{i}") for i, job in enumerate(jobs)]
        for thread in self._threads:
            thread.start()

    # ── for pages and routes ─────────────────────────────────────────────────────────────────────────────────────────────

    def create(self, config: RunConfig, owner: str, share: Share | None = None) -> TrainingSession:
        """A new run that starts as soon as its data is there and a place is free; `share`: what its settings are kept to. Raises
        ConfigError, DeviceError, RunError."""
        config = self._fit_to_start(config)
        run_id = self.store.new_id(config.data.name)
        return self._add(self._new(run_id, config, owner, share))

    def create_together(self, configs: Sequence[RunConfig], owner: str) -> list[TrainingSession]:
        """New runs that train side by side, in step. Raises as `create` does, and then none is made; ConfigError where these cannot be
        compared, RunError where this server never trains so many at once."""
        together.check(configs)
        if len(configs) > self._most_together:
            raise RunError(
                N_("This server trains at most {limit} runs of one person at once: compare fewer."),
                limit=self._most_together,
            )
        ready = [self._fit_to_start(config) for config in configs]
        ids = tuple(self.store.new_id(config.data.name) for config in ready)
        return [
            self._add(self._new(run_id, config, owner, None, ids)) for run_id, config in zip(ids, ready, strict=True)
        ]

    def compile_ahead(self, part: Part) -> None:
        """Have the programs of such runs made, before somebody waits for them, while nobody trains here."""
        if self._workshop is None:
            return
        asked = (
            self._workshop,
            part,
            lambda: not any(session.is_active for session in self.sessions()),
            self._closing,
        )
        thread = threading.Thread(target=make_ahead, args=asked, daemon=True, name="compile-ahead")
        self._threads.append(thread)
        thread.start()

    def _fit_to_start(self, config: RunConfig) -> RunConfig:
        devices.resolve(config.device)
        check_memory(config)
        self._check_room()
        wants = config.engine == "auto" and self._engine == "compiled"
        return replace(config, engine="compiled") if wants else config

    def repeat(self, run_id: str, seeds: Iterable[int], owner: str) -> list[TrainingSession]:
        """New runs like this one with these seeds, as far as it has come and with what was changed on its way. Raises as `create` does, and
        RunError for a run that is not here or has not begun."""
        if not self.store.exists(run_id):
            raise RunError(NO_SUCH_RUN)
        source = self.store.folder(run_id)
        session = self.peek(run_id)
        is_here = isinstance(session, TrainingSession) and session.trainer is not None
        now = {"step": session.step, "status": session.status} if session is not None and is_here else None
        followed, config = Repeat.of(run_id, source, now), source.config()
        Share.from_dict(source.facts().get("share")).check(["seed"])
        made = []
        for seed in seeds:
            again = self._fit_to_start(settings.replace(config, {"seed": seed}))
            name = self.store.new_id(again.data.name)
            made.append(self._add(self._new(name, again, owner, None, repeat=followed)))
        return made

    def _new(
        self, run_id: str, config: RunConfig, owner: str, share: Share | None, ids: tuple[str, ...] = (), repeat: Repeat | None = None
    ) -> TrainingSession:  # fmt: skip
        folder = self.store.folder(run_id)
        more = ({"share": share.to_dict()} if share else {}) | ({"together": list(ids)} if ids else {})
        more |= {repeating.FACT: repeat.facts()} if repeat else {}
        folder.create(config, facts.of_new(run_id, owner, config) | more)
        return TrainingSession(
            run_id, owner, config, folder, share=share, together=ids, repeat=repeat, **self._helpers(run_id)
        )

    def get(self, run_id: str) -> TrainingSession | FollowedRun | None:
        """The session of a run, brought back from disk (not running) when it is not in memory; what can be seen of it while
        another process trains it; None where there is no such run."""
        with self._lock:
            if run_id in self._leaving:  # asked for again before it had left
                self._sessions[run_id] = self._leaving.pop(run_id)
            session = self._sessions.get(run_id)
            if session is not None and not (session.lost_to_another and session.id not in self._busy):
                session.touch()
                return session
            if run_id in self._deleting or not self.store.exists(run_id):
                return None
            if session is not None:
                del self._sessions[run_id]
            try:
                return self._follow(run_id) or self._open(run_id)
            except PlaygroundError as error:
                log.warning("run %s cannot be opened: %s", run_id, error)
                self._refused[run_id] = str(error)
                return None

    def peek(self, run_id: str) -> TrainingSession | FollowedRun | None:
        """The same for who only wants to see how it is: nothing is brought into memory, and no grace period starts anew."""
        with self._lock:
            if (session := self._sessions.get(run_id)) is not None:
                return session
            here = run_id in self._leaving or not self.store.exists(run_id)
            return None if here else self._follow(run_id)

    def _follow(self, run_id: str) -> FollowedRun | None:
        """The run as another process trains it; None when none does."""
        followed = self._followed.get(run_id)
        if followed is not None and not followed.gone:
            return followed
        self._followed.pop(run_id, None)
        folder = self.store.folder(run_id)
        if folder.is_held_elsewhere:
            self._followed[run_id] = FollowedRun(run_id, folder)
        return self._followed.get(run_id)

    def _open(self, run_id: str) -> TrainingSession:
        folder = self.store.folder(run_id)
        said, config = folder.facts(), folder.config()
        session = TrainingSession(
            run_id, str(said.get("owner", "")), config, folder, restore=folder.was_saved(said),
            share=Share.from_dict(said.get("share")), together=facts.together(said),
            repeat=Repeat.read(said.get(repeating.FACT), config), **self._helpers(run_id),
        )  # fmt: skip
        session.prepare_stopped(said)
        return self._add(session)

    def send(self, session: TrainingSession, command: Command) -> None:
        """Pass a command on; resuming a run whose data could not be loaded tries to load it again. Runs that train in step obey
        together: what is asked of one is asked of all."""
        everyone = self.beside(session)
        for one in everyone:
            if isinstance(command, Resume) and one.needs_data:
                one.prepare_again()
                self._prepare(one)
        with self._lock:
            if (group := self._group(session)) is not None:
                group.post(command)
                return
        session.send(command)

    def beside(self, session: TrainingSession) -> list[TrainingSession]:
        """The runs that train in step with this one, itself among them, in their order; brought back from disk where they rest."""
        found = [session if run_id == session.id else self.get(run_id) for run_id in session.together or (session.id,)]
        return [one for one in found if isinstance(one, TrainingSession)]

    def sessions(self) -> list[TrainingSession]:
        """The runs in memory, the newest first."""
        with self._lock:
            return list(self._sessions.values())[::-1]

    # ── the table of all runs ────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, query: Query) -> tuple[list[Row], int]:
        """A page of the table, and how many runs match in all: those of other processes as their files say, those in memory as
        they are now. Raises RunError."""
        index = self.store.index
        with self._refreshing:
            if time.monotonic() >= self._next_refresh:
                index.refresh()
                self._next_refresh = time.monotonic() + _REFRESH_SECONDS
            index.live(session.state() for session in self.sessions())
            rows, total = index.find(query)
            return [replace(row, problem=row.problem or self._refused.get(row.id, "")) for row in rows], total

    def anything_trains(self) -> bool:
        """Whether any run trains or waits, here or in another process."""
        counts = self.store.index.counts()
        return any(s.is_active for s in self.sessions()) or any(counts.get(status) for status in ACTIVE)

    def places(self, owner: str) -> Places:
        """The limits, and how far they are used up."""
        sessions = self.sessions()
        running = [s for s in sessions if s.is_active and s.status != "queued"]
        return Places(
            len(running), self.max_runs, sum(s.owner == owner for s in running), self.max_per_owner,
            sum(s.status == "queued" for s in sessions),
        )  # fmt: skip

    def branch(self, run_id: str, step: int, owner: str) -> TrainingSession:
        """A new run that goes on from what was kept of another at `step`, with its settings, curves and changes until then; paused.
        Raises RunError, CheckpointError, ConfigError."""
        self._check_room()
        source = self.store.folder(run_id)
        if not self.store.exists(run_id):
            raise RunError(NO_SUCH_RUN)
        new_id = self.store.new_id(source.config().data.name)
        branching.branch(source, run_id, step, self.store.folder(new_id), new_id, owner)
        try:
            self.store.describe(new_id, branching.described(self.store.about(run_id)))
        except RunError as error:  # a name can be given again
            log.warning("%s", error)
        with self._lock:
            return self._open(new_id)

    def take_in(self, path: Path, name: str, owner: str, limits: Limits | None = None) -> str:
        """Make a run of a ZIP from elsewhere, which was called `name`; its id. It is not opened. Raises PlaygroundError."""
        from gan_core.parcels.unpacking import take_in, unpacked_size  # it looks into runs as this does

        if self.quota_bytes is not None:
            quota.check_arrival(self.store, self.quota_bytes, unpacked_size(path, name))
        return take_in(path, name, self.store, owner, limits)

    def delete(self, run_id: str) -> None:
        """Move a run to the trash, ending its training; `store.restore` brings it back. Raises RunError while another process
        trains it."""
        with self._lock:
            session = self._sessions.get(run_id) or self._leaving.pop(run_id, None)
            self._deleting.add(run_id)
        try:
            if session is not None:
                self._end(session)
            self.store.delete(run_id)
        finally:
            with self._lock:
                self._deleting.discard(run_id)

    def _end(self, session: TrainingSession) -> None:
        """Take a run out of the memory without saving it; what was saved stays."""
        deadline = time.monotonic() + _DELETE_SECONDS
        while True:
            with self._lock:
                if session.id not in self._busy:
                    self._sessions.pop(session.id, None)
                    self._used.pop(session.id, None)
                    break
            if time.monotonic() > deadline:
                raise RunError(N_("The run is in the middle of a long step. Pause it, then delete it."))
            time.sleep(_IDLE_SECONDS)
        session.abandon()

    def _noting(self, run_id: str) -> Callable[[], None]:
        return lambda: self.store.index.note(run_id)

    def _check_room(self) -> None:
        """Raise RunError when the data folder is over its quota and nothing more may be deleted."""
        if self.quota_bytes is not None:
            quota.check(self.store, self.quota_bytes, self._in_use())

    def _in_use(self) -> set[str]:
        return {session.id for session in self.sessions()}

    def close(self) -> None:
        """Stop the workers and the compiler, save every run, wait for the disk."""
        self._closing.set()
        if self._workshop is not None:
            self._workshop.close()
        self.measurements.close()
        for thread in self._threads:
            thread.join(timeout=30)
        for session in self.sessions():
            try:
                session.close()
            except (PlaygroundError, OSError, RuntimeError):
                log.exception("run %s could not be saved at the end", session.id)
        self._darkroom.shutdown(wait=True)
        self._saver.shutdown(wait=True)
        self.store.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _helpers(self, run_id: str) -> dict[str, Any]:
        return {
            "saver": self._save,
            "saved": self._noting(run_id),
            "workshop": self._workshop,
            "darkroom": self._darkroom,
            "gauge": Gauge(),
            "events": self.events,
        }

    def _add(self, session: TrainingSession) -> TrainingSession:
        with self._lock:
            if self._closing.is_set():
                raise RunError(N_("The server is shutting down: no new run can start."))
            self._sessions[session.id] = session
            if session.together:
                self._groups.setdefault(session.together, Group())
        self._prepare(session)
        return session

    def _prepare(self, session: TrainingSession) -> None:
        threading.Thread(target=session.prepare, daemon=True, name=f"data-{session.id}").start()

    def _save(self, job: Callable[[], None]) -> None:
        self._saver.submit(job)

    def _work(self) -> None:
        while not self._closing.is_set():
            session, until_step = self._take()
            if session is None:
                self._closing.wait(_IDLE_SECONDS)
                continue
            start = time.perf_counter()
            try:
                session.turn(TURN_SECONDS, until_step)
            except Exception:  # a worker serves every run: it must outlive what one of them did
                log.exception("run %s: its turn ended badly", session.id)
            finally:
                self._give_back(session, time.perf_counter() - start)

    def _take(self) -> tuple[TrainingSession | None, int | None]:
        """The run that is owed a turn most: of the owner served least, the run served least; and the step it shall not train beyond."""
        with self._lock:
            self._order_queue()
            self._plan_groups()
            self._level()
            ready = [
                s for s in self._sessions.values()
                if s.id not in self._busy and s.id not in self._deleting and s.wants_turn and self._device_free(s)
                and not self._waits_for_others(s)
            ]  # fmt: skip
            if not ready:
                return None, None
            session = min(ready, key=lambda s: (self._used[f"owner {s.owner}"], self._used[s.id]))
            self._busy.add(session.id)
            self._accelerator_busy |= session.on_accelerator
            group = self._group(session)
            return session, group.goal if group is not None else None

    def _level(self) -> None:
        """A run that comes, or comes back, starts level with the least served of its owner's others: it neither waits for what it had
        before, nor is owed what they had meanwhile."""
        taking = [s for s in self._sessions.values() if s.is_active or s.wants_turn]
        for session in taking:
            if session.id not in self._taking:
                others = [self._used[s.id] for s in taking if s.owner == session.owner and s.id in self._taking]
                self._used[session.id] = min(others, default=self._used[session.id])
        self._taking = {s.id for s in taking}

    # ── runs that train in step ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _most_together(self) -> int:
        return min(self.max_runs, self.max_per_owner)

    def _group(self, session: TrainingSession) -> Group | None:
        """The group of a run; None for one that goes its own way, as all do where the server has become too small for the group."""
        return self._groups.get(session.together) if len(session.together) <= self._most_together else None

    def _members(self, ids: Iterable[str]) -> list[TrainingSession]:
        here = [self._sessions[run_id] for run_id in ids if run_id in self._sessions and run_id not in self._deleting]
        return [s for s in here if not s.needs_data]

    def _plan_groups(self) -> None:
        for ids, group in list(self._groups.items()):
            if not any(run_id in self._sessions for run_id in ids):
                del self._groups[ids]
            elif not self._busy.intersection(ids):
                group.plan(self._members(ids))

    def _waits_for_others(self, session: TrainingSession) -> bool:
        group = self._group(session)
        only_trains = session.status == "running" and session.has_obeyed
        return group is not None and only_trains and not group.may_train(session)

    def _units(self) -> list[list[TrainingSession]]:
        """The runs, oldest first, those of a group together: they get their places at once or wait at once."""
        units: dict[Any, list[TrainingSession]] = {}
        for session in self._sessions.values():
            units.setdefault(session.together if self._group(session) is not None else session.id, []).append(session)
        return list(units.values())

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
                if s.owner != session.owner and (s.is_active or s.wants_turn)
            ]
            # An owner who was away is not owed the time that others used meanwhile.
            self._used[owner] = max(self._used[owner], min(others, default=0.0) - 1.0) + seconds

    def _order_queue(self) -> None:
        """First come, first served, within the limits."""
        running, place = 0, 0
        by_owner: dict[str, int] = defaultdict(int)
        for unit in self._units():
            wanting = [s for s in unit if s.is_active and s.status != "preparing"]
            if not wanting:
                continue
            owner, count = wanting[0].owner, len(wanting)
            if running + count <= self.max_runs and by_owner[owner] + count <= self.max_per_owner:
                running += count
                by_owner[owner] += count
                wanted = 0
            else:
                place += 1
                wanted = place
            for session in wanting:
                if session.id not in self._busy:  # in a turn it may be pausing at this moment; there is a next time
                    session.set_queue_place(wanted)

    def _sweep(self) -> None:
        """Pause the abandoned; let go of what rests; keep the data folder within its quota."""
        while not self._closing.wait(_SWEEP_SECONDS):
            try:
                self._tidy()
                self._look_after()
            except Exception:  # this thread, too, serves every run
                log.exception("looking after the runs went wrong")

    def _look_after(self) -> None:
        with self._lock:
            for run_id, followed in list(self._followed.items()):
                if followed.gone:
                    del self._followed[run_id]
        for session in self.sessions():
            if self._unwatched_seconds(session) < self.grace_seconds:
                continue
            if (
                session.is_active or session.is_amid_a_step
            ):  # which a worker finishes and saves before it does anything else
                session.touch()
                self.send(session, Pause(ABANDONED))
            else:
                self._forget(session)

    def _unwatched_seconds(self, session: TrainingSession) -> float:
        """Whoever watches a run watches those in step with it."""
        with self._lock:
            beside = self._members(session.together) if self._group(session) is not None else []
        return min(one.unwatched_seconds for one in [session, *beside])

    def _tidy(self) -> None:
        if time.monotonic() < self._next_tidying:
            return
        self._next_tidying = time.monotonic() + _TIDY_SECONDS
        heaps.give_back()
        if self.quota_bytes is None:
            return
        try:
            quota.make_room(self.store, self.quota_bytes, self._in_use())
        except OSError:
            log.exception("no room could be made in %s", self.store.root)

    def _forget(self, session: TrainingSession) -> None:
        with self._lock:
            known = self._sessions.get(session.id) is session  # else it was deleted at this moment
            if known and session.id not in self._busy and not session.wants_turn:
                del self._sessions[session.id]
                self._used.pop(session.id, None)
                self._leaving[session.id] = session
                session.release(lambda: self._left(session))

    def _left(self, session: TrainingSession) -> None:
        """On the saver's thread: everything is on the disk. If nobody has asked for it again, other processes may have it."""
        with self._lock:
            if self._leaving.pop(session.id, None) is not None and session.folder is not None:
                session.folder.unlock()

"""TrainingSession: one run. Commands go in, immutable snapshots come out; a worker gives it turns."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import torch

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import device as devices
from gan_core import memory
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet
from gan_core.diagnosis.findings import Finding
from gan_core.engine.compiled import Runner
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.errors import CheckpointError, EngineError, PlaygroundError, RunError
from gan_core.phases import BOTH
from gan_core.runs import breaking, frames, gauging, repeating
from gan_core.runs import facts as run_facts
from gan_core.runs.audience import Audience
from gan_core.runs.board import Board
from gan_core.runs.commands import Change, Command, Look, Pause, Phase, Reset, Resume, StepOnce, Stop, Write, named
from gan_core.runs.curves import Curves
from gan_core.runs.darkroom import last_seen
from gan_core.runs.engines import COMPILED, EAGER, Engines, last_engine
from gan_core.runs.folder import RunFolder
from gan_core.runs.following import Beacon
from gan_core.runs.gauging import Gauge
from gan_core.runs.inbox import Inbox
from gan_core.runs.keeping import Keeper, Saver, Score, after
from gan_core.runs.lock import IN_USE
from gan_core.runs.looking import Looker
from gan_core.runs.pace import Pace, steps_left
from gan_core.runs.past import Past
from gan_core.runs.repeating import Repeat
from gan_core.runs.snapshots import Mark, Message, Metrics, Snapshot, marks_of, present
from gan_core.runs.stepping import Iteration
from gan_core.sharing import Share
from gan_core.text import N_, Phrase
from gan_core.trainer import Trainer, check_batch
from gan_core.training import new_trainer

log = logging.getLogger(__name__)

_ENDED = ("finished", "stopped", "failed")
_BORN_WITH = ("created", "parent", "together", repeating.FACT)  # facts that a reset does not change

PREPARING = N_("Getting the data ready")
SHARE, SIZE = N_("{what}: {share} %"), N_("{what}: {size} MB")
SCHEDULE_DONE = N_("The schedule is complete. Resume goes on with its last values.")


class TrainingSession:
    """A run in memory. `command` and `change` may be called from any thread; `turn` by one worker at a time."""

    def __init__(
        self, run_id: str, owner: str, config: RunConfig, folder: RunFolder | None = None, *,
        restore: bool = False, saver: Saver | None = None, saved: Callable[[], None] = lambda: None, finish_at_horizon: bool = True,
        workshop: Workshop | None = None, darkroom: Executor | None = None, share: Share | None = None,
        together: tuple[str, ...] = (), gauge: Gauge | None = None, repeat: Repeat | None = None, events: bool = False,
    ) -> None:  # fmt: skip
        """`saver` runs a job on the thread that writes; `saved` is called there after the files have changed; `workshop` makes
        compiled programs: without one every step is eager; `darkroom` makes pictures: without one training waits for each;
        `share`: what the link that it was started from allows; `together`: the runs that it trains in step with, itself among them; `gauge`:
        what measures its pictures between the steps, if that is wanted; `repeat`: the run that it repeats with another seed; `events`: whether
        files for TensorBoard are written, whatever its own switch says."""
        self.id, self.owner, self.config, self.folder = run_id, owner, config, folder
        self.share, self.together = share or Share(), together
        self.board = Board(folder.events, always=events) if folder is not None else None
        self._keeper = Keeper(folder, config, saver, self._not_saved, saved, self.board)
        self.workshop = workshop
        self._engines = Engines(workshop)
        self._pace, self._iteration = Pace(), Iteration()
        self.past = Past(run_id, folder) if folder is not None else None
        self.gone = False  # deleted: whoever watches has to let go
        self._device = devices.resolve(config.device).type
        self.seconds = 0.0
        self._status = "preparing"
        self._message = Message(PREPARING)
        self._restore = restore
        self._said = Message()
        self._after_preparing = "running"
        self._finish_at_horizon = finish_at_horizon
        self._inbox = Inbox(lambda: self.config)
        self._data: PointSet | ImageSet | None = None
        self._trainer: Trainer | None = None
        self._queue_place = 0
        self.gauge, self.repeat = gauge, repeat
        self._looker = Looker(darkroom, folder.cases if folder is not None else None, gauge)
        self._looker.on_more = self._look_again
        self._audience = Audience(self._looker.wait_at_least, Beacon(folder.path) if folder is not None else None)
        self._frame: tuple[int, bytes] | None = None
        self.on_report: Callable[[str], None] = lambda text: None
        self._facts: dict[str, Any] = {}  # run.json as last written
        self._packing, self._publishing = threading.Lock(), threading.Lock()
        self.latest = Snapshot(run=run_id, kind=config.kind, seq=1, status=self._status, message=self._message)

    # ── from any thread ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def status(self) -> str:
        """preparing, queued, running, paused, finished, stopped or failed."""
        return self._status

    @property
    def message(self) -> Message:
        return self._message

    @property
    def seq(self) -> int:
        return self.latest.seq

    @property
    def step(self) -> int:
        return self._trainer.step_count if self._trainer else self.latest.step

    @property
    def images(self) -> int:
        return self._trainer.images if self._trainer else self.latest.images

    @property
    def trainer(self) -> Trainer | None:
        """For a caller that gives the turns itself; never while a worker may have one."""
        return self._trainer

    @property
    def last_row(self) -> Mapping[str, float]:
        """The values of the curves at the last look."""
        return self._looker.last_row

    @property
    def curves(self) -> Curves:
        """All of them, as they are now."""
        return self._looker.curves

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The changes of settings so far."""
        return self.latest.marks

    @property
    def diagnosis(self) -> tuple[Finding, ...]:
        """What is wrong with it, the most serious first, with what would help."""
        return self.latest.diagnosis

    def final_metrics(self) -> dict[str, float]:
        """Losses of the last look and, where the data has modes, their statistics now."""
        if self._trainer is not None and self.metrics is not None and self.metrics.step != self._trainer.step_count:
            self._looker.measure(self._trainer)
        return self._looker.numbers()

    @property
    def metrics(self) -> Metrics | None:
        return self._looker.metrics

    def command(self, name: str) -> None:
        """Ask for what a name in `commands` means. Raises RunError for another one, ConfigError for a new seed where it is locked."""
        self.send(self.named(name))

    def named(self, name: str) -> Command:
        """The command that `name` means for this run. Raises as `command` does."""
        found = named(name, self.expected_config.seed)
        if isinstance(found, Reset) and found.seed is not None:
            self.share.check(["seed"])
        return found

    def change(self, values: Mapping[str, Any]) -> RunConfig:
        """Ask for new values of live settings; the resulting config. Raises ConfigError, and then changes nothing."""
        return self._inbox.put_change(values, self._check_change)

    def write_events(self, on: bool) -> None:
        """Have files for TensorBoard written from now on, or no more; of a run that rests at once. Raises RunError where TensorBoard is missing,
        the disk refuses, or the run has no folder."""
        if self.board is None:
            raise RunError(N_("This run is not kept: it has no folder for event files."))
        self.board.switch(on)
        if on and not self.is_active and not self.is_amid_a_step:
            self.send(Write())

    def _check_change(self, new: RunConfig, changed: Mapping[str, Any]) -> None:
        self.share.check(changed)
        if self._data is not None:
            check_batch(new, self._data)

    @property
    def expected_config(self) -> RunConfig:
        """The settings as they will be after the commands that wait."""
        return self._inbox.expected

    def send(self, command: Command) -> None:
        """Put a command in the queue; a worker applies it between two steps."""
        self._inbox.put(command)

    @property
    def has_obeyed(self) -> bool:
        """Whether no command waits."""
        return not self._inbox

    def watch(self) -> AbstractContextManager[None]:
        """Count a viewer while the context is open: watched runs make snapshots more often."""
        return self._audience.watch()

    def want(self, names: frozenset[str]) -> None:
        """What viewers want to see besides the picture, instead of what they wanted before (see `wishes`)."""
        if names != self._looker.wishes:
            self._looker.wishes = names
            self._look_again()

    def _look_again(self) -> None:
        if self._trainer is not None and not self._inbox.asks_for(Look):
            self._inbox.put(Look())

    @property
    def unwatched_seconds(self) -> float:
        return self._audience.unwatched_seconds

    def touch(self) -> None:
        """Somebody asked for this run: its grace period starts anew."""
        self._audience.touch()

    def frame(self) -> bytes:
        """The latest snapshot, packed once for everybody. Takes milliseconds when it is new."""
        with self._packing:
            snapshot = self.latest
            if self._frame is None or self._frame[0] != snapshot.seq:
                self._frame = (snapshot.seq, frames.pack(snapshot))
            return self._frame[1]

    @property
    def wants_turn(self) -> bool:
        """Whether a worker has something to do here."""
        ready = self._status == "preparing" or (self._status == "running" and self._due() > 0)
        return self._data is not None and (ready or bool(self._inbox))

    def _due(self) -> int:
        return self._pace.due(time.perf_counter(), self.config.speed)

    @property
    def is_amid_a_step(self) -> bool:
        """Whether an iteration has been begun in slow motion and is not finished: nothing of it is on the disk."""
        return self._iteration.begun

    @property
    def needs_data(self) -> bool:
        """Whether loading the data failed."""
        return self._data is None and self._status == "failed"

    @property
    def lost_to_another(self) -> bool:
        """Whether it could not begin because another process trains it."""
        return self._status == "failed" and self._message.template == IN_USE

    def state(self) -> dict[str, Any]:
        """What a table of runs shows of it at this moment."""
        if self._trainer is None and self._restore:  # its files say more
            return {"id": self.id, "status": self._status}
        numbers = {name: v for name, v in self._looker.numbers().items() if math.isfinite(v)}
        return {"id": self.id, "status": self._status, "step": self.step, "images": self.images, "seconds": self.seconds,
                "progress": self.latest.progress, "metrics": numbers}  # fmt: skip

    def prepare_again(self) -> None:
        """Before another try to load the data."""
        self._set_status("preparing", Message(PREPARING))

    @property
    def on_accelerator(self) -> bool:
        """Whether it trains on a GPU: a GPU is one place, and one run at a time uses it."""
        return self._device != "cpu"

    @property
    def is_active(self) -> bool:
        """Whether it takes one of the places for running runs (or waits for one)."""
        return self._status in ("preparing", "queued", "running")

    def set_queue_place(self, place: int) -> None:
        """0: it may run; n: it is n-th in the queue. Called by the scheduler."""
        if place != self._queue_place and self._status in ("queued", "running"):
            self._queue_place = place
            self._set_status("queued" if place else "running")

    # ── preparing: on a thread of its own, since data may have to be downloaded ──────────────────────────────────────────

    def prepare(self) -> None:
        """Load the data, reporting progress; what goes wrong ends in the status "failed" with its reason."""
        try:
            if self.folder is not None:
                self.folder.know_table(self.config)
            data = data_sets.load(self.config.data, self._report)
            if self.expected_config.engine == "compiled" and not self._restore:
                part = Part.before(self.config, data, self._device, self._threads())
                self._engines.wait(part, self._tell, lambda: not self._shall_rest)
            self._data = data
        except PlaygroundError as error:
            self._fail(Message(error.template, error.params))
            self._show_what_is_kept()
        except Exception as error:
            if devices.is_out_of_memory(error):
                devices.free_what_is_left_of(error)
                return self._fail(Message(breaking.NO_ROOM, {"device": breaking.DEVICES["cpu"]}))
            log.exception("run %s: loading the data failed", self.id)
            sentence, said = breaking.of_error(error, 0, self._device, self.config, None)
            self._fail(Message(sentence, said | {"good": 0}))

    def _show_what_is_kept(self) -> None:
        """Of a run that was trained and whose pictures were deleted."""
        if self.folder is None or not self._restore or not data_sets.imported(self.config.data):
            return
        try:
            self._publish(**last_seen(self.folder))
        except (PlaygroundError, OSError) as error:
            log.warning("run %s: %s", self.id, error)

    @property
    def _shall_rest(self) -> bool:
        return self.gone or self._inbox.asks_for(Pause, Stop)

    def _report(self, what: str, done: int, total: int) -> None:
        template, params = (what.template, what.params) if isinstance(what, Phrase) else (what, {})
        amount = {"share": 100 * done // total} if total else {"size": round(done / 1e6, 1)}
        self._tell(Message(SHARE if total else SIZE, {"what": template, **params, **amount}))

    def _tell(self, message: Message) -> None:
        self._set_status("preparing", message)
        self.on_report(str(message))

    def _build(self) -> None:
        """The trainer, new or from the checkpoint, and a first look at it. In a worker's turn."""
        if self.folder is not None:
            self.folder.lock()
            if self.folder.restarted:
                self._restore, self.config, self._facts = False, self.folder.config(), self.folder.facts()
                self._keeper.begin_with(self.config)
                self.folder.restarted = False
        trainer = new_trainer(self.config, self._data)
        if self._restore and self.folder is not None:
            self._load(trainer, self.folder)
        self._trainer = trainer
        if self.folder is not None and not self._restore:
            self._facts = self._facts or self.folder.facts()
        fresh, self._restore = not self._restore, False
        self._set_status(self._after_preparing, self._said)
        self._look(first=True)
        if self.folder is not None and fresh:
            try:
                self._keeper.begin()
                self.folder.write_facts(self.facts())
            except OSError as error:
                self._not_saved(error)
        if self._keeper.good is None:
            self._keeper.remember(trainer, self.config)
        self._engines.settle(trainer)
        if fresh or self._engines.noted == COMPILED:  # as it was before, or from the first step
            runner = self._engines.found(trainer, self._threads())
            if runner is not None:
                return self._use(runner)
        self._publish()

    def _load(self, trainer: Trainer, folder: RunFolder) -> None:
        """Go on from the checkpoint, then with what was changed since at its step."""
        loaded = self._keeper.load()
        trainer.change(loaded.config)
        try:
            trainer.load_state_dict(loaded.state)
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise CheckpointError(N_("The checkpoint in {path} does not fit the run's settings ({reason})."),
                                  path=folder.path.name, reason=str(error).splitlines()[0]) from None  # fmt: skip
        self._keeper.remember(trainer, loaded.config)
        self._looker.curves = folder.curves.load(frames.KEPT_NAMES, trainer.step_count)
        self.config = after(loaded.config, loaded.since)
        trainer.change(self.config)
        if self._after_preparing == "finished" and trainer.images < self.config.horizon:
            self._after_preparing, self._said = "paused", Message()  # its end was lost
        self._facts = folder.facts()
        self.seconds = float(self._facts.get("seconds", 0.0))
        self._looker.knew(gauging.read(self._facts.pop("judged", None)))
        if self.gauge is not None:
            self.gauge.recall(self._facts.get("gauge_share"))
        best = Score.read(self._facts.pop("best", None))
        self._keeper.best = best if best is not None and best.step == folder.best_step() else None
        self._engines.noted = last_engine(loaded.journal)
        self._looker.marks = [m for e in loaded.journal for m in marks_of(e["step"], e.get("changes", {}))]

    def facts(self) -> dict[str, Any]:
        """What run.json says of this run."""
        trainer = self._trainer
        self._facts |= {"run": self.id, "owner": self.owner} | ({"share": self.share.to_dict()} if self.share else {})
        self._facts |= run_facts.of_status(self.config, self._status, self._message, self.seconds)
        if trainer is not None:
            self._facts |= run_facts.of_trainer(trainer, self._threads())
            if "data_hash" not in self._facts:
                self._facts |= run_facts.fingerprint(trainer)
            if self._looker.judged is not None:
                self._facts["judged"] = gauging.facts(self._looker.judged)
            if self.gauge is not None:
                self._facts["gauge_share"] = self.gauge.share
            if self.metrics is not None:
                self._facts["metrics_step"] = self.metrics.step
            self._facts["metrics"] = {name: v for name, v in self._looker.numbers().items() if math.isfinite(v)}
        return dict(self._facts)

    def prepare_stopped(self, facts: Mapping[str, Any]) -> None:
        """Come up from disk without running: paused, or ended as run.json (`facts`) says, with what it said then."""
        self._after_preparing = facts["status"] if facts.get("status") in _ENDED else "paused"
        if self._after_preparing in _ENDED:
            self._said = Message.read(facts.get("message"))

    # ── a worker's turn ──────────────────────────────────────────────────────────────────────────────────────────────────

    def turn(self, seconds: float, until_step: int | None = None) -> None:
        """Apply what waits, then train for about `seconds` (at least one step, if one is due), never beyond `until_step`. Never raises for
        what happens in training: that ends in the status "failed" with a diagnosis, and the last good state is kept."""
        deadline = time.perf_counter() + seconds
        try:
            torch.set_num_threads(self._threads())
            if self._trainer is None:
                self._begin()
            self._obey()
            if self._status == "running":
                self._train(deadline, until_step)
        except EngineError as error:  # in the middle of a step: eagerly from the last good state, if it is to go on
            self._fail_back(error.template, dict(error.params))
            self._engines.give_up(error)
        except PlaygroundError as error:
            self._fail(Message(error.template, error.params))
        except Exception as error:
            self._break(error)

    def _begin(self) -> None:
        """Build; a run that cannot be built forgets what was asked of it, except that Reset begins anew without its files."""
        if self._inbox.asks_for(Reset):
            self._restore = False
        try:
            self._build()
        except Exception:
            self._inbox.clear()
            raise

    def _threads(self) -> int:
        return self.config.threads or devices.default_threads(self.config.kind)

    def _train(self, deadline: float, until_step: int | None) -> None:
        start, before = time.perf_counter(), self.seconds
        trainer, inbox, looker = self._trainer, self._inbox, self._looker
        assert trainer is not None
        if until_step is not None and trainer.step_count >= until_step:
            return
        looker.begins()
        self._repeat_changes()
        horizon = self.config.horizon if self._finish_at_horizon and trainer.images < self.config.horizon else math.inf
        while due := self._due():
            self._note_engine()
            if self._status != "running":
                return
            self._pace.took(trainer.advance(min(due, steps_left(trainer, self._next_stop(until_step), horizon))))
            now = time.perf_counter()
            self.seconds = before + now - start
            looker.gauge(trainer)
            if looker.due(now, idle=self.config.speed > 0):
                self._look()
            if self._keeper.due(now):
                self._save()
            if self._engines.due(now) and self._status == "running":
                self._swap()
            if self._status != "running":
                return
            if trainer.images >= horizon:
                return self._end(Message(SCHEDULE_DONE))
            if self.repeat is not None and trainer.step_count == self.repeat.until:
                return self._end(Message(repeating.DONE, {"step": trainer.step_count}))
            changed = self._repeat_changes()
            if changed or inbox or now >= deadline or trainer.step_count == until_step:
                return

    def _next_stop(self, until_step: int | None) -> int | None:
        """The step before which a stretch of training ends: a limit, or that at which the run that this one repeats was changed or ended."""
        repeated = self.repeat.next_stop(self.step) if self.repeat is not None else None
        return min((step for step in (until_step, repeated) if step is not None), default=None)

    def _repeat_changes(self) -> bool:
        """Change what was changed at this step in the run that this one repeats, unless it has been; whether there was anything."""
        changed = False
        for values in self.repeat.told_at(self.step) if self.repeat is not None else ():
            if self._status == "running" and settings.differences(self.config, settings.replace(self.config, values)):
                self._apply_change(Change(values))
                changed = True
        return changed

    def _obey(self) -> None:
        while self._inbox and self._trainer is not None:
            if isinstance(self._inbox.first, Look):
                self._inbox.take(self._apply_change)
                self._grant()
                continue
            if self.folder is not None:
                self.folder.lock()  # it may have been opened on a disk that could only be read
            if not isinstance(self._inbox.first, Phase):
                self._finish_iteration()
            command = self._inbox.take(self._apply_change)
            if not isinstance(command, Change):
                self._apply(command)

    def _apply(self, command: Command) -> None:
        match command:
            case Pause(why) if self.is_active:
                self._journal("pause")
                self._rest("paused", Message(why))
            case Stop() if self._status not in _ENDED:
                self._journal("stop")
                self._rest("stopped")
            case Resume() if not self.is_active:
                self._journal("resume")
                self._set_status("running")
            case StepOnce(players) if not self.is_active:
                self._step_once(players)
            case Phase() if not self.is_active:
                self._next_phase()
            case Reset(seed):
                self._reset(seed)
            case Write():
                self._hand_over()
            case _:
                pass  # already so: pausing a paused run, say

    def _step_once(self, players: str) -> None:
        assert self._trainer is not None
        if players == BOTH:
            self._journal("step")
            self._note_engine()
        else:
            self._go_eagerly()
        self._trainer.step(players)
        self._rest("paused", done="" if players == BOTH else f"step_{players}")

    def _next_phase(self) -> None:
        """One phase of an iteration further; with the last one it is a step like any other."""
        assert self._trainer is not None
        if not self._iteration.begun:
            self._go_eagerly()
        code = self._iteration.go_on(self._trainer).place.code
        if not self._iteration.begun:
            return self._rest("paused")
        self._status, self._message = "paused", Message()
        self._publish(**(self._looker.repaint(self._trainer) if code.endswith(".update") else {}))

    def _finish_iteration(self) -> None:
        """Before anything else happens to the run: whoever looks at it then finds whole steps only."""
        if self._iteration.finish():
            self._rest("paused")
        elif self.latest.phase is not None:
            self._publish()

    def _apply_change(self, command: Change) -> None:
        assert self._trainer is not None
        new = settings.replace(self.config, command.values)
        changed = settings.differences(self.config, new)
        had_failed = self._status == "failed"  # then it is at its last good state, and may be changed before it goes on
        if changed:
            self._save()  # before: what goes wrong because of a change goes back behind it
        if self._status == "failed" and not had_failed:
            return
        self._trainer.change(new)
        if new.engine == "eager":
            self._trainer.use(None)
        self.config = new
        self._mark(changed, "change")
        self._engines.settle(self._trainer)

    def _reset(self, seed: int | None) -> None:
        if seed is not None:
            self.config = replace(self.config, seed=seed)
        keep = "paused" if self._status in (*_ENDED, "paused") else "running"
        self._looker.restart()
        self._trainer, self.seconds = None, 0.0
        self._facts = {k: self._facts[k] for k in _BORN_WITH if k in self._facts}
        self._after_preparing, self._engines.noted = keep, EAGER
        try:
            self._keeper.restart(self.config)
        except OSError as error:
            self._not_saved(error)
        self._build()
        self._journal("reset")

    def _journal(self, do: str, **more: Any) -> None:
        assert self._trainer is not None
        self._keeper.journal({"step": self._trainer.step_count, "do": do, **more, "time": time.time()})

    # ── engine ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _swap(self) -> None:
        """Change to compiled steps if they are ready, behind a checkpoint."""
        assert self._trainer is not None
        runner = self._engines.offer(self._trainer, self._threads(), self.seconds)
        if runner is not None:
            self._save()  # so that whatever goes wrong now goes back behind it
            if self._status != "failed":
                self._use(runner)
        elif self._engines.shown(True) != self.latest.engine or self._engines.reason != self.latest.engine_reason:
            self._publish()

    def _use(self, runner: Runner) -> None:
        """Take the following steps with these programs."""
        assert self._trainer is not None
        try:
            self._trainer.use(runner)
            self._engines.settle(self._trainer)
        except EngineError as error:
            self._engines.give_up(error)
        self._publish()

    def _go_eagerly(self) -> None:
        """Without compiled programs, which take whole steps only, until the run goes on."""
        assert self._trainer is not None
        self._trainer.use(None)
        self._engines.settle(self._trainer)
        self._note_engine()

    def _note_engine(self) -> None:
        """Before a step: write the engine into the journal where it is another than that of the step before. A run is repeated bit
        for bit by the same engines at the same steps."""
        assert self._trainer is not None
        if engine := self._engines.other(self._trainer):
            self._journal("engine", **engine)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _look(self, *, first: bool = False, last: bool = False) -> bool:
        """Read the statistics and make a snapshot, of the first or the last step of a stretch; whether the run is well."""
        trainer = self._trainer
        assert trainer is not None
        begin = time.perf_counter()
        stats = trainer.read_stats()
        if not stats.finite:
            self._blew_up()
            return False
        # Asked first: once the helper has work, asking the disk gives way to it for milliseconds.
        followed = self._audience.is_followed()
        now = first or last or self._status != "running"  # what is seen then is what it is
        self._looker.look(trainer, self.seconds, stats, self._publish, first=first, now=now)
        if not first:
            self._keeper.add_row(stats.step, self._looker.last_row)
        if self._status == "running" and not last:  # the checkpoint keeps the last
            self._keeper.moment(trainer, self.config, self.latest)
        if followed:
            self._audience.leave(self.frame())
        self._looker.spent(begin)
        return True

    def _grant(self) -> None:
        """Show what viewers have come to want since the last look: of a run that rests at once, of one that trains if that was not
        done just now, for it looks again by itself."""
        soon = self._status != "running" or self._looker.may_grant(time.perf_counter())
        if soon and self._trainer is not None and self._looker.owes_a_look:
            self._publish(**self._looker.grant(self._trainer))

    @property
    def steps_per_second(self) -> float:
        return self._looker.rate(1)

    def _publish(self, **changes: Any) -> None:
        engine = self._engines.shown(self._status == "running")
        with self._publishing:
            self.latest = replace(self.latest, seq=self.latest.seq + 1, status=self._status, message=self._message,
                                  queue=self._queue_place, engine=engine, engine_reason=self._engines.reason,
                                  speed=self.config.speed, phase=self._iteration.view, kept=self._keeper.last_moment, **changes)  # fmt: skip

    def _set_status(self, status: str, message: Message | None = None) -> None:
        self._status, self._message = status, message or Message()
        if status != "queued":
            self._queue_place = 0
        self._publish()

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _end(self, message: Message) -> None:
        """It has come to where it was to go: pictures are measured there once more."""
        assert self._trainer is not None
        self._looker.gauge_end(self._trainer)
        self._rest("finished", message)

    def _rest(self, status: str, message: Message | None = None, done: str = "") -> None:
        """At the end of a stretch of training: the last numbers on the screen, then the status, so that nobody sees it rest at an
        earlier step; and all on the disk. `done`: for the journal, when that step has gone well."""
        self._looker.wait()  # it may be of this very step
        unseen = self._trainer is not None and self._trainer.step_count != self.latest.step
        if well := not unseen or self._look(last=True):
            self._set_status(status, message)
        self._grant()
        self._save(done if well else "")

    def _save(self, done: str = "") -> None:
        if self._trainer is None:
            return
        if not self._keeper.remember(self._trainer, self.config):
            return self._blew_up()
        if done:  # before it is on the disk, and never of a step that is gone back behind: the journal is repeated
            self._journal(done, step=self._trainer.step_count - 1)
        if self.folder is not None and self._looker.worth_measuring(self._trainer):
            self._looker.measure(self._trainer)
        self._hand_over()

    def _hand_over(self) -> None:
        self._keeper.hand_over(self._looker.curves, self.facts(), Score.of(self.metrics), self.latest)

    def _not_saved(self, error: Exception) -> None:
        log.warning("run %s could not be saved: %s", self.id, error)
        status = "paused" if self._status == "running" else self._status
        self._set_status(status, Message(*breaking.of_saving(error)))

    # ── going wrong ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _blew_up(self) -> None:
        step = self.step
        self._fail_back(breaking.BLEW_UP, {"step": step})
        self._publish(diagnosis=self._looker.blew_up(step, self.step, self.config))

    def _break(self, error: Exception) -> None:
        step = self.step
        if not devices.is_out_of_memory(error):
            log.exception("run %s broke at step %d", self.id, step)
            return self._fail_back(*breaking.of_error(error, step, self._device, self.config, None))
        log.warning("run %s ran out of memory at step %d: %s", self.id, step, error)
        devices.free_what_is_left_of(error)
        if self._trainer is None:
            return self._fail(Message(breaking.NO_ROOM, {"device": breaking.DEVICES[self._device]}))
        fitting = memory.fitting_batch(self.config)
        try:
            self._fail_back(*breaking.of_error(error, step, self._device, self.config, fitting))
        except Exception as again:
            if not devices.is_out_of_memory(again):
                raise
            return self._let_go(again)
        if found := self._looker.ran_out(step, self.step, self.config, fitting):
            self._publish(diagnosis=found)

    def _let_go(self, error: Exception) -> None:
        """There is no room even for going back: the networks leave the memory, and come again from the disk with the next command."""
        self._iteration.drop()
        self._trainer = None
        self._after_preparing = "paused"
        self._restore = self.folder is not None and self.folder.has_checkpoint
        devices.free_what_is_left_of(error)
        self._fail(Message(breaking.NO_ROOM, {"device": breaking.DEVICES[self._device]}))

    def _fail_back(self, template: str, params: dict[str, Any]) -> None:
        """Return to the last good state, with the settings of that moment, and say what happened."""
        self._looker.wait()
        if self._trainer is not None and self._keeper.good is not None:
            self._iteration.drop()
            state, config = self._keeper.good
            undone = settings.differences(self.config, config)
            self._trainer.use(None)  # whatever it was: the plain steps go on, and the programs may come again
            self._trainer.change(config)
            self._trainer.load_state_dict(state)
            self._keeper.went_back(self._trainer.step_count)
            self._looker.curves.cut(self._trainer.step_count)
            self.config = config
            if undone:
                self._mark(undone, "rollback")
            self._engines.settle(self._trainer)
        params["good"] = self._trainer.step_count if self._trainer else 0
        self._fail(Message(template, params))
        self._hand_over()

    def _mark(self, changed: Mapping[str, tuple[Any, Any]], do: str) -> None:
        """Write a change of settings on the curves and in the journal."""
        assert self._trainer is not None
        self._looker.marks += marks_of(self.step, changed)
        self._journal(
            do, changes={name: list(pair) for name, pair in changed.items()}, **self._engines.other(self._trainer)
        )
        diagnosis = self._looker.changed(self.config, self.step, self._trainer.images)
        settings_now = present(self.config, self._trainer.images)
        self._publish(marks=tuple(self._looker.marks), settings=settings_now, diagnosis=diagnosis)

    def _fail(self, message: Message) -> None:
        self._set_status("failed", message)

    # ── ending ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Save at the end of the process: a running run comes back paused. Only when no worker has its turn."""
        self._finish_iteration()
        if self._trainer is not None and self._status in ("running", "queued"):
            self._rest("paused")
        elif self._trainer is not None and self._status != "failed":
            self._rest(self._status, self._message)
        self.release()

    def release(self, then: Callable[[], None] | None = None) -> None:
        """Let other processes have the run; this one is done with it, once the saver has written what it holds. `then` is called
        at that moment instead, and decides."""
        if self.folder is not None:
            self._keeper.finish(then or self.folder.unlock)

    def abandon(self) -> None:
        """It is being deleted: write nothing any more and let go of its folder, now. Only when no worker has its turn."""
        self.gone = True
        self._looker.wait()
        self._inbox.clear()
        self._set_status("stopped")
        self._keeper.stop()
        if self.folder is not None:
            self.folder.unlock()

"""A process that is killed at any moment: its runs go on from the last whole checkpoint, and end as if nothing had happened."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import _damage
import _tiny
import psutil
import pytest
import torch
from _damage import LONG, Disk, rests, serving

import gan_core
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError
from gan_core.runs import branching, checkpoint, facts, headless, keeping, looking
from gan_core.runs.about import About
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.commands import Pause, Reset, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

pytestmark = pytest.mark.usefixtures("measured_quickly")
sigkill = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")

# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = ["generator.hidden=8,8", "discriminator.hidden=8,8", "batch_size=16", "device=cpu", "threads=1", "seed=4"]
_OFTEN = """
import sys
from gan_core.runs import keeping, looking
looking.METRIC_SAMPLES = 100
keeping.SAVE_SECONDS, keeping.WRITE_SHARE = 0.01, 1  # so that it is writing most of the time
from gan_core.cli import main
print("ready", flush=True)
sys.exit(main(sys.argv[1:]))
"""


def train(steps: int, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _OFTEN, "train", *map(str, arguments), "--steps", str(steps), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def begin(folder: Path) -> list[object]:
    """The arguments that begin or go on with the run in `folder`."""
    if (folder / "run.json").exists():
        return ["--resume", folder]
    more = [part for setting in SETTINGS for part in ("--set", setting)]
    return ["--preset", "ring", *more, "--out", folder]


def killed(folder: Path, steps: int, kills: int, rng: random.Random) -> dict[str, Any]:
    """The end of a run whose process was killed so many times."""
    for _ in range(kills):
        process = train(steps, *begin(folder))
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 2.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if folder.exists() and not (folder / "run.json").exists():  # killed while the folder was being made
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
    process = train(steps, *begin(folder))
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["step"] == steps
    return RunFolder(folder).read_checkpoint()[0]


def compare(path: Path, steps: int, kills: int, seed: int) -> None:
    state, folder = killed(path, steps, kills, random.Random(seed)), RunFolder(path)
    _tiny.assert_same(state, _damage.replay(folder.config(), [], steps))
    left = {file.name for file in path.iterdir() if file.suffix != ""}
    assert {"config.toml", "run.json", "metrics.csv"} <= left


@sigkill
def test_killed_at_random_moments(tmp_path: Path) -> None:
    compare(tmp_path / "run", 120, 1, 1)


@sigkill
@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(20))
def test_killed_hundreds_of_times(seed: int, tmp_path: Path) -> None:
    compare(tmp_path / "run", 3000, 10, seed)


# ── a server with many runs ──────────────────────────────────────────────────────────────────────────────────────────────

HORIZON = 300  # steps of batch_size 16
WISHES: list[dict[str, Any]] = [
    {"g_optimizer.lr": 5e-4}, {"g_optimizer.lr": 1e-3}, {"d_optimizer.lr": 2e-4}, {"loss": "hinge"}, {"loss": "relativistic"},
    {"instance_noise": 0.05}, {"penalty_weight": 0.1}, {"batch_size": 24}, {"batch_size": 16}, {"k_d": 2}, {"k_d": 1},
]  # fmt: skip


class Server:
    """What the process that will be killed does: it trains several runs of several owners, writes most of the time, and people ask
    for things at random. It counts the steps of each run in a file in memory, which outlives it."""

    def __init__(self, root: Path, seed: int) -> None:
        keeping.SAVE_SECONDS, keeping.WRITE_SHARE = 0.01, 1
        keeping.MOMENT_SECONDS, keeping.MOMENT_SHARE = 0.0, 0.3
        looking.METRIC_SAMPLES, looking.PICTURE_SAMPLES = 100, 20
        self.root, self.rng = root, random.Random(seed)
        (root / "steps").mkdir(parents=True, exist_ok=True)
        self._count_steps()
        self.scheduler = Scheduler(Store(root), workers=2, max_runs=99, max_per_owner=99)

    def _count_steps(self) -> None:
        counters: dict[int, mmap.mmap] = {}
        build, advance = TrainingSession._build, Trainer.advance

        def counted_build(session: TrainingSession) -> None:
            build(session)
            assert session.trainer is not None
            counters[id(session.trainer)] = self._counter(session.id)
            struct.pack_into("<q", counters[id(session.trainer)], 0, session.step)

        def counted_advance(trainer: Trainer, most: int) -> int:
            taken = advance(trainer, most)
            if id(trainer) in counters:
                struct.pack_into("<q", counters[id(trainer)], 0, trainer.step_count)
            return taken

        TrainingSession._build = counted_build  # type: ignore[assignment, method-assign]
        Trainer.advance = counted_advance  # type: ignore[assignment, method-assign]

    def _counter(self, run_id: str) -> mmap.mmap:
        path = self.root / "steps" / run_id
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            return mmap.mmap(file.fileno(), 8)

    def serve(self) -> NoReturn:
        for run_id in self.scheduler.store.ids():
            session = self.scheduler.get(run_id)
            assert isinstance(session, TrainingSession), f"{run_id} cannot be opened"
        for session in self.scheduler.sessions():
            rests(self.scheduler, session)
            if session.status == "paused" and session.images < session.config.horizon:
                self.scheduler.send(session, Resume())
        acts = [self._change] * 8 + [self._create] * 3 + [self._pause, self._resume, self._branch, self._delete, self._restore,
                                                          self._reset, self._describe, self._look]  # fmt: skip
        while True:
            with contextlib.suppress(PlaygroundError):  # people may ask for what cannot be
                self.rng.choice(acts)()
            time.sleep(self.rng.uniform(0.0, 0.03))

    def _any(self) -> TrainingSession | None:
        return self.rng.choice(self.scheduler.sessions() or [None])

    def _create(self) -> None:
        active = sum(session.is_active for session in self.scheduler.sessions())
        if active < 4 and len(self.scheduler.store.ids()) < 12:
            make = self.rng.choice([_tiny.points, _tiny.points, _tiny.pictures])
            horizon = HORIZON * 16 // (1 if make is _tiny.points else 8)
            self.scheduler.create(
                make(seed=self.rng.randrange(99), horizon=horizon), self.rng.choice(["one", "two", "three"])
            )

    def _change(self) -> None:
        if session := self._any():
            session.change(self.rng.choice(WISHES))

    def _pause(self) -> None:
        if session := self._any():
            self.scheduler.send(session, Pause())

    def _resume(self) -> None:
        for session in self.scheduler.sessions():
            if session.trainer is not None and session.images < session.config.horizon:
                self.scheduler.send(session, Resume())

    def _reset(self) -> None:
        if (session := self._any()) and self.rng.random() < 0.3:
            self.scheduler.send(session, Reset())

    def _branch(self) -> None:
        if (session := self._any()) and session.folder and len(self.scheduler.store.ids()) < 12:
            steps = list(session.folder.states())
            if steps:
                branch = self.scheduler.branch(session.id, self.rng.choice(steps), "branching")
                self.scheduler.send(branch, Resume())

    def _delete(self) -> None:
        if (session := self._any()) and self.rng.random() < 0.5:
            self.scheduler.delete(session.id)

    def _restore(self) -> None:
        for path in (self.root / "trash").iterdir():
            self.scheduler.store.restore(path.name)

    def _describe(self) -> None:
        if session := self._any():
            self.scheduler.store.describe(session.id, About(f"name {self.rng.random()}", ("a", "b"), "notes " * 99))

    def _look(self) -> None:
        self.scheduler.rows(Query())


# Only a process with a single thread may be forked: the libraries' own threads are gone in the child, and it crashes or hangs when
# they are needed there.
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
          "JE_ARROW_MALLOC_CONF": "background_thread:false"}  # fmt: skip


def nursery() -> None:
    """Starts servers quickly, as children of a process that has loaded everything: each line of the input is the data folder and the
    seed of one; its process number is printed and, when it is gone, how it ended."""
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as folder:
        Life(Path(folder), 10**9).live()  # what is loaded at first use is loaded once
    _tiny.trained(_tiny.pictures(), 1)
    assert psutil.Process().num_threads() == 1
    for line in sys.stdin:
        root, seed = json.loads(line)
        child = os.fork()
        if child == 0:
            # A forked process makes PyTorch's pool anew when it first asks for it; of two threads that do at once, one may find none.
            torch.set_num_threads(1)
            with contextlib.suppress(KeyboardInterrupt):
                Server(Path(root), seed).serve()
            os._exit(3)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


@dataclass
class Toll:
    """What the kills have cost."""

    kills: int = 0
    while_writing: int = 0
    steps_lost: int = 0
    runs: int = 0
    begun: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return (f"{self.kills} kills, {self.while_writing} of them while a file was being written; at most {self.steps_lost} steps of "
                f"a run lost; {self.runs} runs at the end")  # fmt: skip


@contextlib.contextmanager
def killing(root: Path) -> Iterator[Callable[[int, float], None]]:
    """A function that begins a server and kills it after so many seconds."""
    command = [sys.executable, "-c", "import test_kill; test_kill.nursery()"]
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(gan_core.__file__).parents[1])])
    with (root / "errors").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                                   encoding="utf-8", env=os.environ | SINGLE | {"PYTHONPATH": path})  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None

        def kill(seed: int, seconds: float) -> None:
            print(json.dumps([str(root / "data"), seed]), file=process.stdin, flush=True)
            child = int(process.stdout.readline())  # type: ignore[union-attr]
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself: how, the next line says
                os.kill(child, signal.SIGKILL)
            assert int(process.stdout.readline()) == signal.SIGKILL, said(root)  # type: ignore[union-attr]

        try:
            yield kill
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()


def said(root: Path) -> str:
    """What the servers wrote about what went wrong."""
    lines = (root / "errors").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("Extension modules"))[-5000:]


def inspect(root: Path, toll: Toll) -> None:
    """After a kill: every run is whole, by its files alone."""
    data = root / "data"
    toll.kills += 1
    begun = {str(path) for path in data.rglob(".*.new-*")}
    toll.while_writing += bool(begun - toll.begun)  # in a deleted run they stay until it is brought back
    toll.begun |= begun
    store = Store(data)
    for run_id in store.ids():
        folder = store.folder(run_id)
        said, _config = folder.facts(), folder.config()
        at = folder.read_checkpoint().state["step"] if folder.was_saved(said) else 0
        if (data / "steps" / run_id).exists():
            (step,) = struct.unpack("<q", (data / "steps" / run_id).read_bytes())
            toll.steps_lost = max(toll.steps_lost, step - at)
    store.index.refresh()
    rows = store.index.find(Query(limit=1000))[0] + store.index.find(Query(limit=1000, deleted=True))[0]
    assert {row.id for row in rows} == {
        path.name for place in ("runs", "trash") for path in (data / place).glob("[!.]*")
    }
    assert [(row.id, row.problem) for row in rows if row.problem] == []
    store.close()


def finished(root: Path, toll: Toll) -> None:
    """Every run goes on to its end, which is what its settings and its journal say."""
    data = root / "data"
    with serving(data) as scheduler:
        for path in list((data / "trash").iterdir()):
            scheduler.store.restore(path.name)
        runs = [scheduler.get(run_id) for run_id in scheduler.store.ids()]
        trained = [run for run in runs if isinstance(run, TrainingSession)]
        assert len(trained) == len(runs)
        for run in trained:
            rests(scheduler, run)
            assert run.status in ("paused", "finished"), str(run.message)
            if run.images < run.config.horizon:
                scheduler.send(run, Resume())
        for run in trained:
            rests(scheduler, run)
            assert run.images >= run.config.horizon
    for run in trained:
        assert run.trainer is not None
        assert run.folder is not None
        toll.runs += 1
        expected = _damage.replay(run.folder.config(), run.folder.journal(), run.step)
        _tiny.assert_same(copy_state(run.trainer.state_dict()), expected)
        _tiny.assert_same(run.folder.read_checkpoint().state, expected)
        assert not list(run.folder.path.rglob(".*.new-*"))


def killed_servers(root: Path, kills: int, seed: int, toll: Toll) -> None:
    rng = random.Random(seed)
    with killing(root) as kill:
        for i in range(kills):
            kill(1000 * seed + i, rng.uniform(0.05, 1.5))
            inspect(root, toll)
    finished(root, toll)
    assert "Traceback" not in said(root), said(root)


@pytest.fixture(scope="module")
def toll(request: pytest.FixtureRequest) -> Iterator[Toll]:
    """Of all kills of servers; said at the end."""
    found = Toll()
    yield found
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{found}")


@sigkill
def test_a_server_killed_at_random_moments(tmp_path: Path, toll: Toll) -> None:
    killed_servers(tmp_path, 3, 0, toll)
    assert toll.kills >= 3
    assert toll.runs > 1


@sigkill
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 13))
def test_a_server_killed_hundreds_of_times(seed: int, tmp_path: Path, toll: Toll) -> None:
    killed_servers(tmp_path, 20, seed, toll)


# ── at every operation on the disk ───────────────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process ends here: nothing that comes after it is done, no cleaning up either."""


def begun(store: Store, number: int, config: RunConfig) -> TrainingSession:
    """A new run that has taken its first step."""
    folder = store.folder(_damage.run_id(number))
    folder.create(config, facts.of_new(folder.path.name, "me", config))
    session = TrainingSession(folder.path.name, "me", config, folder)
    session.prepare()
    session.turn(0.0, until_step=0)
    return session


class Life:
    """A process that makes a run, changes it, branches, begins anew, deletes and brings back, and that ends at its operation `last`
    on the disk: no operation after it is done."""

    def __init__(self, root: Path, last: int) -> None:
        self.root, self.last, self.done = root, last, 0
        self.folders: list[RunFolder] = []

    def live(self) -> None:
        """Up to its end."""
        with Disk(self.root, self._before).between(), contextlib.suppress(Killed):
            self._do()
        gc.collect()  # the system takes the locks of a process that is gone

    def _before(self, what: str) -> None:
        if ".index" in what or "index.sqlite" in what:
            return  # a database has ways of its own
        self.done += 1
        if self.done > self.last:
            raise Killed

    def _do(self) -> None:
        store = Store(self.root)
        one = begun(store, 1, _damage.ending(_tiny.points))
        self._train(one, 2, {"g_optimizer.lr": 5e-4})
        self._train(one, 4, {"loss": "hinge"})
        store.describe(one.id, About("a name", ("a tag",), "notes"))
        assert one.folder is not None
        branching.branch(one.folder, one.id, 4, store.folder(_damage.run_id(2)), _damage.run_id(2), "me")
        self._train(one, 6, {"instance_noise": 0.05})
        one.send(Reset())
        self._train(one, 3, {"penalty_weight": 0.2})
        other = begun(store, 3, _damage.ending(_tiny.points))
        self._train(other, 2, {})
        other.abandon()
        store.delete(other.id)
        store.restore(other.id)
        one.close()
        store.close()

    def _train(self, session: TrainingSession, step: int, values: dict[str, Any]) -> None:
        session.send(Resume())
        session.turn(LONG, until_step=step)
        session._look()
        session.change(values)
        session.send(Pause())
        session.turn(0.0)


def what_is_left(root: Path) -> list[str]:
    """What is wrong with the runs of a process that was killed: each is whole and goes on, or was never there."""
    wrong = []
    store = Store(root)
    for path in (root / "trash").iterdir():
        store.restore(path.name)
    for run_id in store.ids():
        try:
            session = _damage.reopened(store.folder(run_id))
        except PlaygroundError as error:
            wrong.append(f"{run_id} is neither whole nor gone: {error}")
            continue
        session.send(Resume())
        session.turn(LONG)
        if session.step < _damage.END or session.trainer is None or session.folder is None:
            wrong.append(f"{run_id} is {session.status} at step {session.step}: {session.message}")
            continue
        session.close()
        own = _damage.replay(session.folder.config(), session.folder.journal(), session.step)
        wrong += filter(None, [_damage.difference(f"{run_id}'s end", copy_state(session.trainer.state_dict()), own)])
        wrong += [f"{run_id} has {path.name}" for path in session.folder.path.rglob(".*.new-*")]
    store.close()
    return wrong


def killed_at(tmp_path: Path, every: int, offset: int) -> list[str]:
    """What goes wrong where the process ends after every so many-th operation."""
    whole = Life(tmp_path / "whole", 10**9)
    whole.live()
    assert what_is_left(tmp_path / "whole") == []
    assert whole.done > 100
    wrong = []
    for last in range(offset, whole.done, every):
        Life(tmp_path / str(last), last).live()
        wrong += [f"after operation {last}: {what}" for what in what_is_left(tmp_path / str(last))]
    return wrong


@pytest.fixture
def _every_moment_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)


@pytest.mark.usefixtures("_every_moment_is_kept")
def test_killed_after_some_operations_on_the_disk(tmp_path: Path) -> None:
    assert killed_at(tmp_path, 31, 5) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_every_moment_is_kept")
def test_killed_after_every_operation_on_the_disk(tmp_path: Path) -> None:
    assert killed_at(tmp_path, 1, 0) == []


def test_beginning_anew_is_ended_by_the_command_line_too(tmp_path: Path) -> None:
    """The process that was to begin a run anew ends after each of its operations on the disk."""
    left: list[int] = []

    def before(_what: str) -> None:
        if not left:
            raise Killed
        left.pop()

    store, number, whole = Store(tmp_path), 0, False
    while not whole:
        number += 1
        session = begun(store, number, _tiny.points())
        session.send(Resume())
        session.turn(LONG, until_step=2)
        session.close()
        folder, left[:] = store.folder(session.id), range(number - 1)
        with Disk(tmp_path, before).between(), contextlib.suppress(Killed):
            folder.lock()
            folder.restart(session.config)
            whole = True
        folder.unlock()
        again = headless.resume(folder.path)
        assert headless.train(again, 3)["step"] == 3, number
        again.close()
        expected = _damage.replay(folder.config(), folder.journal(), 3)
        _tiny.assert_same(folder.read_checkpoint().state, expected)
    assert number > 6


# ── how much is lost ─────────────────────────────────────────────────────────────────────────────────────────────────────

PROMISE = 5.0  # seconds of training that a killed process may lose


def test_it_is_asked_at_every_step_whether_to_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is due later than promised."""
    asked: list[int] = []
    due = keeping.Keeper.due
    session = begun(Store(tmp_path), 1, _tiny.points())

    def counted(self: keeping.Keeper, now: float) -> bool:
        asked.append(session.step)
        return due(self, now)

    monkeypatch.setattr(keeping.Keeper, "due", counted)
    session.send(Resume())
    first = session.step + 1
    session.turn(LONG, until_step=9)
    assert asked == list(range(first, 10))
    assert keeping.SAVE_SECONDS <= 0.9 * PROMISE  # the rest is for the writing
    session.close()


@pytest.mark.parametrize("seconds_a_step", [0.1, 0.4])
@pytest.mark.parametrize("seconds_a_write", [0.0, 0.2])
def test_never_more_than_five_seconds_are_lost(
    seconds_a_step: float, seconds_a_write: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that only training and writing move: whenever the process is killed, what is on the disk is not older than that."""
    now = 1000.0
    advance, write = Trainer.advance, checkpoint.write
    trained, saved, lost = [now], [0], [0.0]  # when each step was done; the steps that are on the disk; in seconds

    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds
        lost.append(now - trained[saved[-1]])

    def slow_advance(trainer: Trainer, most: int) -> int:
        taken = advance(trainer, most)
        pass_time(seconds_a_step)
        trained.append(now)
        return taken

    def slow_write(path: Path, found: checkpoint.Saved) -> None:
        pass_time(seconds_a_write)
        write(path, found)
        saved.append(found.state["step"])

    monkeypatch.setattr(Trainer, "advance", slow_advance)
    monkeypatch.setattr(checkpoint, "write", slow_write)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    session = begun(Store(tmp_path), 1, _tiny.points())
    session.send(Resume())
    session.turn(1e9, until_step=int(15 / seconds_a_step))
    assert len(saved) > 3
    assert 4.0 < max(lost) <= PROMISE + 1e-6
    session.close()

"""A server whose disks are read-only or full, mounted for the test where that is allowed: its other runs go on, and so do these once
there is room."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import _damage
import _robust
import _tiny
import pytest
from _damage import END, LONG, Disk, rests, run_id, serving, wait
from _robust import SPEED, Refusing, Told, all_written, begun, eventful, opened, paused_as_replayed, state, steps_on

from gan_core.errors import RunError
from gan_core.runs import about, keeping, looking
from gan_core.runs.about import About
from gan_core.runs.breaking import NOT_SAVED
from gan_core.runs.commands import Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store

told, _saved_often = _robust.told, _robust.saved_often  # fixtures
pytestmark = pytest.mark.usefixtures("measured_quickly")


class Mounts:
    """What is mounted for a test, where that is allowed."""

    def __init__(self, aside: Path) -> None:
        self._aside, self._made = aside, 0
        self._targets: list[Path] = []

    def mount(self, target: Path, *options: str) -> None:
        """`mount OPTIONS TARGET`."""
        _mount(*options, str(target))
        self._targets.append(target)

    def read_only(self, path: Path) -> Callable[[], None]:
        """Make a folder read-only, as far as anybody sees that asks from now on; call what is returned to undo that."""
        self._made += 1
        beside = self._aside / str(self._made)
        beside.mkdir()
        self.mount(beside, "--bind", str(path))
        _mount("-o", "remount,bind,ro", str(beside))  # not in its place yet, where somebody may be writing
        self.mount(path, "--bind", str(beside))
        with pytest.raises(OSError, match="Read-only"):
            (path / "x").touch()
        return lambda: self.unmount(path)

    def unmount(self, target: Path) -> None:
        """Take it away."""
        self._targets.remove(target)
        subprocess.run(["umount", "-l", str(target)], check=True)

    def undo(self) -> None:
        """Take all of it away."""
        for target in self._targets[::-1]:
            self.unmount(target)


def _mount(*arguments: str) -> None:
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("there is no mount command of Linux here")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def mounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounts]:
    made = Mounts(tmp_path_factory.mktemp("mounts"))
    yield made
    made.undo()


def not_saved(session: TrainingSession) -> bool:
    return session.status == "paused" and session.message.template == NOT_SAVED


def resumed(scheduler: Scheduler, *sessions: TrainingSession) -> None:
    """They are told to, and go on."""
    at = [session.step for session in sessions]
    for session in sessions:
        scheduler.send(session, Resume())
    wait(lambda: all(s.step > step + 5 for s, step in zip(sessions, at, strict=True)))


def one_run_refused(scheduler: Scheduler, refuse: Callable[[TrainingSession], Callable[[], None]], reason: str) -> None:
    """Two runs, of which one cannot be written for a while."""
    one, other = (scheduler.create(_tiny.points(seed=seed, speed=SPEED), "me") for seed in (1, 2))
    steps_on(one, other)
    relent = refuse(one)
    wait(lambda: not_saved(one))
    assert reason in str(one.message)
    assert scheduler.get(one.id) is one
    assert one.frame()
    steps_on(other)
    rows = {row.id: row for row in scheduler.rows(Query())[0]}
    assert (rows[one.id].status, rows[other.id].status) == ("paused", "running")
    scheduler.send(one, Resume())  # too early
    all_written(scheduler, one)
    assert not_saved(one)
    relent()
    resumed(scheduler, one)
    steps_on(one, other)
    one.change({"loss": "hinge"})
    steps_on(one, other)
    paused_as_replayed(scheduler, one, other)


@pytest.mark.usefixtures("_saved_often")
@pytest.mark.parametrize(
    "code", [errno.ENOSPC, *(pytest.param(code, marks=pytest.mark.long) for code in (errno.EROFS, errno.EIO))]
)
def test_one_run_whose_folder_refuses(code: int, tmp_path: Path) -> None:
    with serving(tmp_path) as scheduler:
        disks: list[Refusing] = []

        def before(what: str) -> None:
            if disks:
                disks[0]._before(what)

        def refuse(session: TrainingSession) -> Callable[[], None]:
            assert session.folder is not None
            disk.root = str(session.folder.path)
            disks.append(Refusing(session.folder.path, code))
            return disks[0].relent

        disk = Disk(tmp_path, before)
        with disk.between():
            one_run_refused(scheduler, refuse, os.strerror(code))


@pytest.mark.usefixtures("_saved_often")
def test_one_run_whose_folder_is_mounted_read_only(mounts: Mounts, tmp_path: Path) -> None:
    def refuse(session: TrainingSession) -> Callable[[], None]:
        assert session.folder is not None
        return mounts.read_only(session.folder.path)

    with serving(tmp_path) as scheduler:
        one_run_refused(scheduler, refuse, os.strerror(errno.EROFS))


@pytest.mark.usefixtures("_saved_often")
def test_a_data_folder_that_is_mounted_read_only(mounts: Mounts, told: Told, tmp_path: Path) -> None:
    story = told("points")
    resting = _damage.copied(story, tmp_path / "runs" / run_id(1))
    with serving(tmp_path) as scheduler:
        sessions = [scheduler.create(_tiny.points(seed=seed, speed=SPEED), "me") for seed in (1, 2, 3)]
        steps_on(*sessions)
        before = _damage.contents(resting)
        undo = mounts.read_only(tmp_path)
        wait(lambda: all(map(not_saved, sessions)))
        with pytest.raises(RunError, match="Read-only"):
            scheduler.create(_tiny.points(), "me")
        with pytest.raises(RunError, match="Read-only"):
            scheduler.branch(resting.name, 6, "me")
        with pytest.raises(RunError, match="Read-only"):
            scheduler.store.describe(resting.name, About("new"))
        with pytest.raises(RunError, match="Read-only"):
            scheduler.delete(sessions[2].id)
        found = scheduler.get(sessions[2].id)
        assert isinstance(found, TrainingSession)
        sessions[2] = found
        looked_at = scheduler.get(resting.name)
        assert isinstance(looked_at, TrainingSession)
        wait(lambda: looked_at.status == "paused")
        wait(lambda: bool(looked_at.latest.arrays))
        assert (looked_at.step, looked_at.config.loss) == (story.step, "hinge")
        assert {row.id for row in scheduler.rows(Query())[0]} == {resting.name, *(s.id for s in sessions)}
        assert _damage.contents(resting) == before
        all_written(scheduler, *sessions, looked_at)
        undo()
        scheduler.send(looked_at, Resume())
        resumed(scheduler, *sessions)
        rests(scheduler, looked_at)
        assert (looked_at.status, looked_at.step) == ("finished", END)
        assert RunFolder(resting).is_held_elsewhere, "another process could train it at the same time"
        paused_as_replayed(scheduler, *sessions, looked_at)
        scheduler.create(_tiny.points(), "me")


def test_looked_at_read_only_and_then_gone_on_with(mounts: Mounts, told: Told, tmp_path: Path) -> None:
    """A run that lost its last checkpoints: what its journal says of the steps after them does not count, now or later."""
    story = told("points")
    root = tmp_path / "data"
    name = Path("checkpoints/000000000012.safetensors")
    patient = _damage.harm(story, root / "runs" / run_id(1), {name: _damage.removed})
    assert patient is not None
    with serving(root) as scheduler:
        undo = mounts.read_only(root)
        session = scheduler.get(patient.path.name)
        assert isinstance(session, TrainingSession)
        wait(lambda: session.status == "paused")
        assert session.step in patient.possible
        at, undone = session.step, undo()
        assert undone is None
        scheduler.send(session, Resume())
        rests(scheduler, session)
        paused_as_replayed(scheduler, session)
        _tiny.assert_same(state(session), _damage.replayed(story.config, patient.truth(at), END))


def test_a_server_is_not_begun_on_a_read_only_folder(mounts: Mounts, tmp_path: Path) -> None:
    Store(tmp_path).close()
    undo = mounts.read_only(tmp_path)
    with pytest.raises(RunError, match=r"Read-only.*--data-dir"):
        Store(tmp_path)
    undo()
    Store(tmp_path)


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def filled_again_and_again(root: Path, seed: int, rounds: int = 3) -> None:
    """Runs on a small disk that is full at random moments, and then is not."""
    rng = random.Random(seed)
    with serving(root, workers=2) as scheduler:
        sessions = [scheduler.create(_tiny.points(seed=i, speed=SPEED), f"owner {i % 2}") for i in range(3)]
        sessions.append(scheduler.create(_tiny.pictures(speed=SPEED), "owner 0"))
        paused = {session.id: "paused" for session in sessions}
        steps_on(*sessions)

        def rows() -> dict[str, str]:
            return {row.id: row.status for row in scheduler.rows(Query())[0]}

        for round_ in range(rounds):
            time.sleep(rng.uniform(0.0, 0.3))
            fill(root / "filler")
            wait(lambda: all(map(not_saved, sessions)))
            assert {os.strerror(errno.ENOSPC) in str(session.message) for session in sessions} == {True}
            ids = scheduler.store.ids()
            wait(lambda: rows() == paused)  # a file may just have changed
            fill(root / "filler 2")  # what was being written has left some room
            with pytest.raises(RunError, match="No space"):
                scheduler.create(_tiny.points(), "me")
            assert scheduler.store.ids() == ids
            if round_:
                sessions[0].change({"g_optimizer.lr": 1e-3 / (round_ + seed + 2)})
            all_written(scheduler, *sessions)
            (root / "filler").unlink()
            (root / "filler 2").unlink()
            resumed(scheduler, *sessions)
            sessions[1].change({"d_optimizer.lr": 1e-3 / (round_ + seed + 2)})
        paused_as_replayed(scheduler, *sessions)
    for session in sessions:
        assert about.read(root / "runs" / session.id) == About()
        assert not list((root / "runs" / session.id).rglob(".*.new-*"))


@pytest.fixture
def small_disk(mounts: Mounts, tmp_path: Path) -> Path:
    root = tmp_path / "disk"
    root.mkdir()
    mounts.mount(root, "-t", "tmpfs", "-o", "size=4m", "tmpfs")
    return root


@pytest.fixture
def _few_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the history does not take the room that is free again."""
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 60.0)


@pytest.mark.usefixtures("_saved_often", "_few_moments")
def test_a_disk_that_is_full(small_disk: Path) -> None:
    filled_again_and_again(small_disk, 1, 2)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_saved_often", "_few_moments")
@pytest.mark.parametrize("seed", range(2, 32))
def test_a_disk_that_is_full_very_often(seed: int, small_disk: Path) -> None:
    filled_again_and_again(small_disk, seed)


def test_a_run_whose_folder_is_a_disk_of_its_own(small_disk: Path) -> None:
    """An empty folder that is there already cannot always be renamed or removed."""
    session = begun(small_disk)
    eventful(session)
    session.send(Resume())
    session.turn(LONG)
    session.close()
    again = opened(small_disk)
    assert (again.status, again.step) == ("finished", END)
    again.close()


def test_a_run_in_the_folder_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out .`: the shell is still in the same folder afterwards."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    RunFolder(Path(".")).create(_tiny.points(), {"step": 0})
    assert (Path(".") / "run.json").exists()
    assert sorted(os.listdir(tmp_path)) == ["empty"]


def test_a_disk_that_a_run_fills_itself(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """History takes all the room there is: the run pauses, and goes on when there is more."""
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)
    monkeypatch.setattr(keeping, "SAVE_SECONDS", 0.1)
    monkeypatch.setattr(looking, "UNWATCHED", 0.0)
    monkeypatch.setattr(looking, "SNAPSHOT_SHARE", 1.0)
    fill(small_disk / "filler")
    with (small_disk / "filler").open("r+b") as file:
        file.truncate((small_disk / "filler").stat().st_size - 250_000)
    with serving(small_disk) as scheduler:
        session = scheduler.create(_tiny.points(speed=SPEED), "me")
        wait(lambda: not_saved(session))
        all_written(scheduler, session)
        session._keeper._moments.least = 60.0
        (small_disk / "filler").unlink()
        resumed(scheduler, session)
        paused_as_replayed(scheduler, session)

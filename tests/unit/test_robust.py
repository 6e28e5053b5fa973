"""What disks, clocks and people do to the files of runs: every other run stays as it was, the damaged one goes on from the last
whole checkpoint, and ends bit for bit as if nothing had happened."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import _damage
import _tiny
import pytest
from _damage import CUTS, END, LONG, OTHER, Damage, Disk, Patient, Story, rests, run_id, serving, wait

from gan_core.config import replace
from gan_core.errors import PlaygroundError, RunError
from gan_core.runs import about, branching, database, facts, keeping, looking, quota
from gan_core.runs.about import About
from gan_core.runs.commands import Pause, Reset, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.following import FollowedRun
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import NOT_SAVED, TrainingSession
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

KINDS: dict[str, Callable[[Path], Story]] = {
    "points": lambda path: _damage.tell(path, _damage.ending(_tiny.points)),
    "pictures": lambda path: _damage.tell(path, _damage.ending(_tiny.pictures)),
    "large": lambda path: _damage.tell(path, _damage.ending(_tiny.points), best=12, large=True),
    "finished": lambda path: _damage.tell(path, _damage.ending(_tiny.points), to_the_end=True),
}
Told = Callable[[str], Story]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The run of a kind, trained once."""
    made: dict[str, Story] = {}

    def tell(kind: str) -> Story:
        if kind not in made:
            made[kind] = KINDS[kind](tmp_path_factory.mktemp(kind) / run_id(0))
        return made[kind]

    return tell


@pytest.fixture(autouse=True)
def _measured_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "METRIC_SAMPLES", 100)
    monkeypatch.setattr(looking, "PICTURE_SAMPLES", 20)


def treated(root: Path, story: Story, damages: dict[str, dict[Path, Damage]]) -> list[str]:
    """What is wrong after a copy of the run was damaged in each of these ways, all of them in one data folder, beside another run
    that nothing may happen to."""
    other = _damage.copied(story, root / "runs" / run_id(0))
    before = _damage.contents(other)
    found = {
        what: _damage.harm(story, root / "runs" / run_id(i), each) for i, (what, each) in enumerate(damages.items(), 1)
    }
    patients = {what: patient for what, patient in found.items() if patient is not None}
    assert patients
    _damage.treat(root, list(patients.values()))
    assert _damage.contents(other) == before
    return [f"{what}: {patient.outcome}" for what, patient in patients.items() if patient.outcome]


def each(names: list[Path], damage: Damage) -> dict[str, dict[Path, Damage]]:
    return {str(name): {name: damage} for name in names}


# ── a file is damaged ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_the_runs_have_every_kind_of_file(kind: str, told: Told) -> None:
    names = {str(name) for name in _damage.all_files(told(kind))}
    assert {"config.toml", "run.json", "notes.json", "journal.jsonl", "metrics.csv", "still.webp", ".lock"} <= names
    kept = sorted(name for name in names if name.startswith("checkpoints"))
    assert len(kept) == 4
    assert "best-" in kept[-1]
    assert sum(name.startswith("history") and name.endswith(".safetensors") for name in names) == 6
    assert any(name.endswith("0.webp") for name in names) == (kind == "pictures")
    assert [e["step"] for e in told(kind).journal if e["do"] == "change"] == list(_damage.CHANGES)


def test_large_states_are_shared_by_their_names(told: Told, tmp_path: Path) -> None:
    copy = _damage.copied(told("large"), tmp_path / "copy")
    newest = [copy / place for place in ("checkpoints/000000000012.safetensors", "checkpoints/best-000000000012.safetensors",
                                         "history/000000000012.safetensors")]  # fmt: skip
    assert newest[0].samefile(newest[2])
    assert len({path.read_bytes() for path in newest}) <= 2


@pytest.mark.parametrize("where", CUTS)
def test_a_file_cut_short(where: str, told: Told, tmp_path: Path) -> None:
    story = told("points")
    assert treated(tmp_path, story, each(_damage.typical(story), _damage.cut(where))) == []


@pytest.mark.parametrize("kind", ["pictures", "large", "finished"])
def test_files_of_other_runs_cut_short(kind: str, told: Told, tmp_path: Path) -> None:
    story, places = told(kind), random.Random(kind)
    damages = {f"{name}, {where}": {name: _damage.cut(where)}
               for name in _damage.typical(story) for where in [places.choice(CUTS)]}  # fmt: skip
    assert treated(tmp_path, story, damages) == []


@pytest.mark.parametrize(
    "what", ["garbage: text", "garbage: bytes", "garbage: json", "removed", "a folder in its place"]
)
def test_a_file_that_is_another(what: str, told: Told, tmp_path: Path) -> None:
    story = told("points")
    assert treated(tmp_path, story, each(_damage.typical(story), OTHER[what])) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("what", [*CUTS, *OTHER])
@pytest.mark.parametrize("kind", KINDS)
def test_every_file_in_every_way(kind: str, what: str, told: Told, tmp_path: Path) -> None:
    damage = OTHER[what] if what in OTHER else _damage.cut(what)
    assert treated(tmp_path, told(kind), each(_damage.all_files(told(kind)), damage)) == []


@pytest.mark.parametrize("where", ["nothing is left", "in the header", "one byte is missing"])
def test_cut_short_in_place_under_all_its_names(where: str, told: Told, tmp_path: Path) -> None:
    story = told("large")
    states = [name for name in _damage.all_files(story) if name.suffix == ".safetensors"]
    assert treated(tmp_path, story, each(states, _damage.cut(where, in_place=True))) == []


@pytest.mark.parametrize("kind", ["points", "large", "pictures"])
def test_without_any_checkpoint_it_goes_on_from_its_history(kind: str, told: Told, tmp_path: Path) -> None:
    story = told(kind)
    checkpoints = [name for name in _damage.all_files(story) if name.parts[0] == "checkpoints"]
    states = sorted(
        name for name in _damage.all_files(story) if name.parts[0] == "history" and name.suffix == ".safetensors"
    )
    ways: dict[str, Damage] = {"removed": _damage.removed, "cut": _damage.cut("two bytes are missing")}
    damages = {
        f"{how}, and {count} of the history": dict.fromkeys([*checkpoints, *states[len(states) - count :]], damage)
        for how, damage in ways.items() for count in (0, 2)
    }  # fmt: skip
    assert treated(tmp_path, story, damages) == []


def test_without_any_state_it_is_refused_and_not_begun_anew(told: Told, tmp_path: Path) -> None:
    story = told("points")
    states = [name for name in _damage.all_files(story) if name.suffix == ".safetensors"]
    more = [[], ["run.json"], ["config.toml"], ["run.json", "config.toml"], ["journal.jsonl"]]
    damages = {f"{len(states)} states, {names}": dict.fromkeys([*states, *map(Path, names)], damage)
               for names in more for damage in (_damage.removed,)}  # fmt: skip
    assert treated(tmp_path, story, damages) == []


@pytest.mark.parametrize("name", ["checkpoints", "history"])
@pytest.mark.parametrize("kind", ["points", "large"])
def test_a_folder_that_is_gone(kind: str, name: str, told: Told, tmp_path: Path) -> None:
    story = told(kind)
    inside = [path for path in _damage.all_files(story) if path.parts[0] == name]

    def gone(path: Path) -> None:
        shutil.rmtree(path.parent, ignore_errors=True)

    def a_file(path: Path) -> None:
        gone(path)
        path.parent.write_bytes(b"a file")

    # All of them are named, so that they count as damaged: the first takes the folder away.
    damages = {what: {inside[0]: damage} | dict.fromkeys(inside[1:], lambda path: None)
               for what, damage in (("gone", gone), ("a file in its place", a_file))}  # fmt: skip
    assert treated(tmp_path, story, damages) == []


def any_way(rng: random.Random) -> Damage:
    """A bit that flips in the journal is left out: nothing would tell what was changed there before it was saved."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        match rng.randrange(4):
            case 0:
                path.unlink()
            case 1:
                _damage.put(path, rng.randbytes(rng.randrange(4000)))
            case 2 if data and path.suffix != ".jsonl":
                at = rng.randrange(len(data))
                _damage.put(path, data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
            case _:
                _damage.put(path, data[: rng.randrange(len(data) + 1)])

    return damage


def many_files(seed: int, story: Story, tries: int) -> dict[str, dict[Path, Damage]]:
    """Some of its files at once, each in a way of its own."""
    rng = random.Random(seed)
    names = _damage.all_files(story)
    return {
        f"try {i}": {name: any_way(rng) for name in rng.sample(names, rng.randint(1, len(names)))} for i in range(tries)
    }


@pytest.mark.parametrize("kind", ["points", "large"])
def test_many_files_damaged_at_once(kind: str, told: Told, tmp_path: Path) -> None:
    assert treated(tmp_path, told(kind), many_files(1, told(kind), 16)) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("kind", KINDS)
def test_many_files_damaged_at_once_in_hundreds_of_ways(kind: str, seed: int, told: Told, tmp_path: Path) -> None:
    assert treated(tmp_path, told(kind), many_files(seed, told(kind), 30)) == []


def test_a_damaged_run_that_was_never_saved(tmp_path: Path) -> None:
    """Nothing says the settings twice: it begins at step 0 as it should, or it is refused, and the table says why."""
    config = _damage.ending(_tiny.points)
    ways = {**{where: _damage.cut(where) for where in CUTS}, **OTHER}
    made: list[tuple[str, Path]] = []
    for name in ("config.toml", "run.json"):
        for what, damage in ways.items():
            folder = RunFolder(tmp_path / "runs" / run_id(len(made)))
            folder.create(config, facts.of_new(folder.path.name, "me", config))
            try:
                damage(folder.path / name)
            except _damage.NoSuchPlaceError:
                shutil.rmtree(folder.path)
            else:
                made.append((f"{name}, {what}", folder.path))
    wrong = []
    with serving(tmp_path) as scheduler:
        sessions = [scheduler.get(path.name) for _what, path in made]
        problems = {row.id: row.problem for row in scheduler.rows(Query(limit=100))[0]}
        for (what, path), session in zip(made, sessions, strict=True):
            if session is None:
                wrong += [what] if not problems[path.name] else []
                continue
            assert isinstance(session, TrainingSession)
            assert session.config == config
            scheduler.send(session, Resume())
            rests(scheduler, session)
            assert session.trainer is not None
            _tiny.assert_same(session.trainer.state_dict(), _damage.replayed(config, [], END))
    assert wrong == [], "these are refused, and the table says of no problem"


def opened(path: Path) -> TrainingSession:
    return _damage.reopened(RunFolder(path))


def go_on(session: TrainingSession, step: int) -> None:
    session.send(Resume())
    session.turn(LONG, until_step=step)
    session.send(Pause())
    session.turn(0.0)


def state(session: TrainingSession) -> dict[str, Any]:
    assert session.trainer is not None
    return session.trainer.state_dict()


@pytest.mark.parametrize("how", ["removed", "garbage: text"])
def test_damaged_once_more(how: str, told: Told, tmp_path: Path) -> None:
    """A journal that was lost, and later the newest checkpoints: the entries of steps that are lost go with them."""
    path = _damage.copied(told("points"), tmp_path / run_id(0))
    OTHER[how](path / "journal.jsonl")
    session = opened(path)
    go_on(session, 14)
    for step, value in ((15, 0.001), (16, 0.002)):
        session.change({"d_optimizer.lr": value})
        go_on(session, step)
    session.close()
    for name in ("000000000014", "000000000015", "000000000016"):
        _damage.garbage("bytes")(path / "checkpoints" / f"{name}.safetensors")
    again = opened(path)
    assert again.step < 14
    assert again.folder is not None
    assert [entry for entry in again.folder.journal() if entry["step"] > again.step] == []
    assert [mark for mark in again.marks if mark.step > again.step] == []


def test_changed_after_the_journal_was_lost(told: Told, tmp_path: Path) -> None:
    """What was changed since is not lost in a crash, although older entries are."""
    path = _damage.copied(told("points"), tmp_path / run_id(0))
    (path / "journal.jsonl").unlink()
    session = opened(path)
    before = session.config
    session.change({"d_optimizer.lr": 0.0003})
    session._keeper._saver = lambda job: None  # nothing more is saved before the process is killed
    session.turn(0.0)
    assert session.folder is not None
    session.folder.unlock()
    again = opened(path)
    assert again.step == session.step
    assert again.config == session.config == replace(before, {"d_optimizer.lr": 0.0003})


def test_files_that_people_put_beside_those_of_a_run(told: Told, tmp_path: Path) -> None:
    story = told("points")
    path = _damage.copied(story, tmp_path / "runs" / run_id(1))
    newest = "checkpoints/000000000012.safetensors"
    beside = ["checkpoints/000000000012 (copy).safetensors", "checkpoints/best-6 of all.safetensors", "checkpoints/7z.safetensors",
              "history/first.webp", "history/000000000005 (1).safetensors", "history/²³.safetensors", "a.txt", ".DS_Store"]  # fmt: skip
    for name in beside:
        shutil.copyfile(path / newest, path / name)
    patient = Patient(story, path, [], story.journal)
    assert _damage.treat(tmp_path, [patient]) == []
    assert all((path / name).exists() for name in beside)


def test_a_branch_where_one_of_two_copies_is_damaged(told: Told, tmp_path: Path) -> None:
    """The state of step 12 is there as a checkpoint, as the best, and in the history."""
    story = told("large")
    names = ("checkpoints/000000000012", "checkpoints/best-000000000012", "history/000000000012")
    for i, name in enumerate(names):
        path = _damage.copied(story, tmp_path / "runs" / run_id(i))
        OTHER["garbage: bytes"](path / f"{name}.safetensors")
        target = RunFolder(tmp_path / "runs" / run_id(i + 10))
        branching.branch(RunFolder(path), path.name, 12, target, target.path.name, "me")
        entries = [entry for entry in story.journal if entry["step"] < 12]
        branch = opened(target.path)
        go_on(branch, END)
        _tiny.assert_same(state(branch), _damage.replayed(story.config, entries, END))


def test_a_branch_whose_picture_is_damaged(told: Told, tmp_path: Path) -> None:
    story = told("pictures")
    path = _damage.copied(story, tmp_path / "runs" / run_id(1))
    OTHER["garbage: bytes"](path / "history/000000000011.webp")
    target = RunFolder(tmp_path / "runs" / run_id(2))
    branching.branch(RunFolder(path), path.name, 11, target, target.path.name, "me")
    assert opened(target.path).step == 11


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

YEAR = 365.0 * 24 * 3600
JUMPS = (0.0, -YEAR, 10 * YEAR, -1.0, 0.0, -20 * YEAR, 3600.0)


class Clock:
    """The time of day, as far from the real one as `jump` said; the times of the files follow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.away)

        class Moved(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Moved:
                return cls.fromtimestamp(time.time(), tz)

        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("gan_core") and getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Moved)

    def jump(self, away: float, *roots: Path) -> None:
        self.away = away
        for root in roots:
            for path in [root, *root.rglob("*")]:
                try:
                    os.utime(path, (time.time(), time.time()))
                except FileNotFoundError:  # a run that trains replaces its files
                    continue


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_clock_that_jumps_while_a_run_trains(clock: Clock, told: Told, tmp_path: Path) -> None:
    story = told("points")
    path = _damage.copied(story, tmp_path / run_id(1))
    session = opened(path)
    for away, step in zip(JUMPS, range(13, 20), strict=True):
        clock.jump(away, path)
        go_on(session, step)
        if step == 15:
            session.close()
            clock.jump(-away, path)
            session = opened(path)
    assert session.folder is not None
    entries = session.folder.journal()
    assert [entry["step"] for entry in entries] == sorted(entry["step"] for entry in entries)
    assert entries[: len(story.journal)] == story.journal
    times = [entry["time"] for entry in entries]
    assert times != sorted(times)  # the clock did jump
    _tiny.assert_same(state(session), _damage.replayed(story.config, entries, 19))
    _tiny.assert_same(_damage.replay(session.folder.config(), entries, 19), state(session))
    assert [_damage.step_of(file) for file in sorted((path / "checkpoints").glob("0*"))] == [17, 18, 19]
    assert (path / "checkpoints/best-000000000006.safetensors").exists()
    session.close()


def test_the_clock_does_not_say_when_to_save(
    clock: Clock, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _damage.copied(told("points"), tmp_path / run_id(1))
    session = opened(path)
    session.send(Resume())
    session.turn(LONG, until_step=13)
    saved = _damage.contents(path / "checkpoints")
    due = session._keeper._next
    step = Trainer.step

    def jumping(trainer: Trainer) -> None:
        clock.jump(JUMPS[trainer.step_count % len(JUMPS)])
        step(trainer)

    monkeypatch.setattr(Trainer, "step", jumping)
    session.turn(LONG, until_step=17)
    assert session.step == 17
    if time.perf_counter() < due:  # on a machine that is not far too slow
        assert _damage.contents(path / "checkpoints") == saved
        assert session._keeper._next == due


def test_a_server_whose_clock_jumps(clock: Clock, tmp_path: Path) -> None:
    sessions: list[TrainingSession] = []
    with serving(tmp_path, grace_seconds=600) as scheduler:
        for i, away in enumerate(JUMPS):
            clock.jump(away, tmp_path)
            session = scheduler.create(_tiny.points(seed=i), "me")
            sessions.append(session)
            wait(lambda session=session: session.step > 5)
            scheduler.store.describe(session.id, About(f"run {i}"))
            scheduler._next_refresh = 0.0
            rows, total = scheduler.rows(Query())
            assert total == len(sessions)
            assert {row.id: row.name for row in rows} == {s.id: f"run {k}" for k, s in enumerate(sessions)}
            assert [row.created for row in rows] == sorted((row.created for row in rows), reverse=True)
            assert {row.status for row in rows} == {"running"}  # nobody is thought to have been away for ten years
            assert sorted(scheduler.store.ids()) == sorted(s.id for s in sessions)
        assert len({s.id for s in sessions}) == len(JUMPS)
        for session in sessions:
            assert scheduler.get(session.id) is session
            scheduler.send(session, Pause())
        for session in sessions:
            rests(scheduler, session)
    for i, session in enumerate(sessions):
        _tiny.assert_same(state(session), _damage.replayed(_tiny.points(seed=i), [], session.step))


def test_followers_when_the_clock_jumps(clock: Clock, told: Told, tmp_path: Path) -> None:
    path = _damage.copied(told("points"), tmp_path / run_id(1))
    session = opened(path)
    followed = FollowedRun(path.name, RunFolder(path))
    session.send(Resume())
    for step, away in enumerate(JUMPS[:5], 13):
        clock.jump(away, path)
        followed.touch()
        os.utime(path / ".followed", (time.time(), time.time()))
        session.turn(LONG, until_step=step)
        session._look()
        assert (followed.step, followed.status) == (step, "running")
        assert not followed.gone
    session.close()


def saved_at(path: Path, away: float) -> None:
    """The run was last saved when a clock said so."""
    said = json.loads((path / "run.json").read_text(encoding="utf-8"))
    moment = datetime.fromtimestamp(time.time() + away).astimezone()
    (path / "run.json").write_text(json.dumps(said | {"saved": moment.isoformat()}), encoding="utf-8")
    for file in [path, *path.rglob("*")]:
        os.utime(file, (moment.timestamp(), moment.timestamp()))


@pytest.fixture
def runs_of_all_times(told: Told, tmp_path: Path) -> list[Path]:
    """The last of them is deleted."""
    paths = [_damage.copied(told("points"), tmp_path / "runs" / run_id(i)) for i in range(4)]
    for path, away in zip(paths, (-YEAR, 0.0, 10 * YEAR, 10 * YEAR), strict=True):
        saved_at(path, away)
    (tmp_path / "trash").mkdir()
    return [*paths[:-1], paths[-1].rename(tmp_path / "trash" / paths[-1].name)]


def test_no_clock_makes_a_quota_remove_anything(runs_of_all_times: list[Path], clock: Clock, tmp_path: Path) -> None:
    before = {path: _damage.contents(path) for path in runs_of_all_times}
    store = Store(tmp_path)
    for away in JUMPS:
        clock.jump(away, tmp_path)
        assert quota.make_room(store, 10**9, set()) == sum(
            len(data) for found in before.values() for data in found.values()
        )
    assert {path: _damage.contents(path) for path in runs_of_all_times} == before
    store.close()


def test_what_a_quota_removes_at_any_time_of_day(
    runs_of_all_times: list[Path], clock: Clock, told: Told, tmp_path: Path
) -> None:
    """The deleted run first, whatever its time; then what can be done without; never what a run goes on from, nor one in use."""
    *kept, deleted = runs_of_all_times
    before = {path: _damage.contents(path) for path in kept}
    store = Store(tmp_path)
    store.index.refresh()
    clock.jump(-YEAR)
    quota.make_room(store, store.index.bytes_used() - 1, set())
    assert not deleted.exists()
    assert {path: _damage.contents(path) for path in kept} == before
    clock.jump(10 * YEAR)
    quota.make_room(store, 1, {kept[2].name})
    assert _damage.contents(kept[2]) == before[kept[2]]
    for path in kept[:2]:
        left = _damage.contents(path)
        assert before[path].items() >= left.items()
        assert set(left) >= {"config.toml", "run.json", "journal.jsonl", "metrics.csv", "notes.json", "still.webp",
                             "checkpoints/000000000012.safetensors", "checkpoints/best-000000000006.safetensors"}  # fmt: skip
    store.close()
    patients = [Patient(told("points"), path, [], told("points").journal) for path in kept]
    assert _damage.treat(tmp_path, patients) == []
    assert [patient.at for patient in patients] == [12, 12, 12]


# ── disks that refuse ────────────────────────────────────────────────────────────────────────────────────────────────────

EVENTS: dict[int, dict[str, Any]] = {
    2: {"g_optimizer.lr": 5e-4},
    5: {"loss": "hinge"},
    7: {"instance_noise": 0.05},
    9: {},
}


class Refusing:
    """A disk that refuses to change anything below `root`: not before its operation number `first`, and then for so many."""

    def __init__(self, root: Path, code: int, first: int = 0, count: int = 10**9) -> None:
        self.code, self.refused = code, range(first, first + count)
        self.done = 0
        self.disk = Disk(root, self._before)

    def _before(self, what: str) -> None:
        self.done += 1
        if self.done - 1 in self.refused:
            raise OSError(self.code, os.strerror(self.code), what)

    def relent(self) -> None:
        self.refused = range(0)


def begun(path: Path) -> TrainingSession:
    config = _damage.ending(_tiny.points)
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "me", config))
    session = TrainingSession(path.name, "me", config, folder)
    session.prepare()
    return session


def eventful(session: TrainingSession) -> list[dict[str, Any]]:
    """Everything that writes: saving, changing, keeping moments. What was changed, as a journal has it."""
    done = []
    session.turn(0.0, until_step=0)
    for step, values in EVENTS.items():
        session.send(Resume())
        session.turn(LONG, until_step=step)
        session._look()
        session.change(values)
        done.append({"step": session.step, "changes": {name: [None, value] for name, value in values.items()}})
        session.turn(LONG, until_step=step + 1)
        session.send(Pause())
        session.turn(0.0)
    return done


def end_after_refusals(path: Path, disk: Refusing) -> str:
    """What is wrong with a run whose disk refused for a while."""
    session = begun(path)
    lasting = disk.refused.stop > 10**6
    with disk.disk.between():
        entries = eventful(session)
        if lasting and (session.status, session.message.template) != ("paused", NOT_SAVED):
            return f"the disk refused, and it is {session.status}: {session.message}"
        disk.relent()
        session.send(Resume())
        session.turn(LONG)
    session.release()
    if (session.status, session.step) != ("finished", END) or session.message.template == NOT_SAVED:
        return f"with a disk again it is {session.status} at step {session.step}: {session.message}"
    again = opened(path)
    assert again.folder is not None
    own = _damage.replay(again.folder.config(), again.folder.journal(), END)
    again.close()
    ends = {"its end": state(session), "what was saved": state(again), "what its journal replays to": own}
    expected = _damage.replayed(_damage.ending(_tiny.points), entries, END)
    wrong = (_damage.difference(what, found, expected) for what, found in ends.items())
    return next(filter(None, wrong), "")


def refusals(root: Path, every: int, offset: int, code: int, count: int) -> list[str]:
    """What goes wrong where the disk begins to refuse at every so many-th of the operations."""
    counting = Refusing(root / "counted", code, first=10**9)
    session = begun(root / "counted")
    with counting.disk.between():
        eventful(session)
    session.release()
    found = []
    for first in range(offset, counting.done, every):
        disk = Refusing(root / str(first), code, first, count)
        if wrong := end_after_refusals(root / str(first), disk):
            found.append(f"from operation {first} on: {wrong}")
    return found


@pytest.fixture
def _every_moment_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)


@pytest.mark.long
@pytest.mark.usefixtures("_every_moment_is_kept")
@pytest.mark.parametrize(("code", "count", "offset"), [(errno.ENOSPC, 10**9, 0), (errno.EROFS, 10**9, 3), (errno.EIO, 1, 1)],
                         ids=["full", "read-only", "one error"])  # fmt: skip
def test_a_disk_that_refuses_from_some_operation_on(code: int, count: int, offset: int, tmp_path: Path) -> None:
    assert refusals(tmp_path, 13, offset, code, count) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_every_moment_is_kept")
@pytest.mark.parametrize("count", [1, 2, 7, 10**9])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_from_every_operation_on(code: int, count: int, tmp_path: Path) -> None:
    assert refusals(tmp_path, 1, 0, code, count) == []


def reset_refused(path: Path, first: int, *, again: bool) -> bool:
    """Reset a run on a disk that refuses from some operation on: it says that it was the disk, and begins anew, if it is told so
    again or goes on as it is once the disk takes everything. Whether nothing had to be refused."""
    session = begun(path)
    eventful(session)
    disk = Refusing(path, errno.ENOSPC, first)
    with disk.disk.between():
        session.send(Reset())
        session.turn(0.0)
        go_on(session, session.step + 1)
        done = disk.done <= first
        assert done or session.message.template == NOT_SAVED, f"from operation {first} on: {session.message}"
        disk.relent()
        if again:
            session.send(Reset())
        session.send(Resume())
        session.turn(LONG)
    assert (session.status, session.step) == ("finished", END)
    session.release()
    assert session.folder is not None
    expected = _damage.replay(session.folder.config(), session.folder.journal(), END)
    _tiny.assert_same(state(session), expected)
    later = opened(path)
    assert (later.status, later.step) == ("finished", END), (
        f"from operation {first} on, it was lost when it was opened later"
    )
    _tiny.assert_same(state(later), expected)
    later.close()
    return done


@pytest.mark.parametrize("again", [True, False], ids=["told again", "not told again"])
def test_a_reset_on_a_disk_that_refuses(again: bool, tmp_path: Path) -> None:
    assert [reset_refused(tmp_path / str(first), first, again=again) for first in (*range(2, 44, 6), 1000)][-1]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("again", [True, False], ids=["told again", "not told again"])
def test_a_reset_on_a_disk_that_refuses_anything(again: bool, tmp_path: Path) -> None:
    first = 0
    while not reset_refused(tmp_path / str(first), first, again=again):
        first += 1
    assert first > 10


def test_a_reset_leaves_nothing_of_the_time_before(tmp_path: Path) -> None:
    session = begun(tmp_path / "run")
    eventful(session)
    assert session.folder is not None
    before = session.folder.facts()
    session.send(Reset())
    session.turn(0.0)
    after = session.folder.facts()
    assert (after["step"], after["images"], after["seconds"]) == (0, 0, 0.0)
    assert "best" not in after
    assert after["created"] == before["created"]
    assert session.folder.states() == {}
    assert {path.name for path in _damage.files(session.folder.path)} <= {
        ".lock", "config.toml", "run.json", "journal.jsonl", "still.webp"}  # fmt: skip
    session.close()


def made_unless(code: int, make: Callable[[], TrainingSession]) -> TrainingSession | None:
    """None where the disk refused, and this was said."""
    try:
        return make()
    except PlaygroundError as error:
        if os.strerror(code) not in str(error):
            raise
    return None


def test_a_run_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    """Wherever the disk begins to refuse, and when it takes everything again."""
    with serving(tmp_path) as scheduler:
        first, made = 0, None
        while made is None:
            disk = Refusing(tmp_path / "runs", errno.ENOSPC, first)
            with disk.disk.between():
                made = made_unless(errno.ENOSPC, lambda: scheduler.create(_tiny.points(), "me"))
                disk.relent()
            if made is None:
                assert scheduler.store.ids() == [], f"from operation {first} on"
                assert scheduler.rows(Query())[1] == 0
            first += 1
        assert first > 3
        assert scheduler.store.ids() == [made.id]


def test_a_branch_that_cannot_be_made_leaves_nothing_behind(told: Told, tmp_path: Path) -> None:
    story = told("points")
    source = _damage.copied(story, tmp_path / "runs" / run_id(1))
    before = _damage.contents(source)
    with serving(tmp_path) as scheduler:
        first, branch = 0, None
        while branch is None:
            disk = Refusing(tmp_path / "runs", errno.EDQUOT, first)
            with disk.disk.between():
                branch = made_unless(errno.EDQUOT, lambda: scheduler.branch(source.name, 6, "you"))
                disk.relent()
            if branch is None:
                assert scheduler.store.ids() == [source.name], f"from operation {first} on"
            first += 1
        assert first > 5
        assert _damage.contents(source) == before
        scheduler.send(branch, Resume())
        rests(scheduler, branch)
        entries = [entry for entry in story.journal if entry["step"] < 6]
        _tiny.assert_same(state(branch), _damage.replayed(story.config, entries, END))


# ── in a server, on disks of its own where they can be mounted ───────────────────────────────────────────────────────────


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


@pytest.fixture
def _saved_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SAVE_SECONDS", 0.05)
    monkeypatch.setattr(keeping, "WRITE_SHARE", 1)


def not_saved(session: TrainingSession) -> bool:
    return session.status == "paused" and session.message.template == NOT_SAVED


def steps_on(*sessions: TrainingSession) -> None:
    """They go on."""
    at = [session.step for session in sessions]
    wait(
        lambda: all(s.step > step + 5 or s.status in ("failed", "paused") for s, step in zip(sessions, at, strict=True))
    )
    assert [str(s.message) for s in sessions if s.status in ("failed", "paused")] == []


def resumed(scheduler: Scheduler, *sessions: TrainingSession) -> None:
    """They are told to, and go on."""
    at = [session.step for session in sessions]
    for session in sessions:
        scheduler.send(session, Resume())
    wait(lambda: all(s.step > step + 5 for s, step in zip(sessions, at, strict=True)))


def all_written(scheduler: Scheduler, *sessions: TrainingSession) -> None:
    """They rest, and nothing waits to be written any more."""
    for session in sessions:
        rests(scheduler, session)
    done = threading.Event()
    scheduler._save(done.set)
    assert done.wait(60)


def paused_as_replayed(scheduler: Scheduler, *sessions: TrainingSession) -> None:
    """After a pause each is, in memory and on the disk, what its settings and its journal replay to."""
    for session in sessions:
        scheduler.send(session, Pause())
    all_written(scheduler, *sessions)
    for session in sessions:
        assert session.folder is not None
        assert session.message.template != NOT_SAVED, str(session.message)
        expected = _damage.replay(session.folder.config(), session.folder.journal(), session.step)
        _tiny.assert_same(state(session), expected)
        _tiny.assert_same(session.folder.read_checkpoint().state, expected)
        assert session.folder.facts()["status"] == session.status


def one_run_refused(scheduler: Scheduler, refuse: Callable[[TrainingSession], Callable[[], None]], reason: str) -> None:
    """Two runs, of which one cannot be written for a while."""
    one, other = (scheduler.create(_tiny.points(seed=seed), "me") for seed in (1, 2))
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
@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EIO])
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
        sessions = [scheduler.create(_tiny.points(seed=seed), "me") for seed in (1, 2, 3)]
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


def filled_again_and_again(root: Path, seed: int) -> None:
    """Runs on a small disk that is full at random moments, and then is not."""
    rng = random.Random(seed)
    with serving(root, workers=2) as scheduler:
        sessions = [scheduler.create(_tiny.points(seed=i), f"owner {i % 2}") for i in range(3)]
        sessions.append(scheduler.create(_tiny.pictures(), "owner 0"))
        steps_on(*sessions)
        for round_ in range(3):
            time.sleep(rng.uniform(0.0, 0.3))
            fill(root / "filler")
            wait(lambda: all(map(not_saved, sessions)))
            assert {os.strerror(errno.ENOSPC) in str(session.message) for session in sessions} == {True}
            ids = scheduler.store.ids()
            rows = {row.id: row.status for row in scheduler.rows(Query())[0]}
            assert rows == {session.id: "paused" for session in sessions}
            with pytest.raises(RunError, match="No space"):
                scheduler.create(_tiny.points(), "me")
            assert scheduler.store.ids() == ids
            if round_:
                sessions[0].change({"g_optimizer.lr": 1e-3 / (round_ + seed + 2)})
            all_written(scheduler, *sessions)
            (root / "filler").unlink()
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
    filled_again_and_again(small_disk, 1)


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
        session = scheduler.create(_tiny.points(), "me")
        wait(lambda: not_saved(session))
        all_written(scheduler, session)
        session._keeper._moments.least = 60.0
        (small_disk / "filler").unlink()
        resumed(scheduler, session)
        paused_as_replayed(scheduler, session)


# ── the index ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(9000))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _replaced(path: Path) -> None:
    _damage.put(path, b"another file" * 99)


def _gone(path: Path) -> None:
    for file in path.parent.glob("index.sqlite*"):
        file.unlink()


def _of_another_version(path: Path) -> None:
    other = path.with_name("other.sqlite")
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE run (id TEXT)")
        db.execute("PRAGMA user_version = 99")
    db.close()
    _gone(path)
    os.replace(other, path)


def _another_version_said(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def _emptied(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE run")
    db.close()


INDEX_DAMAGE: dict[str, Damage] = {
    "garbage": _garbage, "cut": _cut, "replaced": _replaced, "gone": _gone, "of another version": _of_another_version,
    "of another version since": _another_version_said, "without its table": _emptied,
}  # fmt: skip


def right_rows(scheduler: Scheduler, sessions: list[TrainingSession], resting: set[str]) -> None:
    """The table shows every run as it is, or as it was when it was last saved."""
    scheduler._next_refresh = 0.0
    rows, total = scheduler.rows(Query())
    found = {row.id: (row.status, row.problem) for row in rows}
    assert found == dict.fromkeys(resting, ("paused", "")) | {session.id: ("running", "") for session in sessions}
    assert total == len(rows)
    steps = {row.id: row.step for row in rows}
    assert all(0 < steps[session.id] <= session.step for session in sessions)


@pytest.mark.usefixtures("_saved_often")
def test_an_index_that_is_damaged_while_runs_train(told: Told, tmp_path: Path) -> None:
    resting = {_damage.copied(told("points"), tmp_path / "runs" / run_id(i)).name for i in range(3)}
    with serving(tmp_path) as scheduler:
        sessions = [scheduler.create(_tiny.points(seed=seed), "me") for seed in (1, 2)]
        steps_on(*sessions)
        for damage in INDEX_DAMAGE.values():
            right_rows(scheduler, sessions, resting)
            damage(tmp_path / "index.sqlite")
            steps_on(*sessions)
            right_rows(scheduler, sessions, resting)
            scheduler.store.describe(run_id(1), About("a name"))
            right_rows(scheduler, sessions, resting)
        assert {row.id for row in scheduler.rows(Query(text="a name"))[0]} == {run_id(1)}
        paused_as_replayed(scheduler, *sessions)


@pytest.mark.parametrize("how", INDEX_DAMAGE)
def test_an_index_that_was_damaged_before(how: str, told: Told, tmp_path: Path) -> None:
    resting = {_damage.copied(told("points"), tmp_path / "runs" / run_id(i)).name for i in range(3)}
    with serving(tmp_path) as scheduler:
        right_rows(scheduler, [], resting)
    INDEX_DAMAGE[how](tmp_path / "index.sqlite")
    before = {name: _damage.contents(tmp_path / "runs" / name) for name in resting}
    with serving(tmp_path) as scheduler:
        right_rows(scheduler, [], resting)
    assert {name: _damage.contents(tmp_path / "runs" / name) for name in resting} == before


_LOCKED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    db.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.read()
"""


def holding(index: Path, *statements: str) -> subprocess.Popen[str]:
    """Another process that has done this with the index, and does not end."""
    process = subprocess.Popen([sys.executable, "-c", _LOCKED, str(index), *statements], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, encoding="utf-8")  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


@pytest.mark.usefixtures("_saved_often")
@pytest.mark.parametrize(
    ("statements", "opened_first"),
    [(["BEGIN EXCLUSIVE"], True), (["BEGIN EXCLUSIVE"], False),
     (["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "SELECT * FROM run"], False)],
    ids=["while it is open", "before it is opened", "all of the file"],
)  # fmt: skip
def test_an_index_that_another_process_holds(
    statements: list[str], opened_first: bool, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    resting = {_damage.copied(told("points"), tmp_path / "runs" / run_id(i)).name for i in range(3)}
    with serving(tmp_path) as scheduler:
        right_rows(scheduler, [], resting)
    with serving(tmp_path) as scheduler:
        sessions: list[TrainingSession] = []
        if opened_first:
            right_rows(scheduler, sessions, resting)
        process = holding(tmp_path / "index.sqlite", *statements)
        try:
            for seed in (1, 2, 3):
                sessions.append(scheduler.create(_tiny.points(seed=seed), "me"))
                steps_on(*sessions)
                right_rows(scheduler, sessions, resting)
        finally:
            process.kill()
            process.communicate()
        right_rows(scheduler, sessions, resting)
        paused_as_replayed(scheduler, *sessions)

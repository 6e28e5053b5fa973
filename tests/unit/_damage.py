"""Small runs with everything a folder can hold, ways to damage their files, and what their end has to be all the same."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import _tiny
import pytest

from gan_core.config import RunConfig, replace
from gan_core.runs import about, checkpoint, facts, keeping
from gan_core.runs.about import About
from gan_core.runs.breaking import NOT_SAVED
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.commands import Pause, Resume, StepOnce
from gan_core.runs.folder import RunFolder
from gan_core.runs.following import FollowedRun
from gan_core.runs.index import Query
from gan_core.runs.keeping import Score, players
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

LONG = 60.0  # seconds: no turn is meant to end by its time
END = 18  # steps: where the schedules of these runs are complete
STOPS = (3, 6, 8, 10, 12)  # the last three are kept as checkpoints
CHANGES: dict[int, dict[str, Any]] = {3: {"g_optimizer.lr": 5e-4}, 6: {"loss": "hinge"}, 10: {"instance_noise": 0.05},
                                      12: {"penalty_weight": 0.3}}  # fmt: skip
Damage: TypeAlias = Callable[[Path], None]
Entries: TypeAlias = list[dict[str, Any]]


def run_id(number: int, name: str = "ring") -> str:
    """The id of the run of that number."""
    return f"{name}-20260131-142530-{number:06x}"


def wait(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


# ── a run and what is known of it ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Story:
    """The folder of a run that was well, its settings at step 0, what was changed at which step, and where it is."""

    path: Path
    config: RunConfig
    journal: Entries
    step: int


def tell(path: Path, config: RunConfig, *, best: int = 6, large: bool = False, to_the_end: bool = False) -> Story:
    """A run paused at STOPS and changed there by CHANGES, the last change newer than its last checkpoint. `best`: the step of its
    best checkpoint; `large`: its states are too large for every moment of the history; `to_the_end`: it has finished."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "MOMENT_SECONDS", 0.0)
        patch.setattr(keeping, "MOMENT_SHARE", 1e9)
        if large:
            patch.setattr(keeping, "SMALL", 0)
        patch.setattr(Score, "of", _best_at(best))
        session = _begun(path, config)
        for step in STOPS:
            _go_on(session, step)
        if to_the_end:
            session.send(Resume())
            session.turn(LONG)
    about.write(path, About("Ringe – ünïcode", ("first", "zweite"), "Some notes,\nof two lines."))
    assert session.folder is not None
    session.release()
    return Story(path, config, session.folder.journal(), session.step)


def _best_at(step: int) -> Callable[[Any], Score | None]:
    """Scores by which the state at `step` is better than any other will be."""
    of = Score.of

    def scored(found: Any) -> Score | None:
        score = of(found)
        return score and dataclasses.replace(score, rank=1e6 - abs(score.step - step))

    return scored


def _begun(path: Path, config: RunConfig) -> TrainingSession:
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "me", config))
    session = TrainingSession(path.name, "me", config, folder)
    session.prepare()
    session.turn(0.0, until_step=0)
    return session


def _go_on(session: TrainingSession, step: int) -> None:
    session.send(Resume())
    session.turn(LONG, until_step=step - 1)
    session._look()  # a moment of the history
    session.turn(LONG, until_step=step)
    assert session.trainer is not None
    session._looker.measure(session.trainer)
    session.send(Pause())
    session.turn(0.0)
    if step in CHANGES:
        session.change(CHANGES[step])
        session.turn(0.0)


def reopened(folder: RunFolder) -> TrainingSession:
    """A run as the next process finds it, which gives the turns itself. Raises PlaygroundError for one that cannot be opened."""
    said = folder.facts()
    session = TrainingSession(folder.path.name, str(said.get("owner", "")), folder.config(), folder,
                              restore=folder.was_saved(said))  # fmt: skip
    session.prepare_stopped(said)
    session.prepare()
    session.turn(0.0)
    return session


def ending(make: Callable[..., RunConfig]) -> RunConfig:
    """The settings of a run that finishes at step END."""
    return make(horizon=END * make().batch_size)


def replay(config: RunConfig, entries: Entries, step: int) -> dict[str, Any]:
    """The state at `step` of a run that nothing happened to: the settings, and the changes of `entries` at their steps."""
    trainer = Trainer(config)
    for entry in entries:
        changes = {name: pair[1] for name, pair in entry.get("changes", {}).items()}
        if changes:
            _train(trainer, entry["step"])
            trainer.change(replace(trainer.config, changes))
        if who := players(entry):
            _train(trainer, entry["step"])
            trainer.step(who)
    _train(trainer, step)
    return copy_state(trainer.state_dict())


def _train(trainer: Trainer, step: int) -> None:
    while trainer.step_count < step:
        trainer.step()


_replays: dict[str, dict[str, Any]] = {}


def replayed(config: RunConfig, entries: Entries, step: int) -> dict[str, Any]:
    """`replay`, done once."""
    key = repr((config, [(e["step"], e.get("changes"), players(e)) for e in entries], step))
    if key not in _replays:
        _replays[key] = replay(config, entries, step)
    return _replays[key]


def copied(story: Story, target: Path) -> Path:
    """The same folder under another name, with the same files sharing their bytes."""
    names: dict[int, Path] = {}
    for source in files(story.path):
        new = target / source.relative_to(story.path)
        new.parent.mkdir(parents=True, exist_ok=True)
        number = source.stat().st_ino
        if number in names:
            os.link(names[number], new)
        else:
            shutil.copy2(source, new)
            names[number] = new
    return target


def files(folder: Path) -> list[Path]:
    """All files of a folder, whatever they are."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def typical(story: Story) -> list[Path]:
    """Of each kind of file (relative): the first and the last."""
    kinds: dict[tuple[Path, str, bool], list[Path]] = {}
    for path in all_files(story):
        alike = (
            (path.parent, path.suffix, path.name.startswith("best-"))
            if path.stem[-6:].isdecimal()
            else (path, "", False)
        )
        kinds.setdefault(alike, []).append(path)
    return sorted({path for each in kinds.values() for path in (each[0], each[-1])})


def all_files(story: Story) -> list[Path]:
    """Relative to its folder."""
    return [path.relative_to(story.path) for path in files(story.path)]


def contents(folder: Path) -> dict[str, bytes]:
    """Name -> bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in files(folder)}


# ── what can happen to a file ────────────────────────────────────────────────────────────────────────────────────────────


def places(data: bytes) -> dict[str, int]:
    """Where a file may be cut, by name: its length afterwards."""
    lines = [i + 1 for i, byte in enumerate(data) if byte == 10]
    header = 8 + int.from_bytes(data[:8], "little")  # where a safetensors file has one
    found = {
        "nothing is left": 0, "one byte is left": 1, "in the first line": (lines[0] if lines else 16) // 2,
        "after the first line": lines[0] if lines else 8, "in the header": min(header, len(data)) // 2, "after the header": header,
        "in the middle": len(data) // 2, "after half of the lines": lines[len(lines) // 2] if lines else len(data) // 4,
        "before the last line": lines[-2] if len(lines) > 1 else 3 * len(data) // 4,
        "nine bytes are missing": len(data) - 9, "two bytes are missing": len(data) - 2, "one byte is missing": len(data) - 1,
    }  # fmt: skip
    return {name: end for name, end in found.items() if 0 <= end < len(data)}


CUTS = (*places(b"a" * 50 + b"\n" + b"b" * 90 + b"\n" + b"c" * 50 + b"\n"), "after the header")


def cut(where: str, *, in_place: bool = False) -> Damage:
    """Cut a file short at that place, if it has such a place; every other name of the same bytes too, if `in_place`."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        end = places(data).get(where)
        if end is None:
            raise NoSuchPlaceError
        if in_place:
            os.truncate(path, end)
        else:
            put(path, data[:end])

    return damage


class NoSuchPlaceError(Exception):
    """This file cannot be damaged in this way."""


def put(path: Path, data: bytes) -> None:
    """Another file under the same name."""
    new = path.with_name("another")
    new.write_bytes(data)
    os.replace(new, path)


def garbage(kind: str) -> Damage:
    """Replace a file by what never was in it."""
    data = {"text": b"this, is\nnothing\n" * 9, "bytes": random.Random(5).randbytes(3000), "zeros": bytes(3000), "json": b"{}",
            "list": b"[[1], {}, null]\n", "binary start": (200).to_bytes(8, "little") + b"{" * 300}[kind]  # fmt: skip
    return lambda path: put(path, data)


def removed(path: Path) -> None:
    """Take it away."""
    path.unlink()


def a_folder(path: Path) -> None:
    """Put a folder in its place, with something in it."""
    path.unlink()
    path.mkdir()
    (path / "x").write_text("x", encoding="utf-8")


OTHER: dict[str, Damage] = {
    **{f"garbage: {kind}": garbage(kind) for kind in ("text", "bytes", "zeros", "json", "list", "binary start")},
    "removed": removed, "a folder in its place": a_folder,
}  # fmt: skip


class Disk:
    """Stands between the program and the files below `root`: calls `before` ahead of each operation that would change them, which may
    raise instead. Not for databases, which have ways of their own."""

    _CHANGING = ("replace", "rename", "link", "unlink", "mkdir", "rmdir", "truncate", "utime")

    def __init__(self, root: Path, before: Callable[[str], None]) -> None:
        self.root, self.before = str(root), before

    @contextlib.contextmanager
    def between(self) -> Iterator[None]:
        """Be there while the context is open."""
        with pytest.MonkeyPatch.context() as patch:
            for name in self._CHANGING:
                patch.setattr(os, name, self._watched(name, getattr(os, name), lambda *_: True))
            patch.setattr(os, "open", self._watched("open", os.open, _opens_to_write))
            patch.setattr(io, "open", self._watched("open", io.open, _is_mode_to_write))
            yield

    def _watched(self, name: str, real: Callable[..., Any], changes: Callable[..., bool]) -> Callable[..., Any]:
        def operation(path: Any, *rest: Any, **named: Any) -> Any:
            if self._below(path, named) and changes(*rest, *named.values()):
                self.before(f"{name} {path}")
            return real(path, *rest, **named)

        return operation

    def _below(self, path: Any, named: dict[str, Any]) -> bool:
        return named.get("dir_fd") is not None or (not isinstance(path, int) and os.fspath(path).startswith(self.root))


def _opens_to_write(flags: int, *_: Any) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _is_mode_to_write(mode: str = "r", *_: Any) -> bool:
    return any(letter in mode for letter in "wax+")


# ── opening what was damaged, and going on ───────────────────────────────────────────────────────────────────────────────


@dataclass
class Patient:
    """A damaged run: which of its files are no longer what they were, and what became of it."""

    story: Story
    path: Path
    harmed: list[Path]
    journal: Entries  # what is left of it
    at: int = -1  # the step that it was found at
    outcome: str = ""

    @property
    def possible(self) -> set[int]:
        """The steps that it may go on from: the newest whole checkpoint or, if that is later or there is none, the newest whole
        state of the history."""
        whole = self._whole_states()
        checkpoints = [step_of(path) for path in whole if path.parent.name == "checkpoints"]
        return {max(steps) for steps in (checkpoints, [step_of(path) for path in whole]) if steps}

    @property
    def has_to_open(self) -> bool:
        """Whether something whole says whose run it is, with which settings it began, and what it has come to."""
        whole = self._whole_states()
        owned = self._is_whole("run.json") or any(path.parent.name == "checkpoints" for path in whole)
        return bool(owned and whole)

    def _is_whole(self, name: str) -> bool:
        return self.path / name not in self.harmed

    def _whole_states(self) -> list[Path]:
        """In the folder that was well; those first that are preferred to others of the same step."""
        known = [path for path in files(self.story.path) if path.suffix == ".safetensors"]
        return sorted(
            (path for path in known if self._is_whole(str(path.relative_to(self.story.path)))), key=_preference
        )

    def truth(self, step: int) -> Entries:
        """What had been changed at `step`, as far as it can be known from what is whole: all that the state there depends on, and
        what was written in the journal at this step after it was saved."""
        state = next(path for path in self._whole_states() if step_of(path) == step)
        counted, entries = checkpoint.read(state).journal or 0, self.story.journal
        end = max(counted, len(self.journal))
        return entries[:counted] + [entry for entry in entries[counted:end] if entry["step"] == step]


def step_of(path: Path) -> int:
    """Of a file with a state."""
    return int(path.stem.removeprefix("best-"))


def _preference(path: Path) -> tuple[bool, bool]:
    return path.parent.name != "checkpoints", path.stem.startswith("best-")


def harm(story: Story, target: Path, damages: dict[Path, Damage]) -> Patient | None:
    """A copy of a run whose files (relative) are damaged in these ways; None where one of them cannot be."""
    copied(story, target)
    before = {path: _print(path) for path in files(target)}
    try:
        for name, damage in damages.items():
            damage(target / name)
    except NoSuchPlaceError:
        shutil.rmtree(target)
        return None
    harmed = [path for path, was in before.items() if _print(path) != was]
    return Patient(story, target, harmed, _left(target / "journal.jsonl", story))


def _print(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _left(path: Path, story: Story) -> Entries:
    """The first entries that are still what they were."""
    lines = path.read_bytes().split(b"\n") if path.is_file() else []
    count = 0
    for line, entry in zip(lines, story.journal, strict=False):
        if line != json.dumps(entry, ensure_ascii=False).encode():
            break
        count += 1
    return story.journal[:count]


@contextlib.contextmanager
def serving(root: Path, **options: Any) -> Iterator[Scheduler]:
    """A server's scheduler on this data folder, without limits."""
    scheduler = Scheduler(Store(root), **{"workers": 1, "max_runs": 999, "max_per_owner": 999, **options})
    try:
        yield scheduler
    finally:
        scheduler.close()


def rests(scheduler: Scheduler, session: TrainingSession) -> None:
    """Wait until no worker has anything to do for it."""

    def at_rest() -> bool:
        with scheduler._lock:
            loaded = session._data is not None or session.status == "failed"
            return loaded and session.id not in scheduler._busy and not session.wants_turn

    wait(at_rest)


def treat(root: Path, patients: list[Patient]) -> list[str]:
    """Open the damaged runs at once in one server, have each go on to its end, and compare that with the end of a run that nothing
    happened to. What was wrong."""
    with serving(root) as scheduler:
        sessions = [_opened(scheduler, patient) for patient in patients]
        rows, total = scheduler.rows(Query(limit=1000))
        assert total == len(rows)
        problems = {row.id: row.problem for row in rows}
        for session, patient in zip(sessions, patients, strict=True):
            if session is not None:
                _finish(scheduler, session, patient)
            elif not problems.get(patient.path.name):
                patient.outcome = patient.outcome or "it was refused, and the table says of no problem"
        scheduler.rows(Query())
    for session, patient in zip(sessions, patients, strict=True):
        if session is not None and not patient.outcome:
            patient.outcome = _compared(session, patient)
    return [patient.outcome for patient in patients if patient.outcome]


def _opened(scheduler: Scheduler, patient: Patient) -> TrainingSession | None:
    try:
        session = scheduler.get(patient.path.name)
    except Exception as error:
        patient.outcome = f"opening it raised {error!r}"
        return None
    if session is None and patient.has_to_open:
        patient.outcome = f"it was refused, though it could go on from {patient.possible}"
    assert not isinstance(session, FollowedRun)
    return session


def _finish(scheduler: Scheduler, session: TrainingSession, patient: Patient) -> None:
    """Up to its end, or a step further where it had come to its end."""
    rests(scheduler, session)
    if not patient.possible:
        if session.status != "failed" and (session.step or patient.story.step == 0):
            patient.outcome = f"nothing could be known of it, and it is {session.status} at step {session.step}"
        return
    if session.status == "failed":
        patient.outcome = f"it failed: {session.message}"
        return
    patient.at = session.step
    if session.status == "finished" and session.step < END:
        patient.outcome = f"it is said to have finished, at step {session.step} of {END}"
    scheduler.send(session, StepOnce() if patient.at >= END else Resume())
    rests(scheduler, session)


def _compared(session: TrainingSession, patient: Patient) -> str:
    """What is wrong with its end."""
    if not patient.possible:
        return ""
    if patient.at not in patient.possible:
        return f"it went on from step {patient.at} and not from {patient.possible}"
    if session.message.template == NOT_SAVED:
        return f"it is {session.status}: {session.message}"
    entries, end = patient.truth(patient.at), max(END, patient.at + 1) if patient.at >= END else END
    assert session.trainer is not None
    wrong = difference("its end", session.trainer.state_dict(), replayed(patient.story.config, entries, end))
    return wrong or _on_disk(patient, entries, end)


def _on_disk(patient: Patient, entries: Entries, end: int) -> str:
    """What is wrong with the files that it has left."""
    folder = RunFolder(patient.path)
    expected = replayed(patient.story.config, entries, end)
    if wrong := difference("its last checkpoint", folder.read_checkpoint().state, expected):
        return wrong
    best, kept = folder.facts().get("best"), folder.best_step()
    if best is not None and best["step"] != kept:
        return f"run.json says that step {best['step']} is the best, and what is kept is that of step {kept}"
    if len(patient.journal) < len(patient.story.journal):
        return ""
    own = replay(folder.config(), folder.journal(), end)
    return difference("what its settings and its journal replay to", own, expected)


def difference(what: str, found: dict[str, Any], expected: dict[str, Any]) -> str:
    """What to say of two states that are not the same."""
    try:
        _tiny.assert_same(found, expected)
    except AssertionError:
        return f"{what} is another one"
    return ""

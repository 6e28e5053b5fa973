"""Files of a run are damaged: every other run stays as it was, the damaged one goes on from the last whole checkpoint, and ends bit
for bit as if nothing had happened."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import _damage
import _robust
import _tiny
import pytest
from _damage import CUTS, END, OTHER, Damage, Patient, Story, rests, run_id, serving
from _robust import KINDS, Told, go_on, opened, state

from gan_core.config import replace
from gan_core.runs import branching, facts
from gan_core.runs.commands import Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Query
from gan_core.runs.session import TrainingSession

told = _robust.told  # a fixture
pytestmark = pytest.mark.usefixtures("measured_quickly")


def few(cases: Iterable[str], *chosen: str) -> list[Any]:
    """The chosen ones for the suite, the others of their kind for the long tests."""
    found = [pytest.param(case, marks=() if case in chosen else pytest.mark.long) for case in cases]
    assert set(chosen) <= {param.values[0] for param in found}
    return found


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


@pytest.mark.parametrize("where", few(dict.fromkeys(CUTS), "nothing is left", "in the header", "one byte is missing"))
def test_a_file_cut_short(where: str, told: Told, tmp_path: Path) -> None:
    story = told("points")
    assert treated(tmp_path, story, each(_damage.typical(story), _damage.cut(where))) == []


@pytest.mark.parametrize("kind", few(["pictures", "large", "finished"], "pictures", "finished"))
def test_files_of_other_runs_cut_short(kind: str, told: Told, tmp_path: Path) -> None:
    story, places = told(kind), random.Random(kind)
    damages = {f"{name}, {where}": {name: _damage.cut(where)}
               for name in _damage.typical(story) for where in [places.choice(CUTS)]}  # fmt: skip
    assert treated(tmp_path, story, damages) == []


@pytest.mark.parametrize("what", few(OTHER, "garbage: bytes", "removed"))
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


@pytest.mark.parametrize(
    "where", few(["nothing is left", "in the header", "one byte is missing"], "one byte is missing")
)
def test_cut_short_in_place_under_all_its_names(where: str, told: Told, tmp_path: Path) -> None:
    story = told("large")
    states = [name for name in _damage.all_files(story) if name.suffix == ".safetensors"]
    assert treated(tmp_path, story, each(states, _damage.cut(where, in_place=True))) == []


@pytest.mark.parametrize("kind", few(["points", "large", "pictures"], "points", "large"))
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
    assert treated(tmp_path, told(kind), many_files(1, told(kind), 8)) == []


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

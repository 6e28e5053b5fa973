"""The data folder: run ids that are no paths, folders that cannot be used, files cut short or changed."""

from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import _tiny
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core import registry, serial
from gan_core.config import RunConfig
from gan_core.errors import PlaygroundError, RunError
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from gan_core.runs.lock import RunLock
from gan_core.runs.store import Store

FACTS: dict[str, Any] = {"run": "x", "owner": "me", "status": "paused", "step": 3, "seconds": 1.5,
         "message": {"template": "at {step}", "params": {"step": 3}}}  # fmt: skip
FAST = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create(_tiny.points(), FACTS)
    made.append_journal({"step": 1, "do": "change", "changes": {"loss": ["hinge", "minimax"]}})
    made.append_journal({"step": 2, "do": "pause"})
    made.curves.append([(1, {"d_loss": 0.5, "g_loss": 1.0}), (2, {"d_loss": 0.25})], ("d_loss", "g_loss"))
    return made


def curve(folder: RunFolder, last_step: int) -> list[tuple[int, dict[str, float]]]:
    """The rows of the curves up to a step, without what is not there."""
    curves = folder.curves.load(("d_loss", "g_loss"), last_step)
    rows = curves.window(0, last_step)
    return [(int(step), {n: float(v) for n, v in zip(curves.names, mean, strict=True) if v == v})
            for step, mean in zip(rows.steps, rows.mean, strict=True)]  # fmt: skip


def test_round_trip(folder: RunFolder) -> None:
    assert folder.config() == _tiny.points()
    assert folder.facts() == {"version": 2, **FACTS}
    assert [e["do"] for e in folder.journal()] == ["change", "pause"]
    assert curve(folder, 1) == [(1, {"d_loss": 0.5, "g_loss": 1.0})]
    assert curve(folder, 9) == [(1, {"d_loss": 0.5, "g_loss": 1.0}), (2, {"d_loss": 0.25})]
    trainer = _tiny.trained(_tiny.points(), 1)
    folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(_tiny.points())))
    state, config, *_rest = folder.read_checkpoint()
    assert serial.from_dict(config) == _tiny.points()
    _tiny.assert_same(state, trainer.state_dict())


def test_everything_is_utf8(folder: RunFolder) -> None:
    folder.write_facts(FACTS | {"owner": "Zoë 数字"})
    assert "Zoë 数字" in (folder.path / "run.json").read_bytes().decode("utf-8")
    assert folder.facts()["owner"] == "Zoë 数字"


def test_restart_begins_anew(folder: RunFolder) -> None:
    folder.restart(_tiny.points(seed=8))
    assert folder.config().seed == 8
    assert folder.journal() == curve(folder, 9) == []
    assert folder.facts()["owner"] == "me"


# ── ids ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = ["", ".", "..", "../..", "/", "/etc/passwd", "..\\..\\x", "a/b", "ring", "ring-20250101-000000-abcdef/..", "\x00",
           "ring-20250101-000000-abcdef\n", "ring-20250101-000000-ABCDEF", "ríng-20250101-000000-abcdef", "%2e%2e", "~", "C:\\x",
           "ring-20250101-000000-abcdef\x00", "ring-２0250101-000000-abcdef", "con", "a" * 5000]  # fmt: skip


@pytest.mark.parametrize("run_id", HOSTILE)
def test_hostile_ids(run_id: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.exists(run_id)
    with pytest.raises(RunError, match="no such run"):
        store.folder(run_id)


@FAST
@given(st.text())
def test_any_text_as_an_id(tmp_path: Path, run_id: str) -> None:
    store = Store(tmp_path)
    assert not store.exists(run_id)


def test_own_ids_are_accepted_and_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ids = {store.new_id(name) for name in registry.dataset for _ in range(3)}
    assert len(ids) == 3 * len(registry.dataset)
    for run_id in ids:
        folder = store.folder(run_id)
        assert folder.path.parent == (tmp_path / "runs").resolve()
        assert not store.exists(run_id)
        folder.create(RunConfig(), FACTS)
        assert store.exists(run_id)
    (tmp_path / "runs" / "something else").mkdir()
    assert set(store.ids()) == ids
    stamps = [run_id.split("-", 1)[1] for run_id in store.ids()]
    assert stamps == sorted(stamps, reverse=True)


# ── folders that cannot be used ──────────────────────────────────────────────────────────────────────────────────────────


def kept(tmp_path: Path) -> tuple[Store, str]:
    store = Store(tmp_path)
    run_id = store.new_id("ring")
    store.folder(run_id).create(_tiny.points(), FACTS)
    return store, run_id


def test_moving_while_others_look_whether_it_is_held(tmp_path: Path) -> None:
    """Looking takes the lock for a moment, and taking a lock makes the folder it is in."""
    store, run_id = kept(tmp_path)
    folder = store.folder(run_id)
    folder.lock()
    folder.unlock()
    files = sorted(path.name for path in folder.path.iterdir())
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            RunLock(folder.path)._probe()

    with ThreadPoolExecutor(3) as others:
        looking = [others.submit(look) for _ in range(3)]
        try:
            for _ in range(100):
                store._move(folder.path, tmp_path / "trash" / run_id)
                store._move(tmp_path / "trash" / run_id, folder.path)
        finally:
            done.set()
        assert [each.result() for each in looking] == [None] * 3
    assert sorted(path.name for path in folder.path.iterdir()) == files
    assert not folder.is_held_elsewhere
    store.close()


def test_who_asks_whether_it_is_held_is_not_taken_for_its_holder(tmp_path: Path) -> None:
    store, run_id = kept(tmp_path)
    folder = store.folder(run_id)
    folder.lock()
    assert RunFolder(folder.path).is_held_elsewhere
    folder.unlock()

    def look(_: int) -> bool:
        return any(RunFolder(folder.path).is_held_elsewhere for _ in range(300))

    with ThreadPoolExecutor(8) as others:
        assert not any(others.map(look, range(8)))
    store.close()


def test_locking_a_run_that_was_deleted(tmp_path: Path) -> None:
    store, run_id = kept(tmp_path)
    folder = store.folder(run_id)
    store.delete(run_id)
    with pytest.raises(RunError, match="is gone: it was deleted"):
        folder.lock()
    assert not folder.path.exists()
    store.close()


def test_two_runs_of_one_name(tmp_path: Path) -> None:
    store, run_id = kept(tmp_path)
    store.delete(run_id)
    store.folder(run_id).create(_tiny.points(), FACTS)
    for move in (store.delete, store.restore):
        with pytest.raises(RunError, match="there is another run of that name in"):
            move(run_id)
    assert (tmp_path / "runs" / run_id / "run.json").exists()
    assert (tmp_path / "trash" / run_id / "run.json").exists()
    store.close()


def test_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(RunError, match="not empty"):
        RunFolder(tmp_path).create(RunConfig(), FACTS)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_under_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for path in (file, file / "run"):
        with pytest.raises(RunError, match="cannot be used"):
            RunFolder(path).create(RunConfig(), FACTS)
        with pytest.raises(RunError, match="data-dir"):
            Store(path)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.runs.atomic.write_bytes", full)
    with pytest.raises(RunError, match="No space left"):
        RunFolder(tmp_path / "run").create(RunConfig(), FACTS)


# ── files cut short or changed ───────────────────────────────────────────────────────────────────────────────────────────


def look(folder: RunFolder) -> None:
    """Read everything: what cannot be read is said in a PlaygroundError and in nothing else."""
    for reading in (folder.facts, folder.config, folder.journal, lambda: curve(folder, 10), folder.read_checkpoint):
        with contextlib.suppress(PlaygroundError):
            reading()


NAMES = ("run.json", "config.toml", "journal.jsonl", "metrics.csv")


@pytest.mark.parametrize("name", NAMES)
def test_cut_short(name: str, folder: RunFolder) -> None:
    path = folder.path / name
    whole = path.read_bytes()
    for end in range(0, len(whole), 1 if len(whole) < 200 else 23):
        path.write_bytes(whole[:end])
        look(folder)


@FAST
@given(name=st.sampled_from(NAMES), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit(folder: RunFolder, name: str, place: float, bit: int) -> None:
    path = folder.path / name
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[int(place * len(whole))] ^= 1 << bit
    path.write_bytes(changed)
    try:
        look(folder)
    finally:
        path.write_bytes(whole)


@FAST
@given(name=st.sampled_from(NAMES), data=st.binary(max_size=200))
def test_garbage(folder: RunFolder, name: str, data: bytes) -> None:
    path = folder.path / name
    whole = path.read_bytes()
    path.write_bytes(data)
    try:
        look(folder)
    finally:
        path.write_bytes(whole)


def test_a_journal_cut_short_keeps_what_is_whole(folder: RunFolder) -> None:
    path = folder.path / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert [e["do"] for e in folder.journal()] == ["change"]
    for line in (
        "5",
        "[]",
        '{"do": "x"}',
        '{"step": 1, "changes": 3}',
        '{"step": 1, "changes": {"loss": ["a"]}}',
        "\ud7ff",
    ):
        path.write_text('{"step": 1, "do": "pause"}\n' + line + "\n", encoding="utf-8")
        assert len(folder.journal()) == 1


def test_what_is_added_after_a_line_cut_short_is_whole(folder: RunFolder) -> None:
    for name in ("journal.jsonl", "metrics.csv"):
        path = folder.path / name
        path.write_bytes(path.read_bytes()[:-4])
    folder.curves.append([(30, {"d_loss": 0.5, "g_loss": 2.0})], ("d_loss", "g_loss"))
    assert curve(folder, 10**9)[-1] == (30, {"d_loss": 0.5, "g_loss": 2.0})
    assert all(step <= 30 for step, _row in curve(folder, 10**9))
    folder.cut_journal(folder.journal())
    folder.append_journal({"step": 3, "do": "resume"})
    assert [e["do"] for e in folder.journal()] == ["change", "resume"]


def test_metrics_of_a_run_that_had_gone_back(folder: RunFolder) -> None:
    """Rows behind which the run returned no longer count."""
    folder.curves.append([(5, {"d_loss": 9.0}), (3, {"d_loss": 3.0}), (4, {"d_loss": 4.0})], ("d_loss", "g_loss"))
    assert [row[0] for row in curve(folder, 10)] == [1, 2, 3, 4]


def test_no_run_json_and_wrong_numbers_in_it(folder: RunFolder) -> None:
    for text in ("[]", "3", '{"seconds": "long"}', '{"seconds": []}', "[" * 100_000, ""):
        (folder.path / "run.json").write_text(text, encoding="utf-8")
        with pytest.raises(PlaygroundError, match=r"run\.json"):
            folder.facts()
    (folder.path / "run.json").unlink()
    with pytest.raises(PlaygroundError, match=r"run\.json"):
        folder.facts()


def test_run_json_is_json(folder: RunFolder) -> None:
    def no_constant(name: str) -> None:
        raise AssertionError(name)

    json.loads((folder.path / "run.json").read_text(encoding="utf-8"), parse_constant=no_constant)


def test_a_run_that_is_held_for_a_moment_is_deleted_all_the_same(tmp_path: Path) -> None:
    """As by the quota, while it makes room."""
    store, run_id = kept(tmp_path)
    folder = store.folder(run_id)
    folder.lock()
    letting_go = threading.Timer(0.4, folder.unlock)
    letting_go.start()
    store.delete(run_id)
    letting_go.join()
    assert not store.exists(run_id)
    assert (tmp_path / "trash" / run_id).is_dir()
    store.close()

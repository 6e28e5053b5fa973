"""The index keeps up with the folders and with the runs in memory, and reads no more files than it has to."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import _index
import pytest
from _index import STATE, everything, facts_of, ids, make, run_id

from gan_core.runs import index
from gan_core.runs.about import About
from gan_core.runs.index import Index, Query

opened, table, read = _index.opened, _index.table, _index.read  # fixtures


# ── keeping up with the folders ──────────────────────────────────────────────────────────────────────────────────────────


def test_only_what_has_changed_is_read(tmp_path: Path, opened: Callable[..., Index], read: list[str]) -> None:
    for number in range(2000):
        make(tmp_path, run_id(number))
    (tmp_path / "trash").mkdir()
    table = opened(tmp_path)
    table.refresh()
    assert sorted(read) == [run_id(number) for number in range(2000)]
    read.clear()
    table.refresh()
    table.refresh(everything=True)
    assert read == []

    make(tmp_path, run_id(3), facts_of(run_id(3), step=5))
    make(tmp_path, run_id(2001))
    (tmp_path / "runs" / run_id(4)).rename(tmp_path / "trash" / run_id(4))
    shutil.rmtree(tmp_path / "runs" / run_id(5))
    table.refresh()
    assert sorted(read) == [run_id(4), run_id(2001)]  # files of runs that rest are only looked at now and then
    table.refresh(everything=True)
    assert sorted(read) == [run_id(3), run_id(4), run_id(2001)]
    changed = table.get(run_id(3))
    assert changed is not None
    assert changed.step == 5
    assert table.get(run_id(5)) is None
    assert (ids(table, deleted=True), table.find(Query())[1]) == ([run_id(4)], 1999)

    (tmp_path / "trash" / run_id(4)).rename(tmp_path / "runs" / run_id(4))
    table.refresh()
    assert (ids(table, deleted=True), table.find(Query())[1]) == ([], 2000)


def test_a_table_from_before_is_used_again(tmp_path: Path, opened: Callable[..., Index], read: list[str]) -> None:
    for number in range(30):
        make(tmp_path, run_id(number))
    opened(tmp_path).refresh()
    read.clear()
    make(tmp_path, run_id(7), facts_of(run_id(7), step=5))
    shutil.rmtree(tmp_path / "runs" / run_id(8))
    later = opened(tmp_path)
    assert later.find(Query())[1] == 29
    assert read == [run_id(7)]


def test_files_of_resting_runs_are_looked_at_once_in_a_while(
    tmp_path: Path, table: Index, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, run_id(1))
    table.refresh()
    make(tmp_path, run_id(1), facts_of(run_id(1), step=5))
    table.refresh()
    assert read == [run_id(1)]
    monkeypatch.setattr(index, "FULL_SECONDS", -1.0)
    table.refresh()
    assert read == [run_id(1)] * 2


@pytest.mark.parametrize("status", ["preparing", "queued", "running"])
def test_files_of_active_runs_are_looked_at_each_time(
    tmp_path: Path, table: Index, read: list[str], status: str
) -> None:
    make(tmp_path, run_id(1), facts_of(run_id(1), status=status))
    make(tmp_path, run_id(2))
    for step in range(3):
        make(tmp_path, run_id(1), facts_of(run_id(1), status=status, step=step))
        table.refresh()
        row = table.get(run_id(1))
        assert row is not None
        assert row.step == step
    assert read.count(run_id(1)) == 3
    assert read.count(run_id(2)) == 1
    make(tmp_path, run_id(1), facts_of(run_id(1), status="finished"))
    table.refresh()
    assert ids(table, status="finished") == [run_id(2), run_id(1)][::-1]


def test_a_folder_that_is_just_being_made(tmp_path: Path, table: Index) -> None:
    """Its run.json comes later, which does not show in the folder above it."""
    folder = tmp_path / "runs" / run_id(1)
    folder.mkdir(parents=True)
    table.refresh()
    assert everything(table)[0].problem
    make(tmp_path, run_id(1))
    table.refresh()
    assert not everything(table)[0].problem


def test_clocks_that_jump(tmp_path: Path, table: Index, read: list[str]) -> None:
    folder = make(tmp_path, run_id(1), facts_of(run_id(1), status="running"), About("x"))
    table.refresh()
    for number, moment in enumerate((10**9, 4 * 10**9, 1, 4 * 10**9)):
        for name in ("run.json", "notes.json"):
            os.utime(folder / name, (moment, moment))
            table.refresh()
            table.refresh()
            if name == "run.json":
                assert len(read) == 2 + 2 * number
    assert len(read) == 9
    make(tmp_path, run_id(1), facts_of(run_id(1), status="running", step=5))
    os.utime(folder / "run.json", (1, 1))
    table.refresh()
    assert everything(table)[0].step == 5


def test_a_file_replaced_in_the_same_tick_of_the_clock(tmp_path: Path, table: Index) -> None:
    folder = make(tmp_path, run_id(1), facts_of(run_id(1), step=1111))
    table.refresh()
    before = (folder / "run.json").stat()
    (folder / "new").write_text(json.dumps(facts_of(run_id(1), step=2222)), encoding="utf-8")
    os.replace(folder / "new", folder / "run.json")
    os.utime(folder / "run.json", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "run.json").stat().st_size == before.st_size
    table.refresh(everything=True)
    assert everything(table)[0].step == 2222


def test_a_run_that_comes_in_the_same_tick_of_the_clock(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1))
    table.refresh()
    before = (tmp_path / "runs").stat()
    make(tmp_path, run_id(2))
    os.utime(tmp_path / "runs", ns=(before.st_atime_ns, before.st_mtime_ns))
    table.refresh()
    assert len(ids(table)) == 2


def test_folders_are_not_listed_when_nothing_comes_or_goes(
    tmp_path: Path, table: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_SETTLE_SECONDS", -1.0)
    make(tmp_path, run_id(1), facts_of(run_id(1), status="running"))
    table.refresh()
    listed: list[str] = []
    listing = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(str(path)), listing(path))[1])
    table.refresh()
    table.refresh()
    assert listed == []
    make(tmp_path, run_id(2))
    table.refresh()
    assert str(tmp_path / "runs") in listed


def test_a_noted_run_is_read_whatever_its_stamp(tmp_path: Path, table: Index, read: list[str]) -> None:
    folder = make(tmp_path, run_id(1), said=About("x"))
    table.refresh()
    (folder / "more").write_bytes(b"x" * 1000)
    before = everything(table)[0].size
    table.note(run_id(1))
    assert everything(table)[0].size == before + 1000
    shutil.rmtree(folder)
    table.note(run_id(1))
    assert everything(table) == []
    make(tmp_path, run_id(1), place="trash")
    table.note(run_id(1))
    assert [row.deleted for row in everything(table, deleted=True)] == [True]
    (tmp_path / "runs").mkdir(exist_ok=True)
    (tmp_path / "trash" / run_id(1)).rename(folder)
    table.note(run_id(1))
    assert ids(table) == [run_id(1)]
    table.note(run_id(9))
    table.note("../runs")
    assert ids(table) == [run_id(1)]


def test_a_run_in_both_places_is_not_deleted(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1), facts_of(run_id(1), step=1))
    make(tmp_path, run_id(1), facts_of(run_id(1), step=2), place="trash")
    assert [row.step for row in everything(table)] == [1]
    assert everything(table, deleted=True) == []


def test_the_folder_of_runs_goes_and_comes_back(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1))
    table.refresh()
    (tmp_path / "runs").rename(tmp_path / "away")
    table.refresh()
    assert ids(table) == []
    (tmp_path / "away").rename(tmp_path / "runs")
    table.refresh()
    assert ids(table) == [run_id(1)]


# ── runs that somebody trains ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_that_nobody_holds_is_paused(tmp_path: Path, opened: Callable[..., Index], read: list[str]) -> None:
    held: set[str] = {run_id(1), run_id(4)}
    table = opened(tmp_path, held=lambda run: run in held)
    for number, status in enumerate(["finished", "running", "queued", "paused", "failed"]):
        make(tmp_path, run_id(number), facts_of(run_id(number), status=status))
    assert table.counts() == {"finished": 1, "running": 1, "paused": 2, "failed": 1}
    assert ids(table, status="active") == [run_id(1)]
    held ^= {run_id(1), run_id(2)}
    table.refresh()
    assert table.counts() == {"finished": 1, "queued": 1, "paused": 2, "failed": 1}
    assert ids(table, status="paused") == [run_id(1), run_id(3)]
    held.clear()
    table.note(run_id(2))
    assert ids(table, status="active") == []
    held.add(run_id(2))
    table.note(run_id(2))
    assert ids(table, status="active") == [run_id(2)]
    assert len(read) == 5 + 2


def test_held_may_take_locks_and_ask(tmp_path: Path, opened: Callable[..., Index]) -> None:
    """It is called without the index's lock: another thread may wait for the index meanwhile."""
    make(tmp_path, run_id(1), facts_of(run_id(1), status="running"))
    asked: list[int] = []

    def held(run: str) -> bool:
        if not asked:
            asked.append(0)
            other = threading.Thread(target=lambda: asked.append(table.find(Query())[1]), daemon=True)
            other.start()
            other.join(60)
        return True

    table = opened(tmp_path, held=held)
    assert ids(table, status="running") == [run_id(1)]
    assert asked == [0, 1]


def test_what_is_in_memory_is_newer_than_the_files(tmp_path: Path, table: Index, read: list[str]) -> None:
    for number in range(3):
        make(
            tmp_path, run_id(number), facts_of(run_id(number), status="paused", metrics={"quality": 0.1, "d_loss": 1.0})
        )
    table.refresh()
    table.live(iter([{"id": run_id(1), **STATE}, {"id": run_id(8), **STATE}, {"id": "x"}]))
    row = table.get(run_id(1))
    assert row is not None
    assert {name: getattr(row, name) for name in STATE} == STATE
    assert (row.name, row.loss, row.seed) == ("", "hinge", 7)
    assert table.counts() == {"paused": 2, "running": 1}
    for sort in ("step", "images", "seconds", "quality"):
        assert ids(table, sort=sort)[0] == run_id(1)
    assert ids(table, sort="progress", descending=False)[0] == run_id(1)
    assert ids(table, sort="d_loss")[-1] == run_id(1)
    assert ids(table, status="active") == [run_id(1)]
    table.refresh()
    assert table.get(run_id(1)) == row
    table.live([{"id": run_id(1), **STATE, "step": 6000, "progress": None}])
    later = table.get(run_id(1))
    assert later == replace(row, step=6000, progress=None)
    assert len(read) == 3


@pytest.mark.parametrize("how", ["note", "refresh", "moved"])
def test_files_that_change_are_newer_than_what_was_in_memory(tmp_path: Path, table: Index, how: str) -> None:
    make(tmp_path, run_id(1), facts_of(run_id(1), status="paused"))
    table.live([{"id": run_id(1), **STATE}])
    if how == "note":
        table.note(run_id(1))
    elif how == "refresh":
        make(tmp_path, run_id(1), facts_of(run_id(1), status="paused", seconds=12.25))
        table.refresh()
    else:
        (tmp_path / "trash").mkdir()
        (tmp_path / "runs" / run_id(1)).rename(tmp_path / "trash" / run_id(1))
        table.refresh()
    row = table.get(run_id(1))
    assert row is not None
    assert (row.status, row.step, row.metrics["d_loss"]) == ("paused", 1200, 0.7)
    table.live([{"id": run_id(1), **STATE}])
    row = table.get(run_id(1))
    assert row is not None
    assert row.step == 5000


def test_what_is_in_memory_ends_with_the_process(tmp_path: Path, opened: Callable[..., Index]) -> None:
    """A killed server's last steps were never saved: nobody else is told of them."""
    make(tmp_path, run_id(1), facts_of(run_id(1), status="running"))
    table = opened(tmp_path, held=lambda run: True)
    table.live([{"id": run_id(1), **STATE}])
    other = opened(tmp_path)
    row = other.get(run_id(1))
    assert row is not None
    assert (row.status, row.step) == ("paused", 1200)
    row = table.get(run_id(1))
    assert row is not None
    assert (row.status, row.step) == ("running", 5000)


def test_strange_states(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1))
    for state in ({}, {"status": "dancing", "step": -1, "images": "x", "seconds": float("nan"), "progress": 7, "metrics": 3},
                  {"metrics": {"quality": float("nan"), "\ud800": 1.0}}):  # fmt: skip
        table.live([{"id": run_id(1), **state}])
        row = table.get(run_id(1))
        assert row is not None
        assert (row.status, row.step, row.seconds) == ("finished", 1200, 12.5)


def test_a_run_that_another_process_adds_while_folders_are_listed_stays(
    tmp_path: Path, opened: Callable[..., Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, run_id(1))
    table, other = opened(tmp_path), opened(tmp_path)
    table.refresh()
    listed = table._watches["runs"].ids

    def and_then_one_more(now: float) -> list[str]:
        found = list(listed(now))
        make(tmp_path, run_id(2))
        other.note(run_id(2))
        return found

    monkeypatch.setattr(table._watches["runs"], "ids", and_then_one_more)
    table.refresh(everything=True)
    assert other.find(Query(text=run_id(2)))[1] == 1

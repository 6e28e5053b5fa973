"""The file of the index: whatever happens to it, the table says what the folders say."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _index
import pytest
from _index import STATE, everything, facts_of, ids, in_a_process, make, run_id, some_runs

from gan_core.runs import database
from gan_core.runs.about import About
from gan_core.runs.index import Index, Query

opened, table, read = _index.opened, _index.table, _index.read  # fixtures
NAMES = ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm")


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_a_file_in_wal_mode_with_a_version(tmp_path: Path, table: Index) -> None:
    some_runs(tmp_path, 3)
    table.refresh()
    other = sqlite3.connect(tmp_path / "index.sqlite")
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert other.execute("PRAGMA user_version").fetchone() == (database.SCHEMA,)
    assert other.execute("SELECT COUNT(*) FROM run").fetchone() == (3,)
    other.close()


@pytest.mark.parametrize("names", [NAMES[:1], NAMES, NAMES[1:2], NAMES[2:], NAMES[1:]], ids="-".join)
def test_files_removed_while_they_are_open(
    tmp_path: Path, table: Index, opened: Callable[..., Index], names: tuple[str, ...]
) -> None:
    some_runs(tmp_path)
    expected = everything(table)
    other = opened(tmp_path)
    other.refresh()
    before = (tmp_path / "index.sqlite").stat().st_ino
    for name in names:
        (tmp_path / name).unlink()
    assert everything(table) == expected
    # Whoever still writes to a journal that is gone must not meet whoever writes to the new one: the file is another one.
    assert (tmp_path / "index.sqlite").stat().st_ino != before
    make(tmp_path, run_id(50))
    table.refresh()
    other.refresh()
    assert len(ids(table)) == len(ids(other)) == 41
    assert (tmp_path / "index.sqlite").is_file()
    other.close()
    table.close()
    assert len(ids(opened(tmp_path))) == 41


@pytest.mark.parametrize("ask", ["find", "get", "tags", "counts", "bytes_used", "note", "live", "refresh"])
def test_any_question_may_be_the_one_that_finds_it_gone(tmp_path: Path, table: Index, ask: str) -> None:
    some_runs(tmp_path, 5)
    table.refresh()
    for name in NAMES:
        (tmp_path / name).unlink()
    asked: dict[str, Callable[[], Any]] = {
        "find": lambda: table.find(Query())[1] == 5, "get": lambda: table.get(run_id(1)), "tags": lambda: table.tags()[0] == ("a", 5),
        "counts": lambda: table.counts() == {"finished": 5}, "bytes_used": table.bytes_used, "note": lambda: table.note(run_id(1)),
        "live": lambda: table.live([{"id": run_id(1), **STATE}]), "refresh": table.refresh,
    }  # fmt: skip
    answer = asked[ask]()
    assert answer or ask in ("note", "live", "refresh")
    assert table.find(Query())[1] == 5


@pytest.mark.parametrize("journal", [False, True])
def test_replaced_while_it_is_open(
    tmp_path: Path, table: Index, journal: bool, caplog: pytest.LogCaptureFixture
) -> None:
    some_runs(tmp_path)
    expected = everything(table)
    for data in (b"garbage" * 1000, b"", (tmp_path / "index.sqlite").read_bytes()[:5000]):
        (tmp_path / "new").write_bytes(data)
        os.replace(tmp_path / "new", tmp_path / "index.sqlite")
        if not journal:
            (tmp_path / "index.sqlite-wal").unlink()
        assert everything(table) == expected
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_something_that_keeps_destroying_it(tmp_path: Path, table: Index) -> None:
    """Two versions of the program on one folder, say: the table stays right, and is kept in memory in the end."""
    some_runs(tmp_path, 5)
    for number in range(30):
        (tmp_path / "new").write_bytes(b"garbage")
        os.replace(tmp_path / "new", tmp_path / "index.sqlite")
        (tmp_path / "index.sqlite-wal").unlink(missing_ok=True)
        make(tmp_path, run_id(100 + number))
        table.refresh()
        assert len(ids(table)) == 6 + number
    assert (tmp_path / "index.sqlite").read_bytes() == b"garbage"


def another_version(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {database.SCHEMA + 1}")
    other.close()


def another_table(path: Path) -> None:
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE run (id TEXT)")
    other.execute("INSERT INTO run VALUES ('x')")
    other.execute(f"PRAGMA user_version = {database.SCHEMA}")
    other.commit()
    other.close()


def changed_row(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("UPDATE run SET step = 999999, owner = 'somebody else'")
    other.commit()
    other.close()


@pytest.mark.parametrize(
    "damage",
    [another_version, another_table, changed_row, lambda path: path.write_bytes(b""), lambda path: path.write_text("x", "utf-8"),
     lambda path: path.write_bytes(b"SQLite format 3\x00" + b"\x00" * 5000), lambda path: path.unlink()],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_made_again(
    tmp_path: Path, opened: Callable[..., Index], damage: Callable[[Path], Any], read: list[str]
) -> None:
    some_runs(tmp_path)
    first = opened(tmp_path)
    expected = everything(first)
    first.close()
    damage(tmp_path / "index.sqlite")
    assert everything(opened(tmp_path)) == expected
    read.clear()
    assert everything(opened(tmp_path)) == expected
    assert read == []


class Damaged:
    """A table to be damaged again and again: one with all in the file, and one with much in the journal of writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        some_runs(root)
        table = Index(root)
        table.refresh()
        table.close()
        for number in range(0, 40, 3):
            make(root, run_id(number), facts_of(run_id(number), step=1000 + number), About(f"changed {number}", ("c",)))
            table.note(run_id(number))
        self.expected = everything(table)
        self.open = {name: (root / name).read_bytes() for name in NAMES[:2]}
        table.close()
        self.closed = {NAMES[0]: (root / NAMES[0]).read_bytes()}
        assert not (root / NAMES[1]).exists()
        assert all(len(data) > 10_000 for data in (*self.open.values(), *self.closed.values()))

    def put(self, files: dict[str, bytes], name: str = "", data: bytes = b"") -> None:
        """The files as they were, one of them with other bytes."""
        for old in NAMES:
            (self.root / old).unlink(missing_ok=True)
        for file, whole in (files | ({name: data} if name else {})).items():
            (self.root / file).write_bytes(whole)

    def check(self, table: Index) -> None:
        assert everything(table) == self.expected
        assert table.find(Query(text="changed", sort="step"))[1] == 14
        assert table.tags() == [("a", 26), ("b", 26), ("c", 14)]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Damaged:
    return Damaged(tmp_path_factory.mktemp("damaged"))


def places(size: int, count: int, seed: int) -> list[int]:
    rng = random.Random(seed)
    return sorted({*range(0, 100, 20), size - 1, *(rng.randrange(size) for _ in range(count))})


def garbage_at(data: bytes, place: int, length: int) -> bytes:
    junk = random.Random(place).randbytes(length)
    return data[:place] + junk[: len(data) - place] + data[place + length :]


DAMAGED = pytest.mark.parametrize(("kind", "name"), [("closed", NAMES[0]), ("open", NAMES[0]), ("open", NAMES[1])])


MANY = pytest.mark.parametrize("count", [4, pytest.param(40, marks=pytest.mark.long)])


@pytest.mark.parametrize("length", [1, 64, 4096])
@DAMAGED
@MANY
def test_garbage_in_a_file(damaged: Damaged, kind: str, name: str, length: int, count: int) -> None:
    files = getattr(damaged, kind)
    for place in places(len(files[name]), count, length):
        damaged.put(files, name, garbage_at(files[name], place, length))
        table = Index(damaged.root)
        damaged.check(table)
        table.close()


@DAMAGED
@MANY
def test_a_file_cut_short(damaged: Damaged, kind: str, name: str, count: int) -> None:
    files = getattr(damaged, kind)
    pages = range(0, len(files[name]), 4096)
    for place in [*places(len(files[name]), count, 1), *pages[:: max(1, 12 // count)]]:
        damaged.put(files, name, files[name][:place])
        table = Index(damaged.root)
        damaged.check(table)
        table.close()


@DAMAGED
@MANY
@pytest.mark.parametrize("cut", [False, True])
def test_a_file_is_damaged_while_it_is_open(damaged: Damaged, kind: str, name: str, cut: bool, count: int) -> None:
    files = getattr(damaged, kind)
    for place in places(len(files[name]), count, 2):
        damaged.put(files)
        table = Index(damaged.root)
        damaged.check(table)
        with (damaged.root / name).open("r+b") as file:
            if cut:
                file.truncate(place)
            else:
                file.seek(place)
                file.write(random.Random(place).randbytes(4096))
        table.refresh()
        damaged.check(table)
        table.note(run_id(5))
        damaged.check(table)
        table.close()
        other = Index(damaged.root)
        damaged.check(other)
        other.close()


def test_a_journal_of_writes_of_another_file(damaged: Damaged) -> None:
    for files in ({NAMES[1]: damaged.closed[NAMES[0]]}, {NAMES[2]: b"\xff" * 32768}, damaged.closed):
        damaged.put(damaged.open | files)
        table = Index(damaged.root)
        damaged.check(table)
        table.close()


# ── disks that refuse ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_in_its_place(tmp_path: Path, table: Index, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing can be removed or written there: as on a disk that is read-only."""
    (tmp_path / "index.sqlite" / "precious").mkdir(parents=True)
    some_runs(tmp_path, 5)
    assert len(ids(table)) == 5
    make(tmp_path, run_id(8))
    table.refresh()
    assert len(ids(table, text="ring")) == 6
    assert "in memory" in caplog.text
    assert (tmp_path / "index.sqlite" / "precious").is_dir()


def test_a_root_that_cannot_be_made(tmp_path: Path, opened: Callable[..., Index]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert opened(tmp_path / "file" / "root").find(Query()) == ([], 0)


FULL = """
import resource, sys
from pathlib import Path
from gan_core.runs.index import Index, Query
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
table = Index(Path(sys.argv[1]))
table.refresh()
print(table.find(Query())[1], len(table.find(Query(text="notes", limit=1000))[0]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes there")
@pytest.mark.parametrize("limit", [0, 20_000])
def test_a_disk_that_is_full(tmp_path: Path, opened: Callable[..., Index], limit: int) -> None:
    some_runs(tmp_path)
    out, err = in_a_process(FULL, tmp_path, limit).communicate(timeout=120)
    assert out == "40 40\n", err
    assert "Traceback" not in err
    assert "in memory" in err
    assert len(ids(opened(tmp_path))) == 40


def test_another_process_that_never_ends_its_write(
    tmp_path: Path, opened: Callable[..., Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    some_runs(tmp_path, 5)
    opened(tmp_path).refresh()
    other = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    table = opened(tmp_path)
    assert len(ids(table)) == 5
    make(tmp_path, run_id(9))
    table.refresh()
    assert len(ids(table)) == 6
    other.execute("ROLLBACK")
    other.close()

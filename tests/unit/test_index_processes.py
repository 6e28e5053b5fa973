"""Several tables, threads and processes on one index at once, also where one is killed."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import _index
import pytest
from _index import STATE, everything, ids, in_a_process, make, run_id, some_runs

from gan_core.runs.index import Index, Query

opened, table, read = _index.opened, _index.table, _index.read  # fixtures


def test_two_tables_on_one_folder(tmp_path: Path, opened: Callable[..., Index], read: list[str]) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    some_runs(tmp_path, 5)
    one.refresh()
    two.refresh()
    assert everything(one) == everything(two)
    make(tmp_path, run_id(7))
    two.note(run_id(7))
    assert everything(one) == everything(two)
    one.refresh()
    two.refresh(everything=True)
    assert everything(one) == everything(two)
    assert len(read) == 6


def test_closed_tables_open_again(tmp_path: Path, table: Index) -> None:
    some_runs(tmp_path, 5)
    table.close()
    table.refresh()
    table.close()
    table.close()
    assert len(ids(table)) == 5


def test_threads(tmp_path: Path, table: Index) -> None:
    some_runs(tmp_path, 20)
    wrong: list[BaseException] = []
    counted: list[int] = []

    def work(number: int) -> None:
        try:
            for turn in range(12):
                make(tmp_path, run_id(100 * (number + 1) + turn))
                table.note(run_id(100 * (number + 1) + turn))
                table.live([{"id": run_id(turn), **STATE}])
                table.refresh(everything=turn % 4 == 0)
                counted.append(table.find(Query(text="ring", limit=3))[1])
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert all(20 < count <= 68 for count in counted)
    assert len(ids(table)) == 68


BUSY = """
import sys
from pathlib import Path
from gan_core.runs.index import Index, Query
root, turns = Path(sys.argv[1]), int(sys.argv[2])
table = Index(root)
print("ready", flush=True)
for turn in range(turns):
    (root / "runs" / f"busy-20250101-{turn % 50:06}-000000").mkdir(exist_ok=True)
    table.note(f"busy-20250101-{turn % 50:06}-000000")
    table.refresh(everything=True)
    table.find(Query(text="busy"))
    if turn % 7 == 0:
        table.close()
print(table.find(Query(limit=0))[1])
"""


def test_processes(tmp_path: Path, table: Index, caplog: pytest.LogCaptureFixture) -> None:
    some_runs(tmp_path, 20)
    others = [in_a_process(BUSY, tmp_path, 50) for _ in range(2)]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    for turn in range(40):
        make(tmp_path, run_id(100 + turn))
        table.note(run_id(100 + turn))
        assert table.find(Query(text=run_id(100 + turn)))[1] == 1
        table.refresh(everything=turn % 5 == 0)
        if turn % 11 == 0:
            table.close()
    for other in others:
        assert other.stdout is not None
        out = other.stdout.read()  # not `communicate`: what came together with "ready" is in this reader already
        _, err = other.communicate(timeout=120)
        assert other.returncode == 0, err
        assert "index.sqlite" not in err, err
        assert int(out) >= 20 + 50
    table.refresh(everything=True)
    assert len(ids(table)) == 20 + 40 + 50
    assert "index.sqlite" not in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("after", [1, *(pytest.param(after, marks=pytest.mark.long) for after in (0, 2, 3, 4))])
def test_a_process_killed_while_it_writes(tmp_path: Path, opened: Callable[..., Index], after: int) -> None:
    some_runs(tmp_path, 20)
    table = opened(tmp_path)
    table.refresh()
    other = in_a_process(BUSY, tmp_path, 10**6)
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    for _ in range(10 + 7 * after):
        table.find(Query(text="notes"))
    other.send_signal(signal.SIGKILL)
    other.communicate(timeout=60)
    table.refresh(everything=True)
    count = len(list((tmp_path / "runs").iterdir()))
    assert len(ids(table)) == len(ids(opened(tmp_path))) == count


REMOVER = """
import sys
from pathlib import Path
root = Path(sys.argv[1])
from gan_core.runs.index import Index, Query
table = Index(root)
print("ready", flush=True)
for turn in range(6):
    for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm"):
        (root / name).unlink(missing_ok=True)
    assert table.find(Query())[1] == 20
print("done")
"""


def test_processes_of_which_one_removes_the_file(tmp_path: Path, table: Index) -> None:
    some_runs(tmp_path, 20)
    assert len(ids(table)) == 20
    other = in_a_process(REMOVER, tmp_path)
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    while other.poll() is None:
        assert len(ids(table)) == 20
        table.refresh(everything=True)
    out, err = other.communicate(timeout=60)
    assert out == "done\n", err
    assert len(ids(table)) == 20

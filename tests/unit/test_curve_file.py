"""metrics.csv: what comes back is what was there, bit for bit, whatever happened to the process or to the file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gan_core.runs.curve_file import CurveFile, appending
from gan_core.runs.curves import Curves

NAMES = ("d_loss", "quality")
FOREVER = 10**12
PLENTY = settings(
    max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NUMBERS = st.floats(width=32, allow_nan=False) | st.none()
ROWS = st.lists(st.tuples(st.integers(-9, 5) | st.integers(1, 3), NUMBERS, NUMBERS), max_size=30)
# What happens between two moments at which the rows are saved, and whether the process ends after the second.
LIVES = st.lists(st.tuples(ROWS, st.booleans()), max_size=8)
Row = tuple[int, dict[str, float]]


def assert_same(a: Curves, b: Curves) -> None:
    for ours, theirs in zip(a.rows(), b.rows(), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def row(step: int, *values: float | None) -> Row:
    return step, {name: value for name, value in zip(NAMES, values, strict=False) if value is not None}


def some(count: int, begin: int = 1, seed: int = 0) -> list[Row]:
    """Rows at every third step; the quality is measured at every other one."""
    numbers = np.random.default_rng(seed).normal(size=(count, 2))
    return [row(3 * i, float(a), float(b) if i % 2 else None) for i, (a, b) in enumerate(numbers.tolist(), begin)]


def filled(rows: list[Row], max_rows: int | None = None) -> Curves:
    curves = Curves(NAMES, max_rows)
    for step, values in rows:
        curves.append(step, values)
    return curves


def save(file: CurveFile, curves: Curves, rows: list[Row]) -> None:
    """As the keeper of a run does it."""
    if file.due(curves):
        file.rewrite(curves.copy())
    else:
        file.append(rows, NAMES)


def file_of(path: Path, rows: list[Row]) -> CurveFile:
    path.unlink(missing_ok=True)
    file = CurveFile(path)
    file.append(rows, NAMES)
    return file


# ── as if the process had never stopped ──────────────────────────────────────────────────────────────────────────────────


@PLENTY
@given(LIVES, st.sampled_from([2, 4, 8, 32]))
def test_stopping_changes_nothing(
    tmp_path: Path, lives: list[tuple[list[tuple[int, float | None, float | None]], bool]], max_rows: int
) -> None:
    path = tmp_path / "metrics.csv"
    path.unlink(missing_ok=True)
    uninterrupted, curves, file = Curves(NAMES, max_rows), Curves(NAMES, max_rows), CurveFile(path)
    step = 0
    for life, ends in lives:
        fresh = []
        for by, *values in life:
            step = max(0, step + by)
            fresh.append(row(step, *values))
            uninterrupted.append(*fresh[-1])
            curves.append(*fresh[-1])
        save(file, curves, fresh)
        if ends:
            file = CurveFile(path)
            curves = file.load(NAMES, FOREVER, max_rows)
        assert_same(curves, uninterrupted)
    assert_same(CurveFile(path).load(NAMES, FOREVER, max_rows), uninterrupted)


@pytest.mark.parametrize("max_rows", [4, 6, 10, 64])
def test_the_file_is_bounded_and_always_whole(tmp_path: Path, max_rows: int) -> None:
    path, curves, rows = tmp_path / "metrics.csv", Curves(NAMES, max_rows), some(600)
    file = CurveFile(path)
    for i in range(0, len(rows), 5):
        for step, values in rows[i : i + 5]:
            curves.append(step, values)
        save(file, curves, rows[i : i + 5])
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 1 + 2 * max_rows + 5
    assert_same(CurveFile(path).load(NAMES, FOREVER, max_rows), filled(rows, max_rows))


@pytest.mark.parametrize("saved", [0, 3, 30, 47, 90])
def test_rows_after_the_checkpoint_are_lost_with_their_steps(tmp_path: Path, saved: int) -> None:
    path, rows = tmp_path / "metrics.csv", some(40)
    file_of(path, rows)
    file = CurveFile(path)
    curves = file.load(NAMES, saved)
    kept = [(step, values) for step, values in rows if step <= saved]
    assert_same(curves, filled(kept))
    assert file.due(curves) == (len(kept) < len(rows))  # the rest would come back with the next row
    again = some(40, begin=len(kept) + 1, seed=1)
    for step, values in again:
        curves.append(step, values)
    save(file, curves, again)
    assert_same(CurveFile(path).load(NAMES, FOREVER), filled(kept + again))


def test_a_merged_row_that_spans_the_checkpoint_goes_as_a_whole(tmp_path: Path) -> None:
    file = CurveFile(tmp_path / "metrics.csv")
    file.rewrite(filled([row(step, 1.0) for step in range(1, 9)], 4))
    assert file.load(NAMES, 5, 4).rows().last.tolist() == [2, 4]


def test_a_run_that_went_back(tmp_path: Path) -> None:
    file = file_of(tmp_path / "metrics.csv", [row(step, float(step)) for step in (1, 2, 5, 6, 3, 4, 4)])
    assert file.load(NAMES, 4).rows().last.tolist() == [1, 2, 3, 4]
    assert not file.due(file.load(NAMES, 4))


def test_the_file_begins_anew_where_it_was_removed(tmp_path: Path) -> None:
    path, rows = tmp_path / "metrics.csv", some(5)
    file = file_of(path, rows)
    path.unlink()
    assert len(file.load(NAMES, FOREVER)) == 0
    file.append(rows[:2], NAMES)
    assert_same(file.load(NAMES, FOREVER), filled(rows[:2]))


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_people_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    file = CurveFile(path)
    file.append([row(10, 0.1), row(20, 0.693147180559945, 1 / 3), row(30, math.nan, math.inf)], NAMES)
    assert path.read_bytes().decode("ascii").split("\n") == [
        "step,first,rows,d_loss,d_loss_low,d_loss_high,d_loss_rows,quality,quality_low,quality_high,quality_rows",
        "10,10,1,0.1,,,,,,,",
        "20,20,1,0.6931472,,,,0.33333334,,,",
        "30,30,1,,,,,,,,",
        "",
    ]
    file.rewrite(filled([row(10, 0.5), row(20, 1.0, 0.75), row(30), row(40), row(50, 2.0)], 4))
    assert path.read_bytes().decode("ascii").split("\n")[1:] == [
        "20,10,2,0.75,0.5,1.0,,0.75,0.75,0.75,1",
        "40,30,2,,,,,,,,",
        "50,50,1,2.0,,,,,,,",
        "",
    ]


@PLENTY
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=9), st.booleans())
@example([float(np.finfo(np.float32).max), -float(np.finfo(np.float32).max), 1.4e-45, -0.0], False)
@example([float(np.finfo(np.float32).max), -float(np.finfo(np.float32).max), 1.4e-45, -0.0], True)
def test_every_number_comes_back_as_it_was(tmp_path: Path, numbers: list[float], merged: bool) -> None:
    curves = filled([row(i, number, 0.1) for i, number in enumerate(numbers)], 2 if merged else None)
    file = CurveFile(tmp_path / "metrics.csv")
    file.rewrite(curves)
    assert_same(file.load(NAMES, FOREVER, curves.max_rows), curves)


def test_other_columns(tmp_path: Path) -> None:
    path, rows = tmp_path / "metrics.csv", some(6)
    file = file_of(path, rows)
    found = file.load(("swd", "quality"), FOREVER)
    assert found.rows().known[:, 0].tolist() == [0] * 6
    np.testing.assert_array_equal(found.rows().mean[:, 1], filled(rows).rows().mean[:, 1])
    assert file.due(found)  # a column for the new series
    file.append([(99, {"swd": 1.0, "quality": 2.0})], ("swd", "quality"))  # the columns stay what they were
    assert path.read_text(encoding="utf-8").endswith("99,99,1,,,,,2.0,,,\n")
    assert not file.due(file.load(("quality",), FOREVER))


# ── files of the first version ───────────────────────────────────────────────────────────────────────────────────────────

OLD = b"step,d_loss,g_loss,quality\r\n1,0.5,1,\r\n7,0.25,,0.875\r\n9,nan,1e300,\r\n"


def test_a_file_of_the_first_version(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(OLD)
    file = CurveFile(path)
    curves = file.load(NAMES, FOREVER)
    assert_same(curves, filled([row(1, 0.5), row(7, 0.25, 0.875), row(9)]))
    assert file.due(curves)
    file.rewrite(curves)
    assert_same(CurveFile(path).load(NAMES, FOREVER), curves)
    path.write_bytes(OLD)
    assert file.load(("g_loss",), FOREVER).rows().known[:, 0].tolist() == [1, 0, 0]


def test_adding_to_a_file_of_the_first_version_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(OLD)
    file = CurveFile(path)
    file.append([row(11, 2.0, 3.0)], NAMES)
    assert path.read_bytes() == OLD + b"11,2.0,,3.0\n"
    assert file.load(NAMES, FOREVER).rows().mean[-1].tolist() == [2.0, 3.0]


# ── files cut short or changed ───────────────────────────────────────────────────────────────────────────────────────────


def wholes(data: bytes, curves: Curves) -> dict[int, Curves]:
    """What a file should give by how many of its lines are whole: its first rows."""
    rows = curves.rows()
    found = {}
    for count in range(data.count(b"\n")):
        found[count] = Curves(NAMES, curves.max_rows)
        found[count].add(rows.part(slice(0, count)))
    return found


@pytest.mark.parametrize("merged", [False, True])
def test_cut_at_every_byte(tmp_path: Path, merged: bool) -> None:
    path = tmp_path / "metrics.csv"
    curves = filled(some(11), 8 if merged else 64)
    CurveFile(path).rewrite(curves)
    whole = path.read_bytes()
    expected = wholes(whole, curves)
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        file = CurveFile(path)
        found = file.load(NAMES, FOREVER, curves.max_rows)
        assert_same(found, expected[max(0, whole[:end].count(b"\n") - 1)])
        assert file.due(found) == (whole[:end][-1:] != b"\n")


def test_what_is_added_after_a_cut_does_not_make_it_a_number(tmp_path: Path) -> None:
    """Also without the rewriting that is due."""
    path, rows, more = tmp_path / "metrics.csv", some(4), row(90, 9.0, 9.5)
    file_of(path, rows)
    whole = path.read_bytes()
    for end in range(whole.index(b"\n") + 1, len(whole) + 1):
        path.write_bytes(whole[:end])
        CurveFile(path).append([more], NAMES)
        lines = whole[:end].split(b"\n")[1:]
        kept = len(lines) - 1 + (lines[-1].count(b",") == 10)  # a line may lack no more than its end
        assert_same(CurveFile(path).load(NAMES, FOREVER), filled([*rows[:kept], more]))


def test_a_header_cut_short_is_written_anew(tmp_path: Path) -> None:
    path, rows = tmp_path / "metrics.csv", some(3)
    for header in (b"", b"step", b"step,first,rows,d_loss,d", b"\0\0\0\0", b"\0\0\n\0\0"):
        path.write_bytes(header)
        CurveFile(path).append(rows, NAMES)
        assert_same(CurveFile(path).load(NAMES, FOREVER), filled(rows))


BAD = [
    b"\0\0\0\0", b"\0\n\0", b"x,1,1,,,,,,,,", b"4,4,1,x,,,,,,,", b"4,4,1", b"4,4,1,,,,,,,,,,,,", b"", b",,,,,,,,,,",
    b"5,4,2,1.0,,,,,,,", b"5,4,2,1.0,2.0,3.0,,,,,", b"5,4,2,2.0,1.0,3.0,3,,,,", b"5,4,2,2.0,1.0,inf,,,,,", b"5,4,2,nan,nan,nan,,,,,",
    b"5,4,3,2.0,1.0,3.0,,,,,", b"4,5,1,1.0,,,,,,,", b"-1,-1,1,1.0,,,,,,,", b"4,4,0,1.0,,,,,,,", b"9" * 5000 + b",1,1,1.0,,,,,,,",
    b"99999999999999999999,4,1,1.0,,,,,,,", b"4.5,4,1,1.0,,,,,,,", "４,4,1,1.0,,,,,,,é".encode(), b"\xff\xfe,4,1,1.0,,,,,,,",
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_lines_that_were_never_written(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "metrics.csv"
    file_of(path, [row(1, 0.5), row(2, 0.25)])
    header, first, second, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([header, bad, first, bad, second, bad, b""]))
    file = CurveFile(path)
    assert_same(file.load(NAMES, FOREVER), filled([row(1, 0.5), row(2, 0.25)]))
    assert file.due(Curves(NAMES))


@PLENTY
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), merged=st.booleans())
def test_one_flipped_bit(tmp_path: Path, place: float, bit: int, merged: bool) -> None:
    path = tmp_path / "metrics.csv"
    CurveFile(path).rewrite(filled(some(40), 32 if merged else None))
    changed = bytearray(path.read_bytes())
    changed[int(place * len(changed))] ^= 1 << bit
    path.write_bytes(changed)
    use(CurveFile(path))


@PLENTY
@given(st.binary(max_size=300), st.booleans())
def test_garbage(tmp_path: Path, data: bytes, after_a_header: bool) -> None:
    path = tmp_path / "metrics.csv"
    file_of(path, some(3) if after_a_header else [])
    path.write_bytes((path.read_bytes() if after_a_header else b"") + data)
    use(CurveFile(path))


def use(file: CurveFile) -> None:
    """Go on with whatever is in the file: steps grow, nothing is raised, and what is saved comes back."""
    curves = file.load(NAMES, 10**6, 32)
    assert (np.diff(curves.rows().last) > 0).all()
    more: list[tuple[int, Mapping[str, float]]] = [row(10**6 + i, 1.0, 2.0) for i in range(1, 100)]
    for step, values in more:
        curves.append(step, values)
    file.rewrite(curves)
    assert_same(CurveFile(file.path).load(NAMES, FOREVER, 32), curves)


def fill_up(path: Path) -> None:
    with appending(path) as file:
        file.write("three\nfour")
        file.flush()
        raise OSError(28, "No space left on device")


def test_a_write_that_the_disk_refuses_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for before in (b"", b"one\n", b"one\ntw"):
        path.write_bytes(before)
        with pytest.raises(OSError, match="No space"):
            fill_up(path)
        assert path.read_bytes() == before
        with appending(path) as file:
            file.write("three\n")
        assert path.read_bytes() == before + (b"" if before.endswith(b"\n") or not before else b"\n") + b"three\n"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    file = CurveFile(tmp_path / "none" / "metrics.csv")
    assert len(file.load(NAMES, FOREVER)) == 0
    with pytest.raises(FileNotFoundError):
        file.append(some(1), NAMES)

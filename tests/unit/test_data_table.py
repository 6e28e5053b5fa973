"""Tables: what is read from text and what is refused, where tables lie, how they are scaled, and runs that learn them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gan_core import cli, generate
from gan_core import data as data_sets
from gan_core.config import DataConfig, RunConfig, replace
from gan_core.data import PointSet, csv_text, table
from gan_core.data.csv_text import Columns
from gan_core.errors import ConfigError, DataError
from gan_core.runs.branching import branch
from gan_core.runs.folder import RunFolder
from gan_core.runs.store import Store

POINTS = np.array([[150.0, 50.0], [190.0, 90.0], [170.0, 60.0], [160.0, 55.0]])


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(table, "_roots", [])
    monkeypatch.setattr(table, "_beside", type(table._beside)())
    table._loaded.cache_clear()
    return tmp_path


def parsed(text: str | bytes, x: str = "", y: str = "") -> Columns:
    sheet = csv_text.read(text.encode() if isinstance(text, str) else text)
    return csv_text.columns(sheet, *(sheet.column(n) if n else sheet.numeric[i] for i, n in enumerate((x, y))))


def load(name: str, **values: Any) -> PointSet:
    found = data_sets.load(DataConfig(name="table", table=name, **values))
    assert isinstance(found, PointSet)
    return found


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x,y\n1,2\n3,4.5\n", ("x", "y")),
        ("1,2\n3,4.5", ("1", "2")),
        ("x;y\r\n1;2\r\n3;4,5\r\n", ("x", "y")),
        ("x\ty\n1\t2\n3\t4.5", ("x", "y")),
        ("x y\n1 2\n3   4.5\n", ("x", "y")),
        ('"x, in cm",y\n"1","2"\n\n3,4.5\n', ("x, in cm", "y")),
        ("x,x\n1,2\n3,4.5", ("x", "x (2)")),
        ("who,x,y\nann,1,2\nbob,3,4.5", ("x", "y")),
        ("1e0|2.0e0\n3|4.5", ("1", "2")),
    ],
)
def test_ways_of_writing_the_same_table(text: str, names: tuple[str, str]) -> None:
    for raw in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        sheet = csv_text.read(raw)
        assert tuple(sheet.names[i] for i in sheet.numeric) == names
        assert parsed(raw).points.tolist() == [[1, 2], [3, 4.5]]
        assert parsed(raw).skipped == 0


def test_other_encodings() -> None:
    sheet = csv_text.read("Größe,Süß\n1,2\n3,4".encode("latin-1"))
    assert (sheet.encoding, sheet.names) == ("latin-1", ("Größe", "Süß"))
    assert csv_text.read("Größe,Süß\n1,2\n3,4".encode()).names == ("Größe", "Süß")


def test_bad_rows_are_skipped_counted_and_named_by_their_line() -> None:
    text = 'x,y\n1,2\nfoo,2\n\n3,nan\n"a\nb",5\n5,inf\n6\n7,\n1e99,1\n8,9,10\n'
    found = parsed(text, "x", "y")
    assert found.points.tolist() == [[1, 2], [8, 9]]
    assert found.skipped == 7
    assert found.examples == ((3, "foo,2"), (5, "3,nan"), (7, "a b,5"), (8, "5,inf"), (9, "6"))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no rows"),
        (b"\n\n", "no rows"),
        (b"x\n1\n2\n", "only one column"),
        (b"name,age\nann,1\nbob,2\n", "Two columns of numbers.*age"),
        (b"a,b\nc,d\ne,f\n", "Two columns of numbers"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a text file"),
        (b"PK\x03\x04 and so on", "not a text file"),
        (b"\xff\xfea\0,", "UTF-16"),
        (b"\xef\xbb\xbfx,y\n\xff,1", "UTF-8"),
        (b"x,y\n1,2\n" + b'"' + b"z" * 200_000, "line"),
    ],
)
def test_what_is_no_table_of_numbers_says_so(raw: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parsed(raw)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MOST_ROWS", 10)
    assert len(parsed("x,y\n" + "1,2\n" * 10).points) == 10
    with pytest.raises(DataError, match="more than 10 rows"):
        parsed("x,y\n" + "1,2\n" * 11)
    monkeypatch.setattr(csv_text, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="larger than"):
        parsed("x,y\n1,2\n3,4\n")


def test_a_long_table_is_read_in_parts() -> None:
    n = csv_text._CHUNK + 10
    found = parsed("x,y\n" + "".join(f"{i},{-i}\n" for i in range(n)) + "bad,1\n")
    assert found.points[:, 0].tolist() == list(range(n))
    assert (found.skipped, found.examples) == (1, ((n + 2, "bad,1"),))


def test_columns_by_name_or_number() -> None:
    sheet = csv_text.read(b"x,y,z\n1,2,3\n")
    assert [sheet.column(name) for name in ("y", "3", "1")] == [1, 2, 0]
    for wrong in ("w", "0", "4", "²", ""):
        with pytest.raises(DataError, match="x, y, z"):
            sheet.column(wrong)


@settings(max_examples=150, deadline=None, database=None)
@given(
    st.one_of(
        st.binary(max_size=300), st.text(alphabet="0123456789.,;\t |\"'\n\r-einfax\ufeff", max_size=200).map(str.encode)
    )
)
@example(b"\xff\xfe" + b"\xd8" * 7)
@example(b'1,2\n"3')
@example(b"1_0,2\n3,4")
def test_garbage_is_never_more_than_an_error(raw: bytes) -> None:
    try:
        found = parsed(raw)
    except DataError:
        return
    assert found.points.shape[1:] == (2,)
    assert (np.abs(found.points) <= csv_text.LARGEST).all()


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_disk_that_refuses_is_said_without_the_name_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("in the way", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be kept: .*exists") as refused:
        table.keep(POINTS, ("x", "y"), tmp_path)
    assert str(tmp_path) not in str(refused.value)


def test_a_table_is_kept_once_under_the_hash_of_its_numbers(own_folder: Path) -> None:
    name = table.keep(POINTS, ("height", "weight"), own_folder)
    assert name == hashlib.sha256(POINTS.astype("<f8").tobytes()).hexdigest()
    assert table.is_name(name)
    (file,) = (own_folder / "tables").iterdir()
    before = file.read_bytes()
    assert table.keep(POINTS.copy(), ("other", "names"), own_folder) == name
    assert file.read_bytes() == before
    assert table.load(name).columns == ("height", "weight")
    assert (table.load(name).points == POINTS).all()
    with pytest.raises(ValueError, match="read-only"):
        table.load(name).points[0, 0] = 1


@pytest.mark.parametrize(
    ("points", "words"), [(POINTS[:1], "too few.*: 1"), (POINTS[:0], "too few.*: 0"), (POINTS[[1, 1, 1]], "same point")]
)
def test_too_few_different_rows_are_refused(points: np.ndarray[Any, Any], words: str, own_folder: Path) -> None:
    with pytest.raises(DataError, match=words):
        table.keep(points, ("x", "y"), own_folder)


@pytest.mark.parametrize("text", ["../../etc/passwd", "0" * 63, "G" * 64, "0" * 64 + "\n", "A" * 64])
def test_what_is_no_name_never_becomes_a_path(text: str) -> None:
    assert not table.is_name(text)
    with pytest.raises(ConfigError, match=r"data\.table"):
        replace(RunConfig(), {"data.table": text})
    with pytest.raises(DataError, match="not on this server"):
        table._find(text)


def test_a_table_that_is_not_here_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"not on this server.*Import the same file again"):
        load("0" * 64)


def test_a_damaged_table_is_refused_and_made_whole_again(own_folder: Path) -> None:
    name = table.keep(POINTS, ("x", "y"), own_folder)
    path = own_folder / "tables" / f"{name}.safetensors"
    whole = path.read_bytes()
    other = bytes(safetensors.numpy.save({"points": POINTS + 1}))
    for damaged in (
        b"",
        whole[:50],
        whole[:-1] + b"\x01",
        other,
        b"x" * 100,
        bytes(safetensors.numpy.save({"q": POINTS})),
    ):
        path.write_bytes(damaged)
        table._loaded.cache_clear()
        with pytest.raises(DataError, match="damaged"):
            load(name)
    assert table.keep(POINTS, ("x", "y"), own_folder) == name
    assert load(name).scale == 20


def test_the_tables_used_longest_ago_make_room(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_KEPT", 1000)
    names = []
    for i in range(6):
        names.append(table.keep(POINTS + i, ("x", "y"), own_folder))
        os.utime(own_folder / "tables" / f"{names[-1]}.safetensors", (i, i))
    left = {file.stem for file in (own_folder / "tables").iterdir()}
    assert names[-1] in left
    assert names[0] not in left
    assert sum(file.stat().st_size for file in (own_folder / "tables").iterdir()) <= 1000


# ── as data ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scalings(own_folder: Path) -> None:
    """Against the formulas: x' = (x − middle) / half of the range."""
    name = table.keep(POINTS, ("x", "y"), own_folder)
    rng = torch.Generator
    keep, each = load(name), load(name, scaling="each")
    drawn = keep.draw(200, rng().manual_seed(0))
    expected = torch.from_numpy((POINTS - [170, 70]) / 20).float()
    assert {tuple(p) for p in drawn.tolist()} == {tuple(p) for p in expected.tolist()}
    assert keep.extent == pytest.approx((146, 194, 46, 94))
    own = {tuple(p) for p in keep.to_units(drawn).tolist()}
    assert own == {tuple(p) for p in POINTS.tolist()}
    torch.testing.assert_close(keep.from_units(keep.to_units(drawn)), drawn)
    found = each.draw(200, rng().manual_seed(0))
    assert found.amin(0).tolist() == [-1, -1]
    assert found.amax(0).tolist() == [1, 1]
    assert (each.scale, each.origin) == (1.0, (0.0, 0.0))
    with pytest.raises(DataError, match="go up to 190"):
        load(name, scaling="none")
    small = table.keep(POINTS / 100, ("x", "y"), own_folder)
    as_it_is = load(small, scaling="none")
    assert {tuple(p) for p in as_it_is.draw(200, rng().manual_seed(0)).tolist()} == {
        tuple(p) for p in torch.from_numpy(POINTS / 100).float().tolist()
    }


def test_one_flat_column_and_numbers_far_away(own_folder: Path) -> None:
    flat = table.keep(np.array([[5.0, 1.0], [5.0, 3.0]]), ("x", "y"), own_folder)
    for scaling in ("keep", "each", "none"):
        points = load(flat, scaling=scaling)
        assert points.draw(10, torch.Generator()).isfinite().all()
        assert points.extent[1] > points.extent[0]
    far = load(table.keep(np.array([[1.7e9, 0.0], [1.7e9 + 10, 4.0]]), ("time", "y"), own_folder))
    assert sorted(set(far.draw(50, torch.Generator().manual_seed(0))[:, 0].tolist())) == [-1, 1]
    assert far.origin == (0.0, 0.0)  # float32 has no room for seconds at 1.7e9


def test_rows_are_equally_likely(own_folder: Path) -> None:
    points = load(table.keep(POINTS, ("x", "y"), own_folder))
    drawn = points.to_units(points.draw(40_000, torch.Generator().manual_seed(0)))
    share = (torch.cdist(drawn, torch.from_numpy(POINTS).float()).argmin(1).bincount(minlength=4)) / 40_000
    assert (share - 0.25).abs().max() < 0.015


def test_the_example_is_fishers_irises() -> None:
    points = load("")
    assert points.extent[0] < 1.0 < 6.9 < points.extent[1]
    assert table.summary(DataConfig(name="table")) == {"x": "petal length (cm)", "y": "petal width (cm)", "rows": 150}


# ── runs and the command line ────────────────────────────────────────────────────────────────────────────────────────────


def run(*words: str) -> int:
    return cli.main(list(words))


def test_from_a_file_to_a_run_that_needs_nothing_else(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Import, train, evaluate, sample, resume and branch; the shared file gone, the run's own copy is enough."""
    file, folder = own_folder / "people.csv", own_folder / "run"
    rng = np.random.default_rng(0)
    rows = [f"p{i},{170 + 10 * a:.2f},{70 + 9 * b:.2f}" for i, (a, b) in enumerate(rng.normal(size=(300, 2)))]
    file.write_text("\n".join(["name,height,weight", *rows, "x,,3"]), encoding="utf-8")
    assert run("table", str(file), "--x", "weight", "--y", "height") == 0
    out, err = capsys.readouterr()
    assert "300 rows, 1 skipped" in err
    assert "line 302: x,,3" in err
    assignment = out.strip()
    assert run("train", "--preset", "gan_lab", "--set", "data.name=table", "--set", assignment, "--steps", "5", "--engine", "eager",
               "--out", str(folder), "--json") == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["metrics"]["swd"] > 0
    for stored in (own_folder / "tables").iterdir():
        stored.unlink()
    table._loaded.cache_clear()
    table._beside.clear()
    assert run("evaluate", str(folder), "--json") == 0
    samples = generate.load(RunFolder(folder)).sample(200)
    assert 20 < samples[:, 0].mean() < 120  # kilograms: an untrained generator begins in the middle
    assert 120 < samples[:, 1].mean() < 220
    assert run("train", "--resume", str(folder), "--steps", "8") == 0
    store = Store(own_folder / "elsewhere")
    branch(
        RunFolder(folder), "run", 8, store.folder("table-20260101-000000-abcdef"), "table-20260101-000000-abcdef", ""
    )
    assert (store.folder("table-20260101-000000-abcdef").path / table.FILE).is_file()


def test_a_run_without_its_table_is_not_begun(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--preset", "gan_lab", "--set", "data.name=table", "--set", f"data.table={'0' * 64}", "--steps", "1",
               "--out", str(own_folder / "run")) == 2  # fmt: skip
    assert "not on this server" in capsys.readouterr().err
    assert not (own_folder / "run").exists()


def test_the_command_says_what_is_wrong(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = own_folder / "one.csv"
    assert run("table", str(file)) == 2
    file.write_text("x\n1\n2\n", encoding="utf-8")
    assert run("table", str(file)) == 2
    file.write_text("x,y\n1,2\n3,4\n", encoding="utf-8")
    assert run("table", str(file), "--x", "q") == 2
    said = capsys.readouterr().err
    assert all(words in said for words in ("cannot be read", "only one column", "There is no column called 'q'"))
    assert "Traceback" not in said

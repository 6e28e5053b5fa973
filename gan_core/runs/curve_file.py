"""metrics.csv: the curves of a run as a table that people can read, and that goes on as if its process had never stopped."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeAlias

import numpy as np

from gan_core.runs import atomic
from gan_core.runs.curves import Curves, Rows, as_kept

# One series in one row: in how many of the appended rows there was a number; their mean, lowest and highest.
_Cell: TypeAlias = tuple[int, float, float, float]
_Row: TypeAlias = tuple[int, int, int, list[_Cell]]  # first, last, size
_GAP: _Cell = (0, math.nan, math.nan, math.nan)
_MOST = 1 << 53  # steps; no more fit a float64
_LARGEST = float(str(np.finfo(np.float32).max))  # as it is written
_SMALLEST = float(np.finfo(np.float32).tiny)
_AT_ONCE = 1024  # rows
_ENDINGS = ("", "_low", "_high", "_rows")


class CurveFile:
    """A row stands for the steps first … step, at which `rows` rows were appended; a series has their mean, lowest and highest,
    and in how many of them it had a number where that was not in all. Of a single row only the value is written. So what a
    crash cuts off a line that was appended cannot pass for a shorter number: a whole one ends in an empty column.

    Lines are appended as they come; `rewrite` replaces them by what is kept of them, which bounds the file. Both raise OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = 0
        self._merged = 0  # what `Curves.merged` was at the last rewriting
        self._stale = False

    def append(self, rows: Iterable[tuple[int, Mapping[str, float]]], names: tuple[str, ...]) -> None:
        """Add rows as they were appended to the curves. An existing file keeps its columns; a new one has those of `names`."""
        columns = self._columns(names)
        lines = [_single(step, row, columns or _header(names)) for step, row in rows]
        if columns is None:  # no file, or nothing in it can be read
            atomic.write_text(self.path, "".join([_line(_header(names)), *lines]))
            self._lines = 0
        else:
            with appending(self.path) as file:
                file.writelines(lines)
        self._lines += len(lines)

    def rewrite(self, curves: Curves) -> None:
        """Replace everything by these curves, which are not written to meanwhile: `Curves.copy` gives such."""
        rows = curves.rows()
        atomic.write_text(self.path, "".join([_line(_header(curves.names)), *_merged_lines(rows)]))
        self._lines, self._merged, self._stale = len(rows.first), curves.merged, False

    def due(self, curves: Curves) -> bool:
        """Whether the file should be rewritten rather than added to: these curves have merged their rows since, it has become
        twice as long as they ever are, or `load` found columns or lines in it that are not those of these curves."""
        return self._stale or curves.merged != self._merged or self._lines > 2 * curves.max_rows

    def load(self, names: tuple[str, ...], last_step: int, max_rows: int | None = None) -> Curves:
        """The curves up to `last_step` as they were; of no rows without a file. Lines that cannot be read are left out, and rows
        behind which the run went back. A column that is missing is a gap; one that is not in `names` is ignored."""
        curves = Curves(names, max_rows)
        self._lines, self._merged, self._stale = 0, 0, False
        try:
            with self.path.open("rb") as file:
                self._replay(file, curves, last_step)
        except OSError:
            pass
        return curves

    def _replay(self, file: Iterator[bytes], curves: Curves, last_step: int) -> None:
        table = _Table.of(next(file, b""), curves.names)
        self._stale = not table.is_complete
        found: list[_Row] = []
        sure = 0  # of those found: a row beyond `last_step` counts only if the run went back behind it later
        for line in file:
            self._lines += 1
            row = table.row(line)
            if row is None:
                self._stale = True
                continue
            found.append(row)
            if row[1] <= last_step:
                sure = len(found)
            if sure >= _AT_ONCE:
                curves.add(_rows(found[:sure], len(curves.names)))
                found, sure = found[sure:], 0
        curves.add(_rows(found[:sure], len(curves.names)))
        self._stale |= len(found) > sure

    def _columns(self, names: tuple[str, ...]) -> list[str] | None:
        try:
            with self.path.open("rb") as file:
                return _Table.of(file.readline(), names).columns
        except FileNotFoundError:
            return None


def check(path: Path, names: tuple[str, ...]) -> None:
    """Raise ValueError for a file in which anything cannot be read, OSError for none."""
    with path.open("rb") as file:
        table = _Table.of(next(file, b""), names)
        if table.columns is None:
            raise ValueError("no columns")
        for number, line in enumerate(file, 2):
            if table.row(line) is None:
                raise ValueError(f"line {number}")


@dataclass(frozen=True)
class _Table:
    """Where things are in a line. columns: None where the header cannot be read; series: a place an ending each, −1: none."""

    columns: list[str] | None
    span: tuple[int, int]  # of first and rows; −1 in files of the first version
    series: list[tuple[int, ...]]
    is_complete: bool

    @classmethod
    def of(cls, header: bytes, names: tuple[str, ...]) -> _Table:
        found = header.decode("utf-8", "replace").rstrip("\r\n").split(",")
        known = header.endswith(b"\n") and (found[0] == "step" or not set(names).isdisjoint(found))
        places = {name: i for i, name in reversed(list(enumerate(found)))}
        series = [tuple(places.get(name + ending, -1) for ending in _ENDINGS) for name in names]
        span = places.get("first", -1), places.get("rows", -1)
        complete = known and set(_header(names)) <= set(found)
        return cls(found if known else None, span, series, complete)

    def row(self, line: bytes) -> _Row | None:
        """first, last, size and a cell each series; None for what is no whole row."""
        fields = line.rstrip(b"\r\n").split(b",")
        if self.columns is None or len(fields) != len(self.columns) or not line.endswith(b"\n"):
            return None
        fields.append(b"")  # at −1: what a missing column says
        try:
            last = int(fields[0])
            first, size = (int(fields[i] or other) for i, other in zip(self.span, (last, 1), strict=True))
            if not (0 <= first <= last < _MOST and 1 <= size <= last - first + 1):
                return None
            return first, last, size, [_cell(fields, places, size) for places in self.series]
        except ValueError:
            return None


def _cell(fields: list[bytes], places: tuple[int, ...], size: int) -> _Cell:
    """Raises ValueError for what was never written."""
    text = fields[places[0]]
    if not text:
        return _GAP
    mean = float(text)
    if size == 1:
        return (1, mean, mean, mean) if abs(mean) <= _LARGEST else _GAP
    low, high, known = float(fields[places[1]]), float(fields[places[2]]), int(fields[places[3]] or size)
    slack = 1e-6 * max(abs(low), abs(high)) + _SMALLEST  # lowest and highest are rounded to float32, the mean is not
    if not (1 <= known <= size and max(abs(low), abs(high)) <= _LARGEST and low - slack <= mean <= high + slack):
        raise ValueError("no mean between lowest and highest")
    return known, mean, low, high


def _rows(found: list[_Row], series: int) -> Rows:
    first, last, size = (np.array([row[i] for row in found], np.int64) for i in range(3))
    cells = np.array([row[3] for row in found], np.float64).reshape(len(found), series, 4)
    known, mean = cells[..., 0].astype(np.int64), cells[..., 1]
    low, high = cells[..., 2].astype(np.float32), cells[..., 3].astype(np.float32)
    return Rows(first, last, size, known, np.where(size[:, None] == 1, low, mean), low, high)


def _header(names: tuple[str, ...]) -> list[str]:
    return ["step", "first", "rows", *(name + ending for name in names for ending in _ENDINGS)]


def _line(fields: Iterable[object]) -> str:
    return ",".join(map(str, fields)) + "\n"


def _single(step: int, row: Mapping[str, float], columns: list[str]) -> str:
    """A row as it was appended. Values in the fewest digits that give them back exactly, in the precision of the curves."""
    values = as_kept(row, tuple(row))
    texts = {name: str(value) for name, value in zip(row, values, strict=True) if not np.isnan(value)}
    texts |= {"step": str(step), "first": str(step), "rows": "1"}
    return _line(texts.get(column, "") for column in columns)


def _merged_lines(rows: Rows) -> Iterator[str]:
    for first, last, size, known, mean, low, high in zip(*rows, strict=True):
        line = [last, first, size]
        for cell in zip(known, mean, low, high, strict=True):
            line += _texts(size, *cell)
        yield _line(line)


def _texts(size: int, known: int, mean: np.float64, low: np.float32, high: np.float32) -> tuple[object, ...]:
    if not known:
        return "", "", "", ""
    if size == 1:
        return low, "", "", ""
    return mean, low, high, "" if known == size else known


@contextlib.contextmanager
def appending(path: Path) -> Iterator[TextIO]:
    """The file, opened for whole new lines: a last line that a crash has cut short is ended first, and what the disk did not take
    as a whole is taken back. Raises OSError."""
    with path.open("a+b") as raw:
        end = raw.seek(0, os.SEEK_END)
        raw.seek(max(0, end - 1))
        broken = raw.read(1) not in (b"", b"\n")
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write("\n" if broken else "")
            yield file
    except BaseException:
        with contextlib.suppress(OSError):  # what the disk said first is raised
            os.truncate(path, end)
        raise

"""Reading two columns of numbers from a text table: encoding, delimiter and names found out, bad rows skipped, counted and named."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_core.errors import DataError
from gan_core.settings import shorten
from gan_core.text import N_

MOST_ROWS, MOST_BYTES = 1_000_000, 200_000_000
LARGEST = 1e30  # beyond it squares are no numbers any more
NAMED = 5  # bad rows that are named
_DELIMITERS = (",", ";", "\t", "|", " ")
_LOOKED_AT = 200  # rows that tell what a table is like
_CHUNK = 1 << 15
_MOST_COLUMNS, _LONGEST_NAME = 200, 60

NOT_TEXT = N_(
    "This is not a text file. Save the table as CSV (text with commas, semicolons or tabs) and choose that file."
)
ENCODING = N_("This file says it is {encoding}, and is not. Save it as UTF-8 and choose it again.")
NO_ROWS = N_("This file holds no rows.")
ONE_COLUMN = N_("This table has only one column. Two are needed: one for each axis. Columns are told apart by commas, semicolons, tabs or "
                "spaces.")  # fmt: skip
NO_NUMBERS = N_("Two columns of numbers are needed, and this table has none. A column counts where at least half of its first rows are "
                "numbers.")  # fmt: skip
ONE_OF_NUMBERS = N_("Two columns of numbers are needed, and this table has only {name}. A column counts where at least half of its first "
                    "rows are numbers.")  # fmt: skip
TOO_LARGE = N_("This file is larger than {limit} MB.")
TOO_MANY_ROWS = N_("This table has more than {limit} rows. Keep a part of it, drawn at random, and choose that file.")
BROKEN = N_("This file cannot be read as a table from line {line} on: {reason}.")
NO_COLUMN = N_("There is no column called {name}. Choose one of: {names}.")


@dataclass(frozen=True)
class Sheet:
    """What a text table is: its text, how it is written, and its columns; `numeric`: the places of those that hold numbers."""

    text: str
    encoding: str
    delimiter: str
    has_header: bool
    names: tuple[str, ...]
    numeric: tuple[int, ...]

    def column(self, name: str) -> int:
        """The place of a column, by its name or its number (from 1). Raises DataError."""
        if name in self.names:
            return self.names.index(name)
        if name.isascii() and name.isdigit() and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        raise DataError(NO_COLUMN, name=shorten(name), names=", ".join(self.names))


@dataclass(frozen=True)
class Columns:
    """Two columns: points (N, 2) float64 of the good rows; how many rows were skipped, and the first of them in words: line, content."""

    points: NDArray[np.float64]
    skipped: int
    examples: tuple[tuple[int, str], ...]


def read(raw: bytes) -> Sheet:
    """What kind of table this is. Raises DataError for what is none: another format, one column, no numbers, too large."""
    if len(raw) > MOST_BYTES:
        raise DataError(TOO_LARGE, limit=MOST_BYTES // 1_000_000)
    text, encoding = _decoded(raw)
    delimiter = max(_DELIMITERS, key=lambda d: _suits(text, d))
    rows = [row for _line, row in itertools.islice(_rows(text, delimiter), _LOOKED_AT)]
    if not rows:
        raise DataError(NO_ROWS)
    has_header = _is_header(rows, delimiter)
    body = rows[1:] if has_header else rows
    width = max(len(row) for row in rows)
    if width < 2:
        raise DataError(ONE_COLUMN)
    names = _names(rows[0] if has_header else [], min(width, _MOST_COLUMNS))
    numeric = tuple(i for i in range(len(names)) if _share(body, i, delimiter) >= 0.5)
    if len(numeric) < 2:
        raise DataError(ONE_OF_NUMBERS, name=names[numeric[0]]) if numeric else DataError(NO_NUMBERS)
    return Sheet(text, encoding, delimiter, has_header, names, numeric)


def columns(sheet: Sheet, x: int, y: int) -> Columns:
    """The numbers of two columns, by their places. Raises DataError for too many rows and where the text breaks off inside a quote."""
    reader = csv.reader(io.StringIO(sheet.text, newline=""), delimiter=sheet.delimiter, skipinitialspace=True)
    parts: list[NDArray[np.float64]] = []
    skipped, seen, header = 0, 0, sheet.has_header
    examples: list[tuple[int, str]] = []
    while True:
        line = reader.line_num
        try:
            chunk = list(itertools.islice(reader, _CHUNK))
        except csv.Error as error:
            raise DataError(BROKEN, line=reader.line_num, reason=error) from None
        if not chunk:
            break
        if header and (first := next((i for i, row in enumerate(chunk) if row), None)) is not None:
            chunk[first], header = [], False
        filled = [row for row in chunk if row]
        seen += len(filled)
        if seen > MOST_ROWS:
            raise DataError(TOO_MANY_ROWS, limit=f"{MOST_ROWS:,}")
        found = _numbers(filled, x, y, sheet.delimiter)
        good = np.asarray((np.abs(found) <= LARGEST).all(axis=1))  # of NaN it is not
        if not good.all():
            skipped += int((~good).sum())
            examples += _examples(chunk, line, good, sheet.delimiter, NAMED - len(examples))
        parts.append(found[good])
    return Columns(np.concatenate(parts) if parts else np.empty((0, 2)), skipped, tuple(examples))


def _numbers(rows: Sequence[Sequence[str]], x: int, y: int, delimiter: str) -> NDArray[np.float64]:
    """(N, 2), NaN where there is no number. All at once where every row is as it should be: a million cells one by one take seconds."""
    try:
        return np.array([[float(row[x]), float(row[y])] for row in rows]).reshape(-1, 2)
    except (ValueError, IndexError):
        return np.array([[_at(row, x, delimiter), _at(row, y, delimiter)] for row in rows])


def _examples(
    chunk: Sequence[Sequence[str]], line: int, good: NDArray[np.bool_], delimiter: str, count: int
) -> list[tuple[int, str]]:
    """The first bad rows: the line that each ends in (rows with line breaks in their cells are longer), and what is in it."""
    found: list[tuple[int, str]] = []
    place = 0
    for row in chunk:
        line += 1 + sum(cell.count("\n") for cell in row)
        if row:
            if not good[place] and len(found) < count:
                found.append((line, _shortened(delimiter.join(row))))
            place += 1
    return found


def _shortened(text: str) -> str:
    text = " ".join(text.splitlines())
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


# ── bytes to text ────────────────────────────────────────────────────────────────────────────────────────────────────────

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def _decoded(raw: bytes) -> tuple[str, str]:
    marked = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    if marked is not None:
        try:
            text = raw.decode(marked)
        except UnicodeDecodeError:
            raise DataError(ENCODING, encoding=marked.upper()) from None
        return _checked(text), marked
    try:
        return _checked(raw.decode("utf-8")), "utf-8"
    except UnicodeDecodeError:
        return _checked(raw.decode("latin-1")), "latin-1"


def _checked(text: str) -> str:
    """Text has no control characters; pictures, archives and spreadsheets are full of them."""
    if any(c < " " and c not in "\t\r\n\f\v" for c in text[:65536]) or "\0" in text:
        raise DataError(NOT_TEXT)
    return text


# ── text to rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the number of the line that each ends in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(BROKEN, line=reader.line_num, reason=error) from None


def _suits(text: str, delimiter: str) -> tuple[int, float]:
    """How well a delimiter suits: in how many rows it finds two numbers, and how much of what it finds are numbers."""
    try:
        rows = [row for _line, row in itertools.islice(_rows(text, delimiter), _LOOKED_AT)]
    except DataError:
        return 0, 0.0
    counts = [sum(not math.isnan(_number(cell, delimiter)) for cell in row) for row in rows]
    cells = sum(len(row) for row in rows)
    wide = sum(len(row) > 1 for row in rows)
    return sum(count >= 2 for count in counts), (sum(counts) / cells if cells else 0.0) + (0.001 if wide else 0.0)


def _number(cell: str, delimiter: str) -> float:
    """The number in a cell, NaN where there is none that can be used. A comma may stand for the point where it separates nothing."""
    try:
        value = float(cell.replace(",", ".") if delimiter != "," else cell)
    except ValueError:
        return math.nan
    return value if abs(value) <= LARGEST else math.nan


def _at(row: Sequence[str], place: int, delimiter: str) -> float:
    return _number(row[place], delimiter) if place < len(row) else math.nan


def _share(rows: Sequence[Sequence[str]], place: int, delimiter: str) -> float:
    return sum(not math.isnan(_at(row, place, delimiter)) for row in rows) / max(1, len(rows))


def _is_header(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether the first row holds names: a cell in it is text where the column below holds numbers."""
    first, body = rows[0], rows[1:]
    text = [i for i, cell in enumerate(first) if cell and math.isnan(_number(cell, delimiter)) and not _is_hole(cell)]
    return any(_share(body, i, delimiter) >= 0.5 for i in text) or (bool(body) and len(text) == len(first))


def _is_hole(cell: str) -> bool:
    """How programs write that a number is missing, or none."""
    return cell.strip().lower() in ("nan", "na", "n/a", "null", "none", "inf", "-inf", "+inf", "infinity", "-infinity")


def _names(header: Sequence[str], width: int) -> tuple[str, ...]:
    """A name of its own for each column."""
    found: list[str] = []
    for i in range(width):
        name = (header[i].strip() if i < len(header) else "")[:_LONGEST_NAME] or str(i + 1)
        found.append(name if name not in found else f"{name} ({i + 1})")
    return tuple(found)

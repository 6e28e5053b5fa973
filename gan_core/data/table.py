"""Tables of two columns that somebody brought: kept under the SHA-256 of their numbers, in the data folder and beside their runs.

DATA/tables/NAME.safetensors    points (N, 2) float64 and what the columns are called; never changed once it is there
RUN/table.safetensors           the same file, of a run that learns it
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from gan_core.data.csv_text import LARGEST, MOST_ROWS
from gan_core.data.sets import PointSet, Progress
from gan_core.errors import DataError, reason_of
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

FORM = "the 64 hexadecimal digits that importing a table gives, or nothing"
FILE = "table.safetensors"
MOST_KEPT = 2_000_000_000  # bytes of tables in a data folder
FEW = N_("This table has too few rows that can be used: {count}. At least two different ones are needed.")
ALIKE = N_("All {count} usable rows of this table are the same point. At least two different ones are needed.")
MISSING = N_(
    "The table of these settings ({name}…) is not on this server. Import the same file again, with the same two columns."
)
DAMAGED = N_("The table in {path} is damaged. Import the same file again, with the same two columns.")
NOT_KEPT = N_("The table cannot be kept: {reason}. Make room on the server's disk, then try again.")
TOO_FAR = N_("The numbers of this table go up to {largest}, and training needs numbers around 1. Choose another scaling than \"As it "
             "is\".")  # fmt: skip

_NAME = re.compile(r"[0-9a-f]{64}")
_FARTHEST = 100.0  # what training is given as it is
_PLAIN = 1000.0  # a middle so many times farther away than the data is wide is left out: float32 could not show what lies around it
_MARGIN = 1.2
_PLACES = 10_000
_LONGEST_COLUMN = 200  # characters of what a column is called


def is_name(text: str) -> bool:
    """Whether this can be the name of a table, or "" for the example."""
    return not text or bool(_NAME.fullmatch(text))


@dataclass(frozen=True)
class Table:
    """Points (N, 2) float64, never written to, and the names of the two columns."""

    points: NDArray[np.float64]
    columns: tuple[str, str]


# ── where tables are ─────────────────────────────────────────────────────────────────────────────────────────────────────

_lock = threading.Lock()
_roots: list[Path] = []
_beside: OrderedDict[str, Path] = OrderedDict()  # copies in the folders of runs, by name


def use_folder(data_folder: Path) -> None:
    """Look for tables in this data folder too."""
    with _lock:
        folder = data_folder / "tables"
        if folder not in _roots:
            _roots.append(folder)


def know(name: str, run_folder: Path) -> None:
    """Look for this table in the folder of a run too, if it is there."""
    file = run_folder / FILE
    if name and file.is_file():
        with _lock:
            if name not in _beside or not _beside[name].is_file():  # one that is on its way in may go again
                _beside[name] = file
            _beside.move_to_end(name)
            while len(_beside) > _PLACES:
                _beside.popitem(last=False)


def put_beside(name: str, run_folder: Path) -> None:
    """Give the folder of a run its own copy (another name of the same file where there are such). Raises DataError, OSError."""
    from gan_core.runs.history import share

    if name:
        share(_find(name), run_folder / FILE)


def _find(name: str) -> Path:
    """The file of a table. Raises DataError."""
    from gan_core.runs.store import data_dir

    with _lock:
        places = [folder / f"{name}.safetensors" for folder in (*_roots, data_dir() / "tables")]
        places += [_beside[name]] if name in _beside else []
    found = next((place for place in places if place.is_file()), None) if _NAME.fullmatch(name) else None
    if found is None:
        raise DataError(MISSING, name=name[:8])
    return found


# ── keeping and loading ──────────────────────────────────────────────────────────────────────────────────────────────────


def keep(points: NDArray[np.float64], columns: tuple[str, str], data_folder: Path) -> str:
    """Keep a table in a data folder; its name. Raises DataError for too few different points, and for a disk that refuses."""
    from gan_core.runs import atomic

    points = np.ascontiguousarray(points, "<f8") + 0.0  # −0 becomes 0
    _check(points)
    name = hashlib.sha256(points.tobytes()).hexdigest()
    folder = data_folder / "tables"
    path = folder / f"{name}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_whole(path, name):
            data = _packed(points, columns)
            _make_room(folder, len(data))
            atomic.write_bytes(path, data)
        else:
            os.utime(path)
    except OSError as error:
        raise DataError(NOT_KEPT, reason=reason_of(error)) from None
    use_folder(data_folder)
    return name


def again(path: Path, name: str) -> bytes:
    """The table in a file from elsewhere, as it is written here. Raises DataError for another than that of this name, or one that nobody could
    learn."""
    found = _read(path, name)
    try:
        _check(found.points)
    except ValueError:
        raise DataError(DAMAGED, path=path.name) from None
    x, y = (" ".join(column.split())[:_LONGEST_COLUMN] for column in found.columns)
    return _packed(found.points, (x, y))


def _check(points: NDArray[np.float64]) -> None:
    if len(points) < 2:
        raise DataError(FEW, count=len(points))
    if len(points) > MOST_ROWS or points.shape[1:] != (2,) or not (np.abs(points) <= LARGEST).all():
        raise ValueError("not as csv_text.columns gives it")
    if (points == points[0]).all():
        raise DataError(ALIKE, count=len(points))


def _packed(points: NDArray[np.float64], columns: tuple[str, str]) -> bytes:
    import safetensors.numpy

    return bytes(safetensors.numpy.save({"points": points}, {"columns": json.dumps(columns)}))


def _is_whole(path: Path, name: str) -> bool:
    try:
        _read(path, name)
    except DataError:
        return False
    return True


def _make_room(folder: Path, needed: int) -> None:
    """Remove the tables that were used longest ago; runs have their own copies."""
    known = [(file.stat(), file) for file in folder.glob("*.safetensors")]
    total = sum(stat.st_size for stat, _file in known) + needed
    for stat, file in sorted(known, key=lambda pair: pair[0].st_mtime):
        if total <= MOST_KEPT:
            return
        file.unlink(missing_ok=True)
        total -= stat.st_size


def load(name: str) -> Table:
    """The table of this name, from memory if it was just used; the example for "". Raises DataError."""
    return _example() if not name else _loaded(name)


@lru_cache(maxsize=4)  # 16 MB for a million rows
def _loaded(name: str) -> Table:
    path = _find(name)
    with contextlib.suppress(OSError):
        os.utime(path)
    return _read(path, name)


def _read(path: Path, name: str) -> Table:
    import safetensors

    try:
        with safetensors.safe_open(path, "numpy") as file:
            points: NDArray[np.float64] = file.get_tensor("points")
            said = json.loads((file.metadata() or {}).get("columns", "[]"))
    except (OSError, ValueError, TypeError, safetensors.SafetensorError):
        raise DataError(DAMAGED, path=path.name) from None
    if points.dtype != np.float64 or hashlib.sha256(points.tobytes()).hexdigest() != name:
        raise DataError(DAMAGED, path=path.name)
    points.setflags(write=False)
    x, y = said if isinstance(said, list) and len(said) == 2 else ("x", "y")
    return Table(points, (str(x), str(y)))


@lru_cache(maxsize=1)
def _example() -> Table:
    """Length and width of the petals of 150 irises, in cm (Fisher 1936), as scikit-learn has them."""
    from sklearn.datasets import load_iris  # seconds of import that only this set needs

    points = np.ascontiguousarray(load_iris().data[:, 2:4], np.float64)
    points.setflags(write=False)
    return Table(points, ("petal length (cm)", "petal width (cm)"))


# ── as a distribution ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataset("table", kind="points", title=N_("Your table (CSV)"),
         help=N_("Two columns of a table that you import; until then the petals of 150 irises, their length and width in cm."),
         paper="R. A. Fisher 1936, https://doi.org/10.1111/j.1469-1809.1936.tb02137.x", licence="irises: CC BY 4.0 (UCI)")  # fmt: skip
def table(data: DataConfig, _progress: Progress | None = None) -> PointSet:
    """A row of the table, each as likely as any other. "keep": x' = (x − m)/h, m the middle of each column's range and h half of the
    wider one; "each": h of each column its own, shown as training sees it; "none": x' = x."""
    points = load(data.table).points
    low, high = points.min(0), points.max(0)
    middle, half = (low + high) / 2, (high - low) / 2
    if data.scaling == "none":
        return _as_it_is(points, middle, float(half.max()))
    if data.scaling == "each":
        normalised = (points - middle) / np.where(half > 0, half, 1.0)
        return _points(normalised, 1.0, (0.0, 0.0), _MARGIN)
    widest = float(half.max())
    near = float(np.abs(middle).max()) <= _PLAIN * widest
    origin = (float(middle[0]), float(middle[1])) if near else (0.0, 0.0)
    return _points((points - middle) / widest, widest, origin, _MARGIN * widest)


def _as_it_is(points: NDArray[np.float64], middle: NDArray[np.float64], half: float) -> PointSet:
    largest = float(np.abs(points).max())
    if largest > _FARTHEST:
        raise DataError(TOO_FAR, largest=f"{largest:.3g}")
    x, y = (float(v) for v in middle)
    side = _MARGIN * max(half, 1e-3)
    return _drawn(points, 1.0, (0.0, 0.0), (x - side, x + side, y - side, y + side))


def _points(points: NDArray[np.float64], scale: float, origin: tuple[float, float], half: float) -> PointSet:
    x, y = origin
    return _drawn(points, scale, origin, (x - half, x + half, y - half, y + half))


def _drawn(points: NDArray[np.float64], scale: float, origin: tuple[float, float],
           extent: tuple[float, float, float, float]) -> PointSet:  # fmt: skip
    rows = torch.from_numpy(points.astype(np.float32))

    def draw(n: int, rng: Generator) -> Tensor:
        return rows[torch.randint(len(rows), (n,), generator=rng)]

    return PointSet("table", scale, draw, extent, origin=origin)


def summary(data: DataConfig) -> dict[str, Any]:
    """What is said of a table: its columns and how many rows it has. Raises DataError."""
    found = load(data.table)
    return {"x": found.columns[0], "y": found.columns[1], "rows": len(found.points)}

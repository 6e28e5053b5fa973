"""The index of runs: a table made from their folders, so that thousands can be searched, sorted and paged at once.

The folders are the only truth. The table is thrown away and made again whenever it cannot be trusted.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gan_core.metrics  # noqa: F401 - it fills registry.metric, which SORTS lists
from gan_core import registry
from gan_core.errors import RunError
from gan_core.runs import about, pinned
from gan_core.runs.database import COLUMNS, STORED, Database, LostError, check_row, sealed
from gan_core.runs.frames import CURVE_NAMES
from gan_core.runs.listing import ACTIVE, LARGEST_INT, RUN_ID, Row, read_live, read_run
from gan_core.settings import shorten
from gan_core.text import N_

log = logging.getLogger(__name__)
T = TypeVar("T")

PLACES = ("runs", "trash")  # an id in both is listed as in the first
FULL_SECONDS = 60.0  # between two looks at the files of runs that rest
_SETTLE_SECONDS = 2.0  # the coarsest clock of a common file system
_ACTIVE = "('preparing', 'queued', 'running')"


@dataclass(frozen=True)
class Query:
    """Which runs, in which order. Every word of `text` and every tag must be there; `status` may be "active" or "" for any."""

    text: str = ""
    tags: tuple[str, ...] = ()
    status: str = ""
    owner: str = ""
    deleted: bool = False
    sort: str = "created"
    descending: bool = True
    offset: int = 0
    limit: int = 50


# ── what is asked of it ──────────────────────────────────────────────────────────────────────────────────────────────────

_FROM = "FROM run LEFT JOIN live ON live.id = run.id AND live.stamp = run.stamp LEFT JOIN held ON held.id = run.id"
_SEEN = {
    "status": f"COALESCE(live.status, CASE WHEN run.status IN {_ACTIVE} AND held.id IS NULL THEN 'paused' ELSE run.status END)",
    "step": "COALESCE(live.step, run.step)",
    "images": "COALESCE(live.images, run.images)",
    "seconds": "COALESCE(live.seconds, run.seconds)",
    "progress": "CASE WHEN live.id IS NULL THEN run.progress ELSE live.progress END",
    "metrics": "COALESCE(live.metrics, run.metrics)",
}
_SORTED = {
    name: f"NULLIF(run.{column}, '')"
    for name, column in {"created": "created", "saved": "saved", "name": "name_key", "dataset": "dataset", "loss": "loss",
                         "device": "device", "batch_size": "batch_size", "size": "size"}.items()
} | {"status": f"NULLIF({_SEEN['status']}, '')"} | {n: _SEEN[n] for n in ("step", "images", "seconds", "progress")}  # fmt: skip
SORTS = (*_SORTED, *dict.fromkeys(name for name in (*registry.metric, *CURVE_NAMES) if name not in _SORTED))


def _storable(text: str) -> str:
    """SQLite takes no half of a surrogate pair. A name that is changed by this is nobody's."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _row(values: Sequence[Any]) -> Row:
    """From the stored columns, their check and what is seen of the run now."""
    count = len(COLUMNS)
    check_row(values[:count], values[count])
    row = dict(zip(COLUMNS, values, strict=False)) | dict(zip(_SEEN, values[count + 1 :], strict=True))
    row |= {name: json.loads(row[name]) for name in ("tags", "metrics", "best")}
    row |= {"tags": tuple(row["tags"]), "deleted": bool(row["deleted"])}
    row |= {name: row[name] or 0 for name in ("step", "images", "seconds")}
    return Row(**{field.name: row[field.name] for field in dataclasses.fields(Row)})


def _rows(db: sqlite3.Connection, ids: list[str]) -> list[Row]:
    """Those that there are, in the order of `ids`."""
    query = f"SELECT {STORED}, run.crc, {', '.join(_SEEN.values())} {_FROM} WHERE run.id IN (SELECT value FROM json_each(?))"
    rows = {row.id: row for row in map(_row, db.execute(query, (json.dumps(ids),)))}
    return [rows[run_id] for run_id in ids if run_id in rows]


def _condition(query: Query) -> tuple[str, list[Any]]:
    """WHERE and its values. What people typed is only ever a value."""
    parts, values = ["WHERE run.deleted = ?"], [int(query.deleted)]
    more: list[tuple[str, Any]] = []
    if words := about.fold(about.one_line(query.text)).split():
        more.append(
            ("NOT EXISTS (SELECT 1 FROM json_each(?) AS w WHERE instr(run.words, w.value) = 0)", json.dumps(words))
        )
    if tags := [f"\n{about.fold(tag)}\n" for tag in map(about.one_line, query.tags) if tag]:
        more.append(
            ("NOT EXISTS (SELECT 1 FROM json_each(?) AS t WHERE instr(run.tag_keys, t.value) = 0)", json.dumps(tags))
        )
    if query.status:
        wanted = ACTIVE if query.status == "active" else (query.status,)
        more.append((f"{_SEEN['status']} IN (SELECT value FROM json_each(?))", json.dumps(wanted)))
    if query.owner:
        more.append(("run.owner = ?", _storable(query.owner)))
    return " AND ".join([*parts, *(part for part, _ in more)]), [*values, *(value for _, value in more)]


def _order(query: Query) -> tuple[str, list[Any]]:
    """ORDER BY and its values. Raises RunError for a name that is none of SORTS."""
    if query.sort not in SORTS:
        raise RunError(N_("Runs cannot be sorted by {sort}. Choose one of: {allowed}."),
                       sort=shorten(query.sort), allowed=", ".join(SORTS))  # fmt: skip
    by, values = _SORTED.get(query.sort), []
    if by is None:
        by, values = f"json_extract({_SEEN['metrics']}, ?)", [f'$."{query.sort}"']
    direction = "DESC" if query.descending else "ASC"
    return f"ORDER BY {by} {direction} NULLS LAST, {_SORTED['created']} DESC NULLS LAST, run.id", values


# ── the index ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Watch:
    """A folder whose entries come and go. A change within the clock tick in which they were last listed does not show in its
    time of change, so that they are listed again until some seconds after the last change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changed: int | None = -1
        self._since = self._listed = 0.0

    def is_due(self, now: float) -> bool:
        """Whether there may be other entries (`now` as from time.monotonic)."""
        try:
            changed = os.stat(self.path).st_mtime_ns
        except OSError:
            changed = None
        if changed != self._changed:
            self._changed, self._since = changed, now
            return True
        return self._listed - self._since < _SETTLE_SECONDS

    def ids(self, now: float) -> list[str]:
        """The runs in it."""
        self._listed = now
        try:
            with os.scandir(self.path) as entries:
                return [entry.name for entry in entries if RUN_ID.fullmatch(entry.name) and entry.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("%s cannot be listed: %s", self.path, error)
            return []


class Index:
    """The table of the runs in the data folder `root`, shared by all processes; any thread may ask it.

    `held` says whether some process has a run's lock: a run that is active by its files and that nobody holds was killed, and
    is listed as paused. It is called without any lock of the index. A closed index opens again when it is asked.
    """

    def __init__(self, root: Path, held: Callable[[str], bool] = lambda run_id: False) -> None:
        self.root = root
        self._held = held
        self._base = Database(root / "index.sqlite")
        self._watches = {place: _Watch(root / place) for place in PLACES}
        self._places: dict[str, str] = {}  # id -> place; this and the next are only used inside `_base.use`
        self._full_at = 0.0

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, query: Query) -> tuple[list[Row], int]:
        """A page of runs, and how many match in all. Raises RunError for a sort that there is not."""
        where, values = _condition(query)
        order, more = _order(query)
        page = [min(max(0, number), LARGEST_INT) for number in (query.limit, query.offset)]

        def ask(db: sqlite3.Connection) -> tuple[list[Row], int]:
            with db:
                db.execute("BEGIN")  # the same moment for all three
                (total,) = db.execute(f"SELECT COUNT(*) {_FROM} {where}", values).fetchone()
                found = db.execute(f"SELECT run.id {_FROM} {where} {order} LIMIT ? OFFSET ?", [*values, *more, *page])
                return _rows(db, [run_id for (run_id,) in found]), total

        return self._ask(ask)

    def get(self, run_id: str) -> Row | None:
        """A run, deleted or not; None where there is no such run."""
        rows = self._ask(lambda db: _rows(db, [run_id]))
        return rows[0] if rows else None

    def tags(self, owner: str = "") -> list[tuple[str, int]]:
        """Tags of the runs not deleted, most used first; of spellings that differ in case, the most common."""
        query = "SELECT value, COUNT(*) FROM run, json_each(run.tags) WHERE NOT deleted AND ? IN ('', owner) GROUP BY 1"
        spellings: dict[str, Counter[str]] = defaultdict(Counter)
        for tag, count in self._ask(lambda db: db.execute(query, (_storable(owner),)).fetchall()):
            spellings[about.fold(tag)][tag] = count
        found = sorted(spellings.items(), key=lambda item: (-item[1].total(), item[0]))
        return [(min(each, key=lambda tag: (-each[tag], tag)), each.total()) for _key, each in found]

    def counts(self) -> dict[str, int]:
        """Number of runs by status, of those not deleted."""
        query = f"SELECT {_SEEN['status']}, COUNT(*) {_FROM} WHERE NOT run.deleted GROUP BY 1"
        return self._ask(lambda db: dict(db.execute(query).fetchall()))

    def bytes_used(self) -> int:
        """Bytes of all runs, deleted ones included."""
        return self._ask(lambda db: int(db.execute("SELECT TOTAL(size) FROM run").fetchone()[0]))

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _ask(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """`job` of a filled table."""
        while True:
            try:
                return self._base.use(job)
            except LostError:
                self.refresh()

    # ── keeping up with the folders ──────────────────────────────────────────────────────────────────────────────────────

    def refresh(self, *, everything: bool = False) -> None:
        """Bring the table up to date. Cheap enough for once a second: the files of runs that rest are only looked at once a
        minute, or with `everything`, and read when they have changed."""
        while not self._refreshed(everything):
            pass  # the table was lost on the way

    def _refreshed(self, everything: bool) -> bool:
        try:
            active = self._base.use(lambda db: self._catch_up(db, everything), filling=True)
            held = [run_id for run_id in active if self._held(run_id)]
            self._base.use(lambda db: _hold(db, "", held))
        except LostError:
            return False
        return True

    def note(self, run_id: str) -> None:
        """The files of this run have just changed, appeared or gone: read them again."""
        if RUN_ID.fullmatch(run_id):
            active = self._ask(lambda db: self._read_again(db, run_id))
            held = [run_id] if active and self._held(run_id) else []
            self._ask(lambda db: _hold(db, run_id, held))

    def live(self, states: Iterable[Mapping[str, Any]]) -> None:
        """Runs in this process's memory: `id`, and `status`, `step`, `images`, `seconds`, `progress`, `metrics`, which are newer
        than their files until these change."""
        rows = [_live(state) for state in states]

        def update(db: sqlite3.Connection) -> None:
            with db:
                db.execute("BEGIN")
                db.executemany(
                    "INSERT OR REPLACE INTO live SELECT id, stamp, ?, ?, ?, ?, ?, ? FROM run WHERE id = ?", rows
                )

        self._ask(update)

    def _catch_up(self, db: sqlite3.Connection, everything: bool) -> list[str]:
        """Read what has changed; the runs that are active by their files."""
        now = time.monotonic()
        full = everything or not self._base.filled or now - self._full_at > FULL_SECONDS
        due = [watch.is_due(now) for watch in self._watches.values()]  # all of them, and before any is listed
        known, suspects = self._listed(db, full, now) if full or any(due) else (_watched(db),) * 2
        stamps = {run_id: self._stamp(run_id) for run_id in suspects}
        changed = [(run_id, stamp) for run_id, stamp in stamps.items() if stamp and stamp != known.get(run_id)]
        missed = [run_id for run_id in known if not stamps.get(run_id, self._places.get(run_id))]
        gone = [run_id for run_id in missed if not self._is_there(run_id)]  # another process may have added one since
        _write(db, [self._record(*item) for item in changed], gone)
        self._base.filled, self._full_at = True, now if full else self._full_at
        return [run_id for (run_id,) in db.execute(f"SELECT id FROM run WHERE status IN {_ACTIVE} AND NOT deleted")]

    def _listed(self, db: sqlite3.Connection, full: bool, now: float) -> tuple[dict[str, str], set[str]]:
        """List the folders: the stamps in the table, and the runs whose files may have changed."""
        self._places = {run_id: place for place in reversed(PLACES) for run_id in self._watches[place].ids(now)}
        known: dict[str, str] = dict(db.execute("SELECT id, stamp FROM run").fetchall())
        if full:
            return known, set(self._places)
        moved = {i for i, place in self._places.items() if not known.get(i, "").startswith(f"{place}|")}
        return known, moved | (self._places.keys() & _watched(db).keys())

    def _read_again(self, db: sqlite3.Connection, run_id: str) -> bool:
        """Whether the run is active by its files."""
        self._places[run_id] = next((place for place in PLACES if (self.root / place / run_id).is_dir()), PLACES[0])
        stamp = self._stamp(run_id)
        if not stamp:
            del self._places[run_id]
        _write(db, [self._record(run_id, stamp)] if stamp else [], [] if stamp else [run_id])
        db.execute("DELETE FROM live WHERE id = ?", (run_id,))
        active = f"SELECT 1 FROM run WHERE id = ? AND status IN {_ACTIVE} AND NOT deleted"
        return db.execute(active, (run_id,)).fetchone() is not None

    def _is_there(self, run_id: str) -> bool:
        return any((self.root / place / run_id).is_dir() for place in PLACES)

    def _stamp(self, run_id: str) -> str:
        """Differs when run.json or notes.json was replaced, a favourite has pinned a step, or the run was moved; only equality means anything, since clocks
        jump. "" where there is no such folder."""
        place = self._places.get(run_id, PLACES[0])
        folder = f"{self.root}/{place}/{run_id}"
        parts = [place]
        for name in ("run.json", about.FILE, pinned.NAME):
            try:
                status = os.stat(f"{folder}/{name}")
                parts.append(f"{status.st_mtime_ns}:{status.st_size}:{status.st_ino}")
            except OSError:
                parts.append("")
        return "|".join(parts) if any(parts[1:]) or os.path.isdir(folder) else ""

    def _record(self, run_id: str, stamp: str) -> list[Any]:
        """The stored columns and their check. `stamp` was taken before the files are read."""
        place = stamp.partition("|")[0]
        row = read_run(self.root / place / run_id) | {"stamp": stamp, "deleted": int(place != PLACES[0])}
        values = [row[name] for name in COLUMNS]
        return [*values, sealed(values)]


def _watched(db: sqlite3.Connection) -> dict[str, str]:
    """The runs whose files may change at any moment, with their stamps in the table. A folder that is just being made has no
    status yet."""
    query = (f"SELECT id, stamp FROM run WHERE status IN {_ACTIVE} OR status = '' UNION "
             f"SELECT run.id, run.stamp FROM run JOIN live USING (id) WHERE live.status IN {_ACTIVE}")  # fmt: skip
    return dict(db.execute(query).fetchall())


def _write(db: sqlite3.Connection, records: list[list[Any]], gone: list[str]) -> None:
    if records or gone:
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(f"INSERT OR REPLACE INTO run VALUES ({marks})", records)
            db.executemany("DELETE FROM run WHERE id = ?", [(run_id,) for run_id in gone])


def _hold(db: sqlite3.Connection, of: str, held: list[str]) -> None:
    """Of all runs, or only of this one, those in `held` are held."""
    with db:
        db.execute("BEGIN")
        db.execute("DELETE FROM held WHERE ? IN ('', id)", (of,))
        db.executemany("INSERT OR IGNORE INTO held VALUES (?)", [(run_id,) for run_id in held])


def _live(state: Mapping[str, Any]) -> list[Any]:
    """The values of a row of `live`, its id last."""
    return [*read_live(state), _storable(str(state["id"]))]

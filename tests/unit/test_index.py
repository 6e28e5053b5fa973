"""The index of runs says what the folders say: against a brute-force model, and whatever happens to its file."""

from __future__ import annotations

import itertools
import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import _tiny
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core import serial
from gan_core.errors import RunError
from gan_core.runs import about, database, index, listing
from gan_core.runs.about import About
from gan_core.runs.index import SORTS, Index, Query
from gan_core.runs.listing import STATUSES, Row
from gan_core.runs.store import Store

ROOT = Path(__file__).resolve().parents[2]
FAST = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SUMMARY = {"dataset": "ring", "kind": "points", "loss": "hinge", "penalty": "r1", "generator": "mlp", "discriminator": "mlp",
           "batch_size": 64}  # fmt: skip
NAMES = ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm")


def run_id(number: int, name: str = "ring") -> str:
    """The id of the run made `number` seconds after midnight."""
    return f"{name}-20250102-{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-{number:06x}"


def facts_of(run: str, **more: Any) -> dict[str, Any]:
    """A whole run.json of version 2."""
    facts: dict[str, Any] = {
        "version": 2, "run": run, "owner": "0123456789abcdef", "created": "2025-01-02T03:04:05+00:00",
        "saved": "2025-01-03T03:04:05+00:00", "status": "finished", "step": 1200, "images": 76800, "seconds": 12.5, "seed": 7,
        "progress": 1.0, "message": {"template": "", "params": {}}, "environment": {"device": "cpu", "threads": 1},
        "summary": SUMMARY, "metrics": {"d_loss": 0.7, "quality": 0.9, "modes": 8},
        "best": {"metric": "quality", "value": 0.93, "step": 1100}, "parent": {"run": run_id(77), "step": 300},
    }  # fmt: skip
    return facts | more


def make(root: Path, run: str, facts: Any = None, said: About | None = None, place: str = "runs") -> Path:
    """The folder of a run; `facts` may be bytes."""
    folder = root / place / run
    folder.mkdir(parents=True, exist_ok=True)
    data = facts if isinstance(facts, bytes) else json.dumps(facts_of(run) if facts is None else facts).encode()
    (folder / "run.json").write_bytes(data)
    if said is not None:
        about.write(folder, said)
    return folder


def everything(table: Index, deleted: bool = False) -> list[Row]:
    return table.find(Query(deleted=deleted, limit=10**9))[0]


def ids(table: Index, **query: Any) -> list[str]:
    return [row.id for row in table.find(Query(**{"limit": 10**9} | query))[0]]


@pytest.fixture
def opened() -> Iterator[Callable[..., Index]]:
    """Makes an Index and closes it at the end."""
    made: list[Index] = []

    def make_one(*args: Any, **more: Any) -> Index:
        made.append(Index(*args, **more))
        return made[-1]

    yield make_one
    for table in made:
        table.close()


@pytest.fixture
def table(tmp_path: Path, opened: Callable[..., Index]) -> Index:
    return opened(tmp_path)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose files are read."""
    names: list[str] = []
    reading = listing.read_run

    def counted(folder: Path) -> dict[str, Any]:
        names.append(folder.name)
        return reading(folder)

    monkeypatch.setattr(index, "read_run", counted)
    return names


# ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_says_what_the_files_say(tmp_path: Path, table: Index) -> None:
    run = run_id(1)
    folder = make(tmp_path, run, said=About("Best ring", ("a", "B c"), "two\nlines"))
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "1.safetensors").write_bytes(b"x" * 5000)
    size = 5000 + (folder / "run.json").stat().st_size + (folder / "notes.json").stat().st_size
    row = table.get(run)
    assert row is not None
    assert asdict(row) == {
        "id": run, "owner": "0123456789abcdef", "created": "2025-01-02T03:04:05+00:00", "saved": "2025-01-03T03:04:05+00:00",
        "status": "finished", "name": "Best ring", "tags": ("a", "B c"), "notes": "two\nlines", "dataset": "ring",
        "kind": "points", "loss": "hinge", "penalty": "r1", "generator": "mlp", "discriminator": "mlp", "batch_size": 64,
        "device": "cpu", "step": 1200, "images": 76800, "seconds": 12.5, "progress": 1.0, "seed": 7,
        "metrics": {"d_loss": 0.7, "quality": 0.9, "modes": 8.0}, "best": {"metric": "quality", "value": 0.93, "step": 1100},
        "parent": run_id(77), "parent_step": 300, "size": size, "deleted": False, "problem": "",
    }  # fmt: skip
    assert table.find(Query()) == ([row], 1)
    assert table.bytes_used() == size
    assert table.get("x") is table.get("") is table.get("../..") is None


def test_an_empty_data_folder(tmp_path: Path, opened: Callable[..., Index]) -> None:
    table = opened(tmp_path / "not" / "there")
    assert table.find(Query()) == ([], 0)
    assert (table.tags(), table.counts(), table.bytes_used(), table.get(run_id(1))) == ([], {}, 0, None)


def test_only_folders_of_runs_are_listed(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1))
    (tmp_path / "runs" / "mine").mkdir()
    (tmp_path / "runs" / run_id(2)).write_text("a file", encoding="utf-8")
    (tmp_path / "runs" / run_id(3)).symlink_to(tmp_path / "nowhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs" / run_id(4)).symlink_to(make(tmp_path / "elsewhere", run_id(4)))
    assert sorted(ids(table)) == [run_id(1), run_id(4)]


def test_ids_are_those_of_the_store(tmp_path: Path) -> None:
    folders = Store(tmp_path)
    for run in (
        run_id(1),
        "a-20250101-000000-abcdef",
        "A-20250101-000000-abcdef",
        "a-2025-000000-abcdef",
        "",
        f"{run_id(1)}\n",
    ):
        try:
            known = bool(folders.folder(run))
        except RunError:
            known = False
        assert bool(listing.RUN_ID.fullmatch(run)) == known


def test_times_of_any_zone_are_compared_in_utc(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1), facts_of(run_id(1), created="2025-01-01T01:00:00+05:00"))
    make(tmp_path, run_id(2), facts_of(run_id(2), created="2024-12-31T21:00:00Z", saved="2025-01-01T00:00:00"))
    assert ids(table) == [run_id(2), run_id(1)]
    assert [row.created for row in everything(table)] == ["2024-12-31T21:00:00+00:00", "2024-12-31T20:00:00+00:00"]
    assert everything(table)[0].saved == "2025-01-01T00:00:00+00:00"


# ── settings: run.json, or config.toml ───────────────────────────────────────────────────────────────────────────────────


def test_a_run_of_version_1_has_its_settings_from_config_toml(tmp_path: Path, table: Index) -> None:
    run = run_id(5)
    folder = make(tmp_path, run, {"version": 1, "run": run, "owner": "me", "created": "2025-01-02T00:00:00+00:00",
                                  "status": "paused", "step": 3, "seconds": 1.5, "environment": {"device": "NVIDIA H200"}})  # fmt: skip
    (folder / "config.toml").write_text(
        serial.to_toml(_tiny.pictures(loss="minimax")) + "# crc32 0\n", encoding="utf-8"
    )
    (row,) = everything(table)
    assert (row.dataset, row.kind, row.loss, row.generator, row.discriminator, row.batch_size) == (
        "digits", "images", "minimax", "dcgan", "dcgan", 8)  # fmt: skip
    assert (row.device, row.step, row.images, row.progress, row.seed, row.problem) == (
        "NVIDIA H200",
        3,
        0,
        None,
        None,
        "",
    )
    assert (row.saved, row.metrics, row.best, row.parent, row.parent_step) == ("", {}, {}, "", 0)


def test_config_toml_of_a_whole_run_is_not_read(tmp_path: Path, table: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(text: str) -> None:
        raise AssertionError

    monkeypatch.setattr(serial, "from_toml", never)
    for number in range(20):
        (make(tmp_path, run_id(number)) / "config.toml").write_text("x", encoding="utf-8")
    assert table.find(Query())[1] == 20
    assert not any(row.problem for row in everything(table))


@pytest.mark.parametrize(
    "summary", [None, 3, [], {}, SUMMARY | {"loss": 3}, SUMMARY | {"batch_size": "64"}, {"dataset": "moons"}]
)
def test_a_summary_that_cannot_be_used(tmp_path: Path, table: Index, summary: Any) -> None:
    folder = make(tmp_path, run_id(1), facts_of(run_id(1), summary=summary))
    (folder / "config.toml").write_text(serial.to_toml(_tiny.points(loss="wasserstein")), encoding="utf-8")
    (row,) = everything(table)
    assert (row.dataset, row.loss, row.batch_size, row.problem) == ("ring", "wasserstein", 16, "")
    (folder / "config.toml").write_text("[[[", encoding="utf-8")
    table.note(run_id(1))
    (row,) = everything(table)
    assert row.problem == listing.NO_SETTINGS
    assert row.step == 1200


# ── damaged files ────────────────────────────────────────────────────────────────────────────────────────────────────────

GARBAGE = [b"", b"\x00" * 100, b"[]", b"3", b"null", b'"x"', b"{", b"\xff\xfe\xfd", b"[" * 200_000, b'{"a":' * 100_000,
           b'{"step": ' + b"9" * 5000 + b"}", b" " * (2 << 20), b'{"run": "\xff"}']  # fmt: skip


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_a_run_json_that_is_none(tmp_path: Path, table: Index, data: bytes) -> None:
    folder = make(tmp_path, run_id(3661), data, About("kept", ("t",)))
    make(tmp_path, run_id(1))
    (folder / "config.toml").write_text(serial.to_toml(_tiny.points()), encoding="utf-8")
    row = table.get(run_id(3661))
    assert row is not None
    assert (row.name, row.tags, row.dataset, row.problem) == ("kept", ("t",), "ring", listing.BAD_FACTS)
    assert (row.created, row.status, row.step, row.seconds) == ("2025-01-02T01:01:01+00:00", "", 0, 0.0)
    (folder / "config.toml").unlink()
    table.note(run_id(3661))
    row = table.get(run_id(3661))
    assert row is not None
    assert (row.dataset, row.kind, row.loss, row.batch_size, row.problem) == ("", "", "", 0, listing.NOTHING)
    assert table.find(Query())[1] == 2


def test_no_run_json(tmp_path: Path, table: Index) -> None:
    (tmp_path / "runs" / run_id(1)).mkdir(parents=True)
    (tmp_path / "runs" / "x-99999999-999999-000000").mkdir()
    rows = {row.id: row for row in everything(table)}
    assert {row.problem for row in rows.values()} == {listing.NOTHING}
    assert rows["x-99999999-999999-000000"].created == ""
    (tmp_path / "runs" / run_id(1) / "config.toml").write_text(serial.to_toml(_tiny.points()), encoding="utf-8")
    table.note(run_id(1))
    assert [row.problem for row in everything(table)] == [listing.NO_FACTS, listing.NOTHING]
    assert table.counts() == {"": 2}


WRONG = {
    "owner": [3, ["a"]], "created": ["yesterday", 3, "0001-01-01T00:00:00+14:00"], "saved": [{}, "99999"],
    "status": ["dancing", 3, ["running"], ""], "step": ["3", 3.5, -1, True, 10**30, float("nan"), []],
    "images": [10**400, -5, {}], "seconds": ["1", float("nan"), float("inf"), -1, 10**400, True], "seed": ["7", 2**63, 1.0],
    "progress": [2, -0.1, float("nan"), "1"], "environment": [3, "cpu", {"device": 3}], "metrics": [3, ["d_loss"]],
    "best": [3, {"metric": 3}, {"metric": "quality", "value": "x", "step": 1}, {"metric": "q", "value": 1.0}],
    "parent": ["x", {"run": "../../x", "step": 1}, {"run": run_id(1), "step": "1"}],
}  # fmt: skip
EMPTY = {"owner": "", "created": "2025-01-02T00:00:01+00:00", "saved": "", "status": "", "step": 0, "images": 0, "seconds": 0.0,
         "seed": None, "progress": None, "environment": "", "metrics": {}, "best": {}, "parent": ""}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_fact_is_left_empty_and_the_others_stay(tmp_path: Path, table: Index, name: str, value: Any) -> None:
    make(tmp_path, run_id(1), facts_of(run_id(1), **{name: value}))
    (row,) = everything(table)
    shown = {"environment": "device"}
    right = {key: EMPTY[key] if key == name else getattr(row, shown.get(key, key)) for key in EMPTY}
    assert {key: getattr(row, shown.get(key, key)) for key in EMPTY} == right
    assert row.problem == listing.PARTLY
    make(tmp_path, run_id(1))
    table.note(run_id(1))
    whole = table.get(run_id(1))
    assert whole is not None
    assert {key for key in EMPTY if getattr(whole, shown.get(key, key)) != getattr(row, shown.get(key, key))} == {name}
    assert whole.problem == ""


def test_metrics_that_are_no_numbers_are_gaps(tmp_path: Path, table: Index) -> None:
    metrics = {
        "a": float("nan"),
        "b": float("inf"),
        "c": "x",
        "d": True,
        "e": None,
        "f": -0.0,
        "g": 10**400,
        "h": 3,
        "i\ud800": 1,
    }
    make(tmp_path, run_id(1), facts_of(run_id(1), metrics=metrics))
    assert everything(table)[0].metrics == {"f": 0.0, "h": 3.0, "i": 1.0}


def test_a_run_json_cut_short_at_every_byte(tmp_path: Path) -> None:
    folder = make(tmp_path, run_id(1))
    whole = (folder / "run.json").read_bytes()
    for end in range(len(whole)):
        (folder / "run.json").write_bytes(whole[:end])
        assert listing.read_run(folder)["problem"] == listing.NOTHING


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["device", "run", "step", "loss", "x"]), inner),
    max_leaves=8,
)  # fmt: skip


@FAST
@given(facts=st.dictionaries(st.sampled_from([*facts_of("")]), JSON), said=JSON)
def test_any_facts_make_a_row(tmp_path_factory: pytest.TempPathFactory, facts: dict[str, Any], said: Any) -> None:
    root = tmp_path_factory.mktemp("any")
    folder = make(root, run_id(1), facts_of(run_id(1)) | facts)
    (folder / "notes.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "config.toml").write_text(json.dumps(said), encoding="utf-8")
    table = Index(root)
    (row,) = everything(table)
    assert row.status in ("", *STATUSES)
    assert all(
        isinstance(getattr(row, name), str) for name in ("owner", "created", "dataset", "device", "parent", "problem")
    )
    assert row.step >= 0 <= row.seconds
    json.dumps(asdict(row), allow_nan=False).encode()
    str(row).encode()
    for sort in SORTS:
        assert table.find(Query(sort=sort)) == ([row], 1)
    table.close()


@FAST
@given(data=st.binary(max_size=300))
def test_any_bytes_in_any_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = make(tmp_path_factory.mktemp("any"), run_id(1), data)
    for name in ("notes.json", "config.toml"):
        (folder / name).write_bytes(data)
    assert listing.read_run(folder)["problem"]


# ── searching, sorting, paging: against a model ──────────────────────────────────────────────────────────────────────────

WORDS = [
    "alpha",
    "Beta",
    "100%",
    "under_score",
    "back\\slash",
    "Zoë",
    "数字",
    "it's",
    '"quoted"',
    "β₁",
    "ALPHA2",
    "a%b_c",
]
TAGS = ["baseline", "Class 3", "good", "GOOD-2", "x_y", "100%", "Zoë's"]
SEARCHED = ("dataset", "loss", "penalty", "generator", "discriminator")


class Model:
    """The same runs in lists, found by looking at each."""

    def __init__(self, root: Path, rng: random.Random, count: int) -> None:
        self.runs = [self._make(root, rng, number) for number in range(count)]

    @staticmethod
    def _make(root: Path, rng: random.Random, number: int) -> dict[str, Any]:
        run = run_id(number, rng.choice(["ring", "grid", "digits"]))
        facts = facts_of(run, created=f"2025-01-0{rng.randint(1, 4)}T00:00:00+00:00", status=rng.choice(STATUSES),
                         step=rng.randint(0, 5), seconds=rng.choice([0.0, 1.5, 2.5, 1e9]), owner=rng.choice(["", "a" * 16, "b" * 16]),
                         progress=rng.choice([None, 0.0, 0.5]), images=rng.randint(0, 2**40))  # fmt: skip
        facts["summary"] = SUMMARY | {"dataset": rng.choice(["ring", "grid"]), "loss": rng.choice(["hinge", "minimax"])}
        facts["metrics"] = {
            name: rng.choice([-1.0, 0.0, 0.25, 1e300]) for name in ("quality", "d_loss", "fd") if rng.random() < 0.6
        }
        facts["environment"] = {"device": rng.choice(["cpu", "NVIDIA H200"])}
        for name in ("saved", "step", "seconds", "best", "parent", "metrics"):
            if rng.random() < 0.15:
                del facts[name]
        said = About(" ".join(rng.sample(WORDS, rng.randint(0, 2))), tuple(rng.sample(TAGS, rng.randint(0, 3))),
                     "\n".join(rng.sample(WORDS, rng.randint(0, 3))))  # fmt: skip
        place = rng.choice(["runs", "runs", "trash"])
        folder = make(root, run, facts, said, place)
        (folder / "more").write_bytes(b"x" * rng.randint(0, 3))
        return facts | {"said": said, "place": place, "size": sum(f.stat().st_size for f in folder.iterdir())}

    def find(self, query: Query, held: set[str]) -> list[str]:
        found = [run for run in self.runs if self._matches(run, query, held)]
        found.sort(key=lambda run: run["run"])
        found.sort(key=lambda run: run["created"], reverse=True)
        values = {run["run"]: self._value(run, query.sort, held) for run in found}
        known = [run["run"] for run in found if values[run["run"]] is not None]
        known.sort(key=lambda run: values[run], reverse=query.descending)
        return known + [run["run"] for run in found if values[run["run"]] is None]

    @staticmethod
    def status(run: dict[str, Any], held: set[str]) -> str:
        free = run["run"] not in held or run["place"] == "trash"  # a deleted run is trained by nobody
        killed = run["status"] in ("preparing", "queued", "running") and free
        return "paused" if killed else str(run["status"])

    def _matches(self, run: dict[str, Any], query: Query, held: set[str]) -> bool:
        said = run["said"]
        fields = [run["run"], said.name, said.notes, *said.tags, run["environment"]["device"],
                  *(run["summary"][name] for name in SEARCHED)]  # fmt: skip
        status = self.status(run, held)
        return (
            (run["place"] == "trash") == query.deleted
            and all(any(word.lower() in text.lower() for text in fields) for word in query.text.split())
            and {tag.lower() for tag in query.tags} <= {tag.lower() for tag in said.tags}
            and query.owner in ("", run["owner"])
            and (
                query.status in ("", status)
                or (query.status == "active" and status in ("preparing", "queued", "running"))
            )
        )

    def _value(self, run: dict[str, Any], sort: str, held: set[str]) -> Any:
        if sort == "name":
            return run["said"].name.lower() or None
        if sort == "status":
            return self.status(run, held)
        if sort in ("dataset", "loss", "batch_size"):
            return run["summary"][sort]
        if sort == "device":
            return run["environment"]["device"]
        if sort in ("created", "saved", "step", "images", "seconds", "progress", "size"):
            return run.get(sort)
        return run.get("metrics", {}).get(sort)


def some_query(rng: random.Random) -> Query:
    text = " ".join(rng.choice([*WORDS, *TAGS, "RING", "hinge", "nvidia", "a", "%", "_", "\\", "zOË", "20250102", "none such", ""])
                    for _ in range(rng.choice([0, 0, 0, 0, 1, 1, 2])))  # fmt: skip
    return Query(
        text=text,
        tags=tuple(rng.sample([*TAGS, "good", "GOOD", "oo", "class 3", "%"], rng.choice([0, 0, 0, 1, 2]))),
        status=rng.choice(["", "", "", "active", "dancing", *STATUSES]),
        owner=rng.choice(["", "", "a" * 16, "c" * 16]),
        deleted=rng.random() < 0.3,
        sort=rng.choice(SORTS),
        descending=rng.random() < 0.5,
    )


@pytest.mark.parametrize("seed", range(6))
def test_as_the_model_finds(tmp_path: Path, opened: Callable[..., Index], seed: int) -> None:
    rng = random.Random(seed)
    model = Model(tmp_path, rng, 50)
    held = {run["run"] for run in model.runs if rng.random() < 0.5}
    table = opened(tmp_path, held=lambda run: run in held)
    some = 0
    for _ in range(150):
        query = some_query(rng)
        expected = model.find(query, held)
        assert ids(table, **asdict(query) | {"limit": 100}) == expected, query
        offset, limit = rng.randint(0, 12), rng.randint(0, 12)
        rows, total = table.find(replace(query, offset=offset, limit=limit))
        assert ([row.id for row in rows], total) == (expected[offset : offset + limit], len(expected)), query
        some += bool(expected)
    assert some > 25, "the queries must find something"


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_those_of_the_model(tmp_path: Path, opened: Callable[..., Index], seed: int) -> None:
    rng = random.Random(100 + seed)
    model = Model(tmp_path, rng, 40)
    held = {run["run"] for run in model.runs[::3]}
    table = opened(tmp_path, held=lambda run: run in held)
    there = [run for run in model.runs if run["place"] == "runs"]
    statuses = [model.status(run, held) for run in there]
    assert table.counts() == {status: statuses.count(status) for status in set(statuses)}
    assert table.bytes_used() == sum(run["size"] for run in model.runs)
    for owner in ("", "a" * 16, "nobody"):
        used = [tag for run in there if owner in ("", run["owner"]) for tag in run["said"].tags]
        assert dict(table.tags(owner)) == {tag: used.count(tag) for tag in used}
        assert table.tags(owner) == sorted(table.tags(owner), key=lambda pair: (-pair[1], pair[0].lower()))


def test_tags_in_several_spellings_are_one(tmp_path: Path, table: Index) -> None:
    for number, tag in enumerate(["GAN", "gan", "gan", "Gan", "other"]):
        make(tmp_path, run_id(number), said=About(tags=(tag,)))
    assert table.tags() == [("gan", 4), ("other", 1)]
    assert len(ids(table, tags=("gAn",))) == 4
    assert ids(table, tags=("ga",)) == ids(table, tags=("gan", "other")) == []
    assert len(ids(table, tags=("", " "))) == 5


def test_pages_show_every_run_once(tmp_path: Path, table: Index) -> None:
    for number in range(23):
        make(tmp_path, run_id(number), facts_of(run_id(number), step=number % 3))
    for sort in SORTS:
        pages = [ids(table, sort=sort, offset=offset, limit=5) for offset in range(0, 30, 5)]
        assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
        assert sorted(itertools.chain(*pages)) == sorted(run_id(number) for number in range(23))


def test_strange_pages(tmp_path: Path, table: Index) -> None:
    make(tmp_path, run_id(1))
    for offset, limit, count in (
        (-5, 10, 1),
        (0, -1, 0),
        (0, 0, 0),
        (10**30, 10, 0),
        (0, 10**30, 1),
        (2**63 - 1, 2**63 - 1, 0),
    ):
        rows, total = table.find(Query(offset=offset, limit=limit))
        assert (len(rows), total) == (count, 1)


HOSTILE = ["'", "''", "' OR 1=1 --", "'; DROP TABLE run; --", '"', '"; DELETE FROM run', "%", "_", "\\", "%%%", "a' UNION SELECT 1",
           ")", "(((", "?", "?1", ":a", "$.x", "\x00", "a\x00b", "\ud800", "json_each(1)", "[", "{}", "-- ", "/*", "x" * 100_000,
           " ".join(map(str, range(3000)))]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_people_type_is_only_text(tmp_path: Path, table: Index, text: str) -> None:
    make(tmp_path, run_id(1), said=About("plain"))
    make(tmp_path, run_id(2), said=About(f"with {text}"[:80], (text.replace(",", "")[:30],), text[:300]))
    cleaned = about.read(tmp_path / "runs" / run_id(2))
    if " ".join(text.split()) in cleaned.notes:
        assert ids(table, text=text) == [run_id(2)]
    if text in cleaned.tags:
        assert ids(table, tags=(text,)) == [run_id(2)]
    assert ids(table, status=text) == ids(table, owner=text) == []
    assert table.tags(text) == []
    assert table.get(text) is None
    table.note(text)
    table.live([{"id": text, "status": text, "step": text, "metrics": {text: 1.0}}])
    with pytest.raises(RunError, match="cannot be sorted"):
        table.find(Query(sort=text))
    with pytest.raises(RunError, match="cannot be sorted"):
        table.find(Query(sort=f"quality{text}"))
    assert sorted(ids(table)) == [run_id(1), run_id(2)]


def test_a_sort_that_there_is_not_is_named() -> None:
    with pytest.raises(RunError, match=r"'colour'.*created.*quality") as caught:
        Index(Path("unused")).find(Query(sort="colour"))
    assert str(caught.value) == caught.value.template.format(**caught.value.params)


def test_sorts_cover_metrics_and_curves() -> None:
    assert {"created", "saved", "name", "dataset", "status", "step", "seconds", "size", "quality", "coverage", "modes",
            "reverse_kl", "fd", "d_loss", "g_loss"} <= set(SORTS)  # fmt: skip


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


STATE = {
    "status": "running",
    "step": 5000,
    "images": 90_000,
    "seconds": 99.5,
    "progress": 0.25,
    "metrics": {"quality": 0.5},
}


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


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def some_runs(root: Path, count: int = 40) -> None:
    for number in range(count):
        make(
            root,
            run_id(number),
            facts_of(run_id(number), step=number),
            About(f"run {number}", ("a", "b"), "notes " * 30),
        )


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
    return sorted({*range(0, 100, 10), size - 1, *(rng.randrange(size) for _ in range(count))})


def garbage_at(data: bytes, place: int, length: int) -> bytes:
    junk = random.Random(place).randbytes(length)
    return data[:place] + junk[: len(data) - place] + data[place + length :]


DAMAGED = pytest.mark.parametrize(("kind", "name"), [("closed", NAMES[0]), ("open", NAMES[0]), ("open", NAMES[1])])


@pytest.mark.parametrize("length", [1, 64, 4096])
@DAMAGED
def test_garbage_in_a_file(damaged: Damaged, kind: str, name: str, length: int) -> None:
    files = getattr(damaged, kind)
    for place in places(len(files[name]), 30, length):
        damaged.put(files, name, garbage_at(files[name], place, length))
        table = Index(damaged.root)
        damaged.check(table)
        table.close()


@DAMAGED
def test_a_file_cut_short(damaged: Damaged, kind: str, name: str) -> None:
    files = getattr(damaged, kind)
    for place in [*places(len(files[name]), 20, 1), *range(0, len(files[name]), 4096)]:
        damaged.put(files, name, files[name][:place])
        table = Index(damaged.root)
        damaged.check(table)
        table.close()


@DAMAGED
@pytest.mark.parametrize("cut", [False, True])
def test_a_file_is_damaged_while_it_is_open(damaged: Damaged, kind: str, name: str, cut: bool) -> None:
    files = getattr(damaged, kind)
    for place in places(len(files[name]), 15, 2):
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


def in_a_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})  # fmt: skip


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


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────────────


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
    others = [in_a_process(BUSY, tmp_path, 60) for _ in range(2)]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    for turn in range(60):
        make(tmp_path, run_id(100 + turn))
        table.note(run_id(100 + turn))
        assert table.find(Query(text=run_id(100 + turn)))[1] == 1
        table.refresh(everything=turn % 5 == 0)
        if turn % 11 == 0:
            table.close()
    for other in others:
        out, err = other.communicate(timeout=120)
        assert other.returncode == 0, err
        assert "index.sqlite" not in err, err
        assert int(out) >= 20 + 50
    table.refresh(everything=True)
    assert len(ids(table)) == 20 + 60 + 50
    assert "index.sqlite" not in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("after", range(3))
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
    while other.poll() is None:
        assert len(ids(table)) == 20
        table.refresh(everything=True)
    out, err = other.communicate(timeout=60)
    assert out == "ready\ndone\n", err
    assert len(ids(table)) == 20

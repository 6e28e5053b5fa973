"""A row of the index says what the files of its run say, also where they are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import _index
import _tiny
import pytest
from _index import SUMMARY, everything, facts_of, ids, make, run_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core import serial
from gan_core.config import replace
from gan_core.errors import RunError
from gan_core.runs import facts, listing
from gan_core.runs.about import About
from gan_core.runs.index import SORTS, Index, Query
from gan_core.runs.listing import STATUSES
from gan_core.runs.store import Store

opened, table = _index.opened, _index.table  # fixtures
FAST = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


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
        "status": "finished", "name": "Best ring", "tags": ("a", "B c"), "notes": "two\nlines", "dataset": "ring", "pictures": "",
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


def test_a_run_of_imported_pictures_says_which_set(tmp_path: Path, table: Index) -> None:
    config = replace(_tiny.pictures(), {"data.name": "pictures", "data.pictures": f"{'0f' * 16}-3x8-2", "data.image_size": 8})  # fmt: skip
    make(tmp_path, run_id(1), facts_of(run_id(1), summary=facts.summary(config)))
    before = {name: value for name, value in facts.summary(config).items() if name != "pictures"}
    folder = make(tmp_path, run_id(2), facts_of(run_id(2), summary=before))  # of an earlier version
    (folder / "config.toml").write_text(serial.to_toml(config), encoding="utf-8")
    assert [(row.dataset, row.pictures, row.problem) for row in everything(table)] == [
        ("pictures", config.data.pictures, "")
    ] * 2


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

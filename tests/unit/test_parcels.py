"""A whole run as one file: what goes in comes out on another server, and goes on there as it would have here."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import _parcel
import _picset
import _tiny
import numpy as np
import pytest

from gan_core import cli
from gan_core import config as settings
from gan_core.data import pictures as data_pictures
from gan_core.data import table
from gan_core.errors import RunError
from gan_core.latent.explored import explored_from
from gan_core.parcels.packing import pack
from gan_core.parcels.unpacking import take_in
from gan_core.pictures.store import PictureSets
from gan_core.runs import frames, keeping, quota
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.store import Store

RING, DIGITS = "ring-20260131-142530-1f0c2a", "digits-20260131-142530-1f0c2a"
OTHER = "fedcba9876543210"


@pytest.fixture(autouse=True)
def _moments_at_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1e9)


@pytest.fixture
def here(tmp_path: Path) -> Store:
    return Store(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Store:
    return Store(tmp_path / "there")


@pytest.mark.parametrize(("run_id", "make"), [(RING, _tiny.points), (DIGITS, _tiny.pictures)])
def test_it_goes_on_elsewhere_bit_for_bit(run_id: str, make: object, here: Store, there: Store, tmp_path: Path) -> None:
    source = _parcel.furnished(here, run_id, make())  # type: ignore[operator]
    before = _parcel.files(here.root)
    pack(source, tmp_path / "a.zip", here.root)
    assert _parcel.files(here.root) == before
    new_id = take_in(tmp_path / "a.zip", "a.zip", there, OTHER)
    made = there.folder(new_id)
    assert new_id != run_id
    assert (made.facts()["owner"], made.facts()["run"]) == (OTHER, new_id)
    assert made.config() == source.config()
    assert made.states().keys() == source.states().keys()
    assert [m.step for m in made.history.moments()] == [m.step for m in source.history.moments()]
    assert made.journal() == source.journal()
    assert there.about(new_id) == here.about(run_id)
    assert made.favourites.read() == source.favourites.read()
    assert [d.title for d in made.directions.read()] == ["Right"]
    assert made.pinned.files().keys() == {6}
    assert made.still() == source.still()
    rows = [folder.curves.load(frames.CURVE_NAMES, 99).rows() for folder in (source, made)]
    for one, other in zip(*rows, strict=True):
        np.testing.assert_array_equal(one, other)
    row = there.index.get(new_id)
    assert row is not None
    assert (row.status, row.step, row.name, row.problem) == ("paused", 6, "Mine", "")
    assert explored_from(made).step == 6
    _tiny.assert_same(_parcel.end(_parcel.opened(there, new_id), 9), _parcel.end(_parcel.opened(here, run_id), 9))


def test_nobody_and_no_machine_is_named_in_it(here: Store, tmp_path: Path) -> None:
    source = _parcel.furnished(here, RING, _tiny.points())
    said = source.facts() | {"message": {"template": "{path}", "params": {"path": "/home/anna/x"}}, "together": [RING]}
    source.write_facts(said)
    pack(source, tmp_path / "a.zip", here.root)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        everything = b"\n".join(archive.read(name) for name in archive.namelist())
        facts = json.loads(archive.read("run.json"))
    for word in (_parcel.OWNER, str(tmp_path), "/home/anna", RING):
        assert word.encode() not in everything
    assert facts["environment"]["torch"] == source.facts()["environment"]["torch"]
    assert not {"owner", "run", "message", "together"} & facts.keys()


def test_equal_runs_are_equal_files(here: Store, tmp_path: Path) -> None:
    source = _parcel.furnished(here, RING, _tiny.points())
    for name in ("a.zip", "b.zip"):
        pack(source, tmp_path / name, here.root)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_is_damaged_stays_behind(here: Store, there: Store, tmp_path: Path) -> None:
    source = _parcel.furnished(here, RING, _tiny.points())
    newest = source.states()[6]
    newest.write_bytes(newest.read_bytes()[:-9])
    (source.path / "favourites.json").write_text("{", encoding="utf-8")
    pack(source, tmp_path / "a.zip", here.root)
    made = there.folder(take_in(tmp_path / "a.zip", "a.zip", there, OTHER))
    assert made.read_checkpoint().state["step"] in source.states()
    assert made.favourites.read().favourites == ()


def test_a_run_that_has_not_begun(here: Store, there: Store, tmp_path: Path) -> None:
    config = _tiny.points()
    source = here.folder(RING)
    source.create(config, {"run": RING, "owner": "x", "status": "preparing", "step": 0})
    pack(source, tmp_path / "a.zip", here.root)
    made = there.folder(take_in(tmp_path / "a.zip", "a.zip", there, OTHER))
    assert (made.config(), made.has_checkpoint, made.facts()["status"]) == (config, False, "paused")


def test_its_table_comes_along(here: Store, there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = table.keep(np.random.default_rng(7).normal(size=(50, 2)), ("width", "height"), here.root)
    source = _parcel.trained(here, RING, _tiny.points(data__name="table", data__table=name))
    pack(source, tmp_path / "a.zip", here.root)
    monkeypatch.setattr(table, "_roots", [])
    table._loaded.cache_clear()
    made = there.folder(take_in(tmp_path / "a.zip", "a.zip", there, OTHER))
    made.know_table(made.config())
    assert table.load(name).columns == ("width", "height")


def test_its_pictures_come_along_or_not(
    here: Store, there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _picset.make(here.root, size=16, classes=4)
    sets = PictureSets(here.root)
    sets._own(made.name, "me", "Bars", "2026-01-01T00:00:00+00:00", (), ())
    config = _tiny.pictures(data__name="pictures", data__pictures=made.name, data__image_size=16)
    source = _parcel.trained(here, DIGITS, config)
    pack(source, tmp_path / "with.zip", here.root)
    pack(source, tmp_path / "without.zip", here.root, pictures=False)
    monkeypatch.setattr(data_pictures, "_roots", [there.root / "pictures"])
    without = there.folder(take_in(tmp_path / "without.zip", "x.zip", there, OTHER))
    assert PictureSets(there.root).of(OTHER) == []
    assert explored_from(without).step == 6  # its pictures are not here
    first, second = (take_in(tmp_path / "with.zip", "x.zip", there, OTHER) for _ in range(2))
    assert first != second
    kept = PictureSets(there.root).of(OTHER)
    assert [(one.id, one.name, one.count) for one in kept] == [(made.name, "Bars", 120)]
    _tiny.assert_same(_parcel.end(_parcel.opened(there, first), 8), _parcel.end(_parcel.opened(here, DIGITS), 8))


def test_the_quota_is_kept_to_and_nothing_is_removed_for_it(here: Store, there: Store, tmp_path: Path) -> None:
    pack(_parcel.furnished(here, RING, _tiny.points()), tmp_path / "a.zip", here.root)
    scheduler = Scheduler(there, workers=1, quota_bytes=10_000_000)
    try:
        first = scheduler.take_in(tmp_path / "a.zip", "a.zip", OTHER)
        scheduler.quota_bytes = there.index.bytes_used() + 1000
        before = _parcel.files(there.root)
        with pytest.raises(RunError) as caught:
            scheduler.take_in(tmp_path / "a.zip", "a.zip", OTHER)
        assert caught.value.template == quota.NO_ROOM
        assert _parcel.files(there.root) == before
        rows, total = scheduler.rows(Query())
        assert ([row.id for row in rows], total) == ([first], 1)
        session = scheduler.get(first)
        assert session is not None
        assert session.status in ("paused", "preparing")
    finally:
        scheduler.close()


def test_every_file_of_a_run_has_a_place_in_it(here: Store, tmp_path: Path) -> None:
    source = _parcel.furnished(here, RING, _tiny.points())
    pack(source, tmp_path / "a.zip", here.root)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = set(archive.namelist())
    apart = {name for name in _parcel.files(source.path) if not name.startswith(".")} - names
    assert apart == set()
    assert settings.differences(source.config(), source.latest_config()).keys() == {"g_optimizer.lr"}


def test_the_commands(here: Store, there: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _parcel.furnished(here, RING, _tiny.points())
    out = tmp_path / "a.zip"
    assert cli.main(["export", str(source.path), "--what", "zip", "-o", str(out), "--data-dir", str(here.root)]) == 0
    assert cli.main(["import", str(out), "--data-dir", str(there.root), "--json"]) == 0
    folder = Path(json.loads(capsys.readouterr().out)["run"])
    assert folder.parent == there.root / "runs"
    assert there.folder(folder.name).facts()["owner"] == ""
    for name in ("nothing.zip", "a.txt"):
        (tmp_path / "a.txt").write_text("hello", encoding="utf-8")
        assert cli.main(["import", str(tmp_path / name), "--data-dir", str(there.root)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "Traceback" not in said
    for what, name in (("weights", "w.safetensors"), ("onnx", "g.onnx"), ("notebook", "run.ipynb")):
        assert cli.main(["export", str(source.path), "--what", what, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 1000

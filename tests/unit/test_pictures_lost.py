"""Runs whose pictures were deleted: what needs none of them still works, and what needs them says so."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from _picset import Made, make

from gan_core import cli, serial
from gan_core import data as data_sets
from gan_core.config import RunConfig, replace
from gan_core.data import pictures
from gan_core.export import run as export
from gan_core.pictures.naming import shape_of
from gan_core.presets import load
from gan_core.runs.commands import Resume
from gan_core.runs.darkroom import Darkroom, last_seen
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store

TOLD = {"generator.conditioning": "concat", "discriminator.conditioning": "projection"}
RUN = "pictures-20260101-000000-0f0f0f"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(pictures, "_roots", [])
    monkeypatch.setattr(data_sets, "_cache", type(data_sets._cache)())
    return tmp_path


def trained(root: Path, made: Made, told: bool) -> RunFolder:
    """A run of three steps in the data folder `root`."""
    shape = shape_of(made.name)
    assert shape is not None
    small = {"generator.width": 4, "discriminator.width": 4, "batch_size": 8, "threads": 1, "device": "cpu", "engine": "eager"}  # fmt: skip
    data = {"data.name": "pictures", "data.pictures": made.name, "data.image_size": shape.size}
    config: RunConfig = replace(load("digits"), small | data | (TOLD if told else {}))
    (root / "config.toml").write_text(serial.to_toml(config), encoding="utf-8")
    path = root / "runs" / RUN
    assert cli.main(["train", "--config", str(root / "config.toml"), "--steps", "3", "--out", str(path)]) == 0
    return RunFolder(path)


@pytest.mark.parametrize("told", [False, True])
def test_its_past_is_drawn_as_before_without_real_pictures(own_folder: Path, told: bool) -> None:
    made = make(own_folder, 3, classes=2)
    folder = trained(own_folder, made, told)
    step = max(folder.states())
    before = Darkroom(folder).snapshot(step)
    shutil.rmtree(made.path)
    room = Darkroom(folder)
    after = room.snapshot(step)
    np.testing.assert_array_equal(after.arrays["fake"], before.arrays["fake"])
    assert len(before.arrays["real"]) > 0
    assert len(after.arrays["real"]) == 0
    assert before.verdicts is not None
    assert after.verdicts is None
    assert room.closely(step, frozenset({"closely.fake.0"})) == after


def test_opening_it_shows_its_last_moment_and_says_why_it_cannot_go_on(own_folder: Path) -> None:
    made = make(own_folder, 3)
    folder = trained(own_folder, made, False)
    shutil.rmtree(made.path)
    scheduler = Scheduler(Store(own_folder), workers=1)
    try:
        session = scheduler.get(RUN)
        assert isinstance(session, TrainingSession)
        for _ in range(2):
            end = time.monotonic() + 60
            while session.latest.step != 3 or session.status != "failed":
                assert time.monotonic() < end
                time.sleep(0.01)
            assert "not on this server" in session.latest.message.template
            assert session.frame()
            assert session.past.frame(3)
            assert len(session.latest.arrays["fake"]) == len(last_seen(folder)["arrays"]["fake"]) > 0
            scheduler.send(session, Resume())
        (row,), _total = scheduler.rows(Query())
        assert (row.step, row.images, row.pictures) == (3, 24, made.name)
    finally:
        scheduler.close()
    assert folder.facts()["step"] == 3
    assert export.config(folder)
    assert export.metrics(folder)
    assert len(export.samples(folder, export.SamplesPlan(4, 0, True, None)).data) > 0


def test_the_same_files_imported_again_let_it_go_on(own_folder: Path) -> None:
    made = make(own_folder, 3)
    folder = trained(own_folder, made, False)
    shutil.rmtree(made.path)
    scheduler = Scheduler(Store(own_folder), workers=1)
    try:
        session = scheduler.get(RUN)
        assert isinstance(session, TrainingSession)
        end = time.monotonic() + 60
        while not session.needs_data:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert make(own_folder, 3).name == made.name
        scheduler.send(session, Resume())
        while session.step <= 3:
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        scheduler.close()
    assert folder.facts()["step"] > 3

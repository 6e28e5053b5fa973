"""Imports from beginning to end, in the process that decodes: what is kept, and that nothing else is left."""

from __future__ import annotations

import os
import resource
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan_core.errors import ConfigError, DataError
from gan_core.pictures import making as making_module
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import Given, Import, preview
from gan_core.pictures.limits import Limits
from gan_core.pictures.making import classes_of, grey, held_out
from gan_core.pictures.store import PictureSets, sweep
from gan_core.pictures.working import Working
from tests.unit._own_pictures import (
    black_png,
    codes,
    encoded,
    imported,
    left,
    noise,
    png,
    png_header,
    some,
    tar_of,
    zip_of,
)


def test_files_become_a_set(tmp_path: Path) -> None:
    job = imported(tmp_path, some(tmp_path / "in", 24))
    found = job.result
    assert found is not None
    assert job.error is None
    assert job.progress.phase == "done"
    assert job.progress.share == 1.0
    assert (found.count, found.held_out, found.channels, found.size, found.classes) == (24, 10, 3, 16, ())
    kept = np.load(tmp_path / "pictures" / found.id / "pictures.npy")
    assert kept.shape == (24, 3, 16, 16)
    assert kept.dtype == np.uint8
    assert left(tmp_path) == [found.id]
    assert PictureSets(tmp_path).of("me") == [found]


def test_the_same_files_have_the_same_id_whatever_they_are_called(tmp_path: Path) -> None:
    given = some(tmp_path / "in", 24)
    other = [Given(one.path, f"other-{number}.png") for number, one in enumerate(reversed(given))]
    first, second = imported(tmp_path / "a", given).result, imported(tmp_path / "b", other).result
    assert first is not None
    assert second is not None
    assert first.id == second.id
    kept = [(tmp_path / at / "pictures" / first.id / "pictures.npy").read_bytes() for at in "ab"]
    assert kept[0] == kept[1]


def test_folders_become_classes_and_each_is_held_out_from(tmp_path: Path) -> None:
    files = {f"all/{'cats' if n < 30 else 'dogs'}/{n}.png": png(n) for n in range(40)}
    job = imported(tmp_path, [Given(zip_of(tmp_path / "a.zip", files), "a.zip")])
    found = job.result
    assert found is not None
    assert found.classes == ("cats", "dogs")
    assert found.held_out == 10
    labels = np.load(tmp_path / "pictures" / found.id / "labels.npy")
    assert np.bincount(labels).tolist() == [30, 10]
    assert np.abs(np.bincount(labels[-10:]) - [7.5, 2.5]).max() <= 0.5


def test_which_folders_are_classes() -> None:
    assert classes_of(["x/a/1", "x/b/2", "x/a/3", "x/b/4"]) == ["a", "b", "a", "b"]
    assert classes_of(["train/a/1", "train/b/2", "test/a/3", "test/b/4"]) == ["a", "b", "a", "b"]
    assert classes_of(["a/1", "2", "b/3", "a/4"]) is None
    assert classes_of(["x/1", "x/2"]) is None
    assert classes_of(["a/1", "b/2", "c/3"]) is None


def test_the_held_out_part_is_stratified_and_leaves_some_of_each() -> None:
    labels = np.repeat(np.arange(5), [100, 50, 30, 18, 2])
    held = held_out(labels)
    assert np.array_equal(held, held_out(labels))
    assert held.sum() == 20
    assert np.abs(np.bincount(labels[held], minlength=5) - np.array([100, 50, 30, 18, 2]) / 10).max() < 1
    assert (np.bincount(labels[~held], minlength=5) >= 1).all()
    assert held_out(np.repeat(np.arange(10), 2)).sum() == 10
    assert held_out(np.zeros(500_000, np.int64)).sum() == 10_000


def test_duplicates_are_kept_once(tmp_path: Path) -> None:
    given = some(tmp_path / "in", 22)
    job = imported(tmp_path, [*given, Given(given[3].path, "copy.png")])
    assert job.result is not None
    assert job.result.count == 22
    assert codes(job) == {"duplicate": 1}
    assert job.refused[0].names in (("copy.png",), ("3.png",))


def test_a_grey_set_has_one_channel(tmp_path: Path) -> None:
    given = []
    for number in range(20):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encoded(noise(number, 16, 16, 1)))
        given.append(Given(path, path.name))
    found = imported(tmp_path, given).result
    assert found is not None
    assert found.channels == 1
    assert "-1x16-0" in found.id
    kept = np.load(tmp_path / "pictures" / found.id / "pictures.npy")
    assert {one.tobytes() for one in kept} == {np.asarray(noise(n, 16, 16, 1)).tobytes() for n in range(20)}


def test_grey_is_the_brightness_that_pillow_computes() -> None:
    image = noise(3, 32, 32)
    assert np.abs(grey(np.asarray(image))[..., 0].astype(int) - np.asarray(image.convert("L"), int)).max() <= 1


def test_too_few_pictures_are_no_set(tmp_path: Path) -> None:
    job = imported(tmp_path, some(tmp_path / "in", 19))
    assert job.result is None
    assert isinstance(job.error, DataError)
    assert "19" in str(job.error)
    assert left(tmp_path) == []


def test_more_pictures_than_a_set_may_have(tmp_path: Path) -> None:
    job = imported(tmp_path, some(tmp_path / "in", 30), limits=Limits(pictures=25))
    assert job.result is not None
    assert job.result.count == 25
    assert codes(job) == {"over": 5}


def test_hostile_files_among_good_ones_are_refused_by_name(tmp_path: Path) -> None:
    files = {f"{n}.png": png(n) for n in range(20)} | {
        "huge.png": png_header(60_000, 60_000), "one.png": encoded(Image.new("RGB", (1, 1))), "letter.txt": b"Dear reader",
        "short.png": png(50)[:300], "inner.zip": zip_of(tmp_path / "inner.zip", {"a.png": png(60)}).read_bytes(), "../out.png": png(70),
    }  # fmt: skip
    job = imported(tmp_path, [Given(tar_of(tmp_path / "a.tar", files), "a.tar")])
    assert job.result is not None
    assert job.result.count == 20
    found = {reason.code: reason.names for reason in job.refused}
    found["truncated"] = found.pop("truncated", ()) + found.pop("broken", ())
    assert found == {"pixels": ("huge.png",), "small": ("one.png",), "format": ("letter.txt",), "truncated": ("short.png",),
                     "nested": ("inner.zip",), "path": ("../out.png",)}  # fmt: skip
    assert PictureSets(tmp_path).get(job.result.id) == job.result  # with its reasons


def test_a_bomb_costs_this_process_no_memory(tmp_path: Path) -> None:
    """A black picture of 39 megapixels takes 117 MB decoded; a file of zeros unpacks to 220 MB."""
    black = black_png(7800, 5000)
    given = some(tmp_path / "in", 20)
    given.append(Given(zip_of(tmp_path / "a.zip", {"black.png": black}), "a.zip"))
    with (
        zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("zeros.png", "w") as file,
    ):
        for _ in range(55):
            file.write(bytes(4_000_000))
    given.append(Given(tmp_path / "b.zip", "b.zip"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = imported(tmp_path, given)
    assert job.result is not None
    assert codes(job) == {"file": 1}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


def test_a_full_disk_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = making_module.Making.__init__
    with Path("/dev/full").open("wb", buffering=0) as full:

        def on_a_full_disk(self: Any, *given: Any) -> None:
            made(self, *given)
            self._file.close()
            self._file = full

        monkeypatch.setattr(making_module.Making, "__init__", on_a_full_disk)
        job = imported(tmp_path, some(tmp_path / "in"))
    assert job.progress.phase == "failed"
    assert isinstance(job.error, DataError)
    assert os.strerror(28) in str(job.error)
    assert left(tmp_path) == []


def test_cancelled_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    files = {f"{n}.png": png(n, width=200, height=200) for n in range(150)}
    path = zip_of(tmp_path / "a.zip", files, zipfile.ZIP_STORED)
    job = Import(PictureSets(tmp_path), [Given(path, "a.zip")], Choices(16), "Mine", "me")
    job.start()
    while job.progress.accepted < 3 and not job.has_ended:
        job.wait(0.005)
    job.cancel()
    assert job.wait(60)
    assert job.progress.phase == "cancelled"
    assert job.result is None
    assert job.error is None
    assert left(tmp_path) == []
    job.cancel()


def test_two_imports_at_once(tmp_path: Path) -> None:
    sets = PictureSets(tmp_path)
    jobs = [
        Import(sets, some(tmp_path / f"in{n}", 24, 100 * (n // 2)), Choices(16), f"Set {n}", f"owner{n}")
        for n in range(4)
    ]
    for job in jobs:
        job.start()
    assert all(job.wait(60) for job in jobs)
    results = [job.result for job in jobs]
    assert [one.name for one in results if one] == [f"Set {n}" for n in range(4)]
    assert len({one.id for one in results if one}) == 2
    assert len(left(tmp_path)) == 2  # the same pictures are there once


def test_a_killed_import_is_swept_and_a_living_one_is_not(tmp_path: Path) -> None:
    living, dead = Working(tmp_path), tmp_path / "pictures" / ".new-0000"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "arrived").write_bytes(b"x")
    sweep(tmp_path)
    assert left(tmp_path) == [living.path.name]
    living.remove()
    assert left(tmp_path) == []


def test_what_cannot_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Import(PictureSets(tmp_path), some(tmp_path / "in", 1), Choices(16), "  ", "me")
    with pytest.raises(DataError):
        Import(PictureSets(tmp_path), [], Choices(16), "Mine", "me")
    with pytest.raises(DataError):
        preview([], Choices(16))
    with pytest.raises(ConfigError):
        Choices(17)


def test_a_preview_shows_some_and_says_what_was_refused(tmp_path: Path) -> None:
    files = {f"{n}.png": png(n) for n in range(30)} | {"a.txt": b"text"}
    shown = preview([Given(zip_of(tmp_path / "a.zip", files), "a.zip")], Choices(16), count=5)
    assert shown.pictures.shape == (5, 3, 16, 16)
    assert len(set(shown.names)) == 5
    nothing = preview([Given(zip_of(tmp_path / "b.zip", {"a.txt": b"text"}), "b.zip")], Choices(16))
    assert nothing.pictures.shape[0] == 0
    assert nothing.reasons[0].code == "format"

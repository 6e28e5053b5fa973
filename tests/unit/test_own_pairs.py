"""Two folders of one's own: what lies in which, who is whose partner, and a run that translates them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import cli, serial
from gan_core import data as data_sets
from gan_core.config import DataConfig, RunConfig, replace
from gan_core.data import own_pairs, pictures
from gan_core.data.pairs import PairSet
from gan_core.errors import ConfigError, DataError
from gan_core.metrics.features import get_judges
from gan_core.pictures.advice import advice_of_two
from gan_core.pictures.choices import Choices
from gan_core.pictures.command import train_words
from gan_core.pictures.folders import classes_of, kinds_of
from gan_core.pictures.importing import Given, Import
from gan_core.pictures.limits import Limits
from gan_core.pictures.naming import shape_of
from gan_core.pictures.store import PictureSet, PictureSets
from gan_core.presets import load
from gan_core.runs.darkroom import Darkroom
from gan_core.runs.folder import RunFolder
from gan_core.runs.headless import evaluate
from gan_core.training import new_trainer
from tests.unit._own_pictures import codes, encoded, imported, noise, zip_of

SIDE = 28


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(pictures, "_roots", [])
    monkeypatch.setattr(data_sets, "_cache", type(data_sets._cache)())
    monkeypatch.setattr(data_sets, "_parts", type(data_sets._parts)())
    return tmp_path


def picture(number: int) -> Image.Image:
    return noise(number, SIDE, SIDE)


def negative(image: Image.Image) -> Image.Image:
    return Image.fromarray(255 - np.asarray(image))


def brought(root: Path, files: Mapping[str, bytes], folders: str, size: int = SIDE) -> Import:
    path = zip_of(root / "brought.zip", files)
    return imported(root, [Given(path, "brought.zip")], Choices(size, folders=folders))


def twins(count: int = 24, first: int = 0) -> dict[str, bytes]:
    """Pictures and their negatives, under equal names with other endings."""
    files = {f"all/photo/{n}.png": encoded(picture(n)) for n in range(first, first + count)}
    return files | {f"all/reverse/{n}.bmp": encoded(negative(picture(n)), "BMP") for n in range(first, first + count)}


def result(job: Import) -> PictureSet:
    assert job.error is None
    assert job.result is not None
    return job.result


def loaded(name: str, size: int = SIDE, **more: Any) -> PairSet:
    found = data_sets.load(DataConfig(name="own_pairs", pictures=name, image_size=size, **more))
    assert isinstance(found, PairSet)
    return found


def settings(made: PictureSet, **more: Any) -> RunConfig:
    return _tiny.pairs(data__name="own_pairs", data__pictures=made.id, data__image_size=made.size, **more)


# ── folders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_kinds_and_names_are_read_off_paths() -> None:
    for names, kinds, keys in (
        (["x/a/1.png", "x/b/1.jpg"], ["a", "b"], ["x/1", "x/1"]),
        (["a/u/1.tar.png", "b/u/1.tar.png"], ["a", "b"], ["u/1.tar", "u/1.tar"]),
        (["a/train/1.png", "b/train/1.png"], ["a", "b"], ["train/1", "train/1"]),
        (["train/a/1.png", "test/b/1.png"], ["a", "b"], ["train/1", "test/1"]),
        (["s/a/1.png", "s/b/1.png", "s/stray.png", "top.png"], ["a", "b", "", ""], ["s/1", "s/1", "s/stray.png", "top.png"]),
        (["h/trainA/1.png", "h/testB/1.png", "h/trainB/1.png"], ["A", "B", "B"], ["h/train/1", "h/test/1", "h/train/1"]),
    ):  # fmt: skip
        found = kinds_of(names)
        assert (found.kinds, found.keys) == (kinds, keys)
    for names, count in ((["1.png", "2.png"], 0), (["a/1", "2"], 1), (["a/1", "a/2"], 1), (["a/1", "b/2", "c/3"], 3)):
        with pytest.raises(DataError) as raised:
            kinds_of(names)
        assert raised.value.params["count"] == count
    assert classes_of(["trainA/1", "trainA/2", "trainB/3", "trainB/4"]) == ["trainA", "trainA", "trainB", "trainB"]


# ── pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pictures_that_are_called_alike_stay_together(own_folder: Path) -> None:
    job = brought(own_folder, twins(), "names")
    made = result(job)
    assert (made.count, made.classes, made.paired, made.translates) == (48, ("photo", "reverse"), True, True)
    assert codes(job) == {}
    found = loaded(made.id)
    for given, out in ((found.given, found.images), (found.test_given, found.test_images)):
        assert torch.equal(given, 255 - out)
    assert (len(found.images), len(found.test_images)) == (14, 10)
    seen = {one.numpy().tobytes() for one in torch.cat([found.given, found.test_given])}
    assert seen == {np.asarray(picture(n)).transpose(2, 0, 1).tobytes() for n in range(24)}
    assert found.titles == ("photo", "reverse")
    assert found.together
    assert found.matched
    assert len(loaded(made.id, limit=5).images) == 5
    assert loaded(made.id, limit=5) is loaded(made.id, limit=5)
    info = data_sets.info_of(DataConfig(name="own_pairs", pictures=made.id, direction="back"))
    assert (info["titles"], info["given"], info["channels"], info["classes"]) == (("reverse", "photo"), 3, 3, 0)


def test_what_is_no_pair_is_left_out_and_named(own_folder: Path) -> None:
    files = twins(22) | {"all/photo/alone.png": encoded(picture(50)), "all/photo/0.gif": encoded(picture(51), "GIF"),
                         "all/photo/same.png": encoded(picture(3)), "all/reverse/same.png": encoded(negative(picture(3))),
                         "all/preview.png": encoded(picture(70)), "all/photo/twin.png": encoded(picture(60)), "all/reverse/twin.png": encoded(negative(picture(3)))}  # fmt: skip
    job = brought(own_folder, files, "names")
    assert result(job).count == 2 * 23  # two different pictures may become the same one
    assert codes(job) == {"partner": 2, "duplicate": 2, "beside": 1}
    assert {name for reason in job.refused for name in reason.names} >= {"all/photo/alone.png", "all/photo/same.png"}
    assert job.progress.accepted == 46


def test_a_set_of_pairs_is_called_after_its_pairs(own_folder: Path, tmp_path: Path) -> None:
    made = result(brought(own_folder, twins(), "names"))
    shuffled = dict(reversed(twins().items()))
    assert result(brought(own_folder, shuffled, "names")).id == made.id
    crossed = {name.replace("reverse/0.", "reverse/x.").replace("reverse/1.", "reverse/0.").replace("reverse/x.", "reverse/1."): data
               for name, data in twins().items()}  # fmt: skip
    assert result(brought(own_folder, crossed, "names")).id != made.id
    assert result(brought(own_folder, twins(), "apart")).id != made.id


def test_grey_pictures_make_a_grey_set(own_folder: Path) -> None:
    files = {
        f"{kind}/{n}.png": encoded(noise(n + 100 * k, SIDE, SIDE, 1)) for k, kind in enumerate("ab") for n in range(20)
    }
    found = loaded(result(brought(own_folder, files, "names")).id)
    assert found.shape == found.given_shape == (1, SIDE, SIDE)
    want = {noise(n, SIDE, SIDE, 1).tobytes(): noise(n + 100, SIDE, SIDE, 1).tobytes() for n in range(20)}
    assert all(
        want[into.numpy().tobytes()] == out.numpy().tobytes()
        for into, out in zip(found.given, found.images, strict=True)
    )


def test_two_kinds_without_pairs(own_folder: Path) -> None:
    files = {f"apple/{n}.png": encoded(picture(n)) for n in range(30)} | {f"pear/{n}.png": encoded(negative(picture(n))) for n in range(12)}  # fmt: skip
    made = result(brought(own_folder, files, "apart"))
    assert (made.count, made.paired, made.translates) == (42, False, True)
    found = loaded(made.id)
    assert len(found.given) + len(found.test_given) == 30
    assert len(found.images) + len(found.test_images) == 12
    want = {np.asarray(picture(n)).transpose(2, 0, 1).tobytes() for n in range(30)}
    assert all(one.numpy().tobytes() in want for one in torch.cat([found.given, found.test_given]))
    assert not found.together
    assert not found.matched
    assert found.largest_batch == len(found.images)
    assert torch.equal(loaded(made.id, direction="back").given, found.images)
    assert found.images.untyped_storage().nbytes() > 2 * found.images.numel()  # a part of the file: nothing is copied
    with pytest.raises(ConfigError, match="Set method to cyclegan"):
        settings(made)
    cycling = settings(made, method="cyclegan", generator__network="residual", generator__blocks=1)
    assert new_trainer(cycling, found).players.beside(held=True) is None
    with pytest.raises(ConfigError, match="larger than the data"):
        new_trainer(replace(cycling, {"batch_size": len(found.images) + 1, "history": 0}), found)


@pytest.mark.parametrize(
    ("files", "folders", "said"),
    [
        (twins(12), "names", "Only {count} different pictures have"),
        ({name.replace("reverse/", "reverse/x"): data for name, data in twins().items()}, "names", "Only {count} different pictures have"),
        ({f"all/{n}.png": encoded(picture(n)) for n in range(24)}, "names", "two folders, one for each kind, and here are {count}"),
        ({f"{n % 3}/{n}.png": encoded(picture(n)) for n in range(24)}, "apart", "two folders, one for each kind, and here are {count}"),
        ({f"{n // 20}/{n}.png": encoded(picture(n)) for n in range(24)}, "apart", "Only {count} pictures of the kind"),
    ],
)  # fmt: skip
def test_what_makes_no_two_folders_says_why(own_folder: Path, files: dict[str, bytes], folders: str, said: str) -> None:
    job = brought(own_folder, files, folders)
    assert job.result is None
    assert job.error is not None
    assert said in job.error.template
    if "have one of" in said and len(files) > 30:
        assert codes(job)["partner"] == len(files)  # those without a partner are named all the same
    assert PictureSets(own_folder).every() == []


def test_names_of_sets_say_pairs() -> None:
    one = f"{'0' * 32}-3x64-2p"
    shape = shape_of(one)
    assert shape is not None
    assert shape.paired
    assert shape.name("0" * 32) == one
    assert shape_of(f"{'0' * 32}-3x64-3p") is None
    with pytest.raises(ConfigError, match="size cannot be 16"):
        Choices(16, folders="names")
    for wrong in (f"{'0' * 32}-3x64-3", f"{'0' * 32}-3x64-0", f"{'0' * 32}-3x16-2p"):
        with pytest.raises(ConfigError, match="takes two folders"):
            replace(load("edges"), {"data.name": "own_pairs", "data.pictures": wrong, "data.image_size": 28})
    away = data_sets.info_of(DataConfig(name="own_pairs", pictures=one, image_size=64))
    assert away["titles"] == own_pairs.KINDS  # elsewhere nobody knows what they are called


def test_damaged_files_are_named(own_folder: Path) -> None:
    made = result(brought(own_folder, twins(), "names"))
    labels = own_folder / "pictures" / made.id / "labels.npy"
    np.save(labels, np.roll(np.load(labels), 1))
    with pytest.raises(DataError, match="damaged"):
        loaded(made.id)


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_line_brings_and_trains_them(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = zip_of(own_folder / "twins.zip", twins())
    assert cli.main(["pictures", "add", str(path), "--size", "28", "--folders", "names"]) == 0
    printed = capsys.readouterr()
    made = PictureSets(own_folder).every()[0]
    assert "24 pairs" in printed.err
    words = train_words(made, min(PictureSets(own_folder).learned(made)), translates=True)
    assert f"To train on it: {words}" in printed.err
    config = replace(load("edges"), dict(word.split("=", 1) for word in words.split() if "=" in word))
    assert (config.data.name, config.data.pictures, config.method, config.batch_size) == ("own_pairs", made.id, "pix2pix", 8)  # fmt: skip


def test_a_run_of_them_knows_their_errors_and_ends_calmly_without_them(own_folder: Path) -> None:
    made = result(brought(own_folder, twins(), "names"))
    (own_folder / "config.toml").write_text(serial.to_toml(settings(made, batch_size=4)), encoding="utf-8")
    run = own_folder / "runs" / "own_pairs-20260101-000000-0f0f0f"
    assert cli.main(["train", "--config", str(own_folder / "config.toml"), "--steps", "3", "--out", str(run)]) == 0
    assert cli.main(["evaluate", str(run)]) == 0
    folder = RunFolder(run)
    assert folder.facts()["summary"]["pictures"] == made.id
    step = max(folder.states())
    found = evaluate(run)["metrics"]
    judges = get_judges("classifier", loaded(made.id))
    assert judges.features.name == "two kinds classifier"
    assert {"test_l1", "precision", "swd"} <= found.keys()
    assert "fd" not in found  # ten held-out pictures are too few
    assert Darkroom(folder).snapshot(step).arrays["given"].shape[1:] == (3, SIDE, SIDE)
    shutil.rmtree(own_folder / "pictures" / made.id)
    with pytest.raises(DataError, match="not on this server"):
        Darkroom(folder).snapshot(step)


def test_advice_for_two_folders() -> None:
    pairs, apart = advice_of_two(800, 128, paired=True), advice_of_two(2400, 64, paired=False)
    assert (pairs.preset, pairs.size, pairs.params["count"]) == ("edges", 32, "400")
    assert (apart.preset, apart.size, apart.params["count"]) == ("neon", 32, "2,400")
    assert load(pairs.preset).method == "pix2pix"
    assert load(apart.preset).method == "cyclegan"


def test_pairs_stay_together_where_there_are_more_than_a_set_may_have(own_folder: Path) -> None:
    path = zip_of(own_folder / "brought.zip", twins(60))
    job = imported(own_folder, [Given(path, "brought.zip")], Choices(SIDE, folders="names"), Limits(pictures=80))
    assert result(job).count >= 2 * 39  # of forty at most

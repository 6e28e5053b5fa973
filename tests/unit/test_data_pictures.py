"""Imported pictures as a data set: what their name says, how they are read, and runs that learn them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from _picset import Made, make
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_core import cli, generate, serial
from gan_core import data as data_sets
from gan_core.config import DataConfig, RunConfig, replace
from gan_core.data import ImageSet, pictures
from gan_core.diagnosis.watching import Watch
from gan_core.errors import ConfigError, DataError
from gan_core.latent.explored import explored_from, facts_of
from gan_core.memory import sample_shape
from gan_core.metrics import classifier, real_pictures
from gan_core.metrics.features import at_hand, get_judges, offered
from gan_core.pictures.naming import FOLDER, Shape, shape_of
from gan_core.runs import headless
from gan_core.runs.folder import RunFolder
from gan_core.runs.picture import picture
from gan_core.runs.preview import preview_frame

NOWHERE = f"{'0' * 32}-3x64-12"
KINDS = {"grey": (1, 16, 0), "grey classes": (1, 32, 2), "colour": (3, 32, 0), "colour classes": (3, 16, 3)}
TOLD = {"generator.conditioning": "concat", "discriminator.conditioning": "projection"}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pictures, "_roots", [])
    monkeypatch.setattr(data_sets, "_cache", type(data_sets._cache)())
    monkeypatch.setattr(headless, "IMAGE_SAMPLES", 500)
    monkeypatch.setattr(classifier, "_SEEN", 3000)  # pictures: a second
    return tmp_path


def load(name: str, size: int = 16, **values: Any) -> ImageSet:
    found = data_sets.load(DataConfig(name="pictures", pictures=name, image_size=size, **values))
    assert isinstance(found, ImageSet)
    return found


def config_of(made: Made, **changes: Any) -> RunConfig:
    shape = shape_of(made.name)
    assert shape is not None
    told = {name.replace(".", "__"): value for name, value in (TOLD if shape.classes else {}).items()}
    return _tiny.pictures(
        **{"data__name": "pictures", "data__pictures": made.name, "data__image_size": shape.size} | told | changes
    )


# ── what a name says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_settings_know_the_shape_without_the_pictures() -> None:
    config = replace(RunConfig(), {"data.name": "pictures", "data.pictures": NOWHERE, "data.image_size": 64, "generator.network": "dcgan",
                                   "discriminator.network": "dcgan", **TOLD})  # fmt: skip
    assert sample_shape(config) == (3, 64, 64)
    assert config.classes == 12
    info = data_sets.info_of(config.data)
    assert (info["channels"], info["classes"], info["native"], info["sizes"]) == (3, 12, 64, (8, 16, 28, 32, 64))
    assert serial.from_link(serial.to_link(config)) == (config, [])
    assert data_sets.info_of(DataConfig()) is data_sets.registry.dataset["ring"].info


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data.image_size": 128}, r"image_size=128 is not made .* Allowed: 8, 16, 28, 32, 64"),
        (
            {"data.pictures": f"{'0' * 32}-3x64-0", "data.image_size": 64, **TOLD},
            r"has no labels.* use labelled data: digits",
        ),
        ({"data.pictures": "cats"}, r"data.pictures cannot be 'cats'. Allowed: the name that importing pictures gives"),
    ],
)
def test_what_a_set_cannot_be_is_said(changes: dict[str, Any], words: str) -> None:
    base = {
        "data.name": "pictures",
        "data.pictures": NOWHERE,
        "generator.network": "dcgan",
        "discriminator.network": "dcgan",
    }
    with pytest.raises(ConfigError, match=words) as caught:
        replace(RunConfig(), base | changes)
    assert ", pictures" not in str(caught.value)  # itself, where it has no labels


@given(st.text(max_size=80) | st.from_regex(r"[0-9a-f]{32}-[0-9]x[0-9]{1,3}-[0-9]{1,4}", fullmatch=True))
@settings(max_examples=200, deadline=None, database=None)
def test_only_names_of_sets_are_names(text: str) -> None:
    shape = shape_of(text)
    assert pictures.is_name(text) == (shape is not None or not text)
    if shape is not None:
        assert shape.name(text[:32]) == text
        assert "/" not in text


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_the_pictures_are_those_of_the_set(own_folder: Path, kind: str) -> None:
    channels, size, classes = KINDS[kind]
    made = make(own_folder, channels, size, classes)
    data = load(made.name, size)
    assert data.shape == (channels, size, size)
    assert len(data.images) == 108
    assert len(data.test_images) == 12
    parts = ((data.images, data.labels), (data.test_images, data.test_labels))
    found = {bytes(image.numpy()) for images, _ in parts for image in images}
    assert found == made.kinds.keys()
    assert data.class_names == tuple(f"class {k}" for k in range(classes))
    for images, labels in parts:
        assert (labels is None) is not bool(classes)
        if labels is not None:
            assert labels.tolist() == [made.kinds[bytes(image.numpy())] for image in images]
            assert set(labels.tolist()) == set(range(classes))


def test_they_are_mapped_and_kept(own_folder: Path) -> None:
    """No copy of them is in memory, and two runs share them; nothing that happens to a tensor is written to the file."""
    made = make(own_folder)
    before = (made.path / "pictures.npy").read_bytes()
    data = load(made.name)
    assert f"/{made.name}/pictures.npy" in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert load(made.name) is data
    trainer = _tiny.trained(config_of(made), 0)
    assert trainer.data is data
    assert trainer.pictures.data_ptr() == data.images.data_ptr()
    data.images[0] = 7
    assert (made.path / "pictures.npy").read_bytes() == before


def test_two_sets_and_two_sizes_are_not_mixed_up(own_folder: Path) -> None:
    grey, colour = make(own_folder, 1), make(own_folder, 3)
    assert [load(made.name, size).shape for made in (grey, colour) for size in (16, 8)] == [
        (1, 16, 16), (1, 8, 8), (3, 16, 16), (3, 8, 8),
    ]  # fmt: skip
    assert load("").shape == (1, 16, 16)
    assert len(load("").images) == 1500


@pytest.mark.parametrize("size", [8, 28])
def test_smaller_ones_are_made_by_area(own_folder: Path, size: int) -> None:
    """Against Pillow's box filter, which does the same for whole factors; for others, the mean brightness stays."""
    made = make(own_folder, 3, 32)
    whole, small = load(made.name, 32), load(made.name, size)
    assert small.images.dtype == torch.uint8
    assert small.shape == (3, size, size)
    for before, after in zip(whole.test_images, small.test_images, strict=True):
        if 32 % size == 0:
            theirs = Image.fromarray(before.permute(1, 2, 0).numpy()).resize((size, size), Image.Resampling.BOX)
            assert np.abs(np.asarray(theirs, int) - after.permute(1, 2, 0).numpy()).max() <= 1
        assert float(before.float().mean()) == pytest.approx(float(after.float().mean()), abs=4)


def test_a_part_of_them(own_folder: Path) -> None:
    made = make(own_folder, classes=2)
    some = load(made.name, limit=30)
    assert len(some.images) == 30
    assert some.complete is load(made.name)


def test_fingerprints_are_made_in_pieces_and_are_those_of_all_bytes() -> None:
    images = torch.randint(0, 256, (2500, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for part in (images, images[:, :1], images[::3], images.permute(0, 2, 3, 1)):
        data = ImageSet("x", part, None, part[:10], None, (), "")
        assert data_sets.fingerprint(data) == hashlib.sha256(part.contiguous().numpy().tobytes()).hexdigest()


@pytest.mark.parametrize("few", [True, False])
def test_the_reference_is_looked_at_in_the_order_it_always_was(monkeypatch: pytest.MonkeyPatch, few: bool) -> None:
    data = _tiny.images(8, count=80)
    monkeypatch.setattr(real_pictures, "_ENOUGH", 11 if few else 5)
    looked = []
    monkeypatch.setattr(real_pictures, "look", lambda images, _judges: looked.append(images))
    monkeypatch.setattr(real_pictures, "join", lambda parts: parts)

    judges = SimpleNamespace(features=SimpleNamespace(block=7))
    for _ in real_pictures.RealPictures(data, judges).look():  # type: ignore[arg-type]
        pass
    pictures = torch.cat([data.images, data.test_images]) if few else data.test_images
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.cat(looked), pictures[order].float() / 127.5 - 1)


# ── damaged and missing ──────────────────────────────────────────────────────────────────────────────────────────────────


def _damage(made: Made, kind: str) -> None:
    said = json.loads((made.path / "set.json").read_text(encoding="utf-8"))
    images, labels = made.path / "pictures.npy", made.path / "labels.npy"
    match kind:
        case "cut":
            images.write_bytes(images.read_bytes()[:-100])
        case "not an array":
            images.write_bytes(b"PK\x03\x04" + b"0" * 300)
        case "floats":
            np.save(images, np.zeros((120, 1, 16, 16), np.float32))
        case "another shape":
            np.save(images, np.zeros((120, 1, 8, 8), np.uint8))
        case "a class too many":
            np.save(labels, np.full(120, 2))
        case "labels cut":
            np.save(labels, np.zeros(119, np.int64))
        case "pickled":
            np.save(labels, np.array([{}], object), allow_pickle=True)
        case "no json":
            (made.path / "set.json").write_text("{", encoding="utf-8")
        case "a list":
            (made.path / "set.json").write_text("[]", encoding="utf-8")
        case "all held out":
            (made.path / "set.json").write_text(json.dumps(said | {"held_out": 120}), encoding="utf-8")
        case "numbers for names":
            (made.path / "set.json").write_text(json.dumps(said | {"classes": [1, 2]}), encoding="utf-8")


@pytest.mark.parametrize("kind", ["cut", "not an array", "floats", "another shape", "a class too many", "labels cut", "pickled", "no json",
                                  "a list", "all held out", "numbers for names"])  # fmt: skip
def test_a_damaged_set_is_named(own_folder: Path, kind: str) -> None:
    made = make(own_folder, classes=2)
    _damage(made, kind)
    with pytest.raises(DataError, match=r"are damaged\. Delete the set") as caught:
        load(made.name)
    assert made.path.name in str(caught.value)
    assert str(made.path) not in str(caught.value)


def test_a_set_of_elsewhere_is_missing(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the address of another server: the settings are whole, and only starting says that the pictures are not here."""
    link = f"1;data.name=pictures;data.pictures={NOWHERE};data.image_size=64;generator.network=dcgan;discriminator.network=dcgan"
    config, problems = serial.from_link(link)
    assert not problems
    assert config.data.pictures == NOWHERE
    with pytest.raises(DataError, match=r"\(00000000…, 64 × 64\) are not on this server") as caught:
        preview_frame(config)
    json.dumps(caught.value.params)
    words = [
        word
        for name, value in (part.split("=") for part in link.split(";")[1:])
        for word in ("--set", f"{name}={value}")
    ]
    assert cli.main(["train", "--preset", "digits", *words, "--steps", "1", "--out", str(own_folder / "run")]) == 2
    assert "Import the same files again" in capsys.readouterr().err
    assert not (own_folder / "run").exists()


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, own_folder: Path) -> Made:
    return make(own_folder, *KINDS[request.param])


def _train(config: RunConfig, folder: Path, steps: int) -> None:
    file = folder.with_suffix(".toml")
    file.write_text(serial.to_toml(config), encoding="utf-8")
    assert (
        cli.main(
            ["train", "--config", str(file), "--steps", str(steps), "--engine", "eager", "--out", str(folder), "--json"]
        )
        == 0
    )


def test_a_run_from_its_preview_to_its_samples(
    made: Made, own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Preview, training with what is measured and diagnosed on the way, evaluation, samples, going on, exploring."""
    config, folder = config_of(made), own_folder / "run"
    assert preview_frame(config) is not None
    _train(config, folder, 4)
    said = json.loads(capsys.readouterr().out)["metrics"]
    assert np.isfinite([said["d_loss"], said["g_loss"], said["swd"]]).all()
    _evaluates(config, folder, capsys)
    shape = sample_shape(config)
    assert generate.load(RunFolder(folder)).sample(3).shape == (3, *shape)
    assert cli.main(["sample", str(folder), "--n", "4", "--out", str(own_folder / "some.npz")]) == 0
    assert cli.main(["train", "--resume", str(folder), "--steps", "6"]) == 0
    explored = explored_from(RunFolder(folder))
    facts = facts_of(explored)
    assert (facts["step"], facts["shape"]) == (6, list(shape))
    assert list(explored.class_names) == list(load(made.name, shape[-1]).class_names)
    assert explored.draw(explored.seed(7)[None]).shape == (1, *shape)


def _evaluates(config: RunConfig, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the set's own classifier where there are classes; of others it says what their features need."""
    capsys.readouterr()
    done = cli.main(["evaluate", str(folder), "--json"])
    out, err = capsys.readouterr()
    if config.classes:
        assert done == 0
        found = json.loads(out)["metrics"]
        assert found["fd"] > 0
        assert len(found["class_shares"]) == config.classes
    else:
        assert done == 2
        assert "standard Inception features need the network's weights" in err


def test_judges(made: Made) -> None:
    shape = shape_of(made.name)
    assert shape is not None
    data = load(made.name, shape.size)
    config = config_of(made).data
    found = at_hand(data)
    if shape.classes:
        assert offered(config) == ("classifier", "inception")
        assert found is not None
        assert get_judges("classifier", data).accuracy == 1.0  # bars in different places
        assert found.path.is_file()
    else:
        assert offered(config) == ("inception",)
        assert found is None
        with pytest.raises(DataError, match=r"has no labels.* Use the standard Inception features"):
            get_judges("classifier", data)


def test_the_diagnosis_reads_them(made: Made) -> None:
    trainer = _tiny.trained(config_of(made), 2)
    watch = Watch(trainer.players)
    verdicts = watch.read(trainer.players, 2)
    assert np.isfinite(verdicts.real).all()
    assert np.isfinite(verdicts.held).all()
    found = watch.look(trainer.players, trainer.read_stats(), picture(trainer.players)["arrays"])
    assert [finding.code for finding in found] == ["early"]


def test_a_stopped_run_goes_on_bit_for_bit(made: Made) -> None:
    config = config_of(made)
    straight, stopped = _tiny.trained(config, 4), _tiny.trained(config, 2)
    data_sets._cache.clear()
    again = _tiny.trained(config, 0)
    again.load_state_dict(stopped.state_dict())
    for _ in range(2):
        again.step()
    _tiny.assert_same(straight.state_dict(), again.state_dict())


def test_a_set_deleted_while_a_run_learns_it(own_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run goes on with what it has; every later start says what is missing; samples need no data."""
    made = make(own_folder, 3, classes=2)
    config, folder = config_of(made), own_folder / "run"
    _train(config, folder, 2)
    untouched, trainer = _tiny.trained(config, 4), _tiny.trained(config, 2)
    shutil.rmtree(made.path)
    for _ in range(2):
        trainer.step()
    _tiny.assert_same(untouched.state_dict(), trainer.state_dict())
    assert trainer.read_stats().finite
    for words in (["train", "--resume", str(folder), "--steps", "4"], ["evaluate", str(folder)]):
        capsys.readouterr()
        assert cli.main(words) == 2
        said = capsys.readouterr().err
        assert f"({made.name[:8]}…, 16 × 16) are not on this server" in said
        assert "Traceback" not in said
    explored = explored_from(RunFolder(folder))
    assert explored.g(torch.zeros(1, explored.inputs)).shape == (1, 3, 16, 16)
    assert facts_of(explored)["known"] is False
    assert generate.load(RunFolder(folder)).sample(2).shape == (2, 3, 16, 16)
    again = make(own_folder, 3, classes=2)  # the same files, imported again
    assert again.name == made.name
    assert cli.main(["train", "--resume", str(folder), "--steps", "4"]) == 0


def test_sets_of_a_data_folder_are_found_by_whoever_opens_it(own_folder: Path) -> None:
    from gan_core.runs.store import Store

    made = make(own_folder / "elsewhere")
    with pytest.raises(DataError, match="not on this server"):
        load(made.name)
    Store(own_folder / "elsewhere")
    assert load(made.name).shape == (1, 16, 16)
    assert (own_folder / "elsewhere" / FOLDER / made.name).is_dir()
    assert Shape(1, 16, 0).name(made.name) == made.name

"""Stacked digits: three of another set's pictures in one, and EMNIST from an archive written here."""

from __future__ import annotations

import gzip
import io
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from _idx import TEST, TRAIN, idx, write_mnist

from gan_core import data as data_sets
from gan_core.config import DataConfig
from gan_core.data.sets import ImageSet
from gan_core.data.stacked import stack
from gan_core.errors import DataError


def load(name: str, size: int = 28) -> ImageSet:
    found = data_sets.load(DataConfig(name=name, image_size=size))
    assert isinstance(found, ImageSet)
    return found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache on the disk, an empty one in memory, and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network here")

    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setattr(data_sets, "_cache", type(data_sets._cache)())
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return tmp_path


# ── stacks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_picture_is_used_equally_often_in_each_channel() -> None:
    images = torch.arange(7, dtype=torch.uint8).view(7, 1, 1, 1)  # a picture's only pixel is its number
    labels = torch.tensor([3, 1, 4, 1, 5, 9, 2])
    stacks, read, digits = stack(images, labels, 5, torch.Generator().manual_seed(0))
    assert stacks.shape == (35, 3, 1, 1)
    assert [torch.bincount(stacks[:, c].flatten()).tolist() for c in range(3)] == [[5] * 7] * 3
    for pixels, number, of in zip(stacks[:, :, 0, 0].tolist(), read.tolist(), digits.tolist(), strict=True):
        assert of == [int(labels[p]) for p in pixels]
        assert f"{number:03}" == "".join(map(str, of))
    assert len({tuple(row) for row in stacks[:, :, 0, 0].tolist()}) > 25  # channels are shuffled apart


@pytest.mark.parametrize("size", [28, 32])
def test_stacked_digits_have_a_thousand_modes_and_are_made_of_digits(size: int) -> None:
    stacks, digits = load("stacked_digits", size), load("digits", size)
    assert stacks.channels_are == "digits"
    assert digits.channels_are is None
    for images, labels, factors, of in ((stacks.images, stacks.labels, stacks.factors, (digits.images, digits.labels)),
                                        (stacks.test_images, stacks.test_labels, stacks.test_factors, (digits.test_images, digits.test_labels))):  # fmt: skip
        assert labels is not None
        assert factors is not None
        assert of[1] is not None
        assert images.shape == (16 * len(of[0]), 3, size, size)
        known = {bytes(p.numpy()): int(label) for p, label in zip(of[0], of[1], strict=True)}
        for picture, label, read in zip(images[::500], labels[::500], factors[::500], strict=True):
            assert [known[bytes(channel.numpy())] for channel in picture] == read.tolist()
            assert stacks.class_names[int(label)] == "".join(f"{digit:.0f}" for digit in read)
    counts = torch.bincount(stacks.labels, minlength=1000)  # type: ignore[arg-type]
    assert len(counts) == 1000
    assert counts.min() > 0
    assert torch.equal(load("stacked_digits", size).images, stacks.images)


def test_stacked_mnist_is_made_of_the_files_of_mnist(cache: Path) -> None:
    assert not data_sets.is_available("stacked_mnist")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
        load("stacked_mnist")
    written = write_mnist(cache)
    assert data_sets.is_available("stacked_mnist")
    stacks = load("stacked_mnist")
    assert stacks.channels_are == "mnist"
    assert (len(stacks.images), len(stacks.test_images)) == (TRAIN, TEST)
    for channel in range(3):
        ours = sorted(bytes(p.numpy()) for p in stacks.images[:, channel])
        assert ours == sorted(bytes(p.astype(np.uint8)) for p in written["train-images-idx3-ubyte"])


# ── EMNIST ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

SHAPES = {"train-images-idx3": (TRAIN, 28, 28), "train-labels-idx1": (TRAIN,), "test-images-idx3": (TEST, 28, 28), "test-labels-idx1": (TEST,)}  # fmt: skip


def emnist_files() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    return {
        f"emnist-balanced-{name}-ubyte": rng.integers(0, 47 if len(shape) == 1 else 256, shape)
        for name, shape in SHAPES.items()
    }


def archive(files: dict[str, np.ndarray]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as found:
        for name, array in files.items():
            found.writestr(f"gzip/{name}.gz", gzip.compress(idx(array)))
        found.writestr("gzip/emnist-letters-train-images-idx3-ubyte.gz", b"not wanted")
        found.writestr("../../outside.gz", b"never")
    return packed.getvalue()


def test_emnist_is_read_from_its_archive_the_right_way_up(cache: Path) -> None:
    files, raw = emnist_files(), cache / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    assert not data_sets.is_available("emnist")
    (raw / "gzip.zip").write_bytes(archive(files))
    assert data_sets.is_available("emnist")
    emnist = load("emnist")
    assert emnist.shape == (1, 28, 28)
    assert np.array_equal(
        emnist.images[:, 0].numpy(), files["emnist-balanced-train-images-idx3-ubyte"].transpose(0, 2, 1)
    )
    assert np.array_equal(
        emnist.test_images[:, 0].numpy(), files["emnist-balanced-test-images-idx3-ubyte"].transpose(0, 2, 1)
    )
    assert emnist.labels is not None
    assert emnist.labels.tolist() == files["emnist-balanced-train-labels-idx1-ubyte"].tolist()
    assert len(emnist.class_names) == 47
    assert [emnist.class_names[i] for i in (0, 9, 10, 35, 36, 46)] == ["0", "9", "A", "Z", "a", "t"]
    assert {path.name for path in raw.iterdir()} == {"gzip.zip", *(f"{name}.gz" for name in files)}
    assert not list(cache.parent.rglob("outside.gz"))
    (raw / "gzip.zip").unlink()  # it is not needed any more
    assert data_sets.is_available("emnist")


def test_torchvision_reads_the_same_pictures_from_the_same_folder(cache: Path) -> None:
    from torchvision.datasets import EMNIST

    raw = cache / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, array in emnist_files().items():
        (raw / name).write_bytes(idx(array))
    theirs, ours = EMNIST(root=str(cache), split="balanced", train=True, download=False), load("emnist")
    assert torch.equal(theirs.data.transpose(1, 2), ours.images[:, 0])
    assert torch.equal(theirs.targets, ours.labels)
    assert tuple(theirs.classes) == ours.class_names


@pytest.mark.parametrize("wrong", ["no archive", "a file short", "damaged inside"])
def test_a_damaged_archive_of_emnist_is_named(cache: Path, wrong: str) -> None:
    files, raw = emnist_files(), cache / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    content = archive(files)
    if wrong == "no archive":
        content = b"<html>not found</html>"
    elif wrong == "a file short":
        content = archive({name: files[name] for name in list(files)[:3]})
    else:
        middle = content.index(b"PK\x03\x04", 10) - 100
        content = content[:middle] + bytes(50) + content[middle + 50 :]
    (raw / "gzip.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"gzip\.zip.*Delete it"):
        load("emnist")

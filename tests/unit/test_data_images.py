"""Picture sets: the digits of scikit-learn, and the public sets from files written here."""

import gzip
import http.client
import io
import json
import struct
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from _idx import IDX, TEST, TRAIN, arrays, idx, write_mnist
from sklearn.datasets import load_digits

from gan_core import data as data_sets
from gan_core import registry
from gan_core.config import DataConfig
from gan_core.data import ImageSet
from gan_core.data.public_sets import read_idx
from gan_core.errors import ConfigError, DataError

IMAGES = [entry for entry in registry.dataset.entries() if entry.info["kind"] == "images"]
CLASSES = {
    "digits": 10, "mnist": 10, "fashion_mnist": 10, "kmnist": 10, "cifar10": 10, "emnist": 47, "shapes": 6, "glyphs": 26,
    "stacked_digits": 1000, "stacked_mnist": 1000,
    "pictures": 10,
}  # fmt: skip
# What a person is asked for, besides the four files of MNIST's family.
BY_HAND = {
    "cifar10": ["cifar-10-binary.tar.gz"],
    "emnist": ["gzip.zip", *(f"emnist-balanced-{part}-{what}.gz" for part in ("train", "test")
                             for what in ("images-idx3-ubyte", "labels-idx1-ubyte"))],
}  # fmt: skip


def load(name: str, size: int = 28, progress: Any = None) -> ImageSet:
    found = data_sets.load(DataConfig(name=name, image_size=size), progress)
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


# ── the digits that come with scikit-learn ───────────────────────────────────────────────────────────────────────────────


def test_digits_at_their_own_size_are_scikit_learns() -> None:
    digits, theirs = load("digits", 8), load_digits()
    ours = torch.cat([digits.images, digits.test_images]).reshape(-1, 64)
    expected = np.rint(theirs.images * (255 / 16)).astype(np.uint8).reshape(-1, 64)
    assert sorted(map(bytes, ours.numpy())) == sorted(map(bytes, expected))
    labels = torch.cat([digits.labels, digits.test_labels])  # type: ignore[list-item]
    pairs = {bytes(row) for row in np.concatenate([expected, theirs.target.astype(np.uint8)[:, None]], 1)}
    assert all(bytes([*row, int(label)]) in pairs for row, label in zip(ours.tolist(), labels, strict=True))


@pytest.mark.parametrize("size", registry.dataset["digits"].info["sizes"])
def test_digits_in_every_size(size: int) -> None:
    digits = load("digits", size)
    assert digits.images.shape[1:] == digits.shape == (1, size, size)
    assert digits.images.dtype == torch.uint8
    assert digits.images.max() == 255
    assert digits.images.min() == 0
    assert digits.labels is not None
    assert digits.labels.dtype == torch.int64
    assert len(digits.images) + len(digits.test_images) == 1797


def test_digits_are_split_the_same_way_every_time_with_even_classes() -> None:
    digits, before = load("digits"), torch.get_rng_state()
    data_sets._cache.clear()
    again = load("digits")
    assert again.images is not digits.images
    assert torch.equal(again.images, digits.images)
    assert torch.equal(torch.get_rng_state(), before)
    assert digits.labels is not None
    assert digits.test_labels is not None
    for labels in (digits.labels, digits.test_labels):
        assert (torch.bincount(labels, minlength=10) / len(labels) - 0.1).abs().max() < 0.01


# ── what every set says about itself ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("entry", IMAGES, ids=lambda e: e.name)
def test_every_picture_set_states_its_size_classes_and_licence(entry: Any) -> None:
    info = entry.info
    assert info["licence"]
    assert info["channels"] in (1, 3)
    assert info["classes"] == CLASSES[entry.name]
    assert info["sizes"]
    assert data_sets.is_available(entry.name) is not info["download"]


# ── MNIST and its family, from files written here ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("packed", [False, True], ids=["unpacked", "packed"])
def test_mnist_is_read_from_the_cache(cache: Path, packed: bool) -> None:
    assert not data_sets.is_available("mnist")
    written = write_mnist(cache, packed)
    assert data_sets.is_available("mnist")
    mnist = load("mnist")
    assert np.array_equal(mnist.images[:, 0].numpy(), written["train-images-idx3-ubyte"])
    assert np.array_equal(mnist.test_images[:, 0].numpy(), written["t10k-images-idx3-ubyte"])
    assert mnist.labels is not None
    assert mnist.labels.tolist() == written["train-labels-idx1-ubyte"].tolist()
    assert mnist.test_labels is not None
    assert mnist.test_labels.tolist() == written["t10k-labels-idx1-ubyte"].tolist()


def test_the_cache_has_torchvisions_layout(cache: Path) -> None:
    from torchvision.datasets import MNIST

    write_mnist(cache)
    theirs, ours = MNIST(root=str(cache), train=True, download=False), load("mnist")
    assert torch.equal(theirs.data, ours.images[:, 0])
    assert torch.equal(theirs.targets, ours.labels)


@pytest.mark.parametrize(("name", "folder"), [("fashion_mnist", "FashionMNIST"), ("kmnist", "KMNIST")])
def test_its_relatives_have_folders_of_their_own(cache: Path, name: str, folder: str) -> None:
    write_mnist(cache, folder=folder)
    assert load(name).images.shape == (TRAIN, 1, 28, 28)
    assert not data_sets.is_available("mnist")


def test_a_set_is_resized_on_request_and_kept_in_memory(cache: Path) -> None:
    write_mnist(cache)
    native, larger = load("mnist", 28), load("mnist", 32)
    assert larger.shape == (1, 32, 32)
    assert load("mnist", 28).images.data_ptr() == native.images.data_ptr()
    assert load("mnist", 32).images.data_ptr() == larger.images.data_ptr()
    assert data_sets.fingerprint(native) != data_sets.fingerprint(larger)


def test_an_unknown_set_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="mnist"):
        load("imagenet")


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [e.name for e in IMAGES if e.info["download"]])
def test_without_a_network_the_message_says_which_file_goes_where(cache: Path, name: str) -> None:
    with pytest.raises(DataError) as caught:
        load(name, registry.dataset[name].info["native"])
    text = str(caught.value)
    assert str(cache) in text
    assert "GAN_PLAYGROUND_CACHE" in text
    assert "no network here" in text
    assert ".gz" in text
    # All that are missing, not one at each try.
    assert all(file in text for file in BY_HAND.get(name, [f"{file}.gz" for file in IDX]))
    lacking = data_sets.missing(name)
    assert lacking is not None
    assert all(file in text for file in (*lacking.files, lacking.names, str(lacking.folder)))
    json.dumps(caught.value.params)  # a run that failed sends them to the browser
    assert not [path for path in cache.rglob("*") if path.is_file()]  # nothing half done is left


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"<html>not found</html>",
        struct.pack(">BBBB3I", 0, 0, 8, 3, 12, 28, 28) + b"\0" * 100,
        struct.pack(">BBBB3I", 0, 0, 13, 3, 1, 1, 1) + b"\0" * 4,
        struct.pack(">BBBB1I", 0, 0, 8, 1, 2) + b"\0" * 3,
    ],
    ids=["empty", "header cut", "web page", "cut short", "floats", "too long"],
)
def test_a_damaged_file_is_named_and_may_be_deleted(tmp_path: Path, content: bytes) -> None:
    for path, raw in ((tmp_path / "broken", content), (tmp_path / "broken.gz", gzip.compress(content)),
                      (tmp_path / "not-gzip.gz", content)):  # fmt: skip
        path.write_bytes(raw)
        with pytest.raises(DataError, match="Delete it") as caught:
            read_idx(path)
        assert str(path) in str(caught.value)


def test_an_answer_that_is_not_http_is_an_ordinary_failure(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def urlopen(url: str, timeout: float) -> None:
        raise http.client.BadStatusLine("garbage")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="garbage"):
        load("mnist")


def test_only_the_missing_files_are_asked_for(cache: Path) -> None:
    write_mnist(cache)
    (cache / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"t10k-labels") as caught:
        load("mnist")
    assert "train-images" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "array"),
    [
        ("train-images-idx3-ubyte", np.zeros(TRAIN)),
        ("train-images-idx3-ubyte", np.zeros((0, 28, 28))),
        ("train-labels-idx1-ubyte", np.zeros((TRAIN, 28, 28))),
        ("train-labels-idx1-ubyte", np.zeros(TRAIN - 1)),
        ("t10k-labels-idx1-ubyte", np.full(TEST, 200)),
    ],
    ids=["labels for pictures", "no pictures", "pictures for labels", "one label short", "unknown class"],
)
def test_files_that_do_not_belong_together_are_named(cache: Path, file: str, array: np.ndarray) -> None:
    write_mnist(cache)
    (cache / "MNIST" / "raw" / file).write_bytes(idx(array))
    with pytest.raises(DataError, match=rf"{file}.*Delete it") as caught:
        load("mnist")
    json.dumps(caught.value.params)


def test_a_packed_file_cut_short_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(idx(np.arange(2000) % 10))[:-20])
    with pytest.raises(DataError, match="damaged"):
        read_idx(path)


class Answer(io.BytesIO):
    """What urlopen gives."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.headers = {"Content-Length": str(len(content))}


def test_files_are_fetched_checked_and_reported(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    from torchvision.datasets import MNIST

    packed = {f"{name}.gz": gzip.compress(idx(array)) for name, array in arrays().items()}
    sums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> Answer:
        assert 0 < timeout < 120
        asked.append(url)
        if len(asked) == 1:
            raise TimeoutError("the first mirror is slow")
        return Answer(packed[url.rsplit("/", 1)[1]])

    monkeypatch.setattr(MNIST, "resources", sums)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    told: list[tuple[str, int, int]] = []
    mnist = load("mnist", progress=lambda *what: told.append(what))
    assert mnist.images.shape == (TRAIN, 1, 28, 28)
    assert len(asked) == 5  # one more than there are files: the first mirror failed once
    assert {Path(name).name for name in packed} == {p.name for p in (cache / "MNIST" / "raw").iterdir()}
    assert all(0 < done <= total for _, done, total in told)
    assert any("train-images" in what for what, _, _ in told)
    monkeypatch.setattr(urllib.request, "urlopen", None)
    data_sets._cache.clear()
    assert torch.equal(load("mnist").images, mnist.images)  # from the disk now


def test_a_wrong_checksum_is_refused_and_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Answer(gzip.compress(b"something else")))
    with pytest.raises(DataError, match="checksum"):
        load("mnist")
    assert not [path for path in cache.rglob("*") if path.is_file()]


# ── CIFAR-10: the binary version ─────────────────────────────────────────────────────────────────────────────────────────


def cifar_files(records: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    files = {name: rng.integers(0, 256, (records, 3073), dtype=np.uint8) for name in names}
    for array in files.values():
        array[:, 0] %= 10
    return files


def test_cifar10_is_read_from_its_binary_archive(cache: Path) -> None:
    files = cifar_files()
    with tarfile.open(cache / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name, array in [*files.items(), ("../../outside.bin", np.zeros((1, 1), np.uint8))]:
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = array.nbytes
            tar.addfile(member, io.BytesIO(array.tobytes()))
    assert data_sets.is_available("cifar10")
    cifar = load("cifar10", 32)
    assert cifar.shape == (3, 32, 32)
    assert (len(cifar.images), len(cifar.test_images)) == (20, 4)
    record = files["data_batch_2.bin"][1]
    assert cifar.labels is not None
    assert int(cifar.labels[5]) == record[0]
    assert np.array_equal(cifar.images[5].numpy(), record[1:].reshape(3, 32, 32))
    assert not list(cache.parent.rglob("outside.bin"))


def test_the_pickled_version_of_cifar10_is_never_read(cache: Path) -> None:
    (cache / "cifar-10-batches-py").mkdir()
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        (cache / "cifar-10-batches-py" / name).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert not data_sets.is_available("cifar10")
    with pytest.raises(DataError, match="cifar-10-binary"):
        load("cifar10", 32)


def test_damaged_cifar10_files_are_named(cache: Path) -> None:
    (cache / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz.*Delete it"):
        load("cifar10", 32)
    (cache / "cifar-10-binary.tar.gz").unlink()
    folder = cache / "cifar-10-batches-bin"
    folder.mkdir(exist_ok=True)
    for name, array in cifar_files().items():
        (folder / name).write_bytes(array.tobytes()[:-7])
    with pytest.raises(DataError, match=r"data_batch_1\.bin.*Delete it"):
        load("cifar10", 32)

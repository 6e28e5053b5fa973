"""Public picture sets, with torchvision's addresses, checksums and folders; their files are read here, none is unpickled."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gan_core.data.digits import resize
from gan_core.data.download import Missing, Wanted, alone, cache_dir, fetch
from gan_core.data.sets import ImageSet, Progress
from gan_core.errors import DataError
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

_MNIST_FAMILY = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}  # torchvision's classes
_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_CIFAR = Wanted(
    "cifar-10-binary.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    "c32a1d4ab5d03f1284b67883e8d87530",
)
_CIFAR_FOLDER = "cifar-10-batches-bin"
_DAMAGED = N_("{path} is damaged ({reason}). Delete it: it is fetched again at the next start.")
_CIFAR_FILES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
_CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def missing_mnist(name: str) -> Missing | None:
    """What the cache lacks of a set of MNIST's family; its files may lie there as they are downloaded, or unpacked."""
    folder = cache_dir() / _MNIST_FAMILY[name] / "raw"
    return missing_of(_IDX, folder)


def missing_of(names: Sequence[str], folder: Path) -> Missing | None:
    """Those of the files `names` that are neither in `folder` nor there with .gz."""
    files = tuple(f"{f}.gz" for f in names if not (folder / f).exists() and not (folder / f"{f}.gz").exists())
    return Missing(files, folder) if files else None


def _missing_cifar() -> Missing | None:
    here = _is_unpacked(cache_dir() / _CIFAR_FOLDER) or (cache_dir() / _CIFAR.name).exists()
    return None if here else Missing((_CIFAR.name,), cache_dir())


def _mnist_like(name: str, data: DataConfig, progress: Progress | None) -> ImageSet:
    from torchvision import datasets  # seconds of import that only these sets need

    source, entry = getattr(datasets, _MNIST_FAMILY[name]), dataset[name]
    md5 = {file.removesuffix(".gz"): digest for file, digest in source.resources}
    folder, paths = cache_dir() / _MNIST_FAMILY[name] / "raw", []
    for file in _IDX:
        path = folder / file
        if not path.exists():
            wanted = Wanted(f"{file}.gz", [mirror + f"{file}.gz" for mirror in source.mirrors], md5[file])
            path = fetch(wanted, folder, entry.title, progress, missing_mnist(name))
        paths.append(path)
    images, labels = read_pair(paths[0], paths[1], entry.info["classes"])
    test_images, test_labels = read_pair(paths[2], paths[3], entry.info["classes"])
    return ImageSet(name, resize(images[:, None], data.image_size), labels.long(), resize(test_images[:, None], data.image_size),
                    test_labels.long(), tuple(source.classes), entry.info["licence"])  # fmt: skip


def read_pair(images_path: Path, labels_path: Path, classes: int) -> tuple[Tensor, Tensor]:
    """(N, H, W) pictures and their (N,) labels. Raises DataError for files that do not belong together."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or not len(images):
        raise damaged(images_path, "it holds no pictures")
    if labels.shape != images.shape[:1]:
        raise damaged(labels_path, f"it does not hold one label for each of {len(images)} pictures")
    if int(labels.max()) >= classes:
        raise damaged(labels_path, f"it has the label {int(labels.max())}, and there are {classes} classes")
    return images, labels


def damaged(path: Path, reason: object) -> DataError:
    """The error for a file that is not what it should be; the parameters are text, since they travel to browsers as JSON."""
    return DataError(
        _DAMAGED, path=str(path), reason=str(reason).splitlines()[0] if str(reason) else type(reason).__name__
    )


def read_idx(path: Path) -> Tensor:
    """The uint8 array of an IDX file (LeCun's format), packed with gzip or not. Raises DataError for anything else."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if raw[:3] != b"\0\0\x08" or raw[3] not in (1, 3):
            raise ValueError("it is not an IDX file of bytes")
        shape = np.frombuffer(raw, ">u4", raw[3], 4).astype(int)
        if len(raw) != 4 + 4 * len(shape) + shape.prod():
            raise ValueError("it has another length than its header says")
    except (OSError, ValueError, IndexError, EOFError, zlib.error) as error:
        raise damaged(path, error) from None
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape).copy())


def _register_mnist_like(name: str, title: str, help: str, licence: str, paper: str) -> None:
    def load(data: DataConfig, progress: Progress | None = None) -> ImageSet:
        return _mnist_like(name, data, progress)

    load.__doc__ = f"{title}: 60,000 pictures to train on and 10,000 held out, 28 × 28, grey."
    dataset(name, kind="images", title=title, help=help, paper=paper, sizes=(28, 32), native=28, channels=1, classes=10,
            download=True, missing=partial(missing_mnist, name), licence=licence)(load)  # fmt: skip


_register_mnist_like("mnist", "MNIST", N_("60,000 handwritten digits: the field's first test."), "CC BY-SA 3.0 (Y. LeCun, C. Cortes)",
                     "LeCun et al. 1998")  # fmt: skip
_register_mnist_like("fashion_mnist", "Fashion-MNIST", N_("60,000 pieces of clothing in ten classes."), "MIT (Zalando)",
                     "Xiao et al. 2017, arXiv:1708.07747")  # fmt: skip
_register_mnist_like("kmnist", "Kuzushiji-MNIST", N_("60,000 cursive Japanese characters in ten classes."), "CC BY-SA 4.0 (CODH)",
                     "Clanuwat et al. 2018, arXiv:1812.01718")  # fmt: skip


@dataset("cifar10", kind="images", title="CIFAR-10", help=N_("50,000 colour photographs of ten kinds of things: slow without a GPU."),
         sizes=(32,), native=32, channels=3, classes=10, download=True, missing=_missing_cifar,
         licence=N_("No licence stated (A. Krizhevsky, V. Nair, G. Hinton)"),
         paper="Krizhevsky 2009")  # fmt: skip
def cifar10(data: DataConfig, progress: Progress | None = None) -> ImageSet:
    """CIFAR-10: 50,000 pictures to train on and 10,000 held out, 32 × 32, colour; from its binary version, which needs no pickle."""
    folder = cache_dir() / _CIFAR_FOLDER
    if not _is_unpacked(folder):
        _unpack(fetch(_CIFAR, cache_dir(), "CIFAR-10", progress), folder, progress)
    records = [_read_cifar(folder / name) for name in _CIFAR_FILES]
    train = torch.cat(records[:-1])
    (images, labels), (test_images, test_labels) = _split(train), _split(records[-1])
    return ImageSet(
        "cifar10", images, labels, test_images, test_labels, _CIFAR_CLASSES, dataset["cifar10"].info["licence"]
    )


def _is_unpacked(folder: Path) -> bool:
    return all((folder / name).exists() for name in _CIFAR_FILES)


def _unpack(archive: Path, folder: Path, progress: Progress | None) -> None:
    """Only the six files we know, by their own names: nothing else in the archive is written anywhere."""
    try:
        folder.mkdir(exist_ok=True)
        with alone(archive, progress), tarfile.open(archive) as tar:
            for name in () if _is_unpacked(folder) else _CIFAR_FILES:  # another run may have done it meanwhile
                source = tar.extractfile(f"{_CIFAR_FOLDER}/{name}")
                assert source is not None
                part = folder / f".{name}.part"
                part.write_bytes(source.read())
                part.replace(folder / name)
    except (OSError, KeyError, AssertionError, tarfile.TarError, EOFError) as error:
        raise damaged(archive, error) from None


def _read_cifar(path: Path) -> Tensor:
    """(10,000, 3,073) uint8: a label and 3 × 32 × 32 pixels a record."""
    try:
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise damaged(path, error) from None
    if not len(raw) or len(raw) % 3073:
        raise damaged(path, "its length is wrong")
    records = torch.from_numpy(raw.reshape(-1, 3073))
    if (highest := int(records[:, 0].max())) >= len(_CIFAR_CLASSES):
        raise damaged(path, f"it has the label {highest}, and there are {len(_CIFAR_CLASSES)} classes")
    return records


def _split(records: Tensor) -> tuple[Tensor, Tensor]:
    return records[:, 1:].reshape(-1, 3, 32, 32).contiguous(), records[:, 0].long()

"""EMNIST: handwritten digits and letters, from torchvision's address; only four known files are taken out of its archive."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from gan_core.data.digits import resize
from gan_core.data.download import Missing, Wanted, alone, cache_dir, fetch
from gan_core.data.public_sets import damaged, missing_of, read_pair
from gan_core.data.sets import ImageSet, Progress
from gan_core.registry import dataset
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DataConfig

_SPLIT = "balanced"
_ARCHIVE = "gzip.zip"
_FILES = tuple(
    f"emnist-{_SPLIT}-{part}-{what}"
    for part in ("train", "test")
    for what in ("images-idx3-ubyte", "labels-idx1-ubyte")
)


def _folder() -> Path:
    return cache_dir() / "EMNIST" / "raw"


def missing() -> Missing | None:
    """The archive, unless it is in the cache, or those four files in it are, packed or not: a small part of it."""
    lacking = missing_of(_FILES, _folder())
    here = lacking is None or (_folder() / _ARCHIVE).exists()
    return None if here else Missing((_ARCHIVE,), _folder(), lacking.files if lacking else ())


@dataset("emnist", kind="images", title="EMNIST",
         help=N_("112,800 handwritten digits and letters in 47 classes of equal size; fetches 560 MB."),
         sizes=(28, 32), native=28, channels=1, classes=47, download=True, missing=missing,
         licence=N_("No licence stated (G. Cohen et al.; made from Special Database 19 of NIST)"),
         paper="Cohen et al. 2017, arXiv:1702.05373")  # fmt: skip
def emnist(data: DataConfig, progress: Progress | None = None) -> ImageSet:
    """EMNIST Balanced: 112,800 pictures to train on and 18,800 held out, 28 × 28, grey. Capital and small letters that look alike are
    one class."""
    from torchvision.datasets import EMNIST  # seconds of import that only this set needs

    folder, info = _folder(), dataset["emnist"].info
    if missing_of(_FILES, folder):
        archive = Wanted(_ARCHIVE, (EMNIST.url,), EMNIST.md5)
        _unpack(fetch(archive, folder, "EMNIST", progress, missing()), folder, progress)
    paths = [next(p for p in (folder / name, folder / f"{name}.gz") if p.exists()) for name in _FILES]
    images, labels = read_pair(paths[0], paths[1], info["classes"])
    test_images, test_labels = read_pair(paths[2], paths[3], info["classes"])
    return ImageSet("emnist", _upright(images, data.image_size), labels.long(), _upright(test_images, data.image_size), test_labels.long(),
                    tuple(EMNIST.classes_split_dict[_SPLIT]), info["licence"])  # fmt: skip


def _upright(images: Tensor, size: int) -> Tensor:
    """(N, W, H), as the files have them: column by column -> (N, 1, size, size)."""
    return resize(images.transpose(1, 2).contiguous()[:, None], size)


def _unpack(archive: Path, folder: Path, progress: Progress | None) -> None:
    """Only the four files we know, by their own names: nothing else in the archive is written anywhere."""
    try:
        with alone(archive, progress), zipfile.ZipFile(archive) as packed:
            for name in _FILES if missing_of(_FILES, folder) else ():  # another run may have done it meanwhile
                part = folder / f".{name}.gz.part"
                part.write_bytes(packed.read(f"gzip/{name}.gz"))
                part.replace(folder / f"{name}.gz")
    # NotImplementedError: a way of packing that Python lacks; RuntimeError: a password
    except (OSError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise damaged(archive, error) from None

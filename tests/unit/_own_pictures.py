"""Pictures that nobody has seen before, and archives of them, made in memory."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_core.pictures.archives import Walk
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import Given, Import
from gan_core.pictures.limits import Limits
from gan_core.pictures.members import Member, Refusal
from gan_core.pictures.store import PictureSets


def noise(number: int, width: int = 24, height: int = 20, channels: int = 3) -> Image.Image:
    values = np.random.default_rng(number).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(values[..., 0] if channels == 1 else values)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def png(number: int, **shape: int) -> bytes:
    return encoded(noise(number, **shape))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, packed: bytes = b"") -> bytes:
    """A PNG of a few bytes that says how large it is."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", packed or zlib.compress(bytes(64))) + _chunk(b"IEND", b"")


def black_png(width: int, height: int) -> bytes:
    """A whole one, made row by row."""
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(3 * width + 1)) for _ in range(height))
    return png_header(width, height, rows + packer.flush())


def zip_of(path: Path, files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tar_of(path: Path, files: Mapping[str, bytes], how: str = "w:gz", extra: Iterable[tarfile.TarInfo] = ()) -> Path:
    with tarfile.open(path, how) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in extra:
            archive.addfile(info)
    return path


def walked(
    *given: Path, limits: Limits | None = None, names: Iterable[str] = ()
) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
    """Contents by name, and refusals as (code, name)."""
    limits = limits or Limits()
    said = list(names) or [path.name for path in given]
    members, refused = {}, []
    for found in Walk(list(zip(given, said, strict=True)), limits):
        if isinstance(found, Refusal):
            refused.append((found.code, found.name))
        else:
            assert isinstance(found, Member)
            members[found.name] = found.read(limits.file)
    return members, refused


def some(folder: Path, count: int = 24, first: int = 0, under: str = "") -> list[Given]:
    """Different pictures, in files of their own."""
    folder.mkdir(exist_ok=True)
    found = []
    for number in range(first, first + count):
        path = folder / f"{number}.png"
        path.write_bytes(png(number))
        found.append(Given(path, f"{under}{number}.png"))
    return found


def imported(
    root: Path, given: list[Given], choices: Choices | None = None, limits: Limits | None = None, owner: str = "me"
) -> Import:
    """An import that has ended."""
    job = Import(PictureSets(root), given, choices or Choices(16), "Mine", owner, limits)
    job.start()
    assert job.wait(60)
    return job


def codes(job: Import) -> dict[str, int]:
    return {reason.code: reason.count for reason in job.refused}


def left(root: Path) -> list[str]:
    """What lies in the folder of sets, but for the file of the lock."""
    return sorted(path.name for path in (root / "pictures").iterdir() if path.name != ".lock")

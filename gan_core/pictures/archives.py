"""ZIP and TAR as streams of members, and everything given as one stream. Nothing is unpacked to a path.

Part of the process that decodes (worker); imports no torch.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Self

from gan_core.pictures.limits import Limits
from gan_core.pictures.members import (
    Found,
    Member,
    Refusal,
    clean,
    kind_of,
    named,
    of_file,
    of_folder,
    open_regular,
    read_up_to,
    stem,
)

_PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_SMALL_PIECE = 1 << 12  # bzip2 and LZMA unpack each piece as a whole: 4 kB of a bomb become 80 MB
_BEGINNING = 512
_TAR_NAMES = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")


_END = struct.Struct(
    "<4sHHHHLLH"
)  # of a ZIP's directory: mark, disks, entries here and in all, size, place, length of the comment
_END_MARK, _LOCATOR_MARK, _LOCATOR = b"PK\5\6", b"PK\6\7", 20
_LONGEST_ENTRY = 400  # bytes in the directory, with a name of some length


def has_plain_directory(path: Path, most: int) -> bool:
    """Whether a file ends as a ZIP of at most `most` entries does, with no ZIP64 and no comment; its directory, which is read as a whole, is
    no larger than that. Raises OSError."""
    with open_regular(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOCATOR - _END.size))
        tail = file.read(_LOCATOR + _END.size)
    if len(tail) < _END.size:
        return False
    mark, _disk, _disk_of, here, count, length, _place, comment = _END.unpack(tail[-_END.size :])
    if mark != _END_MARK or comment or tail[: -_END.size].startswith(_LOCATOR_MARK):
        return False
    return bool(here == count <= most and length <= most * _LONGEST_ENTRY)


class Walk:
    """Everything that was given, as one stream in an order that is always the same. share: how much of it is behind, from 0 to 1.

    Files, folders and ZIPs come first; where they are more than a set may have, or with `spread`, in an order that mixes them, so that the
    first ones are a fair selection. TARs can only be read from front to back.
    """

    def __init__(self, given: Sequence[tuple[Path, str]], limits: Limits, *, spread: bool = False) -> None:
        self.limits, self.spread = limits, spread
        self.total = 0  # members that are known beforehand
        self._given = list(given)
        self._opened: list[zipfile.ZipFile] = []
        self._done, self._whole = 0, 1

    @property
    def share(self) -> float:
        return min(1.0, self._done / self._whole)

    def __iter__(self) -> Iterator[Found]:
        listed: list[Member] = []
        streams: list[tuple[Path, str]] = []
        several = len(self._given) > 1
        for path, name in self._given:
            for found in self._listed(path, name, several, streams):
                if isinstance(found, Refusal):
                    yield found
                elif len(listed) < self.limits.entries:
                    listed.append(found)
                else:
                    yield Refusal("entries", clean(name))
                    break
        if self.spread or len(listed) > self.limits.pictures:
            listed.sort(key=lambda member: _by_chance(member.name))
        self.total = 0 if streams else len(listed)
        self._whole = max(1, sum(m.weight for m in listed) + sum(path.stat().st_size for path, _ in streams))
        for member in listed:
            yield member
            self._done += member.weight
        for path, name in streams:
            yield from self._tar(path, clean(name), f"{stem(name)}/" if several else "")
        for archive in self._opened:
            archive.close()

    def _listed(self, path: Path, name: str, several: bool, streams: list[tuple[Path, str]]) -> Iterator[Found]:
        """What is known of one given thing without unpacking it; a TAR is put aside for later."""
        if path.is_dir() and not path.is_symlink():
            yield from of_folder(path, f"{name}/" if several else "", self.limits.entries)
            return
        said = named(name)
        if said is None or isinstance(said, Refusal):
            yield from [said] if said else []
            return
        try:
            with open_regular(path) as file:
                beginning, size = file.read(_BEGINNING), os.fstat(file.fileno()).st_size
        except OSError:
            yield Refusal("unreadable", said)
            return
        kind = kind_of(beginning)
        kind = kind or ("zip" if said.lower().endswith(".zip") else None)
        kind = kind or ("tar" if said.lower().endswith(_TAR_NAMES) else None)
        if kind == "zip":
            yield from self._zip(path, said, f"{stem(name)}/" if several else "")
        elif kind == "tar" or (kind == "zst" and hasattr(tarfile.TarFile, "zstopen")):
            streams.append((path, name))
        elif kind is not None:
            yield Refusal("packing", said)
        else:
            yield of_file(path, said, size)

    # ── ZIP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _zip(self, path: Path, called: str, prefix: str) -> Iterator[Found]:
        try:
            archive = zipfile.ZipFile(path)
            infos = archive.infolist()
        except Exception:  # whatever a damaged directory makes the reader stumble over
            yield Refusal("archive", called)
            return
        self._opened.append(archive)
        if len(infos) > self.limits.entries:
            yield Refusal("entries", called, len(infos) - self.limits.entries)
        unpacked = 0
        for info in infos[: self.limits.entries]:
            if info.is_dir():
                continue
            said = named(_zip_name(info), prefix)
            if said is None:
                continue
            refused = said if isinstance(said, Refusal) else self._zip_refusal(info, said)
            if refused is not None:
                yield refused
                continue
            assert isinstance(said, str)
            unpacked += info.file_size
            if unpacked > self.limits.unpacked:
                yield Refusal("bomb", called)
                return
            yield _of_zip(archive, info, said)

    def _zip_refusal(self, info: zipfile.ZipInfo, name: str) -> Refusal | None:
        form = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
        if form not in (0, stat.S_IFREG):
            return Refusal("link" if form == stat.S_IFLNK else "special", name)
        if info.flag_bits & 1:
            return Refusal("encrypted", name)
        if info.compress_type not in _PACKINGS:
            return Refusal("packing", name)
        return Refusal("file", name) if info.file_size > self.limits.file else None

    # ── TAR ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _tar(self, path: Path, called: str, prefix: str) -> Iterator[Found]:
        before = self._done
        try:
            with open_regular(path) as file, _opened_tar(file) as tar:
                for count, info in enumerate(_headers(tar), 1):
                    self._done = before + file.tell()
                    if count > self.limits.entries:
                        yield Refusal("entries", called)
                        break
                    if info.offset_data + info.size > self.limits.unpacked:
                        yield Refusal("bomb", called)
                        break
                    yield from self._of_tar(tar, info, prefix)
                else:
                    if not tar.has_its_end:
                        yield Refusal("archive", called)
        except MemoryError:
            yield Refusal("bomb", called)
        except Exception:  # whatever a damaged stream makes the reader stumble over
            yield Refusal("archive", called)
        self._done = before + path.stat().st_size

    def _of_tar(self, tar: tarfile.TarFile, info: tarfile.TarInfo, prefix: str) -> Iterator[Found]:
        if info.isdir():
            return
        said = named(info.name, prefix)
        if said is None:
            return
        if isinstance(said, Refusal):
            yield said
        elif info.issym() or info.islnk():
            yield Refusal("link", said)
        elif not info.isreg() or info.issparse():
            yield Refusal("special", said)
        elif info.size > self.limits.file:
            yield Refusal("file", said)
        else:
            yield _of_tar(tar, info, said)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """As it stands in the file: UTF-8 where that is what it is, whatever its flag says, else the code page that ZIP means."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Member:
    piece = 1 << 16 if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else _SMALL_PIECE

    opened = partial(archive.open, info)

    def read(most: int) -> bytes:
        with opened() as file:
            return read_up_to(file, most, piece)

    return Member(name, info.compress_size, read)


def _of_tar(tar: tarfile.TarFile, info: tarfile.TarInfo, name: str) -> Member:
    def read(most: int) -> bytes:
        file = tar.extractfile(info)
        assert file is not None
        with file:
            return read_up_to(file, most)

    return Member(name, 0, read)


class _Info(tarfile.TarInfo):
    """Remembers how the stream of headers ended: tarfile takes a header that is cut short for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except Exception as error:
            if isinstance(tarfile, _Tar):
                tarfile.has_its_end = type(error).__name__ == "EOFHeaderError"
            raise


class _Tar(tarfile.TarFile):
    tarinfo = _Info
    has_its_end = False


def _opened_tar(file: IO[bytes]) -> _Tar:
    """Raises tarfile.TarError and whatever else a damaged stream raises."""
    return _Tar.open(fileobj=file, mode="r|*", encoding="utf-8", errors="surrogateescape")


def _headers(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (info := tar.next()) is not None:
        vars(tar)["members"].clear()  # tarfile keeps them all: 200,000 tiny files would take 200 MB
        yield info


def _by_chance(name: str) -> bytes:
    """A place in an order that says nothing; of files that are called alike in different folders the same one, so that pairs stay together."""
    return hashlib.sha256(PurePosixPath(name).stem.encode("utf-8", "replace")).digest()

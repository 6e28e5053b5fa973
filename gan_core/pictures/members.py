"""What lies in files, archives and folders from outside, one by one: a member to read, or why it is none.

Nothing is ever written under a name from outside: names are only shown, and their folders become classes. Part of the process that
decodes (worker); imports no torch.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gan_core.pictures.reasons import LONGEST

_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"}
_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst")  # of archives
_DRIVE = re.compile(r"[A-Za-z]:/")
_PIECE = 1 << 16
_KINDS = (  # how files begin
    (b"PK\3\4", 0, "zip"), (b"PK\5\6", 0, "zip"), (b"\x1f\x8b", 0, "tar"), (b"BZh", 0, "tar"), (b"\xfd7zXZ\0", 0, "tar"),
    (b"\x28\xb5\x2f\xfd", 0, "zst"), (b"ustar", 257, "tar"), (b"7z\xbc\xaf\x27\x1c", 0, "other"), (b"Rar!\x1a\x07", 0, "other"),
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A file that may be a picture. name: cleaned, with its folders and "/" between; weight: bytes that reading it takes off the disk;
    read(most): its content, or its first `most` + 1 bytes where it is longer."""

    name: str
    weight: int
    read: Callable[[int], bytes]


@dataclass(frozen=True)
class Refusal:
    """Why something is no member: a code of REASONS, its name, and how many files that concerns."""

    code: str
    name: str
    count: int = 1


Found = Member | Refusal


def clean(name: str) -> str:
    """A name in one line that can be shown, whatever bytes it came from: "/" between folders, at most LONGEST characters."""
    text = name.replace("\\", "/").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else "\ufffd" for c in unicodedata.normalize("NFC", text))
    parts = [part.strip() for part in text.split("/")]
    text = "/".join(part for part in parts if part not in ("", "."))
    return text if len(text) <= LONGEST else "…" + text[1 - LONGEST :]


def stem(name: str) -> str:
    """The last part of a name, without what says how the file is made: "cats" of "my/cats.tar.gz"."""
    last = clean(name).rsplit("/", 1)[-1]
    while (suffix := Path(last).suffix.lower()) in _SUFFIXES:
        last = last[: -len(suffix)]
    return last or "archive"


def escapes(name: str) -> bool:
    """Whether a name, taken as a path, would lead out of the place where it stands."""
    path = name.replace("\\", "/")
    return path.startswith("/") or bool(_DRIVE.match(path)) or ".." in path.split("/") or "\0" in path


def is_hidden(name: str) -> bool:
    """Whether a system put it there and nobody means it: .DS_Store, __MACOSX, Thumbs.db and the like."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return not parts or any(part.startswith(".") or part.lower() in _SYSTEM for part in parts)


def named(name: str, prefix: str = "") -> Refusal | str | None:
    """A cleaned name below `prefix`; a refusal; or None for what is silently left out."""
    if escapes(name):
        return Refusal("path", clean(prefix + name))
    return None if is_hidden(name) else clean(prefix + name)


def kind_of(beginning: bytes) -> str | None:
    """ "zip", "tar" (packed or not), "zst" or "other" for an archive that begins so; None for anything else."""
    return next((kind for mark, at, kind in _KINDS if beginning[at : at + len(mark)] == mark), None)


def read_up_to(file: IO[bytes], most: int, piece: int = _PIECE) -> bytes:
    """At most `most` + 1 bytes, in small pieces: what a piece unpacks to is bounded, too."""
    parts, left = [], most + 1
    while left > 0 and (part := file.read(min(piece, left))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


# ── files and folders ────────────────────────────────────────────────────────────────────────────────────────────────────


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, opened for reading: never through a link, never a device. Raises OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise OSError("no regular file")
    return file


def of_file(path: Path, name: str, weight: int) -> Member:
    """A file on the disk."""

    def read(most: int) -> bytes:
        with open_regular(path) as file:
            return read_up_to(file, most)

    return Member(name, weight, read)


def of_folder(root: Path, prefix: str, most: int) -> Iterator[Found]:
    """All files below a folder in the order of their names; links are not followed. At most `most` entries are looked at."""
    waiting, seen = [(root, prefix)], 0
    while waiting:
        folder, above = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = []
                for entry in found:
                    seen += 1
                    if seen > most:
                        yield Refusal("entries", clean(above) or root.name)
                        return
                    entries.append(entry)
        except OSError:
            yield Refusal("unreadable", clean(above) or root.name)
            continue
        below = []
        for entry in sorted(entries, key=lambda entry: entry.name):
            if is_hidden(entry.name):
                continue
            name = f"{above}{entry.name}"
            if entry.is_symlink():
                yield Refusal("link", clean(name))
            elif entry.is_dir():
                below.append((Path(entry.path), f"{name}/"))
            elif entry.is_file():
                yield of_file(Path(entry.path), clean(name), entry.stat().st_size)
            else:
                yield Refusal("special", clean(name))
        waiting += reversed(below)

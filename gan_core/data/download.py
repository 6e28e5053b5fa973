"""Fetching the files of public data sets into the cache: with progress, checked, and whole or not there."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_core.data.sets import Progress
from gan_core.errors import DataError
from gan_core.text import N_

_CHUNK = 1 << 16
_TIMEOUT = 20.0
FETCHING = N_("Fetching {file}")


@dataclass(frozen=True)
class Wanted:
    """A file that a data set needs: its name in the cache folder, where it can be had, and its MD5."""

    name: str
    urls: Sequence[str]
    md5: str


def cache_dir() -> Path:
    """GAN_PLAYGROUND_CACHE, or ~/.cache/gan-playground."""
    return Path(os.environ.get("GAN_PLAYGROUND_CACHE") or Path.home() / ".cache" / "gan-playground")


def fetch(wanted: Wanted, folder: Path, title: str, progress: Progress | None, missing: Sequence[str] = ()) -> Path:
    """The file in `folder`, downloaded unless it is there. `missing`: every file the set still lacks, this one included.

    Raises DataError that names them and says where to put them by hand.
    """
    target = folder / wanted.name
    if target.exists():
        return target
    problems = []
    for url in wanted.urls:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _fetch_one(url, wanted, target, progress)
        # URLError and timeouts are OSErrors; HTTPException: no proper answer; ValueError: a wrong checksum
        except (OSError, http.client.HTTPException, ValueError) as error:
            problems.append(getattr(error, "reason", None) or error)
    raise DataError(
        N_("{title} could not be fetched ({reason}). Without a network, put {files} into {folder} by hand "
           "(GAN_PLAYGROUND_CACHE names another cache folder), then start again."),
        title=title, reason=str(problems[-1] if problems else "?"), files=", ".join(missing or (wanted.name,)), folder=str(folder),
    )  # fmt: skip


def _fetch_one(url: str, wanted: Wanted, target: Path, progress: Progress | None) -> Path:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, part.open("wb") as file:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while block := answer.read(_CHUNK):
                file.write(block)
                digest.update(block)
                done += len(block)
                if progress:
                    progress(FETCHING.format(file=wanted.name), done, total)
        if digest.hexdigest() != wanted.md5:
            raise ValueError("the checksum is wrong")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target

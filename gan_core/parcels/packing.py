"""A run as one ZIP: everything that it needs to be looked at, explored and trained on elsewhere.

parcel.json        what this is, which version wrote it, which plugins the run needs
config.toml, run.json, checkpoints/… and the other files of a run's folder (`runs.folder`)
pictures/…         the imported set of pictures that it learns (`data.pictures`), where that is not too large
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gan_core import data as data_sets
from gan_core import plugins
from gan_core.config import RunConfig
from gan_core.errors import ExportError
from gan_core.parcels.contents import Bearer, carry
from gan_core.pictures.naming import FOLDER
from gan_core.pictures.store import PictureSets
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

NOTE, FORMAT, VERSION = "parcel.json", "gan-playground run", 1
PICTURES = "pictures"  # the folder of a set in the file
SUFFIX = ".run.zip"
MOST_PICTURES = 256 << 20  # bytes of a set that goes along
_STATE = 1 << 30  # bytes of a checkpoint
_STEP = "[0-9]{12,18}"
# What may be in the file, and how many bytes of it at most.
PARTS: dict[str, int] = {
    re.escape(NOTE): 1 << 16, r"config\.toml": 1 << 20, r"run\.json": 1 << 20, r"notes\.json": 1 << 20, r"journal\.jsonl": 16 << 20,
    r"metrics\.csv": 64 << 20, r"diagnosis\.jsonl": 16 << 20, r"latent\.json": 8 << 20, r"favourites\.json": 64 << 20, r"still\.webp": 8 << 20,
    r"table\.safetensors": 64 << 20, rf"checkpoints/(best-)?{_STEP}\.safetensors": _STATE, rf"history/{_STEP}\.safetensors": 64 << 20,
    rf"history/{_STEP}\.webp": 8 << 20, rf"pinned/{_STEP}\.safetensors": 256 << 20, rf"measures/{_STEP}-[a-z]+-[0-9]{{1,12}}\.json": 4 << 20,
    rf"{PICTURES}/set\.json": 4 << 20, rf"{PICTURES}/(pictures|labels)\.npy": MOST_PICTURES + (1 << 20),
}  # fmt: skip
_PACKED = (".safetensors", ".webp")  # hardly smaller when they are compressed
TOO_LARGE = N_("This run is too large for one file that another server takes: it has {size} MB, and {most} fit. Take its weights or its settings instead.")  # fmt: skip
LARGEST = 2_000_000_000  # bytes
Heard = Callable[[int, int], None]


def pack(
    folder: RunFolder,
    out: Path,
    root: Path | None = None,
    *,
    pictures: bool = True,
    heard: Heard = lambda done, total: None,
) -> None:
    """Write a run to `out`, whole or not at all; root: the data folder that its set of pictures lies in; pictures: whether that goes along.
    `heard(done, total)` is told of each file and may raise to end it. Raises ExportError, CheckpointError, ConfigError, OSError."""
    unfinished = out.with_name(f".new-{out.name}")
    room = Path(tempfile.mkdtemp(prefix="gan-parcel-"))
    try:
        config = carry(folder, room, Bearer(), strict=False, heard=lambda: heard(0, 1))
        there = set_of(config, root) if pictures else None
        _write_note(room, config, there, root)
        files = [(path.relative_to(room).as_posix(), path) for path in sorted(room.rglob("*")) if path.is_file()]
        files += _of_set(there)
        size = sum(path.stat().st_size for _name, path in files)
        if size > LARGEST:
            raise ExportError(TOO_LARGE, size=round(size / 1e6), most=round(LARGEST / 1e6))
        with zipfile.ZipFile(unfinished, "w", allowZip64=False) as archive:
            for done, (name, path) in enumerate(files):
                heard(done, len(files))
                _add(archive, name, path)
        heard(len(files), len(files))
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
        shutil.rmtree(room, ignore_errors=True)


def set_of(config: RunConfig, root: Path | None) -> Path | None:
    """Where the set of pictures lies that goes along with such a run; None where it learns none, or one that is not here or too large."""
    set_id = data_sets.imported(config.data)
    made = PictureSets(root).get(set_id) if root is not None and set_id else None
    return None if made is None or root is None or made.bytes > MOST_PICTURES else root / FOLDER / made.id


def _write_note(room: Path, config: RunConfig, there: Path | None, root: Path | None) -> None:
    said: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "plugins": [Path(file).name for file in plugins.used(config)],
    }
    made = PictureSets(root).get(there.name) if there is not None and root is not None else None
    if made is not None:
        said["pictures"] = made.name
    (room / NOTE).write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")


def _of_set(there: Path | None) -> Iterator[tuple[str, Path]]:
    for name in ("set.json", "pictures.npy", "labels.npy"):
        if there is not None and (there / name).is_file():
            yield f"{PICTURES}/{name}", there / name


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    """Under a time that is always the same, so that equal runs are equal files."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_STORED if path.suffix in _PACKED else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, path.read_bytes())

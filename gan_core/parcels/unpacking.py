"""A run that comes as one ZIP from elsewhere: whatever is in it, either a whole run is in its place afterwards, or nothing."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from gan_core import data as data_sets
from gan_core import generate, plugins
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, RunError, reason_of
from gan_core.parcels import contents
from gan_core.parcels.contents import DAMAGED, Bearer, carry
from gan_core.parcels.packing import FORMAT, LARGEST, NOTE, PARTS, PICTURES, VERSION
from gan_core.pictures.archives import Walk, has_plain_directory
from gan_core.pictures.limits import Limits
from gan_core.pictures.members import Member, Refusal, clean
from gan_core.pictures.reasons import REASONS
from gan_core.pictures.store import PictureSets, is_content, titled
from gan_core.runs.folder import RunFolder
from gan_core.runs.store import Store
from gan_core.text import N_

MOST_FILES = 1200  # of a run; 256 moments of its past with two files each, and the rest
_RATIO, _SMALL = 100, 64 << 20  # how many times its own size a file may unpack to, if that is more than a few bytes
_SHOWN = 80  # characters of a name that was not expected
_PARTS = [(re.compile(pattern), most) for pattern, most in PARTS.items()]

NOT_A_RUN = N_("{name} is no run that was exported from here: it is damaged, cut short, or of another kind. Choose the ZIP that \"Whole run\" of the export gives.")  # fmt: skip
LATER = N_("{name} was written by another version of GAN Playground ({version}). Import it there.")
REFUSED = N_("{name} is refused because of what it holds under {part}: {reason}.")
UNEXPECTED = N_("{name} is refused: it holds {part}, which is no part of a run. Export the run again.")
TWICE = N_("{name} is refused: it holds {part} twice.")
BOMB = N_("{name} is refused: it would unpack to {size} MB, and {most} MB are allowed.")
NEEDS_PLUGIN = N_(
    "{name} was trained with code of a plugin ({files}). Start the server with --plugin and that file, then import it again."
)
WRONG_PICTURES = N_(
    "The pictures in {name} are not those that its settings name. Export the run again where it was trained."
)
NO_DISK = N_("The run cannot be kept: {reason}. Free space on the disk, and try again.")
EMPTY = N_("{name} holds a run that had trained, without any of its weights. Export it again where it was trained.")


def unpacked_size(path: Path, name: str) -> int:
    """How many bytes a file would take, as it says. Raises RunError for what is no ZIP of a run, or would take more than it may."""
    if not has_plain_directory(path, MOST_FILES):
        raise RunError(NOT_A_RUN, name=clean(name))
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except Exception:  # whatever a damaged directory makes the reader stumble over
        raise RunError(NOT_A_RUN, name=clean(name)) from None
    most = min(LARGEST, max(_SMALL, _RATIO * path.stat().st_size))
    if size > most:
        raise RunError(BOMB, name=clean(name), size=round(size / 1e6), most=round(most / 1e6))
    return size


def take_in(path: Path, name: str, store: Store, owner: str, limits: Limits | None = None) -> str:
    """Make a run of `owner` of a ZIP that was called `name`; its id. limits: of sets of pictures. Raises RunError, ConfigError, DataError and
    CheckpointError, each a plain sentence, and then nothing of it stays."""
    name, limits = clean(name), limits or Limits()
    unpacked_size(path, name)
    try:
        with store.arriving() as room:
            brought, made = room / "brought", room / "run"
            made.mkdir()
            _unpack(path, name, brought)
            note = _note(brought, name)
            run_id, config = _carried(store, brought, made, owner, name, note)
            kept = _keep_pictures(brought / PICTURES, config, store, owner, name, note, limits)
            try:
                store.settle(made, run_id)
            except BaseException:
                if kept:
                    PictureSets(store.root).remove(kept, owner)
                raise
    except OSError as error:
        raise RunError(NO_DISK, reason=reason_of(error)) from None
    store.folder(run_id).know_table(config)
    return run_id


def _unpack(path: Path, name: str, brought: Path) -> None:
    """Everything in the file, under names that are expected. Raises RunError, OSError."""
    brought.mkdir()
    walk = Walk(
        [(path, "run.zip")], Limits(entries=MOST_FILES, unpacked=LARGEST, file=max(PARTS.values()), pictures=MOST_FILES)
    )
    seen: set[str] = set()
    for found in walk:
        if isinstance(found, Refusal):
            raise RunError(REFUSED, name=name, part=found.name[:_SHOWN], reason=REASONS[found.code])
        most = next((most for pattern, most in _PARTS if pattern.fullmatch(found.name)), None)
        if most is None:
            raise RunError(UNEXPECTED, name=name, part=found.name[:_SHOWN])
        if found.name in seen:
            raise RunError(TWICE, name=name, part=found.name)
        seen.add(found.name)
        target = brought / found.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(_content(found, most, name))


def _content(member: Member, most: int, name: str) -> bytes:
    try:
        data = member.read(most)
    except OSError:
        raise
    except Exception:  # a checksum that is wrong, a stream that ends early
        raise RunError(DAMAGED, part=member.name, reason=REASONS["broken"]) from None
    if len(data) > most:
        raise RunError(REFUSED, name=name, part=member.name, reason=REASONS["file"])
    return data


def _note(brought: Path, name: str) -> dict[str, Any]:
    try:
        said = contents.parsed((brought / NOTE).read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise ValueError("another format")
        version = said["version"]
    except (FileNotFoundError, UnicodeDecodeError, ValueError, TypeError, LookupError, RecursionError):
        raise RunError(NOT_A_RUN, name=name) from None
    if version != VERSION:
        raise RunError(LATER, name=name, version=str(version)[:20])
    found: dict[str, Any] = said
    return found


def _carried(
    store: Store, brought: Path, made: Path, owner: str, name: str, note: dict[str, Any]
) -> tuple[str, RunConfig]:
    """The run in its own files; its id and its settings. Raises PlaygroundError, OSError."""
    source = RunFolder(brought)
    try:
        run_id = store.new_id(contents.data_name(brought))
        config = carry(source, made, Bearer(run_id, owner), strict=True)
    except ConfigError:
        if files := _plugins(note):
            raise RunError(NEEDS_PLUGIN, name=name, files=", ".join(files)) from None
        raise
    folder = RunFolder(made)
    if folder.has_checkpoint:
        generate.load(folder, "cpu")  # raises where the weights are not those of the settings
    elif folder.facts().get("step"):
        raise RunError(EMPTY, name=name)
    return run_id, config


def _plugins(note: dict[str, Any]) -> list[str]:
    """The plugins that it was trained with and that are not loaded here, as they may be shown."""
    said = note.get("plugins")
    files = [clean(file)[:_SHOWN] for file in said if isinstance(file, str)] if isinstance(said, list) else []
    return sorted({*files} - plugins.names())[:8]


def _keep_pictures(
    folder: Path, config: RunConfig, store: Store, owner: str, name: str, note: dict[str, Any], limits: Limits
) -> str:  # fmt: skip
    """Its id, where the set of pictures that came along is this owner's now and was not before; else "". Raises RunError, DataError."""
    if not folder.is_dir():
        return ""
    set_id, sets = data_sets.imported(config.data), PictureSets(store.root)
    if not set_id or not is_content(folder, set_id):
        raise RunError(WRONG_PICTURES, name=name)
    if sets.get(set_id, owner) is not None:
        return ""
    try:
        called = titled(str(note.get("pictures", "")))
    except ConfigError:
        called = set_id[:8]
    sets.keep(folder, set_id, owner, called, (), (), limits)
    return set_id

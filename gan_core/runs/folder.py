"""The folder of a run: plain files in it, every write whole or not there.

config.toml              the settings at step 0
run.json                 who, when, versions, device, threads, data hash; status, step and numbers when last saved
notes.json               name, tags and notes that people gave it
journal.jsonl            what was changed at which step
metrics.csv              the curves
still.webp               what it looked like when last saved
table.safetensors        the numbers that it learns, where they were imported
checkpoints/STEP.safetensors   everything the next step depends on, at the last few moments it was saved
checkpoints/best-STEP.safetensors   the same at the best measured of them
history/STEP.safetensors, history/STEP.webp   states and pictures of its past
measures/STEP-FEATURES-SAMPLES.json   what was measured of it on demand
latent.json              directions in its latent space that somebody named
favourites.json          places in its latent space that somebody keeps
pinned/STEP.safetensors  the players at the steps that those are of
tensorboard/             event files, where somebody wants them
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.data import table
from gan_core.errors import CheckpointError, PlaygroundError, RunError, named, reason_of
from gan_core.latent import favourites
from gan_core.latent.favourites import FavouriteFile
from gan_core.latent.kept import KeptDirections
from gan_core.runs import atomic, checkpoint
from gan_core.runs.case_file import CaseFile
from gan_core.runs.checkpoint import Saved
from gan_core.runs.curve_file import CurveFile, appending
from gan_core.runs.event_folder import NAME as EVENTS
from gan_core.runs.event_folder import EventFolder
from gan_core.runs.history import History, share
from gan_core.runs.lock import RunLock
from gan_core.runs.measured import GONE, MeasuredFiles
from gan_core.runs.pinned import NAME, Pinned
from gan_core.text import N_

log = logging.getLogger(__name__)

VERSION = 2
KEPT_CHECKPOINTS = 3  # a file that a disk has damaged costs some seconds of training, not the run
_STEP = re.compile("[0-9]{12,18}")  # in the name of a file
_RESTART = ".restart.toml"
_STAYING = (
    "run",
    "owner",
    "created",
    "saved",
    "seed",
    "parent",
    "share",
    "summary",
    "data_hash",
    "environment",
)  # after a restart
_SEAL = re.compile(r"^# crc32 ([0-9a-f]{8})\n\Z", re.MULTILINE)


class RunFolder:
    """The files of one run. Methods raise CheckpointError for what cannot be read and RunError for what cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.created = False  # whether this object made the folder: only then may it be discarded
        self.restarted = False  # whether `lock` had to end a restart in the middle of which a process was killed
        self.curves = CurveFile(self.path / "metrics.csv")
        self.history = History(self.path / "history")
        self.cases = CaseFile(self.path / "diagnosis.jsonl")
        self.measured = MeasuredFiles(self.path / "measures")
        self.directions = KeptDirections(self.path / "latent.json")
        self.favourites = FavouriteFile(self.path)
        self.pinned = Pinned(self.path / NAME)
        self.events = EventFolder(self.path / EVENTS)
        self._lock = RunLock(self.path)

    # ── one process a run ────────────────────────────────────────────────────────────────────────────────────────────────

    def lock(self) -> None:
        """Make this process the only one that trains this run, until `unlock` or its end, however it ends. Raises RunError."""
        if self._lock.is_ours:
            return
        try:
            self._lock.take()
            atomic.remove_leftovers(self.path)
            self._set_aside()
            self._end_restart()
            self.unpin()
        except FileNotFoundError:
            raise RunError(GONE, path=self.path.name) from None
        except OSError as error:  # a folder that cannot be written to can be looked at; writing says what is wrong
            log.warning("%s cannot be locked: %s", self.path, error)

    def unlock(self) -> None:
        self._lock.give_back()

    def _set_aside(self) -> None:
        """Rename what has the name of a file of the run and is none, or that of one of its folders and is none."""
        names = (
            "config.toml",
            "run.json",
            "notes.json",
            "journal.jsonl",
            "metrics.csv",
            "still.webp",
            "latent.json",
            table.FILE,
        )
        files = [self.path / name for name in names] + [*self._saved.glob("[!.]*"), *self.history.path.glob("[!.]*")]
        wrong = [path for path in files if path.is_dir()]
        wrong += [
            path
            for path in (self._saved, self.history.path, self.measured.path, self.pinned.path, self.events.path)
            if path.is_file()
        ]
        for path in wrong:
            log.warning("%s is set aside: it is no part of a run", path)
            path.rename(path.with_name(f".aside-{secrets.token_hex(3)}-{path.name}"))

    @property
    def is_held_elsewhere(self) -> bool:
        """Whether another process trains this run at this moment."""
        return self._lock.is_held_elsewhere

    @property
    def is_run(self) -> bool:
        """Whether there is a run, which may go on, and not a model alone."""
        return (self.path / "run.json").exists()

    # ── from its beginning to its end ────────────────────────────────────────────────────────────────────────────────────

    def create(
        self, config: RunConfig, facts: Mapping[str, Any], fill: Callable[[RunFolder], None] | None = None
    ) -> None:
        """Make the folder (which must be empty or absent) with config.toml, run.json and what `fill` puts into it: in one step, or
        in an empty folder that is there already with run.json last, without which it is no run."""
        there = self.path.exists()
        new = self if there else RunFolder(self.path.with_name(f".new-{secrets.token_hex(4)}-{self.path.name}"))
        try:
            if there and any(self.path.iterdir()):
                raise RunError(
                    N_("{path} is not empty. A run needs a folder of its own: choose a new one."), path=self.path
                )
            new.path.mkdir(parents=True, exist_ok=there)
            try:
                new._fill(config, facts, fill)
                if not there:
                    new.path.rename(self.path)
            except (OSError, PlaygroundError):
                new._empty(keep=there)
                raise
            self.created = True
        except OSError as error:
            raise RunError(N_("{path} cannot be used for a run: {reason}. Choose a folder that you may write to."),
                           path=self.path, reason=reason_of(error)) from None  # fmt: skip

    def _fill(self, config: RunConfig, facts: Mapping[str, Any], fill: Callable[[RunFolder], None] | None) -> None:
        atomic.write_text(self.path / "config.toml", _sealed(serial.to_toml(config)))
        if config.data.name == "table":
            table.put_beside(config.data.table, self.path)
        if fill is not None:
            fill(self)
        self.write_facts(facts)

    def _empty(self, *, keep: bool) -> None:
        """Remove what this object has just put there; the folder itself too, unless `keep`."""
        for path in list(self.path.iterdir()) if keep else [self.path]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def know_table(self, config: RunConfig) -> None:
        """Have the table that this run learns found here, wherever else it is missing."""
        if config.data.name == "table":
            table.know(config.data.table, self.path)

    def restart(self, config: RunConfig) -> None:
        """Begin at step 0 with `config`: journal, curves, checkpoints, history, event files and saved directions of the time before are removed. Once begun, this is
        ended by whoever locks the run next."""
        atomic.write_text(self.path / _RESTART, _sealed(serial.to_toml(config)))
        self._end_restart()
        self.restarted = False  # by nobody else

    def _end_restart(self) -> None:
        """Do what the note of a restart says, and remove the note at the very end."""
        text = self._restarting()
        if text is None:
            return
        checkpoints = [*self._checkpoints(), *self._legacy(), *self._best()]
        for file in (self.path / "journal.jsonl", self.curves.path, *checkpoints):
            file.unlink(missing_ok=True)
        self.cases.forget()
        self.measured.forget()
        self.directions.forget()
        self.favourites.path.unlink(missing_ok=True)
        self.pinned.clear()
        self.history.clear()
        self.events.clear()
        atomic.write_text(self.path / "config.toml", text)
        with contextlib.suppress(CheckpointError):
            said = {name: value for name, value in _facts(self.path).items() if name in _STAYING}
            self.write_facts(said | {"step": 0, "images": 0, "seconds": 0.0, "status": "paused"})
        (self.path / _RESTART).unlink()
        self.restarted = True

    def _restarting(self) -> str | None:
        """The note of a restart that a process was killed in the middle of: the settings to begin with."""
        marker = self.path / _RESTART
        text = marker.read_text(encoding="utf-8", errors="replace") if marker.is_file() else ""
        return text if _is_sealed(text) else None

    def discard(self) -> None:
        """Remove a run that never took a step: its files, and the folder if nothing else is in it."""
        self.unlock()
        self.history.clear()
        self.pinned.clear()
        self.measured.forget()
        self.events.remove()
        for name in (
            "config.toml",
            "run.json",
            "journal.jsonl",
            "metrics.csv",
            "diagnosis.jsonl",
            "still.webp",
            "latent.json",
            favourites.FILE,
            table.FILE,
            ".lock",
        ):
            (self.path / name).unlink(missing_ok=True)
        for file in (*self._checkpoints(), *self._best()):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # absent, or somebody else's file is in it
            self._saved.rmdir()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    # ── facts and settings ───────────────────────────────────────────────────────────────────────────────────────────────

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        text = json.dumps({**facts, "version": VERSION}, indent=2, ensure_ascii=False)
        atomic.write_text(self.path / "run.json", text)

    def facts(self) -> dict[str, Any]:
        """run.json; where it is damaged, what the newest whole checkpoint says of the run."""
        try:
            return _facts(self.path)
        except CheckpointError:
            saved = self._recovered()
            if saved is None or not saved.facts:
                raise
            return dict(saved.facts)

    def config(self) -> RunConfig:
        """The settings at step 0; where config.toml is damaged, as the newest whole checkpoint has them. Raises ConfigError,
        CheckpointError."""
        path = self.path / "config.toml"
        try:
            text = path.read_text(encoding="utf-8")
            if _is_sealed(text):
                return serial.from_toml(text)
            damage: PlaygroundError | None = None
        except (OSError, UnicodeDecodeError) as error:
            text, damage = (
                "",
                CheckpointError(N_("{path} cannot be read ({reason})."), path=named(path), reason=reason_of(error)),
            )
        saved = self._recovered()
        if saved is not None and saved.start:
            return serial.from_dict(saved.start)
        if damage is None and self._seals():
            damage = CheckpointError(N_("{path} is not whole: its end is missing or it was changed."), path=named(path))
        if damage is not None:
            raise damage
        return serial.from_toml(text)

    def latest_config(self) -> RunConfig:
        """The settings when it was last saved. Raises ConfigError, CheckpointError."""
        return serial.from_dict(self.read_checkpoint().config) if self.has_checkpoint else self.config()

    def mend_config(self, config: RunConfig) -> None:
        """Write config.toml anew if it is damaged, or of a version that did not seal it."""
        path = self.path / "config.toml"
        if not (path.is_file() and _is_sealed(path.read_text(encoding="utf-8", errors="replace"))):
            atomic.write_text(path, _sealed(serial.to_toml(config)))

    def _seals(self) -> bool:
        """Whether this run was made by a version that seals config.toml."""
        try:
            return int(_facts(self.path).get("version", 1)) >= 2
        except (CheckpointError, TypeError, ValueError):
            return True

    def _recovered(self) -> Saved | None:
        try:
            return self.read_checkpoint()
        except PlaygroundError:
            return None

    # ── journal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def append_journal(self, entry: Mapping[str, Any]) -> None:
        """One line of what happened at which step; it is on the disk when this returns."""
        with appending(self.path / "journal.jsonl") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def cut_journal(self, entries: list[dict[str, Any]]) -> None:
        """Leave these entries only: the others belong to steps that are lost, or cannot be read."""
        path = self.path / "journal.jsonl"
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        if (path.read_text(encoding="utf-8", errors="replace") if path.is_file() else "") != lines:
            atomic.write_text(path, lines)

    def journal(self) -> list[dict[str, Any]]:
        """The entries so far, up to the first that cannot be read: the last line may have been cut short by a crash."""
        try:
            lines = (self.path / "journal.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        entries = []
        for line in lines:
            try:
                entries.append(_entry(json.loads(line)))
            except (ValueError, RecursionError):
                break
        return entries

    # ── checkpoints ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def write_checkpoint(self, saved: Saved) -> Path:
        """Add a checkpoint: the newest few stay, and none of a later step (the run had gone back behind it)."""
        path = self._saved / f"{int(saved.state['step']):012}.safetensors"
        self._saved.mkdir(exist_ok=True)
        checkpoint.write(path, saved)
        older = [file for file in self._checkpoints() if file <= path]
        for file in self._checkpoints():
            if file not in older[:KEPT_CHECKPOINTS]:
                file.unlink(missing_ok=True)
        for file in self._legacy():
            file.unlink(missing_ok=True)
        return path

    def keep_best(self, path: Path) -> None:
        """The checkpoint at `path` is the best so far."""
        new = self._saved / f"best-{path.stem}.safetensors"
        if not new.exists():
            share(path, new)
        for file in self._best():
            if file != new:
                file.unlink(missing_ok=True)

    def trim(self) -> int:
        """Give up what can be done without: history, event files, what no favourite pins any more, and all checkpoints but the newest and the
        best; how many bytes."""
        spare = self._checkpoints()[1:] if self._whole(self._checkpoints()[:1]) else []
        freed = self.history.clear() + self.events.clear() + self.unpin() + sum(file.stat().st_size for file in spare)
        for file in spare:
            file.unlink(missing_ok=True)
        return freed

    def _whole(self, files: list[Path]) -> bool:
        try:
            return bool([checkpoint.read(file) for file in files])
        except CheckpointError:
            return False

    @property
    def _saved(self) -> Path:
        return self.path / "checkpoints"

    def _best(self) -> list[Path]:
        """One file, or none; two for a moment."""
        return sorted(
            file for file in self._saved.glob("best-*.safetensors") if _STEP.fullmatch(file.stem[len("best-") :])
        )

    def _checkpoints(self) -> list[Path]:
        """The newest first."""
        return sorted((file for file in self._saved.glob("*.safetensors") if _STEP.fullmatch(file.stem)), reverse=True)

    def _legacy(self) -> list[Path]:
        """The one checkpoint of runs saved by the first version."""
        return [file for file in (self.path / "checkpoint.safetensors",) if file.exists()]

    @property
    def has_checkpoint(self) -> bool:
        """Whether something was ever saved."""
        return bool(self._legacy() or self.states())

    def was_saved(self, facts: Mapping[str, Any]) -> bool:
        """Whether there is more than step 0 to come back to; `facts` is run.json. A run that was saved and has lost its
        checkpoints is refused when they are read, and not silently begun anew; one that was about to begin anew does."""
        return self._restarting() is None and (self.has_checkpoint or bool(facts.get("step")))

    def read_checkpoint(self) -> Saved:
        """The newest whole checkpoint; where all are damaged, the newest whole state of the best and of the history. Raises
        CheckpointError, which says what is wrong with the newest."""
        checkpoints = sorted([*self._checkpoints(), *self._best()], key=_by_step, reverse=True)
        found = [*checkpoints, *self._legacy(), *reversed(self._past())]
        if not found:
            raise CheckpointError(
                N_("There is no checkpoint at {path}: this run was never saved."), path=named(self._saved)
            )
        problems: list[PlaygroundError] = []
        for path in found:
            try:
                return _checked(checkpoint.read(path))
            except PlaygroundError as error:
                log.warning("%s", error)
                problems.append(error)
        raise problems[0]

    def _past(self) -> list[Path]:
        """The states of the history, the oldest first."""
        return [self.history.state_file(moment.step) for moment in self.history.moments() if moment.state]

    def read_state(self, step: int) -> Saved:
        """The state at `step`, from whichever of its files is whole. Raises CheckpointError."""
        found = [file for file in (*self._checkpoints(), *self._best(), *self._past()) if _by_step(file)[0] == step]
        for file in found:
            try:
                return checkpoint.read(file)
            except CheckpointError as error:
                if file == found[-1]:
                    raise
                log.warning("%s", error)
        raise CheckpointError(
            N_("There is no checkpoint at {path}: this run was never saved."), path=named(self._saved)
        )

    def states(self) -> dict[int, Path]:
        """Every step that can be gone back to, the oldest first, and the file with its state; contents not yet checked."""
        files = {moment.step: self.history.state_file(moment.step) for moment in self.history.moments() if moment.state}
        files |= {int(file.stem): file for file in self._checkpoints()}
        files = {int(file.stem[len("best-") :]): file for file in self._best()} | files
        return dict(sorted(files.items()))

    def best_step(self) -> int | None:
        """The step of the best checkpoint, if there is one."""
        return max((int(file.stem[len("best-") :]) for file in self._best()), default=None)

    def forget_after(self, step: int) -> None:
        """The run goes on from `step`: what was kept of later ones never happened."""
        self.history.cut(step)
        self.cases.forget_after(step)
        self.measured.forget_after(step)
        self.pinned.forget([at for at in self.pinned.files() if at > step])
        for file in self._best():
            if int(file.stem[len("best-") :]) > step:
                file.unlink(missing_ok=True)

    def write_still(self, picture: bytes) -> None:
        """What the run looks like now (WebP)."""
        atomic.write_bytes(self.path / "still.webp", picture, sync=False)

    def still(self) -> bytes | None:
        """What it looked like when it was last saved (WebP), if there is a picture."""
        try:
            return (self.path / "still.webp").read_bytes()
        except OSError:
            return None

    # ── what favourites pin ──────────────────────────────────────────────────────────────────────────────────────────────

    def explorable(self) -> dict[int, Path]:
        """Every step whose players are kept, the oldest first, and a file with them: those of `states`, and those that favourites pin."""
        return dict(sorted((self.states() | self.pinned.files()).items()))

    def read_players(self, step: int) -> Saved:
        """The state at `step`, or at least its players, where a favourite pins them. Raises CheckpointError."""
        try:
            return self.read_state(step)
        except CheckpointError:
            pinned = self.pinned.files().get(step)
            if pinned is None:
                raise
            return checkpoint.read(pinned)

    def unpin(self) -> int:
        """Give up what no favourite names any more; how many bytes."""
        return self.pinned.sweep(self.favourites)


def _by_step(file: Path) -> tuple[int, bool]:
    """The step of a checkpoint's file; of two at one step, the best comes before the other."""
    return int(file.stem.removeprefix("best-")), not file.stem.startswith("best-")


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise ValueError("no object")
        float(facts.get("seconds", 0.0))
    except FileNotFoundError:
        raise CheckpointError(N_("{path} is not the folder of a run: it has no run.json."), path=folder.name) from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(
            N_("{path} cannot be read ({reason})."), path=named(path), reason=reason_of(error)
        ) from None
    return facts


def _checked(saved: Saved) -> Saved:
    """The same, if its settings are such as this version knows. Raises ConfigError."""
    serial.from_dict(saved.config)
    return saved


def _sealed(text: str) -> str:
    """`text` with a last line that shows whether all of it is there: a TOML file that ends early may still be read."""
    return f"{text}# crc32 {zlib.crc32(text.encode()):08x}\n"


def _is_sealed(text: str) -> bool:
    found = _SEAL.search(text)
    return found is not None and int(found[1], 16) == zlib.crc32(text[: found.start()].encode())


def _entry(entry: Any) -> dict[str, Any]:
    """A line of the journal as it was written. Raises ValueError for anything else."""
    if not isinstance(entry, dict) or not isinstance(entry.get("step"), int):
        raise ValueError("no entry")
    changes = entry.get("changes", {})
    if not isinstance(changes, dict) or not all(isinstance(p, list) and len(p) == 2 for p in changes.values()):
        raise ValueError("no changes")
    return entry

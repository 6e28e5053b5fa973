"""Runs on disk: one folder a run, plain files in it, every write whole or not there.

config.toml              the settings at step 0
run.json                 who, when, versions, device, threads, data hash; status and step when last saved
journal.jsonl            what was changed at which step
metrics.csv              the curves
checkpoints/STEP.safetensors   everything the next step depends on, at the last few moments it was saved
"""

from __future__ import annotations

import contextlib
import csv
import importlib.metadata
import json
import logging
import os
import platform
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import torch
from filelock import FileLock, Timeout

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, PlaygroundError, RunError
from gan_core.runs import atomic, checkpoint
from gan_core.text import N_

log = logging.getLogger(__name__)

_RUN_ID = re.compile(r"[a-z0-9_]{1,40}-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
VERSION = 1
IN_USE = N_(
    "The run in {path} is open in another process: the command line, or another server. Stop it there, then resume here."
)
KEPT_CHECKPOINTS = 3  # a file that a disk has damaged costs some seconds of training, not the run


class RunFolder:
    """The files of one run. Methods raise CheckpointError for what cannot be read and RunError for what cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.created = False  # whether this object made the folder: only then may it be discarded
        # Taken by a worker, given back by whoever closes the run: not a thread's own.
        self._lock = FileLock(self.path / ".lock", timeout=0, thread_local=False)

    def lock(self) -> None:
        """Make this process the only one that trains this run, until `unlock` or its end, however it ends. Raises RunError."""
        if self._lock.is_locked:
            return
        try:
            self._lock.acquire()
        except Timeout:
            raise RunError(IN_USE, path=self.path) from None
        except OSError as error:  # a folder that cannot be written to can be looked at; writing says what is wrong
            log.warning("%s cannot be locked: %s", self.path, error)

    def unlock(self) -> None:
        self._lock.release()

    def create(self, config: RunConfig, facts: Mapping[str, Any]) -> None:
        """Make the folder (which must be empty or absent) with config.toml and run.json."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if any(self.path.iterdir()):
                raise RunError(
                    N_("{path} is not empty. A run needs a folder of its own: choose a new one."), path=self.path
                )
            self.restart(config)
            self.write_facts(facts)
            self.created = True
        except OSError as error:
            raise RunError(N_("{path} cannot be used for a run: {reason}. Choose a folder that you may write to."),
                           path=self.path, reason=error.strerror or error) from None  # fmt: skip

    def restart(self, config: RunConfig) -> None:
        """Begin at step 0 with `config`: the journal, the curves and the checkpoint of the time before are removed."""
        for file in (self.path / "journal.jsonl", self.path / "metrics.csv", *self._checkpoints()):
            file.unlink(missing_ok=True)
        atomic.write_text(self.path / "config.toml", serial.to_toml(config))

    def discard(self) -> None:
        """Remove a run that never took a step: its files, and the folder if nothing else is in it."""
        self.unlock()
        for name in ("config.toml", "run.json", "journal.jsonl", "metrics.csv", ".lock"):
            (self.path / name).unlink(missing_ok=True)
        for file in self._checkpoints():
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # absent, or somebody else's file is in it
            self._saved.rmdir()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        atomic.write_text(
            self.path / "run.json", json.dumps({"version": VERSION, **facts}, indent=2, ensure_ascii=False)
        )

    def facts(self) -> dict[str, Any]:
        """run.json."""
        try:
            facts = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
            if not isinstance(facts, dict):
                raise ValueError("no object")
            float(facts.get("seconds", 0.0))
        except FileNotFoundError:
            raise CheckpointError(
                N_("{path} is not the folder of a run: it has no run.json."), path=self.path
            ) from None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise CheckpointError(
                N_("{path} cannot be read ({reason})."), path=self.path / "run.json", reason=error
            ) from None
        return facts

    def config(self) -> RunConfig:
        """The settings at step 0. Raises ConfigError, CheckpointError."""
        try:
            return serial.from_toml((self.path / "config.toml").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointError(
                N_("{path} cannot be read ({reason})."), path=self.path / "config.toml", reason=error
            ) from None

    def append_journal(self, entry: Mapping[str, Any]) -> None:
        """One line of what happened at which step; it is on the disk when this returns."""
        with _appending(self.path / "journal.jsonl") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def cut_journal(self, entries: list[dict[str, Any]]) -> None:
        """Leave these entries only: the others belong to steps that are lost, or cannot be read."""
        path = self.path / "journal.jsonl"
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        if (path.read_text(encoding="utf-8", errors="replace") if path.exists() else "") != lines:
            atomic.write_text(path, lines)

    def journal(self) -> list[dict[str, Any]]:
        """The entries so far, up to the first that cannot be read: the last line may have been cut short by a crash."""
        try:
            lines = (self.path / "journal.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for line in lines:
            try:
                entries.append(_entry(json.loads(line)))
            except (ValueError, RecursionError):
                break
        return entries

    def append_metrics(self, rows: list[tuple[int, Mapping[str, float]]], names: tuple[str, ...]) -> None:
        """Add rows (step, values) to metrics.csv, with a header in a new file."""
        path = self.path / "metrics.csv"
        new = not path.exists()
        with _appending(path) as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", *names])
            writer.writerows([step, *(f"{row[n]:.6g}" if n in row else "" for n in names)] for step, row in rows)

    def metrics(self, last_step: int) -> list[tuple[int, dict[str, float]]]:
        """The rows of metrics.csv up to `last_step`; rows that are not numbers are left out."""
        try:
            with (self.path / "metrics.csv").open(encoding="utf-8", errors="replace", newline="") as file:
                rows = [_row(row) for row in csv.DictReader(file)]
        except (FileNotFoundError, csv.Error):
            return []
        kept: list[tuple[int, dict[str, float]]] = []
        for row in rows:
            if row is None or row[0] > last_step:
                continue
            while kept and kept[-1][0] >= row[0]:  # the run had gone back behind these
                kept.pop()
            kept.append(row)
        return kept

    def write_checkpoint(self, state: dict[str, Any], config: RunConfig, journal: int = 0) -> None:
        """Add a checkpoint: the newest few stay, and none of a later step (the run had gone back behind it)."""
        path = self._saved / f"{int(state['step']):012}.safetensors"
        self._saved.mkdir(exist_ok=True)
        checkpoint.write(path, state, serial.to_dict(config), journal)
        older = [file for file in self._checkpoints() if file <= path]
        for file in self._checkpoints():
            if file not in older[:KEPT_CHECKPOINTS]:
                file.unlink(missing_ok=True)

    @property
    def _saved(self) -> Path:
        return self.path / "checkpoints"

    def _checkpoints(self) -> list[Path]:
        """The newest first."""
        return sorted(self._saved.glob("[0-9]*.safetensors"), reverse=True)

    @property
    def has_checkpoint(self) -> bool:
        """Whether something was ever saved."""
        return bool(self._checkpoints())

    def was_saved(self, facts: Mapping[str, Any]) -> bool:
        """Whether there is more than step 0 to come back to; `facts` is run.json. A run that was saved and has lost its
        checkpoints is refused when they are read, and not silently begun anew."""
        return self.has_checkpoint or bool(facts.get("step"))

    def read_checkpoint(self) -> tuple[dict[str, Any], RunConfig, int]:
        """The newest whole checkpoint: state, the settings at that moment, entries of the journal by then.

        Raises CheckpointError, ConfigError, which say what is wrong with the newest.
        """
        found = self._checkpoints()
        if not found:
            raise CheckpointError(N_("There is no checkpoint at {path}: this run was never saved."), path=self._saved)
        problems: list[PlaygroundError] = []
        for path in found:
            try:
                state, config, journal = checkpoint.read(path)
                return state, serial.from_dict(config), journal
            except PlaygroundError as error:
                log.warning("%s", error)
                problems.append(error)
        raise problems[0]


@contextlib.contextmanager
def _appending(path: Path) -> Iterator[TextIO]:
    """The file, opened for whole new lines: a last line that a crash has cut short is ended first."""
    with path.open("a+b") as raw:
        end = raw.seek(0, os.SEEK_END)
        raw.seek(max(0, end - 1))
        broken = raw.read(1) not in (b"", b"\n")
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("\n" if broken else "")
        yield file


def _entry(entry: Any) -> dict[str, Any]:
    """A line of the journal as it was written. Raises ValueError for anything else."""
    if not isinstance(entry, dict) or not isinstance(entry.get("step"), int):
        raise ValueError("no entry")
    changes = entry.get("changes", {})
    if not isinstance(changes, dict) or not all(isinstance(p, list) and len(p) == 2 for p in changes.values()):
        raise ValueError("no changes")
    return entry


def _row(row: Mapping[str, str | None]) -> tuple[int, dict[str, float]] | None:
    try:
        return int(row["step"] or ""), {name: float(value) for name, value in row.items() if name != "step" and value}
    except (ValueError, KeyError, TypeError):
        return None


def data_dir(given: Path | None = None) -> Path:
    """The data folder: as given, or GAN_PLAYGROUND_DATA_DIR, or ~/gan-playground."""
    return (given or Path(os.environ.get("GAN_PLAYGROUND_DATA_DIR") or "~/gan-playground")).expanduser()


class Store:
    """The data folder. Raises RunError when it cannot be made or written to."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self._runs = self.root / "runs"
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
            probe = self._runs / f".probe-{secrets.token_hex(4)}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise RunError(N_("The data folder {path} cannot be written to: {reason}. Choose another one with --data-dir."),
                           path=self.root, reason=error.strerror or error) from None  # fmt: skip

    def new_id(self, name: str) -> str:
        """A fresh run id: what is learned, when, and six random hexadecimal digits."""
        return f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"

    def folder(self, run_id: str) -> RunFolder:
        """The folder of a run id, which may not exist yet. Raises RunError for anything that is no run id: no path gets through."""
        if not _RUN_ID.fullmatch(run_id):
            raise RunError(N_("There is no such run."))
        return RunFolder(self._runs / run_id)

    def exists(self, run_id: str) -> bool:
        return bool(_RUN_ID.fullmatch(run_id)) and (self._runs / run_id / "run.json").is_file()

    def ids(self) -> list[str]:
        """All run ids, the newest first."""
        found = (entry.name for entry in os.scandir(self._runs) if entry.is_dir() and _RUN_ID.fullmatch(entry.name))
        return sorted(found, key=lambda run_id: run_id.split("-", 1)[1], reverse=True)


def environment(device: torch.device, threads: int) -> dict[str, Any]:
    """Versions and machine, recorded with every run: bit-identity holds among equal ones."""
    return {
        "python": platform.python_version(), "torch": torch.__version__, "torchvision": importlib.metadata.version("torchvision"),
        "platform": platform.platform(), "processor": platform.processor() or platform.machine(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type, "threads": threads,
    }  # fmt: skip


def created_now() -> str:
    """The present moment as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")

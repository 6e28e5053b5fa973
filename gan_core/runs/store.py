"""The data folder: runs, deleted runs that can be brought back, and the index that makes a table of them fast.

DATA/runs/RUN ID     a run (runs/folder.py)
DATA/trash/RUN ID    a deleted one
DATA/tables/NAME     imported tables (data/table.py)
DATA/pictures/NAME   imported sets of pictures (data/pictures.py)
DATA/models/MODEL ID generators that were brought (latent/models.py)
DATA/index.sqlite    made from the folders; may be removed at any time
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from gan_core.data import pictures, table
from gan_core.errors import RunError, reason_of
from gan_core.runs import about
from gan_core.runs.about import About
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Index
from gan_core.runs.listing import RUN_ID
from gan_core.runs.lock import IN_USE, remove_shell
from gan_core.text import N_

log = logging.getLogger(__name__)

_TRIES = 20
_PATIENCE, _LOOK_SECONDS = 2.0, 0.05  # the quota holds a run for a moment, while it makes room
_GONE = ".gone-"  # how the name of a run begins that is being removed for good
_OLD_SECONDS = 86400.0  # no process takes so long to make the folder of a run
NO_SUCH_RUN = N_("There is no such run.")
CANNOT_MOVE = N_("{path} cannot be moved: {reason}.")


def data_dir(given: Path | None = None) -> Path:
    """The data folder: as given, or GAN_PLAYGROUND_DATA_DIR, or ~/gan-playground."""
    return (given or Path(os.environ.get("GAN_PLAYGROUND_DATA_DIR") or "~/gan-playground")).expanduser()


class Store:
    """The data folder. Raises RunError when it cannot be made or written to."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self._runs, self._trash = self.root / "runs", self.root / "trash"
        try:
            for folder in (self._runs, self._trash):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self._runs / f".probe-{secrets.token_hex(4)}"
            probe.write_bytes(b"")
            probe.unlink()
            self._remove_leftovers()
        except OSError as error:
            raise RunError(N_("The data folder {path} cannot be written to: {reason}. Choose another one with --data-dir."),
                           path=self.root, reason=reason_of(error)) from None  # fmt: skip
        table.use_folder(self.root)
        pictures.use_folder(self.root)

    @cached_property
    def index(self) -> Index:
        """The table of the runs; opened when somebody first asks, since training alone needs none."""
        return Index(self.root, held=lambda run_id: RunFolder(self._runs / run_id).is_held_elsewhere)

    def new_id(self, name: str) -> str:
        """A fresh run id: what is learned, when, and six random hexadecimal digits."""
        return f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"

    def folder(self, run_id: str) -> RunFolder:
        """The folder of a run id, which may not exist yet. Raises RunError for anything that is no run id: no path gets through."""
        return RunFolder(self._runs / _checked(run_id))

    def exists(self, run_id: str) -> bool:
        """Whether there is such a run that is not deleted; its files may be damaged all the same."""
        return bool(RUN_ID.fullmatch(run_id)) and (self._runs / run_id).is_dir()

    def ids(self) -> list[str]:
        """All run ids, the newest first."""
        found = (entry.name for entry in os.scandir(self._runs) if entry.is_dir() and RUN_ID.fullmatch(entry.name))
        return sorted(found, key=lambda run_id: run_id.split("-", 1)[1], reverse=True)

    # ── from elsewhere ───────────────────────────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def arriving(self) -> Iterator[Path]:
        """An empty folder for a run that comes from elsewhere, removed afterwards with whatever is left in it. Raises OSError."""
        room = self._runs / f".new-{secrets.token_hex(4)}"
        room.mkdir()
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def settle(self, path: Path, run_id: str) -> None:
        """Give a whole run its place, in one step. Raises RunError, OSError."""
        os.rename(path, self._runs / _checked(run_id))
        self.index.note(run_id)

    # ── what people call it ──────────────────────────────────────────────────────────────────────────────────────────────

    def about(self, run_id: str) -> About:
        """Name, tags and notes of a run. Raises RunError for anything that is no run id."""
        return about.read(self._runs / _checked(run_id))

    def describe(self, run_id: str, said: About) -> None:
        """Give a run its name, tags and notes. Raises RunError for a run that is gone and for a disk that refuses."""
        if not self.exists(run_id):
            raise RunError(NO_SUCH_RUN)
        about.write(self._runs / run_id, said)
        self.index.note(run_id)

    def still(self, run_id: str, *, deleted: bool = False) -> bytes | None:
        """What a run looked like when it was last saved (WebP). Raises RunError for anything that is no run id."""
        return RunFolder((self._trash if deleted else self._runs) / _checked(run_id)).still()

    # ── deleting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def delete(self, run_id: str) -> None:
        """Move a run to the trash; `restore` undoes it. Raises RunError while any process trains it."""
        folder = self.folder(run_id)
        if not folder.path.is_dir():
            raise RunError(NO_SUCH_RUN)
        deadline = time.monotonic() + _PATIENCE
        while folder.is_held_elsewhere:
            if time.monotonic() > deadline:
                raise RunError(IN_USE, path=folder.path.name)
            time.sleep(_LOOK_SECONDS)
        self._move(folder.path, self._trash / run_id)

    def restore(self, run_id: str) -> None:
        """Bring a deleted run back, as it was. Raises RunError."""
        self._move(self._deleted(run_id), self._runs / run_id)

    def purge(self, run_id: str) -> None:
        """Remove a deleted run for good. Raises RunError."""
        path, gone = self._deleted(run_id), self._trash / f"{_GONE}{secrets.token_hex(4)}-{run_id}"
        try:
            os.rename(path, gone)  # in one step, so that nobody brings half of it back
        except FileNotFoundError:
            raise RunError(NO_SUCH_RUN) from None
        except OSError as error:
            raise RunError(CANNOT_MOVE, path=path.name, reason=reason_of(error)) from None
        shutil.rmtree(gone, ignore_errors=True)
        self.index.note(run_id)

    def _remove_leftovers(self) -> None:
        """What a process left that was killed while it removed a run, or while it made one, long ago."""
        for path in self._trash.glob(f"{_GONE}*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self._runs.glob(".new-*"):
            with contextlib.suppress(FileNotFoundError):  # it has just been made
                if path.stat().st_mtime < time.time() - _OLD_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def _deleted(self, run_id: str) -> Path:
        path = self._trash / _checked(run_id)
        if not path.is_dir():
            raise RunError(N_("This run was not deleted, or it has been removed for good."))
        return path

    def _move(self, source: Path, target: Path) -> None:
        for tries_left in reversed(range(_TRIES)):
            for path in (source, target):
                remove_shell(path)  # no run, and in the way; whoever looks whether a run is held may make it again
            try:
                os.rename(source, target)
                break
            except FileNotFoundError:
                raise RunError(NO_SUCH_RUN) from None
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise RunError(CANNOT_MOVE, path=source.name, reason=reason_of(error)) from None
                if not tries_left:
                    raise RunError(N_("{path} cannot be moved: there is another run of that name in {target}. Move that one elsewhere."),
                                   path=source.name, target=target.parent.name) from None  # fmt: skip
        self.index.note(target.name)

    def close(self) -> None:
        """Close the index."""
        if "index" in vars(self):
            self.index.close()


def _checked(run_id: str) -> str:
    if not RUN_ID.fullmatch(run_id):
        raise RunError(NO_SUCH_RUN)
    return run_id

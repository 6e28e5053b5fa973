"""The folder `pinned` of a run: the players at the steps that favourites name, so that each is drawn again as it was kept, whatever
becomes of the checkpoints and the history.

pinned/STEP.safetensors   the averaged generator, D and the encoder, and the settings; not what training would go on with
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from gan_core.errors import RunError
from gan_core.latent.favourites import FavouriteFile
from gan_core.runs import atomic
from gan_core.text import N_

NAME = "pinned"
STEPS = 50  # of a run
BYTES = 256 * 2**20  # all of them together
_FILE = re.compile(r"([0-9]{12,18})\.safetensors")
FULL = N_("The favourites of this run hold the generators of {count} steps already, and there is room for {most} steps or {size} MB. Remove the favourites "
          "of a step that you can do without, or keep this one at a step that has others.")  # fmt: skip


class Pinned:
    """The files in it. Any thread or process may add one or look; each is whole or not there. Raises OSError for what the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> dict[int, Path]:
        """What is pinned, by its step, the oldest first."""
        named = ((file, _FILE.fullmatch(file.name)) for file in self.path.glob("*.safetensors"))
        return dict(sorted((int(found[1]), file) for file, found in named if found))

    def add(self, step: int, data: bytes) -> None:
        """Pin a step: the players as a checkpoint file. Raises RunError where there is no room for it, or the run is gone."""
        there = self.files()
        if step in there:
            return
        size = sum(map(_size, there.values()))
        if len(there) >= STEPS or size + len(data) > BYTES:
            raise RunError(FULL, count=len(there), most=STEPS, size=BYTES // 2**20)
        self.path.mkdir(exist_ok=True)
        atomic.write_bytes(self.path / f"{step:012}.safetensors", data)

    def forget(self, steps: Collection[int]) -> int:
        """Unpin these, where they are pinned; how many bytes that was."""
        freed = 0
        for step, file in self.files().items():
            if step in steps:
                freed += _size(file)
                file.unlink(missing_ok=True)
        return freed

    def sweep(self, favourites: FavouriteFile) -> int:
        """Unpin what no favourite names any more; how many bytes. Nothing where they cannot be read, since they may name it."""
        there = self.files()  # before they are read: who adds one names it first
        if not there:
            return 0
        try:
            kept = favourites.read()
        except RunError:
            return 0
        return 0 if kept.damaged else self.forget(there.keys() - {one.step for one in kept.favourites})

    def clear(self) -> None:
        """The run begins anew, or goes."""
        shutil.rmtree(self.path, ignore_errors=True)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # another process was quicker
        return 0

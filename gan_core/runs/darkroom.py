"""Kept moments of a run as snapshots again, one after the other, fast: one trainer develops them all.

room = Darkroom(folder)
room.steps()                # what is kept
room.snapshot(1200)         # what a viewer saw at that step
"""

from __future__ import annotations

import dataclasses
import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_core import data as data_sets
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet, to_pixels
from gan_core.device import default_threads
from gan_core.errors import CheckpointError, DataError, RunError, named
from gan_core.memory import sample_shape
from gan_core.players import Players, preview_side
from gan_core.runs import checkpoint, closely, frames
from gan_core.runs.folder import RunFolder
from gan_core.runs.picture import picture
from gan_core.runs.snapshots import Snapshot
from gan_core.text import N_
from gan_core.trainer import Trainer
from gan_core.training import new_trainer
from gan_core.verdicts import Lineup

CACHE = 16 << 20  # bytes of snapshots kept
NOTHING_KEPT = N_("Nothing is kept of this run at step {step}. Choose one of the kept moments.")


class Darkroom:
    """Develops the kept moments of one run, on the CPU, from any thread, one at a time. It draws from no stream of the training: it
    has a trainer of its own, made at the first moment that needs one."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._trainer: Trainer | None = None
        self._lineup: Lineup | None = None
        self._is_lost = False  # its data were deleted
        self._said: dict[str, Any] = {}
        self._config: RunConfig | None = None
        self._done: OrderedDict[tuple[object, ...], Snapshot] = OrderedDict()
        self._bytes = 0

    def steps(self) -> list[int]:
        """Every step of which a state or a picture is kept, the oldest first."""
        pictures = (moment.step for moment in self.folder.history.moments() if moment.picture)
        return sorted({*self.folder.states(), *pictures})

    def snapshot(self, step: int) -> Snapshot:
        """What was seen at a kept step: arrays, extent, field, step and images; no curves and no marks. Raises RunError where nothing
        is kept, CheckpointError for a damaged file, ConfigError, DataError."""
        with self._lock:
            sheet = self.folder.history.picture_file(step)
            states = self.folder.states()
            file = states.get(step, sheet)
            try:
                key = (step, file.stat().st_mtime_ns)
            except OSError:
                raise RunError(NOTHING_KEPT, step=step) from None
            if key not in self._done:
                self._keep(key, self._developed(states[step], step) if step in states else self._seen(sheet, step))
            self._done.move_to_end(key)
            return self._done[key]

    def closely(self, step: int, wishes: frozenset[str]) -> Snapshot:
        """`snapshot`, with what is wished for of its single pictures (see `closely`): of a moment whose weights are not kept only the
        nearest training pictures. Raises as `snapshot` does. Waits for what has to be prepared."""
        drawn = self.snapshot(step)
        with self._lock:
            if self._is_lost:
                return drawn
            file = self.folder.states().get(step)
            if file is None:
                if drawn.kind == "points":
                    return drawn
                data = data_sets.load(self.folder.config().data)
                assert isinstance(data, ImageSet)
                seen = closely.compared(data, torch.from_numpy(drawn.arrays["fake"]), wishes)
            else:
                saved = checkpoint.read(file)
                seen = closely.granted(self._loaded(saved.state, self._as_developed(saved.config)).players, wishes)
        return dataclasses.replace(drawn, extras=seen.arrays, closely=seen.facts)

    def drawn(self, step: int, latents: Callable[[Players], Tensor]) -> Snapshot:
        """`snapshot`, with what the generator makes of other latents instead; of pictures that are translated also what was given. Of a moment
        whose weights are kept. Raises as `snapshot` does."""
        seen = self.snapshot(step)
        with self._lock:
            file = self.folder.states().get(step)
            if file is None:
                raise RunError(NOTHING_KEPT, step=step)
            saved = checkpoint.read(file)
            players = self._loaded(saved.state, self._as_developed(saved.config)).players
            taken = latents(players)
            fake = players.sample(taken)
        if seen.kind == "points":
            return dataclasses.replace(seen, arrays={**seen.arrays, "fake": fake.numpy()})
        given = {"given": to_pixels(taken).numpy()} if players.config.translates else {}
        return dataclasses.replace(seen, arrays={"fake": to_pixels(fake).numpy()} | given)

    def _keep(self, key: tuple[object, ...], made: Snapshot) -> None:
        self._done[key] = made
        self._bytes += _size(made)
        while self._bytes > CACHE and len(self._done) > 1:
            self._bytes -= _size(self._done.popitem(last=False)[1])

    # ── from weights ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _developed(self, file: Path, step: int) -> Snapshot:
        saved = checkpoint.read(file)
        trainer = self._loaded(saved.state, self._as_developed(saved.config))
        drawn = picture(trainer.players)
        if self._is_lost:
            drawn["arrays"] = {"real": drawn["arrays"]["fake"][:0], "fake": drawn["arrays"]["fake"]}
        elif isinstance(trainer.data, ImageSet):
            self._lineup = self._lineup or Lineup(trainer.players)
            drawn["verdicts"] = self._lineup.verdicts(trainer.players, step)
        return Snapshot(
            run="",
            kind=trainer.config.kind,
            seq=0,
            status="paused",
            step=step,
            images=int(saved.state["images"]),
            **drawn,
        )

    def _data(self, config: RunConfig) -> PointSet | ImageSet:
        """What it learned. Of imported pictures that were deleted a blank stand-in: the generator draws as it did, the preview's latents come
        from the same stream, and nothing is said of real pictures."""
        try:
            return data_sets.load(config.data)
        except DataError:
            if not data_sets.imported(config.data) or config.translates:  # without what goes in nothing comes out
                raise
            self._is_lost = True
            return data_sets.pictures.absent(config.data, max(config.batch_size, 2 * config.classes))

    def _as_developed(self, said: dict[str, Any]) -> RunConfig:
        """The settings in a checkpoint, for a trainer on the CPU. Read once for as long as they stay the same, through
        hundreds of moments. Raises ConfigError."""
        if self._config is None or said != self._said:
            config = serial.from_dict(said)
            self._config = dataclasses.replace(
                config, device="cpu", precision="float32", threads=default_threads(config.kind)
            )
            self._said = said
        return self._config

    def _loaded(self, state: dict[str, Any], config: RunConfig) -> Trainer:
        """The trainer with the weights of this state: all that is looked at."""
        if self._trainer is None:
            self._trainer = new_trainer(config, self._data(config))
        elif config != self._trainer.config:
            self._trainer.change(config)
        trainer = self._trainer
        try:
            for module, name in (
                (trainer.g, "generator"),
                (trainer.d, "discriminator"),
                (trainer.ema.module, "ema"),
                (trainer.e, "encoder"),
            ):
                if module is not None:
                    module.load_state_dict(state[name])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise CheckpointError(N_("The checkpoint in {path} does not fit the run's settings ({reason})."),
                                  path=self.folder.path.name, reason=str(error).splitlines()[0]) from None  # fmt: skip
        return trainer

    # ── from a picture ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _seen(self, file: Path, step: int) -> Snapshot:
        """Where only the sheet of generated pictures is kept."""
        config = self.folder.config()
        channels, height, width = sample_shape(config)
        fake = _cells(file, preview_side(config), channels, height, width)
        return Snapshot(
            run="",
            kind=config.kind,
            seq=0,
            status="paused",
            step=step,
            images=0,
            arrays={"real": fake[:0], "fake": fake},
        )


def last_seen(folder: RunFolder) -> dict[str, Any]:
    """Fields of a snapshot of a run that cannot be built, since its pictures were deleted: its last moment and its curves. {} where nothing is
    kept. Raises CheckpointError, ConfigError, DataError, RunError."""
    room = Darkroom(folder)
    if not (steps := room.steps()):
        return {}
    seen, said = room.snapshot(steps[-1]), folder.facts()
    curves = folder.curves.load(frames.CURVE_NAMES, steps[-1])
    places, values = curves.decimated()
    return {
        "step": steps[-1], "images": seen.images or int(said.get("images", 0)), "seconds": float(said.get("seconds", 0.0)),
        "progress": said.get("progress"), "arrays": seen.arrays, "columns": seen.columns, "found": seen.found,
        "diagnosis": folder.cases.at(steps[-1]),
        "curve_names": curves.names, "curve_steps": places, "curve_values": values,
    }  # fmt: skip


def _cells(file: Path, side: int, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """A sheet as `frames.encode_grid` makes one, cut into its pictures (N, C, H, W). Raises CheckpointError."""
    try:
        with Image.open(io.BytesIO(file.read_bytes())) as image:
            if image.size != (side * width, side * height):
                raise ValueError(image.size)
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB")).reshape(
                side, height, side, width, channels
            )
    except (OSError, SyntaxError, ValueError):
        raise CheckpointError(N_("{path} is not a whole picture. Choose another moment."), path=named(file)) from None
    return np.ascontiguousarray(pixels.transpose(0, 2, 4, 1, 3)).reshape(-1, channels, height, width)


def _size(snapshot: Snapshot) -> int:
    return sum(array.nbytes for array in snapshot.arrays.values()) + 1024

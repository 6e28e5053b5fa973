"""What TensorBoard is shown of a run while it trains: curves, pictures, histograms, settings and their changes.

The training thread only notes rows; everything else is made on the saver's thread from what it writes down anyway: the last good
state and the snapshot that viewers saw.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core import config as settings
from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import RunError
from gan_core.runs import event_file, frames, stills
from gan_core.runs.curves import Curves, Rows, as_kept
from gan_core.runs.event_file import Pack
from gan_core.runs.event_folder import EventFolder
from gan_core.runs.snapshots import Message, Snapshot
from gan_core.text import N_

log = logging.getLogger(__name__)

MOST_BYTES = 128 * 2**20  # of the event files of a run
MOST_PICTURES = 500
PICTURE_SECONDS, GROWTH, COST = (
    10.0,
    0.05,
    0.005,
)  # least time between two; as a share of the training so far; of the time that one may cost
SIDE = 480  # pixels of a picture of points
_LONGEST = 200  # characters of a setting: a drawing's points are no hyper-parameter
_NOTED_PICTURES = ("real", "given")  # which stay the same: once in each file
FULL = N_(
    "The event files of this run hold {megabytes} MB, which is the most that one run may have: nothing is added to them any more."
)
REFUSED = N_(
    "The event files cannot be written ({reason}): nothing is added to them any more. The run goes on without."
)


@dataclass(frozen=True)
class Moment:
    """What the saver writes down: the state as from copy_state, its settings, those at step 0, what run.json says, what was seen, and the
    journal so far."""

    state: Mapping[str, Any]
    config: RunConfig
    start: Mapping[str, Any]
    facts: Mapping[str, Any]
    view: Snapshot | None
    journal: list[dict[str, Any]]


class Board:
    """The event files of one run. `row`, `said`, `hand_over`, `went_back` and `restart` are called on the training thread, `write` on the
    saver's, `switch` on any."""

    def __init__(self, folder: EventFolder, *, always: bool = False) -> None:
        """`always`: whatever the run's own switch says."""
        self.folder, self.always = folder, always
        self._lock = threading.Lock()
        self.note: Message | None = None  # why nothing is written although it is wanted
        self._rows: list[tuple[int, float, Mapping[str, float]]] = []
        self._changes: list[Mapping[str, Any]] = []
        self._past: Rows | None = None  # what a new file begins with
        self._is_new = True  # the next events begin a new file
        self._file: Path | None = None
        state = folder.state
        self._on, self._until, self._pictures = state.on, state.until, state.pictures
        self._last_picture, self._cost, self._seen = -math.inf, 0.0, -1
        if self.is_on:
            self._check_installed()

    @property
    def is_on(self) -> bool:
        """Whether event files are wanted."""
        return self._on or self.always

    @property
    def _writes(self) -> bool:
        return self.is_on and self.note is None

    def switch(self, on: bool) -> None:
        """Write from now on, or no more; kept with the run. Turned on again, it is tried again. Raises RunError where TensorBoard is missing
        or the disk refuses."""
        if on:
            event_file.require()
        try:
            self.folder.note(on=on)
        except OSError as error:
            raise RunError(REFUSED, reason=error.strerror or str(error)) from None
        with self._lock:
            self._on, self.note, self._is_new = on, None, True

    def _check_installed(self) -> None:
        try:
            event_file.require()
        except RunError as error:
            self.note = Message(error.template, error.params)

    # ── on the training thread ───────────────────────────────────────────────────────────────────────────────────────────

    def row(self, step: int, row: Mapping[str, float]) -> None:
        """A row of the curves."""
        if self._writes:
            with self._lock:
                self._rows.append((step, time.time(), row))

    def said(self, entry: Mapping[str, Any]) -> None:
        """An entry of the journal: changes of settings are told."""
        if self._writes and entry.get("changes"):
            with self._lock:
                self._changes.append(entry)

    def hand_over(self, curves: Curves) -> None:
        """The saver is about to write: a new file begins with what is not in those before it."""
        if self._writes and self._is_new:
            rows = curves.rows()
            with self._lock:
                since = int(np.searchsorted(rows.last, self._until, side="right"))
                self._past, self._rows, self._changes = rows.part(slice(since, None)), [], []
                self._is_new, self._file = False, None

    def went_back(self, step: int) -> None:
        """The run goes on from `step`: later ones do not count."""
        with self._lock:
            self._until, self._is_new, self._past = min(self._until, step), True, None

    def restart(self) -> None:
        """The run begins anew, and its event files have been removed."""
        with self._lock:
            self._until, self._pictures, self._seen, self._last_picture = -1, 0, -1, -math.inf
            self._is_new, self._past = True, None

    @property
    def begins(self) -> bool:
        """Whether the next `write` begins a file, for which it wants to know the journal."""
        return self._past is not None

    # ── on the saver's thread ────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, moment: Moment) -> None:
        """Add what has come since the last time. What the disk refuses ends the writing, with a note."""
        with self._lock:
            if not self._writes or self._is_new:  # switched on a moment ago: the next moment is the first
                return
            past, self._past = self._past, None
            rows, self._rows = self._rows, []
            changes, self._changes = self._changes, []
        begin = time.perf_counter()
        try:
            pack = Pack()
            if past is not None:
                self._begin(pack, moment, past)
            self._curves(pack, rows)
            for entry in changes:
                self._change(pack, entry)
            drawn = self._draw(pack, moment)
            self._rest(pack, moment)
            until = int(past.last[-1]) if past is not None and len(past.last) else self._until
            self._append(pack, rows[-1][0] if rows else until)
            if drawn:
                self._last_picture, self._cost = time.perf_counter(), time.perf_counter() - begin
        except OSError as error:
            log.warning("event files in %s: %s", self.folder.path, error)
            self._stop(Message(REFUSED, {"reason": error.strerror or str(error)}))

    def _append(self, pack: Pack, until: int) -> None:
        data = pack.data
        if self.folder.size() + len(data) > MOST_BYTES:
            return self._stop(Message(FULL, {"megabytes": MOST_BYTES // 2**20}))
        self._file = self._file or self.folder.new_file()
        event_file.append(self._file, data)
        with self._lock:
            went_back = self._is_new and self._until < until
            self._until = self._until if went_back else until
        self.folder.note(until=self._until, pictures=self._pictures)

    def _stop(self, note: Message) -> None:
        with self._lock:
            self.note, self._is_new = note, True
            self._rows, self._changes, self._past = [], [], None

    def _begin(self, pack: Pack, moment: Moment, past: Rows) -> None:
        """The beginning of a file: from which step on it counts, the settings, and what earlier files lack."""
        now, start = time.time(), serial.from_dict(moment.start)
        pack.start(self._until + 1, now)
        pack.settings(_born(moment.facts, now), dict(_flat(start)))
        pack.text(max(self._until, 0), now, "config/at_step_0", _code(serial.to_toml(start)))
        if moment.config != start:
            pack.text(moment.state["step"], now, "config/now", _code(serial.to_toml(moment.config)))
        walls = _walls(past.last, moment, now)
        for step, wall, mean in zip(past.last, walls, past.mean, strict=True):
            values = zip(frames.CURVE_NAMES, mean[: len(frames.CURVE_NAMES)], strict=True)
            pack.scalars(int(step), float(wall), {_tag(name): v for name, v in values if not np.isnan(v)})
        for entry in moment.journal:
            if entry["step"] > self._until and entry.get("changes"):
                self._change(pack, entry)
        if moment.view is not None and moment.view.kind != "points":
            for name in _NOTED_PICTURES:
                shown = moment.view.arrays.get(name)
                if shown is not None and len(shown):
                    pack.picture(moment.view.step, now, f"samples/{name}", frames.grid(shown))

    def _curves(self, pack: Pack, rows: list[tuple[int, float, Mapping[str, float]]]) -> None:
        for step, wall, row in rows:
            names = tuple(name for name in frames.CURVE_NAMES if name in row)
            values = zip(names, as_kept(row, names), strict=True)
            pack.scalars(step, wall, {_tag(name): float(v) for name, v in values if not np.isnan(v)})

    def _change(self, pack: Pack, entry: Mapping[str, Any]) -> None:
        what = "gone back" if entry.get("do") == "rollback" else "changed"
        lines = [f"- `{name}`: {old} → {new}" for name, (old, new) in entry["changes"].items()]
        text = "\n".join([f"{what} at step {entry['step']}:", "", *lines])
        pack.text(entry["step"], _time(entry) or time.time(), "changes", text)

    def _draw(self, pack: Pack, moment: Moment) -> bool:
        """Pictures and histograms, if it is time: seldom, and ever more seldom; and whenever the run comes to rest."""
        view = moment.view
        if view is None or not view.arrays or view.step == self._seen:
            return False
        seconds = max(PICTURE_SECONDS, GROWTH * float(moment.facts.get("seconds", 0.0)), self._cost / COST)
        rests = moment.facts.get("status") != "running"
        now = time.time()
        if self._pictures >= MOST_PICTURES or not (rests or time.perf_counter() >= self._last_picture + seconds):
            return False
        self._seen = view.step
        pack.picture(view.step, now, "samples/generated", _picture(view))
        pack.histograms(view.step, now, dict(_outputs(view)))
        pack.histograms(int(moment.state["step"]), now, dict(_weights(moment.state)))
        pack.scalars(view.step, now, dict(_gradients(view)))
        self._pictures += 1
        return True

    def _rest(self, pack: Pack, moment: Moment) -> None:
        """The metrics that the run rests at, which the hyper-parameters are compared by; and that it has ended."""
        status, step, now = moment.facts.get("status"), int(moment.state["step"]), time.time()
        if status == "running":
            return
        values = moment.facts.get("metrics", {})
        pack.scalars(step, now, {f"final/{name}": float(value) for name, value in values.items()})
        if status in ("finished", "stopped", "failed"):
            pack.end(now, well=status != "failed")


def _tag(name: str) -> str:
    return f"{frames.CURVES[name][0]}/{name}"


def _code(text: str) -> str:
    return "```toml\n" + text.replace("```", "'''") + "```"


def _flat(config: RunConfig) -> Iterator[tuple[str, bool | float | str]]:
    for field in settings.fields():
        value = settings.get(config, field.name)
        if isinstance(value, tuple):
            value = ",".join(map(str, value))
        if isinstance(value, (bool, int, float)) or len(value) <= _LONGEST:
            yield field.name, value


def _born(facts: Mapping[str, Any], now: float) -> float:
    """When the run began."""
    try:
        return datetime.fromisoformat(facts["created"]).timestamp()
    except (LookupError, TypeError, ValueError):
        return now


def _time(entry: Mapping[str, Any]) -> float | None:
    """When an entry of the journal was written; None where that is damaged."""
    at = entry.get("time")
    return float(at) if isinstance(at, (int, float)) and math.isfinite(at) else None


def _walls(steps: NDArray[np.int64], moment: Moment, now: float) -> NDArray[np.float64]:
    """When the run was at these steps: between what its journal says, evenly."""
    told = [(e["step"], when) for e in moment.journal if (when := _time(e)) is not None]
    known = [(0, _born(moment.facts, now)), *told]
    known.append((int(moment.state["step"]), now))
    at, times = zip(*known, strict=True)
    upward, later = np.maximum.accumulate(at), np.maximum.accumulate(times)
    # Backwards, since of several times at one step the last is taken: it came to rest there first, and went on later.
    found: NDArray[np.float64] = np.interp(-steps, -upward[::-1], later[::-1])
    return found


def _picture(view: Snapshot) -> Image.Image:
    return stills.plane(view, (SIDE, SIDE)) if view.kind == "points" else frames.grid(view.arrays["fake"])


def _outputs(view: Snapshot) -> Iterator[tuple[str, NDArray[Any]]]:
    """What D says of real and generated samples, logits or scores: of points those that are shown, of pictures those of the last line-up."""
    found = view.arrays if view.kind == "points" else view.verdicts.arrays if view.verdicts is not None else {}
    names = {
        "logits_real": "real",
        "logits_held": "held_out",
        "logits_fake": "generated",
        "logits_live": "generated_live",
    }
    if view.kind != "points":
        names |= {"logits_live": "generated"}
    return ((f"d_outputs/{said}", found[name]) for name, said in names.items() if name in found and found[name].size)


def _weights(state: Mapping[str, Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every array of numbers that the players hold, by its name there."""
    for player in ("generator", "discriminator", "encoder"):
        for name, tensor in state.get(player, {}).items():
            if tensor.is_floating_point():
                yield f"{player}/{name}", tensor.float().numpy()


def _gradients(view: Snapshot) -> Iterator[tuple[str, float]]:
    """The length of each layer's gradient at the last step."""
    for who, said in view.layers.items():
        for i, ((kind, *_), norm) in enumerate(zip(said["kinds"], said["norms"], strict=True), 1):
            if math.isfinite(norm):
                yield f"layer_gradients/{who}_{i:02}_{kind}", norm

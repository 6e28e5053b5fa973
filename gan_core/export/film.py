"""A run as a film: its kept moments one after the other, evenly in training steps, each with its step written beneath."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gan_core.errors import ExportError
from gan_core.export.job import FileJob
from gan_core.export.writers import WRITERS
from gan_core.runs import stills
from gan_core.runs.darkroom import Darkroom
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

SMALLEST = 240  # pixels of a side
SHORTEST, LONGEST = 2.0, 30.0  # seconds
FEWEST = 8  # kept moments
_FASTEST = 25.0  # pictures a second
_REST = 1.0  # times the seconds that a picture took to draw: what trains has the processor meanwhile
_INK, _PAPER, _TRACK, _BAR = (35, 38, 47), (255, 255, 255), (214, 217, 224), (52, 87, 213)
TOO_FEW = N_("Only {count} moments are kept of this run: a film needs {fewest}. Let it train for some seconds more.")
BROKE = N_("The film could not be made ({reason}). Try another size or format.")


@dataclass(frozen=True)
class FilmPlan:
    """What is wanted: "mp4", "gif" or "webp"; seconds; pixels of a side."""

    kind: str = "mp4"
    seconds: float = 10.0
    side: int = 480

    def __post_init__(self) -> None:
        if self.kind not in WRITERS:
            raise ExportError(N_("There is no film called {name}. Choose one of: {allowed}."), name=repr(self.kind),
                              allowed=", ".join(WRITERS))  # fmt: skip
        largest = WRITERS[self.kind].side
        if not (SHORTEST <= self.seconds <= LONGEST and SMALLEST <= self.side <= largest):
            raise ExportError(
                N_("A film as {kind} lasts {shortest:g} to {longest:g} seconds and is {smallest} to {largest} pixels wide, not "
                   "{seconds:g} seconds and {side} pixels."), kind=WRITERS[self.kind].title, shortest=SHORTEST, longest=LONGEST,
                smallest=SMALLEST, largest=largest, seconds=self.seconds, side=self.side)  # fmt: skip


def kept(folder: RunFolder) -> list[int]:
    """The steps that a film of this run can show, the oldest first."""
    return Darkroom(folder).steps()


def chosen(kept: list[int], plan: FilmPlan) -> list[int]:
    """The kept steps nearest to steps evenly apart: one for each picture of the film, the same one again where few are kept. Raises
    ExportError."""
    if len(kept) < FEWEST:
        raise ExportError(TOO_FEW, count=len(kept), fewest=FEWEST)
    count = min(WRITERS[plan.kind].frames, round(plan.seconds * _FASTEST), max(len(kept), round(plan.seconds * 5)))
    steps = np.array(sorted(kept))
    wanted = np.linspace(steps[0], steps[-1], count)
    right = np.searchsorted(steps, wanted).clip(1, len(steps) - 1)
    nearest = np.where(wanted - steps[right - 1] <= steps[right] - wanted, right - 1, right)
    return [int(step) for step in steps[nearest]]


def picture(room: Darkroom, step: int, last: int, side: int) -> Image.Image:
    """One picture of the film, `side` wide and a little higher: the moment, a bar that grows with the steps, and the step."""
    strip = _strip(side)
    sheet = Image.new("RGB", (side, side + strip), _PAPER)
    sheet.paste(stills.large(room.snapshot(step), side), (0, 0))
    draw = ImageDraw.Draw(sheet)
    margin, middle = strip // 2, side + strip / 2
    font = ImageFont.load_default(strip * 0.5)
    text = f"step {step:,}"
    draw.text((margin, middle), text, _INK, font, anchor="lm")
    left = margin + draw.textlength(f"step {last:,}", font) + margin
    bar = (left, middle - strip / 14, side - margin, middle + strip / 14)
    draw.rectangle(bar, _TRACK)
    draw.rectangle((bar[0], bar[1], bar[0] + (bar[2] - bar[0]) * step / max(last, 1), bar[3]), _BAR)
    return sheet


def _strip(side: int) -> int:
    """The height of what is written beneath; even, as films want it."""
    return 2 * max(14, side // 24)


def make(folder: RunFolder, plan: FilmPlan, out: Path, progress: Callable[[int, int], None] = lambda done, total: None,
         rest: float = 0.0) -> None:  # fmt: skip
    """Write the film of a run to `out`, whole or not at all. `progress(done, total)` is told of each picture and may raise to end it;
    `rest`: pause after each picture, in its own seconds. Raises ExportError, CheckpointError, OSError."""
    room = Darkroom(folder)
    steps = chosen(room.steps(), plan)
    side = plan.side // 2 * 2
    unfinished = out.with_name(f".new-{out.name}")

    def draw(number: int) -> Image.Image:
        progress(number, len(steps))
        begin = time.perf_counter()
        drawn = picture(room, steps[number], steps[-1], side)
        time.sleep(rest * (time.perf_counter() - begin))
        return drawn

    try:
        WRITERS[plan.kind].write(unfinished, draw, len(steps), len(steps) / plan.seconds)
        progress(len(steps), len(steps))
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


class FilmJob(FileJob):
    """A film being made."""

    def __init__(self, folder: RunFolder, plan: FilmPlan, run: str) -> None:
        self.plan = plan
        super().__init__(
            lambda out, heard: make(folder, plan, out, heard, _REST), run, f"{run}.{plan.kind}", "film", BROKE
        )

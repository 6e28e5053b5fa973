"""What is compared: two to eight entries; runs that differ in their seed alone are one entry, whose spread is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from gan_core import config as settings
from gan_core import registry
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.runs import frames, gauging
from gan_core.runs.curve_file import CurveFile
from gan_core.runs.curves import Curves, Stretch
from gan_core.runs.folder import RunFolder
from gan_core.runs.keeping import changes
from gan_core.text import N_

FEWEST, MOST = 2, 8
MOST_RUNS = 40
LETTERS = "ABCDEFGH"
ROWS = 2000  # of the curves, of each run
KINDS_DIFFER = N_(
    "Runs on points, on pictures and translations have nothing in common to compare: choose runs of one kind."
)
TOO_MANY = N_("At most {most} can be compared at once: the others are left out.")

_APART = ("seed", "engine")  # engines differ in the last digits: less than seeds do
Change = tuple[int, str, Any]  # step, dotted name, new value


@dataclass(frozen=True)
class Compared:
    """One run as its folder has it. config: at step 0; changed: what was changed later, in order; final: what was measured last, by the names of
    curves, at `final_step`: it comes to the curves only with the next look, which a run that rests does not take."""

    id: str
    folder: RunFolder
    name: str = ""
    status: str = ""
    step: int = 0
    config: RunConfig = field(default_factory=RunConfig)
    changed: tuple[Change, ...] = ()
    final: Mapping[str, float] = field(default_factory=dict)
    final_step: int = 0

    @staticmethod
    def read(run_id: str, folder: RunFolder, name: str = "", status: str = "") -> Compared:
        """`status`: as the server has it, if it knows better than the file. Raises CheckpointError, ConfigError."""
        said = folder.facts()
        changed = tuple(
            (entry["step"], name, value)
            for entry in folder.journal()
            for name, value in changes(entry).items()
            if settings.field(name).spec.marked
        )
        final, final_step = _final(said)
        return Compared(
            run_id, folder, name, status or str(said.get("status", "")), int(said.get("step") or 0), folder.config(), changed, final, final_step
        )  # fmt: skip

    @cached_property
    def curves(self) -> Stretch:
        """Its curves so far, of the series `frames.KEPT_NAMES`; no rows before the first."""
        try:
            stat = self.folder.curves.path.stat()
        except OSError:
            return Curves(frames.KEPT_NAMES).window(0, math.inf)
        return _read(self.folder.curves.path, stat.st_mtime_ns, stat.st_size)


def _final(said: Mapping[str, Any]) -> tuple[dict[str, float], int]:
    """What run.json says was measured last, and at which step; nothing where it does not say the step, as earlier versions did not."""
    known, step = said.get("metrics"), said.get("metrics_step")
    if not isinstance(known, dict) or type(step) is not int:
        return {}, 0
    values = {name: float(value) for name, value in known.items() if isinstance(value, (int, float))}
    found = {name: value for name, value in values.items() if name in frames.CURVES and name in registry.metric}
    if values.get("modes_total") and "modes" in values:
        found["coverage"] = values["modes"] / values["modes_total"]
    judged = gauging.read(said.get("judged"))
    if judged is not None and judged.step == step:  # one that is older has come to the curves
        found |= {name: value for name, value in gauging.charted(judged).items() if name in frames.CURVES}
    return found, step


@lru_cache(maxsize=2 * MOST_RUNS)
def _read(path: Path, _changed: int, _size: int) -> Stretch:
    """The curves in a file that has not changed since."""
    return CurveFile(path).load(frames.KEPT_NAMES, 1 << 53).window(0, math.inf, ROWS)


@dataclass(frozen=True)
class Entry:
    """One thing that is compared: a run, or several that differ in their seed alone."""

    letter: str
    runs: tuple[Compared, ...]

    @property
    def config(self) -> RunConfig:
        """The settings at step 0, with the seed of the first."""
        return self.runs[0].config

    @property
    def place(self) -> int:
        """Its number, from 0: of colours and dashes."""
        return LETTERS.index(self.letter)

    @property
    def seeds(self) -> list[int]:
        """The seeds, in the order of the runs."""
        return [run.config.seed for run in self.runs]


def entries(runs: Sequence[Compared]) -> list[Entry]:
    """Those that differ in their seed alone together, in the order in which they come; a seed that is there twice is another entry, since it
    adds nothing to the spread. At most MOST. Raises ConfigError for runs of several kinds."""
    if len({run.config.kind for run in runs}) > 1:
        raise ConfigError(KINDS_DIFFER)
    found: dict[tuple[Any, ...], list[Compared]] = {}
    for run in runs:
        key, copy = _alike(run), 0
        while any(run.config.seed == other.config.seed for other in found.get((key, copy), [])):
            copy += 1
        found.setdefault((key, copy), []).append(run)
    return [Entry(letter, tuple(group)) for letter, group in zip(LETTERS, found.values(), strict=False)]


def _alike(run: Compared) -> tuple[Any, ...]:
    """What two runs have in common that differ in their seed alone."""
    known = (f.name for f in settings.fields() if f.name not in _APART and f.spec.marked)
    return tuple((name, settings.get(run.config, name)) for name in known), run.changed


def read_all(asked: Sequence[tuple[str, RunFolder, str, str]]) -> tuple[list[Compared], list[PlaygroundError]]:
    """The runs (id, folder, name, status) that can be read, each once, and what is wrong with the others."""
    found, problems = dict[str, Compared](), list[PlaygroundError]()
    for run_id, folder, name, status in asked:
        if run_id in found:
            continue
        try:
            found[run_id] = Compared.read(run_id, folder, name, status)
        except PlaygroundError as error:
            problems.append(error)
    return list(found.values()), problems

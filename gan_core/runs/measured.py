"""measures/: what was measured of a run on demand, a small file an evaluation, named by its step, its features and how many samples.

measures/000000001200-classifier-5000.json   {"step", "time", "features", "classes", "found"}
"""

from __future__ import annotations

import json
import logging
import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_core.errors import CheckpointError, DataError, PlaygroundError, RunError, named, reason_of
from gan_core.metrics.measure import Measure, comparable, from_flat
from gan_core.runs import atomic
from gan_core.text import N_

log = logging.getLogger(__name__)

MOST = 100  # files of a run; the oldest go
_NAME = re.compile(r"([0-9]{12,18})-([a-z]+)-([0-9]+)\.json")
GONE = N_("The run in {path} is gone: it was deleted or moved meanwhile.")
_DAMAGED = N_(
    "{path} does not hold what was measured ({reason}). Measure again, or delete this file; the other results are whole."
)


@dataclass(frozen=True)
class Measured:
    """One evaluation: of the weights at `step`, at a `time` (ISO 8601), by the `features` of that name; `classes`: their names, where
    there are any; `found`: `Evaluation.found`."""

    step: int
    time: str
    features: str
    classes: tuple[str, ...]
    found: Mapping[str, Any]

    @property
    def measures(self) -> list[Measure]:
        """The figures, in the order of the registry."""
        return from_flat(self.found)

    @property
    def samples(self) -> int:
        """Of how many samples all of them are."""
        return max(measure.samples for measure in self.measures)

    def before(self, name: str, others: list[Measured]) -> tuple[int, Measure] | None:
        """The step and the value of the last earlier measurement of a figure that may be compared with this one."""
        mine = next(m for m in self.measures if m.name == name)
        for other in sorted(others, key=lambda one: one.step, reverse=True):
            for measure in other.measures if other.step < self.step else ():
                if measure.name == name and _may_compare(measure, mine):
                    return other.step, measure
        return None


def _may_compare(a: Measure, b: Measure) -> bool:
    try:
        comparable(a, b)
    except DataError:
        return False
    return True


class MeasuredFiles:
    """The folder with them. Any thread may write, any process may read; each file is whole or not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, measured: Measured) -> None:
        """Write one, in the place of another of the same step, features and number. Raises RunError where the run is gone or the disk
        refuses, DataError for a figure that is not a number."""
        name = f"{measured.step:012}-{measured.features}-{measured.samples}.json"
        if not all(math.isfinite(m.value) for m in measured.measures):
            raise DataError(N_("A figure is not a number: there is nothing to keep."))
        try:
            self.path.mkdir(exist_ok=True)
            atomic.write_text(self.path / name, json.dumps(asdict(measured), ensure_ascii=False, allow_nan=False))
        except FileNotFoundError:
            raise RunError(GONE, path=self.path.parent.name) from None
        except OSError as error:
            raise RunError(N_("{path} cannot be written: {reason}."), path=named(self.path / name), reason=reason_of(error)) from None  # fmt: skip
        for file in sorted(self._files(), key=lambda file: file.stat().st_mtime_ns)[:-MOST]:
            file.unlink(missing_ok=True)

    def read(self) -> tuple[list[Measured], list[PlaygroundError]]:
        """All that are whole, those of the latest step first (of one step the newest), and what is wrong with each of the others."""
        found: list[Measured] = []
        problems: list[PlaygroundError] = []
        for file in self._files():
            try:
                found.append(_checked(json.loads(file.read_text(encoding="utf-8"))))
            except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
                log.warning("%s cannot be read: %s", file, error)
                problems.append(CheckpointError(_DAMAGED, path=named(file), reason=_reason(error)))
        return sorted(found, key=lambda one: (one.step, one.time), reverse=True), problems

    def forget(self) -> None:
        """The run begins anew."""
        shutil.rmtree(self.path, ignore_errors=True)

    def forget_after(self, step: int) -> None:
        """The run goes on from `step`: what was measured of later ones never happened."""
        for file in self._files():
            if _step_of(file) > step:
                file.unlink(missing_ok=True)

    def share_with(self, other: MeasuredFiles, step: int) -> None:
        """Give another run what holds up to `step`, where it branches off. Raises OSError."""
        for file in (one for one in self._files() if _step_of(one) <= step):
            other.path.mkdir(exist_ok=True)
            atomic.write_bytes(other.path / file.name, file.read_bytes())

    def _files(self) -> list[Path]:
        return sorted(file for file in self.path.glob("*.json") if _NAME.fullmatch(file.name))


def _step_of(file: Path) -> int:
    found = _NAME.fullmatch(file.name)
    assert found is not None
    return int(found[1])


def _reason(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def _checked(said: Any) -> Measured:
    """A file as it was written. Raises ValueError, LookupError or TypeError for anything else."""
    found = said["found"]
    measured = Measured(
        int(said["step"]), str(said["time"]), str(said["features"]), tuple(map(str, said["classes"])), dict(found)
    )
    if not measured.measures:
        raise ValueError("no figures")
    for m in measured.measures:
        numbers = (m.value, *(x for x in (m.floor, m.spread) if x is not None))
        if not all(isinstance(x, (int, float)) and math.isfinite(x) for x in numbers):
            raise ValueError(f"{m.name} is not a number")
        if not isinstance(m.samples, int) or not isinstance(m.reference, int):
            raise TypeError(f"{m.name} is of no number of samples")
        if not all(isinstance(text, str) for text in (m.by, m.features, m.features_key, m.data)):
            raise TypeError(f"{m.name} is by no features")
    shares = measured.found.get("class_shares", [])
    if not isinstance(shares, list) or not all(isinstance(share, (int, float)) for share in shares):
        raise TypeError("no shares of the classes")
    return measured

"""A run again with another seed: the same settings, the same changes at the same steps, and the same end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError, PlaygroundError, RunError
from gan_core.runs.folder import RunFolder
from gan_core.runs.keeping import changes
from gan_core.text import N_

FACT = "repeats"  # what it is called in run.json
MOST_SEEDS = 10
DONE = N_("It has come as far as the run that it repeats: step {step}. Resume goes on.")
NOTHING_YET = N_("This run has not taken a step yet: there is nothing to repeat.")
SEEDS = N_("Runs can be repeated with the seeds 1 to {most} at most, not {n}.")


@dataclass(frozen=True)
class Repeat:
    """What a repeated run is kept to: `run` is the id of the first one; `until`: the step at which to rest (0: at the end of the schedule);
    told: (step, new values by dotted name), in their order."""

    run: str
    until: int
    told: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    @staticmethod
    def of(run_id: str, folder: RunFolder, now: Mapping[str, Any] | None = None) -> Repeat:
        """Of the run in a folder, as far as it has come; `now`: step and status that are newer than its files. Raises RunError where it has
        not begun, CheckpointError."""
        said = folder.facts() | dict(now or {})
        step = int(said.get("step") or 0)
        if not step:
            raise RunError(NOTHING_YET)
        told = tuple((e["step"], changes(e)) for e in folder.journal() if e.get("changes") and e["step"] <= step)
        ends_by_itself = said.get("status") == "finished" and not said.get(FACT)
        return Repeat(run_id, 0 if ends_by_itself else step, told)

    def next_stop(self, step: int) -> int | None:
        """The next step after this one at which something happens; None: nothing more."""
        return min((at for at in (self.until, *(at for at, _values in self.told)) if at > step), default=None)

    def told_at(self, step: int) -> list[Mapping[str, Any]]:
        """The changes at this step."""
        return [values for at, values in self.told if at == step]

    def facts(self) -> dict[str, Any]:
        """For run.json."""
        return {"run": self.run, "until": self.until, "told": [[step, dict(values)] for step, values in self.told]}

    @staticmethod
    def read(said: Any, config: RunConfig) -> Repeat | None:
        """As run.json says it; None where it says nothing, or nothing that can be followed."""
        try:
            told = tuple((int(step), dict(values)) for step, values in said["told"])
            for _step, values in told:
                config = replace(config, values)
            return Repeat(str(said["run"]), int(said["until"]), told)
        except (LookupError, ValueError, TypeError, AttributeError, PlaygroundError):
            return None


def seeds(n: int) -> range:
    """1 … n. Raises ConfigError for fewer than one and too many."""
    if not 1 <= n <= MOST_SEEDS:
        raise ConfigError(SEEDS, most=MOST_SEEDS, n=n)
    return range(1, n + 1)

"""The tricks of the lesson `tricks`, as the lesson itself runs and judges them, from more seeds than there.

`python -m benchmarks.tricks` or `gan-playground bench tricks`: seven configurations, six seeds each, a few minutes. For each trick the figure (sliced
Wasserstein distance of 10,000 samples) at the end of every run, its difference from the runs without it with Welch's 95 % interval and the
verdict: of the lesson's three seeds, and of all six. Besides, the share of high-quality samples and the reverse KL.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks._machine import machine
from benchmarks._train import go_on
from gan_core.comparison.entries import Compared
from gan_core.config import RunConfig
from gan_core.lessons import trials
from gan_core.lessons.lesson import Trial
from gan_core.lessons.tricks import LESSON
from gan_core.runs import facts
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession

SEEDS = tuple(range(1, 7))
_BESIDES = ("quality", "reverse_kl")
TRIAL = next(part for part in LESSON.parts if isinstance(part, Trial))


def run() -> dict[str, object]:
    """One line of figures a trick."""
    every = replace(TRIAL, seeds=SEEDS)
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        plain = _trained(every, "", Path(folder))
        found["plain"] = _figures(plain)
        for trick in TRIAL.tricks:
            tried = _trained(every, trick, Path(folder))
            few = len(TRIAL.seeds)
            found[trick] = _figures(tried) | {
                f"{few} seeds": _judged(TRIAL, plain[:few], tried[:few]),
                f"{len(SEEDS)} seeds": _judged(every, plain, tried),
            }
            print(trick, found[trick], file=sys.stderr, flush=True)
    return found | {"machine": machine()}


def _trained(trial: Trial, trick: str, folder: Path) -> list[Compared]:
    begin = time.perf_counter()
    runs = [trained(config, folder / f"{trick or 'plain'}-{config.seed}") for config in trial.configs(trick)]
    print(trick or "plain", f"{time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    return runs


def trained(config: RunConfig, path: Path) -> Compared:
    """A run to the end of its schedule, as its folder tells it."""
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "", config))
    session = TrainingSession(path.name, "", config, folder)
    session.prepare()
    go_on(session)
    session.release()
    return Compared.read(path.name, folder)


def _figures(runs: list[Compared]) -> dict[str, Any]:
    return {name: [round(run.final[name], 4) for run in runs] for name in (TRIAL.figure, *_BESIDES)}


def _judged(trial: Trial, plain: list[Compared], tried: list[Compared]) -> dict[str, Any]:
    outcome = trials.outcome(trial, plain, tried)
    assert outcome is not None
    difference = outcome.difference
    ends = [round(value, 3) for value in (difference.value, difference.low, difference.high)]
    means = [round(statistics.fmean(values), 3) for values in (outcome.plain, outcome.tried)]
    return {"means": means, "difference": ends[0], "interval": ends[1:], "verdict": outcome.verdict}


if __name__ == "__main__":
    run()

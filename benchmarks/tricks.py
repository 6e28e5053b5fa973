"""The tricks of the lesson `tricks`, as the lesson itself runs and judges them, from more seeds than there.

`python -m benchmarks.tricks` or `gan-playground bench tricks`: seven configurations on points and three on a hundred small digits, six seeds each,
some ten minutes; `python -m benchmarks.tricks pictures`: the digits alone. For each trick the figure of its trial (points: sliced Wasserstein distance of
10,000 samples; pictures: Fréchet distance of 1,000) at the end of every run, its difference from the runs without it with Welch's 95 % interval and the
verdict: of the lesson's three seeds, and of all six. Besides, the share of high-quality samples and the reverse KL; of pictures precision and recall.
"""

import json
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
from gan_core.runs.gauging import Gauge
from gan_core.runs.session import TrainingSession

SEEDS = tuple(range(1, 7))
_BESIDES = ("quality", "reverse_kl", "precision", "recall")
TRIALS = tuple(part for part in LESSON.parts if isinstance(part, Trial))


def run(only: list[str] | None = None) -> dict[str, object]:
    """One line of figures a trick of each trial, or of those named."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for trial in TRIALS:
            if not only or trial.id in only:
                found |= _trial(trial, Path(folder))
    return found | {"machine": machine()}


def _trial(trial: Trial, folder: Path) -> dict[str, object]:
    every, few = replace(trial, seeds=SEEDS), len(trial.seeds)
    plain = _trained(every, "", folder)
    found: dict[str, object] = {trial.place(): _figures(trial, plain)}
    print(found, file=sys.stderr, flush=True)
    for trick in trial.tricks:
        tried = _trained(every, trick, folder)
        found[trial.place(trick)] = _figures(trial, tried) | {
            f"{few} seeds": _judged(trial, plain[:few], tried[:few]),
            f"{len(SEEDS)} seeds": _judged(every, plain, tried),
        }
        print(trick, found[trial.place(trick)], file=sys.stderr, flush=True)
    return found


def _trained(trial: Trial, trick: str, folder: Path) -> list[Compared]:
    begin = time.perf_counter()
    runs = [trained(config, folder / f"{trial.place(trick)}-{config.seed}") for config in trial.configs(trick)]
    print(trial.place(trick), f"{time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    return runs


def trained(config: RunConfig, path: Path) -> Compared:
    """A run to the end of its schedule, as a server trains it and its folder tells it."""
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "", config))
    session = TrainingSession(path.name, "", config, folder, gauge=Gauge())
    session.prepare()
    go_on(session)
    session.release()
    return Compared.read(path.name, folder)


def _figures(trial: Trial, runs: list[Compared]) -> dict[str, Any]:
    names = [name for name in (trial.figure, *_BESIDES) if name in runs[0].final]
    return {name: [round(run.final[name], 4) for run in runs] for name in names}


def _judged(trial: Trial, plain: list[Compared], tried: list[Compared]) -> dict[str, Any]:
    outcome = trials.outcome(trial, plain, tried)
    assert outcome is not None
    difference = outcome.difference
    ends = [round(value, 3) for value in (difference.value, difference.low, difference.high)]
    means = [round(statistics.fmean(values), 3) for values in (outcome.plain, outcome.tried)]
    return {"means": means, "difference": ends[0], "interval": ends[1:], "verdict": outcome.verdict}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:]), indent=2))

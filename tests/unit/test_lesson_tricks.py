"""Tricks on trial: which runs are made, when something can be said, and whether it is what the luck tool says of the same numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from _eyes import Corners
from scipy import stats

from benchmarks.tricks import TRIALS, trained
from gan_core import config as settings
from gan_core.comparison.entries import Compared
from gan_core.data.sets import ImageSet
from gan_core.lessons import trials
from gan_core.lessons.lesson import Lesson, Prose, Task, Trial
from gan_core.lessons.progress import Progress, Record, read
from gan_core.metrics.classes import shares_of
from gan_core.metrics.features import Judges
from gan_core.runs import gauging
from gan_core.runs.folder import RunFolder

TRIAL, PICTURES = TRIALS
SHORT = replace(TRIAL, steps=30)
RUNS = {"plain": (0.52, 0.69, 0.53), "noise": (0.08, 0.10, 0.09), "ema": (0.50, 0.70, 0.55)}


def told(trick: str, values: tuple[float, ...] | None = None, **said: object) -> list[Compared]:
    """Runs that have ended with these values of the trial's figure."""
    configs = TRIAL.configs("" if trick == "plain" else trick)
    each = values or RUNS[trick]
    facts = {"status": "finished", "step": TRIAL.steps, "final_step": TRIAL.steps} | said
    return [
        Compared(f"{trick}-{config.seed}", RunFolder(Path(trick)), config=config, final={TRIAL.figure: value}, **facts)  # type: ignore[arg-type]
        for config, value in zip(configs, each, strict=True)
    ]


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.id)
def test_runs_with_a_trick_differ_in_it_and_their_seed_alone(trial: Trial) -> None:
    plain = trial.configs()
    assert [config.seed for config in plain] == [1, 2, 3]
    for trick, changes in trial.tricks.items():
        for without, tried in zip(plain, trial.configs(trick), strict=True):
            assert {*settings.differences(without, tried)} == {*changes}
            assert tried.horizon == trial.steps * tried.batch_size * tried.k_d


def test_the_interval_is_that_of_welch() -> None:
    found = trials.outcome(TRIAL, told("plain"), told("noise"))
    assert found is not None
    test = stats.ttest_ind(RUNS["noise"], RUNS["plain"], equal_var=False)
    low, high = test.confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))
    assert found.difference.beyond == bool(test.pvalue < 0.05)
    assert found.verdict == "better"
    said = trials.verdict(TRIAL, trials.entries(told("plain"), told("noise")), found)
    assert said.best.letter == "B"
    assert [other.letter for other, _difference in said.others] == ["A"]
    assert said.values["A"].mean == pytest.approx(0.58)
    back = trials.outcome(TRIAL, told("noise"), told("plain"))
    assert back is not None
    assert back.verdict == "worse"


def test_nothing_is_said_before_all_have_ended() -> None:
    plain, tried = told("plain"), told("noise")
    assert trials.outcome(TRIAL, plain[:2], tried) is None
    assert trials.outcome(TRIAL, plain, [*tried[:2], tried[0]]) is None
    for said in (
        {"status": "running"},
        {"final_step": 599},
        {"final_step": 700},
        {"changed": ((3, "batch_size", 32),)},
    ):
        assert trials.outcome(TRIAL, plain, told("noise", **said)) is None  # type: ignore[arg-type]
    other = [replace(one, config=settings.replace(one.config, {"seed": 9})) for one in tried]
    assert trials.outcome(TRIAL, plain, other) is None


def test_tasks_see_how_many_differ() -> None:
    plain = told("plain")
    outcomes = {trick: trials.outcome(TRIAL, plain, told(trick)) for trick in ("noise", "ema")}
    tasks = {task.id: task for task in TRIAL.tasks}

    def ticked(*tricks: str) -> set[str]:
        sight = trials.sight({trick: outcomes[trick] for trick in tricks} | {"clipping": None})
        return {name for name, task in tasks.items() if task.is_done(sight)}

    assert ticked() == set()
    assert ticked("noise") == {"first", "beyond"}
    assert ticked("ema") == {"first", "within"}
    assert ticked("noise", "ema") == {"first", "beyond", "within"}
    predicted = {"noise": "better", "ema": "worse", "clipping": "same"}
    assert trials.agreed(outcomes.items(), predicted) == (1, 2)


def test_progress_keeps_the_runs_and_predictions_of_a_trial() -> None:
    lesson = Lesson("one", 5, (Prose("p"), replace(TRIAL, tasks=(Task("t"),), after=())))
    ids = tuple(f"ring-20260101-000000-00000{i}" for i in range(3))
    record = Record({"trial.ema": "same"}, frozenset({"trial.t"}), {"trial.plain": ids, "trial.ema": ids})
    whole = Progress({"one": record})
    assert read(whole.write(), {"one": lesson}) == (whole, True)
    for wrong in (
        {"answers": {"trial.ema": "perhaps"}},
        {"answers": {"trial.none": "same"}},
        {"runs": {"trial.none": list(ids)}},
    ):
        found, fine = read(json.dumps({"v": 1, "lessons": {"one": wrong}}), {"one": lesson})
        assert not fine
        assert found.of("one") == Record()


def test_a_run_ends_by_itself_with_its_figure(tmp_path: Path) -> None:
    run = trained(SHORT.configs("noise")[0], tmp_path / "run")
    assert (run.status, run.step, run.final_step) == ("finished", 30, 30)
    value = trials.ended(SHORT, run)
    assert value is not None
    assert math.isfinite(value)
    assert trials.ended(TRIAL, run) is None


def test_a_run_of_pictures_ends_with_its_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def corners(data: ImageSet) -> Iterator[None]:
        assert data.labels is not None
        yield
        return Judges(eyes := Corners(key="trial", block=2000), eyes, shares_of(data.labels % 4, 4), 0.9)

    monkeypatch.setattr(gauging.features, "pieces", corners)
    short = replace(PICTURES, steps=4)
    run = trained(short.configs("diffaugment")[0], tmp_path / "run")
    assert (run.status, run.step, run.final_step) == ("finished", 4, 4)
    assert run.config.kind == "images"
    assert math.isfinite(trials.ended(short, run) or math.nan)


GOALS = [pytest.param(trial, task, id=f"{trial.id}.{task.id}") for trial in TRIALS for task in trial.tasks if task.goal]


@pytest.mark.long
@pytest.mark.parametrize(("trial", "task"), GOALS)
def test_the_goals_are_reached_by_their_solutions_and_not_without(trial: Trial, task: Task, tmp_path: Path) -> None:
    def runs(trick: str) -> list[Compared]:
        return [trained(config, tmp_path / f"{trick}-{config.seed}") for config in trial.configs(trick)]

    trick, plain = str(task.solution["trick"]), runs("")
    assert not task.is_done(trials.sight({trick: trials.outcome(trial, plain, [])}))
    assert task.is_done(trials.sight({trick: trials.outcome(trial, plain, runs(trick))}))

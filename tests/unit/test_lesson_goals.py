"""The goals of the lessons, trained: the settings that a lab starts with do not reach them, the reference solution does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gan_core import config as settings
from gan_core.lessons import LESSONS
from gan_core.lessons.lesson import Figure, Lab, Task
from gan_core.lessons.looks import LOOKS
from gan_core.lessons.sight import Sight, of_session
from gan_core.metrics.evaluation import Evaluation
from gan_core.metrics.features import get_judges
from gan_core.metrics.measuring import samples_now
from gan_core.runs import gauging, headless
from gan_core.runs.session import TrainingSession

GOALS = [
    (name, part, task)
    for name, lesson in LESSONS.items()
    for part in lesson.parts
    if isinstance(part, Lab)
    for task in part.tasks
    if task.goal
]
FIRST = {name: next(task.id for other, _part, task in GOALS if other == name) for name, _part, _task in GOALS}
_cases = [pytest.param(part, task, id=f"{name}-{part.id}-{task.id}", marks=() if FIRST[name] == task.id else pytest.mark.long)
          for name, part, task in GOALS]  # fmt: skip


@pytest.mark.parametrize(("lab", "task"), _cases)
def test_the_solution_reaches_the_goal_and_the_beginning_does_not(lab: Lab, task: Task, tmp_path: Path) -> None:
    assert not reached(lab, task, tmp_path / "start", solved=False)
    assert reached(lab, task, tmp_path / "solved", solved=True)


def reached(lab: Lab, task: Task, folder: Path, *, solved: bool) -> bool:
    """Whether the task ticks itself somewhere up to its last step."""
    solution = dict(task.solution) if solved else {}
    fixed = {name for name in solution if not settings.field(name).spec.live}
    assert set(solution) <= {*lab.controls}
    assert not fixed or task.at_step == 0
    at_start = solution if task.at_step == 0 else {}
    session = headless.start(
        settings.replace(lab.config, {"seed": 0, "engine": "eager", **at_start}), folder, folder.parent
    )
    headless.begin(session)
    found = False
    looks = range(task.after_step, task.by_step + 1, 50) if lab.config.kind == "points" else [task.by_step]
    for step in sorted({task.at_step, *looks} - {0}):
        headless.go(session, step, None, lambda: None)
        if step == task.at_step and solution:
            session.change(solution)
        if found := task.is_done(seen(session, task)):
            break
    headless.finish(session)
    return found


def seen(session: TrainingSession, task: Task) -> Sight:
    """What the run shows; of pictures with what is otherwise measured beside the training, for as long as that takes."""
    session.final_metrics()
    sight = of_session(session)
    if all(target.figure in sight.figures for target in task.targets):
        return sight
    trainer = session.trainer
    assert trainer is not None
    judges = get_judges("classifier", trainer.data)
    evaluation = Evaluation(samples_now(trainer.players), gauging.SAMPLES, trainer.data, judges, told=bool(session.config.classes),
                            only=gauging.SHOWN, repeats=False)  # fmt: skip
    for _step in evaluation.steps():
        pass
    return replace(sight, figures={**sight.figures, **{one.name: one.value for one in evaluation.measures}})


FIGURES = [pytest.param(part, task, id=f"{name}-{part.id}-{task.id}") for name, lesson in LESSONS.items() for part in lesson.parts
           if isinstance(part, Figure) and part.name in LOOKS for task in part.tasks if task.goal]  # fmt: skip


@pytest.mark.parametrize(("figure", "task"), FIGURES)
def test_the_solution_of_a_figure_reaches_the_goal_and_the_beginning_does_not(figure: Figure, task: Task) -> None:
    look = LOOKS[figure.name]
    assert not task.is_done(look(figure.start))
    assert task.is_done(look({**figure.start, **task.solution}))

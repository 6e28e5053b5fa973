"""The goals of the lessons, trained: the settings that a lab starts with do not reach them, the reference solution does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core import config as settings
from gan_core.lessons import LESSONS
from gan_core.lessons.lesson import Figure, Lab, Task
from gan_core.lessons.looks import LOOKS
from gan_core.lessons.sight import of_session
from gan_core.runs import headless

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
    for step in sorted({task.at_step, *range(task.after_step, task.by_step + 1, 50)} - {0}):
        headless.go(session, step, None, lambda: None)
        if step == task.at_step and solution:
            session.change(solution)
        session.final_metrics()
        found = found or task.is_done(of_session(session))
    headless.finish(session)
    return found


FIGURES = [pytest.param(part, task, id=f"{name}-{part.id}-{task.id}") for name, lesson in LESSONS.items() for part in lesson.parts
           if isinstance(part, Figure) for task in part.tasks if task.goal]  # fmt: skip


@pytest.mark.parametrize(("figure", "task"), FIGURES)
def test_the_solution_of_a_figure_reaches_the_goal_and_the_beginning_does_not(figure: Figure, task: Task) -> None:
    look = LOOKS[figure.name]
    assert not task.is_done(look(figure.start))
    assert task.is_done(look({**figure.start, **task.solution}))

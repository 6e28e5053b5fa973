"""Figures of a lesson that are drawn from the learner's own runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from test_runs import button, press, run, said
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gan_core.latent.tools import named
from gan_core.latent.tools import truncation as truncating
from gan_core.lessons import LESSONS, spaces
from gan_core.lessons.lesson import Figure
from gan_core.lessons.progress import Progress, Record
from gan_core.runs.gauging import MOST
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession

Open = Callable[..., AppTest]
Run = Callable[..., TrainingSession]
__all__ = ["run"]  # a fixture
_TINY = {"generator.width": 4, "discriminator.width": 4, "batch_size": 8}


class Quarters:
    """Ten classes by how light the parts of a picture are."""

    name, block = "quarters", 250

    def of(self, images: Tensor) -> Tensor:
        return adaptive_avg_pool2d(images.mean(1, keepdim=True), (2, 5)).flatten(1)

    def probabilities(self, features: Tensor) -> Tensor:
        return (20 * (features - features.mean(0))).softmax(1) if len(features) > 1 else features.softmax(1)


@pytest.fixture(autouse=True)
def eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (spaces, named, truncating):
        monkeypatch.setattr(module, "classifier_of", lambda _data: Quarters())


def learner(visit: Open, lesson: str, runs: dict[str, str], part: str) -> AppTest:
    """A learner with these runs, who has done what comes before a part."""
    app = visit("learn.py", lesson=lesson)
    found = next(one for one in LESSONS[lesson].parts if one.id == part)
    before = LESSONS[lesson].parts[: LESSONS[lesson].parts.index(found) + 1]
    record = Record(runs={lab: (run_id,) for lab, run_id in runs.items()}, opened=frozenset(one.id for one in before))
    app.session_state["learn.progress"] = Progress({lesson: record})
    app.run()
    assert not app.exception
    return app


def done(app: AppTest, lesson: str) -> frozenset[str]:
    progress: Progress = app.session_state["learn.progress"]
    return progress.of(lesson).done


def small(run: Run, preset: str, **changes: Any) -> str:
    return run(preset=preset, **(_TINY | {name.replace("__", "."): value for name, value in changes.items()})).id


def test_two_spaces_are_drawn_from_the_learners_own_runs(visit: Open, run: Run) -> None:
    runs = {"gan": small(run, "r1", latent__dim=2), "vae": small(run, "vae", latent__dim=2)}
    app = learner(visit, "generative", runs, "compare")
    assert "compare.measured" not in done(app, "generative")
    press(app, "Compare them")
    assert "Grey pixels" in said(app)
    assert len(app.get("plotly_chart")) == 2
    assert done(app, "generative") == {"compare.measured"}
    app.select_slider(key="learn.generative.compare.from").set_value(9).run()
    assert not app.exception
    assert done(app, "generative") == {"compare.measured", "compare.elsewhere"}


def test_a_figure_without_its_runs_says_what_is_missing(visit: Open, run: Run) -> None:
    app = learner(visit, "generative", {"gan": small(run, "r1", latent__dim=2)}, "compare")
    assert any("start those above first" in one.value for one in app.info)


def test_a_run_that_was_deleted_is_told(visit: Open) -> None:
    app = learner(visit, "control", {"asked": "digits-20260101-000000-abcdef"}, "truncation")
    assert any("deleted" in one.value for one in app.warning)


def test_truncation_is_measured(visit: Open, run: Run) -> None:
    app = learner(visit, "control", {"asked": small(run, "acgan")}, "truncation")
    app.slider(key="learn.control.truncation.psi").set_value(0.3).run()
    assert done(app, "control") == {"truncation.low"}
    press(app, "Measure at 7 values of ψ")
    assert done(app, "control") == {"truncation.low", "truncation.measured"}
    table = next(one.value for one in app.markdown if one.value.startswith("| ψ"))
    assert table.count("\n") == 8
    assert "| 0 | " in table


def test_a_lab_whose_task_waits_for_a_measurement_is_measured_often(
    visit: Open, run: Run, scheduler: Scheduler
) -> None:
    app = learner(visit, "control", {}, "asked")
    app.button(key="learn.control.asked.start").click().run()
    progress: Progress = app.session_state["learn.progress"]
    found = scheduler.get(progress.of("control").runs["asked"][0])
    assert isinstance(found, TrainingSession)
    assert found.gauge is not None
    assert found.gauge.share == MOST


def test_categories_are_read(visit: Open, run: Run) -> None:
    app = learner(visit, "control", {"info": small(run, "infogan")}, "code")
    press(app, "Read the columns as they are now")
    assert "bits** in common" in said(app)


def test_a_direction_is_found(visit: Open, run: Run) -> None:
    app = learner(visit, "control", {"plain": small(run, "r1", latent__dim=8)}, "direction")
    app.selectbox(key="learn.control.direction.class").set_value(3).run()
    press(app, "Find the direction")
    found = said(app)
    assert "read as 3" in found or any("too few" in one.value for one in app.warning)
    assert button(app, "Find the direction")


def test_each_figure_of_runs_needs_labs_that_come_before_it() -> None:
    for lesson in LESSONS.values():
        labs: set[str] = set()
        for part in lesson.parts:
            if isinstance(part, Figure):
                assert set(part.needs) <= labs
            labs.add(part.id)


def test_pictures_lie_in_rows() -> None:
    from pages._ui.learn.explored import sheet

    pictures = torch.stack([torch.full((1, 2, 3), -1.0), torch.full((1, 2, 3), 1.0), torch.zeros(1, 2, 3)])
    found = sheet(pictures, 2)[::4, ::4]
    assert found.shape == (5, 7, 3)
    assert (found[:2, :3] == 0).all()
    assert (found[:2, 4:] == 255).all()
    assert (found[2] == found[3:, 4:].max()).all(), "what is empty is as the lines are"

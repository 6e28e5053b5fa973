"""Two kinds of parts of lessons, as a visitor uses them: tricks on trial, and figures that are no run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import registry
from gan_core.dirac import settings as dirac
from gan_core.dirac.settings import parse
from gan_core.dirac.verdict import facts as judged
from gan_core.lessons import LESSONS, texts
from gan_core.lessons.lesson import Figure, Lesson, Trial, tasks_of
from gan_core.lessons.progress import Progress, Record
from gan_core.runs.gauging import SAMPLES, Gauge
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.snapshots import Metrics
from gan_core.trainer import Trainer
from pages._ui.learn import figures

Open = Callable[..., AppTest]
KEPT = "learn.progress"


def record(app: AppTest, lesson: str) -> Record:
    found: Progress = app.session_state[KEPT]
    return found.of(lesson)


def opened(visit: Open, lesson: str, part: str, found: Record | None = None, **query: Any) -> AppTest:
    """The lesson with all that comes before this part done."""
    app = visit("learn.py", lesson=lesson, **query)
    ids = [one.id for one in LESSONS[lesson].parts]
    before = LESSONS[lesson].parts[: ids.index(part)]
    asks = LESSONS[lesson].asks()
    answers = {one.id: asks[one.id].right for one in before if one.id in asks}
    done = frozenset(f"{one.id}.{task.id}" for one in before for task in tasks_of(one))
    found = found or Record()
    merged = dataclasses.replace(found, answers={**answers, **found.answers}, done=done | found.done)
    app.session_state[KEPT] = Progress({lesson: merged})
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial with ten steps instead of hundreds."""
    lesson: Lesson = LESSONS["tricks"]
    parts = tuple(dataclasses.replace(one, steps=10) if isinstance(one, Trial) else one for one in lesson.parts)
    monkeypatch.setitem(LESSONS, "tricks", dataclasses.replace(lesson, parts=parts))


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=f"learn.{key}").click().run()
    assert not app.exception
    return app


def until_ended(scheduler: Scheduler, runs: Mapping[str, tuple[str, ...]]) -> None:
    """And until that is on the disk, where the lesson reads it."""
    deadline = time.monotonic() + 60
    for run_id in (i for ids in runs.values() for i in ids):
        while scheduler.store.folder(run_id).facts().get("status") != "finished":
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)


@pytest.mark.usefixtures("short")
def test_a_trick_is_predicted_then_tried_by_ordinary_runs(visit: Open, scheduler: Scheduler) -> None:
    app = opened(visit, "tricks", "trial")
    keys = {button.key for button in app.button}
    assert "learn.tricks.trial.smoothing.start" not in keys, "a prediction comes first"
    press(app, "tricks.trial.smoothing.give")
    assert any("no answer" in one.value for one in app.error)
    app.radio(key="learn.tricks.trial.smoothing").set_value("same")
    press(app, "tricks.trial.smoothing.give")
    assert record(app, "tricks").answers["trial.smoothing"] == "same"
    press(app, "tricks.trial.smoothing.start")
    runs = record(app, "tricks").runs
    assert {place: len(ids) for place, ids in runs.items()} == {"trial.plain": 3, "trial.smoothing": 3}
    sessions = [scheduler.get(i) for ids in runs.values() for i in ids]
    assert [run.config.seed for run in sessions if run is not None] == [1, 2, 3] * 2
    assert len({run.owner for run in sessions if run is not None}) == 1
    assert scheduler.store.about(runs["trial.smoothing"][1]).name == "Label smoothing, seed 2"
    until_ended(scheduler, runs)
    app.run()
    app.run()  # the ticks and what was said of them
    assert not app.exception
    assert record(app, "tricks").has("trial.first")
    table = next(one.value for one in app.markdown if "Label smoothing |" in one.value and "Seed" not in one.value)
    assert "may be chance" in table or "helped" in table or "harmed" in table


@pytest.mark.usefixtures("short")
def test_a_trial_whose_runs_were_deleted_says_so_and_starts_again(visit: Open, scheduler: Scheduler) -> None:
    gone = ("ring-20260101-000000-abcdef",) * 3
    found = Record({"trial.smoothing": "better"}, runs={"trial.plain": gone, "trial.smoothing": gone})
    app = opened(visit, "tricks", "trial", found)
    assert any("not here any more" in one.value for one in app.info)
    press(app, "tricks.trial.smoothing.start")
    assert set(record(app, "tricks").runs["trial.plain"]) != set(gone)
    assert len(scheduler.sessions()) == 6


@pytest.mark.usefixtures("short")
def test_other_runs_do_not_stand_in_for_those_of_a_trick(visit: Open, scheduler: Scheduler) -> None:
    trial = next(one for one in LESSONS["tricks"].parts if isinstance(one, Trial))
    ids = tuple(scheduler.create(config, "somebody").id for config in trial.configs())
    places = {"trial.plain": ids, "trial.noise": ids}
    until_ended(scheduler, places)
    app = opened(visit, "tricks", "trial", Record({"trial.noise": "same"}, runs=places))
    app.button_group(key="learn.tricks.trial.trick").set_value("noise").run()
    assert not app.exception
    assert not record(app, "tricks").has("trial.first")
    assert "learn.tricks.trial.noise.start" in {button.key for button in app.button}


@pytest.mark.usefixtures("short")
def test_pictures_on_trial_are_judged_by_the_figure_of_their_end(
    visit: Open, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is revealed of them comes with it, and the rest of the lesson has not waited."""

    def at_end(_gauge: Gauge, trainer: Trainer) -> Metrics:
        better = trainer.config.augmentation != "none"
        return Metrics({"fd": 40.0 + trainer.config.seed - 10 * better}, SAMPLES, trainer.step_count, {"fd": 0.5})

    monkeypatch.setattr(Gauge, "at_end", at_end)
    app = opened(visit, "tricks", "pictures")
    assert "learn.tricks.alarm.give" in {button.key for button in app.button}
    revealed = texts.of("tricks", "en")["pictured"].splitlines()[0]
    assert not any(revealed in one.value for one in app.markdown)
    app.radio(key="learn.tricks.pictures.diffaugment").set_value("better")
    press(app, "tricks.pictures.diffaugment.give")
    press(app, "tricks.pictures.diffaugment.start")
    runs = record(app, "tricks").runs
    assert {place: len(ids) for place, ids in runs.items()} == {"pictures.plain": 3, "pictures.diffaugment": 3}
    until_ended(scheduler, runs)
    app.run()
    app.run()  # the ticks and what was said of them
    assert not app.exception
    assert record(app, "tricks").has("pictures.first")
    table = next(one.value for one in app.markdown if "| DiffAugment |" in one.value)
    assert "-10" in table.replace("−", "-")
    assert "**helped**" in table
    assert any("You predicted it" in one.value for one in app.markdown)
    assert any(revealed in one.value for one in app.markdown)


def test_a_penalty_brings_the_weight_that_suits_the_lesson(visit: Open, scheduler: Scheduler) -> None:
    app = opened(visit, "distances", "critic")
    key = "learn.distances.critic"
    next(one for one in app.selectbox if one.label == "Penalty").set_value("wgan_gp").run()
    assert not app.exception
    press(app, "distances.critic.start")
    run: Any = scheduler.get(record(app, "distances").runs["critic"][0])
    assert (run.config.penalty, run.config.penalty_weight) == ("wgan_gp", 1.0)
    next(one for one in app.selectbox if one.label == "Penalty").set_value("r1").run()
    assert app.session_state[f"{key}.draft"].penalty_weight == registry.penalty["r1"].info["weight"]


@pytest.mark.parametrize(
    "part", [one for one in LESSONS["dirac"].parts if isinstance(one, Figure)], ids=lambda one: one.id
)
def test_a_locked_link_holds_what_the_step_does_not_ask_to_change(
    visit: Open, part: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, Any] = {}

    def lab(key: str, *, start: Mapping[str, Any], locked: Collection[str]) -> Any:
        held[key] = set(locked)
        return judged(parse(start))

    monkeypatch.setattr(figures, "dirac_lab", lab)
    opened(visit, "dirac", part.id, locked="1")
    assert held[f"learn.dirac.{part.id}"] == set(dirac.fields()) - set(part.controls)
    opened(visit, "dirac", part.id)
    assert held[f"learn.dirac.{part.id}"] == set()


def test_a_cloud_ticks_the_goal(visit: Open) -> None:
    app = opened(visit, "measuring", "cloud")
    assert not record(app, "measuring").has("cloud.near")
    app.slider(key="learn.measuring.cloud.width").set_value(0.7).run()
    assert not app.exception
    assert record(app, "measuring").has("cloud.near")


@pytest.mark.parametrize("part", [one for one in LESSONS["measuring"].parts if isinstance(one, Figure) and one.name == "digits"],
                         ids=lambda one: one.id)  # fmt: skip
def test_pictures_that_are_handed_in_tick_the_goals(visit: Open, part: Figure) -> None:
    app = opened(visit, "measuring", part.id, locked="1")
    key = f"learn.measuring.{part.id}"
    for task in part.tasks:
        assert not record(app, "measuring").has(f"{part.id}.{task.id}")
        start: dict[str, Any] = {"count": 0, "garbage": 0.0, "source": "unseen", "shift": 0}
        for name, value in (start | dict(task.solution)).items():
            if name not in part.start["controls"]:
                continue
            match name:
                case "count" | "shift":
                    app.select_slider(key=f"{key}.{name}").set_value(value)
                case "garbage":
                    app.slider(key=f"{key}.{name}").set_value(value)
                case "source":
                    app.radio(key=f"{key}.{name}").set_value(value)
        app.run()
        assert not app.exception
        assert record(app, "measuring").has(f"{part.id}.{task.id}"), task.id

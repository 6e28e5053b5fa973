"""The page Learn: lessons open part by part, answers are read with care, runs that are gone are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from _until import until
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets
from gan_core.errors import ConfigError
from gan_core.lessons import LESSONS, texts
from gan_core.lessons.progress import Progress, Record
from gan_core.lessons.sight import Sight
from gan_core.runs.scheduler import Scheduler
from pages._ui.learn.labs import LessonLab

Open = Callable[..., AppTest]


def said(app: AppTest) -> str:
    return "\n".join(
        str(element.value) for kind in ("header", "subheader", "markdown", "caption") for element in app.get(kind)
    )


def record(app: AppTest, lesson: str = "collapse") -> Record:
    found: Progress = app.session_state["learn.progress"]
    return found.of(lesson)


def put(app: AppTest, made: Record, lesson: str = "collapse") -> AppTest:
    app.session_state["learn.progress"] = Progress({lesson: made})
    return app.run()


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


def test_all_lessons_are_listed_in_their_order(visit: Open) -> None:
    app = visit("learn.py")
    assert [one.value for one in app.subheader] == [texts.of(name)["title"] for name in LESSONS]


@pytest.mark.parametrize("name", list(LESSONS))
def test_each_lesson_opens_and_closes_at_its_first_question(visit: Open, name: str) -> None:
    app = visit("learn.py", lesson=name)
    assert app.header[0].value == texts.of(name)["title"]
    assert "goes on here once the step above is done" in said(app)
    for part in LESSONS[name].parts[1:]:
        if part.after:
            assert texts.of(name)[part.id][:60] not in said(app)


@pytest.mark.parametrize(("query", "told"), [
    ({"lesson": "nothing"}, "There is no lesson called"), ({"lesson": "<script>"}, "There is no lesson called"),
    ({"lesson": "../collapse"}, "There is no lesson called"), ({"glossary": "nothing"}, "is not in the glossary"),
])  # fmt: skip
def test_a_wrong_address_is_told(visit: Open, query: dict[str, str], told: str) -> None:
    app = visit("learn.py", **query)
    assert [told in one.value for one in app.warning] == [True]


def test_the_glossary_begins_with_what_was_asked_for(visit: Open) -> None:
    app = visit("learn.py", glossary="mode-collapse")
    first = next(one.value for one in app.markdown if one.value.startswith("**"))
    assert first.startswith("**mode collapse**")


def test_a_prediction_opens_the_lab_and_stays(visit: Open) -> None:
    app = visit("learn.py", lesson="collapse")
    button(app, "This is my prediction").click().run()
    assert [one.value for one in app.error] == ["There is no answer yet\\."]
    app.radio[0].set_value("nothing")
    button(app, "This is my prediction").click().run()
    assert record(app).answers == {"guess": "nothing"}
    assert "You said" in said(app)
    assert not app.radio
    assert any(one.label == "Start training" for one in app.button)


@pytest.mark.parametrize(
    ("typed", "error"), [("a half", "is no number"), ("1e99", "lies between"), ("nan", "is no number")]
)
def test_what_is_no_number_is_told_and_nothing_is_lost(visit: Open, typed: str, error: str) -> None:
    app = visit("learn.py", lesson="collapse")
    done = Record({"guess": "few"}, frozenset({"cause.healthy", "cause.collapsed"}))
    put(app, done)
    app.text_input[0].set_value(typed)
    button(app, "Answer").click().run()
    assert error in app.error[0].value.replace("\\", "")
    assert record(app) == done
    app.text_input[0].set_value("1,386")
    button(app, "Answer").click().run()
    assert record(app).answers["kl"] == 1.386
    assert ":material/check_circle:" in said(app)


def test_the_reveal_says_what_was_predicted(visit: Open) -> None:
    app = visit("learn.py", lesson="collapse")
    done = frozenset({"cause.healthy", "cause.collapsed"})
    put(app, Record({"guess": "few"}, done))
    assert "You predicted it" in said(app)
    put(app, Record({"guess": "faster"}, done))
    assert "It came otherwise" in said(app)


def test_a_step_ticks_itself_when_the_run_shows_it(
    visit: Open, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("learn.py", lesson="collapse")
    monkeypatch.setattr(LessonLab, "sight", lambda self: Sight(300, {"modes": 8.0}, samples=10_000))
    put(app, Record({"guess": "few"}))
    assert "Modes 8" in said(app)
    assert "step 300 of 400" in said(app)
    assert "of 10,000 samples" in said(app)
    monkeypatch.setattr(LessonLab, "sight", lambda self: Sight(400, {"modes": 8.0}))
    app.run()
    assert record(app).done == {"cause.healthy"}
    assert said(app).count(":material/check_box:") == 1
    monkeypatch.setattr(LessonLab, "sight", lambda self: Sight(500, {"modes": 5.0}))
    assert record(app.run()).done == {"cause.healthy"}, "what is done stays done"


def test_a_run_starts_with_the_lessons_settings_and_follows_its_controls(visit: Open, scheduler: Scheduler) -> None:
    app = visit("learn.py", lesson="collapse")
    put(app, Record({"guess": "few"}))
    button(app, "Start training").click().run()
    (run,) = record(app).runs["cause"]
    session: Any = scheduler.get(run)
    assert session.config.k_d == 1
    assert not session.share
    next(one for one in app.slider if one.label == "D steps per iteration").set_value(5).run()
    assert session.expected_config.k_d == 5
    button(app, "As at the beginning").click().run()
    assert session.expected_config.k_d == 1


def test_what_a_lesson_leaves_behind_rests(visit: Open, scheduler: Scheduler) -> None:
    app = visit("learn.py", lesson="collapse")
    put(app, Record({"guess": "few"}))
    button(app, "Start training").click().run()
    (first,) = record(app).runs["cause"]
    button(app, "Start anew").click().run()
    (second,) = record(app).runs["cause"]
    assert second != first
    until(lambda: scheduler.get(first).status == "paused")
    assert "went on with another run" in str(scheduler.get(first).message)
    assert scheduler.get(second).is_active
    everything = LESSONS["collapse"]
    every = {ask.id: (ask.right if ask.is_number else ask.options[0]) for ask in everything.asks().values()}
    put(app, Record(every, frozenset(everything.steps) - every.keys(), {"cause": (second,)}))  # type: ignore[arg-type]
    button(app, "Begin this lesson anew").click().run()
    until(lambda: scheduler.get(second).status == "paused")


def test_the_run_of_a_step_that_is_done_rests_as_the_next_begins(visit: Open, scheduler: Scheduler) -> None:
    app = visit("learn.py", lesson="collapse")
    answers: dict[str, str | float] = {"guess": "few", "kl": 1.386, "losses": "no", "which": "penalty"}
    put(app, Record(answers, frozenset({"cause.healthy", "cause.collapsed"})))
    button(app, "Start training").click().run()
    button(app, "Start training").click().run()
    (cause,), (cure,) = record(app).runs["cause"], record(app).runs["cure"]
    until(lambda: scheduler.get(cause).status == "paused")
    assert "went on with another run" in str(scheduler.get(cause).message)
    button(app, "Start anew").click().run()  # to see it once more
    assert scheduler.get(cure).is_active, "nothing of it is done yet"


def test_a_run_that_is_gone_is_told_and_what_was_done_stays(visit: Open) -> None:
    app = visit("learn.py", lesson="collapse")
    put(app, Record({"guess": "few"}, frozenset({"cause.healthy"}), {"cause": ("ring-20260101-000000-abcdef",)}))
    assert "not here any more" in app.info[0].value
    assert ":material/check_box:" in said(app)
    assert any(one.label == "Start training" for one in app.button)


def test_a_run_of_another_kind_is_not_shown(visit: Open, scheduler: Scheduler) -> None:
    small = settings.replace(presets.load("digits"), {"data.image_size": 8, "horizon": 64})
    other = scheduler.create(small, "somebody")
    app = visit("learn.py", lesson="collapse")
    put(app, Record({"guess": "few"}, runs={"cause": (other.id,)}))
    assert "not here any more" in app.info[0].value


def test_begin_anew_forgets_and_does_not_come_back(visit: Open) -> None:
    app = visit("learn.py", lesson="collapse")
    lesson = LESSONS["collapse"]
    every = {ask.id: (ask.right if ask.is_number else ask.options[0]) for ask in lesson.asks().values()}
    put(app, Record(every, frozenset(lesson.steps) - every.keys()))  # type: ignore[arg-type]
    assert "You have done all of this lesson" in said(app)
    button(app, "Begin this lesson anew").click().run()
    assert record(app) == Record(turn=1)


def test_the_teachers_link_locks(visit: Open, scheduler: Scheduler) -> None:
    app = visit("learn.py", lesson="collapse", locked="1")
    labels = [one.label for one in app.button]
    assert "Go on without it" not in labels
    assert not [one for one in app.expander if one.label == "Teacher's notes"]
    put(app, Record({"guess": "few"}))
    button(app, "Start training").click().run()
    run: Any = scheduler.get(record(app).runs["cause"][0])
    assert "loss" in run.share.kept
    assert "k_d" not in run.share.kept
    with pytest.raises(ConfigError, match="cannot be changed here"):
        run.change({"loss": "hinge"})
    with pytest.raises(ConfigError, match="cannot be changed here"):
        run.command("reset_seed")
    for name in ("pause", "step", "phase", "reset", "resume"):  # they change no setting
        run.command(name)


def test_skipping_opens_one_part_and_ticks_nothing(visit: Open) -> None:
    app = visit("learn.py", lesson="collapse")
    button(app, "Go on without it").click().run()
    assert record(app).opened == {"cause"}
    assert not record(app).answers
    assert any(one.label == "Start training" for one in app.button)


def _heard() -> None:
    import streamlit as st

    from pages._ui.learn import keeping

    keeping._hear(st.query_params["kept"])
    st.text(keeping.progress().write())
    st.text(str(st.session_state.get("learn.unreadable", False)))


@pytest.mark.parametrize(("kept", "whole"), [
    ("{", False), ("x" * 50_000, False), (json.dumps({"v": 1, "lessons": {"collapse": {"answers": {"guess": "<b>"}}}}), False),
    (Progress({"collapse": Record({"guess": "few"})}).write(), True),
])  # fmt: skip
def test_what_a_browser_kept_is_read_with_care(kept: str, whole: bool) -> None:
    app = AppTest.from_function(_heard, default_timeout=60)
    app.query_params["kept"] = kept
    app.run()
    assert not app.exception
    assert app.text[0].value == (kept if whole else "")
    assert app.text[1].value == str(not whole)

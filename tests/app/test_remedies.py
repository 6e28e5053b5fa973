"""The button of the diagnosis: only the condition's name comes from the browser, and only what the run proposes is done."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_labs import controls, draft, start, until

from gan_core.diagnosis import Evidence, Finding
from gan_core.runs.scheduler import Scheduler
from pages._ui import lab

Open = Callable[..., AppTest]
REMEDY = {"penalty": ("r1_r2", "r1"), "penalty_weight": (0.05, 1.0)}
FOUND = Finding("mode_collapse", 100, Evidence("few"), REMEDY)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the browser sends at the next script run."""
    sent: list[Any] = []

    def view(*, on_remedy: Callable[[Any], None], **_: Any) -> bool:
        if sent:
            on_remedy(sent.pop())
        return False

    monkeypatch.setattr(lab, "live_view", view)
    return sent


def resting(visit: Open, scheduler: Scheduler, found: tuple[Finding, ...] = (FOUND,)) -> tuple[AppTest, Any]:
    """A paused run with this diagnosis."""
    app = visit("lab.py")
    session = start(app, "lab", scheduler)
    session.command("pause")
    until(lambda: session.status == "paused" and session.has_obeyed)
    session.latest = replace(session.latest, diagnosis=found)
    return app, session


def test_the_remedy_is_applied_as_by_the_controls(visit: Open, scheduler: Scheduler, press: list[Any]) -> None:
    app, session = resting(visit, scheduler)
    press.append({"run": session.id, "code": "mode_collapse", "at": 1})
    app.run()
    assert not app.exception
    until(lambda: session.config.penalty == "r1")
    assert session.config.penalty_weight == 1.0
    assert draft(app, "lab").penalty == "r1"
    assert controls(app)["penalty"].value == "r1"
    until(lambda: {mark.name for mark in session.marks} == {"penalty", "penalty_weight"})
    assert not app.toast


def test_what_is_not_proposed_is_not_done(visit: Open, scheduler: Scheduler, press: list[Any]) -> None:
    app, session = resting(visit, scheduler)
    before = session.config
    for sent in (
        {"code": "cycling"},
        {"code": "healthy"},
        {"code": None},
        {},
        {"code": "mode_collapse", "run": "another"},
        {"code": {"penalty": "none"}, "changes": {"penalty": "none"}},
    ):
        press.append({"run": session.id} | sent)
        app.run()
        assert not app.exception
        assert session.expected_config == before
        assert "not proposed any more" in app.toast[0].value
        app.run()
        assert not app.toast  # it is of the next one


def test_nonsense_is_ignored(visit: Open, scheduler: Scheduler, press: list[Any]) -> None:
    app, session = resting(visit, scheduler)
    for sent in (None, 7, "mode_collapse", ["mode_collapse"]):
        press.append(sent)
        app.run()
        assert not app.exception
        assert session.expected_config == session.config


def test_a_viewer_changes_nothing(visit: Open, scheduler: Scheduler, press: list[Any]) -> None:
    _app, session = resting(visit, scheduler)
    before = session.config
    other = visit("lab.py", run=session.id)
    press.append({"run": session.id, "code": "mode_collapse"})
    other.run()
    assert not other.exception
    assert session.expected_config == before

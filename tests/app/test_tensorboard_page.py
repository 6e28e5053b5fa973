"""The switch under Export that has a run write files for TensorBoard."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_labs import start, texts, until
from test_share_export import opened

from gan_core.runs.scheduler import Scheduler
from pages._ui import service

Open = Callable[..., AppTest]
KEY = "lab.tensorboard"


@pytest.fixture
def lab(visit: Open, scheduler: Scheduler) -> tuple[AppTest, Any]:
    app = visit("lab.py")
    run = start(app, "lab", scheduler)
    until(lambda: run.step > 0)
    run.command("pause")
    until(lambda: run.status == "paused")
    app.session_state["lab.export"] = "tensorboard"
    return opened(app, "lab"), run


def test_the_switch_writes_at_once_and_says_where(lab: tuple[AppTest, Any]) -> None:
    app, run = lab
    assert not app.toggle(key=KEY).value
    assert not any("tensorboard" in code.value for code in app.code)
    assert not run.folder.events.path.exists()
    app.toggle(key=KEY).set_value(True).run()
    assert not app.exception
    assert app.toggle(key=KEY).value
    assert {str(run.folder.events.path), run.folder.events.command} <= {code.value for code in app.code}
    until(lambda: run.folder.events.size() > 0)
    assert run.folder.events.state.on
    app.toggle(key=KEY).set_value(False).run()
    assert not run.folder.events.state.on
    assert any(code.value == run.folder.events.command for code in app.code)  # they are still there to be looked at


def test_a_server_that_writes_them_of_all_runs_says_so(
    lab: tuple[AppTest, Any], scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _run = lab
    monkeypatch.setattr(scheduler, "events", True)
    app.run()
    assert app.toggle(key=KEY).disabled
    assert "for every run" in texts(app)


def test_where_it_is_missing_the_page_says_what_to_install(
    lab: tuple[AppTest, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, run = lab
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    app.run()
    assert app.toggle(key=KEY).disabled
    assert "pip install" in texts(app)
    force(app)
    assert not run.folder.events.path.exists()


def test_somebody_elses_run_is_left_alone(lab: tuple[AppTest, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    app, run = lab
    monkeypatch.setattr(service, "may_control", lambda _: False)
    app.run()
    assert app.toggle(key=KEY).disabled
    assert "Only who may control" in texts(app)
    force(app)
    assert not run.folder.events.path.exists()


def force(app: AppTest) -> None:
    """A browser may send what it likes."""
    app.toggle(key=KEY).proto.disabled = False
    app.toggle(key=KEY).set_value(True).run()
    assert not app.exception

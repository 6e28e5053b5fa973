"""Which refreshes are late and what becomes of them; what a visitor sees, a browser test shows."""

import dataclasses
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType

from pages._ui import late_refreshes
from pages._ui.late_refreshes import is_late


@pytest.mark.parametrize(
    ("fragment", "page", "intended", "late"),
    [
        (True, "runs", "lab", True),
        (True, "runs", "runs", False),
        (False, "runs", "lab", False),  # a click that leads back
        (True, "runs", "", False),  # the address named the page
        (True, "runs", None, False),
        (True, "", "lab", False),
    ],
)
def test_is_late(fragment: bool, page: str, intended: str | None, late: bool) -> None:
    assert is_late(fragment, page, intended) is late


class Pages:
    intended_page_script_hash = "lab"


class Done:
    """Stands for a session and for a runner: says what came through to it."""

    def __init__(self) -> None:
        self._pages_manager = Pages()
        self.asked: list[Any] = []

    def do(self, what: Any) -> None:
        self.asked.append(what)


@pytest.fixture
def dropping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's methods, wrapped for the time of a test."""
    for owner, name in ((AppSession, "request_rerun"), (ScriptRunner, "_run_script")):
        monkeypatch.setattr(owner, name, lambda self, what: self.do(what))
    inner = ScriptRequests._request_rerun_locked
    monkeypatch.setattr(ScriptRequests, "_request_rerun_locked", getattr(inner, "__wrapped__", inner))
    late_refreshes.drop_them()
    late_refreshes.drop_them()  # twice is once


@pytest.mark.usefixtures("dropping")
def test_the_session_drops_what_is_late() -> None:
    session = Done()
    late = ClientState(fragment_id="f", page_script_hash="home")
    fresh = [ClientState(fragment_id="f", page_script_hash="lab"), ClientState(page_script_hash="home"), None]
    for asked in (late, *fresh):
        AppSession.request_rerun(session, asked)  # type: ignore[arg-type]
    assert session.asked == fresh


@pytest.mark.usefixtures("dropping")
@pytest.mark.parametrize("late", [RerunData(fragment_id="f", page_script_hash="home"),
                                  RerunData(fragment_id_queue=["f"], page_script_hash="home")])  # fmt: skip
def test_the_queue_keeps_the_way_to_the_next_page(late: RerunData) -> None:
    queue = ScriptRequests()
    assert queue.request_rerun(RerunData(page_script_hash="lab", query_string="run=1"))
    assert queue.request_rerun(late)
    request = queue.on_scriptrunner_yield()
    assert request is not None
    assert request.type == ScriptRequestType.RERUN
    assert (request.rerun_data.page_script_hash, request.rerun_data.query_string) == ("lab", "run=1")
    assert not request.rerun_data.fragment_id_queue


@pytest.mark.usefixtures("dropping")
def test_the_queue_takes_every_other_request() -> None:
    queue = ScriptRequests()
    assert queue.request_rerun(RerunData(fragment_id="f", page_script_hash="home"))
    assert queue.request_rerun(RerunData(fragment_id="g", page_script_hash="home"))
    request = queue.on_scriptrunner_ready()
    assert request.rerun_data.fragment_id_queue == ["f", "g"]
    queue = ScriptRequests()
    assert queue.request_rerun(RerunData(page_script_hash="lab"))
    assert queue.request_rerun(RerunData(page_script_hash="home"))  # another click
    assert queue.on_scriptrunner_ready().rerun_data.page_script_hash == "home"
    queue.request_stop()
    assert not queue.request_rerun(RerunData(fragment_id="f", page_script_hash="home"))


@pytest.mark.usefixtures("dropping")
def test_what_became_late_in_the_queue_does_not_run() -> None:
    runner = Done()
    late = RerunData(fragment_id_queue=["f"], page_script_hash="home")
    fresh = [RerunData(fragment_id_queue=["f"], page_script_hash="lab"), RerunData(page_script_hash="home")]
    for data in (late, *fresh):
        ScriptRunner._run_script(runner, data)  # type: ignore[arg-type]
    assert runner.asked == fresh


@pytest.mark.usefixtures("dropping")
def test_the_clock_chooses_nothing() -> None:
    """What the browser believed of the controls when it ticked is not taken for a choice; what a person chose is."""
    old, chosen = (WidgetStates(widgets=[WidgetState(id="preset", string_value=v)]) for v in ("ring", "grid"))
    tick = RerunData(fragment_id="f", page_script_hash="lab", widget_states=old, is_auto_rerun=True)
    queue = ScriptRequests()
    assert queue.request_rerun(tick)
    alone = queue.on_scriptrunner_ready().rerun_data
    assert alone.fragment_id_queue == ["f"]
    assert alone.widget_states is None
    queue = ScriptRequests()
    assert queue.request_rerun(RerunData(page_script_hash="lab", widget_states=chosen))
    assert queue.request_rerun(tick)
    assert queue.on_scriptrunner_ready().rerun_data.widget_states == chosen
    queue = ScriptRequests()
    assert queue.request_rerun(dataclasses.replace(tick, is_auto_rerun=False))  # a control inside a fragment
    assert queue.on_scriptrunner_ready().rerun_data.widget_states == old

"""Streamlit's fragments refresh themselves by a clock in the browser, which goes on ticking until the browser has heard that the
server leads it to another page. A refresh that is asked for in between belongs to the page that is being left. Streamlit would
draw that page again instead of the next one where the two meet in its queue; or run the refresh as the old page once the next one
is drawn, and the browser would throw that one away and stay empty. Late refreshes are dropped at each of the places where they
can meet the way to another page: in the session, in the queue and before they run.

A refresh also carries the values of all controls as the browser last heard of them. Where the server has set one meanwhile, Streamlit
would take the older value for a person's choice, and call what belongs to it: the settings, and the run in the address, would be thrown
away. The clock chooses nothing, so its refreshes come without values."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType


def drop_them() -> None:
    """From now on, in every session of this process."""
    _wrap(AppSession, "request_rerun", _at_the_session)
    _wrap(ScriptRequests, "_request_rerun_locked", _in_the_queue)
    _wrap(ScriptRunner, "_run_script", _before_it_runs)


def is_late(is_fragment: bool, page: str, intended: str | None) -> bool:
    """Whether what is asked for is a fragment of another page than `intended`, where the session was last asked to go. Pages are
    named by their script hash; an empty one is a page that the address names."""
    return bool(is_fragment and page and intended and page != intended)


def _wrap(owner: type, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    method = getattr(owner, name)
    if not hasattr(method, "__wrapped__"):
        setattr(owner, name, functools.wraps(method)(wrapper(method)))


def _at_the_session(request_rerun: Callable[..., None]) -> Callable[..., None]:
    def request(session: AppSession, asked: ClientState | None) -> None:
        intended = session._pages_manager.intended_page_script_hash
        if asked is None or not is_late(bool(asked.fragment_id), asked.page_script_hash, intended):
            request_rerun(session, asked)

    return request


def _in_the_queue(request_rerun: Callable[..., bool]) -> Callable[..., bool]:
    def request(queue: ScriptRequests, new: RerunData) -> bool:
        if new.is_auto_rerun and _of_a_fragment(new):
            new = dataclasses.replace(new, widget_states=None)  # every value stays what the server has
        pending = queue._rerun_data if queue._state == ScriptRequestType.RERUN else None
        leads_away = pending and not pending.fragment_id and not pending.fragment_id_queue
        if pending and leads_away and is_late(_of_a_fragment(new), new.page_script_hash, pending.page_script_hash):
            return True  # it is dealt with
        return request_rerun(queue, new)

    return request


def _before_it_runs(run_script: Callable[..., None]) -> Callable[..., None]:
    def run(runner: ScriptRunner, data: RerunData) -> None:
        intended = runner._pages_manager.intended_page_script_hash
        if not is_late(_of_a_fragment(data), data.page_script_hash, intended):
            run_script(runner, data)

    return run


def _of_a_fragment(data: RerunData) -> bool:
    return bool(data.fragment_id or data.fragment_id_queue)

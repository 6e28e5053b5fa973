"""Streamlit's fragments refresh themselves by a clock in the browser, which goes on ticking until the browser has heard that the
server leads it to another page. A refresh that is asked for in between belongs to the page that is being left: Streamlit would run
it as that page once the new one is drawn, and the browser would throw the new page away and stay empty."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession


def drop_them() -> None:
    """From now on, in every session of this process."""
    if not hasattr(AppSession.request_rerun, "__wrapped__"):
        setattr(AppSession, "request_rerun", _unless_late(AppSession.request_rerun))  # noqa: B010 - a method to a type checker


def is_late(asked: ClientState, intended: str | None) -> bool:
    """Whether `asked` is a fragment's refresh of another page than the one that the session was last asked for; an empty name is a
    page that the address names."""
    return bool(asked.fragment_id and asked.page_script_hash and intended and asked.page_script_hash != intended)


def _unless_late(request_rerun: Callable[[AppSession, ClientState | None], None]) -> Callable[..., None]:
    @functools.wraps(request_rerun)
    def request(session: AppSession, client_state: ClientState | None) -> Any:
        if client_state is None or not is_late(client_state, session._pages_manager.intended_page_script_hash):
            request_rerun(session, client_state)

    return request

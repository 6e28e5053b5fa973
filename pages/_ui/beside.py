"""What a lab compares its run with: a ghost, which is a run pinned behind it, or other configurations on the page Side by side."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.runs.following import FollowedRun
from gan_core.runs.index import Query
from gan_core.runs.listing import Row
from gan_core.runs.session import TrainingSession
from gan_core.text import beside
from pages._ui import service, tokens
from pages._ui.owner import owner_id
from pages._ui.run_names import run_name

Translate = Callable[[str], str]
Run = TrainingSession | FollowedRun

GHOST = "ghost"  # the parameter of the address
_OFFERED = 30  # runs to choose from: the newest


def ghost(session: Run | None, _: Translate) -> dict[str, str] | None:
    """The run that the address pins behind `session`, for the live view; None without one or where it is `session` itself. One that is
    gone, or learns pictures, is taken out of the address."""
    run_id = st.query_params.get(GHOST, "")
    if not run_id or (session is not None and run_id == session.id):
        return None
    run = service.scheduler().get(run_id)
    if run is None or run.config.kind != "points":
        st.query_params.pop(GHOST)
        st.toast(_("The run that was pinned as a ghost is not here any more."), icon=":material/info:")
        return None
    return {"id": run.id, "token": tokens.issue_for(run.id, control=False), "name": plain_name(run.id, _)}


def plain_name(run_id: str, _: Translate) -> str:
    """What a run is called, with its own name in the folder, since many have the same title."""
    row = service.scheduler().store.index.get(run_id)
    return beside(row.name, run_id, _) if row is not None and row.name else run_id


def compare(session: Run | None, config: RunConfig, _: Translate) -> None:
    """The button, and inside: the way to Side by side, and the choice of a ghost."""
    with st.popover(_("Compare"), icon=":material/compare:", key="lab.compare", on_change="rerun") as box:
        if box.open:
            _inside(session, config, _)


def with_others(run_id: str, label: str, _: Translate, width: Literal["stretch", "content"] = "content") -> None:
    """The button that leads to the page Compare."""
    if st.button(label, icon=":material/balance:", width=width, key="lab.comparison",
                 help=_("Curves, samples and figures of several runs, finished or not; and the same run again with other seeds.")):  # fmt: skip
        st.switch_page("comparison.py", query_params={"runs": run_id})


def _inside(session: Run | None, config: RunConfig, _: Translate) -> None:
    if st.button(_("Side by side"), icon=":material/compare:", width="stretch",
                 help=_("Take these settings along, make some of them differ, and train both in step.")):  # fmt: skip
        st.switch_page("compare.py", query_params={"v": serial.to_link(config)})
    if session is not None:
        with_others(session.id, _("With other runs"), _, width="stretch")
    rows = {row.id: row for row in _offered()}
    pinned = st.query_params.get(GHOST, "")
    options = ["", *({pinned: None} if pinned and pinned not in rows else {}), *rows]
    # Another ghost, another control: what a browser that has not heard of it yet says about the old one changes nothing.
    key = _key(pinned)
    st.selectbox(
        _("Ghost behind the picture"), options, index=options.index(pinned), key=key, on_change=_choose, args=(key,),
        format_func=lambda run_id: run_name(rows.get(run_id), run_id, _) if run_id else _("None"),
        help=_("Another run, drawn in grey behind the one on the screen: its generated points and its curves."),
    )  # fmt: skip
    if session is not None and pinned != session.id:
        st.button(_("Pin this run"), icon=":material/keep:", width="stretch", on_click=_pin, args=(session.id,),
                  help=_("It becomes the ghost of the runs that you start from here."))  # fmt: skip
    if session is not None and pinned == session.id:
        st.caption(_("This run is the ghost: it will stand behind the next one that you start here."))


def _offered() -> list[Row]:
    rows, _total = service.scheduler().rows(Query(owner=owner_id(), limit=_OFFERED))
    return [row for row in rows if row.kind == "points" and not row.problem]


def _key(pinned: str) -> str:
    return f"lab.ghost.{pinned}"


def _choose(key: str) -> None:
    chosen = st.session_state[key]
    known = not chosen or service.scheduler().store.exists(
        chosen
    )  # else what the browser still calls a run that has another name by now
    if known and key == _key(st.query_params.get(GHOST, "")):
        _pin(chosen)


def _pin(run_id: str) -> None:
    if run_id:
        st.query_params[GHOST] = run_id
    else:
        st.query_params.pop(GHOST, None)

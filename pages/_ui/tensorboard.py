"""The switch that has a run write files for TensorBoard while it trains, and how to look at them."""

from collections.abc import Callable

import streamlit as st

from gan_core.errors import PlaygroundError, RunError
from gan_core.runs import board, event_file
from gan_core.runs.session import TrainingSession
from gan_core.text import told
from pages._ui import service
from pages._ui.failures import plain
from pages._ui.i18n import number, translate

Translate = Callable[[str], str]


def tensorboard(page: str, run_id: str) -> None:
    """Everything about it, for one run."""
    _ = translate()
    key = f"{page}.tensorboard"
    session, every = service.scheduler().get(run_id), service.scheduler().events
    own = session if isinstance(session, TrainingSession) and service.may_control(session) else None
    folder = service.scheduler().store.folder(run_id).events
    now = own.board if own is not None else None
    on = now.is_on if now is not None else every or folder.state.on
    problem = _missing()
    st.caption(
        _("Curves, pictures, histograms of the weights and of what D says, settings and their changes, in files that TensorBoard shows. At "
          "most {megabytes} MB a run.").format(megabytes=number(board.MOST_BYTES // 2**20))
    )  # fmt: skip
    st.session_state[key] = on
    st.toggle(_("Write files for TensorBoard"), key=key, disabled=own is None or every or (problem is not None and not on),
              on_change=_switch, args=(key, run_id))  # fmt: skip
    if every:
        st.caption(_("This server writes them for every run (--tensorboard)."))
    if own is None:
        st.caption(_("Only who may control the run can change this."))
    refused = st.session_state.pop(f"{key}.refused", None)
    if (said := refused or (now.note if now is not None else None) or problem) is not None:
        st.warning(plain(told(said, _)), icon=":material/warning:")
    if on or folder.files():
        _where(str(folder.path), folder.command, _)


def _where(path: str, command: str, _: Translate) -> None:
    st.caption(_("They are in this folder of the server, one file for each start:"))
    st.code(path, language=None, wrap_lines=True)
    st.caption(_("To look at them, also while the run trains, in a terminal there:"))
    st.code(command, language=None, wrap_lines=True)


def _missing() -> RunError | None:
    try:
        event_file.require()
    except RunError as error:
        return error
    return None


def _switch(key: str, run_id: str) -> None:
    session = service.scheduler().get(run_id)
    if not isinstance(session, TrainingSession) or not service.may_control(session):
        return
    try:
        session.write_events(bool(st.session_state[key]))
    except PlaygroundError as error:
        st.session_state[f"{key}.refused"] = error

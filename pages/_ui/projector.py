"""Projector mode: large type, high contrast, thicker lines and larger points, less around them; kept in the address and in the session."""

from pathlib import Path

import streamlit as st

from pages._ui.i18n import translate

QUERY = "projector"
MAGNIFIED = 1.35  # how much larger type is: as projector.css has it
_STYLE = Path(__file__).parent / "projector.css"
_SESSION_KEY = "_projector"
_WIDGET = "_projector_choice"


def projected() -> bool:
    """Whether this visitor's screen is a projector: the link's `?projector=`, else what was chosen in this session."""
    asked = {"1": True, "0": False}.get(st.query_params.get(QUERY, ""))
    return asked if asked is not None else bool(st.session_state.get(_SESSION_KEY))


def choose(on: bool) -> None:
    """Keep the choice for this session and in the address."""
    st.session_state[_SESSION_KEY] = on
    if on:
        st.query_params[QUERY] = "1"
    elif QUERY in st.query_params:
        del st.query_params[QUERY]


def remember_projector() -> bool:
    """Keep `?projector=` in the session and in the address, as the language is, and give the pages its look. Whether it is on."""
    on = projected()
    choose(on)
    if on:
        st.html(_STYLE)
    return on


def projector_switch() -> None:
    """The switch at the foot of the sidebar."""
    _ = translate()
    st.session_state[_WIDGET] = projected()  # the address may have changed it
    st.sidebar.toggle(
        _("Projector mode"),
        key=_WIDGET,
        help=_("Large type, strong contrast, thicker lines and larger points, for a class to see from the back row."),
        on_change=lambda: choose(bool(st.session_state[_WIDGET])),
    )

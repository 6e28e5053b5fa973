"""Widgets that show what is kept elsewhere, a setting of a run say, and that both a visitor and the app itself change."""

from typing import Any

import streamlit as st


def mirrored(name: str, value: Any) -> str:
    """The key for a widget that shall show `value` now.

    It is another one whenever the app, not the visitor, has changed the value. A browser that has not yet heard of the change sends the old
    value with its next click; under the same key that would count as a choice, and undo the change.
    """
    key = current(name)
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[f"{name}~"] = st.session_state.get(f"{name}~", 0) + 1
        key = current(name)
    st.session_state[key] = value
    return key


def current(name: str) -> str:
    """The key that `mirrored` gave last."""
    turn: int = st.session_state.get(f"{name}~", 0)
    return f"{name}:{turn}" if turn else name

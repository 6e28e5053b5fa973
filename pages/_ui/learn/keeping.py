"""How far the visitor has come, kept in their browser: the server has it while the tab is open, the browser for good."""

from __future__ import annotations

import secrets
from pathlib import Path

import streamlit as st

from gan_core.lessons import LESSONS
from gan_core.lessons.progress import LONGEST, Progress, merged, read

_HERE = Path(__file__).parent
_HERE_KEY, _HEARD, _UNREADABLE, _SESSION = "learn.progress", "learn.heard", "learn.unreadable", "learn.session"
_component = st.components.v2.component(
    "gan_progress", html="<div></div>", css="", js=(_HERE / "keeping.js").read_text(encoding="utf-8"),
)  # fmt: skip
_KEY = "learn.keeping"


def progress() -> Progress:
    """As it is now."""
    found: Progress = st.session_state.get(_HERE_KEY, Progress())
    return found


def keep(new: Progress) -> None:
    """Have it kept; the browser hears of it at the end of this script run."""
    st.session_state[_HERE_KEY] = new


def sync() -> bool:
    """Hear what the browser has, and tell it what is known here. Whether something that it kept could not be used. Draws nothing: called
    once a page, before what depends on it."""
    told = st.session_state.get(_KEY)
    said = getattr(told, "kept", None) if told is not None else None
    if isinstance(said, str) and said != st.session_state.get(_HEARD):
        _hear(said)
    session = st.session_state.setdefault(_SESSION, secrets.token_hex(8))
    _component(
        data={"progress": progress().write(), "heard": st.session_state.get(_HEARD, ""), "session": session},
        key=_KEY,
        on_kept_change=lambda: None,
    )
    return bool(st.session_state.get(_UNREADABLE))


def _hear(said: str) -> None:
    st.session_state[_HEARD] = said if len(said) <= LONGEST else ""
    there, whole = read(said, LESSONS)
    if not whole:
        st.session_state[_UNREADABLE] = True
    keep(merged(progress(), there))

"""An invisible part of every page: what has the focus of the keyboard never leaves it behind, and the browser knows what language this is."""

from pathlib import Path

import streamlit as st

from pages._ui.i18n import language

_component = st.components.v2.component(
    "gan_focus", html="<div></div>", css="", js=(Path(__file__).parent / "focus.js").read_text(encoding="utf-8"),
)  # fmt: skip


def keep_focus() -> None:
    """Once a page."""
    with st.sidebar:
        _component(data={"language": language().replace("_", "-")}, key="focus")

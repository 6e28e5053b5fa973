"""What has the focus of the keyboard never leaves it behind: an invisible part of every page that gives it back."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "gan_focus", html="<div></div>", css="", js=(Path(__file__).parent / "focus.js").read_text(encoding="utf-8"),
)  # fmt: skip


def keep_focus() -> None:
    """Once a page."""
    with st.sidebar:
        _component(key="focus")

"""An invisible part of every page: what has the focus of the keyboard never leaves it behind, the browser's Back leads to where one was, and the
browser knows what language this is."""

from pathlib import Path

import streamlit as st

from pages._ui.i18n import language

_HERE = Path(__file__).parent
SCRIPT = "\n".join((_HERE / f"{part}.js").read_text(encoding="utf-8") for part in ("trail", "focus"))

_component = st.components.v2.component("gan_focus", html="<div></div>", css="", js=SCRIPT)


def keep_focus() -> None:
    """Once a page."""
    with st.sidebar:
        _component(data={"language": language().replace("_", "-")}, key="focus")

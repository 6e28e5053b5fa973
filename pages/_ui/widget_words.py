"""What Streamlit's own widgets say, in the visitor's language: its texts are English and cannot be given to it."""

import json

import streamlit as st

from pages._ui.i18n import ENGLISH, language, translate

_STYLE = """<style>
[role="option"][data-key="__select_all__"] > div { font-size: 0; }
[role="option"][data-key="__select_all__"] > div::after { content: %s; font-size: 1rem; }
</style>"""


def say_widgets() -> None:
    """On every page: English stays as Streamlit says it."""
    if language() != ENGLISH:
        _ = translate()
        st.html(_STYLE % json.dumps(_("Select all"), ensure_ascii=False))

"""The script that Streamlit runs for every visitor and page: title, language, projector mode, navigation, then the page itself."""

from pathlib import Path

import streamlit as st

from pages._ui.focus import keep_focus
from pages._ui.i18n import remember_language
from pages._ui.navigation import NAME, language_switch, pages, tab_title
from pages._ui.projector import projected, projector_switch, remember_projector
from pages._ui.widget_words import say_widgets

UI = Path(__file__).parent / "_ui"

st.set_page_config(page_title=NAME, page_icon=str(UI / "favicon.svg"), layout="wide",
                   initial_sidebar_state="collapsed" if projected() else "auto")  # fmt: skip
st.html(UI / "page.css")
remember_language()
say_widgets()
remember_projector()
page = st.navigation(pages())
st.set_page_config(page_title=tab_title(page))
language_switch()
projector_switch()
keep_focus()
page.run()

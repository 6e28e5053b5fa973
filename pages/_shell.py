"""The script that Streamlit runs for every visitor and page: title, language, navigation, then the page itself."""

from pathlib import Path

import streamlit as st

from pages._ui.i18n import remember_language
from pages._ui.navigation import language_switch, pages

UI = Path(__file__).parent / "_ui"

st.set_page_config(page_title="GAN Playground", page_icon=str(UI / "favicon.svg"), layout="wide")
st.html(UI / "page.css")
remember_language()
page = st.navigation(pages())
language_switch()
page.run()

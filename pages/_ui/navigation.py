"""The pages of the app and the switch between languages."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from gan_core.text import N_
from pages._ui import i18n

NAME = "GAN Playground"
_PAGES = (
    ("home.py", "", N_("Home"), ":material/home:"),
    ("lab.py", "lab", N_("2-D Lab"), ":material/scatter_plot:"),
    ("compare.py", "compare", N_("Side by side"), ":material/compare:"),
    ("images.py", "images", N_("Image Lab"), ":material/grid_view:"),
    ("translate.py", "translate", N_("Translate"), ":material/compare_arrows:"),
    ("latent.py", "latent", N_("Latent Explorer"), ":material/explore:"),
    ("learn.py", "learn", N_("Learn"), ":material/school:"),
    ("zoo.py", "zoo", N_("Zoo of GANs"), ":material/pets:"),
    ("runs.py", "runs", N_("Runs"), ":material/list:"),
    ("comparison.py", "comparison", N_("Compare"), ":material/balance:"),
)
_WIDGET = "_language_choice"


def pages() -> list[StreamlitPage]:
    """The pages with their titles in the visitor's language; the first one is the start."""
    _ = i18n.translate()
    return [
        st.Page(file, title=_(title), icon=icon, url_path=path, default=not path) for file, path, title, icon in _PAGES
    ]


def tab_title(page: StreamlitPage) -> str:
    """What a browser calls its tab: of several, each by its page; Home is the app itself."""
    return NAME if page.url_path == "" else f"{page.title} · {NAME}"


def language_switch() -> None:
    """A choice of languages at the foot of the sidebar; none where there is only one."""
    names = i18n.languages()
    if len(names) < 2:
        return
    st.session_state[_WIDGET] = i18n.language()  # the address may have changed it
    st.sidebar.selectbox(
        "Language · 语言",
        list(names),
        format_func=lambda code: names[code],
        key=_WIDGET,
        on_change=lambda: i18n.choose_language(st.session_state[_WIDGET]),
    )

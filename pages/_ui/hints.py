"""What pages say of a preset: what to see in it, what to try; of a recipe also what it is; and that there is none of that name."""

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from gan_core import formulas, presets
from gan_core.registry import Entry
from gan_core.text import N_, led

NO_PRESET = N_("There is no preset called '{name}' here. Choose one of: {allowed}.")


def hints(entry: Entry[Any], _: Callable[[str], str]) -> tuple[str, str]:
    """Two paragraphs of Markdown."""
    return (
        f":material/visibility: {led(_('What to see.'), _(entry.info['see']))}",
        f":material/touch_app: {led(_('Try this.'), _(entry.info['try_this']))}",
    )


def recipe(entry: Entry[Any], _: Callable[[str], str]) -> None:
    """What a recipe changed in its time, its formulas, what it needs, and where it was published; nothing for other presets."""
    if "changed" not in entry.info:
        return
    config = presets.load(entry.name)
    with st.expander(_("About this method"), icon=":material/menu_book:"):
        st.markdown(led(_("What it changed."), _(entry.info["changed"])))
        st.markdown(f"**{_('What it minimises.')}**")
        st.code(formulas.of_objective(config), language=None, wrap_lines=True)
        st.markdown(led(_("What it needs."), _(entry.info["needs"])))
        st.caption(linked(entry.paper))


def linked(paper: str) -> str:
    """Markdown of a source, its arXiv number a link."""
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", paper)

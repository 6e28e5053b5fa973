"""A lesson's words as they are shown: formulas with symbols that explain themselves, terms that link to the glossary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from gan_core.lessons import symbols, texts
from pages._ui.i18n import language

_HERE = Path(__file__).parent
TERM = "glossary"  # of the address
_component = st.components.v2.component(
    "gan_symbols", html="<div></div>", css="", js=(_HERE / "symbols.js").read_text(encoding="utf-8"),
)  # fmt: skip


def of(name: str) -> Mapping[str, str]:
    """The texts of a lesson, of "glossary" or of "symbols", in the visitor's language."""
    return texts.of(name, language())


def written(text: str) -> str:
    """As Markdown for st.markdown."""
    return symbols.drawn(texts.with_links(text, f"learn?{TERM}={{term}}", of("glossary")))


def write(text: str) -> None:
    """Show a text."""
    st.markdown(written(text))


def explain() -> None:
    """Have the symbols on this page explain themselves, to the pointer and to the keyboard. Once a page."""
    meanings = of("symbols")
    said = {colour: meanings[name] for colour, name in symbols.by_colour().items()}
    _component(data={"said": said}, key="learn.symbols")

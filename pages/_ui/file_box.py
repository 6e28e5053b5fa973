"""Streamlit's file uploader in the visitor's language: its own two texts are English and cannot be given to it."""

import json
from collections.abc import Callable, Iterable

import streamlit as st

from pages._ui.i18n import ENGLISH, language, number

_STYLE = """<style>
[data-testid="stFileUploaderDropzone"] [data-testid="stBaseButton-secondary"] p, [data-testid="stFileUploaderDropzoneInstructions"] span { font-size: 0; }
[data-testid="stFileUploaderDropzone"] [data-testid="stBaseButton-secondary"] p::after { content: %s; font-size: 0.9375rem; }
[data-testid="stFileUploaderDropzoneInstructions"] span::after { content: %s; font-size: 0.875rem; }
</style>"""


def translated(_: Callable[[str], str], most_mb: int | None = None, types: Iterable[str] = ()) -> None:
    """Beside an uploader of files of at most `most_mb` (None: the server's limit): English stays as Streamlit says it."""
    if language() != ENGLISH:
        most = st.get_option("server.maxUploadSize") if most_mb is None else most_mb
        limit = " · ".join([_("At most {size} MB a file").format(size=number(most)), *(one.upper() for one in types)])
        st.html(_STYLE % tuple(json.dumps(text, ensure_ascii=False) for text in (_("Upload"), limit)))

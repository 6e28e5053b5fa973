"""What a visitor sees when a page fails: one sentence. The traceback is in the server's log."""

import streamlit as st

from gan_core.errors import PlaygroundError
from gan_core.text import told
from pages._ui.i18n import translate


def show_failure(error: Exception) -> bool:
    """Streamlit's `on_script_error`: it has logged the traceback already. True: show nothing else."""
    _ = translate()
    if isinstance(error, PlaygroundError):
        st.error(plain(told(error, _)), icon=":material/error:")
    else:
        st.error(
            _("This page failed. The server's log says why. Reload it; runs that are training go on."),
            icon=":material/error:",
        )
    return True


def plain(text: str) -> str:
    """`text` with everything escaped that Markdown would act on: for what a person typed or a file contains."""
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in text)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&")

"""The drop zone: a browser component that sends files, folders and archives to the upload route, past Streamlit."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from gan_core.pictures.limits import Limits
from gan_core.text import N_
from pages._ui import service, tokens
from pages._ui.uploads import Tray

_HERE = Path(__file__).parent
_VARIANTS = (".two", ".run")
_PARTS = ("live/dom.js", "live/link.js", "bring.js")  # joined to one module

LABELS: dict[str, str] = {
    "drop": N_("Drop pictures, a folder, or a ZIP or TAR here"),
    "files": N_("Choose files"),
    "files.help": N_("Pictures (PNG, JPEG, WebP, GIF, BMP, TIFF, PPM), or a ZIP or TAR of them."),
    "folder": N_("Choose a folder"),
    "folder.help": N_("Everything in it. Folders inside become classes."),
    "limits": N_("At most {count} pictures and {mb} MB. Folders become classes."),
    "drop.two": N_("Drop two folders, or a ZIP or TAR that holds two"),
    "folder.help.two": N_("Everything in it. Its two folders become the two kinds; or choose one folder after the other."),
    "limits.two": N_("At most {count} pictures and {mb} MB together."),
    "drop.run": N_("Drop the ZIP of a run here"),
    "files.run": N_("Choose a file"),
    "files.help.run": N_("A file whose name ends in .run.zip."),
    "limits.run": N_("One file of at most {mb} MB."),
    "sending": N_("Sending {count} files: {sent} of {total} MB"),
    "sending.short": N_("Sending"),
    "cancel": N_("Cancel"),
    "cancel.help": N_("End the upload; nothing of it is kept."),
    "broken": N_("The connection broke off. Nothing of this upload was kept: try again."),
    "unreadable": N_("The browser cannot read what was dropped. Choose the files with the buttons instead."),
    "too.many": N_("These are more than {count} files. Choose fewer."),
    "too.large": N_("These files have {size} MB together, and at most {mb} MB fit. Choose fewer, or make the pictures smaller first."),
}  # fmt: skip

_component = st.components.v2.component(
    "gan_bring",
    html='<div class="gb"></div>',
    css=(_HERE / "bring.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / part).read_text(encoding="utf-8") for part in _PARTS),
)


def drop_zone(
    tray: Tray, limits: Limits, key: str, lang: str, _: Callable[[str], str], *, variant: str = ""
) -> Mapping[str, Any] | None:
    """Show it; what has just arrived ("files", "bytes") in the script run after it, otherwise None. variant: "two", it asks for two folders;
    "run", for one file."""
    words = {
        code: _(LABELS.get(f"{code}.{variant}", text)) for code, text in LABELS.items() if not code.endswith(_VARIANTS)
    }
    data = {"tray": tray.id, "token": tokens.uploads.issue(f"{tray.owner}/{tray.id}", "bring"), "lang": lang,
            "labels": words, "bytes": limits.upload, "held": tray.bytes,
            "pictures": limits.pictures, "entries": limits.entries, "single": variant == "run"}  # fmt: skip
    return _component(data=data, key=key, on_brought_change=lambda: None).brought  # type: ignore[no-any-return]


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda tray_id: service.arrivals().leave(tray_id))
def held(tray_id: str) -> str:
    """Lets a tray know when the tab has gone."""
    return tray_id

"""The drawing board: a browser component that makes a distribution with pen, finger or keys, of a typed word, or of a picture.

Pictures are decoded by the browser alone: what arrives here are 96 × 96 levels.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gan_core.data import drawing
from gan_core.text import N_

_HERE = Path(__file__).parent

LARGEST_PICTURE_MB, LARGEST_PICTURE_MP = 10, 40

# Code -> English; a code with `.help` is the sentence of a tooltip.
LABELS: dict[str, str] = {
    "tools": N_("What to draw with"),
    "pen": N_("Pen"),
    "word": N_("Word"),
    "picture": N_("Picture"),
    "size": N_("Size"),
    "weight": N_("Weight"),
    "weight.help": N_("How likely the drawn places are: the darker, the more points lie there."),
    "erase": N_("Erase"),
    "undo": N_("Undo"),
    "redo": N_("Redo"),
    "clear": N_("Clear"),
    "text": N_("A word"),
    "bold": N_("Bold"),
    "choose": N_("Choose a picture"),
    "drop": N_("or drop one here: PNG, JPEG, WebP or GIF"),
    "threshold": N_("Threshold"),
    "threshold.help": N_("Only what is darker becomes data."),
    "invert": N_("Light instead of dark"),
    "sheet": N_("Drawing board"),
    "sheet.keys": N_("Drawing board. Arrow keys move the pen, Space draws, Shift with arrows draws a line, E switches the eraser."),
    "hint": N_("Draw here"),
    "becomes": N_("1,000 points of it"),
    "use": N_("Use this data"),
    "empty": N_("Nothing is drawn yet: draw something, type a word or choose a picture with dark parts."),
    "no.dark": N_("No part of this picture is darker than the threshold. Lower the threshold, or take the light parts instead."),
    "no.picture": N_("This file is no picture that the browser can read. Choose a PNG, JPEG, WebP or GIF."),
    "too.large": N_("This picture is larger than {mb} MB or {mp} megapixels. Choose a smaller one."),
}  # fmt: skip

_component = st.components.v2.component(
    "gan_draw",
    html='<div class="gd"></div>',
    css=(_HERE / "draw.css").read_text(encoding="utf-8"),
    js=(_HERE / "draw.js").read_text(encoding="utf-8"),
)


def drawing_board(start: str, key: str, _: Callable[[str], str]) -> str | None:
    """Show the board, beginning with the drawing `start` (its text; "" for an empty board), or with what was being drawn on it.

    The text of the finished drawing in the script run in which it was handed over, otherwise None. Raises DataError.
    """
    words = {code: _(text) for code, text in LABELS.items()}
    words["too.large"] = words["too.large"].format(mb=LARGEST_PICTURE_MB, mp=LARGEST_PICTURE_MP)
    levels = drawing.to_levels(drawing.decode(start)) if start else ""
    data = {
        "start": levels,
        "labels": words,
        "board": key,
        "megabytes": LARGEST_PICTURE_MB,
        "megapixels": LARGEST_PICTURE_MP,
    }
    result = _component(data=data, key=key, on_levels_change=lambda: None)
    return drawing.encode(drawing.from_levels(str(result.levels))) if result.levels is not None else None

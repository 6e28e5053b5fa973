"""Charts that change as sliders move: every position is computed beforehand, so that the curves follow the pointer in the browser.

A page of the book is one position of all dials; the last dial turns fastest. Numbers travel as one array.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan_core.text import N_
from pages._ui import i18n

Translate = Callable[[str], str]
_HERE = Path(__file__).parent
LABELS = {"play": N_("Play"), "stop": N_("Stop")}

_component = st.components.v2.component(
    "gan_flipbook",
    html='<div class="gf"></div>',
    css=(_HERE / "flipbook.css").read_text(encoding="utf-8"),
    js=(_HERE / "flipbook.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Dial:
    """A slider: what it is called and what it says at each of its positions."""

    label: str
    values: Sequence[str]


@dataclass(frozen=True)
class Line:
    """A curve over the panel's x: y (n,), the same on all pages, or (pages, n). role: "real", "generated", "exact" or "learned", which say its
    colour and stroke; area: filled down to 0."""

    name: str
    role: str
    y: NDArray[Any]
    area: bool = False


@dataclass(frozen=True)
class Spot:
    """A point that moves, (pages, 2) for x and y, or (pages, 3) with the slope of the tangent through it."""

    role: str
    at: NDArray[Any]


@dataclass(frozen=True)
class Panel:
    """One chart: what it shows, its axes, and its curves over `x` (n,), evenly spaced. wide: it has a row to itself."""

    title: str
    axes: tuple[str, str]
    x: NDArray[Any]
    y: tuple[float, float]
    lines: Sequence[Line]
    spots: Sequence[Spot] = ()
    wide: bool = False


@dataclass(frozen=True)
class Reading:
    """A number of each page, (pages,)."""

    name: str
    values: NDArray[Any]


def flipbook(
    name: str,
    dials: Sequence[Dial],
    panels: Sequence[Panel],
    readings: Sequence[Reading],
    *,
    key: str,
    start: Sequence[int],
    _: Translate,
    plays: bool = False,
) -> list[int]:
    """Show it; where its dials stand, as the browser last told. name: what all of it shows. start: where they stand at first, and again for
    another book under this key. plays: one dial that can be played, and plays itself once for a new book."""
    numbers: list[NDArray[np.float32]] = []
    sizes = [len(dial.values) for dial in dials]
    pages = prod(sizes)

    def put(values: NDArray[Any]) -> dict[str, Any]:
        at = sum(piece.size for piece in numbers)
        numbers.append(np.asarray(values, np.float32).ravel())
        return {"at": at, "size": int(values.size), "moves": values.ndim > 1}

    told = {
        "name": name, "start": list(start), "plays": plays, "pages": pages,
        "dials": [{"label": dial.label, "values": list(dial.values)} for dial in dials],
        "panels": [
            {"title": panel.title, "axes": list(panel.axes), "x": [float(panel.x[0]), float(panel.x[-1])], "y": list(panel.y), "wide": panel.wide,
             "lines": [{"name": line.name, "role": line.role, "area": line.area, **put(line.y)} for line in panel.lines],
             "spots": [{"role": spot.role, **put(spot.at)} for spot in panel.spots]} for panel in panels
        ],
        "readings": [{"name": reading.name, **put(reading.values)} for reading in readings],
        "labels": {code: _(text) for code, text in LABELS.items()}, "lang": i18n.language().replace("_", "-"),
    }  # fmt: skip
    values = np.concatenate(numbers).astype("<f4")
    book = f"{crc32(values.tobytes()):08x}"
    found = _component(
        data={**told, "book": book, "numbers": base64.b64encode(values.tobytes()).decode("ascii")},
        key=key,
        on_place_change=lambda: None,
    )
    return _place(getattr(found, "place", None), book, sizes) or list(start)


def _place(said: object, book: str, sizes: Sequence[int]) -> list[int] | None:
    """Where the dials of this book stand; None where the browser says nothing of it, or nothing that can be."""
    if not isinstance(said, dict) or said.get("book") != book or not isinstance(said.get("at"), list):
        return None
    at: list[int] = said["at"]
    if len(at) != len(sizes) or not all(type(i) is int and 0 <= i < n for i, n in zip(at, sizes, strict=True)):
        return None
    return at

"""The timeline: every exhibit with a year in it, by kind; and the same as a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gan_core.comparison.figures import COLOURS
from gan_core.zoo.exhibits import KINDS, Exhibit, Translate

if TYPE_CHECKING:
    import plotly.graph_objects as go

FIRST, LAST = 2014, 2025
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "star",
    "cross",
    "hexagon",
    "pentagon",
)  # a shape a kind, beside its colour
_ACROSS = 4  # marks side by side in a year
_GAP = 0.2  # of a year
_ROW = 26  # pixels of a row of marks


def by_year(exhibits: Sequence[Exhibit]) -> dict[int, list[Exhibit]]:
    """Those with a year, the oldest first."""
    years = sorted({one.year for one in exhibits if one.year})
    return {year: [one for one in exhibits if one.year == year] for year in years}


def chart(exhibits: Sequence[Exhibit], _: Translate, words: Callable[[Exhibit], str]) -> go.Figure:
    """A mark for each of FIRST to LAST, `customdata` its address; a band a kind, from the top down, as many rows high as its fullest year needs.
    words: what a mark says."""
    import plotly.graph_objects as go

    figure, top, ticks = go.Figure(), 0, []
    for place, (kind, what) in enumerate(KINDS.items()):
        years = {
            y: found for y, found in by_year([e for e in exhibits if e.kind == kind]).items() if FIRST <= y <= LAST
        }
        if not years:
            continue
        marks = [(one, *_place(year, i, len(found))) for year, found in years.items() for i, one in enumerate(found)]
        rows = 1 + max(row for _one, _x, row in marks)
        figure.add_scatter(
            x=[x for _one, x, _row in marks], y=[-(top + row) for _one, _x, row in marks], mode="markers", name=_(what.title),
            marker={"size": 13, "symbol": SYMBOLS[place], "color": COLOURS[place], "line": {"width": 0}},
            customdata=[one.address for one, _x, _row in marks], text=[words(one) for one, _x, _row in marks], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
        ticks.append((-(top + (rows - 1) / 2), _(what.title)))
        top += rows + 1
    figure.update_layout(
        height=_ROW * top + 60, margin={"l": 8, "r": 8, "t": 8, "b": 40}, showlegend=False, hovermode="closest", dragmode=False,
        xaxis={"range": [FIRST - 0.5, LAST + 0.5], "dtick": 1, "tickformat": "d", "fixedrange": True, "zeroline": False},
        yaxis={"tickvals": [y for y, _title in ticks], "ticktext": [title for _y, title in ticks], "showgrid": False, "zeroline": False, "fixedrange": True,
               "range": [-top + 0.5, 1], "automargin": True},
    )  # fmt: skip
    return figure


def _place(year: int, i: int, count: int) -> tuple[float, int]:
    """Where the i-th of `count` marks of a year stands: x, and its row from the top."""
    row, column = divmod(i, _ACROSS)
    beside = min(_ACROSS, count - row * _ACROSS)
    return year + _GAP * (column - (beside - 1) / 2), row

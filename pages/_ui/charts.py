"""Charts on pages, each with what it shows in words; curves of several runs in the same charts, one colour and dash a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gan_core.comparison import figures
from gan_core.comparison.lines import Array, Line
from gan_core.runs import frames
from gan_core.runs.snapshots import Snapshot
from gan_core.runs.words import curve_title
from gan_core.text import sentences
from pages._ui.i18n import number
from pages._ui.projector import MAGNIFIED, projected

if TYPE_CHECKING:
    import plotly.graph_objects as go

Translate = Callable[[str], str]

BADGES = ("violet", "green", "red", "yellow")  # Streamlit's names of the colours of the first four
FIRST = ("g_loss", "reconstruction", "kl", "quality", "coverage", "reverse_kl")
_TYPE = 12  # pixels: the words of Streamlit's charts
PLAIN = {"displaylogo": False, "responsive": True,
         "modeBarButtonsToRemove": ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]}  # they hide the title on a telephone  # fmt: skip


def compare(
    runs: Sequence[tuple[str, Snapshot]], labels: Mapping[str, str], _: Translate, only: Sequence[str] = (), key: str = "compare"
) -> None:  # fmt: skip
    """`runs`: the letter and the present snapshot of each. What is drawn can be chosen among what there is, unless it is `only` these."""
    known = [
        name for name in only or frames.CURVE_NAMES if any(_series(seen, name) is not None for _letter, seen in runs)
    ]
    if not known:
        st.caption(_("The curves appear with the first steps."))
        return
    titles = {name: curve_title(name, _) for name in known}
    chosen = known if only else st.pills(
        _("Curves"), known, selection_mode="multi", default=[name for name in FIRST if name in known] or known[:4],
        key=f"{key}.curves.{len(known)}", format_func=titles.__getitem__,
        help=_("Hover a chart to read all runs at one step; drag to zoom."),
    )  # fmt: skip
    with st.container(key="runs-curves"):
        for name in (name for name in known if name in chosen):
            show_chart(
                figures.chart(
                    titles[name],
                    _traces(name, runs),
                    _(labels["axis.step"]),
                    shares=figures.is_share(name),
                    revision=name,
                ),
                f"{key}.chart.{name}",
                _,
            )


def show_chart(figure: go.Figure, key: str, _: Translate, config: Mapping[str, Any] = PLAIN) -> None:
    """A chart for everybody: to look at, from the back row too, and to be heard as `in_words` says it."""
    if projected():
        enlarge(figure)
    st.plotly_chart(figure, key=key, width="stretch", config=dict(config), alt=in_words(figure, _))


def enlarge(figure: go.Figure) -> None:
    """For a projector: words, lines and height as much larger as the page's type is."""
    size, layout = round(_TYPE * MAGNIFIED), figure.layout
    font = {"size": size}
    figure.update_layout(font=font, legend={"font": font}, hoverlabel={"font": font}, title={"font": {"size": round((layout.title.font.size or _TYPE) * MAGNIFIED)}})  # fmt: skip
    figure.update_xaxes(tickfont=font, title={"font": font})
    figure.update_yaxes(tickfont=font, title={"font": font})
    if layout.height:
        figure.update_layout(height=round(layout.height * MAGNIFIED))
    if layout.margin.t:
        figure.update_layout(margin={"t": round(layout.margin.t * MAGNIFIED)})
    for trace in figure.select_traces(selector=lambda one: one.type == "scatter"):
        if trace.line.width:
            trace.line.width *= MAGNIFIED


def in_words(figure: go.Figure, _: Translate) -> str:
    """What a chart shows: its title, and of each line where it begins and ends and its lowest and highest value; of points, how many there
    are and how far they reach. Bands and the thin lines of single seeds are left out."""
    parts = [str(figure.layout.title.text or "")]
    for trace in figure.data:
        if trace.hoverinfo == "skip" or trace.y is None:
            continue
        x, y = (np.asarray(values, dtype=np.float64) for values in (trace.x, trace.y))
        there = np.isfinite(y)
        if not there.any():
            continue
        x, y = x[there], y[there]
        ends = {"low": _short(y.min()), "high": _short(y.max())}
        if trace.mode == "markers":
            across = {"left": _short(x.min()), "right": _short(x.max())}
            parts.append(_("{count} points, across from {left} to {right}, up from {low} to {high}").format(
                count=number(len(y), 0), **across, **ends))  # fmt: skip
        else:
            parts.append(_("{name}: from {first} at {start} to {last} at {end}, lowest {low}, highest {high}").format(
                name=trace.name, first=_short(y[0]), last=_short(y[-1]), start=_short(x[0]), end=_short(x[-1]), **ends))  # fmt: skip
    return sentences(parts, _)


def _short(value: float) -> str:
    """Three digits that count; whole numbers whole."""
    if value == round(value) and abs(value) < 1e15:
        return number(value, 0)
    digits = 2 - int(np.floor(np.log10(abs(value))))
    return number(float(value), max(0, min(digits, 6)))


def _series(seen: Snapshot, name: str) -> tuple[Array, Array] | None:
    """Steps and values of a curve where it has any."""
    if seen.curve_steps is None or seen.curve_values is None or name not in seen.curve_names:
        return None
    values = seen.curve_values[:, seen.curve_names.index(name)]
    there = ~np.isnan(values)
    return (seen.curve_steps[there].astype(np.float64), values[there].astype(np.float64)) if there.any() else None


def _traces(name: str, runs: Sequence[tuple[str, Snapshot]]) -> list[figures.Trace]:
    found = [(letter, series) for letter, seen in runs if (series := _series(seen, name)) is not None]
    return [figures.Trace(letter, ord(letter) - ord("A"), Line(x, y, y, y)) for letter, (x, y) in found]

"""Curves of several runs in the same charts, one chart a quantity, one colour and dash a run."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from gan_core.runs import frames
from gan_core.runs.curves import FloatArray
from gan_core.runs.snapshots import Snapshot
from gan_core.runs.words import curve_title

Translate = Callable[[str], str]

BADGES = ("violet", "green", "red", "yellow")  # Streamlit's names of the colours below
COLOURS = (
    "#8a63d2",
    "#1e9e6a",
    "#d84a6b",
    "#a8830a",
)  # neither blue nor orange, which mean real and generated; readable on light and dark
DASHES = ("solid", "dash", "dot", "dashdot")
FIRST = ("g_loss", "reconstruction", "kl", "quality", "coverage", "reverse_kl")
PLAIN = {"displaylogo": False, "responsive": True,
         "modeBarButtonsToRemove": ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]}  # they hide the title on a telephone  # fmt: skip
SHARES = ".2~%"  # on an axis: no digits that say nothing
FEW = 20  # values that are drawn as points too: one alone is no line
_SHARES = "metrics"  # the panel whose values are shares


def compare(runs: Sequence[tuple[str, Snapshot]], labels: Mapping[str, str], _: Translate) -> None:
    """`runs`: the letter and the present snapshot of each. What is drawn can be chosen among what there is."""
    known = [name for name in frames.CURVE_NAMES if any(_series(seen, name) is not None for _letter, seen in runs)]
    if not known:
        st.caption(_("The curves appear with the first steps."))
        return
    titles = {name: curve_title(name, _) for name in known}
    chosen = st.pills(
        _("Curves"), known, selection_mode="multi", default=[name for name in FIRST if name in known] or known[:4],
        key=f"compare.curves.{len(known)}", format_func=titles.__getitem__,
        help=_("Hover a chart to read all runs at one step; drag to zoom."),
    )  # fmt: skip
    with st.container(key="runs-curves"):
        for name in (name for name in known if name in chosen):
            st.plotly_chart(
                _figure(name, titles[name], runs, _(labels["axis.step"])),
                key=f"compare.chart.{name}",
                width="stretch",
                config=PLAIN,
            )


def _series(seen: Snapshot, name: str) -> tuple[FloatArray, FloatArray] | None:
    """Steps and values of a curve where it has any."""
    if seen.curve_steps is None or seen.curve_values is None or name not in seen.curve_names:
        return None
    values = seen.curve_values[:, seen.curve_names.index(name)]
    there = ~np.isnan(values)
    return (seen.curve_steps[there], values[there]) if there.any() else None


def _figure(name: str, title: str, runs: Sequence[tuple[str, Snapshot]], step: str) -> go.Figure:
    shares = frames.CURVES[name][0] == _SHARES
    figure = go.Figure()
    for letter, seen in runs:
        found = _series(seen, name)
        if found is None:
            continue
        i = ord(letter) - ord("A")
        figure.add_scatter(
            x=found[0], y=found[1], name=letter, mode="lines" if len(found[0]) > FEW else "lines+markers",
            line={"color": COLOURS[i], "dash": DASHES[i], "width": 2}, hovertemplate="%{y:.1%}" if shares else "%{y:.4g}",
        )  # fmt: skip
    figure.update_layout(
        title={"text": title, "font": {"size": 15}, "yref": "container", "y": 0.97, "yanchor": "top"},
        height=260, margin={"l": 8, "r": 8, "t": 64, "b": 8}, hovermode="x unified", showlegend=True, uirevision=name,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        xaxis={"title": step}, yaxis={"tickformat": SHARES if shares else ""},
    )  # fmt: skip
    return figure

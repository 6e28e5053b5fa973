"""Curves of several runs in the same charts, one chart a quantity, one colour and dash a run."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st

from gan_core.comparison import figures
from gan_core.comparison.lines import Array, Line
from gan_core.runs import frames
from gan_core.runs.snapshots import Snapshot
from gan_core.runs.words import curve_title

Translate = Callable[[str], str]

BADGES = ("violet", "green", "red", "yellow")  # Streamlit's names of the colours of the first four
FIRST = ("g_loss", "reconstruction", "kl", "quality", "coverage", "reverse_kl")
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
            st.plotly_chart(
                figures.chart(
                    titles[name],
                    _traces(name, runs),
                    _(labels["axis.step"]),
                    shares=figures.is_share(name),
                    revision=name,
                ),
                key=f"{key}.chart.{name}",
                width="stretch",
                config=PLAIN,
            )


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

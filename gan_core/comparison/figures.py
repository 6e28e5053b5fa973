"""Charts of several runs over one axis, one colour and dash a run: on pages and in reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gan_core.comparison import lines
from gan_core.comparison.entries import Compared, Entry
from gan_core.comparison.lines import Line
from gan_core.runs import frames
from gan_core.runs.words import curve_title

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Neither blue nor orange, which mean real and generated; readable on light and dark.
COLOURS = ("#8a63d2", "#1e9e6a", "#d84a6b", "#a8830a", "#c23fae", "#0e9aa7", "#7a7f8a", "#9a6a4f")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "12px,3px,3px,3px,3px,3px", "2px,8px")
FEW = 20  # values that are drawn as points too: one alone is no line
SHARES = ".2~%"  # on an axis: no digits that say nothing
_FAINT = 0.5
_SHARES = "metrics"  # the panel whose values are shares


class Trace(NamedTuple):
    """A line of a chart: `place` says which colour and dash; `thin`: one of several seeds; `band`: whether low and high are drawn."""

    name: str
    place: int
    line: Line
    thin: bool = False
    band: bool = False


def is_share(name: str) -> bool:
    """Whether a curve's values are shares, written as percentages."""
    return frames.CURVES[name][0] == _SHARES


def traces(entries: Sequence[Entry], name: str, axis: str, smoothing: float, *, spread: bool) -> list[Trace]:
    """The lines of a curve of all entries. spread: of several seeds the mean with one standard deviation to both sides over thin lines of the
    seeds; else every seed with a line of its own."""
    found = []
    for entry in entries:
        known = [one for run in entry.runs if (one := lines.line(run, name, axis)) is not None]
        smooth = [lines.smoothed(one, smoothing) for one in known]
        whole = lines.spread(smooth) if spread else None
        alone = len(entry.runs) == 1
        found += [Trace(entry.letter, entry.place, one, thin=whole is not None, band=alone) for one in smooth]
        if whole is not None:
            found.append(Trace(entry.letter, entry.place, whole, band=True))
    return found


def chart(
    title: str, drawn: Sequence[Trace], x_title: str, *, shares: bool, revision: str, height: int = 260
) -> go.Figure:
    """A chart of these lines. Each name is told once in the legend."""
    import plotly.graph_objects as go

    figure, told = go.Figure(), set[str]()
    no_line = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    for one in drawn:
        colour, line = COLOURS[one.place], one.line
        if one.band and (line.low < line.high).any():
            figure.add_scatter(x=line.x, y=line.high, legendgroup=one.name, **no_line)
            figure.add_scatter(
                x=line.x, y=line.low, fill="tonexty", fillcolor=faint(colour), legendgroup=one.name, **no_line
            )
        few = len(line.x) <= FEW and not one.thin
        figure.add_scatter(
            x=line.x, y=line.mean, name=one.name, legendgroup=one.name, showlegend=one.name not in told and not one.thin,
            mode="lines+markers" if few else "lines", opacity=_FAINT if one.thin else 1.0,
            line={"color": colour, "dash": DASHES[one.place], "width": 1 if one.thin else 2},
            hovertemplate="%{y:.1%}" if shares else "%{y:.4g}", hoverinfo="skip" if one.thin else None,
        )  # fmt: skip
        if one.thin:
            figure.data[-1].hovertemplate = None
        else:
            told.add(one.name)
    figure.update_layout(
        title={"text": title, "font": {"size": 15}, "yref": "container", "y": 0.97, "yanchor": "top"},
        height=height, margin={"l": 8, "r": 8, "t": 64, "b": 8}, hovermode="x unified", showlegend=True, uirevision=revision,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        xaxis={"title": x_title}, yaxis={"tickformat": SHARES if shares else ""},
    )  # fmt: skip
    return figure


def curve_chart(
    entries: Sequence[Entry], name: str, axis: str, smoothing: float, _: Callable[[str], str], *, spread: bool = True
) -> go.Figure | None:
    """The chart of a curve; None where no entry has it over this axis."""
    drawn = traces(entries, name, axis, smoothing, spread=spread)
    if not drawn:
        return None
    revision = f"{name}.{axis}"
    return chart(curve_title(name, _), drawn, _(lines.AXES[axis]), shares=is_share(name), revision=revision)


def known_curves(entries: Sequence[Entry], axis: str = "step") -> list[str]:
    """The curves that any of them has."""
    return [
        name
        for name in frames.CURVE_NAMES
        if any(lines.line(run, name, axis) is not None for e in entries for run in e.runs)
    ]


def faint(colour: str) -> str:
    """A colour for the band around a line of it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def of_panel(run: Compared, name: str, place: int, title: str) -> Trace:
    """A curve that stands with others of the same run in one chart."""
    found = lines.line(run, name)
    assert found is not None
    return Trace(title, place, found, band=True)

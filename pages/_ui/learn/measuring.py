"""The figures of the lesson on measuring: a cloud that passes for a ring, and pictures that a cheat hands in."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray
from PIL import Image

from gan_core.data.sets import to_pixels
from gan_core.errors import PlaygroundError
from gan_core.lessons import handing_in
from gan_core.lessons.handing_in import HandIn, Marks
from gan_core.lessons.sight import Sight
from gan_core.text import N_
from pages._ui.charts import PLAIN
from pages._ui.failures import plain
from pages._ui.i18n import number, percent, translate
from pages._ui.theme import GENERATED, REAL

Translate = Callable[[str], str]

_DRAWN = 600  # points of either kind
_SHOWN = 24  # pictures
_NAMES = {
    "fd": N_("Fréchet distance"), "precision": N_("Precision"), "recall": N_("Recall"), "density": N_("Density"), "covered": N_("Coverage"),
    "class_modes": N_("Classes drawn"), "quality": N_("High quality"), "near": N_("Nearest training picture (pixels)"),
    "copied": N_("Suspiciously near"), "near_features": N_("Nearest training picture (features)"),
}  # fmt: skip
_SHARES = ("precision", "recall", "covered", "quality", "copied")
_BETTER = {
    "fd": "↓",
    "precision": "↑",
    "recall": "↑",
    "density": "↑",
    "covered": "↑",
    "class_modes": "↑",
    "quality": "↑",
}
_SOURCES = {"unseen": N_("Real, never seen"), "copies": N_("Copies of training pictures")}


def cloud(key: str, start: Mapping[str, Any], _free: tuple[str, ...]) -> Sight | None:
    """A round cloud of points on the ring of eight, as wide as the learner wants it."""
    _ = translate()
    key += ".width"
    st.session_state.setdefault(key, float(start["width"]))
    width = st.slider(_("Standard deviation along each axis"), handing_in.LEAST_WIDTH, handing_in.LARGEST_WIDTH, step=0.05,
                      key=key, help=_("How wide the cloud is that is handed in instead of a ring. Arrow keys move it, too."))  # fmt: skip
    found, best = handing_in.cloud(round(float(width), 2)), handing_in.cloud(None)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _points(found, key, _)
        st.caption(
            _(
                "Real points lie in eight clusters on a ring; what is handed in is one round cloud of standard deviation {width} in their middle."
            ).format(width=number(width, 2))
        )
    with right:
        _table(found.figures, best.figures, ("fd", "precision", "recall", "quality"), _("A new draw of the ring"), _)
        st.caption(_("Each of {n} points against {n} others of the ring.").format(n=number(handing_in.POINTS)))
    return Sight(0, found.figures, samples=handing_in.POINTS)


def _points(found: handing_in.Cloud, key: str, _: Translate) -> None:
    import plotly.graph_objects as go

    figure = go.Figure()
    light = st.context.theme.type != "dark"
    scheme = "light" if light else "dark"
    for name, points, colour, symbol in ((_("Real"), found.real, REAL[scheme], "circle"),
                                         (_("Handed in"), found.points, GENERATED[scheme], "diamond")):  # fmt: skip
        figure.add_scatter(x=points[:_DRAWN, 0].tolist(), y=points[:_DRAWN, 1].tolist(), mode="markers", name=name, hoverinfo="skip",
                           marker={"color": colour, "symbol": symbol, "size": 5, "opacity": 0.55})  # fmt: skip
    figure.update_layout(
        height=340, margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
        xaxis={"range": [-2.2, 2.2], "fixedrange": True, "zeroline": False, "constrain": "domain"},
        yaxis={"range": [-2.2, 2.2], "scaleanchor": "x", "fixedrange": True, "zeroline": False},
    )  # fmt: skip
    st.plotly_chart(figure, key=f"{key}.points", width="stretch", config=PLAIN | {"displayModeBar": False},
                    alt=_("Real points in eight clusters on a ring, and the points that are handed in. The figures beside it say how they compare."))  # fmt: skip


def digits(key: str, start: Mapping[str, Any], _free: tuple[str, ...]) -> Sight | None:
    """Pictures of small digits, as the learner tampers with them, and what all metrics say."""
    _ = translate()
    with st.container(key=f"lesson-controls-{key.rpartition('.')[2]}"):
        wanted = _controls(key, start["controls"], _)
    try:
        with st.spinner(_("Measuring (the first time, a classifier is trained for some seconds) …")):
            found, best = handing_in.marks(HandIn(**wanted)), handing_in.exam().best
    except PlaygroundError as error:
        st.error(plain(_(error.template).format(**error.params)), icon=":material/error:")
        return None
    n = handing_in.exam().n
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _pictures(found, _)
    with right:
        _table(found.figures, best, tuple(best), _("Real, never seen"), _)
    st.caption(
        _("{n} pictures handed in, measured against {n} real ones that nobody copied; the {n} training pictures are others again. Distances in "
          "64 features of the set's own classifier. *Suspiciously near*: share of the pictures that lie nearer to a training picture, by "
          "pixels, than any of {yard} real pictures that were never learned from.").format(
            n=number(n), yard=number(handing_in.exam().yardstick))
    )  # fmt: skip
    return Sight(0, found.figures, samples=n, facts=dict(wanted))


def _controls(key: str, names: Sequence[str], _: Translate) -> dict[str, Any]:
    """What is set, by the names of HandIn."""
    found: dict[str, Any] = {}
    for name in names:
        own = f"{key}.{name}"
        match name:
            case "source":
                found[name] = st.radio(
                    _("Handed in"), handing_in.SOURCES, key=own, format_func=lambda s: _(_SOURCES[s])
                )
            case "count":
                st.session_state.setdefault(own, 0)
                found[name] = st.select_slider(_("Different pictures"), handing_in.COUNTS, key=own,
                                               format_func=lambda c: number(c) if c else _("all"),
                                               help=_("How many different ones there are; they are repeated to the full number."))  # fmt: skip
            case "classes":
                chosen = st.pills(_("Only these digits"), range(10), selection_mode="multi", key=own,
                                  help=_("None chosen: all of them."))  # fmt: skip
                found[name] = tuple(sorted(chosen))
            case "shift":
                found[name] = st.select_slider(_("Moved to the right (pixels)"), handing_in.SHIFTS, key=own)
            case "noise":
                found[name] = st.slider(_("Noise"), 0.0, handing_in.LARGEST_NOISE, step=0.05, key=own,
                                        help=_("Standard deviation of noise on each pixel; black is −1, white 1."))  # fmt: skip
            case "blur":
                found[name] = st.slider(_("Blur (pixels)"), 0.0, handing_in.LARGEST_BLUR, step=0.25, key=own)
            case "garbage":
                found[name] = st.slider(_("Share of pure noise"), 0.0, 1.0, step=0.05, key=own, format="percent",
                                        help=_("So many of the pictures are replaced by random pixels."))  # fmt: skip
    return found


def _pictures(found: Marks, _: Translate) -> None:
    """Some of what was handed in, evenly chosen, over the training picture nearest to each."""
    rows = torch.linspace(0, len(found.pictures) - 1, _SHOWN).round().long()
    handed, near = to_pixels(found.pictures[rows]).numpy(), found.nearest[rows].numpy()
    for title, alt, images in (
        (_("Handed in"), _("{n} of the pictures that were handed in").format(n=_SHOWN), handed),
        (_("The training picture nearest to each"), _("Of each the training picture that is nearest to it by its pixels"), near),
    ):  # fmt: skip
        st.html(f"<figure class='gp-handed'><figcaption>{html.escape(title)}</figcaption>"
                f"<img src='{_sheet(images)}' alt='{html.escape(alt, quote=True)}'></figure>")  # fmt: skip


def _sheet(images: NDArray[np.uint8]) -> str:
    """(N, 1, H, W) in two rows as a data address."""
    side = images.shape[-1]
    across = len(images) // 2
    sheet = Image.new("L", (across * (side + 2), 2 * (side + 2)), 128)
    for i, image in enumerate(images):
        sheet.paste(Image.fromarray(image[0]), (i % across * (side + 2) + 1, i // across * (side + 2) + 1))
    held = io.BytesIO()
    sheet.save(held, "PNG")
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode("ascii")


def _table(
    yours: Mapping[str, float], best: Mapping[str, float], names: Sequence[str], called: str, _: Translate
) -> None:
    """A row a figure: of what is handed in, and of what is real."""
    lines = [f"| | {_('Handed in')} | {called} |", "| --- | ---: | ---: |"]
    for name in names:
        title = f"{_(_NAMES[name])} {_BETTER.get(name, '')}".strip()
        lines.append(f"| {title} | **{_written(name, yours[name])}** | {_written(name, best[name])} |")
    st.markdown("\n".join(lines))


def _written(name: str, value: float) -> str:
    if name in _SHARES:
        return percent(value, 1)
    return number(value, 4) if 0 < value < 0.1 else number(float(f"{value:.3g}"))

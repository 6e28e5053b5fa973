"""What a cell of a notebook shows of a run: its picture, its losses, how it is going. One output that is replaced as the run trains."""

from __future__ import annotations

import base64
import contextlib
import html
import importlib
import io
import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gan_core import registry
from gan_core.runs import frames, headless, stills
from gan_core.runs.cadence import Cadence
from gan_core.runs.session import TrainingSession
from gan_core.runs.snapshots import Snapshot

SIDE = 360  # pixels of the picture
_SHARE, _LEAST = 0.05, 0.25  # of the time for showing; least seconds between two
_PANELS = ("loss", "elbo", "held")  # of the curves: those that are drawn, the first with numbers
_COLOURS = {
    "g": "#d9730d",
    "d": "#8672b8",
}  # orange is what is generated; the discriminator has a colour of its own, and dashes
_GREY = "#808a94"
_WIDTH, _HEIGHT = 300, 120  # of the curves


def in_notebook() -> bool:
    """Whether this runs in a cell that can show pictures. Imports nothing: in one, IPython is there already."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return getattr(shell, "kernel", None) is not None


@contextlib.contextmanager
def live(session: TrainingSession, steps: int | None, seconds: float | None) -> Iterator[Callable[[], None]]:
    """Show the run while it trains: in a notebook below the cell, else as a bar on stderr as the command line does. Gives what is to be called
    after each turn; at the end the last state is shown."""
    if not in_notebook():
        with headless.progress_bar(session, steps, seconds) as (_bar, advance):
            yield advance
        return
    display: Any = importlib.import_module("IPython.display").display
    start, pace = session.seconds, Cadence(_LEAST, _SHARE)

    def bundle(words: str) -> dict[str, str]:
        return {"text/html": page(session, words), "text/plain": words}

    handle = display(bundle(headless.line(session)), raw=True, display_id=True)

    def show() -> None:
        begin = time.perf_counter()
        if pace.due(begin):
            done = 100 * headless.share_done(session, start, steps, seconds)
            handle.update(bundle(f"{done:.0f} % · {headless.line(session)}"), raw=True)
            now = time.perf_counter()
            pace.spent(now, now - begin)

    session.on_report = lambda text: handle.update({"text/plain": text, "text/html": _paragraph(text)}, raw=True)
    try:
        yield show
    finally:
        session.on_report = lambda text: None
        handle.update(bundle(headless.line(session)), raw=True)


def page(session: TrainingSession, words: str) -> str:
    """HTML of the run as it is now, without script, and without a file beside it. `words`: what is said above."""
    seen = session.latest
    parts = []
    if seen.arrays:
        source, alt = _data(picture(seen, SIDE)), html.escape(words)
        parts.append(f'<img alt="{alt}" width="{SIDE}" style="image-rendering:pixelated" src="{source}">')
    parts.append(f'<div style="max-width:{_WIDTH + 60}px">{_losses(seen)}{_state(session)}</div>')
    return (
        f'<div style="font-family:sans-serif;font-size:13px;line-height:1.4">{_paragraph(words)}'
        f'<div style="display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start">{"".join(parts)}</div></div>'
    )


def picture(seen: Snapshot, side: int) -> Image.Image:
    """What viewers see of a run that has been looked at: all points over the data's extent, `side` pixels square; or the grid of generated
    pictures, each pixel a square, no side longer than that."""
    if seen.kind == "points":
        return stills.large(seen, side)
    sheet = frames.grid(seen.arrays["fake"])
    factor = side / max(sheet.size)
    if factor >= 1:
        return ImageOps.scale(sheet, math.floor(factor), Image.Resampling.NEAREST)
    return ImageOps.scale(sheet, factor, Image.Resampling.BOX)


def _data(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _paragraph(text: str) -> str:
    return f'<p style="margin:0 0 6px">{html.escape(text)}</p>'


def _state(session: TrainingSession) -> str:
    """Why it has stopped, and what is wrong with it."""
    lines = [html.escape(str(session.message))] if str(session.message) else []
    for finding in session.diagnosis:
        title = registry.condition[finding.code].title if finding.code in registry.condition else finding.code
        said = f"{finding.evidence.template.format(**finding.evidence.params)}"
        lines.append(f"<b>{html.escape(title)}</b>: {html.escape(said)}")
    return "".join(f'<p style="margin:6px 0 0">{line}</p>' for line in lines)


# ── the losses ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _losses(seen: Snapshot) -> str:
    """The losses so far as a small SVG; nothing before there are any."""
    if seen.curve_steps is None or seen.curve_values is None or len(seen.curve_steps) < 2:
        return ""
    drawn: dict[str, NDArray[Any]] = {}
    for panel in _PANELS:
        drawn |= {} if drawn else _series(seen, panel)
    if not drawn:
        return ""
    every = np.concatenate([values[np.isfinite(values)] for values in drawn.values()])
    low, high = float(every.min()), float(every.max())
    steps = seen.curve_steps
    x = (steps - steps[0]) / max(float(steps[-1] - steps[0]), 1.0) * _WIDTH
    lines = []
    for name, values in drawn.items():
        y = _HEIGHT * (1 - (values - low) / ((high - low) or 1.0))
        lines.append(_line(x, y, _colour(name), ' stroke-dasharray="5 3"' if _dashed(name) else ""))
    names = " ".join(
        f'<span style="color:{_colour(name)}">{"╌" if _dashed(name) else "━"} {html.escape(name)}</span>'
        for name in drawn
    )
    return (
        f'<svg role="img" aria-label="{html.escape(", ".join(drawn))}" viewBox="-2 -4 {_WIDTH + 60} {_HEIGHT + 24}" '
        f'width="{_WIDTH + 60}" height="{_HEIGHT + 24}" style="max-width:100%">'
        f'<g fill="none" stroke="currentColor" stroke-opacity=".25"><path d="M0 0H{_WIDTH}M0 {_HEIGHT}H{_WIDTH}"/></g>{"".join(lines)}'
        f'<g fill="currentColor" font-size="11"><text x="{_WIDTH + 4}" y="6">{high:.3g}</text><text x="{_WIDTH + 4}" y="{_HEIGHT + 3}">{low:.3g}</text>'
        f'<text x="0" y="{_HEIGHT + 16}">step {steps[0]:.0f}</text><text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{steps[-1]:.0f}</text></g>'
        f"</svg><div>{names}</div>"
    )


def _series(seen: Snapshot, panel: str) -> dict[str, NDArray[Any]]:
    assert seen.curve_values is not None
    found = {
        name: seen.curve_values[:, i] for i, name in enumerate(seen.curve_names) if frames.CURVES[name][0] == panel
    }
    return {name: values for name, values in found.items() if np.isfinite(values).any()}


def _dashed(name: str) -> bool:
    return frames.CURVES[name][1] == "d"


def _colour(name: str) -> str:
    return _COLOURS.get(frames.CURVES[name][1], _GREY)


def _line(x: NDArray[Any], y: NDArray[Any], colour: str, dash: str) -> str:
    """A path that is broken where a number is missing."""
    path, pen = "", "M"
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if math.isfinite(b):
            path, pen = f"{path}{pen}{a:.1f} {b:.1f}", "L"
        else:
            pen = "M"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'

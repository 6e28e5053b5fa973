"""The live view: a browser component that draws the frames of a run as they arrive on a WebSocket.

The page only mounts it and hands over a token and the words on screen; pictures, curves and commands travel beside Streamlit.
"""

import base64
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import streamlit as st

_HERE = Path(__file__).parent
_PARTS = (
    "frame", "dom", "layers", "points", "yard", "closely", "images", "pairs", "save", "curves", "histogram", "album", "timeline", "link", "ghost", "transport", "controls",
    "machine", "gradients", "slow", "doctor", "graph_plots", "graph_map", "graph_layers", "graph_words", "graph_flow", "graph", "spoken", "view",
)  # fmt: skip  # joined to one module
_STYLES = ("live.css", "live/graph.css")

Only = Literal["all", "lesson", "bar", "legend", "cell"]

HTML = '<div class="gl"></div>'
STYLE = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _STYLES)
SCRIPT = "\n".join((_HERE / "live" / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS)

_component = st.components.v2.component("gan_live", html=HTML, css=STYLE, js=SCRIPT)


def live_data(*, run_id: str | None, token: str | None, frame: bytes | None, labels: Mapping[str, str],
              kind: Literal["points", "images", "pairs"], can_control: bool, stamp: int = 0,
              about: Mapping[str, Any] | None = None, caption: str = "", only: Only = "all",
              ghost: Mapping[str, str] | None = None) -> dict[str, Any]:  # fmt: skip
    """What the browser gets: JSON only, because bytes inside a dict would arrive as one useless string.

    `frame` (a packed frame of an untrained GAN) is sent only while there is no run; it is some 10-60 kB. `stamp`: larger in what is
    said later; the browser may hear an earlier state of the page after a later one. `about`: from `graph.about`. `only`: which part of
    the view is drawn: what a "lesson" needs, which speaks for itself; of runs side by side the "bar" with the commands for all, its "legend" alone, or the "cell" of one.
    """
    preview = base64.b64encode(frame).decode("ascii") if frame and run_id is None else None
    words = dict(labels)
    return {"run": run_id, "token": token, "frame": preview, "labels": words, "kind": kind, "control": can_control,
            "stamp": stamp, "about": about, "caption": caption, "only": only, "ghost": dict(ghost) if ghost else None}  # fmt: skip


def live_view(*, run_id: str | None, token: str | None, frame: bytes | None, labels: Mapping[str, str],
              kind: Literal["points", "images", "pairs"], key: str, can_control: bool,
              on_renew: Callable[[], None] | None = None, on_remedy: Callable[[Any], None] | None = None,
              on_branch: Callable[[int], None] = lambda step: None, about: Mapping[str, Any] | None = None,
              caption: str = "", only: Only = "all",
              ghost: Mapping[str, str] | None = None) -> bool:  # fmt: skip
    """Mount the live view of a run, or a still preview without one.

    labels: from `live_words.live_labels`. about: from `graph.about`, None where the model is not drawn. can_control: whether this person
    may command the run; the server has the last word.
    caption: the settings in short, under a picture that is saved. ghost: "id", "token" and "name" of a run drawn behind this one.
    on_renew: called before the script runs when the browser needs a new token (the old one has expired). on_branch: the same
    when somebody wants to go on from this step of the past.
    on_remedy: called with {"run", "code"} (whatever the browser sent) when the remedy of a finding shall be applied.
    Returns whether the browser asked for a new token in this script run.
    """
    stamp = _stamp(
        f"{key}.stamp",
        (
            run_id,
            token,
            hash(frame),
            labels.get("lang"),
            labels.get("pairs.into"),
            labels.get("pairs.out"),
            kind,
            can_control,
            str(about),
            caption,
            only,
            str(ghost),
        ),
    )
    data = live_data(
        run_id=run_id,
        token=token,
        frame=frame,
        labels=labels,
        kind=kind,
        can_control=can_control,
        stamp=stamp,
        about=about,
        caption=caption,
        only=only,
        ghost=ghost,
    )

    def branch() -> None:
        wish = getattr(st.session_state[key], "branch", None)
        if isinstance(wish, Mapping) and wish.get("run") == run_id and type(wish.get("step")) is int:
            on_branch(wish["step"])

    result = _component(data=data, key=key, on_renew_change=on_renew or (lambda: None), on_branch_change=branch,
                        on_remedy_change=lambda: None)  # fmt: skip
    if result.remedy is not None and on_remedy is not None:
        on_remedy(result.remedy)
    return result.renew is not None


def _stamp(key: str, said: tuple[Any, ...]) -> int:
    """When this was first said in this session (microseconds): the same for the same, so that it is not sent again."""
    kept: tuple[tuple[Any, ...], int] | None = st.session_state.get(key)
    if kept is None or kept[0] != said:
        kept = st.session_state[key] = (said, time.time_ns() // 1000)
    return kept[1]

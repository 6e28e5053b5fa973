"""The Latent Explorer's page: which run, and the component that explores it. Pictures travel beside Streamlit, on a socket."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from gan_core.latent.explored import NO_LATENTS
from gan_core.latent.models import is_model
from gan_core.runs.index import Query
from gan_core.runs.listing import Row
from gan_core.text import joined
from pages._ui import service, tokens
from pages._ui.failures import plain
from pages._ui.i18n import language
from pages._ui.lab import FILES
from pages._ui.latent_words import latent_labels
from pages._ui.own_model import own_model
from pages._ui.owner import owner_id
from pages._ui.run_names import run_name

Translate = Callable[[str], str]

_HERE = Path(__file__).parent
_SHARED = ("frame", "dom", "yard", "link")  # with the live view
_PARTS = (
    "parts", "asking", "state", "places", "stage", "favourites", "moment", "pad", "sliders", "way_tracks", "film", "way", "map_paint", "map_picture", "map", "directions", "named", "sketch", "pictures", "project", "arithmetic", "nearest", "truncation", "mix", "units_region", "units", "weak", "desk",
)  # fmt: skip  # joined to one module
HTML = '<div class="gl gx"></div>'
STYLE = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("live.css", "latent.css"))
SCRIPT = "\n".join(
    file.read_text(encoding="utf-8")
    for file in (
        *(_HERE / "live" / f"{part}.js" for part in _SHARED),
        *(_HERE / "latent" / f"{part}.js" for part in _PARTS),
    )
)
_OFFERED = 50  # runs to choose from: the newest
_KEY = "latent.run"
_LATENT = re.compile("[A-Za-z0-9_-]{4,65536}")
_LONGEST_LOOK = 16_384  # characters

_component = st.components.v2.component("gan_latent", html=HTML, css=STYLE, js=SCRIPT)


def explorer(_: Translate) -> None:
    """The whole page. The address names the run (`run`), and may name a moment (`step`), a tool (`tool`), and a place to begin at (`linked`)."""
    rows = {row.id: row for row in _offered()}
    asked = st.query_params.get("run", "")
    translates = bool(asked) and _translates(asked)
    there = bool(asked) and service.explorable(asked) and not translates
    with st.container(horizontal=True, vertical_alignment="bottom", key="latent-head"):
        st.header(_("Latent Explorer"), anchor=False, width="content")
        chosen = _choose(rows, asked if there else "", _)
        if (
            chosen
            and not is_model(chosen)
            and st.button(_("Open in its lab"), icon=":material/visibility:", help=_("See the run train."))
        ):
            _open(chosen)
        own_model(chosen, _)
    if translates:
        st.warning(plain(_(NO_LATENTS)), icon=":material/info:")
        st.page_link(
            FILES["pairs"], label=_("See the run"), icon=":material/compare_arrows:", query_params={"run": asked}
        )
    elif asked and not there:
        text = _("There is no such run here any more.")
        st.warning(joined(text, _("Another one is shown.") if chosen else ""), icon=":material/info:")
    if not chosen:
        st.caption(
            _("A generator turns noise into samples. Here you walk through that noise and see what it has learned.")
        )
        st.info(
            _("Nothing has been trained here yet. Start a run in one of the labs, and explore it while it trains."),
            icon=":material/info:",
        )
        left, right = st.columns(2)
        left.page_link("lab.py", label=_("2-D Lab"), icon=":material/scatter_plot:")
        right.page_link("images.py", label=_("Image Lab"), icon=":material/grid_view:")
        return
    st.query_params["run"] = chosen
    mine = _is_mine(chosen, rows)
    start, whole = linked(st.query_params)
    if not whole:
        st.warning(
            _(
                "The place in this link cannot be read: perhaps it was cut short. The run is shown from a place of its own."
            ),
            icon=":material/info:",
        )
    asked_step = st.query_params.get("step", "")
    if asked_step and _step(asked_step) is None:
        text = _("This link names the step {step}, and a step is a whole number from 0 on. The newest moment is shown.")
        st.warning(plain(text.format(step=asked_step[:40])), icon=":material/link_off:")
    _component(data=_data(chosen, mine, start, _), key="latent.desk", on_renew_change=lambda: None)


def linked(query: Mapping[str, str]) -> tuple[dict[str, Any] | None, bool]:
    """The place that an address names, with how it is looked at: `at`, a latent in base64; `psi`, its truncation; `off`, channels and what they
    are multiplied by ("layer_channel_factor_layer_…"); `look`, what else there is, as JSON. None where it names none. False where it
    does, in a form that cannot be read; whether it fits the generator is seen when it is drawn."""
    at = query.get("at", "")
    if not at:
        return None, True
    try:
        look = json.loads(query.get("look", "{}")[:_LONGEST_LOOK])
        if not _LATENT.fullmatch(at) or not isinstance(look, dict):
            return None, False
        if "psi" in query:
            look["psi"] = float(query["psi"])
        if "off" in query:
            found = [float(part) for part in query["off"][:_LONGEST_LOOK].split("_")]
            if len(found) % 3 or not all(part.is_integer() for i, part in enumerate(found) if i % 3 < 2):
                return None, False
            look["off"] = [[int(found[i]), int(found[i + 1]), found[i + 2]] for i in range(0, len(found), 3)]
        json.dumps(look, allow_nan=False)
    except (ValueError, OverflowError, RecursionError):
        return None, False
    return {"at": at, "look": look}, True


def _data(run_id: str, mine: bool, start: Mapping[str, Any] | None, _: Translate) -> Mapping[str, Any]:
    return {
        "run": run_id, "token": tokens.issue_for(run_id, control=mine), "control": mine,
        "labels": latent_labels(_, language().replace("_", "-")), "step": _step(st.query_params.get("step", "")),
        "tool": st.query_params.get("tool", ""), "start": start, "model": is_model(run_id),
    }  # fmt: skip


def _step(text: str) -> int | None:
    """The step that an address names; None where it names none, or what is no step."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None


def _offered() -> list[Row]:
    """The visitor's own runs first, then the others."""
    rows, _total = service.scheduler().rows(Query(limit=_OFFERED))
    own, _total = service.scheduler().rows(Query(owner=owner_id(), limit=_OFFERED))
    return [row for row in {row.id: row for row in (*own, *rows)}.values() if not row.problem and row.kind != "pairs"]


def _translates(run_id: str) -> bool:
    """Whether a run is given pictures instead of noise."""
    row = service.scheduler().store.index.get(run_id)
    return row is not None and row.kind == "pairs"


def _is_mine(chosen: str, rows: Mapping[str, Row]) -> bool:
    if is_model(chosen):
        model = service.models().get(chosen)
        return model is not None and service.owns(model.owner)
    row = rows.get(chosen) or service.scheduler().store.index.get(chosen)
    return row is not None and service.owns(row.owner)


def _choose(rows: Mapping[str, Row], asked: str, _: Translate) -> str:
    """The run or model in the address, or the newest run; choosing another one puts it there."""
    brought = {model.id: model.name for model in service.models().of(owner_id())}
    options = [*rows, *brought]
    if asked and asked not in options:
        options.append(asked)
    if not options:
        return ""
    chosen = asked or options[0]
    key = f"{_KEY}.{chosen}"  # another run, another control

    def take() -> None:
        taken = st.session_state[key]
        if taken in options:  # and not what the browser still calls a run that has another name by now
            st.query_params.from_dict({"run": taken})  # at once: one step back in the browser is the run before

    st.selectbox(
        _("Run"), options, index=options.index(chosen), key=key, on_change=take, width=420,
        format_func=lambda one: _("{name} · your model").format(name=plain(brought[one])) if one in brought else run_name(rows.get(one), one, _),
    )  # fmt: skip
    return chosen


def _open(run_id: str) -> None:
    row = service.scheduler().store.index.get(run_id)
    st.switch_page(FILES[row.kind if row is not None and row.kind else "points"], query_params={"run": run_id})

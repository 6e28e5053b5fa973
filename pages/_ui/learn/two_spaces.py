"""Two runs' samples, ways between the same two places, and latent spaces beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from torch import Tensor

from gan_core import registry
from gan_core.latent.explored import Explored, ExploredRun
from gan_core.latent.tools.truncation import real_samples
from gan_core.lessons import spaces
from gan_core.lessons.sight import Sight
from pages._ui.charts import PLAIN
from pages._ui.i18n import number, percent, translate
from pages._ui.learn.explored import attempt, begun, explore, moment, room, scheme, sheet
from pages._ui.theme import GENERATED

_ROW, _ROWS = 8, 3  # samples
_SIDE = 15  # of the plane
_STEPS = 9  # of a way
_LETTERS = 400
_PLACES = range(1, 100)
_FIRST, _SECOND = 3, 5  # seeds that a way leads between at first


@dataclass(frozen=True)
class _Seen:
    """What is kept of a run's moment between two scripts: numbers, and letters for the latent plane where that has two coordinates."""

    run: str
    step: int
    measured: spaces.Measured
    latents: Tensor | None
    read: spaces.Read


def two_spaces(key: str, needs: tuple[str, ...], runs: Mapping[str, str]) -> Sight | None:
    """Drawn from the two runs' newest saved moments, whenever it is asked for."""
    _ = translate()
    if not begun(needs, runs):
        return None
    chosen = [runs[lab] for lab in needs]
    kept: list[_Seen] | None = st.session_state.get(key)
    fresh = kept is not None and [seen.run for seen in kept] == chosen
    label = _("Compare them as they are now") if fresh else _("Compare them")
    if st.button(label, type="secondary" if fresh else "primary", icon=":material/compare:", key=f"{key}.go"):
        with st.spinner(_("A thousand samples of each are drawn and looked at …")):
            kept = attempt(lambda: [_look(run_id) for run_id in chosen])
        st.session_state[key] = kept
        fresh = kept is not None
    if not fresh or kept is None:
        return None
    rooms = attempt(lambda: [room(seen.run, seen.step).explored for seen in kept])
    if rooms is None:
        return None
    _samples(kept, rooms)
    _numbers(kept, rooms)
    tried = _ways(key, rooms)
    _planes(key, kept, rooms)
    figures = {f"{letter}.{name}": value for letter, seen in zip("ab", kept, strict=True)
               for name, value in vars(seen.measured).items()}  # fmt: skip
    return Sight(min(seen.step for seen in kept), figures, facts={"tried": tried})


def _look(run_id: str) -> _Seen:
    there = room(run_id).explored
    by = spaces.eyes(there)
    real, _classes = real_samples(there, spaces.SAMPLES)
    latents = there.many(_LETTERS, 1)
    return _Seen(run_id, there.step, spaces.measured(there, real, by), latents if there.inputs == 2 else None,
                 spaces.read(there.draw(latents), by))  # fmt: skip


def _name(explored: Explored) -> str:
    _ = translate()
    assert isinstance(explored, ExploredRun)
    numbers = _("{count} latent numbers").format(count=explored.dim)
    return f"{_(registry.method[explored.config.method].title)} · {numbers}"


def _samples(kept: list[_Seen], rooms: list[Explored]) -> None:
    _ = translate()
    for column, seen, explored in zip(st.columns(2, gap="medium"), kept, rooms, strict=True):
        with column:
            st.markdown(f"**{_name(explored)}** · {moment(seen.step)}")
            st.image(sheet(explored.draw(explored.many(_ROW * _ROWS, 1)), _ROW), width="stretch",
                     alt=_("{count} samples from random latents").format(count=_ROW * _ROWS))  # fmt: skip
            explore(seen.run, "way")


def _numbers(kept: list[_Seen], rooms: list[Explored]) -> None:
    _ = translate()
    a, b = (seen.measured for seen in kept)
    rows = [
        (_("Grey pixels"), percent(a.grey), percent(b.grey), percent(a.real_grey)),
        (_("Recognised samples"), percent(a.recognised), percent(b.recognised), ""),
        (_("Recognised halfway between two"), percent(a.halfway), percent(b.halfway), ""),
        (_("Fréchet distance"), number(a.distance, 0), number(b.distance, 0), ""),
    ]
    head = ["", *(_name(explored) for explored in rooms), _("Real pictures")]
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    st.markdown("\n".join(lines))
    st.caption(
        _("Grey: between a fifth and four fifths of the way from paper to ink. Recognised: the set's classifier is more than 90 % sure. Of {count} samples each.")
        .format(count=number(spaces.SAMPLES))
    )  # fmt: skip


def _ways(key: str, rooms: list[Explored]) -> bool:
    """The way between two places in each space, and a fade beside it. Whether other places were chosen than at first."""
    _ = translate()
    left, right = st.columns(2, gap="medium")
    first = left.select_slider(_("From place"), _PLACES, _FIRST, key=f"{key}.from")
    second = right.select_slider(_("To place"), _PLACES, _SECOND, key=f"{key}.to")
    for explored in rooms:
        way = spaces.way(explored, first, second, _STEPS)
        st.caption(_("{model}: through latent space").format(model=_name(explored)))
        st.image(sheet(way, _STEPS), width="stretch",
                 alt=_("{count} pictures on the straight way from place {first} to place {second}").format(count=_STEPS, first=first, second=second))  # fmt: skip
        if explored is rooms[-1]:
            st.caption(_("For comparison: the last row's first and last picture, faded into each other pixel by pixel"))
            st.image(sheet(spaces.fade(way), _STEPS), width="stretch", alt=_("{count} pictures of a fade").format(count=_STEPS))  # fmt: skip
    return (first, second) != (_FIRST, _SECOND)


def _planes(key: str, kept: list[_Seen], rooms: list[Explored]) -> None:
    """The latent planes, as pictures and as what is recognised in them."""
    _ = translate()
    for i, (column, seen, explored) in enumerate(zip(st.columns(2, gap="medium"), kept, rooms, strict=True)):
        with column:
            if explored.inputs == 2:
                st.caption(
                    _("{model}: the whole latent plane, each field as likely as the others").format(
                        model=_name(explored)
                    )
                )
                st.image(sheet(explored.draw(spaces.plane(_SIDE)), _SIDE), width="stretch",
                         alt=_("{side} by {side} pictures, in the order of their latents").format(side=_SIDE))  # fmt: skip
                st.plotly_chart(_letters(seen), key=f"{key}.letters.{i}", width="stretch", config=PLAIN,
                                alt=_("Which digit is recognised at random places of the latent plane."))  # fmt: skip
                st.caption(
                    _(
                        "{count} random latents: the digit that is recognised there, a dot where none is ({share})."
                    ).format(count=number(_LETTERS), share=percent(1 - seen.read.share))
                )


def _letters(seen: _Seen) -> Any:
    import plotly.graph_objects as go

    assert seen.latents is not None
    x, y = seen.latents.T.tolist()
    pairs = zip(seen.read.classes.tolist(), seen.read.sure.tolist(), strict=True)
    texts = [str(k) if sure else "·" for k, sure in pairs]
    chart = go.Figure(
        go.Scatter(
            x=x, y=y, mode="text", text=texts, hoverinfo="text+x+y", textfont={"size": 13, "color": GENERATED[scheme()]}
        )
    )
    chart.update_layout(height=340, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False)
    chart.update_xaxes(title="z₁", range=[-3, 3], constrain="domain")
    chart.update_yaxes(title="z₂", range=[-3, 3], scaleanchor="x")
    return chart

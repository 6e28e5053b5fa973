"""Truncation and directions in the latent space of a learner's own run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from gan_core.latent import tools  # noqa: F401  (registers what can be asked)
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explored import Explored
from gan_core.latent.explorer import Room
from gan_core.latent.truncation import PSIS
from gan_core.lessons import spaces
from gan_core.lessons.sight import Sight
from gan_core.text import beside, listed, pair
from pages._ui.charts import PLAIN, show_chart
from pages._ui.i18n import number, percent, translate
from pages._ui.learn.explored import attempt, begun, explore, moment, room, scheme, sheet
from pages._ui.theme import GENERATED, NEUTRAL, REAL

_ROWS = 3
_COLUMNS = 10
_REACH, _STEPS = 4.0, 9  # standard deviations along a direction, to both sides; pictures on the way
_COUNTED = 200  # samples that are moved and read


def truncation(key: str, needs: tuple[str, ...], runs: Mapping[str, str]) -> Sight | None:
    """Samples at a ψ of the learner's choice, and what is measured at several."""
    _ = translate()
    if not begun(needs, runs):
        return None
    run_id = runs[needs[0]]
    there = attempt(lambda: room(run_id))
    if there is None:
        return None
    explored = there.explored
    psi = st.slider("ψ", PSIS[0], PSIS[-1], 1.0, 0.05, key=f"{key}.psi")
    st.image(sheet(explored.draw(_asked(explored), psi), _COLUMNS), width="stretch",
             alt=_("{count} samples at ψ = {psi}").format(count=_ROWS * _COLUMNS, psi=number(psi)))  # fmt: skip
    st.caption(moment(explored.step))
    kept: tuple[str, int, list[dict[str, float]]] | None = st.session_state.get(key)
    fresh = kept is not None and kept[0] == run_id
    if st.button(_("Measure at {count} values of ψ").format(count=len(PSIS)), type="secondary" if fresh else "primary",
                 icon=":material/straighten:", key=f"{key}.go"):  # fmt: skip
        with st.spinner(_("500 samples are drawn and looked at for each …")):
            answer = attempt(lambda: _answer(there, "truncation", {}))
        if answer is not None:
            kept = run_id, explored.step, [row for row in answer.facts["rows"] if row["precision"] is not None]
            st.session_state[key], fresh = kept, True
    facts = {"low": psi <= 0.3, "high": psi >= 1.3}
    if not fresh or kept is None:
        return Sight(explored.step, {}, facts=facts)
    _rows(key, kept[2], kept[1])
    explore(run_id, "truncation")
    return Sight(explored.step, {}, facts=facts | {"measured": True})


def _asked(explored: Explored) -> Tensor:
    """(30, inputs): in each column another class, where there are any."""
    found = explored.many(_ROWS * _COLUMNS, 0)
    count = len(explored.class_names)
    if not count:
        return found
    return torch.stack([explored.asked(one, i % _COLUMNS % count) for i, one in enumerate(found)])


def _rows(key: str, rows: list[dict[str, float]], step: int) -> None:
    import plotly.graph_objects as go

    _ = translate()
    chart = go.Figure()
    x = [row["psi"] for row in rows]
    lines = (("precision", _("Precision"), REAL[scheme()], "solid", "circle"), ("recall", _("Recall"), GENERATED[scheme()], "dash", "diamond"))  # fmt: skip
    for name, title, colour, dash, symbol in lines:
        chart.add_scatter(x=x, y=[row[name] for row in rows], name=title, mode="lines+markers", line={"color": colour, "dash": dash},
                          marker={"symbol": symbol, "size": 8})  # fmt: skip
    chart.update_layout(height=280, margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "y": 1.15})
    chart.update_xaxes(title="ψ")
    chart.update_yaxes(tickformat=".0%", range=[0, 1])
    show_chart(chart, f"{key}.rows", _)
    head = ["ψ", _("Precision"), _("Recall"), _("Diversity")]
    lines_ = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines_ += [f"| {number(row['psi'])} | {percent(row['precision'])} | {percent(row['recall'])} | {number(row['diversity'], 1)} |" for row in rows]  # fmt: skip
    st.markdown("\n".join(lines_))
    st.caption(f"{moment(step)} · {_('Diversity: the mean distance of two samples, of one class where classes are asked for, in the eyes of the classifier.')}")  # fmt: skip


def categories(key: str, needs: tuple[str, ...], runs: Mapping[str, str]) -> Sight | None:
    """What a classifier takes the samples of each category for that a generator has found by itself."""
    _ = translate()
    if not begun(needs, runs):
        return None
    run_id = runs[needs[0]]
    kept: tuple[str, int, Tensor] | None = st.session_state.get(key)
    fresh = kept is not None and kept[0] == run_id
    if st.button(_("Read the columns as they are now"), type="secondary" if fresh else "primary", icon=":material/table_chart:", key=f"{key}.go"):  # fmt: skip
        with st.spinner(_("100 samples of each category are drawn and read …")):
            kept = attempt(lambda: _told_apart(run_id))
        st.session_state[key], fresh = kept, kept is not None
    if not fresh or kept is None:
        return None
    there = attempt(lambda: room(run_id, kept[1]))
    if there is None:
        return None
    names, counts = there.explored.class_names, kept[2]
    bits = spaces.information(counts)
    _heat(key, names, counts)
    said = [
        beside(pair(name, str(int(row.argmax())), _), percent(float(row.max() / row.sum())), _)
        for name, row in zip(names, counts, strict=True)
    ]
    st.caption(f"{moment(kept[1])} · {_('Mostly read as: {kinds}.').format(kinds=listed(said, _))}")
    st.markdown(_("Category and digit have **{bits} bits** in common, of {most} at most.").format(bits=number(bits, 2), most=number(math.log2(len(names)), 2)))  # fmt: skip
    explore(run_id, "sliders")
    return Sight(kept[1], {"bits": bits})


def _told_apart(run_id: str) -> tuple[str, int, Tensor]:
    explored = room(run_id).explored
    return run_id, explored.step, spaces.told_apart(explored, spaces.eyes(explored))


def _heat(key: str, names: list[str], counts: Tensor) -> None:
    import plotly.graph_objects as go

    _ = translate()
    shares = counts.double() / counts.sum(1, keepdim=True)
    texts = [[f"{100 * share:.0f}" if share >= 0.05 else "" for share in row] for row in shares.tolist()]
    chart = go.Figure(go.Heatmap(z=shares.tolist(), x=[str(k) for k in range(counts.shape[1])], y=names, text=texts, texttemplate="%{text}",
                                 colorscale="Oranges", zmin=0, zmax=1, showscale=False, hovertemplate="%{y} → %{x}: %{z:.0%}<extra></extra>"))  # fmt: skip
    chart.update_layout(
        height=368, margin={"l": 8, "r": 8, "t": 36, "b": 8}
    )  # the buttons above, not upon the last column
    chart.update_xaxes(title=_("Read as, % of a category's samples"), type="category")
    chart.update_yaxes(title=_("Category"), type="category", autorange="reversed")
    st.plotly_chart(chart, key=f"{key}.heat", width="stretch", config=PLAIN,
                    alt=_("What the samples of each category are read as, in shares. The line above says it in words."))  # fmt: skip


def direction(key: str, needs: tuple[str, ...], runs: Mapping[str, str]) -> Sight | None:
    """Samples moved along the direction of a class that nobody told the generator of."""
    _ = translate()
    if not begun(needs, runs):
        return None
    run_id = runs[needs[0]]
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    wanted = left.selectbox(_("Digit"), range(10), index=0, key=f"{key}.class")
    if right.button(_("Find the direction"), type="primary", icon=":material/explore:", key=f"{key}.go"):
        with st.spinner(_("2,000 samples are drawn and read …")):
            st.session_state[key] = attempt(lambda: _found(run_id, wanted))
    kept: dict[str, Any] | None = st.session_state.get(key)
    if kept is None or kept["run"] != run_id:
        return None
    there = attempt(lambda: room(run_id, kept["step"]))
    if there is None:
        return None
    explored, k = there.explored, kept["class"]
    moved = torch.cat([_along(explored, one, kept["vector"], kept["sigma"]) for one in explored.many(_ROWS, 0)])
    st.image(sheet(explored.draw(moved), _STEPS), width="stretch",
             alt=_("{rows} samples moved along the direction of the digit {digit}, in the middle as they were").format(rows=_ROWS, digit=k))  # fmt: skip
    st.caption(
        _("Step {step} · left against the direction, right along it, up to {reach} standard deviations; the middle column is where they began. On held-out latents it tells this digit from the others in {accuracy} of cases (a guess: 50 %).")
        .format(step=number(kept["step"]), reach=number(_REACH), accuracy=percent(kept["accuracy"]))
    )  # fmt: skip
    _counts(key, kept)
    explore(run_id, "named")
    return Sight(
        kept["step"], {"reached": kept["counts"][-1], "began": kept["counts"][_STEPS // 2]}, facts={"class": k}
    )


def _found(run_id: str, wanted: int) -> dict[str, Any]:
    there = room(run_id)
    explored = there.explored
    answer = _answer(there, "name", {"by": "class", "class": wanted})
    vector, sigma = torch.as_tensor(answer.arrays["vectors"][0]), float(answer.facts["sigma"][0])
    by = spaces.eyes(explored)
    rows = torch.stack([_along(explored, one, vector, sigma) for one in explored.many(_COUNTED, 1)], 1)
    counts = [float((spaces.read(explored.draw(part), by).classes == wanted).double().mean()) for part in rows]
    return {"run": run_id, "step": explored.step, "class": wanted, "vector": vector, "sigma": sigma, "accuracy": answer.facts["accuracy"],
            "counts": counts}  # fmt: skip


def _along(explored: Explored, latent: Tensor, vector: Tensor, sigma: float) -> Tensor:
    """(_STEPS, inputs): to both sides of a latent."""
    whole = torch.zeros(explored.inputs)
    whole[: len(vector)] = vector
    return latent + torch.linspace(-_REACH, _REACH, _STEPS)[:, None] * sigma * whole


def _counts(key: str, kept: Mapping[str, Any]) -> None:
    import plotly.graph_objects as go

    _ = translate()
    x = torch.linspace(-_REACH, _REACH, _STEPS).tolist()
    title = _("Read as {digit}").format(digit=kept["class"])
    chart = go.Figure(
        go.Scatter(x=x, y=kept["counts"], mode="lines+markers", name=title, line={"color": GENERATED[scheme()]})
    )
    chart.add_hline(y=0.1, line={"color": NEUTRAL, "dash": "dot"})
    chart.update_layout(height=268, margin={"l": 8, "r": 8, "t": 36, "b": 8}, showlegend=False)
    chart.update_xaxes(title=_("Standard deviations along the direction"))
    chart.update_yaxes(title=title, tickformat=".0%", range=[0, 1])
    show_chart(chart, f"{key}.counts", _)
    st.caption(
        _(
            "Of {count} samples, the share that is read as {digit}: {begin} where they began, {end} at the far end. Dotted: one in ten."
        ).format(
            count=_COUNTED,
            digit=kept["class"],
            begin=percent(kept["counts"][_STEPS // 2]),
            end=percent(kept["counts"][-1]),
        )
    )


def _answer(there: Room, name: str, asked: Mapping[str, Any]) -> Answer:
    return asked_for(name).answer(there, asked, lambda share, so_far=None: None)

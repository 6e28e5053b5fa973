"""Measuring the run that is shown: which features, how many samples, how far it is, and what was found."""

import math
from collections.abc import Callable
from html import escape

import streamlit as st

from gan_core import registry
from gan_core.data import imported
from gan_core.errors import PlaygroundError
from gan_core.metrics import eyes
from gan_core.metrics.features import offered
from gan_core.metrics.measure import Measure
from gan_core.runs.gauging import SAMPLES, SHARES
from gan_core.runs.measured import Measured
from gan_core.runs.measurement import MOST_SAMPLES, TOO_FEW, MeasureJob, MeasurePlan, needed
from gan_core.runs.session import TrainingSession
from gan_core.text import N_, in_words, listed, pair, told
from pages._ui import service
from pages._ui.failures import plain
from pages._ui.i18n import number, percent, translate
from pages._ui.mirrored import mirrored

Translate = Callable[[str], str]
POLL_SECONDS = 1.0
USUAL = 5000
FEATURES = {"classifier": N_("The set's classifier"), "inception": N_("Standard Inception")}
_ABOUT = {
    "classifier": N_("A small network that was trained to tell the classes of this data set apart. It is trained once, which takes some "
                     "seconds to a few minutes, and kept. Distances in its features are called FD, never FID: they mean nothing beside numbers "
                     "that were measured by other features."),
    "inception": N_("The network of 2015 by whose features published FID and KID are measured. It is large: without a GPU it takes long."),
}  # fmt: skip
_KINDS = N_("A small network that was trained to tell the pictures of the two folders apart. It is trained once and kept. Distances in its features are called "
            "FD, never FID: they mean nothing beside numbers that were measured by other features.")  # fmt: skip
_BETTER = {"lower": N_("↓ lower is better"), "higher": N_("↑ higher is better")}
_LISTED = 20  # classes whose shares are told one by one
_HEADS = (
    N_("Figure"), N_("This run"), N_("Real against real"), N_("Measured on"), N_("Features"),
)  # fmt: skip


def measure(page: str, run_id: str, mine: bool) -> None:
    """The part of a lab where the run on the screen is measured; `mine`: whether the visitor may. In fragments of its own: nothing
    here draws the rest of the page again, but for the end of a measurement."""
    _ = translate()
    folder = service.scheduler().store.folder(run_id)
    job = service.scheduler().measurements.of(folder)
    seen = bool(folder.measured.read()[0])
    with st.expander(_("Measure: how near to real pictures?"), expanded=seen or job is not None, icon=":material/straighten:",
                     key=f"{page}.measure.{run_id}"):  # fmt: skip
        if mine:
            st.fragment(_beside)(page, run_id)
            st.fragment(_controls)(page, run_id)
        else:
            st.caption(_("Only the owner of a run can have it measured; what was measured is shown to everybody."))
        if job is not None and job.is_active:
            st.fragment(_progress, run_every=POLL_SECONDS)(page, run_id, mine)
        elif job is not None:
            _ended(job, _)
        st.fragment(_results)(page, run_id)


# ── beside the training ──────────────────────────────────────────────────────────────────────────────────────────────────


def _beside(page: str, run_id: str) -> None:
    """How much of its time the run may spend on its curves of what a classifier sees."""
    _ = translate()
    run = service.scheduler().peek(run_id)
    gauge = run.gauge if isinstance(run, TrainingSession) else None
    if run is None or gauge is None or run.config.translates or "classifier" not in offered(run.config.data):
        return
    own = gauge
    key = mirrored(f"{page}.measure.share.{run_id}", min(SHARES, key=lambda share: abs(share - own.share)))

    def choose() -> None:
        own.share = st.session_state[key]

    st.segmented_control(
        _("Beside the training, at most this share of its time"), SHARES, key=key, on_change=choose, required=True,
        format_func=lambda share: percent(share) if share else _("None"),
        help=_("While the run trains, {n} samples are measured again and again by the set's classifier, for the curves of distance, precision, recall and "
               "classes. That takes at most this share of the time: with less, the curves have fewer points.").format(n=number(SAMPLES)),
    )  # fmt: skip


# ── what is asked for ────────────────────────────────────────────────────────────────────────────────────────────────────


def _controls(page: str, run_id: str) -> None:
    _ = translate()
    key = f"{page}.measure"
    folder = service.scheduler().store.folder(run_id)
    job = service.scheduler().measurements.of(folder)
    busy = job is not None and job.is_active
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    try:
        config = folder.config()
        names = offered(config.data)
    except PlaygroundError as error:
        st.error(_said(error, _), icon=":material/error:")
        return
    if st.session_state.get(f"{key}.features") not in names:  # chosen at another run
        st.session_state.pop(f"{key}.features", None)
    features = left.segmented_control(_("By which features"), names, default=names[0], key=f"{key}.features",
                                      format_func=lambda code: _(FEATURES[code]), required=True, disabled=busy) or names[0]  # fmt: skip
    samples = MOST_SAMPLES if config.translates else int(right.number_input(_("Samples"), 1, MOST_SAMPLES, USUAL, step=1000, key=f"{key}.samples", disabled=busy,
                                     help=_("How many pictures are drawn. The more, the less chance there is in the figures, and the longer "
                                            "it takes. Compare only figures of as many samples.")))  # fmt: skip
    about = _KINDS if features == "classifier" and config.translates and imported(config.data) else _ABOUT[features]
    every = _("Every held-out picture is translated once; figures that need more of them are left out.")
    st.caption(_(about) + (f" {every}" if config.translates else ""))
    try:
        plan = MeasurePlan(features, samples)
        least = needed(plan, folder)
        absent = _absent(features)
    except PlaygroundError as error:
        st.error(_said(error, _), icon=":material/error:")
        return
    words = listed((f"{_title(name, features, _)} {number(count)}" for name, count in least.items()), _)
    text = _("Samples needed at least: {figures}.").format(figures=plain(words))
    few = samples < max(least.values())
    if absent is not None:
        st.info(_said(absent, _), icon=":material/info:")
    elif few:
        said = _(TOO_FEW).format(n=number(samples), needed=number(max(least.values())))
        st.warning(plain(said) + "  \n" + text, icon=":material/warning:")
    else:
        st.caption(text)
    if st.button(
        _("Measure now"), icon=":material/straighten:", key=f"{key}.begin", disabled=busy or few or absent is not None
    ):
        try:
            service.scheduler().measurements.begin(folder, plan)
        except PlaygroundError as error:
            st.error(_said(error, _), icon=":material/error:")
            return
        st.rerun()


def _absent(features: str) -> PlaygroundError | None:
    """Why these features cannot be had."""
    if features != "inception":
        return None
    from gan_core.metrics.inception import check_weights

    try:
        check_weights()
    except PlaygroundError as error:
        return error
    return None


def _title(name: str, features: str, _: Translate) -> str:
    """What a figure is called by these features."""
    told = Measure(name, 0.0, 0, 0, None, None, "", "", "", features == "inception", "")
    return _(told.title)


# ── how far it is ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _progress(page: str, run_id: str, mine: bool) -> None:
    """The whole page once, when it has ended."""
    _ = translate()
    job = service.scheduler().measurements.of(service.scheduler().store.folder(run_id))
    if job is None or not job.is_active:
        st.rerun()
    st.progress(job.share, plain(in_words(job.what, _)) + (f" · {percent(job.share)}" if job.total else ""))
    if mine and st.button(_("Cancel"), icon=":material/close:", key=f"{page}.measure.cancel"):
        job.cancel()


def _ended(job: MeasureJob, _: Translate) -> None:
    if job.status == "failed" and job.error is not None:
        st.error(_said(job.error, _), icon=":material/error:")
    elif job.status == "cancelled":
        st.caption(_("Cancelled: nothing was kept."))


def _said(error: PlaygroundError, _: Translate) -> str:
    return plain(told(error, _))


# ── what was found ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _results(page: str, run_id: str) -> None:
    _ = translate()
    folder = service.scheduler().store.folder(run_id)
    found, problems = folder.measured.read()
    for problem in problems:
        st.warning(_said(problem, _), icon=":material/broken_image:")
    if not found:
        return
    shown = _chosen(page, run_id, found, _)
    run = service.scheduler().peek(run_id)
    if run is not None and run.step > shown.step:
        st.caption(_("The run is at step {now}: these figures are of step {step}.").format(now=number(run.step), step=number(shown.step)))  # fmt: skip
    st.html(_table(shown, found, _))
    shares = shown.found.get("class_shares", [])
    if 0 < len(shares) <= _LISTED:
        names = [*shown.classes, *(str(k) for k in range(len(shown.classes), len(shares)))]
        told = " · ".join(pair(_(name), percent(share, 1), _) for name, share in zip(names, shares, strict=False))
        st.caption(plain(_("Shares of the classes among the samples: {shares}").format(shares=told)))


def _chosen(page: str, run_id: str, found: list[Measured], _: Translate) -> Measured:
    """One of the results: never several side by side, since most of them may not be compared."""
    titles = {
        f"{one.step}-{one.features}-{one.samples}": _("Step {step} · {features} · {n} samples").format(
            step=number(one.step), features=_by(one, _), n=number(one.samples))
        for one in found
    }  # fmt: skip
    keys, key = list(titles), f"{page}.measure.shown.{run_id}"
    newest = max(range(len(found)), key=lambda i: found[i].time)
    if st.session_state.get(f"{key}.of") != found[newest].time or st.session_state.get(key) not in keys:
        st.session_state[key], st.session_state[f"{key}.of"] = keys[newest], found[newest].time  # a new one is shown
    if len(found) == 1:
        st.markdown(f"**{plain(titles[keys[0]])}**")
        return found[0]
    choice = st.selectbox(_("Result"), keys, key=key, format_func=titles.__getitem__)
    return found[keys.index(choice)]


def _by(one: Measured, _: Translate) -> str:
    return eyes.said(next((m.by for m in one.measures if m.name == "fd"), one.features), _)


def _table(shown: Measured, others: list[Measured], _: Translate) -> str:
    heads = "".join(f"<th scope='col'>{escape(_(head))}</th>" for head in _HEADS)
    in_order = sorted(
        shown.measures, key=lambda m: registry.metric[m.name].info["kind"]
    )  # what only pictures have comes first
    rows = "".join(_row(measure, shown, others, _) for measure in in_order)
    return f"<table class='gp-measures'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(m: Measure, shown: Measured, others: list[Measured], _: Translate) -> str:
    entry = registry.metric[m.name]
    spread = "" if m.spread is None else f" <span>± {_written(m.name, m.spread, like=m.value)}</span>"
    before = shown.before(m.name, others)
    earlier = "" if before is None else "<small>" + escape(
        _("{value} at step {step}").format(value=_written(m.name, before[1].value), step=number(before[0]))) + "</small>"  # fmt: skip
    floor = "–" if m.floor is None else _written(m.name, m.floor)
    counts = _("{n} samples, {m} real").format(n=number(m.samples), m=number(m.reference)) if m.reference else _("{n} samples").format(n=number(m.samples))  # fmt: skip
    name = m.heading_in(_) if m.name in ("fd", "kd") else _(m.title)
    cells = [
        f"<b>{escape(name)}</b><small>{escape(_(entry.help))} <i>{escape(_(_BETTER[entry.info['better']]))}</i></small>",
        f"<b>{_written(m.name, m.value)}</b>{spread}{earlier}", floor, escape(counts), escape(eyes.said(m.features, _)),
    ]  # fmt: skip
    return "<tr>" + "".join(f"<td data-head='{escape(_(head), quote=True)}'><div>{cell}</div></td>"
                            for head, cell in zip(_HEADS, cells, strict=True)) + "</tr>"  # fmt: skip


def _written(name: str, value: float, like: float | None = None) -> str:
    """As it is written on the page: shares as percentages, others with three digits that count, or as many as `like` has."""
    form = registry.metric[name].info.get("written")
    if form == "percent":
        return percent(value, 1)
    if form == "count":
        return number(value, 0 if float(value).is_integer() else 1)
    size = abs(value if like is None else like)
    digits = 2 - math.floor(math.log10(size)) if size else 0
    return number(value, min(max(digits, 0), 6))

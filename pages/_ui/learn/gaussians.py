"""Two Gaussians on a line, p (real, blue) and q (generated, orange): the best discriminator, one that learns, and distances."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan_core.lessons import distances, gaussians, value
from gan_core.lessons import learned as learning
from gan_core.lessons.gaussians import Gaussian, Values
from gan_core.lessons.sight import Sight
from gan_core.text import N_
from pages._ui.i18n import number, translate
from pages._ui.learn.flipbook import Dial, Line, Panel, Reading, Spot, flipbook

TITLES = {
    "value": N_("V(D*)"),
    "d_error": N_("Mean distance from D*"),
    "js_missed": N_("JS from D is off by"),
    "js_slope": N_("Slope of JS"),
    "w1": N_("W₁"),
    "slope": N_("Slope of the critic at generated points"),
}
_X = np.linspace(*learning.SEEN, 121)
_APART_X = np.linspace(-2.0, 10.0, 181)
_HIGHEST = 1.05  # of a chart of densities
_PATIENCE = 0.3  # seconds that the page waits for a D: the shortest trainings need no more
_LOOK_SECONDS = 0.4
Translate = Callable[[str], str]


# ── the best discriminator ───────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _best_pages() -> dict[str, NDArray[Any]]:
    """q and D* (pages, n) for every mean and spread, and V and JS (pages,)."""
    every = [Gaussian(mean, spread) for mean in value.MEANS for spread in value.SPREADS]
    sights = [value.sight_of_best(q.mean, q.spread).figures for q in every]
    return {
        "q": np.array([q.density(_X) for q in every]),
        "d": np.array([gaussians.best_discriminator(value.REAL, q, _X) for q in every]),
        "value": np.array([sight["value"] for sight in sights]), "js": np.array([sight["js"] for sight in sights]),
    }  # fmt: skip


def optimum(key: str, start: Mapping[str, Any], _free: tuple[str, ...]) -> Sight | None:
    """p, q and D*, as q is moved and spread."""
    _ = translate()
    pages = _best_pages()
    at = flipbook(
        _("The best discriminator between two distributions"),
        [Dial(_("Mean of q"), [number(m) for m in value.MEANS]), Dial(_("Spread of q (standard deviation)"), [number(s) for s in value.SPREADS])],
        [_densities(pages["q"], _), _verdicts([Line(_("D* = p/(p + q)"), "exact", pages["d"])], _X, _)],
        [Reading(_(TITLES["value"]), pages["value"]), Reading(_("JS = (V + log 4)/2"), pages["js"]),
         Reading(_("− log 4"), np.full(len(pages["js"]), -math.log(4)))],
        key=f"{key}.book", start=[value.MEANS.index(start["mean"]), value.SPREADS.index(start["spread"])], _=_,
    )  # fmt: skip
    return value.sight_of_best(value.MEANS[at[0]], value.SPREADS[at[1]])


def _densities(q: NDArray[Any], _: Translate) -> Panel:
    lines = [
        Line(_("p (real)"), "real", value.REAL.density(_X), area=True),
        Line(_("q (generated)"), "generated", q, area=True),
    ]
    return Panel(_("Where the samples lie"), ("x", _("density")), _X, (0.0, _HIGHEST), lines)


def _verdicts(lines: list[Line], x: Values, _: Translate) -> Panel:
    return Panel(_("What D says: the probability of “real”"), ("x", "D(x)"), x, (0.0, 1.0), lines)


# ── a discriminator that learns ──────────────────────────────────────────────────────────────────────────────────────────────


def learned(key: str, start: Mapping[str, Any], _free: tuple[str, ...]) -> Sight | None:
    """D at the steps of its training, over D*; the settings are chosen, then it is trained."""
    _ = translate()
    chosen = _settings(key, start, _)
    if st.button(_("Train D"), type="primary", icon=":material/play_arrow:", key=f"{key}.train"):
        st.session_state[f"{key}.asked"] = chosen
    asked = st.session_state.get(f"{key}.asked")
    if asked is not None and asked != st.session_state.get(f"{key}.trained"):
        course = learning.begin(value.training_of(asked))  # the page goes on
        if course.join(_PATIENCE):
            st.session_state[f"{key}.trained"] = asked
        else:
            st.fragment(_progress, run_every=_LOOK_SECONDS)(course, _)
    trained = st.session_state.get(f"{key}.trained")
    if trained is not None and asked == trained != chosen:
        st.caption(_("The picture is of the D trained before; the new settings count from the next training on."))
    _learning(key, trained if trained is not None else {**chosen, "steps": 0}, _)
    return value.sight_of_learned(trained) if trained is not None else None


def _progress(course: learning.Learning, _: Translate) -> None:
    """How far a training is; at its end the page shows it."""
    if course.has_ended:
        st.rerun()
    done, steps = course.step, course.training.steps
    st.progress(done / steps, text=_("D is learning: step {step} of {steps}").format(step=number(done), steps=number(steps)))  # fmt: skip


def _said(value: float) -> str:
    """The smallest rate with its fourth decimal, which numbers have not by default."""
    return number(value, 4) if 0 < value < 1e-3 else number(value)


def _settings(key: str, start: Mapping[str, Any], _: Translate) -> dict[str, Any]:
    choices: dict[str, tuple[str, tuple[Any, ...], str]] = {
        "mean": (_("Mean of q"), value.MEANS, ""),
        "spread": (_("Spread of q (standard deviation)"), value.SPREADS, ""),
        "steps": (
            _("Steps of D"),
            value.STEPS,
            _("Each step shows D {count} new samples of p and as many of q.").format(count=learning.BATCH),
        ),
        "width": (_("Width of D"), value.WIDTHS, _("Neurons in each of the two hidden layers.")),
        "rate": (_("Learning rate of D"), value.RATES, _("About how far Adam moves each weight in a step.")),
    }
    with st.container(key=f"lesson-controls-{key.rpartition('.')[2]}"):
        return {
            name: st.select_slider(
                title,
                options,
                start[name],
                format_func=_said,
                key=f"{key}.{name}",
                help=text or None,
            )
            for name, (title, options, text) in choices.items()
        }


def _learning(key: str, settings: Mapping[str, Any], _: Translate) -> None:
    training = value.training_of(settings)
    found = learning.learn(training)
    n = len(found.steps)
    best = gaussians.best_discriminator(training.p, training.q, found.x)
    js = gaussians.jensen_shannon(training.p, training.q)
    flipbook(
        _("A discriminator that learns from samples, over the best one"),
        [Dial(_("Step of D"), [number(step) for step in found.steps])],
        [_densities(training.q.density(_X), _),
         _verdicts([Line(_("D* = p/(p + q)"), "exact", best), Line(_("D, learning"), "learned", found.probabilities)], found.x, _)],
        [Reading(_(TITLES["d_error"]), found.errors), Reading(_("V(D), of {count} samples each").format(count=number(learning.JUDGED)), found.values),
         Reading(_("JS from D"), np.array([gaussians.js_of_value(v) for v in found.values])), Reading(_("JS, exact"), np.full(n, js))],
        key=f"{key}.book", start=[n - 1 if n == 1 else 0], _=_, plays=n > 1,
    )  # fmt: skip


# ── distances ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _apart_pages() -> dict[str, NDArray[Any]]:
    """For every shift: q, D* and the critic f (pages, n); the distances and their slopes (pages,); where q's mean lies on them (pages, 3)."""
    p, every = distances.REAL, [Gaussian(shift, distances.SPREAD) for shift in distances.SHIFTS]
    here = [np.array([q.mean]) for q in every]
    d = [float(gaussians.best_discriminator(p, q, x)[0]) for q, x in zip(every, here, strict=True)]
    tilt = [
        -(q.mean - p.mean) / p.spread**2 for q in every
    ]  # of the logit of D*, the same everywhere for equal spreads
    f = [float(gaussians.best_critic(p, q, x)[0]) for q, x in zip(every, here, strict=True)]
    sights = [distances.sight_of_apart(shift).figures for shift in distances.SHIFTS]
    shifts = np.array(distances.SHIFTS)
    js, js_slope, w1 = (np.array([sight[name] for sight in sights]) for name in ("js", "js_slope", "w1"))
    w1_slope = np.sign(shifts)
    d_slope = np.array([a * b * (1 - b) for a, b in zip(tilt, d, strict=True)])
    return {
        "q": np.array([q.density(_APART_X) for q in every]), "d": np.array([gaussians.best_discriminator(p, q, _APART_X) for q in every]),
        "f": np.array([gaussians.best_critic(p, q, _APART_X) for q in every]), "js": js, "js_slope": js_slope, "w1": w1, "w1_slope": w1_slope,
        "d_slope": d_slope, "f_slope": -w1_slope, "on_d": np.stack([shifts, d, d_slope], 1), "on_f": np.stack([shifts, f, -w1_slope], 1),
        "on_js": np.stack([shifts, js, js_slope], 1), "on_w1": np.stack([shifts, w1, w1_slope], 1),
    }  # fmt: skip


def apart(key: str, start: Mapping[str, Any], _free: tuple[str, ...]) -> Sight | None:
    """Two distributions that are pulled apart: what JS and W₁ say, and the critic behind each."""
    _ = translate()
    pages, shifts = _apart_pages(), np.array(distances.SHIFTS)
    real = distances.REAL.density(_APART_X)
    away = _("Distance between the means")
    at = flipbook(
        _("Two distributions pulled apart, and two distances between them"),
        [Dial(away, [number(shift) for shift in distances.SHIFTS])],
        [
            Panel(_("Where the samples lie"), ("x", _("density")), _APART_X, (0.0, 0.85),
                  [Line(_("p (real)"), "real", real, area=True), Line(_("q (generated)"), "generated", pages["q"], area=True)], wide=True),
            Panel(_("Behind JS: the best discriminator"), ("x", "D*(x)"), _APART_X, (-0.1, 1.1), [Line("D*", "exact", pages["d"])],
                  [Spot("generated", pages["on_d"])]),
            Panel(_("Behind W₁: the best critic"), ("x", "f(x)"), _APART_X, (-6.0, 6.0), [Line("f", "exact", pages["f"])],
                  [Spot("generated", pages["on_f"])]),
            Panel(_("Jensen–Shannon levels off at log 2"), (away, "JS"), shifts, (0.0, 0.8), [Line("JS", "learned", pages["js"])],
                  [Spot("generated", pages["on_js"])]),
            Panel(_("Wasserstein-1 keeps growing"), (away, "W₁"), shifts, (0.0, 8.0), [Line("W₁", "learned", pages["w1"])],
                  [Spot("generated", pages["on_w1"])]),
        ],
        [Reading(_("JS"), pages["js"]), Reading(_(TITLES["js_slope"]), pages["js_slope"]), Reading(_(TITLES["w1"]), pages["w1"]),
         Reading(_("Slope of W₁"), pages["w1_slope"]), Reading(_("Slope of D* at the mean of q"), pages["d_slope"]),
         Reading(_("Slope of f at the mean of q"), pages["f_slope"])],
        key=f"{key}.book", start=[distances.SHIFTS.index(start["shift"])], _=_,
    )  # fmt: skip
    return distances.sight_of_apart(distances.SHIFTS[at[0]])

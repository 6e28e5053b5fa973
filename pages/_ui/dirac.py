"""The Dirac-GAN lab: a browser component, and the route that plays the game for it.

The browser follows the pointer with one request in flight, the latest of which wins; what it tells the page are settings alone, and the
facts that a page gets are computed here from those.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from gan_core import plugins, registry
from gan_core.dirac.game import Game
from gan_core.dirac.game import Path as Trajectory
from gan_core.dirac.settings import DiracSettings, fields, left_out, parse, penalties
from gan_core.dirac.verdict import RADII, VERDICTS, Facts, eigenvalues, judge, shown, smoothing_matters
from gan_core.errors import ConfigError, PlaygroundError
from gan_core.settings import Field
from gan_core.speech import Speech
from gan_core.text import N_, beside
from pages._ui import i18n, origins
from pages._ui.bodies import body
from pages._ui.sockets import said

log = logging.getLogger(__name__)

AT_ONCE = 2  # games that are played at the same time, of all visitors
ARROWS = 17  # of the field, along a side
EXTENTS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)  # how far the plane may reach from the equilibrium
_MARGIN = 1.1
_LONGEST = 4_000  # bytes of a request
_HERE = Path(__file__).parent
_PARTS = (
    "live/dom",
    "live/link",
    "dirac_lab/canvas",
    "dirac_lab/plane",
    "dirac_lab/charts",
    "dirac_lab/controls",
    "dirac_lab/lab",
)
NO_REQUEST = N_("The server could not read what was asked for. Reload the page.")
NO_ORIGIN = N_("This page comes from another address than the server allows. Open the app at its own address.")
BROKEN = N_("The server could not play this game. Choose another loss or penalty.")

# Code -> English; a code with `.help` is the sentence of a tooltip.
LABELS: dict[str, str] = {
    "plane": N_("The plane of both players"),
    "plane.help": N_("Across: θ, where the generated point lies. Up: ψ, the critic's slope. Each arrow is where both players want to go from there."),
    "plane.keys": N_("Drag the start, or move it with the arrow keys; with Shift in larger steps."),
    "plane.alt": N_("Plane of θ and ψ with the vector field. The path goes from ({theta}, {psi}) to ({end_theta}, {end_psi}) in {steps} steps."),
    "plane.start": N_("Starting point"),
    "plane.equilibrium": N_("Equilibrium"),
    "plane.bound": N_("bound c"),
    "plane.beyond": N_("The path leaves the picture."),
    "axis.theta": N_("θ: where the generated point lies"),
    "axis.psi": N_("ψ: the critic's slope"),
    "play": N_("Play"),
    "pause": N_("Pause"),
    "first": N_("To the start"),
    "back": N_("One step back"),
    "forth": N_("One step on"),
    "at": N_("Step"),
    "at.of": N_("Step {step} of {steps}"),
    "speed": N_("Speed"),
    "speed.value": N_("{count} steps a second"),
    "keep": N_("Keep to compare"),
    "keep.help": N_("Leaves this path in all pictures while you change something. At most {most}."),
    "keep.full": N_("{most} paths are kept. Remove one first."),
    "keep.same": N_("This path is kept already. Change something first."),
    "kept": N_("Kept paths"),
    "kept.present": N_("Present path"),
    "kept.remove": N_("Remove {name}"),
    "place": N_("θ = {theta}, ψ = {psi}, distance {distance}"),
    "eigen": N_("Eigenvalues at the equilibrium"),
    "eigen.continuous": N_("Continuous"),
    "eigen.continuous.help": N_("Of infinitely small steps. Left of the imaginary axis (shaded) the equilibrium attracts; an imaginary part makes it turn."),
    "eigen.discrete": N_("Discrete"),
    "eigen.discrete.help": N_("Of the steps that are taken. Inside the unit circle (shaded) the equilibrium attracts."),
    "eigen.which": N_("Of the continuous flow or of a discrete step"),
    "eigen.alt": N_("Eigenvalues {first} and {second}."),
    "eigen.none": N_("None here"),
    "eigen.re": N_("real part"),
    "eigen.im": N_("imaginary part"),
    "distance": N_("Distance to the equilibrium"),
    "distance.help": N_("Over steps, on a scale of powers of ten: a straight line down is convergence at a constant rate."),
    "distance.alt": N_("Distance over steps: {start} at the start, {end} after {steps} steps."),
    "steps": N_("steps"),
    "line": N_("What this place means"),
    "line.help": N_("The critic is the line D(x), with slope ψ. The real point (blue, round) lies at 0, the generated one (orange, a diamond) at θ, and goes "
                    "where D is higher."),
    "line.alt": N_("The critic's line has slope {psi}. The real point lies at 0, the generated one at {theta}, where D is {value}."),
    "line.real": N_("real"),
    "line.fake": N_("generated"),
    "controls": N_("The game"),
    "locked": N_("Locked by whoever made this lesson."),
    "usual": N_("Back to the beginning"),
    "usual.help": N_("The settings that this lab began with."),
    "left": N_("What is not in these lists, and why"),
    "failed": N_("The server cannot be reached. Trying again …"),
    "range": N_("{low} to {high}"),
    "named": N_("{name}: {value}"),
    "and": N_("{first}, {second}"),
}  # fmt: skip

HTML = '<div class="gl di"></div>'
STYLE = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("live.css", "dirac.css"))
SCRIPT = "\n".join((_HERE / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS)
_component = st.components.v2.component("gan_dirac", html=HTML, css=STYLE, js=SCRIPT)


def dirac_lab(key: str, *, start: Mapping[str, Any] | None = None, locked: Collection[str] = ()) -> Facts:
    """Show the lab and give the facts of the trajectory that is chosen in it.

    start: settings to begin with, by name, others at their defaults; locked: names of settings that stay as they are in `start`. With another
    start or lock, the lab begins anew. What the browser tells is settings alone, checked here; the facts are computed from them when the
    pointer is let go or a control has changed. Raises ConfigError for a start that cannot be.
    """
    _ = i18n.translate()
    begin = parse(start or {})
    unknown = sorted(set(locked) - set(fields()))
    if unknown:
        raise ConfigError(
            N_("There is no setting called {name} here. There are: {allowed}."),
            name=unknown[0],
            allowed=", ".join(fields()),
        )
    held = {name: value for name, value in dataclasses.asdict(begin).items() if name in locked}
    tag = hashlib.sha256(json.dumps([dataclasses.asdict(begin), sorted(locked)]).encode()).hexdigest()[:16]
    told = st.session_state.get(key)
    now = _chosen(getattr(told, "chosen", None) if told is not None else None, tag, held, begin)
    result = _component(
        data={"tag": tag, "start": dataclasses.asdict(begin), "now": dataclasses.asdict(now), "locked": sorted(locked), "labels": _labels(_),
              "controls": [_control(field, _) for field in fields().values()]},
        key=key, on_chosen_change=lambda: None,
    )  # fmt: skip
    found, problem = _safely(_chosen(result.chosen, tag, held, begin), begin)
    if problem:
        st.error(_(problem.template).format(**problem.params))
    return found


def _safely(chosen: DiracSettings, begin: DiracSettings) -> tuple[Facts, PlaygroundError | None]:
    """The facts; where the loss or penalty of a plugin breaks, those of the beginning, and what to say."""
    try:
        return facts(chosen), None
    except Exception as error:
        problem = plugins.blamed(error)
        if problem is None or chosen == begin:
            raise
        return facts(begin), problem


def _chosen(told: Any, tag: str, held: Mapping[str, Any], begin: DiracSettings) -> DiracSettings:
    """What the browser says is chosen, where it can be; else the beginning. It may be of an earlier start, or made up."""
    if not isinstance(told, Mapping) or told.get("of") != tag or not isinstance(told.get("settings"), Mapping):
        return begin
    try:
        return parse({**told["settings"], **held})
    except ConfigError:
        return begin


def facts(settings: DiracSettings) -> Facts:
    """What becomes of a trajectory."""
    return _played(settings, *_code_of(settings))[1]


def _code_of(settings: DiracSettings) -> tuple[Any, Any]:
    """The functions behind the names, which a plugin may replace."""
    penalty = registry.penalty[settings.penalty].value if settings.penalty in registry.penalty else None
    return registry.loss[settings.loss].value, penalty


@lru_cache(maxsize=64)
def _played(settings: DiracSettings, _loss: Any, _penalty: Any) -> tuple[Trajectory, Facts]:
    game = Game(settings)
    path = game.trajectory()
    return path, judge(game, path, eigenvalues(game))


@lru_cache(maxsize=64)
def _field(settings: DiracSettings, extent: float, _loss: Any, _penalty: Any) -> list[float | None]:
    """v on a grid, row by row from below, θ and ψ after each other; None where it is not finite."""
    ticks = np.linspace(-extent, extent, ARROWS)
    v = Game(settings).field(np.stack([part.ravel() for part in np.meshgrid(ticks, ticks)], 1))
    return [_digits(x) if math.isfinite(x) else None for x in v.ravel().tolist()]


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def extent_of(path: Trajectory) -> float:
    """How far the plane should reach, so that the path is in it or at least its beginning."""
    far = float(np.abs(path.points).max()) * _MARGIN
    return next((extent for extent in EXTENTS if extent >= far), EXTENTS[-1])


def answer(
    settings: DiracSettings, extent: float | None, least: float, with_field: bool, language: str
) -> dict[str, Any]:
    """All that the browser draws. extent: how far the plane reaches; None: as far as it must, and at least `least`."""
    code = _code_of(settings)
    path, found = _played(settings, *code)
    reach = extent_of(path)
    extent = extent or max(reach, least)
    of_field = dataclasses.replace(
        parse({"loss": settings.loss, "penalty": settings.penalty}), weight=settings.weight, smooth=settings.smooth
    )
    game, speech = Game(settings), Speech(i18n.translator(language).gettext, language)
    eigen = found.eigenvalues
    weight = fields(settings.penalty)["weight"]
    return {
        "settings": dataclasses.asdict(settings),
        "shown": shown(settings),
        "weight": {"low": weight.spec.low, "high": weight.spec.high, "unit": weight.spec.unit},
        "path": [_digits(x) for x in path.points.ravel().tolist()],
        "ended": path.ended is not None, "reach": reach, "extent": extent, "border": game.border, "bound": game.bound,
        "field": _field(of_field, extent, *code) if with_field else None,
        "continuous": _complex(eigen.continuous), "discrete": _complex(eigen.discrete), "equilibrium": eigen.code,
        "verdict": found.verdict, "says": sentences(found, speech),
        "left": [[speech.translate(text) for text in one] for one in left_out(smoothing=smoothing_matters(settings.loss))],
    }  # fmt: skip


def _complex(values: tuple[complex, complex] | None) -> list[list[float]] | None:
    return [[_digits(value.real), _digits(value.imag)] for value in values] if values else None


def sentences(found: Facts, speech: Speech) -> list[str]:
    """The verdict, and what the eigenvalues say of it, with their numbers."""
    numbers = {name: short(value, speech) for name, value in found.numbers.items()}
    if found.radius is not None:
        numbers["radius"] = _near_one(found.radius, speech)
    return [
        speech.translate(text).format(**numbers) for text in (VERDICTS[found.verdict], RADII[found.eigenvalues.code])
    ]


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short(value: float, speech: Speech) -> str:
    """Three digits; whole numbers as they are; what is very small or large with a power of ten."""
    if float(value).is_integer() and abs(value) < 1e7:
        return speech.number(int(value))
    power = math.floor(math.log10(abs(value)))
    if power < -3 or power > 6:
        return f"{speech.number(value / 10.0**power, 1)} · 10{str(power).translate(_RAISED)}"
    return speech.number(float(f"{value:.3g}"), max(0, 2 - power))


def _near_one(value: float, speech: Speech) -> str:
    """With as many digits as tell it from 1."""
    if value >= 100:
        return short(value, speech)
    away = abs(value - 1)
    return speech.number(value, max(3, min(9, 1 - math.floor(math.log10(away)))) if away else 0)


def _labels(_: Callable[[str], str]) -> dict[str, str]:
    return {code: _(text) for code, text in LABELS.items()} | {"lang": i18n.language().replace("_", "-")}


def _control(field: Field, _: Callable[[str], str]) -> dict[str, Any]:
    """What a control in the browser is made from."""
    spec = field.spec
    made = {"name": field.name, "title": _(spec.title), "help": _(spec.help), "unit": spec.unit, "low": spec.low, "high": spec.high, "log": spec.log,
            "whole": field.type is int, "default": field.default}  # fmt: skip
    if field.name == "penalty":
        made["choices"] = [
            [code, _(one.title), _explained(one.help, one.paper, _)] for code, one in penalties().items()
        ]
    elif field.name == "loss":
        made["choices"] = [
            [one.name, _(one.title), _explained(one.help, one.paper, _)] for one in registry.loss.entries()
        ]
    elif isinstance(spec.choices, dict):
        made["choices"] = [[code, _(title), ""] for code, title in spec.choices.items()]
    return made


def _explained(help: str, paper: str, _: Callable[[str], str]) -> str:
    return beside(_(help), paper, _) if paper else _(help)


class DiracRoute:
    """POST {"settings", "extent" (number or null), "least", "field" (whether it is wanted)} -> what `answer` gives, or {"error": a sentence}."""

    def __init__(self, allowed_origins: Callable[[], tuple[str, ...]]) -> None:
        self._allowed_origins = allowed_origins
        self._places = asyncio.Semaphore(AT_ONCE)

    async def play(self, request: Request) -> Response:
        """One game."""
        language = i18n.known(request.query_params.get("lang")) or i18n.ENGLISH
        if not origins.is_allowed(request.headers, self._allowed_origins()):
            return _refusal(PlaygroundError(NO_ORIGIN), 403, language)
        try:
            given, extent, least, with_field = _read(await body(request, _LONGEST))
            settings = parse(given)
        except ClientDisconnect:
            return JSONResponse({}, 400)
        except ValueError:
            return _refusal(PlaygroundError(NO_REQUEST), 400, language)
        except ConfigError as error:
            return _refusal(error, 400, language)
        async with self._places:
            try:
                return JSONResponse(await asyncio.to_thread(answer, settings, extent, least, with_field, language))
            except Exception as error:
                log.exception("a game could not be played: %s", settings)
                return _refusal(plugins.blamed(error) or PlaygroundError(BROKEN), 500, language)


def _refusal(error: PlaygroundError, status: int, language: str) -> Response:
    return JSONResponse({"error": said(error, language)}, status)


def _read(content: bytes) -> tuple[dict[str, Any], float | None, float, bool]:
    """A request as the component sends it. Raises ValueError for any other."""
    try:
        wanted = json.loads(content)
        given, extent, least, with_field = (
            wanted["settings"],
            wanted.get("extent"),
            wanted.get("least", EXTENTS[0]),
            wanted.get("field", True),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if (
        not isinstance(given, dict)
        or (extent is not None and extent not in EXTENTS)
        or least not in EXTENTS
        or not isinstance(with_field, bool)
    ):
        raise ValueError("unknown request")
    return given, extent, least, with_field

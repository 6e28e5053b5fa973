"""What becomes of a trajectory: eigenvalues at the equilibrium, of the flow and of a step, and one verdict with the numbers that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from gan_core import registry
from gan_core.dirac.game import FAR, Game, Path, places, slope
from gan_core.dirac.settings import ALTERNATING, DiracSettings, fields, penalties
from gan_core.text import N_

_REST = 1e-9  # a pull at the equilibrium that counts as none
_ONE = 1e-7  # |λ| this near to 1 is 1, and an imaginary part this small none: a double eigenvalue is known to half of the digits of float64
_NEAR, _NEARER = 1e-3, 1e-4  # where it is asked whether the field jumps at the equilibrium
_FLAT = 0.02  # how much the largest distance may change from a turn to the next where a path stays as it is
_UNEVEN = 0.1  # how much where it jumps: each step across the kink ends elsewhere, and no two turns are alike
_SLOW = 0.2  # how much where the equilibrium repels: between that and a distance which does not grow there is a limit
_HALF_TURN = 0.5 - 1e-9  # shows every distance: the game is the same at (−θ, −ψ)
_GONE = 1e-6  # a share of the first distance that is as good as 0

# Code -> what is said; filled from Facts.numbers.
VERDICTS = {
    "converges": N_(
        "Converges: after {steps} steps the distance to the equilibrium is {ratio} times what it was at the start."
    ),
    "creeps": N_(
        "Comes nearer, but ever more slowly: after {steps} steps the distance is {ratio} times what it was at the start."
    ),
    "circles": N_(
        "Circles: of {steps} steps the last {window} stay at a distance between {low} and {high}, and come to no rest."
    ),
    "cycles": N_(
        "Cycles through a finite limit: of {steps} steps the last {window} stay at a distance between {low} and {high}."
    ),
    "spirals_out": N_("Spirals out: after {steps} steps the distance is {ratio} times what it was at the start."),
    "flies_apart": N_("Flies apart: behind step {steps} the distance is above {far}, and the path ends there."),
    "unsettled": N_(
        "Does not settle within {steps} steps: in the last {window} of them the distance goes between {low} and {high}."
    ),
    "rests": N_("Rests at the equilibrium, where it began."),
}
# What the largest |λ| of a step says beside it; {radius}.
RADII = {
    "below": N_("Of the eigenvalues of a step the largest |λ| is {radius}, below 1: near the equilibrium steps lead closer."),
    "one": N_("Of the eigenvalues of a step the largest |λ| is 1: near the equilibrium steps lead neither closer nor away."),
    "above": N_("Of the eigenvalues of a step the largest |λ| is {radius}, above 1: near the equilibrium steps lead away."),
    "kink": N_("At the equilibrium this penalty has a kink: the field jumps there by {jump}, so that it has no eigenvalues, and no step can come to rest."),
    "elsewhere": N_("At (0, 0) this loss still pulls by {pull}: that is no equilibrium, and it has no eigenvalues."),
}  # fmt: skip


@dataclass(frozen=True)
class Eigenvalues:
    """At (0, 0), complex, two each: of the Jacobian of the vector field, where negative real parts attract; of a step, where absolute values
    below 1 do. None of both where there are none: `reason` is "kink" or "elsewhere", `size` by how much the field jumps or pulls there."""

    continuous: tuple[complex, complex] | None
    discrete: tuple[complex, complex] | None
    reason: str = ""
    size: float = 0.0

    @property
    def radius(self) -> float | None:
        """The largest |λ| of a step."""
        return max(map(abs, self.discrete)) if self.discrete else None

    @property
    def code(self) -> str:
        """Which of RADII it is."""
        if self.radius is None:
            return self.reason
        return "one" if abs(self.radius - 1) <= _ONE else "below" if self.radius < 1 else "above"


@dataclass(frozen=True)
class Facts:
    """Of one trajectory: its settings; the verdict (a key of VERDICTS); the distance at the end over that at the start; steps taken; turns: how
    often it went round, in whole turns, whatever the direction; low, high: of the distance over the last `window` steps; eigenvalues."""

    settings: DiracSettings
    verdict: str
    ratio: float
    steps: int
    turns: float
    low: float
    high: float
    window: int
    eigenvalues: Eigenvalues

    @property
    def radius(self) -> float | None:
        """The largest |λ| of a step at the equilibrium; None where there is none."""
        return self.eigenvalues.radius

    @property
    def numbers(self) -> dict[str, float]:
        """What the sentences of VERDICTS and RADII are filled with."""
        return {"steps": self.steps, "ratio": self.ratio, "low": self.low, "high": self.high, "window": self.window, "far": FAR,
                "radius": self.radius or 0.0, "jump": self.eigenvalues.size, "pull": self.eigenvalues.size}  # fmt: skip


def eigenvalues(game: Game) -> Eigenvalues:
    """Those of the flow and of a step, from Jacobians by autograd at (0, 0)."""
    pull = float(np.hypot(*game.pull_at(0.0, 0.0)))
    if not pull <= _REST:
        return Eigenvalues(None, None, "elsewhere", pull)
    far, near = (_jump(game, size) for size in (_NEAR, _NEARER))
    if near > _NEARER and near > far / 2:  # across a smooth place the difference goes to 0 with the distance
        return Eigenvalues(None, None, "kink", near)
    continuous, discrete = _jacobian(lambda t, p: game.pull(t, p, True)), _jacobian(lambda t, p: game.step(t, p, True))
    return Eigenvalues(_pair(continuous), _pair(discrete))


def _jump(game: Game, size: float) -> float:
    """The largest difference of the field between two opposite places at this distance from the equilibrium."""
    angles = np.arange(4) * np.pi / 4
    around = size * np.stack([np.cos(angles), np.sin(angles)], 1)
    return float(np.hypot(*(game.field(around) - game.field(-around)).T).max())


def _jacobian(function: Any) -> np.ndarray:
    """∂(function)/∂(θ, ψ) at (0, 0), (2, 2)."""
    at = places(0.0, 0.0)
    found: tuple[Tensor, Tensor] = function(*at)
    rows = [[slope(value, of, False) for of in at] for value in found]
    return np.array([[entry.item() for entry in row] for row in rows])


def _pair(matrix: np.ndarray) -> tuple[complex, complex]:
    found = [complex(value) for value in np.linalg.eigvals(matrix)]
    whole = [value.real + 0j if abs(value.imag) <= _ONE * abs(value) else value for value in found]
    first, second = sorted(whole, key=lambda value: (value.real, value.imag))
    return first, second


def judge(game: Game, path: Path, found: Eigenvalues) -> Facts:
    """The facts of a trajectory: what its largest distance does from a turn to the next, and whether the equilibrium attracts or repels."""
    distance = np.hypot(*path.points.T)
    turned = _turned(path.points)
    window = _window(turned)
    last, before = distance[-window:], distance[-2 * window : -window]
    start, end = float(distance[0]), float(distance[-1])
    if path.ended is not None:
        code = "flies_apart"
    elif start == 0 and last.max() == 0:
        code = "rests"
    else:
        goes_round = min(turned[-1] - turned[-window], turned[-window] - turned[-2 * window]) >= _HALF_TURN
        code = _code(found.code, start, before, last, bool(goes_round))
    ratio = end / start if start else 1.0
    low, high = float(last.min()), float(last.max())
    return Facts(
        game.settings, code, ratio, path.ended or len(distance) - 1, float(turned[-1]), low, high, window, found
    )


def _turned(points: np.ndarray) -> np.ndarray:
    """How many turns round the equilibrium lie behind each point, whatever their direction."""
    angle = np.unwrap(np.arctan2(points[:, 1], points[:, 0]))
    return np.concatenate([[0.0], np.abs(np.diff(angle)).cumsum() / (2 * np.pi)])


def _window(turned: np.ndarray) -> int:
    """How many steps at the end are compared with as many before: a quarter, or the last half turn where it took more, at most half."""
    count = len(turned)
    behind = count - int(np.searchsorted(turned, turned[-1] - _HALF_TURN, side="right")) + 1
    return max(1, min(max(count // 4, behind), count // 2))


def _code(equilibrium: str, start: float, before: np.ndarray, last: np.ndarray, goes_round: bool) -> str:
    """equilibrium: a key of RADII; before, last: distances over two stretches; goes_round: each is half a turn at least."""
    growth = last.max() / before.max() if before.max() > 0 else 1.0
    if equilibrium == "below" and (growth < 1 or last.max() <= _GONE * start):
        return "converges"
    # A spiral grows with every step, however slowly; what goes round a limit comes nearer at times.
    if equilibrium == "above" and np.diff(np.concatenate([before, last])).min() > 0:
        return "spirals_out"
    if not goes_round:
        return "unsettled"
    flat = _UNEVEN if equilibrium == "kink" else _FLAT
    if growth > 1 + flat:
        return "spirals_out"
    if equilibrium == "one":
        return "circles" if growth >= 1 - flat else "creeps"
    return "cycles" if growth >= 1 - (_SLOW if equilibrium == "above" else flat) else "unsettled"


def facts(settings: DiracSettings) -> Facts:
    """What becomes of the trajectory of these settings."""
    game = Game(settings)
    return judge(game, game.trajectory(), eigenvalues(game))


def smoothing_matters(loss: str) -> bool:
    """Whether label smoothing moves anybody anywhere in this game."""
    if not registry.loss[loss].info["targets"]:
        return False
    places = np.array([(0.5, 1.0), (-1.0, 0.5), (2.0, -1.0), (0.0, 1.0), (1.0, 0.0)])
    plain, smoothed = (Game(DiracSettings(loss=loss, smooth=smooth)).field(places) for smooth in (0.0, 0.3))
    return not np.allclose(plain, smoothed, rtol=0, atol=1e-12)


def shown(settings: DiracSettings) -> list[str]:
    """The names of the settings that do something beside the others."""
    idle = {
        "weight": not penalties()[settings.penalty].symbol,
        "smooth": not smoothing_matters(settings.loss),
        "k": settings.order != ALTERNATING,
    }
    return [name for name in fields() if not idle.get(name, False)]

"""Dirac-GAN against the paper: fields and eigenvalues in closed form, the flow by SciPy, what converges and what does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import simpson, solve_ivp
from scipy.special import expit
from scipy.stats import norm
from torch import Tensor

from gan_core import registry
from gan_core.dirac.game import FAR, Game, normal_pairs
from gan_core.dirac.settings import CONSENSUS, NOISE, ORDERS, fields, left_out, parse, penalties
from gan_core.dirac.verdict import RADII, VERDICTS, Facts, eigenvalues, facts, shown, smoothing_matters
from gan_core.errors import ConfigError

PLACES = np.array([(1.0, 1.0), (-0.7, 1.3), (0.4, -2.1), (2.0, 0.1), (-1.5, -0.6)])
LOSSES, PENALTIES = list(registry.loss), list(penalties())
ZERO_CENTRED = {"r1": 1, "r2": 1, "r1_r2": 2}  # how often they count ½ψ²

# v by hand, with t = ψθ; the paper's D is −ψx.
FIELDS: dict[str, Callable[[float, float, float], tuple[float, float]]] = {
    "minimax": lambda theta, psi, t: (expit(t) * psi, -expit(t) * theta),
    "non_saturating": lambda theta, psi, t: (expit(-t) * psi, -expit(t) * theta),
    "least_squares": lambda theta, psi, t: ((0.5 - t) * psi, -(t + 0.5) * theta),
    "wasserstein": lambda theta, psi, t: (psi, -theta),
    "hinge": lambda theta, psi, t: (psi, -theta if t > -1 else 0.0),
    "relativistic": lambda theta, psi, t: (expit(-t) * psi, -expit(t) * theta),
    "relativistic_average": lambda theta, psi, t: (2 * expit(-t) * psi, -2 * expit(t) * theta),
}
# f′(0) and f″(0) of the paper's f.
SLOPES = {"minimax": 0.5, "non_saturating": 0.5, "least_squares": 0.5, "wasserstein": 1.0, "hinge": 1.0, "relativistic": 0.5, "relativistic_average": 1.0}  # fmt: skip
BENDS = {
    "minimax": -0.25,
    "non_saturating": -0.25,
    "least_squares": -1.0,
    "wasserstein": 0.0,
    "hinge": 0.0,
    "relativistic": -0.25,
}


def game(**given: Any) -> Game:
    return Game(parse(given))


def about(**given: Any) -> Facts:
    return facts(parse(given))


def same(found: tuple[complex, complex] | None, *wanted: complex, abs: float = 1e-9) -> bool:
    """Whether two eigenvalues are these, in whichever order. Double ones are known to half of the digits only."""
    assert found is not None
    return any(np.allclose(found, pair, rtol=0, atol=abs) for pair in (wanted, wanted[::-1]))


def roots(half_trace: float, determinant: float) -> tuple[complex, complex]:
    """x² − 2 half_trace x + determinant = 0."""
    root = np.sqrt(complex(half_trace**2 - determinant))
    return half_trace + root, half_trace - root


# ── the field ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("loss", LOSSES)
def test_the_field_in_closed_form(loss: str) -> None:
    by_hand = np.array([FIELDS[loss](theta, psi, theta * psi) for theta, psi in PLACES])
    assert game(loss=loss).field(PLACES) == pytest.approx(by_hand, abs=1e-12)
    for penalty, times in ZERO_CENTRED.items():
        extra = np.stack([0 * PLACES[:, 1], -times * 0.7 * PLACES[:, 1]], 1)
        assert game(loss=loss, penalty=penalty, weight=0.7).field(PLACES) == pytest.approx(by_hand + extra, abs=1e-12)
    for penalty in ("wgan_gp", "dragan"):
        extra = np.stack([0 * PLACES[:, 1], -2 * 0.7 * (np.abs(PLACES[:, 1]) - 1) * np.sign(PLACES[:, 1])], 1)
        assert game(loss=loss, penalty=penalty, weight=0.7).field(PLACES) == pytest.approx(by_hand + extra, abs=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_field_of_consensus_by_finite_differences(loss: str) -> None:
    def energy(theta: float, psi: float) -> float:
        a, b = FIELDS[loss](theta, psi, theta * psi)
        return (a * a + b * b) / 2

    e = 1e-5
    wanted = []
    for theta, psi in PLACES:
        slope = np.array(
            [energy(theta + e, psi) - energy(theta - e, psi), energy(theta, psi + e) - energy(theta, psi - e)]
        ) / (2 * e)
        wanted.append(np.array(FIELDS[loss](theta, psi, theta * psi)) - 0.8 * slope)
    assert game(loss=loss, penalty=CONSENSUS, weight=0.8).field(PLACES) == pytest.approx(np.array(wanted), abs=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_of_places_is_each_of_them(loss: str) -> None:
    for penalty in PENALTIES:
        one = game(loss=loss, penalty=penalty)
        alone = np.array([one.pull_at(*place) for place in PLACES])
        assert one.field(PLACES) == pytest.approx(alone, abs=1e-12)


def expected(values: Callable[[np.ndarray], np.ndarray], width: float) -> float:
    """E[values(n)] for a normal n of this width, by SciPy's rule on a fine net."""
    n = np.linspace(-9 * width, 9 * width, 4001)
    return float(simpson(values(n) * norm.pdf(n, scale=width), x=n))


@pytest.mark.parametrize("place", PLACES.tolist(), ids=str)
def test_instance_noise_is_the_expected_loss(place: list[float]) -> None:
    """One loss that takes samples alone, and one that takes pairs: those know their difference, of √2 the width."""
    (theta, psi), sigma = place, 0.8

    def generators(n: np.ndarray) -> np.ndarray:
        return np.asarray(expit(-psi * (theta + n)) * psi)

    def critics_of_fake(n: np.ndarray) -> np.ndarray:
        return np.asarray(-expit(psi * (theta + n)) * (theta + n))

    def critics_of_real(n: np.ndarray) -> np.ndarray:
        return np.asarray(expit(-psi * n) * n)

    wanted = expected(generators, sigma), expected(critics_of_real, sigma) + expected(critics_of_fake, sigma)
    alone = game(loss="non_saturating", penalty=NOISE, weight=sigma)
    assert alone.pull_at(theta, psi) == pytest.approx(wanted, abs=4e-3)
    wanted = expected(generators, sigma * math.sqrt(2)), expected(critics_of_fake, sigma * math.sqrt(2))
    pairs = game(loss="relativistic", penalty=NOISE, weight=sigma)
    assert pairs.pull_at(theta, psi) == pytest.approx(wanted, abs=1e-2)


def test_the_noises_are_normal_and_know_nothing_of_each_other() -> None:
    real, fake = (part.numpy() for part in normal_pairs())
    assert np.cov(real, fake, bias=True) == pytest.approx(np.eye(2), abs=1e-12)
    assert [real.mean(), fake.mean()] == pytest.approx([0, 0], abs=1e-12)
    for part in (real, fake):
        assert (part**4).mean() == pytest.approx(3, abs=0.15)
    assert (real**2 * fake**2).mean() == pytest.approx(1, abs=0.05)


# ── eigenvalues ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("loss", LOSSES)
def test_eigenvalues_of_the_flow(loss: str) -> None:
    """Mescheder et al. 2018, sections 2 and 3 and their appendix: ±i f′(0), and what each regulariser makes of it."""
    f = SLOPES[loss]
    assert same(eigenvalues(game(loss=loss)).continuous, 1j * f, -1j * f)
    assert same(eigenvalues(game(loss=loss, penalty="weight_clipping")).continuous, 1j * f, -1j * f)
    for penalty, times in ZERO_CENTRED.items():
        for gamma in (0.3, 2.0 * f / times, 5.0):
            wanted = roots(-times * gamma / 2, f * f)
            assert same(eigenvalues(game(loss=loss, penalty=penalty, weight=gamma)).continuous, *wanted, abs=1e-7)
    assert same(
        eigenvalues(game(loss=loss, penalty=CONSENSUS, weight=0.6)).continuous,
        -0.6 * f * f + 1j * f,
        -0.6 * f * f - 1j * f,
    )
    if loss in BENDS:
        for sigma in (0.5, math.sqrt(2), 2.0):
            wanted = roots(BENDS[loss] * sigma**2, f * f)
            assert same(eigenvalues(game(loss=loss, penalty=NOISE, weight=sigma)).continuous, *wanted, abs=1e-7)


def test_a_double_eigenvalue_has_no_imaginary_part() -> None:
    """R1 + R2 with γ = 1 of the Wasserstein loss: −1 twice, which rounding would tear apart by ±i √ε."""
    found = eigenvalues(game(loss="wasserstein", penalty="r1_r2", weight=1.0))
    for values, wanted in ((found.continuous, -1.0), (found.discrete, 0.8)):
        assert values is not None
        assert [value.imag for value in values] == [0.0, 0.0]
        assert [value.real for value in values] == pytest.approx([wanted, wanted], abs=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("h", "k"), [(0.2, 1), (0.1, 5), (1.5, 1), (3.0, 3)])
def test_eigenvalues_of_a_step(loss: str, h: float, k: int) -> None:
    """Mescheder et al. 2018, section 2: 1 ± ih f′(0); and 1 − α²/2 ± √((1 − α²/2)² − 1) with α = √k h f′(0)."""
    f = SLOPES[loss]
    found = eigenvalues(game(loss=loss, h=h))
    assert same(found.discrete, 1 + 1j * h * f, 1 - 1j * h * f)
    assert found.radius == pytest.approx(math.sqrt(1 + (h * f) ** 2))
    alternating = eigenvalues(game(loss=loss, order="alternating", h=h, k=k))
    alpha = math.sqrt(k) * h * f
    assert same(alternating.discrete, *roots(1 - alpha**2 / 2, 1.0))
    if alpha < 2:
        assert alternating.code == "one"
        assert alternating.radius == pytest.approx(1, abs=1e-9)
    else:
        assert alternating.code == "above"


@pytest.mark.parametrize("penalty", [p for p in PENALTIES if p not in ("wgan_gp", "dragan")])
@pytest.mark.parametrize("order", list(ORDERS))
def test_the_jacobian_of_a_step_is_that_of_the_step_that_is_taken(penalty: str, order: str) -> None:
    one, e = game(loss="non_saturating", penalty=penalty, order=order, h=0.3, k=2, steps=10), 1e-5

    def after(theta: float, psi: float) -> np.ndarray:
        at = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (theta, psi))
        moved = one.step(next(at), next(at))
        return np.array([x.item() for x in moved])

    jacobian = np.stack([after(e, 0) - after(-e, 0), after(0, e) - after(0, -e)], 1) / (2 * e)
    wanted = np.linalg.eigvals(jacobian)
    assert same(eigenvalues(one).discrete, *map(complex, wanted), abs=1e-4 if penalty in ZERO_CENTRED else 1e-7)


@pytest.mark.parametrize("penalty", ["wgan_gp", "dragan"])
def test_a_kink_has_no_eigenvalues(penalty: str) -> None:
    """From the side of ψ > 0 the penalty pulls by 2λ, from the other by −2λ."""
    found = eigenvalues(game(penalty=penalty, weight=0.9))
    assert (found.continuous, found.discrete, found.radius, found.code) == (None, None, None, "kink")
    assert found.size == pytest.approx(4 * 0.9, rel=1e-3)


# ── trajectories ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_plain_descent_at_least_doubles_its_distance() -> None:
    found = about(loss="minimax", penalty="none", order="simultaneous", h=0.2, theta=1, psi=1, steps=300)
    assert (found.verdict, found.eigenvalues.code) == ("spirals_out", "above")
    assert found.ratio >= 2
    assert found.turns > 2


def test_the_critical_penalty_converges_without_further_rotation() -> None:
    found = about(loss="minimax", penalty="r1", weight=1.0, h=0.2, theta=1, psi=1, steps=300)
    assert (found.verdict, found.eigenvalues.code) == ("converges", "below")
    assert found.ratio < 1e-9
    assert found.turns <= 0.5
    below = about(loss="minimax", penalty="r1", weight=0.3, h=0.2, theta=1, psi=1, steps=300)
    assert below.verdict == "converges"
    assert below.turns > 1


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [("minimax", "none"), ("non_saturating", "r1"), ("wasserstein", CONSENSUS), ("least_squares", "none")],
)
@pytest.mark.parametrize("order", list(ORDERS))
def test_small_steps_follow_the_flow(loss: str, penalty: str, order: str) -> None:
    one = game(loss=loss, penalty=penalty, order=order, h=0.002, steps=1000, theta=1.2, psi=-0.5)

    def flow(_time: float, at: np.ndarray) -> np.ndarray:
        theta, psi = at
        v = np.array(FIELDS[loss](theta, psi, theta * psi))
        if penalty == CONSENSUS:
            return np.asarray(v - at)  # of the linear game: ∇½‖v‖² = (θ, ψ)
        return np.asarray(v - np.array([0, psi if penalty == "r1" else 0]))

    exact = solve_ivp(flow, (0, 2), (1.2, -0.5), rtol=1e-10, atol=1e-12).y[:, -1]
    path = one.trajectory()
    assert path.ended is None
    assert path.points.shape == (1001, 2)
    assert path.points[0].tolist() == [1.2, -0.5]
    assert path.points[-1] == pytest.approx(exact, abs=6e-3)


def test_steps_by_hand() -> None:
    """Of the linear game, where everything can be said: both at once; the critic twice and then the generator; a bound on the slope."""
    linear = {"loss": "wasserstein", "h": 0.5, "theta": 1.0, "psi": 2.0, "steps": 10}
    assert game(**linear).trajectory().points[1].tolist() == [2.0, 1.5]
    assert game(**linear, order="alternating", k=2).trajectory().points[1].tolist() == [1.5, 1.0]
    clipped = game(**linear, penalty="weight_clipping", weight=0.5).trajectory().points
    assert clipped[1].tolist() == [2.0, 0.5]
    assert np.abs(clipped[1:, 1]).max() <= 0.5
    slow = game(**linear, penalty="weight_clipping", weight=0.25, order="alternating", k=3).trajectory().points
    assert slow[1].tolist() == [0.875, -0.25]


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"order": "alternating"}, "circles"),
        ({"order": "alternating", "loss": "non_saturating"}, "creeps"),
        ({"loss": "non_saturating"}, "cycles"),
        ({"loss": "wasserstein"}, "spirals_out"),
        ({"loss": "wasserstein", "order": "alternating", "k": 5, "penalty": "wgan_gp", "steps": 600}, "cycles"),
        ({"loss": "wasserstein", "penalty": "wgan_gp", "steps": 600}, "cycles"),
        ({"loss": "wasserstein", "penalty": "weight_clipping"}, "cycles"),
        ({"penalty": NOISE}, "converges"),
        ({"penalty": CONSENSUS}, "converges"),
        ({"loss": "wasserstein", "penalty": CONSENSUS}, "converges"),
        ({"loss": "wasserstein", "penalty": NOISE}, "spirals_out"),
        ({"loss": "wasserstein", "penalty": "r1"}, "converges"),
        ({"loss": "hinge", "penalty": "r2"}, "converges"),
        ({"penalty": "r1", "weight": 0.01}, "spirals_out"),  # the flow converges, steps of this size do not
        ({"h": 0.001, "steps": 10}, "spirals_out"),
        ({"loss": "wasserstein", "h": 5.0, "steps": 1000}, "flies_apart"),
        ({"theta": 0, "psi": 0}, "rests"),
        ({"penalty": "r1", "theta": 0, "psi": 0}, "rests"),
        ({"penalty": "weight_clipping", "weight": 0.01, "steps": 50}, "unsettled"),
    ],
)  # fmt: skip
def test_verdicts(given: dict[str, Any], verdict: str) -> None:
    assert about(**given).verdict == verdict


def test_a_finite_limit_is_where_theory_has_it() -> None:
    """Non-saturating, both at once: h/8 · r² a time comes in by the steps, r⁴/16 goes by the bend of f: r = √(2h) for small h."""
    found = about(loss="non_saturating", h=0.05, theta=0.4, psi=0.0, steps=1000)
    assert found.verdict == "cycles" or found.high < math.sqrt(0.1)
    settled = about(loss="non_saturating", h=0.1, theta=0.45, psi=0.0, steps=1000)
    assert settled.verdict == "cycles"
    assert math.sqrt(settled.low * settled.high) == pytest.approx(math.sqrt(2 * 0.1), rel=0.05)


def test_a_path_that_flies_apart_ends_and_stays_finite() -> None:
    path = game(loss="wasserstein", h=5.0, steps=1000).trajectory()
    assert path.ended == len(path.points) < 20
    assert np.isfinite(path.points).all()
    assert np.hypot(*path.points.T).max() < FAR
    found = about(loss="wasserstein", h=5.0, steps=1000)
    assert found.steps == path.ended


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("order", list(ORDERS))
def test_every_loss_with_every_penalty_is_finite(loss: str, order: str) -> None:
    for penalty in PENALTIES:
        found = about(loss=loss, penalty=penalty, order=order, steps=16)
        assert found.verdict in VERDICTS
        assert found.eigenvalues.code in RADII
        assert np.isfinite([found.ratio, found.low, found.high, found.turns]).all()
        for text in (VERDICTS[found.verdict], RADII[found.eigenvalues.code]):
            text.format(**found.numbers)


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_has_its_default() -> None:
    assert parse({}) == parse({"penalty": "none", "weight": None})
    assert parse({"penalty": "r1"}).weight == 1.0
    assert parse({"penalty": "wgan_gp"}).weight == 1.0  # the usual 10 would overshoot at h = 0.2
    assert parse({"k": 5}).k == 1  # both at once: there is no such thing
    assert parse({"k": "5", "order": "alternating"}).k == 5
    assert parse({"smooth": 0.2, "loss": "hinge"}).smooth == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"loss": "nonsense"}, "minimax"),
        ({"penalty": "spectral_norm"}, "consensus"),
        ({"penalty": ["r1"]}, "consensus"),
        ({"order": 3}, "alternating"),
        ({"h": 0}, "0.001"),
        ({"h": "wide"}, "0.001"),
        ({"h": float("nan")}, "0.001"),
        ({"h": True}, "0.001"),
        ({"steps": 10**9}, "1000"),
        ({"steps": 10.5}, "whole"),
        ({"theta": 1e9}, "4"),
        ({"k": 0}, "20"),
        ({"penalty": "r1", "weight": -1}, "10"),
        ({"penalty": NOISE, "weight": 4}, "3"),
        ({"penalty": "none", "weight": 1}, "0"),
        ({"smooth": 0.7}, "0.5"),
        ({"color": "red"}, "theta"),
        ({7: "x"}, "theta"),
    ],
)
def test_other_values_are_refused(given: dict[Any, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse(given)


def test_only_what_does_something_is_shown() -> None:
    always = {"loss", "penalty", "order", "h", "steps", "theta", "psi"}
    assert set(shown(parse({}))) == always
    assert set(shown(parse({"penalty": "r1", "order": "alternating"}))) == always | {"weight", "k"}
    assert fields(NOISE)["weight"].spec.unit == "σ"
    assert all(item.spec.title and item.spec.help.endswith(".") for item in fields().values())


def test_what_is_left_out_says_why() -> None:
    titles = [title for title, why in left_out(smoothing=False) if why.endswith(".")]
    assert {"Spectral normalisation", "Label smoothing"} <= set(titles)
    assert "Label smoothing" not in [title for title, _ in left_out(smoothing=True)]
    assert not any(smoothing_matters(loss) for loss in LOSSES)


# ── somebody's own ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def plugin() -> Iterator[None]:
    with registry.loading("a test's plugin"):

        @registry.loss(
            "own_pairs", title="Own pairs", help="x.", paper="x", needs_real=True, targets=True, output="target"
        )
        def own_pairs(real: Tensor, fake: Tensor, smooth: float = 0.0) -> tuple[Tensor, Tensor]:
            """L_D = ½E[(D(x) − D(G(z)) − 1)²],  L_G = −E[D(G(z))]."""
            return (real - fake - (1 - smooth)).square().mean() / 2, -fake.mean()

        @registry.loss(
            "own_lopsided", title="Own lopsided", help="x.", paper="x", needs_real=False, targets=False, output="critic"
        )
        def own_lopsided(real: Tensor, fake: Tensor, smooth: float = 0.0) -> tuple[Tensor, Tensor]:
            """L_D = −E[D(x)],  L_G = constant."""
            return -real.mean(), torch.zeros(())

        @registry.penalty(
            "own_quartic",
            title="Own quartic",
            help="x.",
            paper="x",
            at="fake",
            symbol="q",
            weight=2.0,
            low=0.0,
            high=5.0,
        )
        def own_quartic(squared_norm: Tensor) -> Tensor:
            """q · E[‖∇D‖⁴]."""
            return squared_norm.square()

        @registry.penalty(
            "own_rounding",
            title="Own rounding",
            help="x.",
            paper="x",
            at=None,
            symbol="",
            weight=0.0,
            low=0.0,
            high=0.0,
        )
        def own_rounding(squared_norm: Tensor) -> Tensor:
            """Rounds weights."""
            return torch.zeros_like(squared_norm)

    yield
    for kind in (registry.loss, registry.penalty):
        kind.withdraw("a test's plugin")


@pytest.mark.usefixtures("plugin")
def test_losses_and_penalties_of_somebodys_own() -> None:
    found = game(loss="own_pairs", smooth=0.2).field(PLACES)
    theta, psi = PLACES.T
    assert found == pytest.approx(np.stack([psi, -(theta * psi + 0.8) * theta], 1), abs=1e-12)
    assert smoothing_matters("own_pairs")
    assert "smooth" in shown(parse({"loss": "own_pairs"}))
    assert same(eigenvalues(game(loss="own_pairs", penalty="own_quartic")).continuous, 1j, -1j)
    quartic = game(loss="wasserstein", penalty="own_quartic", weight=0.5).field(PLACES)
    assert quartic == pytest.approx(np.stack([psi, -theta - 2 * psi**3], 1), abs=1e-12)
    assert penalties()["own_quartic"].default == 1.0
    assert "own_rounding" not in penalties()
    assert "Own rounding" in [title for title, _ in left_out(smoothing=True)]
    assert about(loss="own_lopsided").verdict == "unsettled"

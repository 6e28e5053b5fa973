"""Two Gaussians on a line: against SciPy, closed forms and finite differences; and the discriminator that learns between them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.spatial.distance import jensenshannon

from gan_core.lessons import distances, gaussians, learned, value
from gan_core.lessons.gaussians import Gaussian
from gan_core.lessons.lesson import Figure, Lab, Task
from gan_core.lessons.sight import Sight

PAIRS = [
    (Gaussian(-1.0, 1.0), Gaussian(1.0, 2.0)), (Gaussian(0.0, 0.5), Gaussian(1.5, 0.5)), (Gaussian(2.0, 1.5), Gaussian(-0.5, 0.4)),
    (Gaussian(0.0, 1.0), Gaussian(0.0, 2.0)),
]  # fmt: skip
X = np.linspace(-4.0, 4.0, 33)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_densities_and_the_best_discriminator(p: Gaussian, q: Gaussian) -> None:
    dense_p, dense_q = (stats.norm.pdf(X, g.mean, g.spread) for g in (p, q))
    np.testing.assert_allclose(p.density(X), dense_p, rtol=1e-12)
    np.testing.assert_allclose(gaussians.best_discriminator(p, q, X), dense_p / (dense_p + dense_q), rtol=1e-9)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_no_other_answer_scores_more(p: Gaussian, q: Gaussian) -> None:
    x = X[
        np.abs(np.log(stats.norm.pdf(X, p.mean, p.spread) / stats.norm.pdf(X, q.mean, q.spread))) < 20
    ]  # elsewhere it is 0 or 1 in floats
    best = gaussians.best_discriminator(p, q, x)
    gain = lambda y: p.density(x) * np.log(y) + q.density(x) * np.log1p(-y)  # noqa: E731
    for other in (best * 0.99, best + 0.01 * (1 - best)):
        assert (gain(best) > gain(other)).all()


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_its_score_is_twice_js_less_log_four(p: Gaussian, q: Gaussian) -> None:
    js = gaussians.jensen_shannon(p, q)
    x = np.linspace(-20, 20, 40_001)
    dense = np.array([stats.norm.pdf(x, g.mean, g.spread) for g in (p, q)])
    by_scipy = jensenshannon(*dense[:, dense.all(0)]) ** 2  # SciPy says ∞ where a density has become 0
    assert js == pytest.approx(by_scipy, abs=1e-9)

    def scored(x: float) -> float:
        a, b = (float(stats.norm.pdf(x, g.mean, g.spread)) for g in (p, q))
        return (a * math.log(a / (a + b)) if a else 0.0) + (b * math.log(b / (a + b)) if b else 0.0)

    by_quadrature = integrate.quad(scored, -15, 15, points=[p.mean, q.mean], limit=400)[0]
    assert gaussians.best_value(p, q) == pytest.approx(by_quadrature, abs=1e-7)
    assert gaussians.js_of_value(gaussians.best_value(p, q)) == pytest.approx(js, abs=1e-12)


def test_js_goes_from_zero_to_log_two() -> None:
    p = Gaussian(0.5, 0.7)
    assert gaussians.best_value(p, p) == pytest.approx(-math.log(4), abs=1e-12)
    assert gaussians.jensen_shannon(p, p) == pytest.approx(0.0, abs=1e-12)
    assert gaussians.jensen_shannon(p, Gaussian(40.0, 0.7)) == pytest.approx(math.log(2), abs=1e-12)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_the_slope_of_js(p: Gaussian, q: Gaussian) -> None:
    step = 1e-4
    above, below = (gaussians.jensen_shannon(p, replace(q, mean=q.mean + sign * step)) for sign in (1, -1))
    assert gaussians.js_slope(p, q) == pytest.approx((above - below) / (2 * step), abs=1e-7)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_wasserstein_and_its_critic(p: Gaussian, q: Gaussian) -> None:
    x = gaussians.grid(p, q)
    w1 = gaussians.wasserstein(p, q)
    assert w1 == pytest.approx(stats.wasserstein_distance(x, x, p.density(x), q.density(x)), rel=1e-4)
    assert w1 == pytest.approx(gaussians.wasserstein(q, p))
    f = gaussians.best_critic(p, q, x)
    np.testing.assert_array_less(np.abs(np.diff(f)) / np.diff(x), 1 + 1e-9)
    assert gaussians.integral(f * (p.density(x) - q.density(x)), x) == pytest.approx(w1, abs=1e-4)


def test_distances_as_the_lesson_says() -> None:
    """With the figures of its text."""
    near, at_four, at_eight = (distances.sight_of_apart(shift).figures for shift in (0.8, 4.0, 8.0))
    slopes = [distances.sight_of_apart(shift).figures["js_slope"] for shift in distances.SHIFTS]
    assert distances.SHIFTS[int(np.argmax(slopes))] == 0.8
    assert near["js_slope"] == pytest.approx(0.467, abs=5e-4)
    assert (round(at_four["js"], 4), round(at_four["js_slope"], 4)) == (round(math.log(2), 4), 0.0004)
    assert 0 < at_eight["js"] - at_four["js"] < 1e-4
    assert (at_four["w1"], at_eight["w1"]) == (4.0, 8.0)
    assert stats.wasserstein_distance([0, 2], [3]) == distances.LESSON.asks()["carry"].right


# ── the discriminator that learns ────────────────────────────────────────────────────────────────────────────────────────────

SHORT = learned.Training(Gaussian(0.0, 1.0), Gaussian(0.0, 1.0), steps=40, width=4, rate=0.01)


def test_it_learns_the_same_again_and_is_kept_on_the_way() -> None:
    one, other = learned.learn(SHORT), learned.Learning(SHORT).found()
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    assert one.steps == learned.kept_steps(40)
    assert (one.steps[0], one.steps[-1]) == (0, 40)
    assert one.probabilities.shape == (len(one.steps), len(one.x))
    assert len(one.errors) == len(one.values) == len(one.steps) <= learned.KEPT
    assert learned.kept_steps(0) == (0,)


def test_its_error_and_its_score_are_what_they_say() -> None:
    """Where q is p, D* is ½ everywhere; of the untrained D both follow from its curve."""
    found = learned.learn(SHORT)
    x, d = found.x, found.probabilities[0]
    dense = stats.norm.pdf(x)
    assert found.errors[0] == pytest.approx(np.trapezoid(np.abs(d - 0.5) * dense, x), abs=1e-4)
    score = np.trapezoid(dense * (np.log(d) + np.log1p(-d)), x)
    assert found.values[0] == pytest.approx(score, abs=0.01)


# ── what is to be done in the lessons ────────────────────────────────────────────────────────────────────────────────────────


def task_of(figure: str, name: str) -> tuple[Figure, Task]:
    part = value.LESSON.part(figure) or distances.LESSON.part(figure)
    assert isinstance(part, Figure)
    return part, next(task for task in part.tasks if task.id == name)


def test_the_goal_of_learning_is_not_reached_at_first_but_by_the_solution() -> None:
    part, close = task_of("learned", "close")
    start = value.sight_of_learned(part.start)
    assert not close.is_done(start)
    assert (round(start.figures["js"], 3), round(start.figures["js_learned"], 3)) == (0.224, 0.030)
    solved = value.sight_of_learned({**part.start, **close.solution})
    assert close.is_done(solved)
    assert not any(other.is_done(solved) for other in part.tasks if other is not close)


def test_what_goes_wrong_is_seen() -> None:
    part, narrow = task_of("learned", "narrow")
    hasty = task_of("learned", "hasty")[1]
    figures = {"js": 0.2, "d_error": 0.05, "js_missed": 0.03}
    assert narrow.is_done(Sight(0, figures, facts={**part.start, "width": 1, "steps": 3000}))
    assert hasty.is_done(Sight(0, figures, facts={**part.start, "rate": 0.1, "steps": 3000}))
    assert not any(task.is_done(Sight(0, figures, facts=part.start)) for task in (narrow, hasty))


@pytest.mark.parametrize(("figure", "task", "places"), [
    ("optimum", "apart", {(2.5, 0.4), (2.75, 0.4), (3.0, 0.4), (3.0, 0.6)}), ("optimum", "equal", {(-1.0, 1.0)}),
])  # fmt: skip
def test_where_the_best_discriminator_is_sure_and_where_it_knows_nothing(
    figure: str, task: str, places: set[tuple[float, float]]
) -> None:
    done = task_of(figure, task)[1]
    found = {(m, s) for m in value.MEANS for s in value.SPREADS if done.is_done(value.sight_of_best(m, s))}
    assert found == places


def test_where_js_pulls_hardest_and_where_it_is_silent() -> None:
    part, steepest = task_of("apart", "steepest")
    silent = task_of("apart", "silent")[1]
    assert [s for s in distances.SHIFTS if steepest.is_done(distances.sight_of_apart(s))] == [0.8, 0.9]
    quiet = [s for s in distances.SHIFTS if silent.is_done(distances.sight_of_apart(s))]
    assert quiet == [s for s in distances.SHIFTS if s >= 3.8]
    assert part.start["shift"] not in {0.8, 0.9, *quiet}


def test_a_clipped_critic_is_as_flat_as_its_layers_allow() -> None:
    """The product that the lesson explains it with bounds the slope of its own critic."""
    part = distances.LESSON.part("critic")
    assert isinstance(part, Lab)
    hidden = part.config.discriminator.hidden
    sizes = [2, *hidden, 1]
    bound = math.prod(0.01 * math.sqrt(a * b) for a, b in pairwise(sizes))
    assert bound == pytest.approx(0.0004, abs=5e-5)


def test_d_learns_on_a_thread_of_its_own_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, seen = threading.Event(), []

    def train(training: learned.Training, tell: Callable[[int], None]) -> str:
        seen.append(threading.current_thread())
        tell(training.steps // 2)
        goes_on.wait(30)
        return "found"

    monkeypatch.setattr(learned, "_train", train)
    training = replace(SHORT, steps=38)
    one, other = learned.begin(training), learned.begin(training)
    assert one is other
    assert not one.join(0.05)
    assert not one.has_ended
    assert one.step == 19
    goes_on.set()
    assert one.found() == "found"
    assert one.has_ended
    assert seen != [threading.current_thread()]
    assert len(seen) == 1


def test_what_a_training_ends_with_is_raised_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(training: learned.Training, tell: Callable[[int], None]) -> None:
        raise MemoryError

    monkeypatch.setattr(learned, "_train", train)
    short = replace(SHORT, steps=3)
    with pytest.raises(MemoryError):
        learned.learn(short)
    monkeypatch.undo()
    assert learned.learn(short).steps == (0, 1, 2, 3), "it is tried again"

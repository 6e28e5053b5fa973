"""The lessons on two Gaussians: charts appear when predictions are made, tell tasks where their dials stand, and D is trained when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan_core.lessons import LESSONS, learned, value
from gan_core.lessons.lesson import Figure, tasks_of
from gan_core.lessons.progress import Progress, Record
from pages._ui.learn import gaussians
from pages._ui.learn.figures import FIGURES, OF_RUNS, TITLES
from pages._ui.learn.flipbook import Panel, Reading, _place

Open = Callable[..., AppTest]
BEFORE = {"best": 0.75, "undecided": "half", "lowest": "log4", "js": 0.193, "bound": "below"}
MOVED = frozenset({"optimum.apart", "optimum.equal"})


def put(app: AppTest, lesson: str, made: Record) -> AppTest:
    app.session_state["learn.progress"] = Progress({lesson: made})
    return app.run()


def done(app: AppTest, lesson: str) -> frozenset[str]:
    progress: Progress = app.session_state["learn.progress"]
    return progress.of(lesson).done


def said(app: AppTest) -> str:
    return "\n".join(str(one.value) for kind in ("markdown", "caption") for one in app.get(kind)).replace("\\", "")


def test_every_figure_of_a_lesson_can_be_drawn_and_every_target_has_a_title() -> None:
    parts = [part for lesson in LESSONS.values() for part in lesson.parts]
    assert {part.name for part in parts if isinstance(part, Figure) and not part.needs} == set(FIGURES)
    assert {part.name for part in parts if isinstance(part, Figure) and part.needs} == set(OF_RUNS)
    figures = {t.figure for part in parts if isinstance(part, Figure) for task in tasks_of(part) for t in task.targets}
    assert {"value", "d_error", "js_missed", "js_slope", "w1"} <= figures & set(TITLES)


def test_the_best_discriminator_is_shown_after_the_predictions(visit: Open) -> None:
    app = visit("learn.py", lesson="value")
    assert "Pull" not in said(app)
    put(app, "value", Record({"best": 0.75, "undecided": "one", "lowest": "zero"}))
    assert not app.exception
    assert "Now: V(D*) \u22120.938 (wanted: at least \u22120.05)" in said(app)
    assert not done(app, "value")


def test_d_is_trained_when_asked_and_its_goal_looks_at_that_training(visit: Open) -> None:
    app = visit("learn.py", lesson="value")
    put(app, "value", Record(BEFORE, MOVED))
    assert "wanted: at most 0.01" not in said(app), "nothing is told before D has learned"
    app.select_slider(key="learn.value.learned.steps").set_value(50).run()
    app.select_slider(key="learn.value.learned.width").set_value(1).run()
    next(one for one in app.button if one.label == "Train D").click().run()
    learned.learn(value.training_of({**value.LESSON.part("learned").start, "steps": 50, "width": 1}))  # type: ignore[union-attr]
    app.run()
    assert not app.exception
    assert "wanted: at most 0.01" in said(app)
    assert done(app, "value") == MOVED
    app.select_slider(key="learn.value.learned.rate").set_value(0.1).run()
    assert "the D trained before" in said(app)


def test_the_page_goes_on_while_d_learns(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, train = threading.Event(), learned._train

    def slowly(training: learned.Training, tell: Callable[[int], None]) -> learned.Learned:
        if training.steps:
            tell(20)
            goes_on.wait(60)
        return train(training, tell)

    monkeypatch.setattr(learned, "_train", slowly)
    app = visit("learn.py", lesson="value")
    put(app, "value", Record(BEFORE, MOVED))
    app.select_slider(key="learn.value.learned.steps").set_value(50).run()
    app.select_slider(key="learn.value.learned.width").set_value(4).run()
    next(one for one in app.button if one.label == "Train D").click().run()
    assert not app.exception
    assert [one.proto.text for one in app.get("progress")][-1] == "D is learning: step 20 of 50"
    app.select_slider(key="learn.value.learned.width").set_value(2).run()  # nothing waits for it
    assert "wanted: at most 0.01" not in said(app)
    goes_on.set()
    learned.learn(value.training_of({**value.LESSON.part("learned").start, "steps": 50, "width": 4}))  # type: ignore[union-attr]
    app.run()
    assert "wanted: at most 0.01" in said(app)
    assert "the D trained before" in said(app), "its width is another one now"
    assert not [one for one in app.get("progress") if "learning" in one.proto.text]


def test_distances_open_after_the_prediction(visit: Open) -> None:
    app = visit("learn.py", lesson="distances")
    put(app, "distances", Record({"twice": "js"}))
    assert not app.exception
    assert "wanted: at least 0.46" in said(app)
    put(app, "distances", Record({"twice": "js"}, frozenset({"apart.silent"})))
    assert "It came otherwise" in said(app)


# ── the book of charts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("told", "found"), [
    ({"book": "a", "at": [1, 2]}, [1, 2]), ({"book": "b", "at": [1, 2]}, None), ({"book": "a", "at": [1, 3]}, None),
    ({"book": "a", "at": [-1, 2]}, None), ({"book": "a", "at": [1]}, None), ({"book": "a", "at": ["1", 2]}, None),
    ({"book": "a", "at": [True, 2]}, None), ({"book": "a", "at": None}, None), ({"book": "a"}, None), (None, None), ("a", None), ([1, 2], None),
])  # fmt: skip
def test_only_a_place_that_there_is_is_heard(told: object, found: list[int] | None) -> None:
    assert _place(told, "a", (2, 3)) == found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What figures give to the book."""
    told: dict[str, Any] = {}

    def book(name: str, dials: Any, panels: Sequence[Panel], readings: Sequence[Reading], **more: Any) -> list[int]:
        told.update({"dials": dials, "panels": panels, "readings": readings, **more})
        return list(told.get("at", more["start"]))

    monkeypatch.setattr(gaussians, "flipbook", book)
    monkeypatch.setattr(gaussians, "translate", lambda: str)
    monkeypatch.setattr(gaussians, "number", str)
    return told


def test_each_page_of_the_best_discriminator_is_of_its_own_q(drawn: dict[str, Any]) -> None:
    drawn["at"] = [value.MEANS.index(0.5), value.SPREADS.index(0.6)]
    sight = FIGURES["optimum"]("k", {"mean": 1.0, "spread": 2.0}, ())
    page = drawn["at"][0] * len(value.SPREADS) + drawn["at"][1]
    densities, verdicts = drawn["panels"]
    p, q, d = densities.lines[0].y, densities.lines[1].y[page], verdicts.lines[0].y[page]
    assert len(densities.lines[1].y) == np.prod([len(dial.values) for dial in drawn["dials"]])
    assert densities.x[int(np.argmax(q))] == pytest.approx(0.5, abs=0.05)
    there = (p > 1e-12) & (q > 1e-12)
    np.testing.assert_allclose(d[there], (p / (p + q))[there], rtol=1e-9)
    assert sight is not None
    assert drawn["readings"][0].values[page] == sight.figures["value"]


def test_tangents_touch_their_curves(drawn: dict[str, Any]) -> None:
    """Spots lie on the curves, and their slopes are those of the curves."""
    drawn["at"] = [23]
    FIGURES["apart"]("k", {"shift": 1.0}, ())
    for panel in drawn["panels"][1:]:
        x, y, slope = panel.spots[0].at[23]
        curve = panel.lines[0].y[23] if panel.lines[0].y.ndim > 1 else panel.lines[0].y
        assert np.interp(x, panel.x, curve) == pytest.approx(y, abs=2e-3)
        ahead, behind = np.interp([x + 0.1, x - 0.1], panel.x, curve)
        assert slope == pytest.approx((ahead - behind) / 0.2, abs=0.02)

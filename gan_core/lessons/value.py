"""The value function: the best discriminator, what the game is worth with it, and a discriminator that comes to it by learning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gan_core.lessons import gaussians, learned
from gan_core.lessons.gaussians import Gaussian
from gan_core.lessons.lesson import Ask, Figure, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

REAL = Gaussian(-1.0, 1.0)
MEANS = tuple(i / 4 for i in range(-12, 13))
SPREADS = (0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0)
STEPS, WIDTHS, RATES = (50, 200, 1000, 3000), (1, 2, 4, 16, 32), (0.0001, 0.001, 0.01, 0.1)
_EQUAL, _APART = -math.log(4) + 1e-6, -0.05
_START = {"mean": 1.0, "spread": 2.0}


def sight_of_best(mean: float, spread: float) -> Sight:
    """What the figure of the optimal discriminator shows, for this q."""
    value = gaussians.best_value(REAL, Gaussian(mean, spread))
    return Sight(0, {"value": value, "js": gaussians.js_of_value(value)})


def training_of(settings: Mapping[str, Any]) -> learned.Training:
    """What D is given to learn by the settings of the figure."""
    q = Gaussian(settings["mean"], settings["spread"])
    return learned.Training(REAL, q, settings["steps"], settings["width"], settings["rate"])


def sight_of_learned(settings: Mapping[str, Any]) -> Sight:
    """What the figure of the learning discriminator shows when D has taken its last step."""
    found = learned.learn(training_of(settings))
    js = gaussians.jensen_shannon(REAL, Gaussian(settings["mean"], settings["spread"]))
    js_learned = gaussians.js_of_value(float(found.values[-1]))
    figures = {
        "d_error": float(found.errors[-1]),
        "js": js,
        "js_learned": js_learned,
        "js_missed": abs(js - js_learned),
    }
    return Sight(settings["steps"], figures, facts=settings)


def narrow(sight: Sight) -> bool:
    """D had all the steps, but one neuron a layer."""
    return (sight.facts["width"], sight.facts["steps"]) == (WIDTHS[0], STEPS[-1])


def hasty(sight: Sight) -> bool:
    """D had all the steps, at the highest rate."""
    return (sight.facts["rate"], sight.facts["steps"]) == (RATES[-1], STEPS[-1])


LESSON = Lesson(
    "value", minutes=9, zoo=("loss.minimax", "loss.non_saturating"),
    parts=(
        Prose("intro"),
        Ask("best", low=0, high=1, right=0.75, tolerance=0.001, checked=True),
        Ask("undecided", options=("one", "half", "zero"), right="half"),
        Ask("lowest", options=("zero", "log4", "infinite"), right="log4", after=("undecided",)),
        Figure("optimum", "optimum", start=_START, after=("best", "lowest"), tasks=(
            Task("apart", (Target("value", at_least=_APART),)),
            Task("equal", (Target("value", at_most=_EQUAL),)),
        )),
        Reveal("half", of="undecided", after=("optimum.equal",)),
        Reveal("why", of="lowest", after=("optimum.apart", "optimum.equal")),
        Ask("js", low=-10, high=10, right=0.193, tolerance=0.0015, checked=True, after=("optimum.apart", "optimum.equal")),
        Prose("samples", after=("js",)),
        Ask("bound", options=("below", "above", "either"), right="below", after=("js",)),
        Figure("learned", "learned", start=_START | {"steps": 200, "width": 2, "rate": 0.001}, after=("bound",), tasks=(
            Task("narrow", when=narrow),
            Task("hasty", when=hasty),
            Task("close", (Target("js", at_least=0.15), Target("d_error", at_most=0.01), Target("js_missed", at_most=0.01)), goal=True,
                 solution={"steps": 3000, "width": 16, "rate": 0.001}),
        )),
        Reveal("bounded", of="bound", after=("learned.close",)),
    ),
)  # fmt: skip

"""Saturating and non-saturating loss: the gradient that vanishes when it is needed most."""

from __future__ import annotations

from gan_core.lessons.lesson import Ask, Lab, Lesson, Pair, Prose, Reveal, Target, Task

_SILENT, _HEARD = 0.01, 0.5  # lengths of G's gradient

LESSON = Lesson(
    "saturating", minutes=8, zoo=("loss.minimax", "loss.non_saturating", "loss.least_squares"),
    parts=(
        Prose("intro"),
        Ask("slope", low=-10, high=10, right=-0.018, tolerance=0.0025, checked=True),
        Ask("guess", options=("same", "stops", "faster"), right="stops", after=("slope",)),
        Pair("both", preset="vanishing", versions=({"loss": "minimax"}, {"loss": "non_saturating"}), after=("guess",), tasks=(
            Task("silent", (Target("a.g_gradient", at_most=_SILENT),), after_step=100),
            Task("heard", (Target("b.g_gradient", at_least=_HEARD), Target("b.modes", at_least=1)), after_step=100),
        )),
        Reveal("why", of="guess", after=("both.silent", "both.heard")),
        Prose("same", after=("both.silent", "both.heard")),
        Ask("fixed", options=("yes", "no"), right="no", checked=True, after=("both.silent", "both.heard")),
        Lab("rescue", preset="vanishing", controls=("loss", "k_d", "d_optimizer.lr"), after=("fixed",), tasks=(
            Task("stuck", (Target("g_gradient", at_most=_SILENT), Target("modes", at_most=0)), after_step=100),
            Task("moves", (Target("g_gradient", at_least=_HEARD), Target("modes", at_least=1)), after_step=300, goal=True,
                 solution={"loss": "non_saturating"}, at_step=150, by_step=600),
        )),
        Reveal("rescued", after=("rescue.moves",)),
    ),
)  # fmt: skip

"""Control: asking for a class, codes that are found without labels, truncation, directions in latent space."""

from __future__ import annotations

from gan_core.lessons.lesson import Ask, Figure, Lab, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

_MIXED, _OBEYS = 0.2, 0.6  # shares that are read as asked
_BITS = 0.8  # that the code and the digit have in common
_HALF = 0.5


def rewarded(sight: Sight) -> bool:
    """G and D gain by a right guess of the class."""
    return sight.config is not None and sight.config.class_weight > 0


def unrewarded(sight: Sight) -> bool:
    return not rewarded(sight)


def looked(name: str) -> Task:
    """Done once the figure says so."""
    return Task(name, when=lambda sight: bool(sight.facts.get(name)))


LESSON = Lesson(
    "control", minutes=10, zoo=("method.gan",),
    parts=(
        Prose("intro"),
        Ask("chance", low=0, high=100, right=10, tolerance=0.5, percent=True, checked=True),
        Ask("told", options=("obeys", "mixed", "one"), right="mixed", after=("chance",)),
        Lab("asked", preset="acgan", changes={"class_weight": 0.0}, controls=("class_weight",), after=("told",), tasks=(
            Task("mixed", (Target("as_asked", at_most=_MIXED),), after_step=100, when=unrewarded),
            Task("obeys", (Target("as_asked", at_least=_OBEYS),), after_step=150, when=rewarded, goal=True,
                 solution={"class_weight": 1.0}, by_step=150),
        )),
        Reveal("asked_why", of="told", after=("asked.obeys",)),
        Prose("truncated", after=("asked.obeys",)),
        Ask("psi", options=("better", "trade", "nothing"), right="trade", after=("asked.obeys",)),
        Figure("truncation", "truncation", needs=("asked",), after=("psi",), tasks=(looked("low"), looked("measured"))),
        Reveal("psi_why", of="psi", after=("truncation.low", "truncation.measured")),
        Prose("unlabelled", after=("truncation.low", "truncation.measured")),
        Ask("columns", options=("digits", "kinds", "nothing"), right="kinds", after=("truncation.low", "truncation.measured")),
        Lab("info", preset="infogan", controls=("info_weight",), after=("columns",), tasks=(Task("trained", after_step=500),)),
        Figure("code", "categories", needs=("info",), after=("info.trained",), tasks=(
            Task("bits", (Target("bits", at_least=_BITS),)),
        )),
        Reveal("columns_why", of="columns", after=("code.bits",)),
        Prose("directions", after=("code.bits",)),
        Ask("straight", options=("every", "some", "none"), right="some", after=("code.bits",)),
        Lab("plain", preset="r1", changes={"latent.dim": 8}, after=("straight",), tasks=(Task("trained", after_step=500),)),
        Figure("direction", "direction", needs=("plain",), after=("plain.trained",), tasks=(
            Task("half", (Target("reached", at_least=_HALF),)),
            Task("less", (Target("reached", at_most=_HALF),)),
        )),
        Reveal("straight_why", of="straight", after=("direction.half",)),
    ),
)  # fmt: skip

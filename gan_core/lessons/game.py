"""Generator and discriminator: the game, and the steps of its training one by one."""

from __future__ import annotations

from gan_core.lessons.lesson import Ask, Lab, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

_RATES = {"g_optimizer.lr": 1e-3, "d_optimizer.lr": 3e-3}
_BOTH = (Target("modes", at_least=2), Target("reverse_kl", at_most=0.1), Target("js", at_most=0.45))


def asleep(sight: Sight) -> bool:
    """The discriminator has never learned, and the generator learns."""
    config = sight.config
    return (
        config is not None
        and config.k_d == 0
        and config.k_g > 0
        and not any(mark.name == "k_d" for mark in sight.marks)
    )


LESSON = Lesson(
    "game", minutes=10, zoo=("loss.non_saturating", "metric.js"),
    parts=(
        Prose("intro"),
        Ask("half", low=-10, high=10, right=1.386, tolerance=0.02, checked=True),
        Ask("sees", options=("both", "no_one", "g"), right="no_one", after=("half",)),
        Lab("slow", preset="gan_lab", changes=_RATES, after=("sees",), tasks=(
            Task("rest", when=lambda sight: sight.status == "paused"),
            Task("d", when=lambda sight: sight.phase.startswith("d.")),
            Task("g", when=lambda sight: sight.phase.startswith("g.")),
            Task("only_d", when=lambda sight: "step_d" in sight.did),
            Task("only_g", when=lambda sight: "step_g" in sight.did),
        )),
        Reveal("seen", of="sees", after=("slow.d", "slow.g")),
        Ask("guess", options=("finds", "stops", "wanders"), right="stops", after=("slow.d", "slow.g")),
        Lab("asleep", preset="gan_lab", changes={**_RATES, "k_d": 0}, controls=("k_d", "k_g", "d_optimizer.lr", "g_optimizer.lr"),
            after=("guess",), tasks=(
                Task("stuck", (Target("modes", at_most=0),), after_step=500, when=asleep),
                Task("both", _BOTH, after_step=400, goal=True, solution={"k_d": 1}, by_step=1000),
            )),
        Reveal("why", of="guess", after=("asleep.stuck", "asleep.both")),
    ),
)  # fmt: skip

"""Why training fails to converge: the Dirac-GAN, the smallest GAN there is."""

from __future__ import annotations

from gan_core.lessons.lesson import Ask, Figure, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

_PLAIN = {"loss": "minimax", "penalty": "none", "h": 0.2, "steps": 300, "theta": 1.0, "psi": 1.0}
_THERE = Target("ratio", at_most=1e-3)  # of the distance at the start
_ROUND = Target("turns", at_least=1.0)


def _has(sight: Sight, **wanted: object) -> bool:
    return all(sight.facts.get(name) == value for name, value in wanted.items())


LESSON = Lesson(
    "dirac", minutes=10, zoo=("penalty.r1", "penalty.wgan_gp", "loss.wasserstein"),
    parts=(
        Prose("intro"),
        Ask("guess", options=("converges", "circles", "out"), right="out"),
        Figure("plain", "dirac", start={**_PLAIN, "steps": 20}, controls=("order", "k", "h", "steps", "theta", "psi"), after=("guess",), tasks=(
            Task("doubled", (Target("ratio", at_least=2.0),), when=lambda s: _has(s, loss="minimax", penalty="none", order="simultaneous", h=0.2)),
            Task("alternating", (_ROUND,), when=lambda s: _has(s, loss="minimax", penalty="none", order="alternating")),
            Task("several", (_ROUND,), when=lambda s: _has(s, loss="minimax", penalty="none", order="alternating") and s.facts["k"] >= 2),
            Task("small", (_ROUND,), when=lambda s: _has(s, loss="minimax", penalty="none", order="simultaneous") and s.facts["h"] <= 0.05),
        )),
        Reveal("why", of="guess", after=("plain.doubled", "plain.alternating")),
        Ask("gamma", low=0, high=100, right=1.0, tolerance=0.01, checked=True, after=("plain.doubled", "plain.alternating")),
        Ask("more", options=("faster", "slower", "same"), right="slower", after=("gamma",)),
        Figure("cure", "dirac", start={**_PLAIN, "penalty": "r1", "weight": 0.1}, controls=("loss", "penalty", "weight"), after=("more",), tasks=(
            Task("turning", (_THERE, _ROUND), when=lambda s: _has(s, penalty="r1"), goal=True, solution={"weight": 0.5}),
            Task("straight", (_THERE, Target("turns", at_most=0.5)), when=lambda s: s.facts["steps"] <= 300, goal=True, solution={"weight": 1.0}),
            Task("heavy", (Target("ratio", at_least=0.005),), when=lambda s: _has(s, penalty="r1") and s.facts["weight"] >= 3),
            Task("gp", (Target("ratio", at_least=0.1),), when=lambda s: _has(s, loss="wasserstein", penalty="wgan_gp")),
            Task("other", (_THERE,), when=lambda s: s.facts["penalty"] in ("instance_noise", "consensus")),
        )),
        Reveal("cured", of="more", after=("cure.straight", "cure.heavy", "cure.gp")),
    ),
)  # fmt: skip

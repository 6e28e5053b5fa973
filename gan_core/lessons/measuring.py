"""Measuring: what the loss does not say, and how each metric is fooled."""

from __future__ import annotations

from gan_core.lessons.lesson import Ask, Figure, Lesson, Pair, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

_SMALL = {
    "data.name": "ring", "data.sigma": 0.05, "latent.dim": 2, "generator.hidden": (16, 16), "discriminator.hidden": (16, 16),
    "batch_size": 64, "loss": "non_saturating", "ema_half_life": 0.0, "g_optimizer.lr": 3e-3, "d_optimizer.lr": 3e-3,
}  # fmt: skip
_EQUAL = {"d_loss": (1.33, 1.43), "g_loss": (0.66, 0.74)}  # around 2 log 2 and log 2


def _alike(letter: str) -> tuple[Target, ...]:
    return tuple(Target(f"{letter}.{name}", low, high) for name, (low, high) in _EQUAL.items())


def is_copied(sight: Sight) -> bool:
    """Whether what is handed in was learned by heart."""
    return sight.facts.get("source") == "copies"


LESSON = Lesson(
    "measuring", minutes=10, zoo=("metric.fd", "metric.precision", "metric.covered"),
    parts=(
        Prose("intro"),
        Ask("guess", options=("both", "neither", "unknown"), right="unknown"),
        Pair("both", preset="collapse", changes=_SMALL, curves=("d_loss", "g_loss"), after=("guess",),
             versions=({"penalty": "r1", "penalty_weight": 0.1}, {"penalty": "weight_clipping", "penalty_weight": 0.01}), tasks=(
            Task("alike", (*_alike("a"), *_alike("b")), after_step=300),
            Task("apart", (Target("a.quality", at_least=0.25), Target("b.quality", at_most=0.15)), after_step=300),
        )),
        Reveal("losses", of="guess", after=("both.alike", "both.apart")),
        Prose("frechet", after=("both.alike", "both.apart")),
        Ask("width", low=0, high=10, right=0.709, tolerance=0.006, checked=True, after=("both.alike", "both.apart")),
        Figure("cloud", name="cloud", start={"width": 0.3}, after=("width",), tasks=(
            Task("near", (Target("fd", at_most=0.01), Target("precision", at_most=0.15)), goal=True, solution={"width": 0.7}),
        )),
        Prose("shares", after=("cloud.near",)),
        Figure("fool", name="digits", start={"controls": ("count", "classes", "noise", "blur", "garbage")}, after=("cloud.near",), tasks=(
            Task("narrow", (Target("precision", at_least=0.95), Target("recall", at_most=0.1)), goal=True, solution={"count": 1}),
            Task("rubbish", (Target("recall", at_least=0.8), Target("precision", at_most=0.4)), goal=True, solution={"garbage": 0.9}),
        )),
        Reveal("fooled", after=("fool.narrow", "fool.rubbish")),
        Ask("catch", options=("fd", "recall", "near", "none"), right="near", after=("fool.narrow", "fool.rubbish")),
        Figure("copy", name="digits", start={"controls": ("source", "shift", "noise", "blur")}, after=("catch",), tasks=(
            Task("heart", (Target("fd", at_most=20), Target("copied", at_least=0.99)), when=is_copied, goal=True,
                 solution={"source": "copies"}),
            Task("disguised", (Target("fd", at_most=25), Target("copied", at_most=0.01), Target("near", at_least=0.1)),
                 when=is_copied, goal=True, solution={"source": "copies", "shift": 1}),
        )),
        Reveal("caught", of="catch", after=("copy.heart", "copy.disguised")),
    ),
)  # fmt: skip

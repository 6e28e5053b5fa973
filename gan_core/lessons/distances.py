"""Distances: one that goes silent when distributions do not overlap, one that does not, and three ways to keep its critic from growing steep."""

from __future__ import annotations

from gan_core.config import RunConfig
from gan_core.lessons import gaussians
from gan_core.lessons.gaussians import Gaussian
from gan_core.lessons.lesson import Ask, Figure, Lab, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

SPREAD = 0.5
REAL = Gaussian(0.0, SPREAD)
SHIFTS = tuple(i / 10 for i in range(81))
_SETTLED = 200  # steps that a way to hold the critic has to last
_HEARD = (Target("quality", at_least=0.2), Target("reverse_kl", at_most=0.3))


def sight_of_apart(shift: float) -> Sight:
    """What the figure of two distributions shows when the generated one lies `shift` away."""
    q = Gaussian(shift, SPREAD)
    return Sight(
        0,
        {
            "js": gaussians.jensen_shannon(REAL, q),
            "js_slope": gaussians.js_slope(REAL, q),
            "w1": gaussians.wasserstein(REAL, q),
        },
    )


def _config(sight: Sight) -> RunConfig:
    assert sight.config is not None
    return sight.config


def clipped(sight: Sight) -> bool:
    """Weights are clipped, and nothing else holds the critic."""
    return (
        sight.lasts(_SETTLED)
        and _config(sight).penalty == "weight_clipping"
        and not _config(sight).discriminator.spectral_norm
    )


def penalised(sight: Sight) -> bool:
    """The slope is drawn towards 1, and nothing else holds the critic."""
    return (
        sight.lasts(_SETTLED) and _config(sight).penalty == "wgan_gp" and not _config(sight).discriminator.spectral_norm
    )


def normalised(sight: Sight) -> bool:
    """Layers are divided by their largest singular value, and nothing else holds the critic."""
    return sight.lasts(_SETTLED) and _config(sight).penalty == "none" and _config(sight).discriminator.spectral_norm


def free(sight: Sight) -> bool:
    """Nothing holds the critic."""
    return sight.lasts(_SETTLED) and _config(sight).penalty == "none" and not _config(sight).discriminator.spectral_norm


LESSON = Lesson(
    "distances", minutes=10, zoo=("loss.wasserstein", "penalty.weight_clipping", "penalty.wgan_gp"),
    parts=(
        Prose("intro"),
        Ask("twice", options=("both", "js", "w1"), right="w1"),
        Figure("apart", "apart", start={"shift": 1.0}, after=("twice",), tasks=(
            Task("steepest", (Target("js_slope", at_least=0.46),)),
            Task("silent", (Target("js_slope", at_most=0.001), Target("w1", at_least=3.5))),
        )),
        Reveal("why", of="twice", after=("apart.silent",)),
        Ask("carry", low=0, high=100, right=2.0, tolerance=0.001, checked=True, after=("apart.silent",)),
        Prose("lipschitz", after=("carry",)),
        Ask("clip", options=("flat", "one", "cliff"), right="flat", after=("carry",)),
        Lab("critic", preset="wgan", changes={"penalty": "weight_clipping", "penalty_weight": 0.01},
            controls=("penalty", "penalty_weight", "discriminator.spectral_norm", "k_d"), weights={"wgan_gp": 1.0}, after=("clip",), tasks=(
                Task("flat", (Target("slope", at_most=0.01),), after_step=200, when=clipped),
                Task("gp", (*_HEARD, Target("slope", at_least=0.5)), after_step=500, when=penalised, goal=True,
                     solution={"penalty": "wgan_gp", "penalty_weight": 1.0}, by_step=600),
                Task("norm", (*_HEARD, Target("slope", at_most=1.0)), after_step=800, when=normalised, goal=True,
                     solution={"penalty": "none", "discriminator.spectral_norm": True}, by_step=1000),
                Task("bound", (*_HEARD, Target("slope", at_least=0.01)), after_step=800, when=clipped, goal=True, solution={"penalty_weight": 0.5}, by_step=1000),
                Task("free", (Target("slope", at_least=5.0),), after_step=400, when=free),
            )),
        Reveal("flat", of="clip", after=("critic.flat", "critic.gp")),
        Reveal("three", after=("critic.gp", "critic.norm", "critic.bound")),
    ),
)  # fmt: skip

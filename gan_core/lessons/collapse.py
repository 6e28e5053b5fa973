"""Mode collapse: cause it, measure it, cure it three ways."""

from __future__ import annotations

from gan_core import registry
from gan_core.config import RunConfig
from gan_core.lessons.lesson import Ask, Lab, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

_HEALTHY = {"k_d": 1, "d_optimizer.lr": 3e-3}
_COVERED = (Target("modes", at_least=8), Target("reverse_kl", at_most=0.3))
_CURED = 800  # step from which on a cure counts
_SETTLED = 200  # steps that a remedy has to last
_TRIED = 600  # steps that another loss has to be tried


def _config(sight: Sight) -> RunConfig:
    assert sight.config is not None
    return sight.config


def _strong(config: RunConfig) -> bool:
    """Whether D still learns as fast as when it collapsed."""
    return config.k_d >= 5 and config.d_optimizer.lr >= 2e-2


def by_penalty(sight: Sight) -> bool:
    """The gradient of D is penalised, and nothing else has helped."""
    config = _config(sight)
    return (
        sight.lasts(_SETTLED)
        and _strong(config)
        and bool(registry.penalty[config.penalty].info["at"])
        and not config.discriminator.spectral_norm
    )


def by_norm(sight: Sight) -> bool:
    """D's layers are normalised by their largest singular value, and nothing else has helped."""
    config = _config(sight)
    return sight.lasts(_SETTLED) and _strong(config) and config.penalty == "none" and config.discriminator.spectral_norm


def by_balance(sight: Sight) -> bool:
    """D learns less often or more slowly, and nothing else has helped."""
    config = _config(sight)
    alone = config.penalty == "none" and not config.discriminator.spectral_norm
    return sight.lasts(_SETTLED) and alone and not _strong(config)


def other_loss(sight: Sight) -> bool:
    """Another of the losses is tried by itself, for long enough."""
    config = _config(sight)
    return (
        sight.lasts(_TRIED)
        and _strong(config)
        and config.penalty == "none"
        and not config.discriminator.spectral_norm
        and config.loss != "minimax"
    )


LESSON = Lesson(
    "collapse", minutes=10, zoo=("penalty.r1", "loss.minimax", "metric.modes"),
    parts=(
        Prose("intro"),
        Ask("guess", options=("faster", "few", "nothing"), right="few"),
        Lab("cause", preset="collapse", changes=_HEALTHY, controls=("k_d", "d_optimizer.lr"), after=("guess",), tasks=(
            Task("healthy", (Target("modes", at_least=8),), after_step=400),
            Task("collapsed", (Target("modes", at_most=3),), after_step=800, goal=True,
                 solution={"k_d": 5, "d_optimizer.lr": 2e-2}, by_step=1000),
        )),
        Reveal("why", of="guess", after=("cause.collapsed",)),
        Prose("measures", after=("cause.collapsed",)),
        Ask("kl", low=-10, high=100, right=1.386, tolerance=0.02, checked=True, after=("cause.collapsed",)),
        Ask("losses", options=("yes", "no"), right="no", checked=True, after=("kl",)),
        Prose("cures", after=("losses",)),
        Ask("which", options=("loss", "penalty", "both"), right="penalty", after=("losses",)),
        Lab("cure", preset="collapse", controls=("loss", "penalty", "penalty_weight", "discriminator.spectral_norm", "k_d", "d_optimizer.lr"),
            after=("which",), tasks=(
                Task("loss", after_step=_TRIED, when=other_loss),
                Task("penalty", _COVERED, after_step=_CURED, when=by_penalty, goal=True,
                     solution={"penalty": "r1", "penalty_weight": 0.1}, by_step=1000),
                Task("norm", _COVERED, after_step=_CURED, when=by_norm, goal=True,
                     solution={"discriminator.spectral_norm": True}, by_step=1000),
                Task("balance", _COVERED, after_step=_CURED, when=by_balance, goal=True,
                     solution={"k_d": 1, "d_optimizer.lr": 3e-3}, by_step=1000),
            )),
        Reveal("cured", of="which", after=("cure.penalty", "cure.norm", "cure.balance")),
    ),
)  # fmt: skip

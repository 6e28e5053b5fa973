"""Generative models: density, latent variable, sampling; a GAN and a VAE on the same data."""

from __future__ import annotations

from gan_core.lessons.lesson import Ask, Figure, Lab, Lesson, Prose, Reveal, Target, Task
from gan_core.lessons.sight import Sight

_PLANE = {"latent.dim": 2}  # so that all of latent space can be shown
_TRAINED = 600  # steps
_SHARP = 50.0  # nats a picture


def compared(sight: Sight) -> bool:
    """Both runs were measured."""
    return "a.grey" in sight.figures and "b.grey" in sight.figures


def elsewhere(sight: Sight) -> bool:
    """The way between other places than at first was looked at."""
    return compared(sight) and bool(sight.facts.get("tried"))


LESSON = Lesson(
    "generative", minutes=10, zoo=("method.gan", "method.vae"),
    parts=(
        Prose("intro"),
        Ask("density", low=0, high=10, right=0.199, tolerance=0.005, checked=True),
        Prose("two", after=("density",)),
        Ask("blurred", options=("gan", "vae", "same"), right="vae", after=("density",)),
        Ask("halfway", options=("fade", "form", "grey"), right="form", after=("blurred",)),
        Lab("gan", preset="r1", changes=_PLANE, after=("halfway",), tasks=(Task("trained", after_step=_TRAINED),)),
        Lab("vae", preset="vae", changes=_PLANE, after=("halfway",), tasks=(Task("trained", after_step=_TRAINED),)),
        Figure("compare", "two_spaces", needs=("gan", "vae"), after=("gan.trained", "vae.trained"), tasks=(
            Task("measured", when=compared), Task("elsewhere", when=elsewhere),
        )),
        Reveal("why", of="blurred", after=("compare.measured",)),
        Reveal("between", of="halfway", after=("compare.elsewhere",)),
        Ask("more", options=("both", "rebuilt", "neither"), right="rebuilt", after=("compare.elsewhere",)),
        Lab("room", preset="vae", changes=_PLANE, controls=("latent.dim", "kl_weight"), after=("more",), tasks=(
            Task("sharp", (Target("reconstruction", at_most=_SHARP),), after_step=300, goal=True,
                 solution={"latent.dim": 16}, by_step=300),
        )),
        Figure("again", "two_spaces", needs=("vae", "room"), after=("room.sharp",), tasks=(Task("measured", when=compared),)),
        Reveal("holes", of="more", after=("again.measured",)),
    ),
)  # fmt: skip

"""The preset `digits` after 30 s: how many samples a classifier recognises with confidence > 0.9, and the rarest class.

Goals: at least 80 % recognised, each class at least 3 %.
"""

from benchmarks._machine import machine
from benchmarks._train import samples, trained, trainer_of
from gan_core import metrics

SAMPLES = 5000
SECONDS = 30.0


def run() -> dict[str, object]:
    """The metrics of 5,000 samples, and how long the training took."""
    session = trained("digits", SECONDS)
    return {
        "seconds": round(session.seconds, 1),
        "images_per_second": round(session.images / session.seconds),
        "goal": "confident >= 0.8, rarest >= 0.03",
        **metrics.evaluate(samples(session, SAMPLES, 1), trainer_of(session).data),
        "machine": machine(),
    }

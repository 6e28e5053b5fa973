"""The preset `mnist` against the textbook loop: Fréchet distance on a digit classifier's features after the same time.

Both draw 5,000 samples; the reference are the 10,000 held-out digits. Goals: a distance at least 5.5 times smaller after 60 s, each class at
least 4 % of the samples; and what the textbook loop has after 60 s, in at most 12 s. Needs MNIST in the cache folder.
"""

import torch

from benchmarks._machine import machine
from benchmarks._train import go_on, ready, samples
from benchmarks.baselines import textbook_mnist
from gan_core import data, device, metrics, presets
from gan_core.data.sets import ImageSet
from gan_core.metrics.classifier import get_classifier

SAMPLES = 5000
SECONDS, SOON = 60.0, 12.0


def run() -> dict[str, object]:
    """Distances, rates and class shares of both, and the ratio of the distances."""
    settings = presets.load("mnist")
    images = data.load(settings.data)
    assert isinstance(images, ImageSet)
    get_classifier(images)  # trained before anything is timed
    session = go_on(ready(settings), SOON)
    soon = samples(session, SAMPLES, 1)
    go_on(session, SECONDS)
    torch.set_num_threads(device.default_threads("images"))
    textbook, textbook_rate = textbook_mnist(images.images, SECONDS, n_samples=SAMPLES)
    drawn = {"ours": samples(session, SAMPLES, 1), f"ours after {SOON:g} s": soon, "textbook": textbook}
    measured = {name: metrics.evaluate(pictures, images) for name, pictures in drawn.items()}
    return {
        "ratio": round(measured["textbook"]["fd"] / measured["ours"]["fd"], 2),
        "soon": measured[f"ours after {SOON:g} s"]["fd"] <= measured["textbook"]["fd"],
        "goal": ">= 5.5, each class >= 0.04; soon",
        "seconds": {"ours": round(session.seconds, 1), "textbook": SECONDS},
        "images_per_second": {"ours": round(session.images / session.seconds), "textbook": round(textbook_rate)},
        **measured,
        "machine": machine(),
    }

"""The preset `mnist` against the textbook loop, the same time each: Fréchet distance on a digit classifier's features.

Both draw 5,000 samples; the reference are the 10,000 held-out digits. Goals: a distance at least 4 times smaller after 60 s, each
class at least 4 % of the samples. Needs MNIST in the cache folder.
"""

import torch

from benchmarks._machine import machine
from benchmarks._train import samples, trained
from benchmarks.baselines import textbook_mnist
from gan_core import data, device, metrics, presets
from gan_core.data.sets import ImageSet
from gan_core.metrics.classifier import get_classifier

SAMPLES = 5000
SECONDS = 60.0


def run() -> dict[str, object]:
    """Distances, rates and class shares of both, and the ratio of the distances."""
    images = data.load(presets.load("mnist").data)
    assert isinstance(images, ImageSet)
    get_classifier(images)  # trained before anything is timed
    session = trained("mnist", SECONDS)
    torch.set_num_threads(device.default_threads("images"))
    textbook, textbook_rate = textbook_mnist(images.images, SECONDS, n_samples=SAMPLES)
    drawn = {"ours": samples(session, SAMPLES, 1), "textbook": textbook}
    measured = {name: metrics.evaluate(pictures, images) for name, pictures in drawn.items()}
    return {
        "ratio": round(measured["textbook"]["fd"] / measured["ours"]["fd"], 2),
        "goal": ">= 4, each class >= 0.04",
        "seconds": {"ours": round(session.seconds, 1), "textbook": SECONDS},
        "images_per_second": {"ours": round(session.images / session.seconds), "textbook": round(textbook_rate)},
        **measured,
        "machine": machine(),
    }

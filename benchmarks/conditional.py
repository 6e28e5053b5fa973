"""Conditional MNIST: how many samples are read as the class that was asked for, after at most 120 s of training on this machine.

The preset `mnist` with classes in G's normalisations and D by projection; 1,000 samples of each class, read by the classifier of the set. Goal:
>= 90 %. Needs MNIST in the cache folder.
"""

import torch

from benchmarks._machine import machine
from benchmarks._train import ended, trainer_of
from gan_core import config, presets
from gan_core.data.sets import ImageSet
from gan_core.metrics.classifier import get_classifier
from gan_core.players import asked_for, draw_inputs, one_hot

SECONDS, EACH = 120.0, 1000
TOLD = {"generator.conditioning": "norm", "discriminator.conditioning": "projection", "horizon": 110_000}


def run() -> dict[str, object]:
    """The share of each class and of all; the classifier's own accuracy is the most that can be expected."""
    settings = config.replace(presets.load("mnist"), TOLD)
    session = ended(settings, SECONDS)
    trainer = trainer_of(session)
    assert isinstance(trainer.data, ImageSet)
    judge = get_classifier(trainer.data)
    rng, right = torch.Generator().manual_seed(1), []
    for label in range(settings.classes):
        labels = one_hot(torch.full((EACH,), label), settings.classes)
        samples = trainer.sample(asked_for(draw_inputs(EACH, settings, rng), labels))
        right.append(float((judge.probabilities(samples).argmax(1) == label).double().mean()))
    return {
        "read_as_asked": round(sum(right) / len(right), 4),
        "by_class": [round(share, 3) for share in right],
        "classifier": round(judge.accuracy, 4),
        "seconds": round(session.seconds, 1),
        "step": session.step,
        "goals": {"read_as_asked": ">= 0.90"},
        "machine": machine(),
    }

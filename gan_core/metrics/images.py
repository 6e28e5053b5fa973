"""How near generated pictures are to real ones, in the eyes of a classifier of the same set."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet, Progress, to_unit
from gan_core.errors import DataError
from gan_core.metrics.classifier import FEATURES, Classifier, get_classifier
from gan_core.metrics.frechet import frechet_distance
from gan_core.text import N_

CONFIDENT = 0.9
_ENOUGH = 20 * FEATURES  # held-out pictures from which they alone are the reference


def evaluate_images(samples: Tensor, data: ImageSet, progress: Progress | None = None) -> dict[str, Any]:
    """samples (N, C, H, W) in [−1, 1] against the held-out pictures (all pictures, where those are few).

    fd: Fréchet distance on the classifier's features; fd_floor: the same of real pictures against other real ones. The share of
    samples classified with confidence > 0.9, and the shares of the classes. These are not Inception features: not an FID.
    Raises DataError for samples of another shape, samples that are not finite, and fewer than 65 of them.
    """
    _check(samples, data)
    judge = get_classifier(data, progress)
    few = len(data.test_images) < _ENOUGH
    reference = torch.cat([data.images, data.test_images]) if few else data.test_images
    features = judge.features(to_unit(reference))
    probabilities = judge.probabilities(samples)
    confidence, guesses = probabilities.max(1)
    shares = torch.bincount(guesses, minlength=len(data.class_names)).double() / len(samples)
    return {
        "fd": frechet_distance(judge.features(samples), features),
        "fd_floor": _floor(judge, data, len(samples), features, few),
        "fd_features": judge.description,
        "fd_reference": len(reference),
        "confident": float((confidence > CONFIDENT).double().mean()),
        "class_shares": [round(float(share), 4) for share in shares],
        "min_class_share": float(shares.min()),
    }


def _floor(judge: Classifier, data: ImageSet, n: int, reference: Tensor, few: bool) -> float:
    """What real pictures score: training pictures against the held-out ones, or, where those are few, half against half."""
    if few:
        return frechet_distance(reference[::2], reference[1::2])
    return frechet_distance(judge.features(to_unit(data.images[:n])), reference)


def _check(samples: Tensor, data: ImageSet) -> None:
    if tuple(samples.shape[1:]) != data.shape:
        raise DataError(N_("Samples of shape {found} cannot be compared with {data}, whose pictures have the shape {expected}."),
                        found=str(tuple(samples.shape[1:])), data=data.name, expected=str(data.shape))  # fmt: skip
    if not samples.isfinite().all():
        raise DataError(N_("The generator draws pictures that are not numbers (NaN): there is nothing to measure."))

"""How near generated pictures are to real ones, all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from gan_core.data.sets import ImageSet, Progress
from gan_core.metrics.evaluation import Draw, Evaluation, check
from gan_core.metrics.features import Judges, get_judges


def evaluate_images(
    samples: Tensor, data: ImageSet, progress: Progress | None = None, features: str = "classifier"
) -> dict[str, Any]:
    """samples (N, C, H, W) in [−1, 1] against the held-out pictures (all pictures, where those are few): `Evaluation.found`.

    features: "classifier" (of the set: its Fréchet distance is no FID) or "inception". Raises DataError for samples of another shape,
    samples that are not finite, too few of them (100; more than the features' width), and features that cannot be had.
    """
    check(samples, data)
    return evaluate_by(get_judges(features, data, progress), samples, data, progress)


def evaluate_by(judges: Judges, samples: Tensor, data: ImageSet, progress: Progress | None = None) -> dict[str, Any]:
    """`evaluate_images` in the eyes of these judges."""
    return evaluate_drawn(judges, _in_turn(samples), len(samples), data, progress)


def evaluate_drawn(
    judges: Judges,
    draw: Draw,
    n: int,
    data: ImageSet,
    progress: Progress | None = None,
    *,
    told: bool = False,
    lenient: bool = False,
) -> dict[str, Any]:
    """`Evaluation.found` of n samples that `draw` gives a part at a time, and the classes that they were asked to be where it is `told`. lenient: as there."""
    evaluation = Evaluation(draw, n, data, judges, told=told, lenient=lenient)
    for done, total, what in evaluation.steps():
        if progress:
            progress(what, done, total)
    return evaluation.found


def _in_turn(samples: Tensor) -> Callable[[int], Tensor]:
    """A function that gives the next k of them."""
    given = 0

    def draw(k: int) -> Tensor:
        nonlocal given
        given += k
        return samples[given - k : given]

    return draw

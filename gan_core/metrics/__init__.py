"""Metrics: `evaluate` measures samples against their data set; the registry says what each number means, and whether it is
`written` as a "percent" (of a share), a "count", or like any number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from torch import Tensor

from gan_core.data.sets import PointSet
from gan_core.metrics import divergence, sliced
from gan_core.metrics.points import mode_statistics, perfect_modes, perfect_quality, perfect_reverse_kl
from gan_core.registry import Story, metric
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.data.sets import ImageSet, Progress

Floor: TypeAlias = Callable[[PointSet, int], float | None]
_MODES = "Lin et al. 2018 (PacGAN), arXiv:1712.04086"


def _of_modes(floor: Callable[[int, int], float]) -> Floor:
    """A floor that depends on the number of modes and of samples alone; none for points without modes."""
    return lambda data, n: None if data.modes is None else floor(len(data.modes), n)


metric(
    "modes",
    title=N_("Modes"),
    written="count",
    kind="points",
    better="higher",
    floor=lambda data, n: None if data.modes is None else perfect_modes(len(data.modes), n, data.weights),
    paper=_MODES,
    help=N_("Clusters of the data with at least one generated sample within three standard deviations."),
    story=Story(
        fixed=N_(
            "A look at the points does not say whether a small cluster was forgotten. Where the true modes are known they can be counted."
        ),
        use=N_("On mixtures of Gaussians, together with the share of high quality."),
        fails=N_(
            "A single good sample counts a mode as found: it says nothing of its share. Points that are scattered everywhere find all."
        ),
    ),
)(mode_statistics)
metric(
    "quality",
    title=N_("High quality"),
    written="percent",
    kind="points",
    better="higher",
    floor=_of_modes(lambda modes, n: perfect_quality()),
    paper=_MODES,
    help=N_("Share of generated samples within three standard deviations of a cluster's centre."),
    story=Story(
        fixed=N_(
            "Modes can be found by scattering points everywhere. It counts how many of the points are where data are."
        ),
        use=N_("Beside the number of modes: only both together say that a mixture is learned."),
        fails=N_("A collapsed generator scores full marks. The true distribution itself scores 98.9 %, not 100."),
    ),
)(mode_statistics)
metric("reverse_kl", title=N_("Reverse KL"), kind="points", better="lower", floor=_of_modes(perfect_reverse_kl), paper=_MODES,
       help=N_("How differently from the data the good samples are spread over the clusters, in nats: 0 is exactly as the data's own."),
       story=Story(
           fixed=N_("Finding every mode once is not the same as drawing each as often as the data do."),
           use=N_("On mixtures, once all modes are found."),
           fails=N_("Bad samples are left out, and it has a floor of about (K − 1)/2n nats with n samples of K modes, even for a perfect generator."),
       ))(mode_statistics)  # fmt: skip
metric(
    "js",
    title=N_("Jensen–Shannon"),
    kind="points",
    better="lower",
    floor=divergence.floor,
    paper="Lin 1991, https://doi.org/10.1109/18.61115",
    help=N_("How differently real and generated samples fill a grid of 40 × 40 cells, in nats: 0 is the same, 0.69 nothing in common."),
    story=Story(
        fixed=N_("The value that the minimax game bounds, measured without a discriminator: symmetric, and finite for distributions that do not "
            "overlap."),
        use=N_("For points, with its floor beside it."),
        fails=N_("It depends on the grid and on the number of samples. Where nothing overlaps it says 0.69 however far apart the two are."),
    ),
)(divergence.jensen_shannon)  # fmt: skip
metric(
    "swd",
    title=N_("Sliced Wasserstein"),
    kind="points",
    better="lower",
    floor=sliced.floor,
    paper="Rabin et al. 2011, https://hal.science/hal-00476064; Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3",
    help=N_("How far the generated samples must be moved to lie like real ones, averaged over directions, in the data's units."),
    story=Story(
        fixed=N_("A distance that goes on falling while the distributions do not overlap yet. In one direction the Wasserstein distance is a sort; "
            "an average over directions needs no critic."),
        use=N_("For points and pictures while a run trains: it needs no classifier."),
        fails=N_("Of pictures it compares pixels, not what they show: all pictures lighter by c score about 0.8 c, and a blur costs little."),
        builds=("loss.wasserstein",),
    ),
)(sliced.sliced_wasserstein)  # fmt: skip


def evaluate(
    samples: Tensor, data: PointSet | ImageSet, progress: Progress | None = None, features: str = "classifier"
) -> dict[str, Any]:
    """Every metric that the data set allows. Of points: the Jensen–Shannon divergence, the sliced Wasserstein distance (left out
    where samples are not finite), and with known modes their statistics. Of pictures: `images.evaluate_images`, by "classifier" or
    "inception" features. Raises DataError for pictures that cannot be measured."""
    if not isinstance(data, PointSet):
        from gan_core.metrics.images import evaluate_images

        return evaluate_images(samples, data, progress, features)
    return _statistics(samples, data) | _divergence(samples, data) | _distance(samples, data)


def quick(samples: Tensor, data: PointSet | ImageSet) -> dict[str, Any]:
    """What is measured again and again while a run trains: all of points; of pictures the sliced Wasserstein distance, since a
    classifier would have to be trained first."""
    return evaluate(samples, data) if isinstance(data, PointSet) else _distance(samples, data)


def _statistics(samples: Tensor, data: PointSet) -> dict[str, Any]:
    if data.modes is None or data.sigma is None:
        return {}
    found = mode_statistics(samples, data.modes, data.sigma, data.weights)
    return {
        "modes": found.modes,
        "modes_total": len(data.modes),
        "quality": found.quality,
        "reverse_kl": found.reverse_kl,
    }


def _divergence(samples: Tensor, data: PointSet) -> dict[str, float]:
    return {"js": divergence.divergence_from(samples, data)} if len(samples) else {}


def _distance(samples: Tensor, data: PointSet | ImageSet) -> dict[str, float]:
    if not len(samples) or not samples.isfinite().all():
        return {}
    distance = sliced.distance_to(samples, data)
    return {"swd": distance} if math.isfinite(distance) else {}


def floors(data: PointSet | ImageSet, n: int) -> dict[str, float]:
    """What a perfect generator scores on average with n samples, by metric name, where that is known beforehand."""
    if not isinstance(data, PointSet):
        return {"swd": sliced.floor(data, n)}
    entries = (e for e in metric.entries() if e.info["kind"] == "points" and e.info["floor"])
    found = {e.name: e.info["floor"](data, n) for e in entries}
    return {name: float(floor) for name, floor in found.items() if floor is not None}


from gan_core.metrics import picture_metrics, translation  # noqa: E402, F401 - they register those of pictures, which are shown after these

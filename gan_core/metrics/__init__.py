"""Metrics: `evaluate` measures samples against their data set; the registry says what each number means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from gan_core.metrics.points import mode_statistics, perfect_quality, perfect_reverse_kl
from gan_core.registry import metric
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.data.sets import ImageSet, PointSet, Progress

_MODES = "Lin et al. 2018 (PacGAN), arXiv:1712.04086"

metric(
    "modes",
    title=N_("Modes"),
    kind="points",
    better="higher",
    floor=lambda modes, n: modes,
    paper=_MODES,
    help=N_("Clusters of the data with at least one generated sample within three standard deviations."),
)(mode_statistics)
metric(
    "quality",
    title=N_("High quality"),
    kind="points",
    better="higher",
    floor=lambda modes, n: perfect_quality(),
    paper=_MODES,
    help=N_("Share of generated samples within three standard deviations of a cluster's centre."),
)(mode_statistics)
metric("reverse_kl", title=N_("Reverse KL"), kind="points", better="lower", floor=perfect_reverse_kl, paper=_MODES,
       help=N_("How unevenly the good samples are spread over the clusters, in nats: 0 is perfectly even."))(mode_statistics)  # fmt: skip


def evaluate(samples: Tensor, data: PointSet | ImageSet, progress: Progress | None = None) -> dict[str, Any]:
    """Every metric that the data set allows: none for points without known modes. Raises DataError."""
    from gan_core.data.sets import PointSet

    if not isinstance(data, PointSet):
        from gan_core.metrics.images import evaluate_images

        return evaluate_images(samples, data, progress)
    if data.modes is None or data.sigma is None:
        return {}
    found = mode_statistics(samples, data.modes, data.sigma)
    return {
        "modes": found.modes,
        "modes_total": len(data.modes),
        "quality": found.quality,
        "reverse_kl": found.reverse_kl,
    }


def floors(data: PointSet | ImageSet, n: int) -> dict[str, float]:
    """What a perfect generator scores on average with n samples, by metric name, where that is known beforehand."""
    modes = getattr(data, "modes", None)
    if modes is None:
        return {}
    known = {e.name: e.info["floor"] for e in metric.entries() if e.info["kind"] == "points" and e.info["floor"]}
    return {name: float(floor(len(modes), n)) for name, floor in known.items()}


def _register_images() -> None:
    from gan_core.metrics.images import evaluate_images

    metric(
        "fd",
        title=N_("Fréchet distance (classifier)"),
        kind="images",
        better="lower",
        floor=None,
        paper="Heusel et al. 2017, arXiv:1706.08500",
        help=N_(
            "Distance between real and generated pictures in the features of a classifier of this set. Not the Inception FID."
        ),
    )(evaluate_images)
    metric(
        "confident",
        title=N_("Recognisable"),
        kind="images",
        better="higher",
        floor=None,
        help=N_("Share of samples that a classifier recognises with more than 90 % confidence."),
    )(evaluate_images)
    metric("min_class_share", title=N_("Rarest class"), kind="images", better="higher", floor=None,
           help=N_("Share of the class that the generator draws least: near 0, it has forgotten one."))(evaluate_images)  # fmt: skip


_register_images()

"""What a cheat hands in as generated samples, and what the metrics say of it.

The small digits are dealt out in three equal parts at random: one that a generator would have learned from, one that samples are measured
against, and one that nobody has seen, whose pictures are the best that can be handed in. All three went into the classifier whose features
are used, in the same proportion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from gan_core import data as data_sets
from gan_core.config import DataConfig
from gan_core.data.sets import ImageSet, PointSet, to_unit
from gan_core.errors import ConfigError
from gan_core.metrics import nearest
from gan_core.metrics.classes import class_statistics
from gan_core.metrics.features import Judges, get_judges
from gan_core.metrics.frechet import frechet_distance
from gan_core.metrics.neighbours import neighbours
from gan_core.metrics.pieces import finish
from gan_core.metrics.points import mode_statistics
from gan_core.text import N_

PARTS = 3
SOURCES = ("unseen", "copies")
SHIFTS, LARGEST_NOISE, LARGEST_BLUR = (0, 1, 2, 3), 1.0, 3.0
COUNTS = (1, 3, 10, 30, 100, 0)  # 0: all there are
POINTS = 2000
LEAST_WIDTH, LARGEST_WIDTH = 0.05, 1.5
OUT_OF_RANGE = N_("This cannot be handed in: {what} is {value}, and may be {allowed}.")


@dataclass(frozen=True)
class HandIn:
    """source: real pictures that nobody has seen, or copies of those that were learned from. count: how many different ones, repeated to the
    full number (0: all). classes: only of these, all where it is empty. shift: pixels to the right. noise: standard deviation, on values in
    [−1, 1]. blur: standard deviation in pixels. garbage: share of pictures replaced by uniform noise. Raises ConfigError."""

    source: str = "unseen"
    count: int = 0
    classes: tuple[int, ...] = ()
    shift: int = 0
    noise: float = 0.0
    blur: float = 0.0
    garbage: float = 0.0

    def __post_init__(self) -> None:
        allowed: tuple[tuple[str, object, bool, str], ...] = (
            ("source", self.source, self.source in SOURCES, ", ".join(SOURCES)),
            ("count", self.count, self.count in COUNTS, ", ".join(map(str, COUNTS))),
            ("classes", self.classes, set(self.classes) <= set(range(10)), "0–9"),
            ("shift", self.shift, self.shift in SHIFTS, ", ".join(map(str, SHIFTS))),
            ("noise", self.noise, 0 <= self.noise <= LARGEST_NOISE, f"0–{LARGEST_NOISE:g}"),
            ("blur", self.blur, 0 <= self.blur <= LARGEST_BLUR, f"0–{LARGEST_BLUR:g}"),
            ("garbage", self.garbage, 0 <= self.garbage <= 1, "0–1"),
        )
        for what, value, fine, said in allowed:
            if not fine:
                raise ConfigError(OUT_OF_RANGE, what=what, value=str(value)[:40], allowed=said)

    @property
    def touched(self) -> bool:
        """Whether pictures are not as they were taken."""
        return bool(self.shift or self.noise or self.blur or self.garbage)


@dataclass(frozen=True)
class Marks:
    """figures: by name, as `Exam.mark` finds them. pictures (N, 1, H, W) in [−1, 1] that were handed in, and of each the `nearest` training
    picture by pixels, uint8."""

    figures: Mapping[str, float]
    pictures: Tensor
    nearest: Tensor


class Exam:
    """The three parts of a set, and what measures pictures against them."""

    def __init__(self, data: ImageSet, judges: Judges) -> None:
        assert data.labels is not None
        assert data.test_labels is not None
        assert judges.own is not None
        images, labels = torch.cat([data.images, data.test_images]), torch.cat([data.labels, data.test_labels])
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        self.n = len(images) // PARTS
        learned, against, unseen = torch.split(order[: PARTS * self.n], self.n)
        self._judges = judges
        self._learned, self._learned_labels = images[learned], labels[learned]
        self._unseen, self._unseen_labels = images[unseen], labels[unseen]
        self._reference = judges.features.of(to_unit(images[against]))
        self._of_learned = judges.features.of(to_unit(self._learned))
        dealt = replace(data, images=self._learned, labels=self._learned_labels, test_images=self._unseen,
                        test_labels=self._unseen_labels, factors=None, test_factors=None)  # fmt: skip
        self._index = finish(nearest.index_pixels(dealt))
        self._yard = finish(nearest.yardstick(self._index, dealt))

    @property
    def yardstick(self) -> int:
        """How many unseen pictures say how near is suspicious."""
        return len(self._yard)

    def pictures(self, handed: HandIn) -> Tensor:
        """(n, 1, H, W) in [−1, 1]; the same for the same `handed`."""
        images, labels = (
            (self._learned, self._learned_labels) if handed.source == "copies" else (self._unseen, self._unseen_labels)
        )
        if handed.classes:
            images = images[torch.isin(labels, torch.tensor(handed.classes))]
        if handed.count:
            images = images[: handed.count]
        found = to_unit(images[torch.arange(self.n) % len(images)])
        rng = torch.Generator().manual_seed(1)
        if handed.shift:
            found = torch.nn.functional.pad(found, (handed.shift, 0, 0, 0), value=-1.0)[..., : -handed.shift]
        if handed.blur:
            from torchvision.transforms.functional import gaussian_blur

            side = 2 * math.ceil(3 * handed.blur) + 1
            found = gaussian_blur(found, [side, side], [handed.blur, handed.blur])
        if handed.noise:
            found = (found + handed.noise * torch.randn(found.shape, generator=rng)).clamp(-1, 1)
        count = round(handed.garbage * self.n)
        if count:
            found = found.clone()
            found[-count:] = 2 * torch.rand(found[-count:].shape, generator=rng) - 1
        return found

    def mark(self, handed: HandIn) -> Marks:
        """Of n pictures against as many real ones: fd, precision, recall, density, covered, class_modes; of their nearest training picture
        `near` and `near_features`, the median distances (pixels: share of the range; features), and `copied`, the share that is nearer to
        a training picture than any of the unseen ones of the yardstick is."""
        pictures = self.pictures(handed)
        features = self._judges.features.of(pictures)
        near = neighbours(self._reference, features)
        assert self._judges.classes is not None
        assert self._judges.own is not None
        probabilities = self._judges.classes.probabilities(features)
        assert probabilities is not None
        found = [self._index.find(one, 1) for one in pictures]
        distances = torch.cat([distance for distance, _place in found])
        places = torch.cat([place for _distance, place in found])
        apart = torch.cdist(features, self._of_learned, compute_mode="donot_use_mm_for_euclid_dist").min(1).values
        figures = {
            "fd": frechet_distance(self._reference, features), "precision": near.precision, "recall": near.recall,
            "density": near.density, "covered": near.coverage,
            "class_modes": float(class_statistics(probabilities, self._judges.own).modes),
            "near": float(distances.median()), "copied": float((distances < self._yard[0]).double().mean()),
            "near_features": float(apart.median()),
        }  # fmt: skip
        return Marks(figures, pictures, self._learned[places])

    @cached_property
    def best(self) -> Mapping[str, float]:
        """The figures of real pictures that nobody has seen: what a perfect generator would score."""
        return marks(HandIn()).figures if self is _kept() else self.mark(HandIn()).figures


@lru_cache(maxsize=1)
def _kept() -> Exam:
    data = data_sets.load(DataConfig(name="digits"))
    assert isinstance(data, ImageSet)
    return Exam(data, get_judges("classifier", data))


def exam() -> Exam:
    """That of the small digits, 28 × 28; trains their classifier where it never was, for a few seconds."""
    return _kept()


@lru_cache(maxsize=64)
def marks(handed: HandIn) -> Marks:
    """What the exam says; of what was handed in lately, without work."""
    return _kept().mark(handed)


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cloud:
    """figures of `points` (N, 2) against `real` (N, 2), in data units: fd, precision, recall, quality."""

    figures: Mapping[str, float]
    points: Tensor
    real: Tensor


@lru_cache(maxsize=64)
def cloud(width: float | None, sigma: float = 0.05) -> Cloud:
    """A round Gaussian cloud in the middle of the ring of eight, `width` its standard deviation along each axis; None: other points of the
    ring itself. Its Fréchet distance from the ring is 2(width − √(½ + σ²))² but for chance. Raises ConfigError."""
    if width is not None and not LEAST_WIDTH <= width <= LARGEST_WIDTH:
        allowed = f"{LEAST_WIDTH:g}–{LARGEST_WIDTH:g}"
        raise ConfigError(OUT_OF_RANGE, what="width", value=str(width)[:40], allowed=allowed)
    data = data_sets.load(DataConfig(name="ring", sigma=sigma))
    assert isinstance(data, PointSet)
    assert data.modes is not None
    assert data.sigma is not None
    real = data.to_units(data.draw(POINTS, torch.Generator().manual_seed(0)))
    rng = torch.Generator().manual_seed(1)
    points = data.to_units(data.draw(POINTS, rng)) if width is None else width * torch.randn(POINTS, 2, generator=rng)
    near = neighbours(real, points)
    statistics = mode_statistics(points, data.modes, data.sigma, data.weights)
    figures = {"fd": frechet_distance(real, points), "precision": near.precision, "recall": near.recall,
               "quality": statistics.quality}  # fmt: skip
    return Cloud(figures, points, real)

"""The figures of pictures, in groups that are measured together: each from what was seen of the samples and of real pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from gan_core.data.sets import ImageSet
from gan_core.metrics import frechet, inception_score, kernel, neighbours, sliced
from gan_core.metrics.classes import class_statistics, read_as_asked
from gan_core.metrics.features import Judges
from gan_core.metrics.pieces import Pieces
from gan_core.metrics.seen import Seen

REPEATS = 10
Figure: TypeAlias = tuple[float, float | None]  # a value, and its spread where that comes with it
Work: TypeAlias = Callable[[Seen, Seen], Pieces[dict[str, Figure]]]


@dataclass(frozen=True)
class Group:
    """work(samples, real) finds the figures `names`. check(n) raises DataError for too few samples; least: how few are enough.

    eyes: by which features. against: whether the real pictures matter, "all" of them or as many as there are samples ("equal").
    halves: whether the spread comes from random halves of the samples.
    """

    names: tuple[str, ...]
    work: Work
    check: Callable[[int], None]
    least: int
    eyes: Literal["features", "classes", "pixels"] = "features"
    against: Literal["all", "equal", "none"] = "all"
    halves: bool = True


def leasts(width: int) -> dict[str, int]:
    """How many samples the figures need at least that need more than two, by the first name of their group, with so many features."""
    return {
        "fd": frechet.least(width), "kd": kernel.LEAST, "precision": neighbours.LEAST, "score": inception_score.LEAST,
    }  # fmt: skip


def groups(judges: Judges, data: ImageSet, n: int, *, told: bool = False) -> list[Group]:
    """Those that the judges and the set allow, of n samples; `told`: whether each sample was asked to be of a class."""
    width = judges.features.width
    least = leasts(width)
    found = [
        Group(("fd",), _frechet, lambda n: frechet.check(n, width), least["fd"]),
        Group(("kd",), _kernel(judges.features.is_inception), kernel.check, least["kd"], halves=False),
        Group(("precision", "recall", "density", "covered"), _neighbours, neighbours.check, least["precision"], against="equal"),
        Group(("swd",), _sliced(data, n), lambda n: None, 2, eyes="pixels", against="equal"),
    ]  # fmt: skip
    if judges.features.is_inception or judges.classes is not None:
        found.append(Group(("score",), _score, inception_score.check, least["score"], against="none", halves=False))  # fmt: skip
    if judges.own is not None:
        names = ("confident", "class_modes", "class_kl", "min_class_share")
        found.append(Group(names, _classes(judges.own), lambda n: None, 2, eyes="classes", against="none"))
        if told:
            found.append(Group(("as_asked",), _asked, lambda n: None, 2, eyes="classes", against="none"))
    return found


def halves(n: int) -> list[Tensor]:
    """REPEATS random halves of n rows, (n // 2,) each, always the same.

    The standard deviation of a mean over random halves, drawn without replacement, is the standard error of the mean over all:
    σ²/(n/2) · (1 − 1/2) = σ²/n (the delete-half jackknife, Shao & Wu 1989, https://doi.org/10.1214/aos/1176347263).
    Unlike a bootstrap's, the samples of a half are different ones, as neighbours have to be.
    """
    rng = torch.Generator().manual_seed(0)
    return [torch.randperm(n, generator=rng)[: n // 2] for _ in range(REPEATS)]


# ── the groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _frechet(samples: Seen, real: Seen) -> Pieces[dict[str, Figure]]:
    yield
    return {"fd": (real.moments.distance(samples.moments), None)}


def _kernel(as_they_are: bool) -> Work:
    """The cubic kernel has a scale of its own, that of Inception's features; others are brought to unit size: E[x·x/F] = 1 of real x."""

    def work(samples: Seen, real: Seen) -> Pieces[dict[str, Figure]]:
        size = 1.0 if as_they_are else float(real.features.square().mean().sqrt()) or 1.0
        found = yield from kernel.pieces(samples.features / size, real.features / size)
        return {"kd": found}

    return work


def _neighbours(samples: Seen, real: Seen) -> Pieces[dict[str, Figure]]:
    """As many of either side: density and coverage of unequal numbers could not be compared with published ones."""
    n = min(len(samples), len(real))
    known = yield from real.radii(n)
    found = yield from neighbours.pieces(real.features[:n], samples.features[:n], known)
    return {
        "precision": (found.precision, None),
        "recall": (found.recall, None),
        "density": (found.density, None),
        "covered": (found.coverage, None),
    }


def _score(samples: Seen, _real: Seen) -> Pieces[dict[str, Figure]]:
    yield
    assert samples.scores is not None
    return {"score": inception_score.inception_score(samples.scores)}


def _classes(own: Tensor) -> Work:
    def work(samples: Seen, _real: Seen) -> Pieces[dict[str, Figure]]:
        yield
        assert samples.classes is not None
        found = class_statistics(samples.classes, own)
        values = (found.confident, float(found.modes), found.reverse_kl, float(found.shares.min()))
        names = ("confident", "class_modes", "class_kl", "min_class_share")
        return {name: (value, None) for name, value in zip(names, values, strict=True)}

    return work


def _asked(samples: Seen, _real: Seen) -> Pieces[dict[str, Figure]]:
    yield
    if samples.asked is None:  # real pictures: what is known of them is the accuracy of the network that reads them
        return {}
    assert samples.classes is not None
    return {"as_asked": (read_as_asked(samples.classes, samples.asked), None)}


def _sliced(data: ImageSet, n: int) -> Work:
    """Of pictures as they are, against n real ones that gan_core.metrics.reference draws; of real pictures its known floor."""

    def work(samples: Seen, _real: Seen) -> Pieces[dict[str, Figure]]:
        yield
        if samples.along is None:
            return {"swd": (sliced.floor(data, n), None)}
        return {"swd": (sliced.distance_along(samples.along, data, n), None)}

    return work

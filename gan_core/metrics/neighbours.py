"""Precision and recall, density and coverage: whether samples lie where real ones do, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.errors import DataError
from gan_core.metrics.pieces import Pieces, finish
from gan_core.text import N_

K_PRECISION, K_DENSITY = 3, 5  # the neighbour whose distance is the radius: each as in its paper
LEAST = K_DENSITY + 1  # samples of either side
_ENTRIES = 4_000_000  # of the matrix of distances, at once


@dataclass(frozen=True)
class Neighbours:
    """What `neighbours` finds: shares from 0 to 1, except the density, which is 1 for samples of the same distribution."""

    precision: float
    recall: float
    density: float
    coverage: float


def neighbours(real: Tensor, fake: Tensor) -> Neighbours:
    """real (M, F): x; fake (N, F): y. rₖ: the distance to the k-th nearest other sample of one's own side; B_k(x): the ball round x with this radius.

    precision = 1/N Σⱼ [minᵢ ‖yⱼ − xᵢ‖ / r₃(xᵢ) ≤ 1], the share of samples y no further from some real x than the third nearest other real one is.
    recall = 1/M Σᵢ [minⱼ ‖xᵢ − yⱼ‖ / r₃(yⱼ) ≤ 1], the share of real x no further from some sample y than the third nearest other sample is.
    Kynkäänniemi et al. 2019, arXiv:1904.06991.
    density = Σ_fake #{real x: fake ∈ B₅(x)} / 5N.
    covered = 1/M Σᵢ [minⱼ ‖yⱼ − xᵢ‖ ≤ r₅(xᵢ)], the share of real x with a sample y no further away than the fifth nearest other real one.
    Naeem et al. 2020, arXiv:2002.09797.
    Raises DataError for fewer than LEAST of either.
    """
    return finish(pieces(real, fake))


def pieces(real: Tensor, fake: Tensor, real_radii: Tensor | None = None) -> Pieces[Neighbours]:
    """`neighbours` in small pieces. real_radii: `radii` of the real ones, where they are known."""
    check(min(len(real), len(fake)))
    if real_radii is None:
        real_radii = yield from radii(real)
    fake_radii = yield from radii(fake)
    precise = torch.zeros(len(fake), dtype=torch.bool)
    recalled = covered = within = 0
    for rows, distances in _distances(real, fake):
        near, wide = real_radii[rows].unbind(1)
        inside = distances <= wide[:, None]
        within += int(inside.sum())
        covered += int(inside.any(1).sum())
        precise |= (distances <= near[:, None]).any(0)
        recalled += int((distances <= fake_radii[:, 0]).any(1).sum())
        yield
    return Neighbours(
        float(precise.double().mean()), recalled / len(real), within / (K_DENSITY * len(fake)), covered / len(real)
    )


def radii(samples: Tensor) -> Pieces[Tensor]:
    """samples (N, F) -> (N, 2): each one's distance to its third and to its fifth nearest other one."""
    found = []
    for _, distances in _distances(samples, samples):
        nearest = distances.topk(LEAST, largest=False).values  # the first of them is the sample itself
        found.append(nearest[:, [K_PRECISION, K_DENSITY]])
        yield
    return torch.cat(found)


def check(n: int) -> None:
    """Raise DataError for n samples, of either side, that are too few."""
    if n < LEAST:
        raise DataError(N_("Precision, recall, density and coverage need at least {needed} samples; there are {n}."),
                        needed=LEAST, n=n)  # fmt: skip


def _distances(a: Tensor, b: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Some rows of a (N, F) at a time, and their Euclidean distances to all of b (M, F)."""
    centre = b.mean(0)  # distances come from products, which are exact only near the origin
    a, b = a - centre, b - centre
    step = max(1, _ENTRIES // len(b))
    for begin in range(0, len(a), step):
        rows = slice(begin, min(begin + step, len(a)))
        yield rows, torch.cdist(a[rows], b)

"""What truncation costs in diversity and gains in quality: the same latents at several values of ψ, measured.

Brock et al. 2019, arXiv:1809.11096, section 3.1, of z; Karras et al. 2019, arXiv:1812.04948, appendix B, of w.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.errors import DataError
from gan_core.metrics import neighbours
from gan_core.metrics.pieces import Pieces
from gan_core.text import N_

PSIS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
_BLOCK = 50  # samples at once


@dataclass(frozen=True)
class Row:
    """At one ψ: the mean distance of two samples, of one class where classes are asked for; the shares that `neighbours` finds (NaN without real samples to compare with); D's mean
    output (NaN where there is no D)."""

    psi: float
    diversity: float
    precision: float
    recall: float
    coverage: float
    output: float


@dataclass(frozen=True)
class Means:
    """How samples are drawn and looked at: draw(latents (N, …), ψ) -> samples (N, *shape); look(samples) -> (N, F), between which distances
    are measured; judge(samples, latents) -> D's outputs (N,), which is asked of the first `judged`; classes_of(latents) -> the class that each asks
    for (N,), None where none is."""

    draw: Callable[[Tensor, float], Tensor]
    look: Callable[[Tensor], Tensor]
    judge: Callable[[Tensor, Tensor], Tensor]
    judged: int
    classes_of: Callable[[Tensor], Tensor | None] = lambda _latents: None


def mean_distance(x: Tensor, groups: Tensor | None = None) -> float:
    """x (N, F) -> the mean Euclidean distance of two different rows, 2 / (N (N − 1)) · Σ_{i<j} ‖xᵢ − xⱼ‖; with groups (N,) of two that are in the
    same one, NaN where no two are. Exactly 0 where all such are equal. Raises DataError for fewer than two."""
    if len(x) < 2:
        raise DataError(N_("Diversity needs at least 2 samples; there are {n}. Draw more."), n=len(x))
    distances = torch.pdist(x.float()).double()
    if groups is not None:
        i, j = torch.triu_indices(len(x), len(x), 1)  # the pairs, in the order of pdist
        distances = distances[groups[i] == groups[j]]
    return float(distances.mean())


def pieces(psi: float, latents: Tensor, means: Means, real: Tensor | None, radii: Tensor | None = None) -> Pieces[Row]:
    """The row of one ψ, in small pieces of work. real (M, F): real samples as `look` gives them, radii: their `neighbours.radii`. Raises DataError
    for fewer than two latents, or too few for `neighbours`."""
    seen, outputs = [], []
    for start in range(0, len(latents), _BLOCK):
        part = latents[start : start + _BLOCK]
        samples = means.draw(part, psi)
        seen.append(means.look(samples))
        if start < means.judged:
            wanted = means.judged - start
            outputs.append(means.judge(samples[:wanted], part[:wanted]))
        yield
    x = torch.cat(seen)
    shares = (math.nan, math.nan, math.nan)
    if real is not None:
        near = yield from neighbours.pieces(real, x, radii)
        shares = (near.precision, near.recall, near.coverage)
    return Row(psi, mean_distance(x, means.classes_of(latents)), *shares, float(torch.cat(outputs).double().mean()))

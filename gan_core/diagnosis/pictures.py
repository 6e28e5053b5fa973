"""What the diagnosis reads off generated pictures beside real ones: how alike they are, whether a pattern of the up-sampling lies over them,
whether they show what an augmentation does to pictures, and whether D knows its training pictures by heart.

Pure functions of (N, C, H, W) uint8 pictures, and of D's outputs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pictures: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
_PIXELS = 1024  # of each picture, at most
TWINS = 0.05  # quantile of the distances among real pictures, below which two pictures count as twins
_CORE, _AROUND = 1 / 16, 3 / 16  # cycles per pixel from the frequency of the stride: at it, and around it
_GREY, _NEAR_GREY = 127.5, 16.0  # what cut-outs and shifts fill with (0 in [−1, 1]), and how near to it counts as it
_MOSTLY = 0.9  # of an area must be grey for it to be empty
_ODD = 0.01  # share of the real pictures that are brighter, darker or of other contrast than all others, by definition
_ERRORS = 3.0  # standard errors by which means of D's outputs must differ to be told apart


def thinned(pictures: Pictures) -> Floats:
    """(N, C, H, W) -> (N, ≤1024) of their values, spread evenly."""
    flat = pictures.reshape(len(pictures), -1)
    return flat[:, :: -(-flat.shape[1] // _PIXELS)].astype(np.float64)


# ── how alike they are ───────────────────────────────────────────────────────────────────────────────────────────────────


def nearest(pictures: Pictures) -> Floats:
    """(N,): the Euclidean distance of each picture to the nearest other one."""
    x = thinned(pictures)
    x -= x.mean(0)  # the differences stay, and small ones survive the subtraction below
    squared = (x * x).sum(1)
    apart = squared[:, None] + squared - 2 * x @ x.T
    np.fill_diagonal(apart, np.inf)
    return np.asarray(np.sqrt(np.maximum(apart.min(1), 0)))


def twins(generated: Pictures, closest: float) -> float:
    """The share of generated pictures that have another one nearer than `closest`.

    A birthday paradox test (Arora & Zhang 2017, arXiv:1706.08224): of few different pictures many must be alike.
    """
    return float((nearest(generated) < closest).mean())


def twins_expected(samples: int, different: int) -> float:
    """The share of `samples` that have a twin among the others when each is one of so many `different` pictures: 1 − (1 − 1/M)^(N−1)."""
    return 1 - (1 - 1 / different) ** (samples - 1)


# ── a pattern of the up-sampling ─────────────────────────────────────────────────────────────────────────────────────────


def checkerboard(pictures: Pictures) -> tuple[float, float]:
    """(share, peak): how much of the pictures' energy lies at the frequency of a stride of two, and how many times as dense it is there as
    just around it.

    Up-sampling by two prints patterns of period two (Odena et al. 2016, "Deconvolution and checkerboard artifacts"): in the Fourier
    transform they lie at half a cycle per pixel along one axis or both. Noise has as much energy around these frequencies as at them (peak 1),
    and natural pictures less at them.
    """
    x = pictures.astype(np.float64)
    power = (np.abs(np.fft.fft2(x - x.mean((2, 3), keepdims=True))) ** 2).sum((0, 1))  # (H, W)
    distance = _from_stride(*power.shape)
    core, around = distance <= _CORE, (distance > _CORE) & (distance <= _AROUND)
    density = power[around].mean() if around.any() else 0.0
    share = float(power[core].sum() / power.sum()) if power.sum() else 0.0
    return share, float(power[core].mean() / density) if density else 0.0


def _from_stride(height: int, width: int) -> Floats:
    """(H, W): how far each frequency is from the nearest of (½, 0), (0, ½) and (½, ½), in cycles per pixel along the longer axis."""
    y, x = np.abs(np.fft.fftfreq(height))[:, None], np.abs(np.fft.fftfreq(width))[None]
    to = [np.maximum(np.abs(y - a), np.abs(x - b)) for a, b in ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5))]
    return np.asarray(np.minimum(np.minimum(*to[:2]), to[2]) - 1e-9)


# ── traces of an augmentation ────────────────────────────────────────────────────────────────────────────────────────────


def empty(pictures: Pictures) -> float:
    """The share of pictures with an empty area: an outermost row or column, or a square of a quarter of the side, of which nine
    tenths are middle grey, as shifted and cut-out pictures have."""
    grey = np.asarray((np.abs(pictures.astype(np.float64) - _GREY) <= _NEAR_GREY).all(1))  # (N, H, W)
    edges = [grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]]
    found = np.any([edge.mean(1) >= _MOSTLY for edge in edges], 0)
    side = max(3, round(min(grey.shape[1:]) / 4))
    return float((found | (_densest(grey, side) >= _MOSTLY)).mean())


def _densest(marks: NDArray[np.bool_], side: int) -> Floats:
    """(N, H, W) -> (N,): the largest share of marked pixels in any square of that side."""
    total = np.pad(marks.astype(np.float64).cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    squares = total[:, side:, side:] - total[:, :-side, side:] - total[:, side:, :-side] + total[:, :-side, :-side]
    return np.asarray(squares.max((1, 2)) / side**2)


@dataclass(frozen=True)
class Light:
    """Between which brightness and which contrast all but the outermost hundredths of the real pictures lie."""

    low: Floats  # (2,): mean and standard deviation of a picture's values
    high: Floats

    @staticmethod
    def of(real: Pictures) -> Light:
        found = _light(real)
        return Light(np.quantile(found, _ODD / 2, axis=0), np.quantile(found, 1 - _ODD / 2, axis=0))

    def odd(self, pictures: Pictures) -> float:
        """The share of pictures outside; 1 to 2 % of real ones."""
        found = _light(pictures)
        return float(((found < self.low) | (found > self.high)).any(1).mean())


def _light(pictures: Pictures) -> Floats:
    """(N, 2): mean and standard deviation of the values of each picture."""
    x = pictures.reshape(len(pictures), -1).astype(np.float64)
    return np.stack([x.mean(1), x.std(1)], 1)


# ── what D knows by heart ────────────────────────────────────────────────────────────────────────────────────────────────


def by_heart(real: NDArray[Any], held: NDArray[Any], fake: NDArray[Any]) -> float:
    """How far D's outputs on held-out pictures lie from those on training pictures towards those on generated ones: r_v of Karras et al. 2020
    (arXiv:2006.06676, equation 1), (E[D(train)] − E[D(held out)]) / (E[D(train)] − E[D(generated)]).

    0 where held-out and training pictures cannot be told apart by so few outputs; NaN where training and generated ones cannot, or
    nothing is held out.
    """
    if not len(held):
        return math.nan
    gap, lost = real.mean() - fake.mean(), real.mean() - held.mean()
    if not gap > _ERRORS * _error(real, fake):
        return math.nan
    return float(lost / gap) if lost > _ERRORS * _error(real, held) else 0.0


def _error(a: NDArray[Any], b: NDArray[Any]) -> float:
    """The standard error of the difference of two means."""
    return math.hypot(a.std() / math.sqrt(len(a)), b.std() / math.sqrt(len(b)))


# ── together ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Reading:
    """What was read at one step. spread: distance of generated pictures from their mean, in units of the real ones'. twins: as above, and
    what as many pictures chosen from the training pictures would have. share, peak: of the pattern, and real_peak of real ones.
    empty, odd: with traces, and of real ones. by_heart: r_v."""

    step: int = 0
    spread: float = math.nan
    twins: float = math.nan
    expected: float = 0.0
    share: float = 0.0
    peak: float = 0.0
    real_peak: float = 0.0
    empty: float = 0.0
    real_empty: float = 0.0
    odd: float = 0.0
    real_odd: float = 0.0
    by_heart: float = math.nan


class Reader:
    """Reads generated pictures beside `real` ones (held-out ones if there are any: what D learns by heart says nothing then), of which
    the data has `different` ones to learn from."""

    def __init__(self, real: Pictures, different: int) -> None:
        self._closest = float(np.quantile(nearest(real), TWINS))
        self._light, self._different = Light.of(real), different
        self._size = _spread(real)
        _share, peak = checkerboard(real)
        self._real = {"real_peak": peak, "real_empty": empty(real), "real_odd": self._light.odd(real)}

    def read(self, step: int, generated: Pictures, by_heart: float = math.nan) -> Reading:
        """generated: (N, C, H, W) uint8."""
        share, peak = checkerboard(generated)
        return Reading(
            step, _spread(generated) / (self._size or 1.0), twins(generated, self._closest),
            twins_expected(len(generated), self._different), share, peak, empty=empty(generated), odd=self._light.odd(generated),
            by_heart=by_heart, **self._real,
        )  # fmt: skip


def _spread(pictures: Pictures) -> float:
    """Root mean square distance of pictures from their mean."""
    x = thinned(pictures)
    return float(np.sqrt(((x - x.mean(0)) ** 2).sum(1).mean()))

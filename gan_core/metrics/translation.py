"""How near a translation comes to the true picture. Pictures (N, C, H, W) in [−1, 1]; errors are told of the range from 0 to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_unit
from gan_core.registry import Story, metric
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.translation.players import Translators

COUNT = 64  # held-out pictures that are translated for a measurement, or as many as there are
_WINDOW, _SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


def absolute_error(made: Tensor, true: Tensor) -> float:
    """E|x − y|, values from 0 to 1."""
    return float((made - true).abs().mean() / 2)


def psnr(made: Tensor, true: Tensor) -> float:
    """10 log₁₀(1 / MSE) in decibels, the MSE of each picture, averaged over the pictures; infinite for equal ones."""
    errors = ((made - true) / 2).square().flatten(1).mean(1)
    return float((-10 * errors.log10()).mean())


def ssim(made: Tensor, true: Tensor) -> float:
    """(2μ_xμ_y + C₁)(2σ_xy + C₂) / ((μ_x² + μ_y² + C₁)(σ_x² + σ_y² + C₂)), averaged.   Wang et al. 2004, doi:10.1109/TIP.2003.819861.

    Means and variances under a Gaussian window of 11 × 11 pixels, σ = 1.5, where it lies wholly inside; C = (0.01)², (0.03)²; each channel by
    itself. Pictures must have 11 pixels a side at least.
    """
    x, y = ((part.double() + 1) / 2 for part in (made, true))
    at = torch.arange(_WINDOW, dtype=torch.float64) - _WINDOW // 2
    line = torch.exp(-at.square() / (2 * _SIGMA**2))
    line /= line.sum()
    channels = x.shape[1]
    window = (line[:, None] * line[None]).expand(channels, 1, -1, -1)
    mean_x, mean_y, xx, yy, xy = (conv2d(part, window, groups=channels) for part in (x, y, x * x, y * y, x * y))
    var_x, var_y, both = xx - mean_x * mean_x, yy - mean_y * mean_y, xy - mean_x * mean_y
    c1, c2 = _K1**2, _K2**2
    up = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return float((up / ((mean_x.square() + mean_y.square() + c1) * (var_x + var_y + c2))).mean())


def nearness(made: Tensor, true: Tensor) -> dict[str, float]:
    """test_l1, psnr, ssim of translations and the true pictures."""
    return {"test_l1": absolute_error(made, true), "psnr": psnr(made, true), "ssim": ssim(made, true)}


def errors(players: Translators, count: int = COUNT) -> dict[str, float]:
    """Of `count` held-out pictures at most, always the same ones: test_l1, psnr, ssim where the truth is known; of CycleGAN cycle_there,
    cycle_back. Draws nothing."""
    data = players.data
    assert isinstance(data, PairSet)
    sums: dict[str, float] = {}
    most = min(count, max(len(data.test_given), len(data.test_images)))
    for first in range(0, most, COUNT):  # in parts: a window's means take memory
        rows = slice(first, min(first + COUNT, most))
        part = _errors(players, data, rows)
        for name, value in part.items():
            sums[name] = sums.get(name, 0.0) + value * (rows.stop - rows.start)
    means = {name: total / most for name, total in sums.items()}
    return {name: value for name, value in means.items() if math.isfinite(value)}


def _errors(players: Translators, data: PairSet, rows: slice) -> dict[str, float]:
    given = to_unit(data.test_given[rows])
    made = players.sample(given)
    found: dict[str, float] = {}
    if data.matched:
        true = to_unit(data.test_images[rows])
        found = nearness(made, true)
    if (again := players.back(made)) is not None:
        other = to_unit(data.test_images[rows])
        back = players.back(other)
        assert back is not None
        found |= {
            "cycle_there": absolute_error(again, given),
            "cycle_back": absolute_error(players.sample(back), other),
        }
    return found


metric("test_l1", title=N_("L1 to the truth"), kind="pairs", better="lower", floor=None, paper="Isola et al. 2017, arXiv:1611.07004",
       help=N_("Mean difference between translations of held-out pictures and the true ones, value by value: 0 is exact, 1 is black for white. It "
               "rewards a blur between all answers that would do."),
       story=Story(
           fixed=N_("Where the true picture is known, the plainest question is how far away each value is."),
           use=N_("For pairs, beside the Fréchet distance."),
           fails=N_("Where many answers would do it is smallest for their average, a blur, and punishes a sharp answer that is not the true one."),
       ))(absolute_error)  # fmt: skip
metric("psnr", title=N_("PSNR (dB)"), kind="pairs", better="higher", floor=None, paper="Huynh-Thu & Ghanbari 2008, doi:10.1049/el:20080522",
       help=N_("Peak signal-to-noise ratio of held-out translations against the truth, in decibels: 20 is coarse, 30 is good, 40 can hardly be told "
               "apart."),
       story=Story(
           fixed=N_("A squared error says nothing until it is set against the largest value. In decibels it can be compared from picture to picture."),
           use=N_("For noise, holes and enlargement, where the truth is known."),
           fails=N_("SRGAN showed that the picture with the best PSNR is too smooth: it goes by squared errors of values and not by what is seen."),
       ))(psnr)  # fmt: skip
metric("ssim", title=N_("SSIM"), kind="pairs", better="higher", floor=None, paper="Wang et al. 2004, doi:10.1109/TIP.2003.819861",
       help=N_("Structural similarity of held-out translations and the truth: 1 is exact, 0 nothing in common. It looks at contrast and pattern in "
               "small windows, more as the eye does."),
       story=Story(
           fixed=N_("Squared errors count a shift in brightness as much as lost structure. Means, contrasts and patterns in small windows are "
               "compared instead."),
           use=N_("For pairs, beside PSNR."),
           fails=N_("Still a blur costs less than a sharp answer that is moved by a pixel or two. It needs 11 pixels a side."),
           builds=("metric.psnr",),
       ))(ssim)  # fmt: skip
metric("cycle_there", title=N_("Cycle error, there and back"), kind="pairs", better="lower", floor=None, paper="Zhu et al. 2017, arXiv:1703.10593",
       help=N_("How far a held-out picture, translated there and back, is from itself, value by value: 0 is exact. Near 0 all of it is still there, "
               "if need be hidden in the translation."),
       story=Story(
           fixed=N_("Without pairs there is no truth to compare with, but there is the way home: from the one kind to the other and back."),
           use=N_("For CycleGAN, beside the Fréchet distance of the translations."),
           fails=N_("A translation that changes nothing comes home perfectly, and the way home can be hidden in patterns nobody sees."),
           builds=("method.cyclegan",),
       ))(absolute_error)  # fmt: skip
metric("cycle_back", title=N_("Cycle error, back and there"), kind="pairs", better="lower", floor=None, paper="Zhu et al. 2017, arXiv:1703.10593",
       help=N_("The same the other way round: a picture of the wanted kind, translated back and there again."),
       story=Story(
           fixed=N_("Without pairs there is no truth to compare with, but there is the way home: from the other kind to the one and back."),
           use=N_("For CycleGAN, beside the Fréchet distance of the translations."),
           fails=N_("A translation that changes nothing comes home perfectly, and the way home can be hidden in patterns nobody sees."),
           builds=("method.cyclegan",),
       ))(absolute_error)  # fmt: skip

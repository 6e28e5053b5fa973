"""L1, PSNR and SSIM against NumPy and SciPy."""

from __future__ import annotations

import math

import _tiny
import numpy as np
import pytest
import torch
from scipy import ndimage

from gan_core.data.sets import to_unit
from gan_core.metrics.translation import COUNT, absolute_error, errors, psnr, ssim
from gan_core.translation.players import Translators


def some(seed: int, channels: int = 3) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return to_unit(torch.randint(0, 256, (4, channels, 24, 20), generator=rng, dtype=torch.uint8))


def test_absolute_error() -> None:
    x, y = some(0), some(1)
    a, b = (np.asarray((p + 1) / 2, np.float64) for p in (x, y))
    assert absolute_error(x, y) == pytest.approx(np.abs(a - b).mean(), rel=1e-5)
    assert absolute_error(-torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)) == 1


def test_psnr() -> None:
    x, y = some(0), some(1)
    mse = (((np.asarray(x, np.float64) - np.asarray(y, np.float64)) / 2) ** 2).mean((1, 2, 3))
    assert psnr(x, y) == pytest.approx((10 * np.log10(1 / mse)).mean(), rel=1e-5)
    assert psnr(torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.2)) == pytest.approx(
        20, abs=1e-4
    )  # a tenth everywhere
    assert psnr(x, x) == math.inf


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim(channels: int) -> None:
    """The formula with SciPy's Gaussian filter (11 × 11), where the window lies inside, as scikit-image computes it."""
    x = some(2, channels)
    y = (x + 0.3 * some(3, channels)).clamp(-1, 1)
    found = []
    for a, b in zip(
        (np.asarray(x, np.float64).reshape(-1, 24, 20) + 1) / 2,
        (np.asarray(y, np.float64).reshape(-1, 24, 20) + 1) / 2,
        strict=True,
    ):

        def mean(p: np.ndarray) -> np.ndarray:
            return ndimage.gaussian_filter(p, 1.5, truncate=3.5)[5:-5, 5:-5]

        va, vb, both = mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2, mean(a * b) - mean(a) * mean(b)
        up = (2 * mean(a) * mean(b) + 1e-4) * (2 * both + 9e-4)
        found.append((up / ((mean(a) ** 2 + mean(b) ** 2 + 1e-4) * (va + vb + 9e-4))).mean())
    assert ssim(x, y) == pytest.approx(np.mean(found), rel=1e-6)
    assert ssim(x, x) == pytest.approx(1)


def test_of_a_run() -> None:
    trainer = _tiny.trained(_tiny.pairs(), 1)
    players, data = trainer.players, trainer.data
    assert isinstance(players, Translators)
    found = errors(players)
    made = players.sample(to_unit(data.test_given[:COUNT]))  # type: ignore[union-attr]
    true = to_unit(data.test_images[:COUNT])  # type: ignore[union-attr]
    assert found == {"test_l1": absolute_error(made, true), "psnr": psnr(made, true), "ssim": ssim(made, true)}
    cycled = errors(_tiny.trained(_tiny.pairs(data__name="styles", data__image_size=32), 1).players)  # type: ignore[arg-type]
    assert set(cycled) == {"test_l1", "psnr", "ssim", "cycle_there", "cycle_back"}

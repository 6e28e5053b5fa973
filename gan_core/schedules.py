"""Schedules: pure functions of the number of real images seen, with an explicit horizon."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gan_core.config import OptimizerConfig, RunConfig


class Scheduled(NamedTuple):
    """The values of a moment: `lr` multiplies both learning rates; `weight` of the penalty and `sigma` of the noise as they are."""

    lr: float
    weight: float
    sigma: float


def scheduled(c: RunConfig, images: int) -> Scheduled:
    """What the settings say after so many real images."""
    lr, weight, sigma = (
        factor(c.schedule, images, c.horizon, final) for final in (c.lr_final, c.penalty_final, c.noise_final)
    )
    return Scheduled(lr, c.penalty_weight * weight, c.instance_noise * sigma)


def beta2(base: float, final: float, schedule: str, images: int, horizon: int) -> float:
    """β₂ of an optimiser on its way from `base` to `final`; 0 as `final` leaves it as it is."""
    return final + (base - final) * factor(schedule, images, horizon, 0.0) if final else base


def optimizer_at(own: OptimizerConfig, c: RunConfig, images: int) -> OptimizerConfig:
    """The settings of a player's optimiser with the β₂ of this moment."""
    now = beta2(own.beta2, c.beta2_final, c.schedule, images, c.horizon)
    return own if now == own.beta2 else dataclasses.replace(own, beta2=now)


def half_life(c: RunConfig, images: int) -> float:
    """The average's half-life in images, on its way from a share of it to the whole."""
    if c.schedule == "constant" or c.horizon <= 0:
        return c.ema_half_life
    return c.ema_half_life * (1 - (1 - c.ema_first) * factor(c.schedule, images, c.horizon, 0.0))


def factor(schedule: str, images: int, horizon: int, final: float) -> float:
    """f(t) = c + (1 − c) · (1 + cos πt) / 2, what a scheduled value is multiplied by along a cosine from 1 to c.

    c is `final`, reached at `horizon` images.
    constant: 1.  linear: 1 + (final − 1)·t.  cosine: final + (1 − final)·(1 + cos πt)/2.  t = min(images / horizon, 1).
    """
    if schedule == "constant" or horizon <= 0:
        return 1.0
    t = min(images / horizon, 1.0)
    if schedule == "linear":
        return 1 + (final - 1) * t
    return final + (1 - final) * (1 + math.cos(math.pi * t)) / 2


def ema_decay(batch: int, images: int, half_life: float, ramp: float) -> float:
    """0.5^(batch / h) with the half-life h in images; 0 (no averaging) for h = 0.

    With `ramp` > 0, h is at most ramp · images, so that the average forgets the first, bad weights (Karras et al. 2020,
    StyleGAN2-ADA, `ema_rampup`).
    """
    if ramp > 0:
        half_life = min(half_life, ramp * images)
    return 0.5 ** (batch / half_life) if half_life > 0 else 0.0

"""Translation of pictures: pix2pix and CycleGAN as their papers have them, but for their size."""

from __future__ import annotations

from gan_core.registry import preset
from gan_core.text import N_

_BASE = {
    "data.image_size": 32, "discriminator.network": "patches", "discriminator.patch": 16, "discriminator.width": 32, "generator.width": 32,
    "penalty": "none", "g_optimizer.beta1": 0.5, "d_optimizer.beta1": 0.5, "g_optimizer.beta2": 0.999, "d_optimizer.beta2": 0.999,
    "schedule": "linear", "lr_final": 0.05, "ema_half_life": 2_000.0, "threads": 1,
}  # fmt: skip
_PAIRS = _BASE | {
    "method": "pix2pix", "generator.network": "unet", "generator.norm": "batch", "discriminator.norm": "batch", "batch_size": 16,
    "loss": "non_saturating", "g_optimizer.lr": 1e-3, "d_optimizer.lr": 5e-4, "horizon": 48_000,
}  # fmt: skip
_CYCLE = _BASE | {
    "method": "cyclegan", "generator.network": "residual", "generator.norm": "instance", "generator.blocks": 3, "discriminator.norm": "instance",
    "batch_size": 8, "loss": "least_squares", "g_optimizer.lr": 5e-4, "d_optimizer.lr": 5e-4, "horizon": 24_000,
}  # fmt: skip

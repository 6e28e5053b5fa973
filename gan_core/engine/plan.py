"""What of a run's settings is compiled in. Everything else is a tensor: changing it costs nothing."""

from __future__ import annotations

from gan_core import config as settings
from gan_core import registry
from gan_core.config import RunConfig

_TENSORS = (
    "g_optimizer.lr", "g_optimizer.beta1", "g_optimizer.beta2", "g_optimizer.momentum",
    "d_optimizer.lr", "d_optimizer.beta1", "d_optimizer.beta2", "d_optimizer.momentum",
    "penalty_weight", "penalty_final", "penalty_interval", "schedule", "horizon", "lr_final",
    "label_smoothing", "label_flip", "instance_noise", "noise_final", "ema_half_life", "ema_ramp",
    "augment_strength", "ada_target", "ada_speed", "data.limit",
    "beta2_final", "ema_first", "generator.truncation",
    "latent.distribution", "seed", "device", "speed", "engine", "threads",
)  # fmt: skip
_ON = ("grad_clip", "lecam_weight", "feature_matching")  # compiled in: whether they are on, and not how much


def structure(config: RunConfig) -> RunConfig:
    """`config` with everything that is not compiled in at its default: equal structures share their programs."""
    plain = {name: settings.field(name).default for name in _TENSORS}
    plain |= {name: float(settings.get(config, name) > 0) for name in _ON}
    if config.kind == "points":
        plain |= {f.name: f.default for f in settings.fields() if f.name.startswith("data.")}
    return settings.replace(config, plain)


def programs(config: RunConfig) -> tuple[bool, ...]:
    """Whether with the penalty: the programs that the steps of a run take turns with, or the one that takes them all."""
    lazy = config.penalty_interval > 1 and registry.penalty[config.penalty].info["at"] is not None
    return (False, True) if lazy else (True,)


def serve(one: RunConfig, other: RunConfig) -> bool:
    """Whether the programs of `one` take the steps of `other` too, which may differ in live settings."""
    return structure(one) == structure(other) and set(programs(other)) <= set(programs(one))

"""Optimisers by name. Fused kernels where torch has them: one call updates all parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import nn

from gan_core.registry import optimizer
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import OptimizerConfig

Builder: TypeAlias = Callable[[list[nn.Parameter], "OptimizerConfig"], torch.optim.Optimizer]


def _fused(parameters: list[nn.Parameter]) -> bool:
    return parameters[0].device.type in ("cpu", "cuda")


@optimizer(
    "adam", title=N_("Adam"), paper="Kingma & Ba 2015, arXiv:1412.6980", uses=("beta1", "beta2"),
    help=N_("Steps scaled by each weight's recent gradients. The usual choice; GANs like a small β₁."),
)  # fmt: skip
def adam(parameters: list[nn.Parameter], c: OptimizerConfig) -> torch.optim.Optimizer:
    """Adam with bias correction, ε = 1e-8."""
    return torch.optim.Adam(parameters, lr=c.lr, betas=(c.beta1, c.beta2), fused=_fused(parameters))


@optimizer(
    "sgd", title=N_("SGD"), uses=("momentum",),
    help=N_("Plain gradient descent, with momentum if you like: shows the bare dynamics of the game."),
)  # fmt: skip
def sgd(parameters: list[nn.Parameter], c: OptimizerConfig) -> torch.optim.Optimizer:
    """v ← μ·v + g,  w ← w − lr·v."""
    return torch.optim.SGD(parameters, lr=c.lr, momentum=c.momentum, fused=_fused(parameters))


@optimizer(
    "rmsprop", title=N_("RMSprop"), paper="Tieleman & Hinton 2012", uses=("beta2", "momentum"),
    help=N_("Adam without its first average; what the first Wasserstein GANs used."),
)  # fmt: skip
def rmsprop(parameters: list[nn.Parameter], c: OptimizerConfig) -> torch.optim.Optimizer:
    """w ← w − lr·g / (√E[g²] + ε), E[g²] averaged with β₂."""
    return torch.optim.RMSprop(parameters, lr=c.lr, alpha=c.beta2, momentum=c.momentum, foreach=True)


def apply_settings(built: torch.optim.Optimizer, c: OptimizerConfig) -> None:
    """Write betas or momentum into a living optimiser; its averages stay. (Rates are written before every step.)"""
    values = {"betas": (c.beta1, c.beta2), "alpha": c.beta2, "momentum": c.momentum}
    for group in built.param_groups:
        group.update({key: value for key, value in values.items() if key in group})
        if isinstance(built, torch.optim.RMSprop) and group["momentum"]:
            for parameter in group["params"]:  # torch makes these at the first step only, and needs them from then on
                if state := built.state.get(parameter):
                    state.setdefault("momentum_buffer", torch.zeros_like(parameter, requires_grad=False))

"""Spectral normalisation (Miyato et al. 2018, arXiv:1802.05957), torch's own, started from the run's generator."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

_WARM_UP = 15  # power iterations before the first step; torch's own number


def add_spectral_norm(module: nn.Module, rng: torch.Generator) -> nn.Module:
    """W ← W / σ₁(W) in every linear and convolutional layer; one power iteration a training-mode forward pass.

    torch draws the first singular vectors from the global generator: that draw is undone and ours takes its place.
    """
    with torch.random.fork_rng(devices=[]):
        for layer in list(module.modules()):
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                spectral_norm(layer)
                _restart(layer, rng)
    return module


@torch.no_grad()
def _restart(layer: nn.Module, rng: torch.Generator) -> None:
    for name, vector in layer.named_buffers():
        if name.endswith(("._u", "._v")):
            vector.copy_(nn.functional.normalize(torch.randn(vector.shape, generator=rng), dim=0))
    for _ in range(_WARM_UP):
        layer.weight  # noqa: B018 - reading the weight in training mode does one power iteration

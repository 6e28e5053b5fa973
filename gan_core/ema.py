"""The averaged generator that pictures and samples come from."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Ema:
    """Exponential moving average of a module: parameters averaged, buffers (running statistics) copied."""

    def __init__(self, source: nn.Module) -> None:
        self._source = source
        self._module = copy.deepcopy(source).requires_grad_(False).eval()
        self._averaged: list[Tensor] = list(self._module.parameters())
        self._current: list[Tensor] = [
            p.detach() for p in source.parameters()
        ]  # share memory with the living parameters

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """average ← decay · average + (1 − decay) · parameter."""
        torch._foreach_lerp_(self._averaged, self._current, 1 - decay)

    def averaged(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The averaged parameters by name."""
        return self._module.named_parameters()

    @property
    def module(self) -> nn.Module:
        """The averaged generator in eval mode, its buffers brought up to date now: nobody reads them in between."""
        for ours, theirs in zip(self._module.buffers(), self._source.buffers(), strict=True):
            ours.copy_(theirs)
        return self._module

"""Layers that let D see several samples at once, against mode collapse: a lone sample never shows that all are alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Pack(nn.Module):
    """D(x₁, …, xₖ), with k samples one behind the other as one.   (B, C, …) -> (B/k, k · C, …). PacGAN, Lin et al. 2018, arXiv:1712.04086."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x) // self.count, self.count * x.shape[1], *x.shape[2:])

    def extra_repr(self) -> str:
        return f"count={self.count}"


class MinibatchStd(nn.Module):
    """s = 1/d Σᵢ σᵢ, the mean of all standard deviations over a group of samples, as one channel more.

    (B, C, …) -> (B, C + 1, …). Groups are of `group` samples that follow one another; where these do not divide the batch, the whole batch is one.
    Karras et al. 2018, arXiv:1710.10196, section 3.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        size = self.group if len(x) % self.group == 0 else len(x)
        groups = x.reshape(len(x) // size, size, -1)
        deviation = (groups.var(1, correction=0) + 1e-8).sqrt().mean(1)  # 1e-8: equal samples have a gradient, too
        seen = deviation.repeat_interleave(size).view(-1, *[1] * (x.dim() - 1))
        return torch.cat([x, seen.expand(-1, 1, *x.shape[2:])], 1)

    def extra_repr(self) -> str:
        return f"group={self.group}"

"""Self-attention over the places of a map (SAGAN, Zhang et al. 2019, arXiv:1805.08318)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """x + γ · V softmax(QᵀK), (B, C, H, W): every place looks at every other.   Zhang et al. 2019, section 3.

    Queries and keys have an eighth of the channels, values half of them. γ begins at 0: at first there are convolutions only.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inside, values = max(1, channels // 8), max(1, channels // 2)
        self.query = nn.Conv2d(channels, inside, 1)
        self.key = nn.Conv2d(channels, inside, 1)
        self.value = nn.Conv2d(channels, values, 1)
        self.out = nn.Conv2d(values, channels, 1)
        self.looks = nn.Softmax(2)  # a layer, so that what it takes of memory is counted
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        looks = self.looks(q.transpose(1, 2) @ k)  # (B, H·W, H·W): from each place to all
        seen = (v @ looks.transpose(1, 2)).view(-1, self.out.in_channels, *x.shape[2:])
        out: Tensor = x + self.gamma * self.out(seen)
        return out

    @torch.no_grad()
    def reset(self) -> None:
        """γ = 0, where the module was built without memory."""
        self.gamma.zero_()

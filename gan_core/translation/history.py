"""Generated pictures of earlier steps, so that D does not forget what G used to do.   Shrivastava et al. 2017, arXiv:1612.07828, section 2.3."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class History:
    """Up to `size` pictures. `exchange` gives back a batch in which about half are earlier ones, and keeps what those made room for."""

    def __init__(self, size: int, shape: tuple[int, ...], device: torch.device) -> None:
        self.kept = torch.zeros(size, *shape, device=device)
        self.count = 0

    def exchange(self, new: Tensor, rng: torch.Generator) -> Tensor:
        """(n, …) -> (n, …), n ≤ size, from a generator on the device. Until the room is full, new pictures are kept and given back."""
        n, size = len(new), len(self.kept)
        if not size:
            return new
        free = min(size - self.count, n)
        if free:
            self.kept[self.count : self.count + free] = new[:free]
            self.count += free
        rest = new[free:]
        if not len(rest):
            return new
        places = torch.randperm(size, generator=rng, device=rng.device)[: len(rest)]
        taken = (torch.rand(len(rest), generator=rng, device=rng.device) < 0.5).view(-1, *[1] * (new.dim() - 1))
        earlier = self.kept[places]
        self.kept[places] = torch.where(taken, rest, earlier)
        return torch.cat([new[:free], torch.where(taken, earlier, rest)])

    def state_dict(self) -> dict[str, Any]:
        return {"kept": self.kept, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.kept.copy_(state["kept"])
        self.count = int(state["count"])

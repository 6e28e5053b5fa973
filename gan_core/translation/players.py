"""The networks of a run that translates, as they are looked at: the inputs are pictures, not latents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_unit
from gan_core.networks.translation import Both
from gan_core.players import Players, Preview, as_pictures, evaluating, preview_side

ROWS = 64  # through a network at once


@dataclass(frozen=True)
class Translators(Players):
    """`g` (B, C', H, W) -> (B, C, H, W), of CycleGAN with its way back; the preview's latents are what goes in."""

    @torch.no_grad()
    def sample(self, latents: Tensor, *, averaged: bool = True) -> Tensor:
        """(N, C', H, W) in [−1, 1] -> (N, C, H, W) float32 on the CPU in [−1, 1]. In eval mode."""
        return self._through(self.average if averaged else self.g, latents)

    @torch.no_grad()
    def back(self, pictures: Tensor, *, averaged: bool = True) -> Tensor | None:
        """(N, C, H, W) in [−1, 1] -> (N, C', H, W): the way back, of CycleGAN; None where there is none."""
        g = self.average if averaged else self.g
        return self._through(g.back, pictures) if isinstance(g, Both) else None

    def _through(self, g: torch.nn.Module, inputs: Tensor) -> Tensor:
        with evaluating(g):
            parts = [as_pictures(g(part).float().cpu()) for part in torch.split(inputs.to(self.device), ROWS)]
        return torch.cat(parts)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """(n, C', H, W) in [−1, 1]: held-out pictures to translate, each once as far as there are so many, then again."""
        assert isinstance(self.data, PairSet)
        return held_out(self.data, n, generator)

    def beside(self, *, held: bool) -> Callable[[Tensor], Tensor] | None:
        """What was given, for a D that sees it."""
        assert isinstance(self.data, PairSet)
        given = self.data.test_given if held else self.data.given
        known = not held or self.data.matched
        return (lambda rows: to_unit(given[rows])) if known and not self.config.cycles else None

    def told(self, inputs: Tensor) -> Tensor | None:
        """What was given, for a D that sees it."""
        return None if self.config.cycles else inputs

    def rebuilt(self, x: Tensor) -> Tensor | None:
        """None: what comes out is not encoded."""
        return None

    def _logits(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N,): the mean over the patches; labels: what was given, for a D that sees it."""
        with evaluating(self.d):
            out: Tensor = self.d(x.to(self.device), *(() if labels is None else (labels.to(self.device),))).mean(1)
        return out


def held_out(data: PairSet, n: int, generator: torch.Generator) -> Tensor:
    """(n, C', H, W) in [−1, 1]: held-out pictures to translate, each once as far as there are so many, then again."""
    return in_turn(data)(n, generator)


def in_turn(data: PairSet) -> Callable[[int, torch.Generator], Tensor]:
    """Gives the next n of them at each call, and none again before all had their turn."""
    held, waiting = data.test_given, torch.empty(0, dtype=torch.int64)

    def draw(n: int, generator: torch.Generator) -> Tensor:
        nonlocal waiting
        while len(waiting) < n:
            waiting = torch.cat([waiting, torch.randperm(len(held), generator=generator)])
        rows, waiting = waiting[:n], waiting[n:]
        return to_unit(held[rows])

    return draw


def preview(config: RunConfig, data: PairSet, rng: torch.Generator, device: torch.device) -> Preview:
    """Held-out pictures to translate, and what should come out; where nobody knows that, other pictures of the kind."""
    rows = torch.randperm(len(data.test_given), generator=rng)[: preview_side(config) ** 2]
    others = rows if data.matched else torch.randperm(len(data.test_images), generator=rng)[: len(rows)]
    given = to_unit(data.test_given[rows])
    return Preview(given.to(device), data.test_images[others], None if config.cycles else given)

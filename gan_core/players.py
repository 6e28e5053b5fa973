"""The networks of a run as they are looked at: what the generator draws, what the discriminator says, and where it would push.

players = trainer.players                 # the living networks, of this very step
copy = players.copy(); copy.take(players) # ones that training does not touch, for another thread
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from gan_core import registry
from gan_core.config import RunConfig
from gan_core.data.sets import ImageSet, PointSet

_ROWS = 1024  # through the generator at once


@dataclass(frozen=True)
class Preview:
    """What a viewer compares at every moment of a run: fixed latents (N, latent.dim) and fixed real samples (N, …)."""

    latents: Tensor
    real: Tensor


@dataclass(frozen=True)
class Players:
    """Generator `g`, its average, discriminator `d`, and what they learn. Nothing here draws a random number."""

    config: RunConfig
    data: PointSet | ImageSet
    preview: Preview
    device: torch.device
    g: nn.Module
    average: nn.Module
    d: nn.Module

    @torch.no_grad()
    def sample(self, latents: Tensor, *, averaged: bool = True) -> Tensor:
        """(N, latent.dim) -> (N, *shape) float32 on the CPU: points in data units, pictures in [−1, 1]. In eval mode."""
        g = self.average if averaged else self.g
        with evaluating(g):
            parts = [g(part).float().cpu() for part in torch.split(latents.to(self.device), _ROWS)]
        out = torch.cat(parts)
        return self.data.to_units(out) if isinstance(self.data, PointSet) else out.contiguous()

    @torch.no_grad()
    def critic(self, x: Tensor) -> Tensor:
        """D's logits (N,) on the CPU for samples as `sample` gives them, one for as many as D sees together. In eval mode."""
        return self._logits(x).float().cpu()

    def slope(self, x: Tensor) -> Tensor:
        """∇D(x): the gradient of each sample's own logit by its values, of the shape of x, on the CPU; for points per data unit."""
        with evaluating(self.d), torch.enable_grad():
            x = x.detach().to(self.device).requires_grad_()
            (gradient,) = torch.autograd.grad(self._logits(x).sum(), x)
        return gradient.float().cpu()

    def pull(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """(N,): what a generated sample's logit gains the generator. −N ∂L_G/∂D(xᵢ) for N logits of each kind, L_G the loss of the
        generator, which is a mean: sample i is pushed along pull_i · ∇D(xᵢ)."""
        with torch.enable_grad():
            fake = fake_logits.detach().requires_grad_()
            _d_loss, g_loss = registry.loss[self.config.loss].value(real_logits.detach(), fake)
            (gradient,) = torch.autograd.grad(g_loss, fake)
        return -len(fake) * gradient.detach()

    def _logits(self, x: Tensor) -> Tensor:
        if isinstance(self.data, PointSet):
            x = self.data.from_units(x)
        with evaluating(self.d):
            logits: Tensor = self.d(x.to(self.device))
        return logits

    # ── a copy that stays as it is while training goes on ────────────────────────────────────────────────────────────────

    def copy(self) -> Players:
        """The same with networks of their own, in eval mode."""
        frozen = [copy.deepcopy(module).requires_grad_(False).eval() for module in (self.g, self.average, self.d)]
        return replace(self, g=frozen[0], average=frozen[1], d=frozen[2])

    def with_settings(self, config: RunConfig) -> Players:
        """The same networks under other settings, whose loss `pull` goes by."""
        return replace(self, config=config)

    @torch.no_grad()
    def take(self, other: Players) -> None:
        """Give these networks the weights and buffers of `other`'s. A few dozen microseconds for small ones."""
        torch._foreach_copy_(self._tensors, other._tensors)

    @property
    def _tensors(self) -> list[Tensor]:
        modules = (self.g, self.average, self.d)
        return [t.detach() for module in modules for t in (*module.parameters(), *module.buffers())]


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Eval mode for a moment: running statistics and spectral norm's vectors stay as they are."""
    was_training = module.training
    if not was_training:  # switching walks through every layer
        yield
        return
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


def draw_latents(n: int, dim: int, distribution: str, generator: torch.Generator) -> Tensor:
    """(n, dim) float32 on the generator's device. "sphere": length √dim, so that each coordinate has variance 1 as a Gaussian's."""
    if distribution == "uniform":
        return torch.rand(n, dim, generator=generator, device=generator.device) * 2 - 1
    z = torch.randn(n, dim, generator=generator, device=generator.device)
    return z if distribution == "gaussian" else nn.functional.normalize(z, dim=1) * math.sqrt(dim)

"""The latent of a picture that was not made from one: searched for, step by step, with the picture that it gives so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from gan_core.errors import ConfigError
from gan_core.text import N_

Draw: TypeAlias = Callable[[Tensor], Tensor]  # (B, dim) -> (B, C, H, W) in [−1, 1], with the history of its argument

_RISES, _FALLS = 0.05, 0.25  # shares of the steps: Karras et al. 2020b, arXiv:1912.04958, appendix D
_SHAKEN = 0.75


@dataclass(frozen=True)
class Progress:
    """What was found after `step` of `steps`: the latent (dim,) whose picture (C, H, W) is nearest so far. loss: what is made small; psnr: of
    the picture, in decibels; row: of which start it came."""

    step: int
    steps: int
    loss: float
    psnr: float
    latent: Tensor
    picture: Tensor
    row: int


def psnr(a: Tensor, b: Tensor) -> float:
    """10 log₁₀(4 / mean (a − b)²), of pictures in [−1, 1]; infinite for the same."""
    error = float(mse_loss(a.double(), b.double()))
    return 10 * math.log10(4 / error) if error else math.inf


def nearest_starts(draw: Draw, target: Tensor, candidates: Tensor, count: int) -> Tensor:
    """(N, dim) -> (count, dim): the candidates whose pictures are nearest to the target (C, H, W), by pixels."""
    with torch.no_grad():
        errors = torch.cat([(draw(part) - target).square().flatten(1).mean(1) for part in torch.split(candidates, 256)])
    return candidates[errors.topk(min(count, len(candidates)), largest=False).indices]


def project(
    draw: Draw, target: Tensor, starts: Tensor, *, steps: int, rate: float = 0.1, shake: float = 0.05,
    features: Callable[[Tensor], Tensor] | None = None, tied: Tensor | None = None, seed: int = 0,
) -> Iterator[Progress]:  # fmt: skip
    """Searches for the latent of target (C, H, W) in [−1, 1] from starts (B, dim) at once, and gives the best one so far after each step;
    the last one is the result. Whoever stops asking stops it.

    Adam on mean (G(z) − x)² + mean (f(G(z)) − f(x))² where `features` are given, f(x) (B, F) brought to the size of the target's; the rate rises and falls by a
    cosine, and z is shaken by a noise of `shake` times the starts' spread that fades away by three quarters of the way.   Karras et al. 2020,
    arXiv:1912.04958, appendix D, with the features at hand in the place of VGG's. tied (B, more): what lies behind the latents and stays, such as
    classes. Raises ConfigError for less than one step."""
    if steps < 1:
        raise ConfigError(N_("steps={steps} finds nothing: at least one is needed."), steps=steps)
    rng = torch.Generator().manual_seed(seed)
    z = starts.detach().clone().requires_grad_()
    spread = float(starts.std(0).mean()) if len(starts) > 1 else 1.0
    sought = target[None].to(starts.device)
    seen = features(sought).detach() if features is not None else None
    optimizer = torch.optim.Adam([z], lr=rate, betas=(0.9, 0.999))
    best: Progress | None = None

    def whole(latents: Tensor) -> Tensor:
        return latents if tied is None else torch.cat([latents, tied.to(latents)], 1)

    for step in range(1, steps + 1):
        t = (step - 1) / steps
        for group in optimizer.param_groups:
            group["lr"] = (
                rate * min(1.0, step / steps / _RISES) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / _FALLS)))
            )
        noise = torch.randn(z.shape, generator=rng).to(z.device) * (shake * spread * max(0.0, 1 - t / _SHAKEN) ** 2)
        with torch.enable_grad():
            drawn = draw(whole(z + noise))
            losses = (drawn - sought).square().flatten(1).mean(1)
            if features is not None and seen is not None:
                size = seen.square().mean().clamp(min=1e-12)
                losses = losses + (features(drawn) - seen).square().flatten(1).mean(1) / size
            (gradient,) = torch.autograd.grad(losses.sum(), z)
        with torch.no_grad():
            found = (z + noise).detach()
            k = int(losses.argmin())
            if best is None or float(losses[k]) < best.loss:
                picture = drawn[k].detach().clamp(-1, 1)
                best = Progress(step, steps, float(losses[k]), psnr(picture, sought[0]), found[k].clone(), picture, k)
            z.grad = gradient
            optimizer.step()
        yield Progress(step, steps, best.loss, best.psnr, best.latent, best.picture, best.row)

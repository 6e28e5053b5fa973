"""Projection: a picture that the generator made is found again, and what lies behind the latent stays."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gan_core.errors import ConfigError
from gan_core.latent.projection import nearest_starts, project, psnr


def generator() -> nn.Module:
    rng = torch.Generator().manual_seed(0)
    g = nn.Sequential(nn.Linear(6, 32), nn.LeakyReLU(0.2), nn.Linear(32, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    for p in g.parameters():
        nn.init.uniform_(p, -0.7, 0.7, generator=rng)
    return g.requires_grad_(False)


def latents(n: int, seed: int) -> torch.Tensor:
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(seed))


def test_decibels_by_hand() -> None:
    assert psnr(torch.zeros(1, 2, 2), torch.full((1, 2, 2), 0.2)) == pytest.approx(10 * math.log10(4 / 0.04))
    assert psnr(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)) == math.inf


@pytest.mark.parametrize("seen", [False, True])
def test_a_picture_of_the_generator_is_found_again(seen: bool) -> None:
    g = generator()
    planted = latents(1, 1)
    target = g(planted)[0]
    starts = nearest_starts(g, target, latents(512, 2), 4)
    features = (lambda x: x.flatten(1)[:, ::3]) if seen else None
    found = list(project(g, target, starts, steps=200, features=features))
    assert len(found) == 200
    assert found[-1].psnr > 40
    assert torch.allclose(g(found[-1].latent[None])[0].clamp(-1, 1), found[-1].picture)
    losses = [p.loss for p in found]
    assert losses == sorted(losses, reverse=True)  # what is shown never gets worse


def test_the_nearest_start_is_the_planted_one() -> None:
    g = generator()
    candidates = latents(300, 3)
    assert torch.equal(nearest_starts(g, g(candidates[[123]])[0], candidates, 1)[0], candidates[123])


def test_what_is_tied_stays_and_the_caller_may_stop() -> None:
    g = generator()
    told = torch.tensor([[0.0, 1.0]])
    starts = latents(1, 4)[:, :4]
    target = g(torch.cat([latents(1, 5)[:, :4], told], 1))[0]
    search = project(g, target, starts, steps=100, tied=told)
    first = next(search)
    assert first.step == 1
    assert first.latent.shape == (4,)
    later = next(p for p in search if p.step == 60)
    assert later.loss < first.loss
    search.close()
    with pytest.raises(ConfigError, match="at least one"):
        next(project(g, target, starts, steps=0, tied=told))


def test_the_same_search_twice() -> None:
    g = generator()
    target = g(latents(1, 1))[0]
    one, other = (list(project(g, target, latents(2, 2), steps=20))[-1] for _ in range(2))
    assert torch.equal(one.latent, other.latent)

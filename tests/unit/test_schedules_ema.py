"""Schedules in closed form, and the average's half-life."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gan_core.config import RunConfig, field, replace
from gan_core.ema import Ema
from gan_core.schedules import beta2, ema_decay, factor, half_life

SCHEDULES = [code for code in field("schedule").spec.codes if code != "constant"]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("final", [0.0, 0.02, 1.0])
def test_from_one_to_the_final_share(schedule: str, final: float) -> None:
    assert factor(schedule, 0, 1000, final) == 1
    assert factor(schedule, 500, 1000, final) == pytest.approx((1 + final) / 2)
    assert factor(schedule, 1000, 1000, final) == pytest.approx(final)
    assert factor(schedule, 10**9, 1000, final) == pytest.approx(final)
    values = [factor(schedule, n, 1000, final) for n in range(0, 1100, 50)]
    assert values == sorted(values, reverse=True)


def test_closed_forms() -> None:
    assert factor("linear", 250, 1000, 0.2) == pytest.approx(0.8)
    assert factor("cosine", 250, 1000, 0.0) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert factor("constant", 250, 1000, 0.2) == 1


@pytest.mark.parametrize("schedule", field("schedule").spec.codes)
def test_without_a_horizon_nothing_moves(schedule: str) -> None:
    assert factor(schedule, 10**6, 0, 0.1) == 1


@given(st.integers(1, 4096), st.floats(100, 1e7))
def test_half_is_left_after_the_half_life(batch: int, half_life: float) -> None:
    steps = half_life / batch
    assert ema_decay(batch, 10**12, half_life, 0.0) ** steps == pytest.approx(0.5, rel=1e-6)


def test_no_average_and_the_ramp() -> None:
    assert ema_decay(64, 1000, 0.0, 0.0) == 0
    assert ema_decay(64, 0, 500.0, 0.05) == 0
    assert ema_decay(64, 1000, 500.0, 0.05) == pytest.approx(0.5 ** (64 / 50))  # the half-life is 5 % of what was seen
    assert ema_decay(64, 10**6, 500.0, 0.05) == pytest.approx(0.5 ** (64 / 500))


def test_the_schedules_of_r3gan() -> None:
    """v₁ + (v₀ − v₁)(1 + cos πt)/2 for each: β₂ .9 → .99, the half-life 0 → all of it, and penalty and rate by their shares."""
    c = replace(RunConfig(), {"schedule": "cosine", "horizon": 1000, "g_optimizer.beta2": 0.9, "beta2_final": 0.99, "ema_first": 0.0,
                              "ema_half_life": 500.0})  # fmt: skip
    for images in (0, 100, 500, 900, 1000, 5000):
        falls = (1 + math.cos(math.pi * min(images / 1000, 1))) / 2
        assert beta2(0.9, c.beta2_final, c.schedule, images, c.horizon) == pytest.approx(0.99 + (0.9 - 0.99) * falls)
        assert half_life(c, images) == pytest.approx(500 * (1 - falls))
    assert half_life(replace(c, {"ema_first": 0.5}), 0) == pytest.approx(250)
    assert half_life(replace(c, {"ema_first": 1.0}), 300) == 500


def test_what_the_schedule_leaves_alone() -> None:
    c = replace(RunConfig(), {"ema_first": 0.0, "ema_half_life": 500.0})
    for more in ({"schedule": "constant", "horizon": 1000}, {"schedule": "cosine", "horizon": 0}):
        assert half_life(replace(c, more), 700) == 500
        assert beta2(0.9, 0.99, more["schedule"], 700, more["horizon"]) == 0.9
    assert beta2(0.9, 0.0, "cosine", 700, 1000) == 0.9  # 0: as at the start


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_parameters_are_averaged_and_buffers_copied() -> None:
    source = net()
    ema = Ema(source)
    start = {name: p.detach().clone() for name, p in source.named_parameters()}
    for _ in range(4):
        with torch.no_grad():
            for p in source.parameters():
                p.add_(1)
        source(torch.randn(8, 2))
        ema.update(0.75)
    # After k updates towards start + 1 … start + k: start + Σ 0.25 · 0.75^(k − i) · i
    moved = sum(0.25 * 0.75 ** (4 - i) * i for i in range(1, 5))
    for name, p in ema.module.named_parameters():
        assert torch.allclose(p, start[name] + moved, atol=1e-6)
        assert not p.requires_grad
    for ours, theirs in zip(ema.module.buffers(), source.buffers(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()
    assert not ema.module.training
    assert source.training


def test_without_averaging_it_is_the_living_network() -> None:
    source = net()
    ema = Ema(source)
    with torch.no_grad():
        for p in source.parameters():
            p.normal_()
    ema.update(0.0)
    assert all(torch.equal(a, b) for a, b in zip(ema.module.parameters(), source.parameters(), strict=True))


def test_half_life_of_a_jump() -> None:
    """A weight that jumps from 0 to 1: after one half-life of images the average is half-way."""
    source = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        source.weight.zero_()
    ema = Ema(source)
    with torch.no_grad():
        source.weight.fill_(1)
    for _ in range(100):
        ema.update(ema_decay(50, 10**9, 5000.0, 0.05))
    assert float(ema.module.weight) == pytest.approx(0.5, abs=1e-5)

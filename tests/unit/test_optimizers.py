"""Optimisers against their formulas, in the trainer, in every memory layout, and with settings that change on the way."""

from __future__ import annotations

from typing import Any

import _tiny
import pytest
import torch
from torch import Tensor, nn

import gan_core.presets  # noqa: F401 - fills the registries
from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.optimizers import apply_settings
from gan_core.schedules import optimizer_at

OPTIMIZERS = list(registry.optimizer)
F64 = torch.float64


def _adam(w: Tensor, g: Tensor, s: dict[str, Any], c: Any) -> Tensor:
    s["t"] = s.get("t", 0) + 1
    s["m"] = c.beta1 * s.get("m", 0) + (1 - c.beta1) * g
    s["v"] = c.beta2 * s.get("v", 0) + (1 - c.beta2) * g * g
    m, v = s["m"] / (1 - c.beta1 ** s["t"]), s["v"] / (1 - c.beta2 ** s["t"])
    return w - c.lr * m / (v.sqrt() + 1e-8)


def _sgd(w: Tensor, g: Tensor, s: dict[str, Any], c: Any) -> Tensor:
    s["v"] = c.momentum * s["v"] + g if "v" in s else g
    return w - c.lr * s["v"]


def _rmsprop(w: Tensor, g: Tensor, s: dict[str, Any], c: Any) -> Tensor:
    s["v"] = c.beta2 * s.get("v", 0) + (1 - c.beta2) * g * g
    step = g / (s["v"].sqrt() + 1e-8)
    s["b"] = c.momentum * s.get("b", 0) + step
    return w - c.lr * s["b"]


FORMULAS = {"adam": _adam, "sgd": _sgd, "rmsprop": _rmsprop}


def settings_for(name: str, **more: Any) -> Any:
    base = {"name": name, "lr": 0.01, "beta1": 0.5, "beta2": 0.9, "momentum": 0.3} | more
    return replace(RunConfig(), {f"g_optimizer.{k}": v for k, v in base.items()}).g_optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_formula(name: str) -> None:
    assert name in FORMULAS, f"a new optimiser needs its independent formula here: {name}"
    c, rng, state = settings_for(name), torch.Generator().manual_seed(0), {}
    weight = nn.Parameter(torch.randn(5, dtype=F64, generator=rng))
    expected = weight.detach().clone()
    built = registry.optimizer[name].value([weight], c)
    for _ in range(6):
        gradient = torch.randn(5, dtype=F64, generator=rng)
        weight.grad = gradient.clone()
        built.step()
        expected = FORMULAS[name](expected, gradient, state, c)
        assert torch.allclose(weight.detach(), expected, rtol=1e-10)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("first", [{"momentum": 0.0}, {"beta1": 0.0, "momentum": 0.5}])
def test_settings_that_change_on_the_way(name: str, first: dict[str, float]) -> None:
    """New betas or momentum act from the next step on; averages stay, and one that did not exist starts at nothing."""
    weight = nn.Parameter(torch.ones(3, dtype=F64))
    built = registry.optimizer[name].value([weight], settings_for(name, **first))
    for _ in range(2):
        weight.grad = torch.full((3,), 0.5, dtype=F64)
        built.step()
    after = settings_for(name, beta1=0.8, beta2=0.95, momentum=0.9)
    apply_settings(built, after)
    for _ in range(3):
        before = weight.detach().clone()
        weight.grad = torch.full((3,), 0.5, dtype=F64)
        built.step()
        assert torch.isfinite(weight).all()
        assert not torch.equal(before, weight)
    group = built.param_groups[0]
    assert group.get("betas", (0.8, 0.95)) == (0.8, 0.95)
    assert group.get("momentum", 0.9) == 0.9


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("player", ["g", "d"])
def test_every_kind_of_momentum_can_be_switched_on_and_off_in_a_run(name: str, player: str) -> None:
    key = f"{player}_optimizer"
    config = _tiny.points(**{f"{key}__name": name, f"{key}__momentum": 0.0, f"{key}__beta1": 0.0})
    trainer = _tiny.trained(config, 2)
    for momentum in (0.9, 0.0, 0.5):
        config = replace(config, {f"{key}.momentum": momentum, f"{key}.beta1": momentum})
        trainer.change(config)
        for _ in range(2):
            trainer.step()
    assert trainer.read_stats().finite


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("make", [_tiny.points, _tiny.pictures])
def test_a_step_of_the_trainer_is_the_formula(name: str, make: Any, spectral: bool) -> None:
    """Convolutions are kept channels-last: weights, gradients and averages must be paired up all the same."""
    c = {
        f"{player}_optimizer__{key}": value
        for player in "gd"
        for key, value in (("name", name), ("beta1", 0.5), ("momentum", 0.3))
    }
    more = {"data__image_size": 28} if make is _tiny.pictures else {}
    config = make(generator__norm="batch", discriminator__spectral_norm=spectral, **c, **more)
    trainer = _tiny.trained(config, 0)
    parameters = [*trainer.g.parameters(), *trainer.d.parameters()]
    states: list[dict[str, Any]] = [{} for _ in parameters]
    for _ in range(3):
        before = [p.detach().clone() for p in parameters]
        trainer.step()
        for old, p, state in zip(before, parameters, states, strict=True):
            assert p.grad is not None
            expected = FORMULAS[name](old, p.grad, state, config.g_optimizer)
            assert torch.allclose(p.detach(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rates_differ_between_the_players(name: str) -> None:
    config = _tiny.points(
        g_optimizer__name=name, d_optimizer__name="sgd", g_optimizer__lr=1e-6, d_optimizer__lr=0.5, penalty="none"
    )
    one = _tiny.trained(config, 0)
    g, d = ([p.detach().clone() for p in net.parameters()] for net in (one.g, one.d))
    one.step()
    moved_g = max(float((p - q).abs().max()) for p, q in zip(one.g.parameters(), g, strict=True))
    moved_d = max(float((p - q).abs().max()) for p, q in zip(one.d.parameters(), d, strict=True))
    assert 0 < moved_g < 2e-5 < moved_d


@pytest.mark.parametrize("name", [e.name for e in registry.optimizer.entries() if "beta2" in e.info["uses"]])
def test_beta2_on_a_schedule_is_torchs_optimiser_with_other_betas_at_every_step(name: str) -> None:
    """The run against torch's own optimiser, whose group is told another β₂ before each step; and so the compiled step's formula."""
    c = {
        f"{p}_optimizer__{key}": value for p in "gd" for key, value in (("name", name), ("beta1", 0.3), ("beta2", 0.5))
    }
    config = _tiny.points(schedule="linear", horizon=96, beta2_final=0.99, lr_final=0.5, **c)
    trainer = _tiny.trained(config, 0)
    update = registry.optimizer[name].info["update"]
    players = [(trainer.g, "g_optimizer"), (trainer.d, "d_optimizer")]
    theirs = [[nn.Parameter(p.detach().double().clone()) for p in net.parameters()] for net, _ in players]
    ours = [[p.detach().clone() for p in own] for own in theirs]
    slots = [[[torch.zeros_like(p) for _ in update.slots] for p in own] for own in ours]
    torchs = [_torchs(name)(own, lr=1.0) for own in theirs]
    for step in range(8):
        share = min(step * 16 / 96, 1.0)
        beta2, lr = 0.5 + 0.49 * share, 1e-3 * (1 - 0.5 * share)
        trainer.step()
        for i, (net, key) in enumerate(players):
            part = getattr(config, key)
            for group in torchs[i].param_groups:
                group.update({"lr": lr, **({"betas": (0.3, beta2)} if name == "adam" else {"alpha": beta2})})
            numbers = update.numbers(optimizer_at(part, config, step * 16), lr, step + 1)
            for p, q, r, s in zip(net.parameters(), theirs[i], ours[i], slots[i], strict=True):
                q.grad = p.grad.double()
                update.apply(r, q.grad, s, [torch.tensor(n, dtype=F64) for n in numbers])
            torchs[i].step()
            for p, q, r in zip(net.parameters(), theirs[i], ours[i], strict=True):
                assert torch.allclose(r, q.detach(), rtol=1e-10, atol=1e-12)
                assert torch.allclose(p.detach().double(), q.detach(), rtol=1e-4, atol=1e-5)


def _torchs(name: str) -> Any:
    return {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[name]

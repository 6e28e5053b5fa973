"""Networks that translate pictures: shapes, what a patch sees, what bridges carry, where their randomness comes from."""

from __future__ import annotations

import copy

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core import registry
from gan_core.config import NORMS, RunConfig
from gan_core.layers import layers
from gan_core.memory import estimate
from gan_core.networks import build_discriminator, build_generator, couples_samples, on_meta, uses
from gan_core.networks.translation import PATCHES, Both, Dropout, Level

GENERATORS = [e.name for e in registry.network.entries() if e.info.get("plays") == ("generator",)]


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cycle(**changes: object) -> RunConfig:
    return _tiny.pairs(**{"data__name": "noisy", "data__image_size": 32, "method": "cyclegan", **changes})


@pytest.mark.parametrize("network", GENERATORS)
@pytest.mark.parametrize("size", [16, 28, 32, 64])
def test_every_size_and_both_directions(network: str, size: int) -> None:
    for direction, given, made in (("there", 1, 3), ("back", 3, 1)):
        c = _tiny.pairs(data__name="grey", data__image_size=32, data__direction=direction, generator__network=network)
        g, d = build_generator(c, (made, size, size), rng()), build_discriminator(c, (made, size, size), rng(1))
        x = torch.randn(2, given, size, size, generator=rng(2))
        out = g(x)
        assert out.shape == (2, made, size, size)
        assert float(out.detach().abs().max()) <= 1
        logits = d(out, x)
        assert logits.shape[0] == 2
        gradients = torch.autograd.grad(logits.sum(), [*g.parameters(), *d.parameters()], allow_unused=True)
        assert all(g is not None and torch.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("patch", list(PATCHES))
def test_an_output_of_d_sees_a_patch(patch: int) -> None:
    c = _tiny.pairs(discriminator__patch=patch, discriminator__norm="none")
    d = build_discriminator(c, (1, 128, 128), rng()).double()
    x = torch.randn(1, 1, 128, 128, generator=rng(1), dtype=torch.float64, requires_grad=True)
    logits = d(x, torch.zeros_like(x))
    (gradient,) = torch.autograd.grad(logits[0, logits.shape[1] // 2 + int(logits.shape[1] ** 0.5) // 2], x)
    rows, columns = np.nonzero(gradient[0, 0].numpy())
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == patch


def test_bridges_carry_what_stays_in_place() -> None:
    """With the inner levels silenced, a U-Net still sees its input at full detail; the residual one has no such way."""
    c = _tiny.pairs(generator__norm="none")
    g = build_generator(c, (1, 32, 32), rng())
    assert isinstance(g, Level)
    inner = g.inner
    assert isinstance(inner, Level)
    for p in inner.up.parameters():
        nn.init.zeros_(p)
    x = torch.randn(1, 1, 32, 32, generator=rng(1), requires_grad=True)
    (gradient,) = torch.autograd.grad(g(x)[0, 0, 16, 16], x)
    assert float(gradient.abs().sum()) > 0
    assert np.count_nonzero(gradient) <= 8 * 8  # through one bridge: near by only


@pytest.mark.parametrize("cycles", [False, True])
def test_first_weights_come_from_the_runs_generator_alone(cycles: bool) -> None:
    c = cycle() if cycles else _tiny.pairs()
    shape = (3, 32, 32) if cycles else (1, 28, 28)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = build_generator(c, shape, rng(7)).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    _tiny.assert_same(dict(one), dict(build_generator(c, shape, rng(7)).state_dict()))
    if cycles:
        assert any(not torch.equal(one[n], one[n.replace("there", "back")]) for n in one if n.startswith("there"))


@pytest.mark.parametrize("norm", list(NORMS))
def test_who_couples_samples(norm: str) -> None:
    d = build_discriminator(cycle(discriminator__norm=norm), (3, 32, 32), rng())
    one, others = torch.randn(1, 3, 32, 32, generator=rng(1)), torch.randn(3, 3, 32, 32, generator=rng(2))
    with torch.no_grad():
        among, elsewhere = d(torch.cat([one, others]))[0], d(torch.cat([one, others * 3 + 1]))[0]
    assert couples_samples(d) is (norm == "batch")
    assert (float((among - elsewhere).abs().max()) > 1e-5) is couples_samples(d)


def test_spectral_norm() -> None:
    d = build_discriminator(cycle(discriminator__spectral_norm=True), (3, 32, 32), rng())
    assert isinstance(d, Both)
    for seed in range(60):
        x = torch.randn(2, 3, 32, 32, generator=rng(seed))
        d.there(x), d.back(x)
    for layer in [m for m in d.eval().modules() if isinstance(m, nn.Conv2d)]:
        matrix = layer.weight.detach().flatten(1).double().numpy()
        assert np.linalg.svd(matrix, compute_uv=False)[0] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("network", GENERATORS)
def test_what_a_family_does_not_use_is_ignored(network: str) -> None:
    base = _tiny.pairs(generator__network=network)
    changes = {
        "width": 12,
        "norm": "layer",
        "upsampling": "nearest",
        "blocks": 1,
        "dropout": 0.5,
        "activation": "silu",
        "mapping": 1,
    }
    for name, value in changes.items():
        other = _tiny.pairs(generator__network=network, **{f"generator__{name}": value})
        plain, changed = (repr(build_generator(c, (1, 28, 28), rng())) for c in (base, other))
        assert (plain != changed) is uses(network, name), name


def test_dropout_draws_from_its_generator_and_keeps_the_mean() -> None:
    layer, x = Dropout(0.25), torch.ones(100, 1000)
    assert layer(x) is x  # without a generator it does nothing
    layer.rng = rng(3)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    out = layer(x)
    assert torch.equal(before, torch.get_rng_state())
    assert float((out == 0).float().mean()) == pytest.approx(0.25, abs=0.005)
    assert float(out.mean()) == pytest.approx(1, abs=0.01)
    layer.rng = rng(3)
    assert torch.equal(layer(x), out)
    assert layer.eval()(x) is x
    assert copy.deepcopy(layer).train()(x) is x


def test_both_is_one_player() -> None:
    g = build_generator(cycle(), (3, 32, 32), rng())
    assert isinstance(g, Both)
    x: Tensor = torch.randn(1, 3, 32, 32, generator=rng(1))
    assert torch.equal(g(x), g.there(x))
    assert not torch.equal(g(x), g.back(x))


def test_counting_needs_no_memory_and_more_needs_more() -> None:
    for c, shape in ((_tiny.pairs(generator__width=512), (1, 28, 28)), (cycle(generator__width=256), (3, 32, 32))):
        for net in on_meta(c, shape):
            assert all(p.is_meta for p in net.parameters())
            assert len(layers(net)) >= 3
    assert estimate(cycle()) > estimate(_tiny.pairs(data__name="noisy", data__image_size=32))
    assert estimate(cycle(identity_weight=0.0)) < estimate(cycle())
    assert estimate(_tiny.pairs(batch_size=64)) > estimate(_tiny.pairs())

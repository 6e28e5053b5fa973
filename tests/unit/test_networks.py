"""Every family of networks at every size, and what their first weights depend on."""

from __future__ import annotations

import itertools

import _tiny
import numpy as np
import pytest
import torch
from torch import nn

import gan_core.presets  # noqa: F401 - fills the registries
from gan_core import registry
from gan_core.config import ACTIVATIONS, NORMS, SIZES, UPSAMPLINGS, RunConfig, replace
from gan_core.networks import build_discriminator, build_generator, couples_samples, on_meta, uses
from gan_core.networks.begins import Begins

PICTURE_FAMILIES = [e.name for e in registry.network.entries() if "images" in e.info["kinds"]]
POINT_FAMILIES = [e.name for e in registry.network.entries() if "points" in e.info["kinds"]]
FAMILIES = [
    *POINT_FAMILIES,
    *(f for f in PICTURE_FAMILIES if f not in POINT_FAMILIES),
]  # what translates: test_translation_networks.py
TINY = {"generator.hidden": (4,), "discriminator.hidden": (4,), "generator.width": 4, "discriminator.width": 4, "latent.dim": 3,
        "penalty": "none"}  # fmt: skip


def config(family: str, **changes: object) -> RunConfig:
    """Networks of one family. Points stay the data: the shape is given to the builders apart from it."""
    parts = {"generator.network": family, "discriminator.network": family}
    data = {} if "points" in registry.network[family].info["kinds"] else {"data.name": "digits"}
    return replace(RunConfig(), TINY | parts | data | {k.replace("__", "."): v for k, v in changes.items()})


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def check(c: RunConfig, shape: tuple[int, ...]) -> None:
    """Shapes, range and finiteness of one pair of networks."""
    g, d = build_generator(c, shape, rng()), build_discriminator(c, shape, rng(1))
    samples = g(torch.randn(3, c.latent.dim, generator=rng(2)) * 10)
    bounded = registry.network[c.generator.network].info.get("bounded", True)
    assert samples.shape == (3, *shape)
    if len(shape) == 3 and bounded:
        assert float(samples.detach().abs().max()) <= 1
    logits = d(samples)
    assert logits.shape == (3,)
    assert torch.isfinite(logits).all()
    gradients = torch.autograd.grad(logits.sum(), [*g.parameters(), *d.parameters()])  # every parameter takes part
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("family", PICTURE_FAMILIES)
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size(family: str, size: int, channels: int) -> None:
    check(config(family), (channels, size, size))


@pytest.mark.parametrize("family", [f for f in PICTURE_FAMILIES if uses(f, "norm")])
@pytest.mark.parametrize("size", [8, 28])
def test_every_norm_activation_and_upsampling(family: str, size: int) -> None:
    for norm, activation, up in itertools.product(NORMS, ACTIVATIONS, UPSAMPLINGS):
        players = {
            f"{p}__{n}": v
            for p in ("generator", "discriminator")
            for n, v in (("norm", norm), ("activation", activation))
        }
        check(config(family, generator__upsampling=up, **players), (1, size, size))


@pytest.mark.parametrize("family", POINT_FAMILIES)
@pytest.mark.parametrize("hidden", [(), (5,), (4, 6, 4)])
def test_points(family: str, hidden: tuple[int, ...]) -> None:
    for norm, activation in itertools.product(NORMS, ACTIVATIONS):
        players = {f"{p}__{n}": v for p in ("generator", "discriminator")
                   for n, v in (("hidden", hidden), ("norm", norm), ("activation", activation))}  # fmt: skip
        check(config(family, **players), (2,))


def test_points_are_not_squeezed_into_a_range() -> None:
    g = build_generator(config("mlp"), (2,), rng())
    assert float(g(torch.randn(50, 3, generator=rng(3)) * 1000).detach().abs().max()) > 1


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("spectral", [False, True])
def test_first_weights_come_from_the_runs_generator_alone(family: str, spectral: bool) -> None:
    c = config(family, discriminator__spectral_norm=spectral)
    shape = (1, 8, 8) if "images" in registry.network[family].info["kinds"] else (2,)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = build_generator(c, shape, rng(7)).state_dict() | build_discriminator(c, shape, rng(8)).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)  # another global state, the same networks
    two = build_generator(c, shape, rng(7)).state_dict() | build_discriminator(c, shape, rng(8)).state_dict()
    _tiny.assert_same(dict(one), dict(two))
    other = build_generator(c, shape, rng(9)).state_dict()
    assert any(not torch.equal(other[name], one[name]) for name in other if name in one)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_does_not_use_is_ignored(family: str) -> None:
    """The settings of another family, which the page does not show, change nothing."""
    changes = {"hidden": (7,), "width": 12, "norm": "layer", "activation": "silu", "upsampling": "nearest", "attention": True,
               "spectral_norm": True, "blocks": 1}  # fmt: skip
    shape = (1, 28, 28) if "images" in registry.network[family].info["kinds"] else (2,)
    for player, build in (("generator", build_generator), ("discriminator", build_discriminator)):
        for name in [n for n in changes if hasattr(getattr(config(family), player), n)]:
            changed = config(family, **{f"{player}__{name}": changes[name]})
            plain, other = build(config(family), shape, rng()), build(changed, shape, rng())
            assert (_structure(plain) != _structure(other)) is uses(family, name)


def _structure(net: nn.Module) -> tuple[str, dict[str, torch.Size]]:
    return repr(net), {name: tensor.shape for name, tensor in net.state_dict().items()}


@pytest.mark.parametrize("family", FAMILIES)
def test_first_weights_have_torchs_own_spread(family: str) -> None:
    """Uniform in ±1/√fan_in: the same bound and variance as torch's default initialisation of the same layers."""
    shape = (1, 8, 8) if "images" in registry.network[family].info["kinds"] else (2,)
    c = config(
        family, generator__hidden=(64, 64), discriminator__hidden=(64, 64), generator__width=16, discriminator__width=16
    )
    for ours in (build_generator(c, shape, rng()), build_discriminator(c, shape, rng())):
        for layer in ours.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)) and not isinstance(layer, Begins):
                weight = layer.weight.detach().clone()
                layer.reset_parameters()  # torch's
                bound = float(layer.weight.detach().abs().max())
                assert float(weight.abs().max()) <= max(bound * 1.1, bound + 0.05)
                if weight.numel() > 500:
                    assert float(weight.std()) == pytest.approx(float(layer.weight.detach().std()), rel=0.15)


@pytest.mark.parametrize("family", [f for f in FAMILIES if uses(f, "spectral_norm")])
def test_spectral_norm(family: str) -> None:
    """After some forward passes the largest singular value of every weight matrix is 1 (numpy's decomposition)."""
    shape = (1, 8, 8) if "images" in registry.network[family].info["kinds"] else (2,)
    c = config(family, discriminator__spectral_norm=True, discriminator__hidden=(16, 16))
    d = build_discriminator(c, shape, rng())
    for seed in range(40):
        d(torch.randn(2, *shape, generator=rng(seed)))
    d.eval()
    layers = [m for m in d.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    assert layers
    for layer in layers:
        matrix = layer.weight.detach().flatten(1).double().numpy()
        assert np.linalg.svd(matrix, compute_uv=False)[0] == pytest.approx(1, abs=0.02)


def test_spectral_norm_is_what_is_asked_for_only() -> None:
    plain = build_discriminator(config("mlp"), (2,), rng())
    assert not any("parametrizations" in name for name, _ in plain.named_parameters())
    normalised = build_discriminator(config("mlp", discriminator__spectral_norm=True), (2,), rng())
    assert all("parametrizations" in name for name, _ in normalised.named_parameters() if name.endswith("original"))
    assert sum(name.endswith("original") for name, _ in normalised.named_parameters()) == 2


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("norm", list(NORMS))
def test_who_couples_samples(family: str, norm: str) -> None:
    """A sample's logit depends on its companions exactly where `couples_samples` says so."""
    shape = (1, 28, 28) if "images" in registry.network[family].info["kinds"] else (2,)
    d = build_discriminator(config(family, discriminator__norm=norm), shape, rng())
    one, others = torch.randn(1, *shape, generator=rng(1)), torch.randn(3, *shape, generator=rng(2))
    with torch.no_grad():
        among = d(torch.cat([one, others]))[0]
        elsewhere = d(torch.cat([one, others * 3 + 1]))[0]
    assert couples_samples(d) is (norm == "batch" and uses(family, "norm"))
    assert (float((among - elsewhere).abs()) > 1e-5) is couples_samples(d)


@pytest.mark.parametrize("family", FAMILIES)
def test_counting_needs_no_memory(family: str) -> None:
    shape = (1, 8, 8) if "images" in registry.network[family].info["kinds"] else (2,)
    for net in on_meta(config(family, generator__hidden=(2048,) * 8, generator__width=512), shape):
        assert all(p.is_meta for p in net.parameters())

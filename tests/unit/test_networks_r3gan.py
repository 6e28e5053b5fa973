"""R3GAN's networks against its formulas: resampling, first weights, and the number of parameters."""

from __future__ import annotations

import itertools
import math

import _tiny
import numpy as np
import pytest
import torch
from scipy import signal
from torch import nn

from gan_core import presets
from gan_core.config import SIZES, RunConfig, replace
from gan_core.errors import ConfigError
from gan_core.memory import estimate
from gan_core.networks import build_discriminator, build_generator, on_meta
from gan_core.networks.begins import ScaledConv
from gan_core.networks.r3gan import Basis, Block, groups, sizes
from gan_core.networks.resampling import Blur, Down, Up
from gan_core.trainer import Trainer

TAPS = np.array([1, 3, 3, 1]) / 8
BASE = {"data.name": "digits", "generator.network": "r3gan", "discriminator.network": "r3gan", "latent.dim": 8}


def config(**changes: object) -> RunConfig:
    return replace(RunConfig(), BASE | {name.replace("__", "."): value for name, value in changes.items()})


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [4, 7, 10])
def test_up_is_zeros_between_pixels_and_the_filter(size: int) -> None:
    x = torch.randn(2, 3, size, size, dtype=torch.float64, generator=rng())
    found = Up().double()(x)
    for i, j in np.ndindex(2, 3):
        expected = signal.upfirdn(2 * TAPS, signal.upfirdn(2 * TAPS, x[i, j].numpy(), 2, axis=0), 2, axis=1)
        assert np.allclose(found[i, j], expected[1:-1, 1:-1])  # upfirdn gives the whole of it, one more on each side


@pytest.mark.parametrize("size", [4, 6, 14])
def test_down_is_the_filter_and_every_second_pixel(size: int) -> None:
    x = torch.randn(2, 3, size, size, dtype=torch.float64, generator=rng())
    found = Down().double()(x)
    for i, j in np.ndindex(2, 3):
        blurred = signal.convolve2d(x[i, j].numpy(), np.outer(TAPS, TAPS))  # with zeros beyond the border
        assert np.allclose(found[i, j], blurred[2:-1:2, 2:-1:2])


def test_blur_is_the_filter() -> None:
    x = torch.randn(2, 3, 9, 9, dtype=torch.float64, generator=rng())
    found = Blur().double()(x)
    for i, j in np.ndindex(2, 3):
        assert np.allclose(found[i, j], signal.convolve2d(x[i, j].numpy(), 4 * np.outer(TAPS, TAPS))[2:-2, 2:-2])


def test_up_is_the_transpose_of_down_but_for_its_gain() -> None:
    x, y = torch.randn(1, 2, 8, 8, generator=rng()), torch.randn(1, 2, 4, 4, generator=rng(1))
    assert float((Down()(x) * y).sum() * 4) == pytest.approx(float((x * Up()(y)).sum()), rel=1e-5)


@pytest.mark.parametrize("blocks", [1, 4, 20])
def test_a_block_begins_as_nothing_and_its_branch_keeps_the_variance(blocks: int) -> None:
    """√(2/1.04) · L^(−1/4) in two layers: the branch has 1/√L of the variance before its last layer, and that begins as 0."""
    block = Block(64, blocks)
    for layer in block.modules():
        if isinstance(layer, ScaledConv):
            layer.begin(rng())
            assert layer.bias is None or not layer.bias.any()
            if layer.gain:
                fan_in = layer.weight[0].numel()
                expected = math.sqrt(2 / 1.04) * blocks**-0.25 / math.sqrt(fan_in)
                assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.05)
    x = torch.randn(64, 64, 10, 10, generator=rng(1))
    assert torch.equal(block(x), x)
    inside = block.body[:3](x)[:, :, 2:-2, 2:-2]  # in front of the second activation, away from the border
    power = float(block.body[1](block.body[0](x)).detach().square().mean())
    # He et al. 2015, equation 8: E[y²] = gain² E[φ(x)²], and φ leaves (1 + 0.2²)/2 of a symmetric input's.
    assert power == pytest.approx(blocks**-0.5, rel=0.1)
    assert float(inside.detach().square().mean()) == pytest.approx(2 / 1.04 * blocks**-0.5 * power, rel=0.1)


@pytest.mark.parametrize("size", [16, 28])
def test_first_pictures_and_logits_have_the_variance_of_their_inputs(size: int) -> None:
    c = config(generator__width=64, discriminator__width=64, latent__dim=64)
    g, d = build_generator(c, (3, size, size), rng()), build_discriminator(c, (3, size, size), rng(1))
    with torch.no_grad():
        basis = g[0](torch.randn(400, 64, generator=rng(2)))
        assert float(basis.var()) == pytest.approx(1, rel=0.2)
        flat = torch.randn(200, 3, 1, 1, generator=rng(3)).expand(-1, -1, size, size)
        first = d[0](flat)
        assert float(first.var()) == pytest.approx(float(flat.var()), rel=0.5)
        assert 0.05 < float(d(torch.randn(60, 3, size, size, generator=rng(4))).std()) < 3


def test_groups_have_sixteen_channels_at_least() -> None:
    assert [groups(n) for n in (8, 16, 24, 32, 40, 56, 64, 1536)] == [1, 1, 1, 2, 2, 2, 4, 96]
    assert all(n % groups(n) == 0 and (n // groups(n) >= 16 or groups(n) == 1) for n in range(2, 600, 2))


def test_sizes() -> None:
    assert [sizes(size)[0] for size in SIZES] == [4, 4, 7, 4, 4, 4]
    assert sizes(28) == [7, 14, 28]
    assert sizes(32) == [4, 8, 16, 32]


@pytest.mark.parametrize(
    ("size", "width", "blocks", "channels"), [(16, 8, 1, 1), (28, 16, 2, 1), (32, 64, 2, 3), (128, 4, 1, 3)]
)
def test_the_number_of_parameters(size: int, width: int, blocks: int, channels: int) -> None:
    """Σ over sizes: blocks of 1×1 (C → 2C with bias), 3×3 in groups (with bias), 1×1 (2C → C); 1×1 between different widths; ends."""
    sides = sizes(size)
    widths = [min(width * 2**i, 8 * width) for i in range(len(sides))]
    body = 0
    for w in widths:
        inner = 2 * w
        body += blocks * (w * inner + inner + inner * (inner // groups(inner)) * 9 + inner + inner * w)
    between = sum(a * b for a, b in itertools.pairwise(widths) if a != b)
    last, side, z = widths[-1], sides[0], 8
    g = body + between + last * side**2 + z * last + widths[0] * channels
    d = body + between + channels * widths[0] + last * side**2 + last
    nets = on_meta(config(generator__width=width, discriminator__width=width, generator__blocks=blocks, discriminator__blocks=blocks),
                   (channels, size, size))  # fmt: skip
    assert [sum(p.numel() for p in net.parameters()) for net in nets] == [g, d]


@pytest.mark.parametrize("size", list(SIZES))
def test_a_step_at_every_size(size: int) -> None:
    c = _tiny.pictures(
        generator__network="r3gan",
        discriminator__network="r3gan",
        generator__blocks=1,
        discriminator__blocks=1,
        batch_size=2,
    )

    trainer = _tiny.trained(c, 2, _tiny.images(size, 3))
    assert trainer.read_stats().finite
    drawn = trainer.sample(trainer.preview.latents[:3])
    assert drawn.shape == (3, 3, size, size)
    assert float(drawn.abs().max()) <= 1  # a picture, although the network has no bound
    if size <= 64:
        assert estimate(replace(c, {"data.name": "shapes" if size > 28 else "digits", "data.image_size": size})) > 0


def test_every_weight_but_the_closed_ones_has_a_gradient_at_once() -> None:
    c = config(generator__width=8, discriminator__width=8)
    d = build_discriminator(c, (1, 16, 16), rng())
    out = d(torch.randn(4, 1, 16, 16, generator=rng(1))).sum()
    found = torch.autograd.grad(out, list(d.parameters()))
    for (name, _), gradient in zip(d.named_parameters(), found, strict=True):
        closed = ".body.0." in name or ".body.2." in name  # behind a last layer that is still 0
        assert bool(gradient.any()) is not closed


@pytest.mark.parametrize("how", ["concat", "projection", "classifier"])
def test_told_the_class(how: str) -> None:
    c = config(generator__conditioning="concat", discriminator__conditioning=how, data__image_size=16)
    trainer = Trainer(replace(c, {"generator.width": 4, "discriminator.width": 4, "batch_size": 8}))
    before = trainer.sample(trainer.preview.latents)
    trainer.step()
    assert trainer.read_stats().finite
    changed = trainer.preview.latents.clone()
    changed[:, 8:] = changed[:, 8:].roll(1, 1)
    assert not torch.equal(before, trainer.sample(changed))


def test_it_has_no_normalisation_to_be_told_in() -> None:
    with pytest.raises(ConfigError, match=r"r3gan.*concat.*dcgan"):
        config(generator__conditioning="norm", discriminator__conditioning="projection", generator__norm="batch")


def test_what_it_does_not_use_is_no_obstacle() -> None:
    """Batch normalisation of another family does not stand in the way of a penalty."""
    c = config(
        discriminator__norm="batch", generator__spectral_norm=True, discriminator__spectral_norm=True, penalty="r1"
    )
    for net in (build_generator(c, (1, 8, 8), rng()), build_discriminator(c, (1, 8, 8), rng())):
        assert not any(isinstance(m, nn.BatchNorm2d) for m in net.modules())
        assert all("original" not in name for name, _ in net.named_parameters())


def test_the_basis_is_a_weighted_sum_of_nothing_but_its_pictures() -> None:
    basis = Basis(3, 2, 4)
    basis.begin(rng())
    basis.strength.begin(rng(1))
    z = torch.randn(5, 3, generator=rng(2))
    expected = torch.einsum("bi,ci,chw->bchw", z, basis.strength.weight, basis.pictures)
    assert torch.allclose(basis(z), expected, atol=1e-6)


def test_r3gan_for_cifar_builds_and_steps() -> None:
    c = replace(presets.load("r3gan_cifar"), {"device": "cpu", "batch_size": 8})
    assert estimate(presets.load("r3gan_cifar")) < 8e9
    rough = replace(
        c, {"generator.width": 8, "discriminator.width": 8, "generator.blocks": 1, "discriminator.blocks": 1}
    )
    trainer = _tiny.trained(replace(rough, {"accumulation": 1}), 2, _tiny.images(32, 3))
    assert trainer.read_stats().finite
    for net in on_meta(c, (3, 32, 32)):
        assert 3e6 < sum(p.numel() for p in net.parameters()) < 4e6

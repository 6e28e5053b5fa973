"""The style-based generator against its formulas: modulation, demodulation, mixing, truncation, noise, and the number of parameters."""

from __future__ import annotations

import itertools
import math
from typing import Any

import _tiny
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from gan_core.config import SIZES, RunConfig, replace
from gan_core.errors import ConfigError
from gan_core.memory import estimate
from gan_core.networks import build_generator, fill, on_meta
from gan_core.networks.equalized import Bend, EqualConv, EqualLinear
from gan_core.networks.modulated import ModulatedConv, Noise
from gan_core.networks.r3gan import sizes
from gan_core.networks.style import Mapping, Shrink, StyleGenerator
from gan_core.trainer import Trainer

TINY = {
    "generator__network": "style",
    "generator__width": 4,
    "discriminator__network": "dcgan",
    "latent__dim": 5,
    "generator__mapping": 2,
}


def config(**changes: Any) -> RunConfig:
    return _tiny.pictures(**TINY | changes)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def generator(shape: tuple[int, ...] = (1, 16, 16), **changes: Any) -> StyleGenerator:
    g = build_generator(config(**changes), shape, rng())
    assert isinstance(g, StyleGenerator)
    return g


def styles(n: int, g: StyleGenerator, seed: int = 1) -> Tensor:
    """Something else for each sample and layer."""
    return torch.randn(n, g.layers, g.dim, generator=rng(seed))


# ── modulated convolutions ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("demodulated", [False, True])
@pytest.mark.parametrize(("up", "size"), [(False, 3), (False, 1), (True, 3)])
def test_a_modulated_convolution_is_a_plain_one_with_weights_of_each_samples_own(
    up: bool, size: int, demodulated: bool
) -> None:
    """Equations 1 to 3 of the paper, sample by sample and weight by weight."""
    conv = fill(ModulatedConv(4, 6, size, dim=3, demodulated=demodulated, up=up), rng()).double()
    x, w = (
        torch.randn(5, 4, 8, 8, dtype=torch.float64, generator=rng(1)),
        torch.randn(5, 3, dtype=torch.float64, generator=rng(2)),
    )
    found = conv(x, w)
    for b in range(5):
        style = conv.style.weight @ w[b] / math.sqrt(3) + conv.style.bias
        weight = torch.empty_like(conv.weight)
        for o in range(6):
            for i in range(4):
                weight[o, i] = conv.weight[o, i] / math.sqrt(4 * size**2) * style[i]
            if demodulated:
                weight[o] = weight[o] / torch.sqrt(weight[o].square().sum() + 1e-8)
        if up:
            expected = conv.blur(conv_transpose2d(x[b : b + 1], weight.transpose(0, 1), stride=2))
        else:
            expected = conv2d(x[b : b + 1], weight, padding=size // 2)
        torch.testing.assert_close(found[b : b + 1], expected)


def test_demodulation_gives_the_variance_of_its_input() -> None:
    """Whatever the style: of input of variance 1 comes output of variance 1, away from the border."""
    conv = fill(ModulatedConv(32, 8, 3, dim=4), rng())
    x = torch.randn(1, 32, 102, 102, generator=rng(1))
    for seed, size in ((2, 1.0), (3, 10.0), (4, 0.2)):
        w = torch.randn(1, 4, generator=rng(seed)) * size
        with torch.no_grad():
            found = conv(x, w)[..., 1:-1, 1:-1].var((0, 2, 3))
        assert torch.allclose(found, torch.ones(8), rtol=0.1)


def test_noise_is_scaled_by_one_learned_number() -> None:
    noise = fill(Noise(4), rng())
    x, given = torch.randn(2, 3, 4, 4, generator=rng(1)), torch.randn(2, 1, 4, 4, generator=rng(2))
    assert torch.equal(noise(x, given), x)  # it begins at 0
    with torch.no_grad():
        noise.strength.fill_(0.5)
    assert torch.allclose(noise(x, given), x + 0.5 * given)
    assert torch.allclose(noise(x), x + 0.5 * noise.fixed)


# ── layers of equal speed ────────────────────────────────────────────────────────────────────────────────────────────────


def test_equalised_layers_keep_the_variance() -> None:
    linear, conv = fill(EqualLinear(200, 300, rate=0.1), rng()), fill(EqualConv(64, 64, 3), rng(1))
    with torch.no_grad():
        assert float(linear(torch.randn(200, 200, generator=rng(2))).var()) == pytest.approx(1, rel=0.05)
        out = conv(torch.randn(8, 64, 22, 22, generator=rng(3)))[..., 1:-1, 1:-1]
        assert float(out.var()) == pytest.approx(1, rel=0.05)
        assert float(Bend()(torch.randn(10_000, generator=rng(4))).square().mean()) == pytest.approx(
            1.04, rel=0.05
        )  # 2 · (1 + .04)/2
    assert float(linear.weight.detach().std()) == pytest.approx(10, rel=0.05)


def test_a_slow_layer_learns_at_its_rate() -> None:
    """The same output, and of the same step of Adam a tenth of the change."""
    moved = []
    for rate in (1.0, 0.1):
        layer = fill(EqualLinear(20, 30, bias=1.0, rate=rate), rng())
        x = torch.randn(6, 20, generator=rng(1))
        before = layer(x).detach()
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
        layer(x).sum().backward()
        optimizer.step()
        moved.append((before, layer(x).detach() - before))
    assert torch.allclose(moved[0][0], moved[1][0], atol=1e-5)
    assert torch.allclose(moved[1][1], 0.1 * moved[0][1], atol=1e-5)


def test_the_residual_part_of_d_keeps_the_variance() -> None:
    part = fill(Shrink(32, 32), rng())
    x = torch.randn(16, 32, 1, 1, generator=rng(1)).expand(-1, -1, 16, 16)
    with torch.no_grad():
        assert 0.5 < float(part(x)[..., 2:-2, 2:-2].var() / x.var()) < 1.5


# ── the generator ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_length_of_z_does_not_matter() -> None:
    mapping = fill(Mapping(6, 3), rng())
    z = torch.randn(4, 6, generator=rng(1))
    assert torch.allclose(mapping(z), mapping(7 * z), atol=1e-5)
    unmapped = Mapping(6, 0)(z)
    assert torch.allclose(unmapped.norm(dim=1), torch.full((4,), math.sqrt(6)), atol=1e-4)


def test_the_parts_by_themselves_are_the_whole() -> None:
    g = generator().eval()
    z = torch.randn(3, 5, generator=rng(1))
    w = g.mapping(z)
    assert torch.equal(g.synthesis(w[:, None].expand(-1, g.layers, -1)), g(z))
    assert len(g.layer_names) == g.layers == len(set(g.layer_names)) == 6


def test_each_style_decides_about_its_layers() -> None:
    """Another w for layer k changes what that layer draws, and the picture; the first layers' maps stay as they are."""
    g = generator().eval()
    ws = styles(2, g)
    plain = g.synthesis(ws)
    seen: dict[int, Tensor] = {}
    for j, conv in enumerate(g.convs):
        conv.register_forward_hook(lambda _m, _i, out, j=j: seen.__setitem__(j, out))
    for k in range(g.layers):
        g.synthesis(ws)
        before = dict(seen)
        other = ws.clone()
        other[:, k] += 1
        assert not torch.allclose(g.synthesis(other), plain)
        assert [j for j in before if not torch.equal(before[j], seen[j])] == list(range(k, len(g.convs)))


def test_truncation_pulls_styles_to_their_mean() -> None:
    g = generator().eval()
    with torch.no_grad():
        g.mean.normal_(generator=rng(3))
    z = torch.randn(4, 5, generator=rng(1))
    w = g.mapping(z)
    for psi in (0.0, 0.3, 1.0, 1.5):
        expected = torch.stack([g.mean + psi * (one - g.mean) for one in w])
        torch.testing.assert_close(g(z, psi), g.synthesis(expected[:, None].expand(-1, g.layers, -1)))
    assert torch.allclose(g(z, 0.0)[0], g(z, 0.0)[1], atol=1e-6)  # the mean picture
    assert torch.equal(g(z, 1.0), g(z))


def test_the_mean_style_is_an_average_of_training_batches_alone() -> None:
    g = generator().train()
    expected = torch.zeros(5)
    for seed in range(3):
        z = torch.randn(8, 5, generator=rng(seed))
        expected = expected + 0.005 * (g.mapping(z).detach().mean(0) - expected)
        g(z)
    torch.testing.assert_close(g.mean, expected)
    g.eval()(torch.randn(8, 5, generator=rng(9)))
    torch.testing.assert_close(g.mean, expected)


def test_mixing_changes_over_to_a_second_style_at_a_place_drawn_for_each_sample() -> None:
    g = generator(generator__style_mixing=0.5).eval()
    n = 400
    z, more = torch.randn(n, 5, generator=rng(1)), g.draw_beside(n, rng(2))
    one, two, u = g.mapping(z), g.mapping(more[:, -6:-1]), more[:, -1]
    ws = g._mixed(one[:, None].expand(-1, g.layers, -1), two, u[:, None])
    kept = [int((row == a).all(1).sum()) for row, a in zip(ws, one, strict=True)]
    for row, a, b, k in zip(ws, one, two, kept, strict=True):
        assert torch.equal(row[:k], a.expand(k, -1))
        assert torch.equal(row[k:], b.expand(g.layers - k, -1))
    counts = torch.bincount(torch.tensor(kept), minlength=g.layers + 1)
    assert counts[0] == 0  # the first layer follows the first style
    assert 0.4 < float(counts[-1]) / n < 0.6  # the share that is not mixed
    assert all(float(c) / n == pytest.approx(0.5 / (g.layers - 1), abs=0.06) for c in counts[1:-1])
    assert torch.equal(g(torch.cat([z, more], 1)).detach(), g.synthesis(ws, _maps(g, more)).detach())


def _maps(g: StyleGenerator, more: Tensor) -> list[Tensor]:
    sides = [4, 8, 8, 16, 16]
    parts = torch.split(more[:, : sum(s * s for s in sides)], [s * s for s in sides], 1)
    return [part.view(-1, 1, s, s) for part, s in zip(parts, sides, strict=True)]


def test_what_is_drawn_beside_the_latents() -> None:
    g, mixing = generator(), generator(generator__style_mixing=0.9)
    assert g.beside == 16 + 2 * (64 + 256)
    assert mixing.beside == g.beside + 5 + 1
    drawn = mixing.draw_beside(3000, rng())
    assert float(drawn[:, :-1].mean()) == pytest.approx(0, abs=0.01)
    assert float(drawn[:, :-1].std()) == pytest.approx(1, abs=0.01)
    assert 0 <= float(drawn[:, -1].min()) < 0.01 < 0.99 < float(drawn[:, -1].max()) < 1


@pytest.mark.parametrize(("size", "width", "depth", "channels"), [(16, 4, 2, 1), (28, 12, 0, 1), (64, 8, 8, 3)])
def test_the_number_of_parameters(size: int, width: int, depth: int, channels: int) -> None:
    """Mapping; the constant; for each 3×3 layer weights, an affine map of w, noise and bias; for each picture 1×1, map and bias."""
    sides = sizes(size)
    widths = [min(width * 2**i, 8 * width) for i in range(len(sides))][::-1]
    dim = 5

    def layer(n_in: int, n_out: int) -> int:
        return 9 * n_in * n_out + (dim + 1) * n_in + 1 + n_out

    g = depth * (dim * dim + dim) + widths[0] * sides[0] ** 2 + layer(widths[0], widths[0])
    g += sum(layer(a, b) + layer(b, b) for a, b in itertools.pairwise(widths))
    g += sum(w * channels + (dim + 1) * w + channels for w in widths)
    inner = widths[::-1]
    d = channels * inner[0] + inner[0]
    d += sum(9 * a * a + a + 9 * a * b + b + a * b for a, b in itertools.pairwise(inner))
    d += 9 * inner[-1] ** 2 + inner[-1] + (inner[-1] * sides[0] ** 2 + 1) * inner[-1] + inner[-1] + 1
    c = config(
        generator__width=width, generator__mapping=depth, discriminator__network="style", discriminator__width=width
    )
    assert [sum(p.numel() for p in net.parameters()) for net in on_meta(c, (channels, size, size))] == [g, d]


@pytest.mark.parametrize("size", list(SIZES))
def test_a_step_at_every_size(size: int) -> None:
    c = config(
        discriminator__network="style",
        discriminator__minibatch_std=True,
        batch_size=4,
        loss="non_saturating",
        penalty="r1",
    )
    trainer = _tiny.trained(c, 2, _tiny.images(size, 3))
    assert trainer.read_stats().finite
    drawn = trainer.sample(trainer.preview.latents[:3])
    assert drawn.shape == (3, 3, size, size)
    assert float(drawn.abs().max()) <= 1
    assert len(trainer.latents._block) * trainer.latents._block.shape[1] <= 1 << 21  # type: ignore[union-attr,arg-type]
    if size <= 64:
        assert estimate(replace(c, {"data.name": "shapes" if size > 28 else "digits", "data.image_size": size})) > 0


# ── in a run ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_runs_are_the_same_and_a_stop_changes_nothing() -> None:
    c = config(generator__style_mixing=0.9)
    one, other = _tiny.trained(c, 6), _tiny.trained(c, 3)
    resumed = Trainer(c)
    resumed.load_state_dict(other.state_dict())
    for _ in range(3):
        resumed.step()
    _tiny.assert_same(one.state_dict(), resumed.state_dict())


def test_a_picture_does_not_flicker_and_training_has_other_noise_each_time() -> None:
    trainer = _tiny.trained(config(), 3)
    with torch.no_grad():
        for conv in trainer.g.convs:
            conv.noise.strength.fill_(1.0)
    z = trainer.preview.latents[:4]
    assert torch.equal(trainer.sample(z, averaged=False), trainer.sample(z, averaged=False))
    rows = trainer.latents.next(2)
    assert rows.shape[1] == 5 + trainer.g.beside
    same = torch.cat([rows[:1, :5].expand(2, -1), rows[:, 5:]], 1)  # one latent, noise of two samples
    first, second = trainer.g(same)
    assert not torch.allclose(first, second)


def test_slow_motion_shows_latents_without_what_is_drawn_beside_them() -> None:
    trainer = _tiny.trained(config(), 0)
    shown = [tensors["latents"].shape for code, tensors in trainer.phases() if code.endswith(".fakes")]
    assert shown == [(8, 5), (8, 5)]


def test_truncation_is_about_what_is_seen_and_can_change_while_it_trains() -> None:
    plain, changed = _tiny.trained(config(), 2), _tiny.trained(config(), 2)
    changed.change(replace(changed.config, {"generator.truncation": 0.0}))
    drawn = changed.sample(changed.preview.latents)
    assert float((drawn - drawn[0]).abs().max()) < 1e-6
    assert not torch.allclose(drawn, plain.sample(plain.preview.latents))
    for trainer in (plain, changed):
        trainer.step()
    _tiny.assert_same(plain.state_dict(), changed.state_dict())
    frozen = changed.players.copy()
    assert torch.equal(frozen.sample(changed.preview.latents), changed.sample(changed.preview.latents))


def test_the_mean_style_is_kept_with_the_averaged_generator() -> None:
    trainer = _tiny.trained(config(), 4)
    assert bool(trainer.g.mean.any())
    assert torch.equal(trainer.ema.module.mean, trainer.g.mean)


def test_classes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"style cannot be told a class\. Use dcgan, mlp, r3gan"):
        config(generator__conditioning="concat", discriminator__conditioning="concat")
    with pytest.raises(ConfigError, match="style draws pictures"):
        _tiny.points(generator__network="style")


def test_every_part_of_d_has_a_gradient() -> None:
    c = config(discriminator__network="style", discriminator__packing=2)
    d = fill(on_meta(c, (1, 16, 16))[1], rng())
    out = d(torch.randn(4, 1, 16, 16, generator=rng(1)))
    assert out.shape == (2,)
    assert all(
        bool(g.any())
        for g in torch.autograd.grad(out.sum(), [p for p in d.parameters() if isinstance(p, nn.Parameter)])
    )

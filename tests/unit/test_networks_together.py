"""Layers that let D see several samples at once, and attention: against sums written out, and in training."""

from __future__ import annotations

from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core.errors import ConfigError
from gan_core.networks import build_discriminator, build_generator, couples_samples
from gan_core.networks.attention import SelfAttention
from gan_core.networks.together import MinibatchStd, Pack
from gan_core.penalties import evaluate, squared_gradient_norm
from gan_core.trainer import Trainer

F64 = torch.float64


def randn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ── packs ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pack_holds_samples_one_behind_the_other() -> None:
    x = randn(1, 6, 2, 3, 3)
    packed = Pack(3)(x)
    assert packed.shape == (2, 6, 3, 3)
    for i in range(2):
        assert torch.equal(packed[i], torch.cat([x[3 * i], x[3 * i + 1], x[3 * i + 2]]))


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_d_gives_a_logit_a_pack(network: str) -> None:
    config = _tiny.pictures(discriminator__packing=4, discriminator__network=network, discriminator__hidden=(6,))
    d = build_discriminator(config, (1, 8, 8), rng()).to(F64)
    x = randn(1, 8, 1, 8, 8)
    logits = d(x)
    assert logits.shape == (2,)
    assert not couples_samples(d)
    assert torch.allclose(logits, torch.cat([d(x[:4]), d(x[4:])]))  # packs do not see each other
    assert not torch.allclose(d(x[[1, 0, 2, 3, 4, 5, 6, 7]]), logits)  # within one, each has its own place


def test_the_norm_of_a_pack_goes_over_all_its_samples() -> None:
    """D of a pack of two is w₁·x₁ + w₂·x₂: its slope has the norm of both weights together, 13 for (3, 4) and (0, 12)."""
    w = torch.tensor([3.0, 4.0, 0.0, 12.0], dtype=F64)
    x = randn(1, 6, 2).requires_grad_()
    squares = squared_gradient_norm(x.reshape(3, 4) @ w, x)
    assert squares.tolist() == pytest.approx([169.0] * 3)
    for name, expected in {"wgan_gp": 144.0, "dragan": 144.0, "r1": 84.5, "r1_r2": 169.0}.items():
        u = randn(2, 6, 2) if name == "dragan" else torch.rand(3, dtype=F64)
        found = evaluate(name, lambda z: z.reshape(-1, 4) @ w, x.detach(), randn(3, 6, 2), u)
        assert float(found.detach()) == pytest.approx(expected)


def test_points_between_packs_are_on_one_line_each() -> None:
    from gan_core.penalties import mix

    real, fake = torch.ones(4, 2, dtype=F64), torch.zeros(4, 2, dtype=F64)
    assert mix(real, fake, torch.tensor([0.25, 0.75], dtype=F64))[:, 0].tolist() == [0.25, 0.25, 0.75, 0.75]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"discriminator__packing": 3}, ("packing=3", "8 samples", "batch_size")),
        ({"discriminator__packing": 4, "accumulation": 4}, ("packing=4", "2 samples")),
    ],
)
def test_packs_that_do_not_fit_are_refused(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        _tiny.pictures(**changes)
    assert all(word in str(caught.value) for word in words)


def test_points_are_not_packed() -> None:
    with pytest.raises(ConfigError, match="made for pictures"):
        _tiny.points(discriminator__packing=2)


# ── the deviation of a minibatch ─────────────────────────────────────────────────────────────────────────────────────────


def by_hand(x: np.ndarray, group: int) -> np.ndarray:
    """The mean, over all numbers of a sample, of the standard deviation over each group of samples."""
    out = []
    for start in range(0, len(x), group):
        part = x[start : start + group]
        out += [np.sqrt(part.reshape(len(part), -1).var(0) + 1e-8).mean()] * len(part)
    return np.array(out)


@pytest.mark.parametrize(("shape", "group"), [((8, 5), 4), ((8, 3, 2, 2), 4), ((6, 3, 2, 2), 6), ((1, 5), 1)])
def test_the_deviation_is_one_channel_more(shape: tuple[int, ...], group: int) -> None:
    x = randn(3, *shape)
    out = MinibatchStd()(x)
    assert out.shape == (shape[0], shape[1] + 1, *shape[2:])
    assert torch.equal(out[:, :-1], x)
    expected = by_hand(x.numpy(), group)
    assert np.allclose(out[:, -1].reshape(len(x), -1).numpy(), expected[:, None])


def test_equal_samples_have_no_deviation_and_a_finite_gradient() -> None:
    x = randn(1, 1, 5).expand(4, 5).clone().requires_grad_()
    out = MinibatchStd()(x)
    assert float(out.detach()[:, -1].max()) < 1e-3
    assert torch.autograd.grad(out.sum(), x)[0].isfinite().all()


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_d_is_told_when_all_are_alike(network: str) -> None:
    config = _tiny.pictures(discriminator__minibatch_std=True, discriminator__network=network)
    d = build_discriminator(config, (1, 8, 8), rng()).to(F64)
    assert couples_samples(d)
    x = randn(1, 4, 1, 8, 8)
    alike = x[:1].expand(4, -1, -1, -1)
    assert not torch.allclose(d(alike)[0], d(x)[0])


# ── attention ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_attention_is_the_weighted_mean_of_all_places() -> None:
    layer = SelfAttention(8).to(F64)
    with torch.no_grad():
        layer.gamma.fill_(0.7)
    x = randn(2, 2, 8, 3, 4)

    def maps(conv: nn.Conv2d) -> np.ndarray:
        w, b = conv.weight.detach().numpy()[:, :, 0, 0], conv.bias.detach().numpy()  # type: ignore[union-attr]
        return np.einsum("oc,bcn->bon", w, x.flatten(2).numpy()) + b[None, :, None]

    q, k, v = maps(layer.query), maps(layer.key), maps(layer.value)
    seen = np.zeros_like(v)
    for b in range(2):
        for i in range(12):
            scores = np.array([q[b, :, i] @ k[b, :, j] for j in range(12)])
            weights = np.exp(scores) / np.exp(scores).sum()
            seen[b, :, i] = sum(weights[j] * v[b, :, j] for j in range(12))
    w, b_ = layer.out.weight.detach().numpy()[:, :, 0, 0], layer.out.bias.detach().numpy()
    expected = x.flatten(2).numpy() + 0.7 * (np.einsum("oc,bcn->bon", w, seen) + b_[None, :, None])
    assert np.allclose(layer(x).detach().flatten(2).numpy(), expected)


def test_attention_begins_as_nothing_and_learns() -> None:
    config = _tiny.pictures(generator__attention=True, discriminator__attention=True, loss="hinge", penalty="none")
    with_it = build_generator(config, (1, 8, 8), rng())
    layer = next(m for m in with_it.modules() if isinstance(m, SelfAttention))
    x = torch.randn(2, layer.query.in_channels, 4, 4, generator=rng(1))
    assert torch.equal(layer(x), x)
    trainer = Trainer(config)
    for _ in range(3):
        trainer.step()
    for player in (trainer.g, trainer.d):
        gammas = [m.gamma for m in player.modules() if isinstance(m, SelfAttention)]
        assert len(gammas) == 1
        assert float(gammas[0].detach().abs()) > 0


def test_spectral_norm_of_the_generator() -> None:
    """After some forward passes the largest singular value of every weight matrix of G is 1 (numpy's decomposition)."""
    g = build_generator(_tiny.pictures(generator__spectral_norm=True), (1, 8, 8), rng())
    for seed in range(60):
        g(torch.randn(2, 2, generator=rng(seed)))
    g.eval()
    layers = [m for m in g.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
    assert {isinstance(m, nn.ConvTranspose2d) for m in layers} == {False, True}
    for layer in layers:
        weight = layer.weight.detach().double()
        matrix = (weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight).flatten(1).numpy()
        assert np.linalg.svd(matrix, compute_uv=False)[0] == pytest.approx(1, abs=0.03)

"""Every loss against an answer that does not come from gan_core."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

import gan_core.presets  # noqa: F401 - fills the registries
from gan_core import registry

LOSSES = list(registry.loss)
WITH_TARGETS = [e.name for e in registry.loss.entries() if e.info["targets"]]


def logits(seed: int, n: int = 7, scale: float = 3.0) -> torch.Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * scale


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# name: (real, fake) -> (d_loss, g_loss), straight from the papers' formulas
CLOSED_FORMS = {
    "non_saturating": lambda r, f: (
        -np.log(_sigmoid(r)).mean() - np.log(1 - _sigmoid(f)).mean(),
        -np.log(_sigmoid(f)).mean(),
    ),
    "minimax": lambda r, f: (
        -np.log(_sigmoid(r)).mean() - np.log(1 - _sigmoid(f)).mean(),
        np.log(1 - _sigmoid(f)).mean(),
    ),
    "least_squares": lambda r, f: (((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2, ((f - 1) ** 2).mean() / 2),
    "wasserstein": lambda r, f: (f.mean() - r.mean(), -f.mean()),
    "hinge": lambda r, f: (np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(), -f.mean()),
    "relativistic": lambda r, f: (-np.log(_sigmoid(r - f)).mean(), -np.log(_sigmoid(f - r)).mean()),
    "relativistic_average": lambda r, f: (
        -np.log(_sigmoid(r - f.mean())).mean() - np.log(1 - _sigmoid(f - r.mean())).mean(),
        -np.log(_sigmoid(f - r.mean())).mean() - np.log(1 - _sigmoid(r - f.mean())).mean(),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(4))
def test_the_formula(name: str, seed: int) -> None:
    real, fake = logits(seed), logits(seed + 100)
    assert name in CLOSED_FORMS, f"a new loss needs its independent formula here: {name}"
    found = registry.loss[name].value(real, fake)
    expected = CLOSED_FORMS[name](real.numpy(), fake.numpy())
    assert [float(v) for v in found] == pytest.approx([float(v) for v in expected], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    real, fake = logits(1).requires_grad_(), logits(2).requires_grad_()
    smooth = 0.1 if registry.loss[name].info["targets"] else 0.0
    loss = registry.loss[name].value
    assert torch.autograd.gradcheck(lambda r, f: loss(r, f, smooth)[0], (real, fake))
    if registry.loss[name].info["needs_real"]:
        assert torch.autograd.gradcheck(lambda r, f: loss(r, f)[1], (real, fake))
    else:
        assert torch.autograd.gradcheck(lambda f: loss(real.detach(), f)[1], (fake,))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("extreme", [1e4, -1e4])
def test_no_overflow(name: str, extreme: float) -> None:
    for real, fake in ((extreme, -extreme), (extreme, extreme), (0.0, extreme)):
        r = torch.full((5,), real, requires_grad=True)
        f = torch.full((5,), fake, requires_grad=True)
        for value in registry.loss[name].value(r, f):
            assert torch.isfinite(value)
            gradients = torch.autograd.grad(value, (r, f), retain_graph=True, allow_unused=True)
            assert all(torch.isfinite(g).all() for g in gradients if g is not None)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n", [1, 2, 9])
def test_scalars_from_one_logit_a_sample(name: str, n: int) -> None:
    d_loss, g_loss = registry.loss[name].value(logits(1, n).float(), logits(2, n).float())
    assert d_loss.shape == g_loss.shape == ()
    assert d_loss.dtype == g_loss.dtype == torch.float32


@pytest.mark.parametrize("name", LOSSES)
def test_needs_real_is_told_right(name: str) -> None:
    fake, loss = logits(3), registry.loss[name].value
    same = loss(logits(1), fake)[1] == loss(logits(2), fake)[1]
    assert bool(same) is not registry.loss[name].info["needs_real"]


@pytest.mark.parametrize("name", WITH_TARGETS)
@pytest.mark.parametrize("smooth", [0.05, 0.3, 0.5])
def test_label_smoothing(name: str, smooth: float) -> None:
    """Real samples get the target 1 − smooth; generated ones keep 0, and the generator's loss does not change."""
    real, fake = logits(1), logits(2)
    d_loss, g_loss = registry.loss[name].value(real, fake, smooth)
    target = torch.full_like(real, 1 - smooth)
    if registry.loss[name].info["output"] == "probability":
        expected = bce(real, target) + bce(fake, torch.zeros_like(fake))
    else:
        expected = ((real - target) ** 2).mean() / 2 + (fake**2).mean() / 2
    assert float(d_loss) == pytest.approx(float(expected), rel=1e-12)
    assert g_loss == registry.loss[name].value(real, fake)[1]


@pytest.mark.parametrize("name", [n for n in LOSSES if n not in WITH_TARGETS])
def test_smoothing_means_nothing_without_targets(name: str) -> None:
    real, fake = logits(1), logits(2)
    assert registry.loss[name].value(real, fake, 0.3)[0] == registry.loss[name].value(real, fake, 0.0)[0]


def test_minimax_at_its_equilibrium() -> None:
    """Goodfellow et al. 2014, theorem 1: with p = q and D = ½ the value of the game is −log 4; the generator's part −log 2."""
    half = torch.zeros(4, dtype=torch.float64)
    d_loss, g_loss = registry.loss["minimax"].value(half, half)
    assert float(-d_loss) == pytest.approx(-math.log(4), rel=1e-14)
    assert float(g_loss) == pytest.approx(-math.log(2), rel=1e-14)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
def test_the_best_discriminator_is_p_over_p_plus_q(name: str) -> None:
    """On a discrete space, D = p / (p + q) gives −log 4 + 2·JS(p, q), and no other logits give a smaller d_loss."""
    p, q = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
    counts_p, counts_q = (p * 10).round().astype(int), (q * 10).round().astype(int)
    best = torch.tensor(np.log(p / q))

    def d_loss(values: torch.Tensor) -> torch.Tensor:
        real = values.repeat_interleave(torch.tensor(counts_p))
        fake = values.repeat_interleave(torch.tensor(counts_q))
        return registry.loss[name].value(real, fake)[0]

    middle = (p + q) / 2
    js = ((p * np.log(p / middle)).sum() + (q * np.log(q / middle)).sum()) / 2
    assert float(-d_loss(best)) == pytest.approx(-math.log(4) + 2 * js, rel=1e-12)
    (gradient,) = torch.autograd.grad(d_loss(best.requires_grad_()), best)
    assert gradient.abs().max() < 1e-12
    for seed in range(10):
        assert d_loss(best + logits(seed, 3, 0.3)) >= d_loss(best)


def test_the_saturating_generator_gets_no_gradient_where_the_other_does() -> None:
    sure = torch.full((3,), -20.0, dtype=torch.float64, requires_grad=True)
    slopes = {name: float(torch.autograd.grad(registry.loss[name].value(sure.detach(), sure)[1], sure)[0].sum())
              for name in ("minimax", "non_saturating")}  # fmt: skip
    assert slopes["non_saturating"] == pytest.approx(-1, abs=1e-6)
    assert slopes["minimax"] == pytest.approx(0, abs=1e-6)


def test_minimax_is_zero_sum_in_the_fake_part() -> None:
    real, fake = logits(1), logits(2).requires_grad_()
    d_loss, g_loss = registry.loss["minimax"].value(real, fake)
    (d_gradient,), (g_gradient,) = torch.autograd.grad(d_loss, fake), torch.autograd.grad(g_loss, fake)
    assert torch.allclose(d_gradient, -g_gradient, atol=1e-15)


def test_hinge_has_no_gradient_beyond_the_margin() -> None:
    real = torch.tensor([2.0, 0.0], requires_grad=True)
    fake = torch.tensor([-2.0, 0.0], requires_grad=True)
    gradients = torch.autograd.grad(registry.loss["hinge"].value(real, fake)[0], (real, fake))
    assert gradients[0].tolist() == [0.0, -0.5]
    assert gradients[1].tolist() == [0.0, 0.5]


def test_relativistic_pairs_and_depends_on_differences_only() -> None:
    real, fake, loss = logits(1), logits(2), registry.loss["relativistic"].value
    for moved, original in zip(loss(real + 5, fake + 5), loss(real, fake), strict=True):
        assert float(moved) == pytest.approx(float(original), rel=1e-12)
    assert loss(real, fake)[0] != loss(real.flip(0), fake)[0]  # another pairing, another loss
    assert float(loss(real, fake)[0]) == pytest.approx(float(loss(fake, real)[1]), rel=1e-12)

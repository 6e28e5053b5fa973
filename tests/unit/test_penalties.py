"""Gradient penalties against closed forms and finite differences; norms are those of each sample."""

from __future__ import annotations

import math

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import gan_core.presets  # noqa: F401 - fills the registries
from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.engine.objectives import Objective, d_objective, g_judge, g_objective, judge
from gan_core.errors import ConfigError
from gan_core.penalties import PLACES, clip_weights, evaluate, mix, near, squared_gradient_norm

PENALTIES = [e.name for e in registry.penalty.entries() if e.info["at"]]
F64 = torch.float64

# name: (norms at real, at fake, at the points of its own), each (B,) -> the penalty
CLOSED_FORMS = {
    "r1": lambda real, fake, own: (real**2).mean() / 2,
    "r2": lambda real, fake, own: (fake**2).mean() / 2,
    "r1_r2": lambda real, fake, own: (real**2).mean() / 2 + (fake**2).mean() / 2,
    "wgan_gp": lambda real, fake, own: ((own - 1) ** 2).mean(),
    "dragan": lambda real, fake, own: ((own - 1) ** 2).mean(),
}


def randn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def placed(name: str, n: int, *shape: int, seed: int = 3) -> Tensor:
    """What the points of a penalty are made with: as drawn in training, in float64."""
    rng = torch.Generator().manual_seed(seed)
    at = registry.penalty[name].info["at"]
    return PLACES[at].draw(n, shape, 1, rng).to(F64) if at in PLACES else torch.rand(n, dtype=F64, generator=rng)


def own_points(name: str, real: Tensor, fake: Tensor, u: Tensor) -> Tensor:
    """Where a penalty that has points of its own takes its gradients, by hand; of others the real samples, which nobody asks for."""
    match registry.penalty[name].info["at"]:
        case "mix":
            w = u.view(-1, *[1] * (real.dim() - 1))
            return w * real + (1 - w) * fake
        case "near":
            return real + u / 10
        case _:
            return real


def critic(seed: int = 0, n_in: int = 3) -> nn.Module:
    torch_state = torch.get_rng_state()
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(n_in, 6), nn.Tanh(), nn.Linear(6, 1)).to(F64)
    torch.set_rng_state(torch_state)
    return net


def numeric_norms(f: object, x: Tensor, step: float = 1e-5) -> np.ndarray:
    """‖∇f(x)‖ of each sample alone, by central differences."""
    norms = []
    for sample in x:
        flat = sample.flatten()
        slopes = []
        for i in range(len(flat)):
            moved = torch.zeros_like(flat)
            moved[i] = step
            up, down = ((flat + sign * moved).view(1, *sample.shape) for sign in (1, -1))
            slopes.append(float(f(up) - f(down)) / (2 * step))  # type: ignore[operator]
        norms.append(math.sqrt(sum(s * s for s in slopes)))
    return np.array(norms)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("shape", [(3,), (1, 2, 2)])
def test_against_finite_differences(name: str, shape: tuple[int, ...]) -> None:
    net = critic(1, math.prod(shape))
    real, fake, u = randn(1, 4, *shape), randn(2, 4, *shape), placed(name, 4, *shape)
    with torch.no_grad():
        norms = [numeric_norms(net, x) for x in (real, fake, own_points(name, real, fake, u))]
    assert name in CLOSED_FORMS, f"a new penalty needs its independent formula here: {name}"
    found = evaluate(name, lambda x: net(x).squeeze(1), real, fake, u)
    assert float(found.detach()) == pytest.approx(CLOSED_FORMS[name](*norms), rel=1e-7)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_linear_critic_has_the_norm_of_its_weights(name: str) -> None:
    w = torch.tensor([3.0, 4.0], dtype=F64)
    five = np.array([5.0])
    found = evaluate(name, lambda x: x @ w, randn(1, 6, 2), randn(2, 6, 2), placed(name, 6, 2))
    assert float(found.detach()) == pytest.approx(CLOSED_FORMS[name](five, five, five), rel=1e-9)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_quadratic_critic_has_the_norm_of_the_point(name: str) -> None:
    real, fake, u = randn(1, 6, 2), randn(2, 6, 2), placed(name, 6, 2)
    points = (real, fake, own_points(name, real, fake, u))
    norms = [x.norm(dim=1).numpy() for x in points]
    found = evaluate(name, lambda x: x.square().sum(1) / 2, real, fake, u)
    assert float(found.detach()) == pytest.approx(CLOSED_FORMS[name](*norms), rel=1e-9)


def test_norms_are_of_each_sample_not_of_the_batch() -> None:
    """Slopes 1 and 3: each sample's own squares are 1 and 9, while one norm over the whole batch would be 10."""
    x = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=F64).requires_grad_()
    squares = squared_gradient_norm(x.square().sum(1) / 2, x)
    assert squares.tolist() == pytest.approx([1.0, 9.0])
    real = x.detach()
    gp = float(evaluate("wgan_gp", lambda z: z.square().sum(1) / 2, real, real, torch.ones(2, dtype=F64)).detach())
    assert gp == pytest.approx(((1 - 1) ** 2 + (3 - 1) ** 2) / 2, abs=1e-6)
    assert gp != pytest.approx((math.sqrt(10) - 1) ** 2, abs=0.1)


def test_a_penalty_is_the_mean_of_the_samples_own() -> None:
    net, real, fake = critic(2), randn(1, 5, 3), randn(2, 5, 3)
    for name in PENALTIES:
        u = placed(name, 5, 3)
        alone = [
            evaluate(name, lambda x: net(x).squeeze(1), real[i : i + 1], fake[i : i + 1], u[i : i + 1])
            for i in range(5)
        ]
        together = evaluate(name, lambda x: net(x).squeeze(1), real, fake, u)
        assert float(together.detach()) == pytest.approx(float(torch.stack(alone).mean().detach()), rel=1e-12)


def test_mixed_points() -> None:
    real, fake = randn(1, 3, 1, 2, 2), randn(2, 3, 1, 2, 2)
    u = torch.tensor([0.0, 1.0, 0.25], dtype=F64)
    mixed = mix(real, fake, u)
    assert torch.equal(mixed[0], fake[0])
    assert torch.allclose(mixed[1], real[1])
    assert torch.allclose(mixed[2], 0.25 * real[2] + 0.75 * fake[2])
    assert torch.allclose(mix(real, fake, None), (real + fake) / 2)
    assert torch.equal(near(real, fake, None), real)


@pytest.mark.parametrize("name", PENALTIES)
def test_second_derivatives(name: str) -> None:
    """∂ penalty / ∂ weights, the derivative that training follows, against finite differences."""
    real, fake, u = randn(1, 3, 2), randn(2, 3, 2), placed(name, 3, 2, seed=1)
    w1, w2 = randn(3, 2, 4).requires_grad_(), randn(4, 4).requires_grad_()

    def value(a: Tensor, b: Tensor) -> Tensor:
        return evaluate(name, lambda x: torch.tanh(x @ a) @ b, real, fake, u)

    assert torch.autograd.gradcheck(value, (w1, w2), eps=1e-6, atol=1e-6)


def test_a_flat_critic_gives_finite_gradients() -> None:
    for name in PENALTIES:
        w = torch.zeros(2, dtype=F64, requires_grad=True)
        value = evaluate(name, lambda x, w=w: x @ w, randn(1, 3, 2), randn(2, 3, 2))
        (gradient,) = torch.autograd.grad(value, w)
        assert torch.isfinite(gradient).all()


# ── weight clipping ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clip_weights() -> None:
    parameter = nn.Parameter(torch.tensor([-2.0, -0.01, 0.0, 0.02, 3.0]))
    clip_weights([parameter], 0.05)
    assert parameter.tolist() == pytest.approx([-0.05, -0.01, 0.0, 0.02, 0.05])


def test_training_with_weight_clipping_keeps_the_bound() -> None:
    trainer = _tiny.trained(_tiny.points(loss="wasserstein", penalty="weight_clipping", penalty_weight=0.03), 3)
    assert max(float(p.abs().max()) for p in trainer.d.parameters()) <= 0.03 + 1e-9
    assert max(float(p.abs().max()) for p in trainer.g.parameters()) > 0.03


# ── batch normalisation ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", list(registry.penalty))
def test_a_gradient_penalty_refuses_batch_normalisation(name: str) -> None:
    changes = {"penalty": name, "penalty_weight": 0.1, "discriminator.norm": "batch"}
    if registry.penalty[name].info["at"] is None:
        assert replace(RunConfig(), changes).penalty == name
        return
    with pytest.raises(ConfigError) as caught:
        replace(RunConfig(), changes)
    for word in (name, "batch", "layer", "instance", "none"):
        assert word in str(caught.value)


# ── the discriminator's objective: one batch or two ──────────────────────────────────────────────────────────────────────


def objective(loss: str, penalty: str, joint: bool) -> Objective:
    at = registry.penalty[penalty].info["at"]
    return Objective(
        registry.loss[loss].value, registry.loss[loss].info["needs_real"], registry.penalty[penalty].value, at, joint
    )


@pytest.mark.parametrize(("loss", "penalty"), _tiny.objectives())
def test_real_and_fake_as_one_batch_or_two(loss: str, penalty: str) -> None:
    """The joint path and the separate one agree with each other and with loss + weight · evaluate()."""
    net = critic(3)

    def d(x: Tensor) -> Tensor:
        return net(x).squeeze(1)

    real, fake = randn(1, 6, 3), randn(2, 6, 3)
    u = placed(penalty, 6, 3, seed=4)
    at = registry.penalty[penalty].info["at"]
    smooth = 0.1 if registry.loss[loss].info["targets"] else 0.0
    joints = [False] if at in ("real", "fake") else [False, True]
    expected = registry.loss[loss].value(d(real), d(fake), smooth)[0]
    if at:
        expected = expected + 0.7 * evaluate(penalty, d, real, fake, u)
    wanted = torch.autograd.grad(expected, list(net.parameters()))
    for joint in joints:
        o = objective(loss, penalty, joint)
        terms = d_objective(o, judge(o, d, real.clone(), fake.clone(), u), 0.7, smooth, None)
        assert float(terms.total.detach()) == pytest.approx(float(expected.detach()), rel=1e-9)
        assert float(terms.real) == pytest.approx(float(d(real).mean().detach()))
        assert float(terms.fake) == pytest.approx(float(d(fake).mean().detach()))
        found = torch.autograd.grad(terms.total, list(net.parameters()))
        assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("loss", list(registry.loss))
@pytest.mark.parametrize("penalty", list(registry.penalty))
def test_flips_swap_the_labels_of_those_pairs(loss: str, penalty: str) -> None:
    """A flipped pair's samples are seen under each other's label; the penalty stays where the samples really are."""
    net, real, fake = critic(5), randn(1, 4, 3), randn(2, 4, 3)

    def d(x: Tensor) -> Tensor:
        return net(x).squeeze(1)

    flips = torch.tensor([True, False, False, True])
    u = placed(penalty, 4, 3)
    swapped_real, swapped_fake = real.clone(), fake.clone()
    swapped_real[flips], swapped_fake[flips] = fake[flips], real[flips]
    at = registry.penalty[penalty].info["at"]
    for joint in {False, at not in ("real", "fake")}:
        o = objective(loss, penalty, joint)
        terms = d_objective(o, judge(o, d, real.clone(), fake.clone(), u), 0.5, 0.0, flips)
        by_hand = registry.loss[loss].value(d(swapped_real), d(swapped_fake))[0]
        assert float(terms.loss.detach()) == pytest.approx(float(by_hand.detach()), rel=1e-9)
        straight = d_objective(o, judge(o, d, real.clone(), fake.clone(), u), 0.5, 0.0, None)
        assert (terms.penalty is None) == (straight.penalty is None)
        if terms.penalty is not None and straight.penalty is not None:
            assert float(terms.penalty.detach()) == pytest.approx(float(straight.penalty.detach()), rel=1e-9)


@pytest.mark.parametrize("loss", list(registry.loss))
def test_the_generators_loss_reaches_the_generator_only_through_its_samples(loss: str) -> None:
    net, real = critic(6), randn(1, 4, 3)
    fake = randn(2, 4, 3).requires_grad_()

    def d(x: Tensor) -> Tensor:
        return net(x).squeeze(1)

    o = objective(loss, "none", True)
    value = g_objective(o, g_judge(d, fake, real if o.needs_real else None))
    assert float(value.detach()) == pytest.approx(
        float(registry.loss[loss].value(d(real), d(fake))[1].detach()), rel=1e-12
    )
    (gradient,) = torch.autograd.grad(value, fake)
    assert gradient.abs().sum() > 0

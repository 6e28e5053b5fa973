"""A discriminator that judges pictures with their codes, and an encoder that plays with the generator (BiGAN, ALI)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core import formulas, generate, memory, registry
from gan_core.config import RunConfig
from gan_core.data.sets import to_unit
from gan_core.engine.objectives import Objective, exchanged, g_judge, g_objective, judge
from gan_core.engine.orders import Part, orders
from gan_core.errors import ConfigError, EngineError, ExportError
from gan_core.export.script import script
from gan_core.networks import build_discriminator, build_encoder
from gan_core.networks.encoder import Paired
from gan_core.phases import CODES, D_ONLY, G_ONLY, places
from gan_core.runs import headless
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.folder import RunFolder
from gan_core.runs.phase_view import PhaseView, Reader
from gan_core.runs.picture import picture
from gan_core.trainer import Trainer

F64 = torch.float64


def bigan(**changes: Any) -> RunConfig:
    return _tiny.pictures(**({"method": "bigan", "loss": "non_saturating", "penalty": "none"} | changes))


def randn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


# ── the objective ────────────────────────────────────────────────────────────────────────────────────────────────────────


def critic(x: Tensor, z: Tensor) -> Tensor:
    return x[:, 0] * z[:, 0] + x[:, 1] ** 2 - z[:, 1]


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log1p(np.exp(-x)))


@pytest.mark.parametrize("joint", [False, True])
def test_the_game_is_that_of_the_paper(joint: bool) -> None:
    """D: −E[log D(x, E(x))] − E[log(1 − D(G(z), z))]; G and E the same with the two exchanged: Dumoulin et al. 2017, algorithm 1."""
    x, code, drawn, z = (randn(seed, 5, 2) for seed in (1, 2, 3, 4))
    o = Objective(
        registry.loss["non_saturating"].value, False, registry.penalty["none"].value, None, joint, paired=True
    )
    of_real, of_fake = (critic(a, b).numpy() for a, b in ((x, code), (drawn, z)))
    verdicts = judge(o, critic, x, drawn, None, code, z)
    assert np.allclose(verdicts.real.numpy(), of_real)
    assert np.allclose(verdicts.fake.numpy(), of_fake)
    expected = -log_sigmoid(of_real).mean() - log_sigmoid(-of_fake).mean()
    assert float(o.loss(verdicts.real, verdicts.fake, 0.0)[0]) == pytest.approx(expected)
    turned = -log_sigmoid(of_fake).mean() - log_sigmoid(-of_real).mean()
    assert float(g_objective(o, g_judge(critic, drawn, x, z, code))) == pytest.approx(turned)


@pytest.mark.parametrize("loss", list(registry.loss))
def test_every_loss_can_be_exchanged(loss: str) -> None:
    """G pulls generated pairs to where D has real ones, and the encoder real pairs to where D has generated ones."""
    o = Objective(registry.loss[loss].value, False, registry.penalty["none"].value, None, False, paired=True)
    real, fake = randn(5, 6).requires_grad_(), randn(6, 6).requires_grad_()
    of_real, of_fake = torch.autograd.grad(exchanged(o, real, fake), (real, fake))
    assert of_real.sum() > 0
    assert of_fake.sum() < 0


def test_penalties_look_at_the_picture_with_its_own_code() -> None:
    """R1 and R2 of D(x, z) by x, written out: (z₀, 2x₁)."""
    x, code, drawn, z = (randn(seed, 4, 2) for seed in (1, 2, 3, 4))
    entry = registry.penalty["r1_r2"]
    o = Objective(registry.loss["hinge"].value, False, entry.value, "both", False, paired=True)
    verdicts = judge(o, critic, x, drawn, None, code, z)
    squares = [(c[:, 0] ** 2 + (2 * a[:, 1]) ** 2) for a, c in ((x, code), (drawn, z))]
    norms = [
        torch.autograd.grad(logits.sum(), at, retain_graph=True)[0].square().sum(1)
        for logits, at in verdicts.inputs["both"]
    ]
    assert all(torch.allclose(a, b) for a, b in zip(norms, squares, strict=True))
    bare = Objective(registry.loss["hinge"].value, False, entry.value, "both", True)
    with pytest.raises(TypeError):  # a critic of pairs asked without a code
        judge(bare, critic, x, drawn, None)


# ── networks and training ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_the_networks(network: str) -> None:
    config = bigan(
        generator__network=network, discriminator__network=network, latent__dim=3, discriminator__minibatch_std=True
    )
    d = build_discriminator(config, (1, 8, 8), torch.Generator())
    assert isinstance(d, Paired)
    x = torch.rand(6, 1, 8, 8)
    assert d(x, torch.zeros(6, 3)).shape == (6,)
    assert not torch.allclose(d(x, torch.zeros(6, 3)), d(x, torch.ones(6, 3)))
    # the code is not one of a sum: what it says of a picture depends on the picture
    steps = [d(x, torch.full((6, 3), value)) for value in (-1.0, 1.0)]
    assert float((steps[1] - steps[0]).detach().std()) > 1e-6
    e = build_encoder(config, (1, 8, 8), torch.Generator())
    assert e is not None
    assert e(x).shape == (6, 3)
    assert torch.allclose(e(x)[:2], e(x[:2]), atol=1e-6)  # each picture has its own code, whatever else is in the batch
    assert build_encoder(_tiny.pictures(), (1, 8, 8), torch.Generator()) is None


def test_a_generators_step_is_the_gradient_written_out() -> None:
    config = bigan(
        k_d=0, latent__dim=3, **{f"{p}_optimizer__{k}": v for p in "gd" for k, v in (("name", "sgd"), ("lr", 0.05))}
    )
    trainer, other = Trainer(config), Trainer(config)
    seen = dict(trainer.phases())
    z, real = seen["g.fakes"]["latents"], seen["g.fakes"]["real"]
    assert other.e is not None
    assert trainer.e is not None
    on_real, on_fake = other.d(real, other.e(real)), other.d(other.g(z), z)
    loss = -torch.nn.functional.logsigmoid(on_fake).mean() - torch.nn.functional.logsigmoid(-on_real).mean()
    loss.backward()
    for mine, theirs in ((other.g, trainer.g), (other.e, trainer.e)):
        for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert p.grad is not None
            assert p.grad.abs().sum() > 0
            assert torch.allclose(p - 0.05 * p.grad, q, atol=1e-6)
    _tiny.assert_same(dict(other.d.state_dict()), dict(trainer.d.state_dict()))


VARIANTS = {
    "plain": bigan(),
    "in pairs, with R1 and R2": bigan(
        loss="relativistic", penalty="r1_r2", latent__distribution="uniform", penalty_interval=2
    ),
    "fully connected, in parts": bigan(
        generator__network="mlp", discriminator__network="mlp", accumulation=2, k_d=2, instance_noise=0.1
    ),
    "batch normalisation": bigan(
        generator__norm="batch", discriminator__norm="batch", loss="hinge", k_g=2, grad_clip=1.0
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_it_trains_stops_and_goes_on_bit_for_bit(name: str) -> None:
    """… and so it does in slow motion."""
    config = VARIANTS[name]
    one, other = _tiny.trained(config, 4), _tiny.trained(config, 2)
    fresh, slow = Trainer(config), _tiny.trained(config, 2)
    fresh.load_state_dict(copy_state(other.state_dict()))
    for _ in range(2):
        fresh.step()
        views: list[PhaseView] = []
        eye = Reader(slow)
        for phase in slow.phases():
            views.append(eye.read(phase))
            slow.critic(to_unit(slow.preview.real[:4]))
        assert [view.place for view in views] == places(config)
        assert {view.place.code for view in views} == set(CODES)
    _tiny.assert_same(one.state_dict(), fresh.state_dict())
    _tiny.assert_same(one.state_dict(), slow.state_dict())
    assert "encoder" in one.state_dict()
    assert one.read_stats().finite


def test_the_encoder_rests_while_the_discriminator_learns() -> None:
    trainer = _tiny.trained(bigan(), 1)
    for side, rests in ((D_ONLY, ("generator", "encoder")), (G_ONLY, ("discriminator",))):
        before = copy_state(trainer.state_dict())
        trainer.step(side)
        for part in rests:
            _tiny.assert_same(before[part], trainer.state_dict()[part])


def test_other_runs_begin_as_before() -> None:
    """The encoder's first weights come last: a GAN with the same seed has the same generator."""
    a, b = Trainer(_tiny.pictures(loss="non_saturating", penalty="none")), Trainer(bigan())
    _tiny.assert_same(dict(a.g.state_dict()), dict(b.g.state_dict()))
    assert "encoder" not in a.state_dict()


# ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_picture_has_real_ones_drawn_again() -> None:
    trainer = _tiny.trained(bigan(), 2)
    players = trainer.players.copy()
    seen, real = picture(trainer.players)["arrays"], to_unit(trainer.preview.real)
    assert seen["rebuilt"].shape == seen["real"].shape
    assert trainer.e is not None
    with torch.no_grad():
        code = trainer.e.eval()(real)
        expected = trainer.d.eval()(real, code)
        trainer.e.train()
        trainer.d.train()
    assert torch.allclose(trainer.critic(real), expected, atol=1e-6)
    rebuilt = players.rebuilt(real)
    assert rebuilt is not None
    assert torch.allclose(rebuilt, players.sample(code))
    trainer.step()
    players.take(trainer.players)
    assert torch.equal(players.critic(real), trainer.critic(real))


def test_a_whole_run(tmp_path: Path) -> None:
    config = bigan()
    assert memory.estimate(config) > memory.estimate(_tiny.pictures(loss="non_saturating", penalty="none"))
    session = headless.start(config, tmp_path / "run", tmp_path)
    assert headless.train(session, steps=3)["step"] == 3
    assert {"d_loss", "g_loss", "d_real", "d_fake"} <= set(session.last_row)
    assert headless.train(headless.resume(tmp_path / "run", tmp_path), steps=5)["step"] == 5
    assert generate.load(RunFolder(tmp_path / "run")).sample(7, seed=1).shape == (7, 1, 8, 8)


def test_the_formulas_beside_it() -> None:
    text = formulas.of_objective(bigan())
    assert text.startswith("L_D = −E[log σ(D(x, E(x)))] − E[log(1 − σ(D(G(z), z)))]\nL_G = L_E = L_D with")


# ── what does not go together ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"penalty": "wgan_gp"}, ("penalty=wgan_gp", "r1_r2")),
        ({"latent__categories": 4}, ("latent.categories=4", "Set it to 0")),
        ({"discriminator__packing": 2}, ("packing=2", "Set it to 1")),
        ({"generator__conditioning": "concat", "discriminator__conditioning": "concat"}, ("conditioning", "none")),
        ({"engine": "compiled"}, ("not compiled", "eager")),
    ],
)
def test_what_does_not_go_with_it_is_refused(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        bigan(**changes)
    assert all(word in str(caught.value) for word in words)


def test_points_compiling_and_scripts_are_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="made for data"):
        _tiny.points(method="bigan")
    with pytest.raises(EngineError, match="not compiled"):
        orders(Part(bigan(), (1, 8, 8), 40, "cpu", 1))
    with pytest.raises(ExportError, match="cannot be written"):
        script(bigan(), [])

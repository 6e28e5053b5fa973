"""The variational autoencoder: its loss against closed forms, and as a method beside the game."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from gan_core import config as settings
from gan_core import formulas, generate, memory, presets, registry, variational
from gan_core.config import RunConfig, replace
from gan_core.data.sets import to_unit
from gan_core.diagnosis import treatments
from gan_core.diagnosis.doctor import Doctor
from gan_core.diagnosis.past import Look
from gan_core.engine.orders import Part, orders
from gan_core.errors import ConfigError, EngineError, ExportError
from gan_core.export.script import script
from gan_core.networks import build_discriminator
from gan_core.phases import D_ONLY, G_ONLY, VAE_CODES, places
from gan_core.runs import headless
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.folder import RunFolder
from gan_core.runs.phase_view import PhaseView, Reader
from gan_core.runs.picture import picture
from gan_core.runs.preview import preview_frame
from gan_core.trainer import Trainer

F64 = torch.float64


def vae(**changes: Any) -> RunConfig:
    return _tiny.pictures(**({"method": "vae", "penalty": "none"} | changes))


def randn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


# ── the loss ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_divergence_is_torchs_and_the_sum_written_out() -> None:
    mean, log_variance = randn(1, 5, 3), randn(2, 5, 3)
    found = variational.divergence(mean, log_variance)
    torchs = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(found, torchs)
    m, s = mean.numpy()[2], np.exp(log_variance.numpy()[2] / 2)
    assert float(found[2]) == pytest.approx(
        sum((a * a + b * b - 1 - 2 * math.log(b)) / 2 for a, b in zip(m, s, strict=True))
    )
    assert variational.divergence(torch.zeros(2, 4), torch.zeros(2, 4)).tolist() == [0.0, 0.0]


def test_the_reconstruction_is_a_negative_log_density() -> None:
    """Nothing is left out: the density of N(x; x̂, I/2π) integrates to 1."""
    x, drawn = randn(3, 4, 1, 3, 3).float(), randn(4, 4, 1, 3, 3).float()
    density = Normal(drawn, (2 * math.pi) ** -0.5).log_prob(x).flatten(1).sum(1)
    assert torch.allclose(variational.reconstruction(x, drawn), -density, rtol=1e-5)


def test_codes_are_drawn_from_the_encoders_gaussian() -> None:
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 2 * math.log(0.5)]])
    assert variational.draw(mean, log_variance, torch.tensor([[2.0, -1.0]])).tolist() == [[3.0, -2.5]]


def loss_of(weights: Tensor, x: Tensor, noise: Tensor) -> Tensor:
    """A linear encoder and decoder whose weights are one vector: 2 × 4 means, 2 × 4 log-variances, 4 × 2 pictures."""
    a, b, w = weights[:8].view(2, 4), weights[8:16].view(2, 4), weights[16:].view(4, 2)
    mean, log_variance = x @ a.T, x @ b.T
    return variational.objective(x, variational.draw(mean, log_variance, noise) @ w.T, mean, log_variance, 0.7).total


def test_gradients_are_finite_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "float", lambda self: self)  # in double precision
    weights, x, noise = (0.3 * randn(5, 24)).requires_grad_(), randn(6, 3, 4), randn(7, 3, 2)
    assert torch.autograd.gradcheck(lambda w: loss_of(w, x, noise), (weights,))


def test_the_bound_of_a_linear_decoder_is_the_likelihood_of_probabilistic_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    """With x̂ = Wz + m and the true posterior, −L is log p(x) of PPCA (Tipping & Bishop 1999); with any other encoder it is less.

    The loss is quadratic in the noise: its mean over ±√d eᵢ is the mean over the Gaussian.
    """
    monkeypatch.setattr(Tensor, "float", lambda self: self)
    count, wide, dim, variance = 6, 5, 2, 1 / (2 * math.pi)
    w = torch.linalg.qr(randn(8, wide, dim))[0] * torch.tensor(
        [1.3, 0.6], dtype=F64
    )  # WᵀW is diagonal, as q's covariance
    m, x = randn(9, wide), randn(10, count, wide)
    inside = w.T @ w + variance * torch.eye(dim, dtype=F64)
    mean = (x - m) @ w @ torch.linalg.inv(inside)
    log_variance = (variance * torch.linalg.inv(inside).diagonal()).log().expand(count, dim)
    spread = math.sqrt(dim) * torch.cat([torch.eye(dim, dtype=F64), -torch.eye(dim, dtype=F64)])

    def bound(mean: Tensor, log_variance: Tensor) -> float:
        return -sum(
            float(variational.objective(x, variational.draw(mean, log_variance, e.expand(count, dim)) @ w.T + m, mean, log_variance, 1.0).total)
            for e in spread
        ) / len(spread)  # fmt: skip

    covariance = (w @ w.T + variance * torch.eye(wide, dtype=F64)).numpy()
    off = (x - m).numpy()
    likelihood = np.mean(
        [-(wide * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1] + r @ np.linalg.inv(covariance) @ r) / 2 for r in off]
    )  # fmt: skip
    assert bound(mean, log_variance) == pytest.approx(likelihood)
    for other in (mean + 0.1, mean * 0.9):
        assert bound(other, log_variance) < likelihood - 1e-3
    assert bound(mean, log_variance + 0.3) < likelihood - 1e-3


# ── networks and training ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("network", [e.name for e in registry.network.entries() if e.info.get("classes")])
def test_every_family_has_an_encoder(network: str) -> None:
    config = vae(generator__network=network, discriminator__network=network, latent__dim=3)
    encoder = build_discriminator(config, (1, 8, 8), torch.Generator())
    mean, log_variance = variational.moments(encoder(torch.rand(5, 1, 8, 8)))
    assert mean.shape == log_variance.shape == (5, 3)
    judge = build_discriminator(replace(config, {"method": "gan"}), (1, 8, 8), torch.Generator())
    body, whole = ([p.shape for p in network.parameters()] for network in (encoder, judge))
    assert whole[: len(body) - 2] == body[:-2]  # all but the last layer, whose bias not every family has
    assert len(whole) - len(body) in (0, -1)


VARIANTS = {
    "plain": vae(),
    "mlp": vae(generator__network="mlp", discriminator__network="mlp"),
    "parts, clipped": vae(accumulation=2, grad_clip=1.0, kl_weight=0.0),
    "batch normalisation": vae(generator__norm="batch", discriminator__norm="batch", kl_weight=4.0),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_it_trains_stops_and_goes_on_bit_for_bit(name: str) -> None:
    config = VARIANTS[name]
    one, other = _tiny.trained(config, 4), _tiny.trained(config, 2)
    fresh = Trainer(config)
    fresh.load_state_dict(other.state_dict())
    for _ in range(2):
        fresh.step()
    _tiny.assert_same(one.state_dict(), fresh.state_dict())


def test_a_step_is_the_gradient_of_the_loss_written_out() -> None:
    config = vae(kl_weight=2.5, **{f"{p}_optimizer__{k}": v for p in "gd" for k, v in (("name", "sgd"), ("lr", 0.01))})
    trainer = Trainer(config)
    before = copy_state(trainer.state_dict())
    seen = dict(trainer.phases())
    other = Trainer(config)
    other.load_state_dict(before)
    real = seen["v.batch"]["real"]
    noise = (seen["v.encode"]["latents"] - seen["v.encode"]["mean"]) / (seen["v.encode"]["log_variance"] / 2).exp()
    out = other.d(real)
    mean, log_variance = out[:, :2], out[:, 2:]
    drawn = other.g(mean + torch.exp(0.5 * log_variance) * noise.detach())
    squared = ((real - drawn) ** 2).sum((1, 2, 3)).mean()
    kl = (0.5 * (mean**2 + log_variance.exp() - log_variance - 1)).sum(1).mean()
    (math.pi * squared + 2.5 * kl).backward()
    for mine, theirs in ((other.d, trainer.d), (other.g, trainer.g)):
        for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert p.grad is not None
            assert torch.allclose(p - 0.01 * p.grad, q, atol=1e-6)
    stats = trainer.read_stats()
    assert stats.reconstruction == pytest.approx(math.pi * float(squared.detach()), rel=1e-5)
    assert stats.kl == pytest.approx(float(kl.detach()), rel=1e-5)
    assert all(math.isnan(x) for x in (stats.d_loss, stats.g_loss, stats.d_real, stats.d_fake))
    assert trainer.images == config.batch_size
    assert stats.finite


def test_one_side_alone_leaves_the_other_as_it_is() -> None:
    trainer = _tiny.trained(vae(), 1)
    for side, rests, moves in ((D_ONLY, "generator", "discriminator"), (G_ONLY, "discriminator", "generator")):
        before = copy_state(trainer.state_dict())
        trainer.step(side)
        _tiny.assert_same(before[rests], trainer.state_dict()[rests])
        assert any(not torch.equal(before[moves][name], value) for name, value in trainer.state_dict()[moves].items())


def test_it_learns_to_draw_again() -> None:
    trainer = _tiny.trained(vae(latent__dim=8, generator__width=16, discriminator__width=16, batch_size=32), 20)
    first = trainer.read_stats()
    for _ in range(130):
        trainer.step()
    trainer.read_stats()
    for _ in range(30):
        trainer.step()
    last = trainer.read_stats()
    assert last.reconstruction + last.kl < 0.7 * (first.reconstruction + first.kl)
    real = to_unit(trainer.preview.real)
    rebuilt = trainer.players.rebuilt(real)
    assert rebuilt is not None
    others = rebuilt[torch.randperm(len(rebuilt), generator=torch.Generator().manual_seed(0))]
    assert (rebuilt - real).square().mean() < 0.7 * (others - real).square().mean()


# ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", VARIANTS)
def test_slow_motion_is_the_step(name: str) -> None:
    config = VARIANTS[name]
    plain, slow = _tiny.trained(config, 1), _tiny.trained(config, 1)
    plain.step()
    views: list[PhaseView] = []
    reader = Reader(slow)
    for phase in slow.phases():
        views.append(reader.read(phase))
        slow.players.rebuilt(to_unit(slow.preview.real[:4]))
    _tiny.assert_same(plain.state_dict(), slow.state_dict())
    assert [view.place for view in views] == places(config)
    assert [view.place.code for view in views if view.place.part == 1 or view.place.code == "v.update"] == list(
        VAE_CODES
    )
    last = {view.place.code: view for view in views}
    terms, each = last["v.loss"].values, last["v.loss"].arrays["losses"]
    assert terms["total"] == pytest.approx(terms["reconstruction"] + config.kl_weight * terms["kl"], rel=1e-5)
    assert float(each.mean()) == pytest.approx(terms["total"], rel=1e-4)
    assert last["v.loss"].formula.startswith("L = E[π ‖x − G(z)‖²] + β")
    assert len(last["v.gradients"].arrays["gradient_norms"]) == len(list(slow.d.parameters())) + len(
        list(slow.g.parameters())
    )


def header_of(frame: bytes | None) -> dict[str, Any]:
    assert frame is not None
    found: dict[str, Any] = json.loads(frame[8 : 8 + int.from_bytes(frame[4:8], "little")])
    return found


def test_the_picture_has_real_ones_drawn_again_and_no_verdicts() -> None:
    trainer = _tiny.trained(vae(), 2)
    seen = picture(trainer.players)["arrays"]
    assert seen["rebuilt"].shape == seen["fake"].shape == seen["real"].shape
    players = trainer.players
    assert players.critic(trainer.sample(trainer.preview.latents)).isnan().all()
    assert players.slope(trainer.sample(trainer.preview.latents)).isnan().all()
    assert "rebuilt" not in picture(_tiny.trained(_tiny.pictures(), 1).players)["arrays"]
    assert header_of(preview_frame(vae()))["grid"]["rebuilt"] == "image/webp"
    assert header_of(preview_frame(vae()))["settings"]["method"] == "vae"


def test_a_whole_run(tmp_path: Path) -> None:
    config = vae()
    assert memory.estimate(config) > 0
    session = headless.start(config, tmp_path / "run", tmp_path)
    assert headless.train(session, steps=3)["step"] == 3
    assert {"reconstruction", "kl", "encoder_gradient", "decoder_gradient"} <= set(session.last_row)
    assert not {"d_loss", "g_loss", "d_real", "d_fake", "d_gradient"} & set(session.last_row)
    assert {f.code for f in session.diagnosis} == {"no_game"}
    assert headless.train(headless.resume(tmp_path / "run", tmp_path), steps=5)["step"] == 5
    assert generate.load(RunFolder(tmp_path / "run")).sample(7, seed=1).shape == (7, 1, 8, 8)


def test_nothing_is_said_of_a_game() -> None:
    """However its numbers move, no condition between two players is found; where it diverged, what helps is something that it has."""
    config = vae(g_optimizer__lr=0.01, d_optimizer__lr=0.01)
    doctor = Doctor(config)
    for i in range(1, 60):
        found = doctor.see(Look(100 * i, 800 * i, g_gradient=1.0 / i, size=0.01, distance=1.0, floor=0.01), config)
        assert [f.code for f in found] == ["no_game"]
    found = doctor.blew_up(6000, 5900, config)
    assert [f.code for f in found] == ["divergence"]
    changes, _ = treatments.proposed("divergence", config)
    assert set(changes) == {"g_optimizer.lr", "d_optimizer.lr"}


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(config: RunConfig) -> set[str]:
    return {f.name for f in settings.fields() if f.spec.shown_if is None or f.spec.shown_if(config)}


def test_settings_of_the_game_are_hidden() -> None:
    game, alone = shown(_tiny.pictures()), shown(vae())
    assert {
        "loss",
        "penalty",
        "k_d",
        "k_g",
        "instance_noise",
        "label_flip",
        "discriminator.spectral_norm",
    } <= game - alone
    assert {
        "method",
        "kl_weight",
        "g_optimizer.lr",
        "d_optimizer.lr",
        "discriminator.width",
        "ema_half_life",
        "batch_size",
    } <= alone
    assert "kl_weight" not in game
    assert {f.spec.group for f in settings.fields() if f.name in alone} == set(settings.GROUPS)
    assert "method" not in shown(_tiny.points())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent__distribution": "uniform"}, ("latent.distribution=uniform", "gaussian")),
        ({"penalty": "r1"}, ("penalty=r1", "none")),
        ({"k_d": 2}, ("k_d=2", "Set it to 1")),
        ({"discriminator__minibatch_std": True}, ("minibatch_std", "false")),
        ({"generator__conditioning": "concat", "discriminator__conditioning": "concat"}, ("conditioning", "none")),
        ({"engine": "compiled"}, ("not compiled", "eager")),
    ],
)
def test_what_means_nothing_is_refused(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        vae(**changes)
    assert all(word in str(caught.value) for word in words)


def test_points_are_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="made for data"):
        _tiny.points(method="vae", penalty="none")


def test_it_says_that_it_is_not_compiled_and_not_written_as_a_script() -> None:
    with pytest.raises(EngineError, match="not compiled"):
        orders(Part(vae(), (1, 8, 8), 40, "cpu", 1))
    with pytest.raises(ExportError, match="cannot be written"):
        script(vae(), [])


def test_the_formulas_beside_the_recipe() -> None:
    text = formulas.of_objective(presets.load("vae"))
    assert text.startswith("L = E[π ‖x − G(z)‖²] + β · E[½ Σ (μ² + σ² − log σ² − 1)]")
    assert "z = μ(x) + σ(x) · ε" in text
    assert isinstance(build_discriminator(presets.load("vae"), (1, 16, 16), torch.Generator()), nn.Sequential)

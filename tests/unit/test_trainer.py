"""The trainer: every objective runs; stopping, restoring and looking change nothing, bit for bit."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch

from gan_core import config as settings
from gan_core import data as data_sets
from gan_core import presets, registry
from gan_core.config import RunConfig, replace
from gan_core.data import drawing
from gan_core.data.sets import to_unit
from gan_core.device import available
from gan_core.engine import objectives
from gan_core.errors import ConfigError, DeviceError
from gan_core.memory import sample_shape
from gan_core.players import draw_latents
from gan_core.runs import checkpoint
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.picture import picture
from gan_core.schedules import factor
from gan_core.trainer import Trainer

LOCAL = [e.name for e in registry.dataset.entries() if not e.info.get("download")]

# What makes a step depend on something beyond weights and batch.
VARIANTS: dict[str, RunConfig] = {
    "adam r1_r2": _tiny.points(g_optimizer__beta1=0.5),
    "sgd with momentum": _tiny.points(g_optimizer__name="sgd", d_optimizer__name="sgd", g_optimizer__momentum=0.5, penalty="none"),
    "sgd without": _tiny.points(g_optimizer__name="sgd", d_optimizer__name="sgd"),
    "rmsprop": _tiny.points(g_optimizer__name="rmsprop", d_optimizer__name="rmsprop", d_optimizer__momentum=0.3),
    "noise flips gp": _tiny.points(instance_noise=0.1, label_flip=0.2, penalty="wgan_gp", loss="non_saturating", label_smoothing=0.1),
    "spectral": _tiny.points(discriminator__spectral_norm=True, penalty="none", loss="hinge"),
    "batch norm": _tiny.points(generator__norm="batch", discriminator__norm="batch", penalty="none", loss="minimax"),
    "clipping": _tiny.points(penalty="weight_clipping", penalty_weight=0.05, loss="wasserstein", k_d=3, grad_clip=0.5),
    "schedule": _tiny.points(schedule="cosine", horizon=400, lr_final=0.1, instance_noise=0.2, penalty_final=0.1),
    "lazy penalty": _tiny.points(penalty="wgan_gp", loss="wasserstein", penalty_interval=3, k_d=2),
    "accumulation": _tiny.points(accumulation=4, latent__distribution="sphere", latent__dim=5, k_g=2),
    "pictures": _tiny.pictures(generator__norm="batch", discriminator__norm="batch", penalty="none", loss="hinge", instance_noise=0.1),
    "pictures spectral": _tiny.pictures(discriminator__spectral_norm=True, generator__upsampling="bilinear", g_optimizer__beta1=0.5),
    "pictures changed": _tiny.pictures(augmentation="diffaugment", penalty="wgan_gp", penalty_interval=2, label_flip=0.1, augment_strength=0.7),
    "pictures changed adaptively": _tiny.pictures(augmentation="ada", loss="hinge", penalty="none", ada_speed=1000.0, d_optimizer__lr=0.02,
                                                  lecam_weight=0.1, feature_matching=0.5, data__limit=100),
    "pictures accumulated": _tiny.pictures(accumulation=2, latent__distribution="uniform", penalty="wgan_gp"),
}  # fmt: skip


def some(name: str, steps: int) -> Trainer:
    return _tiny.trained(VARIANTS[name], steps)


# ── it runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("loss", "penalty"), _tiny.objectives())
def test_every_loss_with_every_penalty(loss: str, penalty: str) -> None:
    for make, more in ((_tiny.points, {}), (_tiny.points, {"discriminator__norm": "batch"}), (_tiny.pictures, {})):
        config = _tiny.with_objective(loss, penalty, make, **more)
        if config is None:
            assert more, "only batch normalisation may be refused here"
            continue
        stats = _tiny.trained(config, 3).read_stats()
        assert stats.finite
        assert stats.step == 3
        assert all(
            map(
                math.isfinite,
                (stats.d_loss, stats.g_loss, stats.d_real, stats.d_fake, stats.d_gradient, stats.g_gradient),
            )
        )
        assert (stats.penalty > 0) is (registry.penalty[penalty].info["at"] is not None)  # NaN: there is none


def test_a_lazy_penalty_is_k_times_as_strong_at_every_kth_step() -> None:
    config = _tiny.points(loss="relativistic", penalty="r1_r2", penalty_weight=0.125, penalty_interval=4)
    lazy, by_hand = Trainer(config), Trainer(config)
    shown = []
    for step in range(9):
        now = {"penalty_weight": 0.5} if step % 4 == 0 else {"penalty": "none"}
        by_hand.change(replace(config, {"penalty_interval": 1, **now}))
        by_hand.step()
        lazy.step()
        stats = by_hand.read_stats()
        if step % 4 == 0:
            shown.append(stats.penalty)
    _tiny.assert_same(lazy.state_dict(), by_hand.state_dict())
    assert lazy.read_stats().penalty == pytest.approx(sum(shown) / 3)  # the mean over the steps that had one


@pytest.mark.parametrize("name", LOCAL)
def test_every_data_set_that_needs_no_download(name: str) -> None:
    info = registry.dataset[name].info
    sizes = info.get("sizes", (28,))
    for size in sizes:
        make = _tiny.pairs if info["kind"] == "pairs" else _tiny.points
        trainer = _tiny.trained(make(data__name=name, data__image_size=size), 2)
        assert trainer.read_stats().finite
        samples = trainer.sample(trainer.preview.latents)
        assert samples.dtype == torch.float32
        assert samples.shape[1:] == trainer.data.shape == sample_shape(trainer.config)
        assert len(samples) == len(trainer.preview.real)
        assert trainer.critic(samples, trainer.preview.labels).shape == (len(samples),)


@pytest.mark.parametrize("name", list(registry.preset))
def test_every_preset_starts(name: str) -> None:
    config = replace(presets.load(name), {"device": "cpu", "threads": 1})
    if registry.preset[name].info.get("gpu"):
        config = replace(config, {"batch_size": 4, "accumulation": 1})  # its networks as they are
    info = registry.dataset[config.data.name].info
    data = (
        None
        if not info.get("download")
        else _tiny.images(config.data.image_size, info["channels"], max(100, config.batch_size))
    )
    assert _tiny.trained(config, 2, data).read_stats().finite


@pytest.mark.parametrize(("k_d", "k_g"), [(0, 1), (1, 0), (3, 2)])
def test_who_learns(k_d: int, k_g: int) -> None:
    trainer = _tiny.trained(_tiny.points(k_d=k_d, k_g=k_g), 0)
    g, d = copy_state(trainer.g.state_dict()), copy_state(trainer.d.state_dict())
    for _ in range(2):
        trainer.step()
    stats = trainer.read_stats()
    assert stats.finite
    assert math.isnan(stats.d_loss) is (k_d == 0)
    assert math.isnan(stats.g_loss) is (k_g == 0)
    assert math.isnan(stats.d_gradient) is (k_d == 0)
    assert all(torch.equal(v, g[k]) for k, v in trainer.g.state_dict().items()) is (k_g == 0)
    assert all(torch.equal(v, d[k]) for k, v in trainer.d.state_dict().items()) is (k_d == 0)
    assert stats.images == 2 * 16 * max(k_d, 1)


def test_stats_are_means_since_the_last_reading_and_the_flag_is_sticky() -> None:
    trainer = some("sgd without", 4)
    trainer.read_stats()
    assert math.isnan(trainer.read_stats().d_loss)
    singles = []
    other = some("sgd without", 4)
    other.read_stats()
    for _ in range(3):
        trainer.step()
        other.step()
        singles.append(other.read_stats().d_loss)
    assert trainer.read_stats().d_loss == pytest.approx(sum(singles) / 3, rel=1e-5)
    weight = next(trainer.d.parameters())
    with torch.no_grad():
        good = weight.detach().clone()
        weight.fill_(math.nan)
    trainer.step()
    with torch.no_grad():
        for p in (*trainer.d.parameters(), *trainer.g.parameters()):
            p.zero_()
        weight.copy_(good)
    trainer.step()
    assert not trainer.read_stats().finite
    trainer.step()
    assert trainer.read_stats().finite


# ── bit for bit ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", list(VARIANTS))
def test_stop_restore_go_on(name: str, tmp_path: Path) -> None:
    """Through memory and through a file, the state after 5 + 7 steps is that of 12 steps without a stop."""
    uninterrupted = some(name, 12).state_dict()
    first = some(name, 5)
    file = tmp_path / "checkpoint.safetensors"
    checkpoint.write(file, checkpoint.Saved(copy_state(first.state_dict()), {}))
    for state in (copy_state(first.state_dict()), checkpoint.read(file)[0]):
        restored = Trainer(VARIANTS[name])
        restored.load_state_dict(state)
        assert (restored.step_count, restored.images) == (first.step_count, first.images)
        _tiny.assert_same(restored.state_dict(), first.state_dict())
        for _ in range(7):
            restored.step()
        _tiny.assert_same(restored.state_dict(), uninterrupted)


@pytest.mark.parametrize("name", list(VARIANTS))
def test_looking_changes_nothing(name: str) -> None:
    quiet, watched = some(name, 0), some(name, 0)
    for _ in range(6):
        quiet.step()
        watched.step()
        watched.read_stats()
        picture(watched.players)
        watched.sample(watched.preview.latents, averaged=False)
        real = watched.preview.real
        watched.critic(real if real.is_floating_point() else to_unit(real))
        copy_state(watched.state_dict())
    _tiny.assert_same(quiet.state_dict(), watched.state_dict())


def test_across_a_live_change(tmp_path: Path) -> None:
    start = _tiny.points(loss="non_saturating", penalty="none", g_optimizer__beta1=0.5)
    changed = replace(start, {"loss": "hinge", "penalty": "r1", "penalty_weight": 0.3, "g_optimizer.lr": 1e-4, "batch_size": 24,
                              "instance_noise": 0.1, "d_optimizer.name": "rmsprop", "accumulation": 2, "k_d": 2})  # fmt: skip
    one = _tiny.trained(start, 4)
    one.change(changed)
    for _ in range(3):
        one.step()
    file = tmp_path / "c.safetensors"
    checkpoint.write(file, checkpoint.Saved(copy_state(one.state_dict()), {}))
    two = Trainer(start)
    two.change(changed)
    two.load_state_dict(checkpoint.read(file)[0])
    for trainer in (one, two):
        for _ in range(4):
            trainer.step()
    _tiny.assert_same(one.state_dict(), two.state_dict())


def test_same_seed_same_run_other_seed_other_run() -> None:
    a, b = (_tiny.trained(_tiny.points(seed=3), 5).state_dict() for _ in range(2))
    _tiny.assert_same(a, b)
    other = _tiny.trained(_tiny.points(seed=4), 5).state_dict()
    assert not torch.equal(other["generator"]["0.weight"], a["generator"]["0.weight"])


@pytest.mark.parametrize("name", ["noise flips gp", "pictures spectral"])
def test_no_global_random_state(name: str) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = some(name, 3).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    _tiny.assert_same(one, some(name, 3).state_dict())


# ── accumulation, noise, flips ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("loss", [e.name for e in registry.loss.entries() if not e.info.get("whole_batch")])
@pytest.mark.parametrize("make", [_tiny.points, _tiny.pictures])
def test_accumulated_gradients_are_those_of_the_whole_batch(loss: str, make: Any) -> None:
    whole, parts = (_tiny.trained(make(loss=loss, accumulation=a), 2) for a in (1, 4))
    for p, q in zip(
        (*whole.g.parameters(), *whole.d.parameters()), (*parts.g.parameters(), *parts.d.parameters()), strict=True
    ):
        assert p.grad is not None
        assert q.grad is not None
        assert torch.allclose(p.grad, q.grad, rtol=1e-3, atol=1e-5)
    assert whole.read_stats().d_loss == pytest.approx(parts.read_stats().d_loss, rel=1e-4)


def test_a_loss_of_the_whole_batch_is_not_accumulated() -> None:
    with pytest.raises(ConfigError, match="mean of the whole batch"):
        _tiny.points(loss="relativistic_average", accumulation=4)


def test_gradient_clipping() -> None:
    trainer = _tiny.trained(_tiny.points(grad_clip=1e-3, penalty="none"), 2)
    stats = trainer.read_stats()
    assert stats.d_gradient <= 1e-3 * 1.001
    assert stats.g_gradient <= 1e-3 * 1.001


def test_flips_come_at_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []

    def spy(*arguments: Any) -> Any:
        seen.append(arguments[4])
        return objectives.d_objective(*arguments)

    monkeypatch.setattr("gan_core.trainer.d_objective", spy)
    _tiny.trained(_tiny.points(label_flip=0.25, batch_size=1000), 10)
    flips = torch.cat(seen)
    assert flips.dtype == torch.bool
    assert float(flips.float().mean()) == pytest.approx(0.25, abs=0.03)


def test_instance_noise_reaches_the_critic_and_decays(monkeypatch: pytest.MonkeyPatch) -> None:
    spread: list[float] = []

    def spy(*arguments: Any) -> Any:
        radius = arguments[2].norm(dim=1)
        spread.append(float(((radius - 1) ** 2).mean().sqrt()))
        return objectives.judge(*arguments)

    monkeypatch.setattr("gan_core.trainer.judge", spy)
    _tiny.trained(
        _tiny.points(instance_noise=0.3, noise_final=0.0, schedule="linear", horizon=1000 * 10, batch_size=1000), 12
    )
    assert spread[0] == pytest.approx(0.3, rel=0.15)
    assert spread[5] == pytest.approx(0.15, rel=0.2)
    assert spread[11] < 0.03  # the ring's own width


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_rates_follow_the_schedule(schedule: str) -> None:
    config = _tiny.points(schedule=schedule, horizon=16 * 8, lr_final=0.25, g_optimizer__lr=0.01, d_optimizer__lr=0.02)
    trainer = _tiny.trained(config, 0)
    for step in range(12):
        trainer.step()
        share = factor(schedule, 16 * step, 16 * 8, 0.25)
        assert trainer._g_optimizer.param_groups[0]["lr"] == pytest.approx(0.01 * share)
        assert trainer._d_optimizer.param_groups[0]["lr"] == pytest.approx(0.02 * share)


# ── data ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pictures_are_seen_once_an_epoch() -> None:
    data = _tiny.images(count=40)
    trainer = Trainer(_tiny.pictures(batch_size=8), data)
    seen = torch.cat([trainer._next_real(8)[0] for _ in range(5)])
    expected = to_unit(data.images)
    assert sorted(seen.flatten(1).sum(1).tolist()) == pytest.approx(
        sorted(expected.flatten(1).sum(1).tolist()), abs=1e-4
    )


def test_pixels() -> None:
    assert to_unit(torch.tensor([0, 255, 51], dtype=torch.uint8)).tolist() == pytest.approx([-1, 1, -0.6])


@pytest.mark.parametrize("distribution", list(settings.DISTRIBUTIONS))
def test_latents(distribution: str) -> None:
    z = draw_latents(20_000, 4, distribution, torch.Generator().manual_seed(0))
    assert z.dtype == torch.float32
    assert z.mean(0).abs().max() < 0.05
    if distribution == "uniform":
        assert z.abs().max() <= 1
        assert float(z.var()) == pytest.approx(1 / 3, rel=0.03)
    else:
        assert float(z.var()) == pytest.approx(1, rel=0.03)
    if distribution == "sphere":
        assert torch.allclose(z.norm(dim=1), torch.full((20_000,), 2.0), atol=1e-5)


def test_samples_are_in_data_units() -> None:
    """The grid is learned divided by 4: samples, the critic and the preview speak of data units."""
    trainer = _tiny.trained(_tiny.points(data__name="grid"), 1)
    scale = trainer.data.scale
    assert scale == 4
    z = trainer.preview.latents[:5]
    with torch.no_grad():
        assert torch.allclose(trainer.sample(z, averaged=False), trainer.g(z) * 4)
        x = torch.tensor([[4.0, -2.0]])
        assert torch.allclose(trainer.critic(x), trainer.d(x / 4))
    assert trainer.preview.real.abs().max() > 3


def test_a_batch_larger_than_the_data() -> None:
    data = _tiny.images(count=20)
    with pytest.raises(ConfigError, match=r"batch_size=21.*20"):
        Trainer(_tiny.pictures(batch_size=21), data)
    trainer = Trainer(_tiny.pictures(batch_size=20), data)
    trainer.step()
    before = trainer.config
    with pytest.raises(ConfigError, match="at most 20"):
        trainer.change(replace(before, {"batch_size": 64}))
    assert trainer.config == before


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [f.name for f in settings.fields() if not f.spec.live])
def test_fixed_settings_cannot_change(name: str) -> None:
    other = {
        "data.name": "grid",
        "data.image_size": 32,
        "generator.network": "dcgan",
        "discriminator.network": "dcgan",
        "data.drawing": drawing.encode(drawing.example()),
        "data.table": "0" * 64,
        "data.pictures": f"{'0' * 32}-3x64-12",
    }.get(name)
    item = settings.field(name)
    start = _tiny.pictures(data__image_size=28, generator__network="mlp", discriminator__network="mlp", penalty="none")
    if other is None and item.spec.choices is not None:
        other = next(code for code in item.spec.codes if code != settings.get(start, name) and code != "cuda")
    elif other is None:
        other = (
            (not settings.get(start, name))
            if item.type is bool
            else (5,)
            if item.type is tuple
            else settings.get(start, name) + 1
        )
    trainer = _tiny.trained(start, 1)
    state = copy_state(trainer.state_dict())
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        trainer.change(replace(start, {name: other}))
    assert trainer.config == start
    _tiny.assert_same(state, trainer.state_dict())


@pytest.mark.parametrize("name", [f.name for f in settings.fields() if f.spec.live])
def test_live_settings_can_change(name: str) -> None:
    item = settings.field(name)
    start = _tiny.points(loss="non_saturating", penalty="none", batch_size=16)
    if item.spec.shown_if is not None and not item.spec.shown_if(start):
        start = _tiny.pictures(loss="non_saturating", penalty="none", batch_size=16)
    now = settings.get(start, name)
    values = [c for c in item.spec.codes if c != now] if item.spec.choices is not None else [
        {"batch_size": 32, "accumulation": 2, "horizon": 1000, "k_d": 2, "k_g": 2, "penalty_interval": 2, "speed": 5, "augment_flips": True}.get(name, (now or 0.1) / 2)]  # fmt: skip
    trainer = _tiny.trained(start, 2)
    for value in values:
        trainer.change(replace(start, {name: value}))
        trainer.step()
        assert trainer.read_stats().finite


def test_absent_device() -> None:
    for name in ("cuda", "mps"):
        if not available(name):
            with pytest.raises(DeviceError, match=f"no {name.upper()} device.*Automatic"):
                Trainer(_tiny.points(device=name))


def test_mixed_precision_keeps_the_weights_in_float32() -> None:
    trainer = _tiny.trained(_tiny.pictures(precision="bfloat16"), 3)
    assert trainer.read_stats().finite
    assert {p.dtype for p in (*trainer.g.parameters(), *trainer.d.parameters())} == {torch.float32}
    assert trainer.sample(trainer.preview.latents).dtype == torch.float32


def test_data_are_shared_not_changed() -> None:
    data = data_sets.load(_tiny.pictures().data)
    before = data.images.clone()  # type: ignore[union-attr]
    _tiny.trained(_tiny.pictures(instance_noise=0.5), 3, data)
    assert torch.equal(data.images, before)  # type: ignore[union-attr]


# ── the game itself ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _dirac(weight: float, steps: int) -> tuple[list[float], list[float]]:
    """Mescheder et al. 2018: one real point at 0, generator δ_θ, critic ψx, logistic loss, simultaneous steps of h = 0.2."""
    theta, psi = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)
    real = torch.zeros(1, 1, dtype=torch.float64)
    o = objectives.Objective(registry.loss["minimax"].value, False, registry.penalty["r1"].value, "real", False)
    distances, angles = [], []
    for _ in range(steps):
        p, t = psi.clone().requires_grad_(), theta.clone().requires_grad_()
        judged = objectives.judge(o, lambda x, p=p: x @ p, real, t.detach(), None)
        d_total = objectives.d_objective(o, judged, weight, 0.0, None).total
        (d_gradient,) = torch.autograd.grad(d_total, p)
        g_total = objectives.g_objective(o, objectives.g_judge(lambda x, psi=psi: x @ psi, t, None))
        (g_gradient,) = torch.autograd.grad(g_total, t)
        psi, theta = psi - 0.2 * d_gradient, theta - 0.2 * g_gradient
        distances.append(float((psi**2 + theta[0] ** 2).sqrt()))
        angles.append(math.atan2(float(psi), float(theta)))
    return distances, angles


def test_dirac_gan() -> None:
    """Without a penalty the game spirals out; with γ = 1, the critical value, it converges without turning further."""
    free, _ = _dirac(0.0, 300)
    assert free[-1] > 2 * math.sqrt(2)
    damped, angles = _dirac(1.0, 300)
    assert damped[-1] < 1e-2
    turned = sum(abs(math.remainder(b - a, 2 * math.pi)) for a, b in itertools.pairwise(angles[20:]))
    assert turned < math.pi

"""LeCam regularisation, feature matching, and runs that learn from a part of the pictures."""

from __future__ import annotations

from typing import Any

import _tiny
import pytest
import torch
from torch import nn

from gan_core import data as data_sets
from gan_core import formulas, lecam, matching, metrics
from gan_core.config import DataConfig
from gan_core.errors import ConfigError
from gan_core.metrics import reference
from gan_core.metrics.classifier import get_classifier
from gan_core.networks import build_discriminator
from gan_core.runs.checkpoint import copy_state
from gan_core.trainer import Trainer

# ── LeCam ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_regularizer_by_hand() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([-2.0, 0.5])
    anchors = torch.tensor([0.5, -1.0, 7.0])
    by_hand = ((1 + 1) ** 2 + (3 + 1) ** 2) / 2 + ((-2 - 0.5) ** 2 + 0.0) / 2
    assert float(lecam.regularizer(real, fake, anchors)) == pytest.approx(by_hand)


def test_anchors_are_the_mean_first_and_then_a_moving_average() -> None:
    anchors, values = torch.zeros(3, dtype=torch.float64), []
    rng = torch.Generator().manual_seed(0)
    for i in range(300):
        real, fake = torch.randn(2, 4, generator=rng, dtype=torch.float64)
        values.append((float(real.mean()), float(fake.mean())))
        before, anchors = anchors, lecam.follow(anchors, real, fake)
        if i < 100:
            assert anchors[:2].tolist() == pytest.approx([sum(v[k] for v in values) / (i + 1) for k in (0, 1)])
        else:
            assert anchors[0].item() == pytest.approx(0.99 * before[0].item() + 0.01 * values[-1][0])
    assert anchors[2] == 300


def test_d_is_held_by_it() -> None:
    """Its gradient is 2λ (D − α) / B, as finite differences have it."""
    real, fake = (
        torch.randn(5, dtype=torch.float64, generator=torch.Generator().manual_seed(i)).requires_grad_() for i in (0, 1)
    )
    anchors = torch.tensor([0.3, -0.4, 9.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda r, f: lecam.regularizer(r, f, anchors), (real, fake))
    free, held = (_tiny.trained(_tiny.pictures(lecam_weight=w, penalty="none", loss="non_saturating", d_optimizer__lr=0.02), 60).read_stats()
                  for w in (0.0, 1.0))  # fmt: skip
    assert held.d_real - held.d_fake < (free.d_real - free.d_fake) / 2


def test_resuming_goes_on_from_the_anchors() -> None:
    config = _tiny.pictures(lecam_weight=0.3, accumulation=2)
    one, other = _tiny.trained(config, 7), _tiny.trained(config, 4)
    assert other.anchors[2] == 8  # a batch in two parts, four times
    again = Trainer(config)
    again.load_state_dict(copy_state(other.state_dict()))
    for _ in range(3):
        again.step()
    _tiny.assert_same(again.state_dict(), one.state_dict())


# ── feature matching ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_distance_by_hand() -> None:
    real, fake = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0], [2.0, 1.0]])
    assert float(matching.distance(real, fake)) == pytest.approx((2 - 1) ** 2 + (3 - 0.5) ** 2)
    assert float(matching.shared(torch.tensor(4.0), (fake, real), 0.25)) == pytest.approx(0.75 * 4 + 0.25 * 7.25)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"discriminator__network": "mlp"},
        {"discriminator__spectral_norm": True},
        {"discriminator__minibatch_std": True},
        {"discriminator__packing": 2},
        *(
            {"generator__conditioning": "concat", "discriminator__conditioning": how}
            for how in ("concat", "projection", "classifier")
        ),
    ],
)
def test_features_are_what_the_logit_is_made_of(changes: dict[str, Any]) -> None:
    config = _tiny.pictures(**changes)
    d = build_discriminator(config, (1, 8, 8), torch.Generator().manual_seed(0)).eval()
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    told = (torch.eye(10)[:4],) if config.classes else ()
    watched = matching.Watched(d, d)
    out = watched(x, *told)
    (features,) = watched.features
    layer = matching.last_layer(d)
    assert isinstance(layer, nn.Linear)
    logits = layer(features)
    if config.discriminator.conditioning == "projection":
        logits = logits + (d.embed(told[0]) * features).sum(1, keepdim=True)
    assert torch.allclose(logits.view(out.shape), out, atol=1e-6)
    assert not layer._forward_pre_hooks


def test_g_gets_the_gradient_of_the_distance() -> None:
    config = _tiny.pictures(
        feature_matching=1.0, loss="non_saturating", penalty="none", discriminator__activation="tanh"
    )
    trainer = _tiny.trained(config, 3)
    phases = trainer.phases()
    for code, tensors in phases:
        if code == "g.fakes":
            fake, real = tensors["fake"], tensors["real"]
            layers = trainer.d[:-2]
            loss = (layers(real).mean(0) - layers(fake).mean(0)).square().sum()
            expected = torch.autograd.grad(loss, list(trainer.g.parameters()), retain_graph=True)
        if code == "g.loss":
            assert float(tensors["loss"].detach()) == pytest.approx(float(loss.detach()), rel=1e-5)
        if code == "g.gradients":
            for ours, theirs in zip(tensors["gradients"], expected, strict=True):
                assert torch.allclose(ours, theirs, atol=1e-6)


def test_none_of_it_is_the_loss_alone() -> None:
    trainer = _tiny.trained(_tiny.pictures(loss="hinge"), 0)
    assert not trainer.objective.needs_real
    assert _tiny.trained(_tiny.pictures(loss="hinge", feature_matching=0.1), 0).objective.needs_real


def test_the_whole_batch_is_matched() -> None:
    with pytest.raises(ConfigError, match=r"accumulation=2.*feature_matching"):
        _tiny.pictures(feature_matching=0.5, accumulation=2)


def test_the_formulas_are_shown() -> None:
    shown = formulas.of_objective(_tiny.pictures(lecam_weight=0.1, feature_matching=0.5))
    assert "α_F" in shown
    assert "L_G = (1 − s) · L_G + s · ‖E[f(x)] − E[f(G(z))]‖²" in shown
    assert "α_F" not in formulas.of_objective(_tiny.pictures())


# ── few pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def load(limit: int) -> data_sets.ImageSet:
    found = data_sets.load(DataConfig(name="digits", image_size=8, limit=limit))
    assert isinstance(found, data_sets.ImageSet)
    return found


def test_a_part_of_the_training_pictures_and_all_that_are_held_out() -> None:
    whole, some, fewer = load(0), load(100), load(30)
    assert (len(whole.images), len(some.images), len(fewer.images)) == (1500, 100, 30)
    assert torch.equal(some.images[:30], fewer.images)
    assert torch.equal(load(100).images, some.images)
    assert torch.equal(some.test_images, whole.test_images)
    assert load(10_000) is whole
    known = {bytes(x.numpy()): int(y) for x, y in zip(whole.images, whole.labels, strict=True)}
    assert [known[bytes(x.numpy())] for x in some.images] == some.labels.tolist()
    assert data_sets.fingerprint(some) != data_sets.fingerprint(whole)


def test_factors_stay_with_their_pictures() -> None:
    whole = data_sets.load(DataConfig(name="shapes", image_size=32))
    some = data_sets.load(DataConfig(name="shapes", image_size=32, limit=64))
    rows = [int((whole.images == x).flatten(1).all(1).nonzero()[0]) for x in some.images[:5]]
    assert torch.equal(whole.factors[rows], some.factors[:5])
    assert torch.equal(whole.test_factors, some.test_factors)


def test_samples_are_measured_against_all_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, some = load(0), load(100)
    assert some.complete is whole
    assert torch.equal(reference.draw(some, 200, 1), reference.draw(whole, 200, 1))
    assert get_classifier(some).accuracy == get_classifier(whole).accuracy
    samples = some.test_images[:200].float() / 127.5 - 1
    assert metrics.evaluate(samples, some) == metrics.evaluate(samples, whole)


def test_only_these_are_learned_from() -> None:
    trainer = Trainer(_tiny.pictures(data__limit=20))
    known = {bytes(x.numpy()) for x in load(20).images}
    for _ in range(5):
        real, _ = trainer._next_real(8)
        assert {bytes((x * 127.5 + 127.5).round().to(torch.uint8).numpy()) for x in real} <= known
    with pytest.raises(ConfigError, match="batch_size=32 is larger"):
        Trainer(_tiny.pictures(data__limit=20, batch_size=32))

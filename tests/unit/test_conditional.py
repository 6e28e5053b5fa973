"""Players that are told a class: against sums written out, and in training."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_core import generate, memory, registry
from gan_core.engine.objectives import Objective, d_objective, g_judge, g_objective, judge
from gan_core.errors import ConfigError
from gan_core.networks import build_discriminator, build_generator
from gan_core.networks.conditional import Beside, ClassNorm, Guessing, Projection, Told
from gan_core.players import asked_for, draw_inputs, one_hot, preview_classes, preview_side
from gan_core.runs import headless
from gan_core.runs.folder import RunFolder
from gan_core.runs.preview import preview_frame
from gan_core.trainer import Trainer

F64 = torch.float64
WAYS = [("concat", "concat"), ("norm", "projection"), ("concat", "classifier"), ("norm", "concat")]


def told(g: str, d: str, **changes: Any) -> Any:
    norm = {"generator__norm": "batch"} if g == "norm" else {}
    return _tiny.pictures(generator__conditioning=g, discriminator__conditioning=d, **norm, **changes)


def randn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def labels(*classes: int, of: int = 3) -> Tensor:
    return one_hot(torch.tensor(classes), of).to(F64)


# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_class_has_its_own_scale_and_shift() -> None:
    layer = ClassNorm(nn.BatchNorm2d(2, affine=False), 2, 3).to(F64)
    x = randn(1, 4, 2, 3, 3)
    layer.reset()
    plain = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(layer(x, labels(0, 1, 2, 0)), plain)
    with torch.no_grad():
        layer.scale.weight[:, 1] = torch.tensor([1.0, -0.5])
        layer.shift.weight[:, 1] = torch.tensor([0.25, 3.0])
    out = layer(x, labels(0, 1, 2, 0))
    assert torch.allclose(out[[0, 2, 3]], plain[[0, 2, 3]])
    assert torch.allclose(out[1, 0], plain[1, 0] * 2 + 0.25)
    assert torch.allclose(out[1, 1], plain[1, 1] * 0.5 + 3)


def test_projection_is_the_formula() -> None:
    """D(x, y) = vᵀφ(x) + b + (yᵀV)φ(x), in numpy."""
    d = Projection(nn.Flatten(), 6, 3).to(F64)
    x, y = randn(1, 4, 2, 3), labels(0, 2, 1, 1)
    phi = x.flatten(1).numpy()
    v, b, embed = d.linear.weight.detach().numpy(), d.linear.bias.detach().numpy(), d.embed.weight.detach().numpy()
    expected = [float(v[0] @ phi[i] + b[0] + embed[:, c] @ phi[i]) for i, c in enumerate((0, 2, 1, 1))]
    assert d(x, y).tolist() == pytest.approx(expected)


def test_beside_lays_the_label_beside_the_sample() -> None:
    seen: list[Tensor] = []

    class Look(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x)
            return x.flatten(1).sum(1)

    x = randn(1, 2, 1, 2, 2)
    Beside(Look())(x, labels(2, 0))
    assert seen[0].shape == (2, 4, 2, 2)
    assert torch.equal(seen[0][:, :1], x)
    assert seen[0][0, 1:].flatten(1).tolist() == [[0] * 4, [0] * 4, [1] * 4]


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
@pytest.mark.parametrize(("g", "d"), WAYS)
def test_every_way_has_its_networks(network: str, g: str, d: str) -> None:
    config = told(g, d, generator__network=network, discriminator__network=network)
    made = [
        build_generator(config, (1, 8, 8), torch.Generator()),
        build_discriminator(config, (1, 8, 8), torch.Generator()),
    ]
    assert isinstance(made[0], Told if g == "norm" else nn.Sequential)
    assert isinstance(made[1], {"concat": Beside, "projection": Projection, "classifier": Guessing}[d])
    inputs = draw_inputs(5, config, torch.Generator())
    assert inputs.shape == (5, config.latent.dim + 10)
    assert inputs[:, config.latent.dim :].sum(1).tolist() == [1.0] * 5
    samples = made[0](inputs)
    assert samples.shape == (5, 1, 8, 8)
    out = made[1](samples, inputs[:, config.latent.dim :])
    assert out.shape == ((5, 11) if d == "classifier" else (5,))
    # D's last layers of other classes do not answer alike; G of "norm" learns its classes, which begin alike.
    if d != "classifier":
        assert not torch.allclose(made[1](samples, one_hot(torch.zeros(5, dtype=torch.long), 10)), out)
    parameters = [*made[0].parameters(), *made[1].parameters()]
    assert all(x.isfinite().all() for x in torch.autograd.grad(out.sum(), parameters))


# ── what the players minimise ────────────────────────────────────────────────────────────────────────────────────────────


def critic(x: Tensor, y: Tensor) -> Tensor:
    """A logit and three guesses that depend on the sample; the label is not looked at."""
    return torch.stack([x[:, 0] * x[:, 1], x[:, 0], x[:, 1] ** 2, x.sum(1)], 1)


def cross_entropy(guesses: np.ndarray, classes: tuple[int, ...]) -> float:
    return float(
        np.mean([-np.log(np.exp(row[c]) / np.exp(row).sum()) for row, c in zip(guesses, classes, strict=True)])
    )


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("penalty", ["none", "r1_r2", "wgan_gp"])
def test_guesses_are_rewarded_beside_the_loss(joint: bool, penalty: str) -> None:
    """L_D + w (CE of real + CE of generated), L_G + w CE of generated, as AC-GAN has it; penalties look at the logit alone."""
    entry = registry.penalty[penalty]
    weight = 0.7 if entry.info["at"] else 0.0
    hinge = registry.loss["hinge"].value
    real, fake, classes = randn(1, 3, 2), randn(2, 3, 2), (2, 0, 1)
    y, u = labels(*classes), torch.rand(3, dtype=F64)

    def only_logits(x: Tensor) -> Tensor:
        return x[:, 0] * x[:, 1]

    bare = Objective(hinge, False, entry.value, entry.info["at"], joint)
    guessing = Objective(hinge, False, entry.value, entry.info["at"], joint, 0.3)
    judged = judge(bare, only_logits, real.clone(), fake.clone(), u)
    expected = float(d_objective(bare, judged, weight, 0.0, None).total.detach())
    ces = [cross_entropy(critic(x, y)[:, 1:].numpy(), classes) for x in (real, fake)]
    judged = judge(guessing, critic, real.clone(), fake.clone(), u, y)
    terms = d_objective(guessing, judged, weight, 0.0, None, y)
    assert float(terms.total.detach()) == pytest.approx(expected + 0.3 * sum(ces))
    found = g_objective(guessing, g_judge(critic, fake, None, y), y)
    assert float(found) == pytest.approx(float(hinge(only_logits(real), only_logits(fake))[1]) + 0.3 * ces[1])


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_generator_is_asked_for_the_classes_of_the_real_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    config = told("concat", "concat", loss="relativistic", penalty="none")
    data = _tiny.images(count=40)
    assert data.labels is not None
    trainer = Trainer(config, data)
    phases = dict(trainer.phases())
    for code in ("d.fakes", "g.fakes"):
        asked = phases[code]["latents"][:, config.latent.dim :].argmax(1)
        real = phases["d.batch"]["real"] if code == "d.fakes" else phases[code]["real"]
        known = {
            bytes((x * 127.5 + 127.5).round().to(torch.uint8).numpy()): int(y)
            for x, y in zip(data.images / 127.5 - 1, data.labels, strict=True)
        }
        found = [known[bytes((x * 127.5 + 127.5).round().to(torch.uint8).contiguous().numpy())] for x in real]
        assert asked.tolist() == found


@pytest.mark.parametrize(("g", "d"), WAYS)
def test_it_trains_stops_and_goes_on_bit_for_bit(g: str, d: str) -> None:
    config = told(g, d, loss="hinge", penalty="none")
    one = _tiny.trained(config, 4)
    other = _tiny.trained(config, 2)
    fresh = Trainer(config)
    fresh.load_state_dict(other.state_dict())
    for _ in range(2):
        fresh.step()
    _tiny.assert_same(one.state_dict(), fresh.state_dict())
    assert one.read_stats().finite


def test_the_preview_has_a_class_a_column() -> None:
    trainer = _tiny.trained(told("concat", "projection"), 0)
    side = preview_side(trainer.config)
    assert (side, preview_classes(trainer.config)) == (10, list(range(10)))
    shown = trainer.preview
    assert len(shown.real) == len(shown.latents) == 100
    assert shown.labels is not None
    assert torch.equal(shown.latents[:, trainer.config.latent.dim :], shown.labels)
    assert shown.labels.argmax(1).tolist() == list(range(10)) * 10
    data = trainer.data
    pictures = {bytes(x.numpy()): int(y) for x, y in zip(data.images, data.labels, strict=True)}
    assert [pictures[bytes(x.numpy())] for x in shown.real] == list(range(10)) * 10
    assert trainer.critic(trainer.sample(shown.latents), shown.labels).shape == (100,)


def test_latents_keep_their_noise_when_asked_for_another_class() -> None:
    latents = torch.cat([randn(1, 2, 4), labels(0, 1)], 1)
    asked = asked_for(latents, labels(2, 2))
    assert torch.equal(asked[:, :4], latents[:, :4])
    assert asked[:, 4:].argmax(1).tolist() == [2, 2]


@pytest.mark.parametrize(("g", "d"), WAYS)
def test_a_whole_run(g: str, d: str, tmp_path: Path) -> None:
    """Its memory is known before, its frames name the classes, its folder gives samples, and it goes on from there."""
    config = told(g, d, loss="hinge", penalty="none")
    assert memory.estimate(config) > 0
    header = json.loads(_header(preview_frame(config)))
    assert header["grid"]["classes"] == list("0123456789")
    assert headless.train(headless.start(config, tmp_path / "run", tmp_path), steps=3)["step"] == 3
    assert headless.train(headless.resume(tmp_path / "run", tmp_path), steps=5)["step"] == 5
    made = generate.load(RunFolder(tmp_path / "run")).sample(7, seed=1)
    assert made.shape == (7, 1, 8, 8)


def _header(frame: bytes | None) -> bytes:
    assert frame is not None
    return frame[8 : 8 + int.from_bytes(frame[4:8], "little")]


# ── what does not go together ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"discriminator__conditioning": "none"}, ("either both players", "none of them")),
        ({"generator__conditioning": "norm"}, ("generator.norm", "batch")),
        ({"discriminator__packing": 2}, ("packing=2", "Set it to 1")),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    base = {"generator__conditioning": "concat", "discriminator__conditioning": "concat"}
    with pytest.raises(ConfigError) as caught:
        _tiny.pictures(**(base | changes))
    assert all(word in str(caught.value) for word in words)


def test_points_and_pictures_without_labels_are_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="has no labels"):
        _tiny.points(generator__conditioning="concat", discriminator__conditioning="concat")
    bare = _tiny.images()
    with pytest.raises(ConfigError, match="has no labels"):
        Trainer(told("concat", "concat"), dataclasses.replace(bare, labels=None))
    assert math.isfinite(_tiny.trained(_tiny.pictures(), 1, dataclasses.replace(bare, labels=None)).read_stats().d_loss)

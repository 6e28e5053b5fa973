"""A code behind the noise that D reads off pictures (InfoGAN): the bound against sums written out, and in training."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Normal, Uniform

from gan_core import formulas, generate, memory, registry
from gan_core.config import RunConfig
from gan_core.engine.objectives import Objective, code_loss, d_objective, g_judge, g_objective, judge
from gan_core.errors import ConfigError, ExportError
from gan_core.export.script import script
from gan_core.networks import build_discriminator, build_generator
from gan_core.networks.conditional import Guessing, verdict
from gan_core.players import draw_inputs, one_hot, preview_classes, preview_side
from gan_core.runs import headless
from gan_core.runs.folder import RunFolder
from gan_core.runs.phase_view import Reader
from gan_core.runs.preview import preview_frame
from gan_core.trainer import Trainer

F64 = torch.float64


def coded(**changes: Any) -> RunConfig:
    return _tiny.pictures(
        **({"latent__categories": 5, "latent__continuous": 2, "loss": "hinge", "penalty": "none"} | changes)
    )


def randn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def objective(weight: float, categories: int, joint: bool = False, penalty: str = "none") -> Objective:
    entry = registry.penalty[penalty]
    return Objective(registry.loss["hinge"].value, False, entry.value, entry.info["at"], joint, 0.0, weight, categories)


# ── the bound ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_cross_entropy_less_entropy() -> None:
    """−L_I = E[−log Q(c | x)] − H(c), by torch.distributions, for a category and for two continuous codes."""
    guess, which = randn(1, 4, 5), torch.tensor([2, 0, 1, 2])
    numbers = torch.tensor([[0.5, -0.25], [1.0, 0.0], [-1.0, 0.75], [0.1, 0.2]], dtype=F64)
    codes = torch.cat([one_hot(which, 3).to(F64), numbers], 1)
    category = Categorical(logits=guess[:, :3])
    missing = -category.log_prob(which).mean() - Categorical(torch.ones(3, dtype=F64)).entropy()
    missing += -Normal(guess[:, 3:], 1.0).log_prob(numbers).sum(1).mean() - 2 * Uniform(-1.0, 1.0).entropy()
    assert float(code_loss(objective(0.3, 3), guess, codes)) == pytest.approx(0.3 * float(missing))
    assert float(code_loss(objective(1.0, 0), guess[:, 3:], numbers)) == pytest.approx(
        float(-Normal(guess[:, 3:], 1.0).log_prob(numbers).sum(1).mean() - 2 * math.log(2))
    )


def test_no_more_can_be_read_than_there_is() -> None:
    """A sure right guess gets log K, the entropy of the code; a blind one nothing."""
    codes = one_hot(torch.tensor([0, 3, 1]), 4).to(F64)
    assert float(code_loss(objective(1.0, 4), 100 * codes, codes)) == pytest.approx(-math.log(4))
    assert float(code_loss(objective(1.0, 4), torch.zeros(3, 4, dtype=F64), codes)) == pytest.approx(0.0)


def reader(x: Tensor, _codes: Tensor | None = None) -> Tensor:
    """A logit and three guesses that depend on the sample."""
    return torch.stack([x[:, 0] * x[:, 1], x[:, 0], x[:, 1] ** 2, x.sum(1)], 1)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("penalty", ["none", "r1_r2", "wgan_gp"])
def test_both_players_read_generated_samples_only(joint: bool, penalty: str) -> None:
    """L_D − λ L_I and L_G − λ L_I; what D would read off real samples has no code to compare with."""
    real, fake, codes = randn(1, 3, 2), randn(2, 3, 2), one_hot(torch.tensor([2, 0, 1]), 3).to(F64)
    u, weight = torch.rand(3, dtype=F64), 0.7 if penalty != "none" else 0.0
    entry = registry.penalty[penalty]
    bare = Objective(registry.loss["hinge"].value, False, entry.value, entry.info["at"], joint)
    judged = judge(bare, lambda x: reader(x)[:, 0], real.clone(), fake.clone(), u)
    expected = float(d_objective(bare, judged, weight, 0.0, None).total.detach())
    read = float(-Categorical(logits=reader(fake)[:, 1:]).log_prob(torch.tensor([2, 0, 1])).mean()) - math.log(3)
    o = objective(0.3, 3, joint, penalty)
    terms = d_objective(o, judge(o, reader, real.clone(), fake.clone(), u, codes), weight, 0.0, None, codes)
    assert float(terms.total.detach()) == pytest.approx(expected + 0.3 * read)
    found = float(g_objective(objective(0.3, 3), g_judge(reader, fake, None, codes), codes))
    assert found == pytest.approx(float(-reader(fake)[:, 0].mean()) + 0.3 * read)


# ── networks and training ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("network", [e.name for e in registry.network.entries() if e.info.get("classes")])
def test_every_family_reads_codes(network: str) -> None:
    config = coded(generator__network=network, discriminator__network=network)
    inputs = draw_inputs(400, config, torch.Generator().manual_seed(3))
    assert inputs.shape == (400, config.latent.dim + 7)
    category, numbers = inputs[:, config.latent.dim :].split([5, 2], 1)
    assert category.sum(1).tolist() == [1.0] * 400
    assert (category.mean(0) - 0.2).abs().max() < 0.08
    assert -1 <= float(numbers.min()) < -0.9
    assert 0.9 < float(numbers.max()) <= 1
    g, d = (build(config, (1, 8, 8), torch.Generator()) for build in (build_generator, build_discriminator))
    assert isinstance(d, Guessing)
    logits, guess = verdict(d(g(inputs)))
    assert logits.shape == (400,)
    assert guess is not None
    assert guess.shape == (400, 7)


@pytest.mark.parametrize(
    "config",
    [coded(), coded(latent__continuous=0, loss="relativistic", penalty="r1_r2"), coded(latent__categories=0, accumulation=2, info_weight=0.0)],
)  # fmt: skip
def test_it_trains_stops_and_goes_on_bit_for_bit(config: RunConfig) -> None:
    one, other = _tiny.trained(config, 4), _tiny.trained(config, 2)
    fresh, slow = Trainer(config), _tiny.trained(config, 2)
    fresh.load_state_dict(other.state_dict())
    for _ in range(2):
        fresh.step()
        eye = Reader(slow)
        for phase in slow.phases():
            eye.read(phase)
    _tiny.assert_same(one.state_dict(), fresh.state_dict())
    _tiny.assert_same(one.state_dict(), slow.state_dict())
    assert one.read_stats().finite


def test_what_can_be_read_grows() -> None:
    """After a few steps D reads the code off pictures that it has not seen; without weight it does not."""
    rights = []
    for weight in (1.0, 0.0):
        config = coded(
            latent__continuous=0,
            latent__dim=4,
            info_weight=weight,
            batch_size=32,
            generator__width=8,
            discriminator__width=8,
        )
        trainer = _tiny.trained(config, 150)
        inputs = draw_inputs(500, config, torch.Generator().manual_seed(9))
        _, guess = verdict(trainer.d.eval()(trainer.g.eval()(inputs)))
        assert guess is not None
        rights.append(float((guess.argmax(1) == inputs[:, 4:].argmax(1)).float().mean()))
    assert rights[0] > 0.9
    assert rights[1] < 0.6


def test_the_preview_has_a_category_a_column() -> None:
    trainer = _tiny.trained(coded(), 0)
    assert (preview_side(trainer.config), preview_classes(trainer.config)) == (5, [0, 1, 2, 3, 4])
    shown = trainer.preview
    assert len(shown.latents) == len(shown.real) == 25
    assert shown.latents[:, 2:7].argmax(1).tolist() == [0, 1, 2, 3, 4] * 5
    assert shown.labels is None
    frame = preview_frame(trainer.config)
    assert frame is not None
    header = json.loads(frame[8 : 8 + int.from_bytes(frame[4:8], "little")])
    assert header["grid"]["classes"] == list("ABCDE")
    assert header["grid"]["found"]


def test_a_whole_run(tmp_path: Path) -> None:
    config = coded()
    assert memory.estimate(config) > 0
    assert headless.train(headless.start(config, tmp_path / "run", tmp_path), steps=3)["step"] == 3
    assert headless.train(headless.resume(tmp_path / "run", tmp_path), steps=5)["step"] == 5
    assert generate.load(RunFolder(tmp_path / "run")).sample(7, seed=1).shape == (7, 1, 8, 8)


def test_the_formula_beside_it() -> None:
    assert formulas.of_objective(coded()).endswith("+ λ · (E[−log Q(c | G(z, c))] − H(c))")


# ── what does not go together ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent__categories": 1}, ("says nothing", "2 or more")),
        ({"generator__conditioning": "concat", "discriminator__conditioning": "concat"}, ("without labels",)),
        ({"discriminator__packing": 2}, ("packing=2", "one sample")),
        ({"method": "vae"}, ("latent.categories=5", "method=vae")),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        coded(**changes)
    assert all(word in str(caught.value) for word in words)


def test_points_and_scripts_are_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="made for pictures"):
        _tiny.points(latent__categories=2)
    with pytest.raises(ExportError, match="cannot be written"):
        script(coded(), [])

"""The compiled step does what the eager one does: for every loss, penalty and optimiser, and for everything that changes a step.

In double precision the two differ by rounding alone: what is left of a wrong sign or a forgotten factor is many orders larger.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import _tiny
import pytest
import torch
from _traced import TracedRunner

from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.engine import build, program
from gan_core.trainer import Trainer

# Every loss, every penalty and every optimiser, each loss with another penalty; all three of each are for the long tests.
IN_TURN = list(
    zip(
        zip(registry.loss, itertools.cycle(registry.penalty), strict=False),
        itertools.cycle(registry.optimizer),
        strict=False,
    )
)
# Large programs, whose parts are in others that the suite runs.
SLOW = {
    "residual blocks that are told the class", "residual blocks that judge four at once", "mixed styles, and the residual D of theirs",
    "pictures changed adaptively and judged together", "changed pictures, with a penalty between samples, accumulated",
    "samples judged together, with a penalty near them", "a code of numbers only, in pairs", "matched features of classes",
    "deep residual blocks",
}  # fmt: skip
OTHERS = [pair for pair in itertools.product(_tiny.objectives(), registry.optimizer) if pair not in IN_TURN]
FEATURES: dict[str, dict[str, Any]] = {
    "instance noise": {"instance_noise": 0.1},
    "label flips": {"label_flip": 0.2},
    "label smoothing": {"loss": "non_saturating", "penalty": "r1", "label_smoothing": 0.1},
    "a lazy penalty": {"penalty_interval": 3},
    "a lazy penalty between samples": {"loss": "wasserstein", "penalty": "wgan_gp", "penalty_interval": 2, "instance_noise": 0.05,
                                       "label_flip": 0.1},
    "a lazy penalty on real samples, with spectral normalisation": {"penalty": "r1", "penalty_interval": 2,
                                                                    "discriminator__spectral_norm": True},
    "clipped weights, whose penalty interval means nothing": {"loss": "wasserstein", "penalty": "weight_clipping",
                                                              "penalty_interval": 4, "penalty_weight": 0.05},
    "accumulation": {"accumulation": 4},
    "gradient clipping": {"grad_clip": 0.01},
    "several steps of each": {"k_d": 2, "k_g": 3, "instance_noise": 0.1},
    "a discriminator that rests": {"k_d": 0},
    "a generator that rests": {"k_g": 0},
    "a schedule to zero noise": {"schedule": "cosine", "horizon": 70, "lr_final": 0.1, "penalty_final": 0.2, "instance_noise": 0.3,
                                 "noise_final": 0.0},
    "a schedule of β₂ and of the average": {"schedule": "cosine", "horizon": 90, "g_optimizer__beta2": 0.9, "beta2_final": 0.99,
                                            "d_optimizer__name": "rmsprop", "ema_first": 0.0},
    "no average": {"ema_half_life": 0.0},
    "spectral normalisation": {"discriminator__spectral_norm": True, "penalty": "none", "loss": "hinge"},
    "spectral normalisation and R1": {"discriminator__spectral_norm": True, "penalty": "r1"},
    "batch normalisation": {"generator__norm": "batch", "discriminator__norm": "batch", "penalty": "none", "loss": "hinge"},
    "layer normalisation": {"generator__norm": "layer", "discriminator__norm": "layer"},
    "latents on a sphere": {"latent__distribution": "sphere", "latent__dim": 3},
    "momentum": {"g_optimizer__name": "sgd", "d_optimizer__name": "rmsprop", "g_optimizer__momentum": 0.5,
                 "d_optimizer__momentum": 0.5},
    "no momentum": {"g_optimizer__name": "rmsprop", "d_optimizer__name": "sgd"},
}  # fmt: skip
PICTURES: dict[str, dict[str, Any]] = {
    "convolutions": {},
    "batch normalisation": {"generator__norm": "batch", "discriminator__norm": "batch", "loss": "non_saturating", "penalty": "none"},
    "spectral normalisation": {"discriminator__spectral_norm": True, "loss": "hinge", "penalty": "none"},
    "a penalty between samples, accumulated": {"loss": "wasserstein", "penalty": "wgan_gp", "accumulation": 2},
    "instance normalisation, resized": {"generator__norm": "instance", "discriminator__norm": "instance",
                                        "generator__upsampling": "bilinear"},
    "fully connected": {"generator__network": "mlp", "discriminator__network": "mlp"},
    "samples judged together": {"discriminator__packing": 2, "loss": "wasserstein", "penalty": "wgan_gp", "label_flip": 0.2,
                                "accumulation": 2},
    "samples judged together, with a penalty near them": {"discriminator__packing": 4, "penalty": "dragan", "loss": "non_saturating"},
    "classes beside noise and picture": {"generator__conditioning": "concat", "discriminator__conditioning": "concat"},
    "classes in normalisations and by projection": {
        "generator__conditioning": "norm", "generator__norm": "batch", "discriminator__conditioning": "projection", "loss": "hinge",
        "penalty": "none", "discriminator__spectral_norm": True},
    "classes guessed": {"generator__conditioning": "concat", "discriminator__conditioning": "classifier", "loss": "wasserstein",
                        "penalty": "wgan_gp", "accumulation": 2, "class_weight": 0.5},
    "a code that is read": {"latent__categories": 3, "latent__continuous": 2, "info_weight": 0.5, "loss": "non_saturating", "penalty": "r1",
                            "accumulation": 2},
    "a code of numbers only, in pairs": {"latent__continuous": 1, "penalty": "r1_r2"},
    "the minibatch's deviation": {"discriminator__minibatch_std": True, "penalty": "r1", "loss": "non_saturating"},
    "changed pictures": {"augmentation": "diffaugment", "penalty": "r1_r2", "penalty_interval": 2, "augment_strength": 0.8},
    "changed pictures, with a penalty between samples, accumulated": {
        "augmentation": "diffaugment", "loss": "relativistic", "penalty": "wgan_gp", "accumulation": 2, "penalty_interval": 2, "label_flip": 0.2},
    "changed pictures, by nothing": {"augmentation": "ada", "loss": "hinge", "penalty": "none", "augment_strength": 0.0},
    "pictures changed as often as D is sure": {
        "augmentation": "ada", "loss": "least_squares", "penalty": "r1", "ada_speed": 1000.0, "ada_target": 0.0, "d_optimizer__lr": 0.02,
        "augment_flips": True, "k_d": 2, "k_g": 2},
    "pictures changed adaptively and judged together": {
        "augmentation": "ada", "loss": "hinge", "penalty": "dragan", "ada_speed": 1000.0, "discriminator__packing": 2, "accumulation": 2},
    "LeCam": {"lecam_weight": 0.3, "accumulation": 2, "loss": "non_saturating"},
    "matched features": {"feature_matching": 0.4, "loss": "hinge", "penalty": "none", "discriminator__spectral_norm": True},
    "matched features of classes": {"feature_matching": 1.0, "loss": "relativistic", "generator__conditioning": "concat",
                                    "discriminator__conditioning": "projection"},
    "few pictures": {"data__limit": 20},
    "residual blocks": {"generator__network": "r3gan", "discriminator__network": "r3gan", "generator__blocks": 1, "discriminator__blocks": 1,
                        "penalty_interval": 2},
    "deep residual blocks": {"generator__network": "r3gan", "discriminator__network": "r3gan", "penalty_interval": 2},
    "residual blocks that are told the class": {
        "generator__network": "r3gan", "discriminator__network": "r3gan", "generator__conditioning": "concat",
        "discriminator__conditioning": "projection", "generator__blocks": 1, "discriminator__blocks": 1},
    "residual blocks that judge four at once": {
        "generator__network": "r3gan", "discriminator__network": "r3gan", "discriminator__packing": 2,
        "discriminator__minibatch_std": True, "penalty": "r1", "data__image_size": 28},
    "styles": {"generator__network": "style", "loss": "non_saturating", "penalty": "r1", "penalty_interval": 2},
    "mixed styles, and the residual D of theirs": {
        "generator__network": "style", "generator__style_mixing": 0.9, "discriminator__network": "style", "accumulation": 2,
        "discriminator__minibatch_std": True, "loss": "non_saturating", "penalty": "r1", "generator__truncation": 0.7},
    "attention and spectral normalisation of both": {
        "generator__attention": True, "discriminator__attention": True, "generator__spectral_norm": True,
        "discriminator__spectral_norm": True, "loss": "hinge", "penalty": "none"},
}  # fmt: skip

# Adam and RMSprop divide by ε = 1e-8 and more: of a gradient that is zero but for rounding (1e-17), so much can become.
_SMALLEST = 1e-8


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    ("objective", "optimizer"), [*IN_TURN, *(pytest.param(*pair, marks=pytest.mark.long) for pair in OTHERS)]
)
def test_every_objective(objective: tuple[str, str], optimizer: str) -> None:
    loss, penalty = objective
    config = _tiny.with_objective(loss, penalty, generator__hidden=(4,), discriminator__hidden=(4,), batch_size=8,
                                  g_optimizer__name=optimizer, d_optimizer__name=optimizer, instance_noise=0.05)  # fmt: skip
    if config is None:
        return
    _compare(config)


def test_all_of_them_are_tried() -> None:
    losses, penalties = zip(*(objective for objective, _optimizer in IN_TURN), strict=True)
    assert (set(losses), set(penalties)) == (set(registry.loss), set(registry.penalty))
    assert {optimizer for _objective, optimizer in IN_TURN} == set(registry.optimizer)


@pytest.mark.parametrize("what", FEATURES)
def test_everything_that_changes_a_step(what: str) -> None:
    _compare(_tiny.points(**FEATURES[what]))


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.long if what in SLOW else ()) for what in PICTURES]
)
def test_pictures(what: str) -> None:
    # Noise, since pictures themselves are single precision and only a sum with it is double.
    _compare(_tiny.pictures(**{"instance_noise": 0.05} | PICTURES[what]))


def test_a_change_that_needs_no_new_program() -> None:
    changes = {
        "g_optimizer.lr": 0.01, "d_optimizer.beta1": 0.5, "penalty_weight": 1.0, "penalty_interval": 2, "instance_noise": 0.2,
        "label_flip": 0.1, "ema_half_life": 100.0, "schedule": "linear", "horizon": 1000, "lr_final": 0.5,
    }  # fmt: skip
    eager, compiled = _pair(_tiny.points(penalty_interval=3))
    taking = compiled._compiled
    _advance(eager, compiled, 2)
    for trainer in (eager, compiled):
        trainer.change(replace(trainer.config, changes))
    assert compiled._compiled is taking  # not even captured anew
    _advance(eager, compiled, 3)
    for trainer in (eager, compiled):
        trainer.change(replace(trainer.config, {"penalty_interval": 1}))
    assert compiled._compiled is taking
    _advance(eager, compiled, 3)
    assert_close(eager, compiled)


@pytest.mark.parametrize("change", [{"loss": "hinge"}, {"penalty": "r1"}, {"k_d": 2}, {"batch_size": 32}, {"grad_clip": 1.0},
                                    {"g_optimizer.name": "sgd"}, {"penalty_interval": 2}])  # fmt: skip
def test_a_change_of_the_structure_goes_on_eagerly(change: dict[str, Any]) -> None:
    eager, compiled = _pair(_tiny.points())
    _advance(eager, compiled, 2)
    for trainer in (eager, compiled):
        trainer.change(replace(trainer.config, change))
    assert not compiled.is_compiled
    _advance(eager, compiled, 2)
    assert_close(eager, compiled)


def test_the_size_of_a_call_does_not_change_a_bit() -> None:
    config = _tiny.points(instance_noise=0.1, penalty_interval=2)
    runner = TracedRunner(config)
    states = []
    for sizes in ((12,), (1,) * 12, (5, 7)):
        trainer = Trainer(config)
        trainer.use(runner)
        for size in sizes:
            advance(trainer, size)
        states.append(trainer.state_dict())
    for other in states[1:]:
        _tiny.assert_same(other, states[0])


def test_a_state_goes_from_one_engine_to_the_other() -> None:
    config = _tiny.points()
    eager, compiled = _pair(config)
    _advance(eager, compiled, 3)
    crossed = Trainer(config)
    crossed.load_state_dict(compiled.state_dict())
    eager.read_stats()
    _advance(eager, crossed, 3)
    assert_close(eager, crossed)
    back = Trainer(config)
    back.use(TracedRunner(config))
    back.load_state_dict(eager.state_dict())
    assert back.is_compiled
    eager.read_stats()
    _advance(eager, back, 3)
    assert_close(eager, back)


def _compare(config: RunConfig) -> None:
    eager, compiled = _pair(config)
    _advance(eager, compiled, 1)
    _advance(eager, compiled, 4)
    assert_close(eager, compiled)
    compiled.use(None)
    _advance(eager, compiled, 1)
    assert_close(eager, compiled)


def _pair(config: RunConfig) -> tuple[Trainer, Trainer]:
    """The same run twice, one step on; the second with a program."""
    eager, compiled = Trainer(config), Trainer(config)
    _advance(eager, compiled, 1)
    compiled.use(TracedRunner(config))
    return eager, compiled


def _advance(eager: Trainer, compiled: Trainer, steps: int) -> None:
    for trainer in (eager, compiled):
        advance(trainer, steps)


def advance(trainer: Trainer, steps: int) -> None:
    end = trainer.step_count + steps
    while trainer.step_count < end:
        trainer.advance(end - trainer.step_count)


def assert_close(eager: Trainer, compiled: Trainer) -> None:
    assert (compiled.step_count, compiled.images) == (eager.step_count, eager.images)
    expected, found = program.state(eager)[1], program.state(compiled)[1]
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name], value, rtol=1e-6, atol=_SMALLEST, msg=lambda text, name=name: f"{name}: {text}"
        )
    one, other = eager.state_dict(), compiled.state_dict()
    for name in ("g_optimizer", "d_optimizer"):
        for parameter, values in one[name].items():
            if "step" in values:
                assert values["step"].equal(other[name][parameter]["step"])
    for name in ("reals", "latents"):
        assert one[name]["position"] == other[name]["position"]
        assert one[name]["generator"].equal(other[name]["generator"])
    assert one["augment"].equal(other["augment"])
    seen, told = vars(eager.read_stats()), vars(compiled.read_stats())
    for name, value in seen.items():
        same = told[name] == pytest.approx(value, rel=1e-6, abs=1e-9) or (
            isinstance(value, float) and math.isnan(value) and (math.isnan(told[name]) or told[name] == 0)
        )
        assert same, f"{name}: {value} {told[name]}"


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("size", [(4, 4), (3, 5), (1, 7)])
def test_the_gradient_of_a_resized_picture(size: tuple[int, int], corners: bool) -> None:
    """Against torch's own."""
    (operation, ours), = build._decompositions().items()  # fmt: skip
    out = [2 * size[0], 3 * size[1]]
    given = torch.randn(2, 3, *out), out, [2, 3, *size], corners
    torch.testing.assert_close(ours(*given, 2.0, 3.0), operation(*given, 2.0, 3.0))
    torch.testing.assert_close(ours(*given), operation(*given))

"""Runs built to fail, each in its own way, and what the diagnosis says of a run that is watched without a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_
from typing import Any

import torch

from gan_core import augment
from gan_core import data as data_sets
from gan_core.config import RunConfig, replace
from gan_core.data.sets import ImageSet, to_unit
from gan_core.diagnosis import Finding
from gan_core.diagnosis.watching import SAMPLES, Watch
from gan_core.runs.picture import picture
from gan_core.trainer import Trainer

torch.set_num_threads(1)  # tiny networks only lose by sharing

EVERY = 40  # steps between two looks
_SMALL: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (16, 16), "discriminator.hidden": (16, 16), "batch_size": 64,
    "loss": "non_saturating", "penalty": "none", "device": "cpu", "precision": "float32", "threads": 1,
}  # fmt: skip
# condition: (what makes a small plain GAN fail so, how many steps until it is known)
ILL: dict[str, tuple[dict[str, Any], int]] = {
    "vanishing_gradients": ({"loss": "minimax", "k_d": 5, "d_optimizer.lr": 1e-2, "g_optimizer.name": "sgd", "g_optimizer.lr": 5e-3}, 1000),
    "critic_overpowering": ({"k_d": 3, "d_optimizer.lr": 1e-2, "g_optimizer.lr": 1e-5}, 800),
    "mode_collapse": ({"loss": "hinge", "k_d": 3, "d_optimizer.lr": 1e-2, "g_optimizer.lr": 3e-4}, 1600),
    "cycling": ({"g_optimizer.lr": 1e-2}, 1200),
    "critic_blind": ({"label_flip": 0.5}, 800),
    "divergence": ({"d_optimizer.lr": 1e-6}, 800),
    "standstill": ({"loss": "wasserstein", "penalty": "weight_clipping", "penalty_weight": 0.01, "k_d": 3, "g_optimizer.lr": 3e-3,
                    "d_optimizer.lr": 3e-3}, 2000),
}  # fmt: skip

_PICTURES: dict[str, Any] = {
    "data.name": "digits", "data.image_size": 16, "latent.dim": 16, "generator.network": "dcgan", "discriminator.network": "dcgan",
    "generator.width": 4, "discriminator.width": 4, "generator.norm": "batch", "batch_size": 16, "loss": "non_saturating", "penalty": "none",
    "device": "cpu", "precision": "float32", "threads": 1,
}  # fmt: skip
_R1 = {"penalty": "r1", "penalty_weight": 1.0}
# of pictures: (settings, how many training pictures, steps)
ILL_PICTURES: dict[str, tuple[dict[str, Any], int, int]] = {
    "mode_collapse": ({"k_g": 5, "g_optimizer.lr": 5e-3, "latent.dim": 2}, 1500, 1000),
    "d_overfitting": ({"discriminator.width": 8}, 30, 1300),
    "checkerboard": (_R1 | {"generator.norm": "none", "g_optimizer.lr": 1e-4, "d_optimizer.lr": 1e-4}, 1500, 1000),
    "augmentation_leak": (_R1 | {"augmentation": "diffaugment", "augment_strength": 0.05}, 1500, 1000),
}
HEALTHY_PICTURES: dict[str, dict[str, Any]] = {
    "plain": {}, "r1": _R1, "resized": _R1 | {"generator.upsampling": "nearest"},
    "told": _R1 | {"generator.conditioning": "concat", "discriminator.conditioning": "projection"},
    "packed": {"discriminator.packing": 2},
}  # fmt: skip


def pictures(changes: dict[str, Any], seed: int = 0) -> RunConfig:
    return replace(RunConfig(), _PICTURES | changes | {"seed": seed})


def first_digits(count: int, config: RunConfig) -> ImageSet:
    """The digits with only so many to train on: the others are held out, too."""
    all_of = data_sets.load(config.data)
    assert isinstance(all_of, ImageSet)
    assert all_of.labels is not None
    assert all_of.test_labels is not None
    pictures, labels = torch.cat([all_of.images, all_of.test_images]), torch.cat([all_of.labels, all_of.test_labels])
    return with_(
        all_of, images=pictures[:count], labels=labels[:count], test_images=pictures[count:], test_labels=labels[count:]
    )


def changed_digits(count: int, config: RunConfig) -> ImageSet:
    """The same with training pictures that are changed as by DiffAugment, and held-out ones that are not: what comes of a change of real
    pictures alone, which the generator learns to draw (Zhao et al. 2020, section 3.1)."""
    clean = first_digits(count, config)
    numbers = augment.draw("diffaugment", count, torch.Generator().manual_seed(3))
    changed = augment.diffaugment(to_unit(clean.images), numbers, 1.0)
    return with_(clean, images=((changed.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8))


def ill_pictures(code: str, seed: int = 0) -> Observed:
    changes, count, _steps = ILL_PICTURES[code]
    config = pictures(changes, seed)
    data = changed_digits if code == "augmentation_leak" else first_digits
    return Observed(config, data=data(count, config))


def ill(code: str, seed: int = 0) -> RunConfig:
    return replace(RunConfig(), _SMALL | ILL[code][0] | {"seed": seed})


class Observed:
    """A Trainer with a Watch at its side, looked at every so many steps."""

    def __init__(self, config: RunConfig, every: int = EVERY, data: ImageSet | None = None) -> None:
        self.trainer, self.every = Trainer(config, data), every
        self.watch = Watch(self.trainer.players)
        self.said: list[str] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.watch.doctor.findings

    def until(self, holds: Callable[[list[str]], bool], most: int) -> bool:
        """Train until that holds of the codes said at a look; False where it never does within `most` steps."""
        end = self.trainer.step_count + most
        while self.trainer.step_count < end:
            if holds(self.look()):
                return True
        return False

    def look(self) -> list[str]:
        """The codes of the next look."""
        trainer = self.trainer
        for _ in range(self.every):
            trainer.step()
        if trainer.config.kind == "images":
            self.watch.read(trainer.players, trainer.step_count)
            return self._said(picture(trainer.players)["arrays"])
        live = trainer.sample(trainer.preview.latents[:SAMPLES], averaged=False)
        logits = {"logits_real": trainer.critic(trainer.preview.real), "logits_live": trainer.critic(live)}
        return self._said({name: array.numpy() for name, array in {"fake_live": live, **logits}.items()})

    def _said(self, arrays: dict[str, Any]) -> list[str]:
        codes = [f.code for f in self.watch.look(self.trainer.players, self.trainer.read_stats(), arrays)]
        self.said += [code for code in codes if code not in self.said]
        return codes

    def treat(self) -> dict[str, Any]:
        """Apply the remedy of the first finding."""
        changes = self.findings[0].changes
        self.trainer.change(replace(self.trainer.config, changes))
        self.watch.changed(self.trainer.config, self.trainer.step_count, self.trainer.images)
        return changes

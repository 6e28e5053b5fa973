"""Small runs for tests, and the comparison of two states bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.data.sets import ImageSet
from gan_core.errors import ConfigError
from gan_core.trainer import Trainer
from gan_core.training import new_trainer

torch.set_num_threads(1)  # tiny networks only lose by sharing

POINTS: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (8, 8), "discriminator.hidden": (8, 8), "batch_size": 16,
    "device": "cpu", "precision": "float32", "threads": 1,
}  # fmt: skip
PICTURES: dict[str, Any] = POINTS | {
    "data.name": "digits", "data.image_size": 8, "generator.network": "dcgan", "discriminator.network": "dcgan",
    "generator.width": 4, "discriminator.width": 4, "batch_size": 8,
}  # fmt: skip
PAIRS: dict[str, Any] = POINTS | {
    "data.name": "edges", "data.image_size": 28, "method": "pix2pix", "generator.network": "unet", "discriminator.network": "patches",
    "discriminator.patch": 16, "generator.width": 4, "discriminator.width": 4, "batch_size": 4, "penalty": "none", "loss": "non_saturating",
}  # fmt: skip


def points(**changes: Any) -> RunConfig:
    """A tiny run on points; dots of setting names are written as two underscores."""
    return _with(POINTS, changes)


def pictures(**changes: Any) -> RunConfig:
    """A tiny convolutional run on 8 × 8 digits."""
    return _with(PICTURES, changes)


def pairs(**changes: Any) -> RunConfig:
    """A tiny translation from outlines to digits; without a method of its own, one that can learn from the set."""
    name = changes.get("data__name", "edges")
    changes = ({} if registry.dataset[name].info["together"] else {"method": "cyclegan"}) | changes
    return _with(PAIRS, changes)


def _with(base: dict[str, Any], changes: dict[str, Any]) -> RunConfig:
    return replace(RunConfig(), base | {name.replace("__", "."): value for name, value in changes.items()})


def objectives() -> list[tuple[str, str]]:
    """Every loss with every penalty."""
    return [(loss, penalty) for loss in registry.loss for penalty in registry.penalty]


def with_objective(loss: str, penalty: str, make: Any = points, **more: Any) -> RunConfig | None:
    """The run with this loss, and this penalty at its usual weight; None where the two are said not to go together."""
    try:
        return make(loss=loss, penalty=penalty, penalty_weight=registry.penalty[penalty].info["weight"], **more)
    except ConfigError:
        return None


def images(size: int = 8, channels: int = 1, count: int = 40) -> ImageSet:
    """Random pictures, of any size, without a file."""
    rng = torch.Generator().manual_seed(5)
    data = torch.randint(0, 256, (count, channels, size, size), generator=rng, dtype=torch.uint8)
    labels = torch.arange(count) % 10
    return ImageSet("made", data, labels, data[:10], labels[:10], tuple("0123456789"), "none")


def trained(config: RunConfig, steps: int, data: Any = None) -> Trainer:
    trainer = new_trainer(config, data)
    for _ in range(steps):
        trainer.step()
    return trainer


def only_checkpoint(run: Path) -> Path:
    """The newest checkpoint of a run's folder, after everything else that it could go on from has been removed."""
    *older, newest = sorted((run / "checkpoints").glob("[0-9]*"))
    for path in (*older, *(run / "checkpoints").glob("best-*"), *(run / "history").glob("*")):
        path.unlink()
    return newest


def flat(state: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in state.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    """Every tensor and number of two states is the same, bit for bit."""
    one, two = dict(flat(a)), dict(flat(b))
    assert one.keys() == two.keys()
    different = [name for name in one if not _equal(one[name], two[name])]
    assert not different


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and bool(torch.equal(a, b))
    return bool(a == b)

"""The runs of the soak: tiny ones of every kind, and changes that a run takes or refuses."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import gan_core.catalogue  # noqa: F401 - fills the registries
from gan_core import registry

Settings: TypeAlias = dict[str, Any]

_TINY: Settings = {
    "latent.dim": 2, "generator.hidden": [8, 8], "discriminator.hidden": [8, 8], "batch_size": 16, "device": "cpu",
    "precision": "float32",
}  # fmt: skip
_CONVOLUTIONS: Settings = {
    "generator.network": "dcgan", "discriminator.network": "dcgan", "generator.width": 4, "discriminator.width": 4,
    "data.image_size": 8, "batch_size": 8,
}  # fmt: skip
_POINTS = [entry.name for entry in registry.dataset.entries() if entry.info["kind"] == "points"]
UNREADABLE = "kmnist"  # its files are damaged, so that it cannot be loaded


def points(rng: random.Random) -> Settings:
    """Endless, of any data set, loss and penalty; some of these pairs are refused."""
    return _TINY | {"data.name": rng.choice(_POINTS), "seed": rng.randrange(1000), "loss": rng.choice(list(registry.loss)),
                    "penalty": rng.choice(list(registry.penalty))}  # fmt: skip


def finishing(rng: random.Random) -> Settings:
    """With a schedule that ends after some hundred steps."""
    return _TINY | {
        "data.name": "ring",
        "schedule": "cosine",
        "lr_final": 0.1,
        "horizon": 16 * rng.randrange(100, 3000),
    }


def pictures(rng: random.Random) -> Settings:
    """Convolutions on 8 × 8 digits."""
    return (
        _TINY | _CONVOLUTIONS | {"data.name": "digits", "threads": rng.choice((0, 1, 2)), "seed": rng.randrange(1000)}
    )


def exploding(_rng: random.Random) -> Settings:
    """Blows up within a few steps: a critic without a bound, and the largest steps that there are."""
    sgd = {f"{player}_optimizer.{name}": value for player in "gd" for name, value in (("name", "sgd"), ("lr", 1.0))}
    return _TINY | sgd | {"data.name": "grid", "loss": "wasserstein", "penalty": "none"}


def unreadable(_rng: random.Random) -> Settings:
    """Its data cannot be loaded."""
    return _TINY | _CONVOLUTIONS | {"data.name": UNREADABLE, "data.image_size": 28}


KINDS: dict[str, tuple[Callable[[random.Random], Settings], float]] = {
    "points": (points, 4), "finishing": (finishing, 2), "pictures": (pictures, 2), "exploding": (exploding, 1),
    "unreadable": (unreadable, 0.5),
}  # fmt: skip


def damage(folder: Path) -> None:
    """Put files into the cache folder that are none."""
    raw = folder / "cache" / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{part}-ubyte").write_bytes(b"no pictures")


def live_change(rng: random.Random) -> Settings:
    """New values of live settings, which most runs take."""
    return rng.choice([
        {"g_optimizer.lr": 10 ** rng.uniform(-5, -2)},
        {"d_optimizer.lr": 10 ** rng.uniform(-5, -2)},
        {"g_optimizer.name": rng.choice(list(registry.optimizer))},
        {"d_optimizer.lr": 1.0, "d_optimizer.name": "sgd"},
        {"loss": rng.choice(list(registry.loss))},
        {"penalty": rng.choice(list(registry.penalty)), "penalty_weight": 0.1},
        {"batch_size": rng.choice((8, 16, 64))},
        {"k_d": rng.randrange(1, 4), "k_g": rng.randrange(3)},
        {"instance_noise": rng.random(), "label_flip": rng.random() / 4},
        {"ema_half_life": 10 ** rng.uniform(1, 5)},
    ])  # fmt: skip


def wrong_change(rng: random.Random) -> Settings:
    """Values that every run must refuse."""
    return rng.choice([
        {"batch_size": 1}, {"g_optimizer.lr": 1e3}, {"g_optimizer.lr": "fast"}, {"loss": "nonsense"}, {"no.such": 1},
        {"generator.hidden": [4]}, {"data.name": "moons", "seed": -1}, {"k_d": 0, "k_g": 0}, {"batch_size": 10, "accumulation": 3},
    ])  # fmt: skip

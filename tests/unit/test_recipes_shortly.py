"""Every recipe, shortly: that it learns, and that it takes pictures of any size and colour. To the end: tests/long/test_recipes.py."""

from __future__ import annotations

import _tiny
import pytest
import torch
from _nearer import share_left

from gan_core import presets, registry
from gan_core.config import RunConfig, replace
from gan_core.networks import encoder_on_meta, on_meta
from gan_core.trainer import Trainer

RECIPES = [e.name for e in registry.preset.entries() if e.info["goal"] == "recipe"]
# Narrow networks, with which a step takes milliseconds; nothing else of the recipe changes.
NARROW = {"generator.width": 8, "discriminator.width": 8, "device": "cpu", "precision": "float32", "threads": 1}
STEPS = 40


def recipe(name: str, **changes: object) -> RunConfig:
    return replace(presets.load(name), NARROW | changes)


@pytest.mark.parametrize("name", RECIPES)
def test_a_few_steps_bring_samples_nearer_to_the_data(name: str) -> None:
    config = recipe(name)
    if config.data.name != "digits":  # what is to be downloaded: the same recipe on the digits
        config = replace(config, {"data.name": "digits", "data.image_size": 16, "batch_size": 32, "accumulation": 1})
    assert share_left(Trainer(config), STEPS) < 0.97


@pytest.mark.parametrize("name", RECIPES)
def test_it_takes_pictures_of_any_size_and_colour(name: str) -> None:
    """As shapes say it, without computing anything."""
    config = recipe(name)
    for size in (8, 16, 28, 32, 64, 128):
        for channels in (1, 3):
            shape, n = (channels, size, size), 2 * config.discriminator.packing
            g, d = on_meta(config, shape)
            e = encoder_on_meta(config, shape)
            x = torch.empty(n, *shape, device="meta")
            made = g(torch.empty(n, config.latent.dim + config.classes + config.codes, device="meta"))
            assert made.shape == x.shape
            told = config.latent.dim if e is not None else config.classes
            out = d(x, torch.empty(n, told, device="meta")) if told else d(x)
            assert len(out) == (n if not config.adversarial else n // config.discriminator.packing)
            if e is not None:
                assert e(x).shape == (n, config.latent.dim)


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_on_colour_pictures_of_32_pixels(name: str) -> None:
    config = recipe(
        name, **{"data.name": "cifar10", "data.image_size": 32, "batch_size": 4, "accumulation": 1, "data.limit": 0}
    )
    trainer = Trainer(config, _tiny.images(32, 3))
    trainer.step()
    assert trainer.read_stats().finite
    assert trainer.players.sample(trainer.preview.latents[:3]).shape == (3, 3, 32, 32)

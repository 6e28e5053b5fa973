"""Pairs of pictures for translation: each against what it says it is made of."""

from __future__ import annotations

import _tiny
import numpy as np
import pytest
import torch
from scipy import ndimage

from gan_core import data as data_sets
from gan_core import registry
from gan_core.config import DataConfig
from gan_core.data import pairs
from gan_core.data.pairs import PairSet

NAMES = [e.name for e in registry.dataset.entries() if e.info["kind"] == "pairs"]


def load(name: str, size: int = 32, **more: object) -> PairSet:
    found = data_sets.load(DataConfig(name=name, image_size=size, **more))  # type: ignore[arg-type]
    assert isinstance(found, PairSet)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_shapes_labels_and_what_the_registry_says(name: str) -> None:
    found, info = load(name), data_sets.info_of(DataConfig(name=name, image_size=32))
    assert (found.given_shape[0], found.shape[0]) == (info["given"], info["channels"]) == info["both"]
    assert found.titles == info["titles"]
    assert found.together is info["together"]
    assert found.matched
    for images, labels in ((found.images, found.labels), (found.test_images, found.test_labels), (found.given, found.given_labels),
                           (found.test_given, found.test_given_labels)):  # fmt: skip
        assert labels is not None
        assert images.dtype == torch.uint8
        assert len(images) == len(labels)
        assert int(labels.max()) < info["classes"] == len(found.class_names)
    if found.together:
        assert len(found.images) == len(found.given)


@pytest.mark.parametrize("name", NAMES)
def test_turned_round(name: str) -> None:
    there, back = load(name), load(name, direction="back")
    assert torch.equal(there.given, back.images)
    assert torch.equal(there.test_images, back.test_given)
    assert back.titles == there.titles[::-1]
    info = data_sets.info_of(DataConfig(name=name, image_size=32, direction="back"))
    assert (info["given"], info["channels"]) == info["both"][::-1]
    assert there.fingerprint != back.fingerprint


def test_fewer_are_always_the_same_and_stay_pairs() -> None:
    whole, some, fewer = load("grey"), load("grey", limit=100), load("grey", limit=10)
    assert len(some.images) == len(some.given) == 100
    assert torch.equal(some.images[:10], fewer.images)
    assert torch.equal(pairs.luma(some.images), some.given)
    assert len(some.test_images) == len(whole.test_images)
    assert some.complete is whole
    turned = load("grey", limit=10, direction="back")
    assert torch.equal(turned.given, fewer.images)


def test_outlines_are_the_inner_border() -> None:
    found = load("edges", 28)
    for digit, line in zip(found.test_images[:40, 0].numpy(), found.test_given[:40, 0].numpy(), strict=True):
        inside = digit > 127
        eroded = ndimage.binary_erosion(inside, np.ones((3, 3)), border_value=1)
        np.testing.assert_array_equal(line, np.where(inside & ~eroded, 255, 0))


def test_luma() -> None:
    colours = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 200, 90]], dtype=torch.uint8)
    expected = np.rint(colours.numpy() @ np.array([0.299, 0.587, 0.114]))
    np.testing.assert_array_equal(pairs.luma(colours.view(5, 3, 1, 1)).view(5), expected)


def test_noise() -> None:
    grey = torch.full((50, 3, 16, 16), 128, dtype=torch.uint8)
    noise = pairs.with_noise(grey, torch.Generator().manual_seed(0)).double() - 128
    # Cut at two standard deviations: the variance of a normal number cut to [−2, 2] (−128/64, 127/64).
    cut = np.clip(np.random.default_rng(0).normal(0, 64, 10**6), -128, 127)
    assert float(noise.std()) == pytest.approx(cut.std(), rel=0.02)
    assert abs(float(noise.mean())) < 1
    found = load("noisy")
    assert not torch.equal(found.given, found.images)


def test_hole() -> None:
    found = load("masked")
    changed = (found.given != found.images).any(1).numpy()
    for given, where in zip(found.given[:200].numpy(), changed, strict=False):
        rows, columns = np.nonzero(where)
        assert len(rows)
        top, left = rows.min(), columns.min()
        assert rows.max() - top < 12 > columns.max() - left  # 3/8 of 32
        grey = (given == 128).all(0)
        label, count = ndimage.label(grey)
        assert max(ndimage.sum(grey, label, range(1, count + 1))) >= 144
    assert len(np.unique(changed.reshape(len(changed), -1).argmax(1))) > 100  # somewhere else in each


def test_blocks() -> None:
    found = load("small")
    blocks = found.images[:50].double().numpy().reshape(50, 3, 8, 4, 8, 4).mean((3, 5))
    assert np.abs(found.given[:50, :, ::4, ::4].numpy() - blocks).max() <= 0.5
    np.testing.assert_array_equal(found.given[:50], np.repeat(np.repeat(found.given[:50, :, ::4, ::4], 4, 2), 4, 3))


def test_two_styles_of_the_same_shapes_only_where_held_out() -> None:
    found = load("styles")

    def drawn(images: torch.Tensor) -> np.ndarray:
        """Where a picture differs from its upper left corner."""
        pixels = images[:300].int()
        return ((pixels - pixels[:, :, :1, :1]).abs().sum(1) > 60).flatten(1).double().numpy()

    def alike(a: torch.Tensor, b: torch.Tensor) -> float:
        return float(np.mean([np.corrcoef(x, y)[0, 1] for x, y in zip(drawn(a), drawn(b), strict=True)]))

    assert alike(found.test_given, found.test_images) > 0.5
    assert alike(found.given, found.images) < 0.3  # all are in the middle
    assert found.images.float().mean() < 70 < 180 < found.given.float().mean()


def test_a_run_says_what_it_cannot_learn_from() -> None:
    with pytest.raises(Exception, match="no picture has a partner"):
        _tiny.pairs(data__name="styles", method="pix2pix")
    with pytest.raises(Exception, match="identity_weight"):
        _tiny.pairs(data__name="grey", method="cyclegan")
    with pytest.raises(Exception, match="history"):
        _tiny.pairs(data__name="styles", batch_size=64)
    with pytest.raises(Exception, match="Use pix2pix, cyclegan"):
        _tiny.pairs(method="gan")
    with pytest.raises(Exception, match="Use gan, vae, bigan"):
        _tiny.pictures(method="pix2pix")
    with pytest.raises(Exception, match="made for the other player"):
        _tiny.pairs(generator__network="patches")
    with pytest.raises(Exception, match="Use unet, residual"):
        _tiny.pairs(generator__network="dcgan")

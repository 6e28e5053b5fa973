"""The estimate of a run's memory, made before anything is built."""

from __future__ import annotations

import _tiny
import psutil
import pytest
import torch

import gan_core.presets
from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError
from gan_core.memory import check_memory, estimate
from gan_core.networks import on_meta

HUGE = {"generator.hidden": (2048,) * 8, "discriminator.hidden": (2048,) * 8, "device": "cpu"}


@pytest.mark.parametrize("name", list(registry.preset))
def test_every_preset_fits(name: str) -> None:
    """On a small laptop; or, for a GPU, in as much as its text asks for."""
    gigabytes = registry.preset[name].info.get("gpu")
    if gigabytes:
        assert f"{gigabytes} GB" in registry.preset[name].info["needs"]
    assert 0 < estimate(gan_core.presets.load(name)) < (0.8e9 * gigabytes if gigabytes else 2e9)


def test_more_needs_more() -> None:
    base = estimate(_tiny.points())
    for changes in (
        {"batch_size": 64},
        {"generator.hidden": (512, 512)},
        {"discriminator.hidden": (512,)},
        {"penalty": "r1"},
    ):
        assert estimate(replace(_tiny.points(penalty="none"), changes)) > estimate(_tiny.points(penalty="none"))
    assert base > 0


def test_accumulation_needs_less() -> None:
    assert estimate(_tiny.pictures(batch_size=64, accumulation=8)) < estimate(_tiny.pictures(batch_size=64))


def test_it_counts_the_weights() -> None:
    config = replace(RunConfig(), HUGE)
    weights = sum(p.numel() for net in on_meta(config, (2,)) for p in net.parameters())
    assert weights > 5e7
    assert estimate(config) > 4 * 5 * weights  # weights, gradients, two averages, EMA


def test_estimating_allocates_nothing() -> None:
    config = replace(RunConfig(), HUGE)
    before = psutil.Process().memory_info().rss
    estimate(config)
    assert psutil.Process().memory_info().rss - before < 50e6


def test_too_large_is_refused_with_what_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(RunConfig(), HUGE | {"batch_size": 8192})
    monkeypatch.setattr("gan_core.memory._free", lambda device: 10**9)
    with pytest.raises(ConfigError) as caught:
        check_memory(config)
    for word in ("GB", "batch_size", "generator.hidden", "1.0"):
        assert word in str(caught.value)
    monkeypatch.setattr("gan_core.memory._free", lambda device: 10**13)
    check_memory(config)


def test_the_estimate_is_no_less_than_what_is_used() -> None:
    """Activations and weights of one real step, counted by the sizes of the tensors that autograd keeps."""
    config = _tiny.pictures(
        batch_size=64, data__image_size=32, generator__width=16, discriminator__width=16, penalty="none", loss="hinge"
    )
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    trainer = _tiny.trained(config, 0)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        trainer.step("d")
    assert estimate(config) >= sum(kept.values()) * 0.8

"""The benchmark for a GPU: its course of measures, tried in small on the processor, and its refusal where there is no GPU."""

from __future__ import annotations

import _tiny
import pytest
import torch

from benchmarks import gpu
from gan_core import registry
from gan_core.errors import DeviceError


def test_a_course_measures_until_its_end() -> None:
    settings = _tiny.pictures(horizon=8 * 40, data__name="stacked_digits", data__image_size=28, latent__dim=4)
    rows = gpu.course(settings, 60.0, 0.05, 200)
    assert rows[-1]["images"] == 8 * 40
    assert [row["images"] for row in rows] == sorted(row["images"] for row in rows)
    assert all(0 <= row["class_modes"] <= 1000 and row["class_kl"] >= 0 for row in rows)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    with pytest.raises(DeviceError, match="CUDA"):
        gpu.run()


def test_its_runs_are_the_recipes_for_a_gpu() -> None:
    assert set(gpu.COURSES) == {e.name for e in registry.preset.entries() if "gpu" in e.info}

"""What a run takes of the machine, as a viewer is told: the device, and how much memory."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import ImageSet, PointSet
from gan_core.memory import Needs, needs
from gan_core.trainer import Trainer


def of(trainer: Trainer) -> dict[str, Any]:
    """device: cpu, cuda or mps; name: of a GPU, else ""; threads, on a CPU. Bytes: weights and activations as `memory.needs` estimates
    them, pictures: the training's; allocated, reserved: what torch's allocator holds on the GPU for all of this process."""
    device, data = trainer.device, trainer.data
    estimated = _needs(trainer.config)
    said = {
        "device": device.type, "name": _name(device), "threads": torch.get_num_threads() if device.type == "cpu" else 0,
        "weights": estimated.weights, "activations": estimated.activations,
        "pictures": sum(part.nbytes for part in _learned(data)),
    }  # fmt: skip
    if device.type == "cuda":
        said |= {"allocated": torch.cuda.memory_allocated(device), "reserved": torch.cuda.memory_reserved(device)}
    return said


def _learned(data: PointSet | ImageSet) -> list[Tensor]:
    if isinstance(data, PairSet):
        return [data.given, data.images]
    return [data.images] if isinstance(data, ImageSet) else []


@lru_cache(16)
def _needs(config: RunConfig) -> Needs:
    return needs(config)


@lru_cache(4)
def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else ""

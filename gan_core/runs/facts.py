"""What run.json says of a run: who, what, how far, with which numbers, on which machine."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import torch

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.runs.snapshots import Message
from gan_core.trainer import Trainer

# Asked once, and while nothing trains: it is looked for among the files of what is installed.
TORCHVISION = importlib.metadata.version("torchvision")


def created_now() -> str:
    """The present moment as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def of_new(run_id: str, owner: str, config: RunConfig) -> dict[str, Any]:
    """Of a run that has not begun."""
    now = created_now()
    return {"run": run_id, "owner": owner, "created": now, "saved": now, "status": "preparing", "step": 0, "images": 0,
            "seconds": 0.0, "seed": config.seed, "progress": None, "summary": summary(config)}  # fmt: skip


def together(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The runs that this one trains in step with, as run.json says; none where that is damaged."""
    ids = said.get("together")
    return tuple(ids) if isinstance(ids, list) and all(isinstance(one, str) for one in ids) else ()


def summary(config: RunConfig) -> dict[str, Any]:
    """The settings that a table of runs shows."""
    pictures = data_sets.imported(config.data)
    return {"dataset": config.data.name, "pictures": pictures, "kind": config.kind, "loss": config.loss if config.adversarial else config.method, "penalty": config.penalty,
            "generator": config.generator.network, "discriminator": config.discriminator.network,
            "batch_size": config.batch_size}  # fmt: skip


def of_status(config: RunConfig, status: str, message: Message, seconds: float) -> dict[str, Any]:
    """Of any run at any moment."""
    said = {"template": message.template, "params": dict(message.params)}
    return {"saved": created_now(), "status": status, "seed": config.seed, "seconds": round(seconds, 3), "message": said,
            "summary": summary(config)}  # fmt: skip


def of_trainer(trainer: Trainer, threads: int) -> dict[str, Any]:
    """Of a run that has begun."""
    horizon = trainer.config.horizon
    return {"step": trainer.step_count, "images": trainer.images,
            "progress": min(trainer.images / horizon, 1.0) if horizon else None,
            "environment": environment(trainer.device, threads)}  # fmt: skip


def fingerprint(trainer: Trainer) -> dict[str, str]:
    """Hash of the data that it learns."""
    return {"data_hash": data_sets.fingerprint(trainer.data)}


def environment(device: torch.device, threads: int) -> dict[str, Any]:
    """Versions and machine, recorded with every run: bit-identity holds among equal ones."""
    return {
        "python": platform.python_version(), "torch": torch.__version__, "torchvision": TORCHVISION,
        "platform": platform.platform(), "processor": platform.processor() or platform.machine(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type, "threads": threads,
    }  # fmt: skip

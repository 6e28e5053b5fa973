"""Devices: which one a run uses, and why a GPU is not used."""

from __future__ import annotations

import contextlib
import os
import shutil
import traceback
from dataclasses import dataclass

import torch

from gan_core.errors import DeviceError
from gan_core.text import N_, Phrase


@dataclass(frozen=True)
class DeviceReport:
    """The device that "auto" gives, its name for people, and (template for translation) why it is no GPU; "" if it is one."""

    device: str
    name: str
    why_no_gpu: str


def available(name: str) -> bool:
    """Whether the device type "cpu", "cuda" or "mps" can be used here."""
    if name == "cuda":
        return torch.cuda.is_available()
    return name == "cpu" or (name == "mps" and torch.backends.mps.is_available())


def resolve(name: str) -> torch.device:
    """The torch device for "auto", "cpu", "cuda" or "mps". Raises DeviceError when it is absent, with the reason."""
    if name == "auto":
        name = next(d for d in ("cuda", "mps", "cpu") if available(d))
    if not available(name):
        raise DeviceError(
            N_("There is no {device} device on this machine. Choose Automatic (auto) or CPU (cpu)."),
            device=name.upper(),
        )
    return torch.device(name)


def report() -> DeviceReport:
    """What "auto" means on this machine."""
    device = resolve("auto")
    if device.type == "cuda":
        return DeviceReport("cuda", torch.cuda.get_device_name(), "")
    if device.type == "mps":
        return DeviceReport("mps", "Apple GPU", "")
    return DeviceReport("cpu", Phrase(N_("CPU, {count} cores"), count=os.cpu_count()), _why_no_gpu())


def _why_no_gpu() -> str:
    if torch.version.cuda is None and torch.version.hip is None:
        if shutil.which("nvidia-smi"):
            return N_(
                "This machine has an NVIDIA driver, but this PyTorch was built without CUDA. Install a CUDA build of torch."
            )
        return N_("This PyTorch was built for the CPU.")
    if shutil.which("nvidia-smi"):
        return N_(
            "An NVIDIA driver is installed, but PyTorch cannot use it: the driver may be older than this CUDA build needs."
        )
    return N_("PyTorch is built for GPUs, but no GPU driver was found on this machine.")


def default_threads(kind: str) -> int:
    """CPU threads of a run: points are too small to share among cores, pictures use them all."""
    return (
        1
        if kind == "points"
        else max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    )


# What the CPU's allocator, Apple's, CUDA itself and its libraries say in a RuntimeError.
_NO_MEMORY = ("can't allocate memory", "MPS backend out of memory", "CUDA error: out of memory", "_STATUS_ALLOC_FAILED")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch ran out of memory, on a GPU or in RAM."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _NO_MEMORY)


def free_what_is_left_of(error: BaseException) -> None:
    """Let go of what an error holds: the tensors of the calls that it ended, and what the allocator keeps for later ones."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        traceback.clear_frames(found.__traceback__)
        found = found.__cause__ or found.__context__
    with contextlib.suppress(RuntimeError):  # the device may be past that
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()

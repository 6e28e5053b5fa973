"""Which programs a run needs, where they can be made, and everything that each of them depends on: its name tells all of it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from gan_core import plugins, registry, serial
from gan_core.config import RunConfig, replace
from gan_core.data.sets import ImageSet, PointSet
from gan_core.engine import plan
from gan_core.engine.build import SUFFIX, fingerprint
from gan_core.errors import EngineError
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.trainer import Trainer

NO_COMPILER = N_("Steps are not compiled: there is no C++ compiler on this machine (g++ or clang++). Install one, or leave the engine "
                 "at automatic or eager.")  # fmt: skip
NOT_HERE = N_("Steps are compiled on Linux and macOS only. Leave the engine at automatic or eager.")
NOT_ON = N_("Steps on {device} are not compiled. Leave the engine at automatic or eager.")
SENTENCES = (
    NO_COMPILER,
    NOT_HERE,
    NOT_ON,
    plugins.UNCOMPILED,
    *(e.value.eager for e in registry.method.entries() if e.value.eager),
)

_PROCESSOR = (
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "flags",
    "Features",
    "CPU part",
)  # lines of /proc/cpuinfo


@dataclass(frozen=True)
class Part:
    """What of a run its programs depend on: settings, data and device."""

    config: RunConfig
    shape: tuple[int, ...]
    pictures: int
    device: str
    threads: int

    @staticmethod
    def before(config: RunConfig, data: PointSet | ImageSet, device: str, threads: int) -> Part:
        """Of a run that is still to be built."""
        pictures = len(data.images) if isinstance(data, ImageSet) else 0
        return Part(config, data.shape, pictures, device, threads)

    @staticmethod
    def of(trainer: Trainer, threads: int) -> Part:
        return Part.before(trainer.config, trainer.data, trainer.device.type, threads)


@dataclass(frozen=True)
class Order:
    """A program to be made, with or without the penalty. `asked` is for the process that makes it."""

    name: str
    penalised: bool
    asked: dict[str, Any]


def check(part: Part) -> None:
    """Raise EngineError for a run whose steps are not compiled anywhere."""
    if reason := registry.method[part.config.method].value.eager:
        raise EngineError(reason)
    if plugins.used(part.config):
        raise EngineError(plugins.UNCOMPILED)


@lru_cache(64)
def orders(part: Part) -> tuple[Order, ...]:
    """The programs of such a run; none on CUDA, where steps are captured in the run itself. Raises EngineError where they cannot
    be made."""
    check(part)
    if part.device == "cuda":
        return ()
    if part.device != "cpu":
        raise EngineError(NOT_ON, device=part.device)
    if sys.platform == "win32":
        raise EngineError(NOT_HERE)
    if not compiler():
        raise EngineError(NO_COMPILER)
    return tuple(_order(part, penalised) for penalised in plan.programs(part.config))


def _order(part: Part, penalised: bool) -> Order:
    asked = {
        "config": serial.to_dict(replace(plan.structure(part.config), {"device": part.device})),
        "penalised": penalised,
        "shape": part.shape,
        "pictures": part.pictures,
        "threads": part.threads,
        "code": fingerprint(),
    }
    key = json.dumps([asked, _machine()], sort_keys=True)
    name = hashlib.sha256(key.encode()).hexdigest()[:32] + SUFFIX
    return Order(name, penalised, asked | {"name": name})


@cache
def compiler() -> str:
    """The C++ compiler that programs are made with; empty where there is none."""
    return next((name for name in (os.environ.get("CXX"), "g++", "clang++") if name and shutil.which(name)), "")


@cache
def _machine() -> list[str]:
    """What compiled code depends on beside the run: it uses every instruction that this processor has."""
    said = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=False).stdout
    return [
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        platform.system(),
        platform.machine(),
        *_processor(),
        said,
    ]


def _processor() -> list[str]:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return [platform.processor()]
    first = info.read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    return [line for line in first if line.split(":")[0].strip() in _PROCESSOR]

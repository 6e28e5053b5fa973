"""Makes compiled programs: `python -m gan_core.engine.build` in a process of its own, so that nobody waits while it traces and compiles.

Its one line of input is JSON: {"config", "penalised" (with the penalty or without), "shape", "pictures" (how many), "threads", "code"
(its fingerprint), "folder", "name", "parent" (a process id)}. It leaves a shared library NAME.so in the folder, in one step, and says
what went wrong in the last line of stderr.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

SUFFIX, SEAL, BUILDING = ".so", ".sha256", ".building-"
LOOP_NAME = f"loop-1{SUFFIX}"  # with another number when native.LOOP changes
_NICE = 5  # enough to leave the stream alone; more would starve it on a machine whose cores all train
_PATIENCE = 2.0  # seconds between two looks whether the process that asked is still there
# In the source of a library: a call back into torch.
_FOREIGN = "aoti_torch_proxy_executor_call_function(proxy_executor"
_CODE = (
    "augment.py",
    "config.py",
    "ema.py",
    "lecam.py",
    "losses.py",
    "matching.py",
    "optimizers.py",
    "penalties.py",
    "players.py",
    "trainer.py",
    "data/sets.py",
    "engine",
    "networks",
)


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    _follow(asked["parent"])
    _be_modest(asked["threads"])
    folder = Path(asked["folder"])
    from gan_core import serial

    trainer = _blank_trainer(serial.from_dict(asked["config"]), tuple(asked["shape"]), asked["pictures"])
    if asked["code"] != fingerprint():
        raise RuntimeError("gan_core was updated meanwhile: start the server anew")
    assert trainer.device.type == "cpu"
    with tempfile.TemporaryDirectory(prefix=BUILDING, dir=folder) as scratch:
        if not (folder / LOOP_NAME).exists():
            _keep(_compile_loop(Path(scratch)), folder / LOOP_NAME)
        _keep(Path(_compile_step(trainer, asked["penalised"])), folder / asked["name"])
    return 0


def _keep(made: Path, path: Path) -> None:
    """Move a library to its place, after its checksum: one that is damaged would take the whole process with it."""
    seal = made.with_suffix(SEAL)
    seal.write_text(checksum(made), encoding="ascii")
    for file in (seal, made):
        file.chmod(0o700)  # whatever the umask says: what others may write to is not loaded
    os.replace(seal, path.with_suffix(SEAL))
    os.replace(made, path)


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(path: Path) -> bool:
    """Whether the library is there, as it was when it was made."""
    try:
        return checksum(path) == path.with_suffix(SEAL).read_text(encoding="ascii")
    except OSError:
        return False


@cache
def fingerprint() -> str:
    """Of everything that a program is traced from, the user's own parts included."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for name in _CODE:
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _follow(parent: int) -> None:
    """End with the process that asked, and take the compilers along."""

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(_PATIENCE)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=follow, daemon=True).start()


def _be_modest(threads: int) -> None:
    """Give way to whoever trains."""
    import torch

    torch.set_num_threads(threads)  # the program is made for so many
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICE)


def _blank_trainer(config: Any, shape: tuple[int, ...], pictures: int) -> Any:
    """A trainer with the structure that is asked for; its data is empty, since programs are the same for all data of a shape."""
    import torch

    from gan_core.data.sets import ImageSet
    from gan_core.trainer import Trainer

    if not pictures:
        return Trainer(config)
    blank = torch.zeros(pictures, *shape, dtype=torch.uint8)
    labels = torch.zeros(pictures, dtype=torch.int64)
    return Trainer(config, ImageSet(config.data.name, blank, labels, blank[:0], None, (), ""))


def trace(trainer: Any, penalised: bool) -> tuple[Any, tuple[Any, ...]]:
    """The graph (torch.fx.GraphModule) of a whole step of a Trainer, with its penalty or without, and the tensors it was traced
    with."""
    from torch.fx.experimental.proxy_tensor import make_fx

    from gan_core.engine import program

    step = program.Program(trainer, penalised)
    given = tuple(x[0] for x in program.blank(trainer, 1).tensors())
    pictures, tensors = program.state(trainer)
    example = (*given, *pictures, *tensors.values())
    return make_fx(step, _decompositions(), tracing_mode="fake")(*example), example


def _decompositions() -> dict[Any, Any]:
    """What a program needs that torch only has as one operation, which a library on its own cannot call."""
    import torch

    aten = torch.ops.aten

    def upsample_bilinear2d_backward(
        gradient: Any,
        out: list[int],
        into: list[int],
        corners: bool,
        high: float | None = None,
        wide: float | None = None,
    ) -> Any:
        """Interpolation is linear, rows and columns on their own: out = H x Wᵀ, so that the gradient of x is Hᵀ g W."""

        def matrix(size: int, given: int, factor: float | None) -> Any:
            unit = torch.eye(given, dtype=gradient.dtype, device=gradient.device)[None, None]
            return aten.upsample_bilinear2d.default(unit, [size, given], corners, factor, None)[0, 0]

        rows, columns = matrix(out[0], into[2], high), matrix(out[1], into[3], wide)
        return torch.matmul(torch.matmul(rows.t(), gradient), columns)

    return {aten.upsample_bilinear2d_backward.default: upsample_bilinear2d_backward}


def _compile_step(trainer: Any, penalised: bool) -> str:
    import torch._inductor

    graph, example = trace(trainer, penalised)
    # Precompiled headers save 4 of 30 seconds and leave 150 MB in the system's folder for temporary files.
    made = torch._inductor.aot_compile(graph, example, options={"aot_inductor.precompile_headers": False})
    assert isinstance(made, str)
    for source in Path(made).parent.glob("*.cpp"):
        if _FOREIGN in source.read_text(encoding="utf-8", errors="replace"):
            # It would fail in its first step.
            raise RuntimeError("the step has an operation that a program cannot hold")
    return made


def _compile_loop(folder: Path) -> Path:
    from torch._inductor.cpp_builder import get_cpp_compiler

    from gan_core.engine.native import LOOP

    source, made = folder / "loop.c", folder / LOOP_NAME
    source.write_text(LOOP, encoding="ascii")
    subprocess.run([get_cpp_compiler(), "-x", "c", "-O2", "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
    return made


if __name__ == "__main__":
    sys.exit(main())

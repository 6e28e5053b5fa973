"""Values as Python text that gives them back bit for bit; tables too long for it go into files beside the text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.errors import ExportError
from gan_core.text import N_

SHORT = 128  # numbers of a tensor that a reader wants to see; longer ones go into a file
LARGEST = 16 << 20  # bytes of a file beside the script


class Literals:
    """Writes values; `files` are those that the text reads from its own folder, by name."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def of(self, name: str, value: Any) -> str:
        """`value` as an expression; `name` is what a file for it is called. Raises ExportError."""
        if isinstance(value, Tensor):
            return self._tensor(name, value.detach().cpu())
        if value is None or isinstance(value, (bool, int, float, str)):
            return _number(value) if isinstance(value, float) else repr(value)
        if isinstance(value, (tuple, list)) and len(value) <= SHORT:
            inner = ", ".join(self.of(name, item) for item in value)
            return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
        raise ExportError(N_("{name} cannot be written into a file that stands alone: it is {what}. Take the configuration instead."),
                          name=name, what=type(value).__name__)  # fmt: skip

    def _tensor(self, name: str, value: Tensor) -> str:
        if value.numel() <= SHORT and value.dtype in (torch.float32, torch.int64, torch.bool):
            return _short(value)
        return self.file(name, value)

    def file(self, name: str, value: Tensor) -> str:
        """A tensor that is read from a file beside the script: its numbers as they are, row by row, little endian."""
        if value.element_size() * value.numel() > LARGEST:
            raise ExportError(
                N_("The data of this run ({size} MB) are too large to go with a script. Take the configuration instead: with "
                   "'gan-playground train --config config.toml' it trains the same run."),
                size=round(value.element_size() * value.numel() / 2**20))  # fmt: skip
        file = f"{name.strip('_')}.bin"
        self.files[file] = value.contiguous().numpy().tobytes()
        shape = ", ".join(map(str, value.shape))
        return f'torch.from_file(str(Path(__file__).with_name("{file}")), size={value.numel()}, dtype={value.dtype}).view({shape})'


def _short(value: Tensor) -> str:
    def nested(part: Any) -> str:
        return (
            f"[{', '.join(map(nested, part))}]"
            if isinstance(part, list)
            else _number32(part)
            if of_floats
            else repr(part)
        )

    of_floats = value.dtype == torch.float32
    dtype = "" if value.dtype in (torch.float32, torch.int64, torch.bool) else f", dtype={value.dtype}"
    rows = [nested(part) for part in value.tolist()] if value.dim() > 1 else []
    if not rows:
        return f"torch.tensor({nested(value.tolist())}{dtype})"
    lines, line = [], "   "
    for row in rows:
        if len(line) + len(row) > 110:
            lines.append(line)
            line = "   "
        line += f" {row},"
    return "torch.tensor([\n" + "\n".join([*lines, line]) + f"\n]{dtype})"


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else f"float('{value}')"


def _number32(value: float) -> str:
    """The fewest digits that are this float32 again, also when they are first read as a float64."""
    short = str(np.float32(value))
    return _number(value if np.float32(float(short)) != np.float32(value) or not math.isfinite(value) else float(short))

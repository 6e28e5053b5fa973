"""What a browser asks, read from its JSON: whatever has not the form that is expected is refused in words, once, here."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_core.data.sets import to_unit
from gan_core.errors import ConfigError
from gan_core.text import N_

_BAD = N_("{name}={value} does not go here. What does: {allowed}.")


def _refuse(name: str, value: object, allowed: str) -> ConfigError:
    shown = repr(value)
    return ConfigError(_BAD, name=name, value=shown if len(shown) <= 60 else shown[:57] + "…", allowed=allowed)


def whole(asked: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    """A whole number from low to high. Raises ConfigError."""
    value = asked.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise _refuse(name, value, f"a whole number from {low} to {high}")
    return value


def number(asked: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    """A number from low to high. Raises ConfigError."""
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not low <= value <= high:  # fmt: skip
        raise _refuse(name, value, f"a number from {low:g} to {high:g}")
    return float(value)


def choice(asked: Mapping[str, Any], name: str, allowed: Sequence[str], default: str | None = None) -> str:
    """One of the allowed words. Raises ConfigError."""
    value = asked.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise _refuse(name, value, ", ".join(allowed))
    return value


def truth(asked: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    """True or false. Raises ConfigError."""
    value = asked.get(name, default)
    if not isinstance(value, bool):
        raise _refuse(name, value, "true, false")
    return value


def text(asked: Mapping[str, Any], name: str, most: int, default: str | None = None) -> str:
    """A text of at most so many characters. Raises ConfigError."""
    value = asked.get(name, default)
    if not isinstance(value, str) or len(value) > most:
        raise _refuse(name, value, f"a text of at most {most} characters")
    return value


def items(asked: Mapping[str, Any], name: str, least: int, most: int, default: list[Any] | None = None) -> list[Any]:
    """A list of so many entries. Raises ConfigError."""
    value = asked.get(name, default)
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise _refuse(name, value, f"a list of {least} to {most} entries")
    return value


def inside(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in the object. Raises ConfigError."""
    return as_object(asked.get(name), name)


def as_object(value: object, name: str) -> Mapping[str, Any]:
    """This value, which has to be an object. Raises ConfigError."""
    if not isinstance(value, dict):
        raise _refuse(name, value, "an object")
    return value


def point(value: object, name: str, reach: float = 10.0) -> tuple[float, float]:
    """Two numbers, each within ±reach. Raises ConfigError."""
    if not isinstance(value, list) or len(value) != 2:
        raise _refuse(name, value, "two numbers")
    x, y = (number({name: v}, name, -reach, reach) for v in value)
    return x, y


def floats(asked: Mapping[str, Any], name: str, allowed: Sequence[int], reach: float = 1e4) -> Tensor:
    """(N,) float32 from base64 of little-endian float32, N one of the allowed. Raises ConfigError for anything else, and for numbers that
    are not finite or beyond ±reach."""
    value = asked.get(name)
    counts = " or ".join(str(count) for count in allowed)
    wanted = f"{counts} numbers from −{reach:g} to {reach:g}, as base64 of 32-bit floats"
    raw = _bytes(value, 4 * max(allowed))
    if raw is None or len(raw) % 4 or len(raw) // 4 not in allowed:
        raise _refuse(name, value, wanted)
    found = np.frombuffer(raw, "<f4").astype(np.float32)
    if not np.isfinite(found).all() or float(np.abs(found).max(initial=0.0)) > reach:
        raise _refuse(name, value, wanted)
    return torch.from_numpy(found)


def octets(asked: Mapping[str, Any], name: str, count: int, what: str = "") -> Tensor:
    """(count,) uint8 from base64 of exactly so many bytes. Raises ConfigError for anything else, which says `what` was expected."""
    value = asked.get(name)
    raw = _bytes(value, count)
    if raw is None or len(raw) != count:
        raise _refuse(name, value, what or f"{count} bytes as base64")
    return torch.from_numpy(np.frombuffer(raw, np.uint8).copy())


def picture(asked: Mapping[str, Any], name: str, shape: Sequence[int]) -> Tensor:
    """(C, H, W) float32 in [−1, 1] from base64 of exactly C · H · W bytes, channel by channel and row by row. Raises ConfigError for
    anything else."""
    what = f"{' × '.join(str(side) for side in shape)} bytes of a picture, as base64"
    return to_unit(octets(asked, name, math.prod(shape), what)).view(*shape)


def _bytes(value: object, most: int) -> bytes | None:
    """What base64 of either alphabet stands for, with or without padding; None for anything else, or for much more than `most`."""
    if not isinstance(value, str) or len(value) > 2 * most + 8:
        return None
    try:
        return base64.b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def as_base64(x: Tensor) -> str:
    """What `floats` reads, safe in an address, without padding."""
    raw = x.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")

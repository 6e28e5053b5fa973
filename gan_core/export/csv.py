"""Points as CSV: the same text from the app, the command line and a script that stands alone."""

from __future__ import annotations

from torch import Tensor


def point_lines(points: Tensor) -> str:
    """x,y and a line a point (N, 2), in digits that give each float32 back exactly."""
    return "x,y\n" + "".join(f"{x:.9g},{y:.9g}\n" for x, y in points.tolist())

"""Trains every preset here and draws the pictures of Home's cards: `python -m benchmarks.pictures [seconds a preset]`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gan_core import presets, registry
from gan_core.runs.session import TrainingSession
from gan_core.runs.snapshots import Snapshot

FOLDER = Path(__file__).resolve().parent.parent / "pages" / "_ui" / "pictures"
SIZE = (600, 400)
REAL, FAKE, NEUTRAL = (28, 111, 176), (217, 115, 13), (243, 245, 247)
_TINT = 0.45  # how strongly the critic's field is coloured


def run(seconds: float = 60.0) -> dict[str, object]:
    """Train and draw; the steps that each picture took."""
    FOLDER.mkdir(exist_ok=True)
    steps = {}
    for name in registry.preset:
        session = TrainingSession(name, "", presets.load(name))
        session.prepare()
        while session.status in ("preparing", "running") and session.seconds < seconds:
            session.turn(1.0)
        session.command("pause")
        session.turn(0.0)
        picture = _points(session.latest) if session.latest.kind == "points" else _grid(session.latest.arrays["fake"])
        picture.save(FOLDER / f"{name}.webp", quality=85, method=6)
        steps[name] = session.latest.step
    return {"steps": steps}


def _points(snapshot: Snapshot) -> Image.Image:
    """The critic's field, real points as blue circles, generated ones as orange diamonds."""
    field = snapshot.arrays["field"][::-1].astype(np.float32)[..., None] / 127.5 - 1
    side = np.where(field > 0, np.float32(REAL), np.float32(FAKE))
    tinted = np.float32(NEUTRAL) + (side - np.float32(NEUTRAL)) * np.abs(field) * _TINT
    scale = 2
    width, height = SIZE[0] * scale, SIZE[1] * scale
    canvas = Image.fromarray(tinted.astype(np.uint8)).resize((width, width), Image.Resampling.BICUBIC)
    canvas = canvas.crop((0, (width - height) // 2, width, (width + height) // 2))
    draw = ImageDraw.Draw(canvas)
    assert snapshot.extent is not None
    x0, x1, y0, y1 = snapshot.extent
    span = (y1 - y0) * 0.95  # the picture is wider than the data: show all of its height
    for name, colour, r in (("real", REAL, 5), ("fake", FAKE, 6)):
        for x, y in snapshot.arrays[name]:
            px, py = width / 2 + (x - (x0 + x1) / 2) / span * height, height / 2 - (y - (y0 + y1) / 2) / span * height
            if name == "real":
                draw.ellipse((px - r, py - r, px + r, py + r), fill=colour)
            else:
                draw.polygon([(px - r, py), (px, py - r), (px + r, py), (px, py + r)], fill=colour)
    return canvas.resize(SIZE, Image.Resampling.LANCZOS)


def _grid(images: NDArray[np.uint8]) -> Image.Image:
    """The first 24 generated pictures in four rows of six, enlarged pixel by pixel."""
    n, channels, height, width = images[:24].shape
    tiles = images[:24].reshape(4, 6, channels, height, width).transpose(0, 3, 1, 4, 2)
    sheet = tiles.reshape(4 * height, 6 * width, channels)
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet).convert("RGB")
    return picture.resize(SIZE, Image.Resampling.NEAREST)


if __name__ == "__main__":
    print(run(*map(float, sys.argv[1:2])))

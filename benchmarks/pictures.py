"""Trains every preset here and draws the pictures of Home's cards: `python -m benchmarks.pictures [seconds a preset]`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks._train import trained
from gan_core import registry
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
        session = trained(name, seconds)
        session.command("pause")  # a last look, at the very end
        session.turn(0.0)
        picture = _points(session.latest) if session.latest.kind == "points" else _grid(session.latest.arrays["fake"])
        picture.save(FOLDER / f"{name}.webp", quality=85, method=6)
        steps[name] = session.latest.step
    return {"steps": steps}


def _points(snapshot: Snapshot) -> Image.Image:
    """The critic's field, real points as blue circles, generated ones as orange diamonds."""
    field = snapshot.arrays["field"][::-1].astype(np.float32)[..., None] / 127.5 - 1
    real, fake, neutral = (np.array(colour, np.float32) for colour in (REAL, FAKE, NEUTRAL))
    tinted = neutral + (np.where(field > 0, real, fake) - neutral) * np.abs(field) * _TINT
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
    _count, channels, height, width = images[:24].shape
    tiles = images[:24].reshape(4, 6, channels, height, width).transpose(0, 3, 1, 4, 2)
    sheet = tiles.reshape(4 * height, 6 * width, channels)
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet).convert("RGB")
    return picture.resize(SIZE, Image.Resampling.NEAREST)


if __name__ == "__main__":
    print(run(*map(float, sys.argv[1:2])))

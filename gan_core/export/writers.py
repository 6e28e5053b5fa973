"""The formats of films: pictures in, one file out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from gan_core.errors import ExportError
from gan_core.text import N_

NO_FFMPEG = N_(
    "MP4 needs ffmpeg, which imageio-ffmpeg brings for most systems and not for this one. Choose GIF or WebP."
)
_HOLD = 1.0  # seconds that the last picture stays before a loop begins again
_FEW, _SMALLER = 8, 4  # pictures that a GIF's palette is made from, and how many times smaller they are
_COLOURS = 255


Draw: TypeAlias = Callable[[int], Image.Image]  # the picture of this number, from 0


@dataclass(frozen=True)
class Writer:
    """write(file, draw, count, pictures a second), a picture at a time. `side`: the largest, in pixels; `frames`: the most; `mime` and
    `title`: for browsers and people."""

    title: str
    mime: str
    side: int
    frames: int
    write: Callable[[Path, Draw, int, float], None]


def _mp4(path: Path, draw: Draw, count: int, rate: float) -> None:
    """H.264, which every browser plays; ffmpeg takes one thread. Raises ExportError where there is none."""
    import imageio_ffmpeg

    shown = draw(0)
    try:
        stream = imageio_ffmpeg.write_frames(
            str(path), shown.size, fps=rate, codec="libx264", quality=None, macro_block_size=2, ffmpeg_log_level="error",
            output_params=["-crf", "18", "-preset", "veryfast", "-threads", "1", "-movflags", "+faststart", "-f", "mp4"],
        )  # fmt: skip
        stream.send(None)
    except (RuntimeError, OSError):
        raise ExportError(NO_FFMPEG) from None
    try:
        for i in range(count + round(_HOLD * rate)):
            shown = draw(i) if 0 < i < count else shown
            stream.send(np.ascontiguousarray(shown))
    finally:
        stream.close()


def _gif(path: Path, draw: Draw, count: int, rate: float) -> None:
    """One palette for all, made from a few of them, so that nothing flickers."""
    few = [draw(i) for i in range(0, count, math.ceil(count / _FEW))]
    width, height = few[0].width // _SMALLER, few[0].height // _SMALLER
    sheet = Image.new("RGB", (width, height * len(few)))
    for i, part in enumerate(few):
        sheet.paste(part.resize((width, height), Image.Resampling.NEAREST), (0, i * height))
    palette = sheet.quantize(_COLOURS)
    pictures = (draw(i).quantize(palette=palette, dither=Image.Dither.NONE) for i in range(count))
    _animate(path, pictures, rate, count, format="GIF", optimize=False)


def _webp(path: Path, draw: Draw, count: int, rate: float) -> None:
    _animate(path, map(draw, range(count)), rate, count, format="WEBP", quality=80, method=2)


def _animate(path: Path, pictures: Iterator[Image.Image], rate: float, count: int, **how: Any) -> None:
    each = round(1000 / rate)
    durations = [each] * (count - 1) + [each + round(1000 * _HOLD)]
    next(pictures).save(path, save_all=True, append_images=pictures, duration=durations, loop=0, **how)


WRITERS = {
    "mp4": Writer("MP4", "video/mp4", 1080, 300, _mp4),
    "gif": Writer("GIF", "image/gif", 720, 150, _gif),  # Pillow holds all of its pictures, a byte a pixel
    "webp": Writer("WebP", "image/webp", 1080, 300, _webp),
}

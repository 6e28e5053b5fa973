"""The formats of films: pictures in, one file out."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from PIL import Image

from gan_core.errors import ExportError
from gan_core.text import N_

NO_FFMPEG = N_(
    "MP4 needs ffmpeg, which imageio-ffmpeg brings for most systems and not for this one. Choose GIF or WebP."
)
HOLD = 1.0  # seconds that the last picture stays before a loop begins again
_FEW, _SMALLER = 8, 4  # pictures that a GIF's palette is made from, and how many times smaller they are
_COLOURS = 255


Draw: TypeAlias = Callable[[int], Image.Image]  # the picture of this number, from 0


class Write(Protocol):
    """Pictures `draw(0)` … `draw(count − 1)` into a file, one at a time, `rate` a second; the last one stays `hold` seconds longer, which
    a film that begins again where it ended does without."""

    def __call__(self, path: Path, draw: Draw, count: int, rate: float, hold: float = HOLD) -> None: ...


@dataclass(frozen=True)
class Writer:
    """`side`: the largest, in pixels; `frames`: the most pictures; `ending` of the file's name; `mime` and `title`: for browsers and people."""

    title: str
    mime: str
    ending: str
    side: int
    frames: int
    write: Write


def _mp4(path: Path, draw: Draw, count: int, rate: float, hold: float = HOLD) -> None:
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
        for i in range(count + round(hold * rate)):
            shown = draw(i) if 0 < i < count else shown
            stream.send(np.ascontiguousarray(shown))
    finally:
        stream.close()


def _gif(path: Path, draw: Draw, count: int, rate: float, hold: float = HOLD) -> None:
    """One palette for all, made from a few of them, so that nothing flickers."""
    few = [draw(i) for i in range(0, count, math.ceil(count / _FEW))]
    width, height = few[0].width // _SMALLER, few[0].height // _SMALLER
    sheet = Image.new("RGB", (width, height * len(few)))
    for i, part in enumerate(few):
        sheet.paste(part.resize((width, height), Image.Resampling.NEAREST), (0, i * height))
    palette = sheet.quantize(_COLOURS)
    pictures = (draw(i).quantize(palette=palette, dither=Image.Dither.NONE) for i in range(count))
    _animate(path, pictures, rate, count, hold, format="GIF", optimize=False)


def _webp(path: Path, draw: Draw, count: int, rate: float, hold: float = HOLD) -> None:
    _animate(path, map(draw, range(count)), rate, count, hold, format="WEBP", quality=80, method=2)


def _animate(path: Path, pictures: Iterator[Image.Image], rate: float, count: int, hold: float, **how: Any) -> None:
    each = round(1000 / rate)
    durations = [each] * (count - 1) + [each + round(1000 * hold)]
    next(pictures).save(path, save_all=True, append_images=pictures, duration=durations, loop=0, **how)


def _png(path: Path, draw: Draw, count: int, rate: float, hold: float = HOLD) -> None:
    """A ZIP of the pictures without loss, in the order of their names; how long each stays is for whoever uses them."""
    digits = len(str(count))
    with zipfile.ZipFile(path, "w") as archive:  # PNG is packed already
        for i in range(count):
            buffer = io.BytesIO()
            draw(i).save(buffer, "PNG")
            archive.writestr(zipfile.ZipInfo(f"{i + 1:0{digits}}.png"), buffer.getvalue())


# What plays by itself.
WRITERS = {
    "mp4": Writer("MP4", "video/mp4", "mp4", 1080, 300, _mp4),
    "gif": Writer("GIF", "image/gif", "gif", 720, 150, _gif),  # Pillow holds all of its pictures, a byte a pixel
    "webp": Writer("WebP", "image/webp", "webp", 1080, 300, _webp),
}
# And pictures to make a film of elsewhere.
FORMATS = WRITERS | {"png": Writer("PNG", "application/zip", "zip", 1080, 300, _png)}

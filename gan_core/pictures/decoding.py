"""A file that somebody brought -> a square of pixels, or why not. Part of the process that decodes (worker); imports no torch."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL.Image import Resampling, Transpose

from gan_core.pictures.choices import Choices
from gan_core.pictures.limits import SMALLEST, Limits
from gan_core.pictures.members import kind_of

_PLUGINS = (
    PngImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    WebPImagePlugin,
    GifImagePlugin,
    BmpImagePlugin,
    TiffImagePlugin,
    PpmImagePlugin,
)
# Few decoders, few weak points. Pillow opens JPEGs of several pictures (MPO, of some phones) as JPEG.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")  # fmt: skip
_ORIENTATION = 0x0112  # of EXIF
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # fmt: skip
_NEARLY = 6  # of 255: JPEG stores grey with colours this far from none
_WHITE = (255, 255, 255)


class RefusedError(Exception):
    """`code` of REASONS says why a file is not taken."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Decoded:
    """pixels: size · size · channels bytes, row by row, colours of a pixel side by side. is_grey: no pixel has a colour. notes: codes
    of NOTES."""

    pixels: bytes
    channels: int
    is_grey: bool
    notes: tuple[str, ...]


def decode(data: bytes, choices: Choices, limits: Limits) -> Decoded:
    """A picture, upright, on white where it is transparent, as `choices` say. Raises RefusedError."""
    if not data:
        raise RefusedError("empty")
    if len(data) > limits.file:
        raise RefusedError("file")
    if kind_of(data[:512]) is not None:
        raise RefusedError("nested")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _decoded(image, choices, limits)
    except RefusedError:
        raise
    except UnidentifiedImageError:
        raise RefusedError("broken" if data.startswith(_MAGIC) else "format") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RefusedError("pixels") from None
    except MemoryError:
        raise RefusedError("memory") from None
    except Exception as error:  # whatever the decoders stumble over: they read bytes that anybody may have made up
        ends = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise RefusedError("truncated" if ends else "broken") from None


def _decoded(image: Image.Image, choices: Choices, limits: Limits) -> Decoded:
    width, height = image.size
    if width * height > limits.megapixels * 1e6:
        raise RefusedError("pixels")
    if min(width, height) < SMALLEST:
        raise RefusedError("small")
    notes = ["animated"] if getattr(image, "n_frames", 1) > 1 and image.format != "MPO" else []
    turned = _orientation(image)
    notes += ["rotated"] if turned in _TURNS else []
    needed = (
        width if choices.fit == "whole" and width > height else height if choices.fit == "whole" else min(width, height)
    )
    notes += ["enlarged"] if needed < choices.size else []
    scale = min(1.0, 2 * choices.size / needed)
    image.draft(None, (max(1, round(width * scale)), max(1, round(height * scale))))  # JPEG: decoded at 1/2, 1/4 or 1/8
    image.load()
    plain = _plain(image, notes)
    square = _flat(_fitted(plain, choices), notes)
    turn = _TURNS.get(_orientation(image))  # TIFF turns itself when it is loaded
    square = square.transpose(turn) if turn is not None else square
    is_grey = square.mode == "L" or _has_no_colour(square)
    mode = "L" if choices.colour == "grey" else "RGB"
    square = square if square.mode == mode else square.convert(mode)
    return Decoded(square.tobytes(), len(square.getbands()), is_grey, tuple(notes))


def _orientation(image: Image.Image) -> int:
    """1 to 8; 1 where nothing, or nothing that can be read, is said."""
    with contextlib.suppress(Exception):  # damaged EXIF says nothing about the picture
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _plain(image: Image.Image, notes: list[str]) -> Image.Image:
    """As L, RGB or RGBA."""
    if image.mode in ("L", "RGB", "P", "1") and "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("LA", "La", "PA", "RGBa"):
        return image.convert("RGBA")
    if image.mode in ("P", "RGBX", "YCbCr", "LAB", "HSV"):
        return image.convert("RGB")
    if image.mode == "CMYK":
        notes.append("cmyk")
        return image.convert("RGB")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _of_deep(image, notes)
    raise RefusedError("depth")


def _of_deep(image: Image.Image, notes: list[str]) -> Image.Image:
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise RefusedError("depth")
    notes.append("deep")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _fitted(image: Image.Image, choices: Choices) -> Image.Image:
    """Resized with Lanczos' filter, which takes in every pixel where it shrinks."""
    (width, height), size = image.size, choices.size
    if choices.fit == "whole":
        scale = size / max(width, height)
        inner = image.resize(
            (max(1, round(width * scale)), max(1, round(height * scale))), Resampling.LANCZOS, reducing_gap=3.0
        )
        white = Image.new(image.mode, (size, size), "white")
        white.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
        return white
    box = None
    if choices.fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    return image.resize((size, size), Resampling.LANCZOS, box, reducing_gap=3.0)


def _flat(image: Image.Image, notes: list[str]) -> Image.Image:
    """On white."""
    if image.mode != "RGBA":
        return image
    lowest = image.getchannel("A").getextrema()[0]
    assert isinstance(lowest, (int, float))
    if lowest < 255:
        notes.append("alpha")
    return Image.alpha_composite(Image.new("RGBA", image.size, (*_WHITE, 255)), image).convert("RGB")


def _has_no_colour(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return all(_largest(ImageChops.difference(green, other)) <= _NEARLY for other in (red, blue))


def _largest(image: Image.Image) -> float:
    high = image.getextrema()[1]
    assert isinstance(high, (int, float))
    return high

"""Pictures from outside, one by one: what becomes of the pixels, and which are not taken."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gan_core.pictures.choices import Choices
from gan_core.pictures.decoding import RefusedError, decode
from gan_core.pictures.limits import Limits
from tests.unit._own_pictures import encoded, noise, png, png_header

CHOICES = Choices(16, "stretch")


def pixels(data: bytes, choices: Choices = CHOICES) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    found = decode(data, choices, Limits())
    array = np.frombuffer(found.pixels, np.uint8).reshape(choices.size, choices.size, found.channels)
    return array.astype(np.int64), found.notes


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        decode(data, CHOICES, limits or Limits())
    return caught.value.code


def marked(mode: str = "RGB") -> Image.Image:
    """16 × 16, black but for its upper left quarter, which is white."""
    image = Image.new(mode, (16, 16), 0)
    image.paste(Image.new(mode, (8, 8), "white"), (0, 0))
    return image


def test_a_picture_of_the_chosen_size_stays_as_it_is() -> None:
    image = noise(1, 16, 16)
    found, notes = pixels(encoded(image))
    assert np.array_equal(found, np.asarray(image))
    assert notes == ()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_every_format_that_is_named_is_read(form: str) -> None:
    found, _ = pixels(encoded(Image.new("RGB", (20, 20), (200, 40, 40)), form))
    assert np.abs(found - [200, 40, 40]).max() <= 4


def test_a_header_of_60_000_pixels_a_side_is_refused_before_anything_is_decoded() -> None:
    assert refusal(png_header(60_000, 60_000)) == "pixels"


def test_a_picture_of_one_pixel_is_too_small() -> None:
    assert refusal(encoded(Image.new("RGB", (1, 1)))) == "small"
    assert refusal(encoded(Image.new("RGB", (1, 5000)))) == "small"


def test_a_file_that_is_larger_than_is_allowed() -> None:
    assert refusal(png(0), Limits(file=100)) == "file"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_file_is_no_half_picture(form: str) -> None:
    data = encoded(noise(2, 64, 64), form)
    assert refusal(data[: len(data) // 2]) in ("truncated", "broken")


def test_what_is_no_picture() -> None:
    assert refusal(b"") == "empty"
    assert refusal(b"Dear reader, this is a letter.") == "format"
    assert refusal(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == "format"
    assert (
        refusal(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n") == "format"
    )  # PostScript is a language: never run
    assert refusal(b"\x89PNG\r\n\x1a\n" + b"\7" * 200) == "broken"
    assert refusal(b"PK\3\4" + b"\0" * 100) == "nested"


def test_cmyk_becomes_rgb() -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red
    found, notes = pixels(encoded(image, "TIFF"))
    assert np.array_equal(found[0, 0], [255, 0, 0])
    assert "cmyk" in notes
    found, notes = pixels(encoded(image, "JPEG", quality=95))
    assert np.abs(found[0, 0] - [255, 0, 0]).max() <= 8
    assert "cmyk" in notes


def test_16_bits_are_scaled_and_not_cut_off() -> None:
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    found, notes = pixels(encoded(Image.fromarray(values)))
    assert np.array_equal(found[..., 0], np.arange(256).reshape(16, 16))
    assert "deep" in notes


def test_values_that_are_no_brightness_are_refused() -> None:
    assert refusal(encoded(Image.fromarray(np.full((16, 16), 0.5, np.float32)), "TIFF")) == "depth"
    assert refusal(encoded(Image.fromarray(np.full((16, 16), 70_000, np.int32)), "TIFF")) == "depth"


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_an_animation_the_first_picture_is_taken(form: str) -> None:
    first, second = (Image.new("RGB", (16, 16), colour) for colour in ((250, 0, 0), (0, 0, 250)))
    found, notes = pixels(encoded(first, form, save_all=True, append_images=[second]))
    assert np.abs(found - [250, 0, 0]).max() <= 6
    assert "animated" in notes


def test_a_palette_is_looked_up() -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    assert np.array_equal(pixels(encoded(image))[0][3, 3], [10, 200, 30])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_become_white(mode: str) -> None:
    if mode == "P":
        image = Image.new("P", (16, 16), 0)
        image.putpalette([9, 9, 9])
        data = encoded(image, transparency=0)
    else:
        data = encoded(Image.new(mode, (16, 16), (0,) * len(mode)))
    found, notes = pixels(data)
    assert (found == 255).all()
    assert "alpha" in notes


def test_half_transparent_black_is_grey() -> None:
    found, _ = pixels(encoded(Image.new("RGBA", (16, 16), (0, 0, 0, 128))))
    assert np.abs(found - 127).max() <= 1  # 255 · (1 - 128/255)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "TIFF", "PNG"])
def test_every_exif_orientation_ends_upright(turn: int, form: str) -> None:
    """Against the definition: orientation says where the first row and the first column of the file belong (EXIF 2.3, 4.6.4)."""
    upright = np.asarray(marked())
    stored = {1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.transpose(1, 0, 2),
              6: np.rot90(upright), 7: np.rot90(upright, 2).transpose(1, 0, 2), 8: np.rot90(upright, -1)}[turn]  # fmt: skip
    image = Image.fromarray(np.ascontiguousarray(stored))
    exif = Image.Exif()
    exif[0x0112] = turn
    found, notes = pixels(encoded(image, form, exif=exif, **({"quality": 95} if form == "JPEG" else {})))
    assert np.abs(found - upright).max() <= 12
    assert ("rotated" in notes) == (turn > 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_harms_nobody() -> None:
    found, _ = pixels(encoded(noise(3, 16, 16), "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"))
    assert np.array_equal(found, np.asarray(noise(3, 16, 16)))


def test_how_a_wide_picture_becomes_a_square() -> None:
    image = Image.new("RGB", (64, 16), (0, 0, 0))
    image.paste((200, 0, 0), (24, 0, 40, 16))  # its middle
    data = encoded(image)
    assert (pixels(data, Choices(16, "crop"))[0] == [200, 0, 0]).all()
    whole, _ = pixels(data, Choices(16, "whole"))
    assert (whole[:6] == 255).all()
    assert (whole[10:] == 255).all()
    assert (whole[7:9, :4] <= 2).all()
    stretched, _ = pixels(data, Choices(16, "stretch"))
    # Lanczos' filter swings over by a few values beside an edge.
    assert np.abs(stretched[:, 7] - [200, 0, 0]).max() <= 8
    assert (stretched[:, 1] <= 2).all()


def test_shrinking_takes_in_every_pixel() -> None:
    """A board of black and white fields of one pixel has a mean of one half, which taking every n-th pixel would miss."""
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    assert np.abs(pixels(encoded(Image.fromarray(board)))[0][4:12, 4:12] - 127.5).max() < 4


def test_grey_is_noticed_and_asked_for() -> None:
    grey = decode(encoded(noise(4, channels=1)), CHOICES, Limits())
    assert grey.is_grey
    assert grey.channels == 3
    assert not decode(png(4), CHOICES, Limits()).is_grey
    assert decode(png(4), Choices(16, colour="grey"), Limits()).channels == 1


def test_a_smaller_picture_is_enlarged_and_says_so() -> None:
    assert "enlarged" in pixels(png(5, width=12, height=12))[1]


def test_a_large_jpeg_is_decoded_small() -> None:
    found, _ = pixels(encoded(Image.new("RGB", (3000, 2000), (10, 20, 200)), "JPEG"))
    assert np.abs(found - [10, 20, 200]).max() <= 4


@pytest.mark.filterwarnings("ignore")
def test_random_damage_is_refused_or_decoded_and_nothing_else() -> None:
    chance = np.random.default_rng(0)
    for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"):
        whole = encoded(noise(6, 32, 32), form)
        for _ in range(30):
            data = bytearray(whole)
            for place in chance.integers(0, len(data), 6):
                data[place] = chance.integers(0, 256)
            with contextlib.suppress(RefusedError):
                assert len(decode(bytes(data), CHOICES, Limits(megapixels=1)).pixels) == 16 * 16 * 3


def test_the_decoders_that_are_not_named_are_not_asked() -> None:
    out = io.BytesIO()
    noise(7).save(out, "ICO")
    assert refusal(out.getvalue()) == "format"

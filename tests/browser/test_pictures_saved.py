"""The grids of an image run and of one that translates in a real Chromium: named before there is a picture; saved, every one is on the sheet."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_harness import FakeServer
from PIL import Image
from test_live_component import page, server
from test_live_encoder import TINY, mount

from gan_core.config import RunConfig, replace
from gan_core.presets import load
from gan_core.runs.frames import pack
from gan_core.runs.preview import preview_frame
from gan_core.runs.snapshots import Snapshot, present
from pages._ui.live_words import LABELS, live_labels

__all__ = ["page", "server"]  # fixtures

BLUE, ORANGE = (15, 95, 181), (212, 88, 10)
PAIRS = {"generator.width": 4, "discriminator.width": 4, "device": "cpu", "threads": 1}


def signs(picture: np.ndarray[Any, Any], color: tuple[int, int, int]) -> list[int]:
    """Where the signs of this colour begin, from left to right, in the rows of a sheet's titles."""
    seen = (np.abs(picture.astype(int) - color).sum(2) < 40).any(0)
    starts = np.flatnonzero(seen & ~np.roll(seen, 1))
    return [int(start) for start, before in zip(starts, [-100, *starts[:-1]], strict=True) if start - before > 60]


@pytest.mark.parametrize(
    ("config", "kind", "real", "generated"),
    [
        (replace(RunConfig(), TINY | {"method": "gan"}), "images", 1, 1),
        (replace(RunConfig(), TINY | {"method": "vae"}), "images", 2, 1),
        (replace(load("edges"), PAIRS), "pairs", 2, 1),
    ],
    ids=["gan", "vae", "pairs"],
)
def test_every_grid_is_saved(
    page: Any, server: FakeServer, config: RunConfig, kind: str, real: int, generated: int
) -> None:
    mount(page, run_id=None, token=None, frame=preview_frame(config), kind=kind)
    page.locator(".gl-grid-fake canvas").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    with Image.open(io.BytesIO(Path(download.value.path()).read_bytes())) as image:
        assert image.width == 1440
        head = np.asarray(image.convert("RGB"))[40 : 40 + 40]  # the titles of the first row
    assert (len(signs(head, BLUE)), len(signs(head, ORANGE))) == (real, generated)


PAST = """() => {
  const { picture, live } = [document.getElementById("host"), document.getElementById("host").shadowRoot].map((one) => one.ganLive).find(Boolean);
  window.now = live;
  picture.show({ header: { ...live.header, status: "past" }, arrays: { image_fake: live.arrays.image_fake } });
}"""
NOW = PAST.replace("window.now = live;", "picture.show(window.now); return;")


def test_of_a_moment_of_which_only_the_translation_is_kept_the_rest_keeps_its_place(page: Any) -> None:
    frame = preview_frame(replace(load("edges"), PAIRS | {"method": "cyclegan"}))
    mount(page, run_id=None, token=None, frame=frame, kind="pairs")
    page.locator(".gl-grid-other_back canvas").wait_for()
    grids, notes = page.locator(".gl-pairs canvas"), page.locator(".gl-pairs .gl-cells p")
    before = [one.bounding_box() for one in grids.all()]
    page.evaluate(PAST)
    assert [one.is_visible() for one in notes.all()] == [False, False, True, False, True, True]
    assert notes.last.inner_text() == LABELS["grid.lacks"]
    assert [one.bounding_box() for one in grids.all()] == before
    page.evaluate(NOW)
    assert not any(one.is_visible() for one in notes.all())
    assert [one.bounding_box() for one in grids.all()] == before


def test_a_last_row_that_is_not_full_has_no_pictures_in_its_rest(page: Any) -> None:
    white = {role: np.full((10, 1, 32, 32), 255, np.uint8) for role in ("given", "fake", "real")}
    settings = present(replace(load("edges"), PAIRS), 0)
    frame = pack(Snapshot(run="", kind="pairs", seq=0, status="preview", settings=settings, arrays=white))
    mount(page, run_id=None, token=None, frame=frame, kind="pairs")
    canvas = page.locator(".gl-grid-fake canvas")
    canvas.wait_for()
    shown = """(canvas, [column, row]) => canvas.getContext("2d").getImageData(
      (canvas.width * (column + 0.5)) / 4, (canvas.height * (row + 0.5)) / 3, 1, 1).data[3]"""
    assert [canvas.evaluate(shown, [column, 2]) for column in range(4)] == [255, 255, 0, 0]
    assert "10 pictures in 3 rows and 4 columns" in str(canvas.get_attribute("aria-label"))
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] - 20, "y": box["height"] - 20})
    assert page.locator("dialog[open]").count() == 0
    canvas.click(position={"x": 20, "y": box["height"] - 20})
    page.locator("dialog[open]").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("dialog[open] .gl-dialog-bar span").inner_text() == "row 3, column 2"


def test_grids_that_wait_for_their_pictures_are_named(page: Any, server: FakeServer) -> None:
    words = live_labels(str) | {"pairs.into": "Outlines", "pairs.out": "Digits", "pairs.matched": "1"}
    mount(page, run_id=None, token=None, frame=None, kind="pairs", labels=words)
    captions = page.locator(".gl-pairs figcaption")
    captions.first.wait_for()
    assert [one.inner_text() for one in captions.all() if one.is_visible()] == ["Outlines", "Digits, translated"]
    said = page.locator(".gl-pairs canvas, .gl-pairs figcaption").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-label') ?? one.dataset.tip)"
    )
    assert not [text for text in said if text.startswith(("grid.", "pairs."))]

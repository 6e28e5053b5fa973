"""Links in fresh browsers: the identical run and picture, locks that hold; and the view saved as PNG and SVG."""

import base64
import io
import re
import xml.dom.minidom
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from PIL import Image
from test_app import data, number, until

from gan_core import config as settings
from gan_core import presets, registry, sharing
from gan_core.sharing import Share

Visitor = Callable[..., Any]
STEPS = 60
# A critic's field has no middle of its own: it is the same in both browsers only if it comes from the weights alone.
GRID = presets.load("grid")
CONFIG = settings.replace(GRID, {"seed": 4, "engine": "eager", "device": "cpu", "horizon": GRID.batch_size * STEPS})
SHARE = Share(frozenset({"loss"}), frozenset({"seed"}), "Look at <i>this</i>")


def path_of(share: Share) -> str:
    query = sharing.to_query(CONFIG, share)
    c = query.pop("c")
    return f"/lab?c={c}" + (f"&{urlencode(query, safe=';,!', quote_via=quote)}" if query else "")


def train(page: Any, path: str) -> None:
    page.goto(path)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    until(
        page,
        lambda: (
            page.locator(".gl").count() > 0 and data(page, "status") == "finished" and number(page, "step") == STEPS
        ),
        120,
    )


def arrays(page: Any) -> dict[str, list[float]] | None:
    """What the picture was drawn from."""
    found: dict[str, list[float]] | None = page.locator(".gl").evaluate(
        """root => {
          let holder = root;
          while (!holder.ganLive) holder = holder.parentNode || holder.host;
          const { frame } = holder.ganLive.picture;
          if (!frame) return null; // it has just been mounted
          const shown = Object.entries(frame.arrays).filter(([name]) => !name.startsWith("curve"));
          return Object.fromEntries(shown.map(([name, array]) => [name, [...array]]));
        }"""
    )
    return found


def saved(page: Any, format_: str) -> tuple[str, bytes]:
    page.get_by_role("button", name="Save picture").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=f"As {format_}").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_a_link_gives_a_fresh_browser_the_identical_run_and_picture(visitor: Visitor) -> None:
    one, other = visitor(), visitor()
    train(one, path_of(Share()))
    one.get_by_role("button", name="Link", exact=True).click()
    link = one.get_by_test_id("stCode").filter(has_text="?c=").inner_text()
    train(other, re.sub(r"\s", "", link))
    until(one, lambda: arrays(one) is not None)
    until(other, lambda: arrays(other) is not None)
    a, b = arrays(one), arrays(other)
    assert a is not None
    assert {"real", "fake", "fake_live", "field"} <= a.keys()
    assert a == b
    for canvas in (".gl-low", ".gl-high"):
        assert one.locator(canvas).evaluate("c => c.toDataURL()") == other.locator(canvas).evaluate(
            "c => c.toDataURL()"
        )


def test_a_locked_link_and_the_saved_picture(visitor: Visitor) -> None:
    page = visitor(accept_downloads=True)
    train(page, path_of(SHARE))
    note = page.locator(".st-key-share-note")
    assert note.inner_text() == "Look at <i>this</i>"
    assert note.locator("i").count() == 0
    assert page.get_by_role("combobox", name="Loss", exact=False).first.is_disabled()
    assert page.get_by_role("spinbutton", name="Seed").count() == 0
    page.reload()
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "step") == STEPS)
    assert note.inner_text() == "Look at <i>this</i>"  # the run remembers
    run = re.search(r"run=([\w-]+)", page.url)
    assert run is not None
    name, png = saved(page, "PNG")
    assert name == f"{run[1]}-step-{STEPS}.png"
    with Image.open(io.BytesIO(png)) as image:
        assert image.width == 1440
        pixels = np.asarray(image.convert("RGB"), int)
    blue, orange = (15, 95, 181), (212, 88, 10)
    for colour in (blue, orange):
        assert (np.abs(pixels - colour).sum(2) < 60).sum() > 500
    name, svg = saved(page, "SVG")
    assert name == f"{run[1]}-step-{STEPS}.svg"
    drawn = xml.dom.minidom.parseString(svg)
    assert len(drawn.getElementsByTagName("use")) > 1500  # points as shapes
    assert len(drawn.getElementsByTagName("image")) == 1  # the field
    words = " ".join(t.firstChild.data for t in drawn.getElementsByTagName("text"))
    for word in ("Real", "Generated", f"step {STEPS}", registry.dataset["grid"].title, "Seed 4", run[1]):
        assert word in words
    # It is the same picture: drawn by the browser again, it is near the PNG.
    page.set_content(
        f'<body style="margin:0"><img src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"></body>'
    )
    page.locator("img").wait_for()
    again = np.asarray(Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB").resize((180, 206)), int)
    small = np.asarray(Image.fromarray(pixels.astype(np.uint8)).resize((180, 206)), int)
    assert np.abs(again - small).mean() < 4

"""Favourites in the Latent Explorer: kept with a run, and brought to other browsers by links and files."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from test_app import data, until

from gan_core import config as settings
from gan_core import presets, sharing
from gan_core.sharing import Share

Visitor = Callable[..., Any]
STEPS = 20
DIGITS = presets.load("digits")
CONFIG = settings.replace(DIGITS, {
    "seed": 4, "engine": "eager", "device": "cpu", "data.image_size": 8, "batch_size": 16, "horizon": 16 * STEPS,
    "generator.hidden": (16,), "discriminator.hidden": (16,),
})  # fmt: skip


WRONG = {
    "at=AAAAAAAA": "does not fit this run's generator",
    "at=%3Cb%3E": "cannot be read",
    "at=AAAAAAAA&psi=x": "cannot be read",
    f"at={'A' * 86}&psi=1e9": "does not fit this run's generator",
    f"at={'A' * 86}&off=9_9_2": "does not fit this run's generator",
}


def trained(page: Any) -> str:
    """The id of a run that is this browser's, at its end."""
    page.goto(f"/images?c={sharing.to_query(CONFIG, Share())['c']}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    until(page, lambda: page.locator(".gl").count() > 0 and data(page, "status") == "finished", 120)
    return str(page.url.split("run=")[1].split("&")[0])


def explore(page: Any, address: str) -> None:
    page.goto(address)
    until(page, lambda: page.locator(".gx").count() > 0 and int(data(page, "drawn") or 0) > 0, 120)


def picture(page: Any) -> Any:
    """(H, W, 4): the pixels of the current place."""
    uri = page.locator(".gx-picture").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def go(page: Any, run: Callable[[], None]) -> None:
    """Do something that has another picture drawn, and wait for it."""
    before = data(page, "drawn")
    run()
    until(page, lambda: data(page, "drawn") != before)


def keep(page: Any, count: int) -> None:
    page.locator("[data-do='fav.keep']").click()
    until(page, lambda: page.locator(".gx-kept-one").count() == count)


def save(page: Any, index: int, code: str) -> tuple[str, bytes]:
    page.locator(".gx-kept-name").nth(index).click()
    with page.expect_download() as download:
        page.locator(f".gx-kept-menu [data-code='{code}']").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_places_are_kept_and_brought_to_another_browser(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor(permissions=["clipboard-read", "clipboard-write"])
    run = trained(page)
    explore(page, f"/latent?run={run}")
    keep(page, 1)
    go(page, lambda: page.locator("[data-do=random]").click())
    shown = picture(page)
    keep(page, 2)
    page.locator("[data-do='fav.link']").click()
    page.locator(".gx-kept-said", has_text="copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")

    # files of the second one
    name, png = save(page, 1, "png.large")
    image = Image.open(io.BytesIO(png))
    assert name.startswith(run)
    assert min(image.size) >= 256
    assert np.array_equal(np.asarray(image.resize((8, 8), Image.Resampling.NEAREST)), shown[:, :, 0])
    said = json.loads(image.text["gan-playground"])  # type: ignore[attr-defined]
    assert said["run"] == run
    assert f"at={said['at']}" in link
    _, text = save(page, 1, "json")
    assert [one["at"] for one in json.loads(text)["favourites"]] == [said["at"]]
    name, script = save(page, 0, "script")
    assert name.endswith(".py")
    assert b"import torch" in script

    # back to the first one, another name, removed, and brought back
    go(page, lambda: page.locator(".gx-kept-go").nth(0).click())
    assert not np.array_equal(picture(page), shown)
    page.locator(".gx-kept-name").nth(0).click()
    page.locator(".gx-kept-menu [data-code=rename]").click()
    page.get_by_label("Name of the favourite").fill("<b>First</b>")
    page.keyboard.press("Enter")
    page.locator(".gx-kept-name", has_text="<b>First</b>").wait_for()
    page.locator(".gx-kept-name").nth(0).click()
    page.locator(".gx-kept-menu [data-code=remove]").click()
    until(page, lambda: page.locator(".gx-kept-one").count() == 1)
    page.locator(".gx-kept-said").get_by_role("button", name="Undo").click()
    until(page, lambda: page.locator(".gx-kept-one").count() == 2)
    assert page.locator(".gx-kept-name").nth(0).inner_text() == "<b>First</b>"

    # a fresh browser: the link gives the same bytes; what the run keeps is seen there, and not changed
    other = visitor()
    explore(other, link)
    assert np.array_equal(picture(other), shown)
    until(other, lambda: other.locator(".gx-kept-one").count() == 2)
    other.locator(".gx-kept-name").nth(0).click()
    assert other.locator(".gx-kept-menu [data-code=copy]").is_visible()
    assert other.locator(".gx-kept-menu [data-code=remove]").count() == 0
    other.keyboard.press("Escape")
    go(other, lambda: other.locator("[data-do=random]").click())
    keep(other, 3)
    other.locator(".gx-kept-said", has_text="until this page is closed").wait_for()

    # the picture's file leads back to its place; what is no such file says so
    place, broken = tmp_path / "place.png", tmp_path / "broken.png"
    place.write_bytes(png)
    where = png.index(b"gan-playground") + 30
    broken.write_bytes(png[:where] + b"#" + png[where + 1 :])
    go(other, lambda: other.locator(".gx-kept input[type=file]").set_input_files(place))
    assert np.array_equal(picture(other), shown)
    other.locator(".gx-kept input[type=file]").set_input_files(broken)
    other.locator(".gl-note", has_text="broken.png: No place lies in this picture").wait_for()
    listing = tmp_path / "list.json"
    listing.write_text('{"favourites": 3}', encoding="utf-8")
    other.locator(".gx-kept input[type=file]").set_input_files(listing)
    other.locator(".gl-note", has_text="list.json: These are no favourites").wait_for()

    # a link that is wrong says so, and the page goes on
    for address, sentence in WRONG.items():
        explore(other, f"/latent?run={run}&{address}")
        other.get_by_text(sentence).first.wait_for()
        assert other.locator(".gx-number").first.input_value() == "0"
        assert other.locator(".gx[data-drawn]").count() == 1
        assert other.get_by_text(sentence).first.is_visible()  # nothing else has been said over it

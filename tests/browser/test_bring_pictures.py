"""Pictures of one's own in the whole app: a ZIP becomes a data set with classes, and a run that learns it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from _own_pictures import png, zip_of

RED = """canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return [...d].some((v, i) => i % 4 === 0 && Math.abs(v - d[i + 1]) > 40) }"""


def test_a_zip_becomes_a_run(visitor: Callable[..., Any], tmp_path: Path, app_folder: Path) -> None:
    files = {f"mine/{kind}/{i}.png": png(100 * k + i) for k, kind in enumerate(("left", "right")) for i in range(20)}
    path = zip_of(
        tmp_path / "mine.zip", files | {"mine/left/broken.png": b"\x89PNG\r\n\x1a\n", "mine/notes.txt": b"no picture"}
    )
    page = visitor()
    page.goto("/images")
    page.get_by_role("button", name="Your own pictures").click()
    page.get_by_role("dialog").locator("input[type=file]").first.set_input_files(path)
    make = page.get_by_role("button", name="Make the data set")
    make.wait_for()
    expect(page.get_by_text("Files that arrived: 1")).to_be_visible()
    make.click()
    use = page.get_by_role("button", name="Use with the recommended recipe")
    use.wait_for()
    expect(page.get_by_text("Classes: left (20), right (20)")).to_be_visible()
    expect(page.get_by_text("Left out: 2")).to_be_visible()
    use.click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(e => +((e.shadowRoot ?? e).querySelector?.('.gl')?.dataset.step) > 3)"
    )
    assert page.locator(".gl-images canvas").first.evaluate(RED)  # noise in colour, no digits
    assert [one.name for one in (app_folder / "pictures").glob(".new-*")] == []


def test_two_folders_become_a_translation(visitor: Callable[..., Any], tmp_path: Path) -> None:
    files = {f"set/{kind}/{i}.png": png(100 * k + i) for k, kind in enumerate(("day", "night")) for i in range(20)}
    page = visitor()
    page.goto("/translate")
    page.get_by_role("button", name="Your own pictures").click()
    page.get_by_role("dialog").locator("input[type=file]").first.set_input_files(zip_of(tmp_path / "two.zip", files))
    make = page.get_by_role("button", name="Make the data set")
    make.wait_for()
    page.get_by_role("combobox", name="The two folders").click()
    page.get_by_role("option", name="Two folders without pairs").click()
    page.get_by_role("combobox", name="Size", exact=True).click()
    page.get_by_role("option", name="28 × 28").click()
    make.click()
    use = page.get_by_role("button", name="Use with the recommended recipe")
    use.wait_for()
    expect(page.get_by_text("Folders: day (20), night (20)")).to_be_visible()
    use.click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(e => +((e.shadowRoot ?? e).querySelector?.('.gl')?.dataset.step) > 1)"
    )
    expect(page.locator(".gl-pairs figcaption", has_text="night, translated")).to_be_visible()
    assert page.locator(".gl-pairs canvas").first.evaluate(RED)

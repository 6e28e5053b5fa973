"""Interpolation in the whole app: a real run's generator, its way played, and a film of it saved."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image


def pixels(page: Any, where: str) -> str:
    """What a canvas shows."""
    return str(page.locator(where).first.evaluate("canvas => canvas.toDataURL()"))


def changed(page: Any, where: str, before: str) -> str:
    """What it shows once that is something else."""
    for _ in range(1200):
        if (now := pixels(page, where)) != before:
            return now
        page.wait_for_timeout(100)
    raise AssertionError(f"{where} stays as it was")


def test_a_way_is_made_played_and_saved(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]) -> None:
    run, state = rested("digits")
    page = visitor(storage_state=state)
    page.set_default_timeout(240_000)
    page.goto(f"/latent?run={run}&tool=way")
    tool = page.locator(".gx-panel")
    tool.locator("[data-samples='49']").wait_for(timeout=240_000)
    assert page.get_by_role("tab", name="Interpolation").get_attribute("aria-selected") == "true"
    assert tool.locator(".gx-way-key").count() == 3
    lengths, output = tool.locator(".gx-way-chart").all()
    assert "Length of z" in lengths.inner_text()
    assert "D's output" in output.inner_text()

    # the scrubber moves the current place, and each time it is let go is a step back
    at_first = changed(page, ".gx-picture", "data:,")
    box = tool.locator(".gx-way-frame").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 10, steps=5)
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 10, steps=5)
    page.mouse.up()
    between = changed(page, ".gx-picture", at_first)
    tool.get_by_text("From 2 to 3: 50%").wait_for()
    page.locator("[data-do=undo]").click()
    assert changed(page, ".gx-picture", between) == at_first
    assert page.locator("[data-do=undo]").is_disabled()
    page.locator("[data-do=redo]").click()
    changed(page, ".gx-picture", at_first)

    # another way is another curve; another keyframe another strip
    curve = pixels(page, ".gx-way-chart canvas")
    tool.locator(".gl-choice[data-code=straight]").click()
    curve = changed(page, ".gx-way-chart canvas", curve)
    strip = pixels(page, ".gx-way-canvas")
    tool.get_by_role("button", name="Add a keyframe").click()
    strip = changed(page, ".gx-way-canvas", strip)
    assert tool.locator(".gx-way-key").count() == 4
    tool.locator(".gx-way-key").nth(3).get_by_role("button").first.click()
    tool.get_by_role("menuitem", name="Move left").click()
    strip = changed(page, ".gx-way-canvas", strip)
    tool.locator(".gx-way-key").nth(0).get_by_role("button").first.click()
    tool.get_by_role("menuitem", name="Remove").click()
    changed(page, ".gx-way-canvas", strip)
    assert tool.locator(".gx-way-key").count() == 3
    tool.get_by_text("Closed loop").click()
    tool.locator("[data-samples='48']").wait_for()

    # it plays
    here = pixels(page, ".gx-picture")
    tool.get_by_role("button", name="Play").click()
    changed(page, ".gx-picture", here)
    tool.get_by_role("button", name="Pause").click()

    # one film is called off, the next is saved
    tool.get_by_label("Format").select_option("mp4")
    tool.get_by_label("Pictures a second").select_option("25")
    tool.get_by_label("Size").select_option(index=3)
    tool.get_by_role("slider", name="Seconds").fill("12")
    tool.get_by_role("button", name="Make the film").click()
    tool.get_by_role("button", name="Cancel").click()
    tool.get_by_text("Cancelled").wait_for()
    tool.get_by_label("Format").select_option("gif")
    tool.get_by_label("Pictures a second").select_option("10")
    tool.get_by_label("Size").select_option(index=0)
    tool.get_by_role("slider", name="Seconds").fill("2")
    tool.get_by_role("button", name="Make the film").click()
    tool.get_by_text("21 pictures").wait_for()  # seven from each of three keyframes to the next
    with page.expect_download() as saving:
        tool.get_by_role("button", name="Save film").click()
    assert saving.value.suggested_filename.endswith("-way.gif")
    with Image.open(io.BytesIO(saving.value.path().read_bytes())) as film:
        assert (film.format, film.n_frames) == ("GIF", 21)
        assert min(film.size) >= 256
        assert film.info.get("loop") == 0
        for i in range(film.n_frames):
            film.seek(i)
            film.load()
            assert film.info["duration"] == 100

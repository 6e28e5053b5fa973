"""Data of one's own in a real browser: drawn, typed, taken from a picture, imported; and a run that learns it."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw
from test_app import data, number, pixels, shown, start_slowly, until

Visitor = Callable[..., Any]


def opened(page: Any) -> Any:
    page.get_by_role("button", name="Your own data").click()
    board = page.locator(".gd-sheet")
    board.wait_for()
    until(page, lambda: page.locator(".gd").get_attribute("data-filled") is not None)
    return board


def filled(page: Any) -> int:
    return int(page.locator(".gd").get_attribute("data-filled") or 0)


def stroke(page: Any, board: Any, *places: tuple[float, float]) -> None:
    box = board.bounding_box()
    to = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*to[0])
    page.mouse.down()
    for place in to[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def press(page: Any, what: str) -> None:
    page.locator(f".gd button[data-do={what}]").click()


def used(page: Any) -> None:
    page.locator(".gd-use").click()
    page.get_by_test_id("stDialog").wait_for(state="hidden")


def test_a_drawing_is_drawn_kept_trained_and_travels_in_a_link(visitor: Visitor) -> None:
    page = visitor()
    shown(page, "/lab")
    board = opened(page)
    page.locator(".gd-use").click()
    page.locator(".gd-say").filter(has_text="Nothing is drawn yet").wait_for()
    stroke(page, board, (0.2, 0.2), (0.8, 0.2), (0.5, 0.8))
    until(page, lambda: filled(page) > 200)
    one = filled(page)
    stroke(page, board, (0.1, 0.9), (0.9, 0.9))
    until(page, lambda: filled(page) > one)
    press(page, "undo")
    until(page, lambda: filled(page) == one)
    press(page, "redo")
    until(page, lambda: filled(page) > one)
    press(page, "erase")
    stroke(page, board, (0.1, 0.9), (0.9, 0.9))
    until(page, lambda: filled(page) == one)
    board.focus()
    for key in ("e", "ArrowDown", "Space", "Shift+ArrowDown"):
        page.keyboard.press(key)
    until(page, lambda: filled(page) > one)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    until(page, lambda: filled(page) == one)
    page.keyboard.press("Escape")  # closed unused: what was drawn is there when it is opened again
    page.get_by_test_id("stDialog").wait_for(state="hidden")
    opened(page)
    assert filled(page) == one
    used(page)
    chosen = page.get_by_role("combobox", name="Data set")
    until(page, lambda: chosen.input_value() == "Your drawing")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "step") > 5)
    assert data(page, "status") == "running"
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Link", exact=False).first.click()
    link = page.locator("code").filter(has_text="c=1;").first.inner_text()
    assert len(link) < 8000
    friend = visitor()
    friend.goto(link.strip())
    until(friend, lambda: friend.locator(".gl").count() > 0 and number(friend, "frames") > 0)
    opened(friend)
    assert filled(friend) == one


def test_a_word_and_a_picture_on_a_telephone(visitor: Visitor) -> None:
    page = visitor(390, 844, has_touch=True)
    shown(page, "/lab")
    page.get_by_test_id("stExpandSidebarButton").click()
    opened(page)
    press(page, "word")
    page.locator(".gd input[data-name=text]").fill("car")  # Streamlit's own keys, c and r, must not hear it
    page.locator(".gd input[data-name=text]").press("End")
    page.keyboard.type("rc")
    until(page, lambda: filled(page) > 500)
    word = pixels(page, ".gd-sheet")
    press(page, "picture")
    files = page.locator(".gd input[data-name=file]")
    files.set_input_files({"name": "text.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.locator(".gd-say").filter(has_text="no picture").wait_for()
    assert pixels(page, ".gd-sheet") == word
    files.set_input_files({"name": "white.png", "mimeType": "image/png", "buffer": _png("white")})
    page.locator(".gd-say").filter(has_text="darker than the threshold").wait_for()
    files.set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": _png("white", dot="black")})
    until(page, lambda: 1500 < filled(page) < 2100)  # a disc of half the width: π/16 of 96 × 96 cells
    wide = page.evaluate("""() => [document.documentElement, document.querySelector('[data-testid=stDialog]')]
        .map((e) => e.scrollWidth - e.clientWidth)""")
    assert wide == [0, 0]
    heights = page.locator(".gd button:visible").evaluate_all("all => all.map((e) => e.offsetHeight)")
    assert min(heights) >= 40
    used(page)
    until(page, lambda: number(page, "frames") > 0)


def test_a_table_is_imported_and_a_wrong_one_refused_while_a_run_goes_on(visitor: Visitor) -> None:
    page = visitor()
    start_slowly(page)
    address = page.url
    opened(page)
    page.get_by_role("tab", name="Table (CSV)").click()
    chooser = page.locator("[data-testid=stFileUploaderDropzoneInput]")
    chooser.set_input_files({"name": "one.csv", "mimeType": "text/csv", "buffer": b"x\n1\n2\n"})
    page.get_by_text("only one column").wait_for()
    rows = "".join(f"{150 + i % 41},{40 + i % 57}\n" for i in range(500))
    chooser.set_input_files(
        {"name": "p.csv", "mimeType": "text/csv", "buffer": f"height,weight\n{rows}bad,1\n".encode()}
    )
    page.get_by_text("Rows that can be used: 500").wait_for()
    page.get_by_text("Line 502: bad,1").wait_for()
    step = number(page, "step")
    page.get_by_role("button", name="Use this data").last.click()
    page.get_by_text("A new run is needed for:").wait_for()
    until(page, lambda: number(page, "step") > step)
    page.wait_for_timeout(2500)  # the history below refreshes itself meanwhile
    assert page.url == address
    assert page.get_by_role("combobox", name="Data set").input_value() == "Your table (CSV)"


def _png(ground: str, dot: str | None = None) -> bytes:
    image = Image.new("RGB", (200, 200), ground)
    if dot:
        ImageDraw.Draw(image).ellipse((50, 50, 150, 150), fill=dot)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()

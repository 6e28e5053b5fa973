"""Translate in the whole app: outlines fill while one watches, and one example is looked at closely."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

PIXELS = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0)"
MARKED = "canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; let n = 0;" \
         " for (let i = 0; i < d.length; i += 4) if (Math.abs(d[i] - d[i + 2]) > 60) n += 1; return n }"  # fmt: skip


def difference(a: list[int], b: list[int]) -> float:
    assert len(a) == len(b)
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)


def test_outlines_become_digits(visitor: Callable[..., Any]) -> None:
    page = visitor()
    page.goto("/translate")
    grids = {role: page.locator(f".gl-grid-{role} canvas") for role in ("given", "fake", "real")}
    grids["fake"].wait_for()
    for title in ("Outline", "Digit, translated", "Digit, the truth"):
        expect(page.get_by_text(title, exact=True)).to_be_visible()
    expect(page.locator(".gl-grid-back")).to_be_hidden()
    untrained = difference(grids["fake"].evaluate(PIXELS), grids["real"].evaluate(PIXELS))
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(e => +((e.shadowRoot ?? e).querySelector?.('.gl')?.dataset.step) >= 30)"
    )
    page.locator(".gl-button[data-do=pause]").click()
    page.locator('.gl[data-status="paused"]').wait_for()
    assert difference(grids["fake"].evaluate(PIXELS), grids["real"].evaluate(PIXELS)) < untrained / 2
    expect(page.locator(".gl-tiles").get_by_text("SSIM")).to_be_visible()
    plain = grids["real"].evaluate(MARKED)
    grids["given"].hover(position={"x": 30, "y": 30})
    assert grids["real"].evaluate(MARKED) > plain  # the same example is marked there
    grids["fake"].click(position={"x": 30, "y": 30})
    dialog = page.locator("dialog.gl-dialog[open]")
    expect(dialog).to_contain_text("row 1, column 1")
    assert dialog.locator("canvas").first.evaluate("canvas => canvas.width") > 600  # three pictures beside each other
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("row 1, column 2")


def test_there_and_back_on_a_small_screen(visitor: Callable[..., Any]) -> None:
    page = visitor(width=390, height=844)
    page.goto("/translate?preset=neon")
    page.locator(".gl-grid-other_back canvas").wait_for()
    for title in ("Paper", "Neon, translated", "Paper, and back", "Neon", "Paper, translated", "Neon, and back"):
        expect(page.get_by_text(title, exact=True)).to_be_visible()
    boxes = [
        page.locator(f".gl-grid-{role}").bounding_box()
        for role in ("given", "fake", "back", "real", "other_fake", "other_back")
    ]
    assert all(box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert [box["y"] for box in boxes] == [boxes[0]["y"]] * 3 + [boxes[3]["y"]] * 3  # a row each way

"""What is drawn below a run that translates: the translation follows the pen, one goes back, takes held-out pictures and brings others."""

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

PIXELS = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 !== 3)"
GIVE = """(target, {name, text}) => {
    const files = new DataTransfer();
    files.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], 'one.png', {type: 'image/png'}));
    const event = name === 'drop' ? new DragEvent(name, {dataTransfer: files, bubbles: true, composed: true, cancelable: true})
        : new ClipboardEvent(name, {clipboardData: files, bubbles: true, composed: true, cancelable: true});
    target.dispatchEvent(event);
}"""


def png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def halves(left: Any, right: Any, mode: str = "L") -> bytes:
    """A picture twice as wide as tall, whose middle is `left` and `right`, each half of it."""
    picture = Image.new(mode, (400, 200), left)
    picture.paste(right, (200, 0, 400, 200))
    return png(picture)


class Hand:
    """The board of a run that rests, and what is made of it."""

    def __init__(self, page: Any, run: str) -> None:
        self.page = page
        expect.set_options(timeout=60_000)
        page.goto(f"/translate?run={run}")
        self.root = page.locator(".gh")
        self.board, self.made, self.back = (page.locator(f".gh-{code} canvas") for code in ("board", "made", "back"))
        self.note = page.locator(".gh .gl-note")
        page.locator(".gl-time").wait_for()  # what is above has its height
        self.root.scroll_into_view_if_needed()
        page.locator(".gh[data-drawn]").wait_for()
        self.board.scroll_into_view_if_needed()

    def pixels(self, canvas: Any) -> list[int]:
        found = canvas.evaluate(PIXELS)
        assert isinstance(found, list)
        return found

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.board.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def translated(self, act: Callable[[], object]) -> list[int]:
        """What is made of the board once this has been done."""
        before = self.root.get_attribute("data-drawn")
        act()
        expect(self.root).not_to_have_attribute("data-drawn", str(before))
        expect(self.root).to_have_attribute("data-current", "true")  # and no later one is on its way
        return self.pixels(self.made)

    def stroke(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=5)


@pytest.fixture
def hand(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]) -> Callable[..., Hand]:
    def of(preset: str, **size: int) -> Hand:
        run, state = rested(preset, "translate")
        return Hand(visitor(storage_state=state, **size), run)

    return of


def test_the_translation_follows_the_pen(hand: Callable[..., Hand]) -> None:
    it = hand("edges")
    empty = it.pixels(it.made)
    assert set(it.pixels(it.board)) == {0}
    expect(it.page.get_by_text(re.compile(r"^step \d"))).to_be_visible()
    during = it.translated(lambda: it.stroke((0.3, 0.2), (0.7, 0.2), (0.7, 0.8)))  # the button is still down
    assert during != empty
    drawn = it.pixels(it.board)
    assert set(drawn) == {0, 255}  # nothing but what outlines are made of, in a line one pixel wide
    size = round((len(drawn) / 3) ** 0.5)
    rows = [drawn[3 * size * y : 3 * size * (y + 1) : 3] for y in range(size)]
    assert [row.count(255) for row in rows[round(0.3 * size) : round(0.7 * size)]] == [1] * (
        round(0.7 * size) - round(0.3 * size)
    )
    undo, redo = it.page.locator(".gh [data-do=undo]"), it.page.locator(".gh [data-do=redo]")
    it.page.mouse.up()
    expect(undo).to_be_enabled()
    assert it.translated(undo.click) == empty
    expect(undo).to_be_disabled()
    assert it.translated(redo.click) == during
    it.board.focus()
    assert it.translated(lambda: it.page.keyboard.press("Control+z")) == empty
    for key in ("Space", "ArrowDown", "Shift+ArrowRight", "Space"):
        it.page.keyboard.press(key)
    expect(undo).to_be_enabled()
    assert it.pixels(it.board).count(255) == 3 * 6  # one, one down, four to the right
    it.page.locator(".gh [data-do=clear]").click()
    assert set(it.pixels(it.board)) == {0}


def test_pictures_come_onto_the_board(hand: Callable[..., Hand], tmp_path: Any) -> None:
    it = hand("edges")
    empty = it.pixels(it.made)
    held = it.page.locator(".gh-one")
    expect(held).to_have_count(12)
    assert it.translated(held.nth(3).click) != empty
    assert it.pixels(it.board) == it.pixels(held.nth(3).locator("canvas"))
    choose = it.page.locator(".gh input[type=file]")
    brought = it.translated(
        lambda: choose.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": halves(0, 200)})
    )
    pixels = it.pixels(it.board)
    size = round((len(pixels) / 3) ** 0.5)
    assert (pixels[0], pixels[3 * (size - 1)]) == (0, 200)  # the middle of it, grey as it was
    inverted = it.translated(it.page.locator("[data-do='hand.invert']").click)
    assert it.pixels(it.board)[0] == 255
    it.board.click(position={"x": 60, "y": 60})
    assert 0 in it.pixels(it.board)  # dark on light
    assert it.translated(it.page.locator(".gh [data-do=undo]").click) == inverted
    for name in ("drop", "paste"):
        text = base64.b64encode(halves(0, 200)).decode("ascii")
        assert (
            it.translated(lambda name=name, text=text: it.root.evaluate(GIVE, {"name": name, "text": text})) == brought
        ), name
        assert it.translated(it.page.locator(".gh [data-do=undo]").click) == inverted
    for buffer, said in (
        (b"no picture at all, and long enough for one" * 3, "no picture that can be read"), (png(Image.new("L", (9, 9)))[:60], "no picture that can be read"),
        (b"\x89PNG" + b"x" * (11 << 20), "11.0 MB, and at most 10.0 MB"),
    ):  # fmt: skip
        choose.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": buffer})
        expect(it.note).to_contain_text(said)
    assert it.pixels(it.made) == inverted
    with it.page.expect_download() as saved:
        it.page.locator("[data-do='hand.save']").click()
    saved.value.save_as(tmp_path / "saved.png")
    with Image.open(tmp_path / "saved.png") as picture:
        assert picture.width > 2 * picture.height - 100  # both, beside each other
        assert len(picture.getcolors(1 << 24)) > 10
    it.board.click()
    expect(it.note).to_contain_text("Draw, or bring a picture")


def test_there_and_back_in_colour_on_a_small_screen(hand: Callable[..., Hand]) -> None:
    it = hand("neon", width=390, height=844)
    first = it.page.locator(".gh-one").first.locator("canvas")
    assert it.pixels(it.board) == it.pixels(first)
    returned, under = it.pixels(it.back), it.pixels(it.board)
    colour = it.page.locator(".gh input[type=color]")
    colour.fill("#00ff00")
    made = it.translated(lambda: it.stroke((0.1, 0.5), (0.9, 0.5)))
    it.page.mouse.up()
    assert len(set(made)) > 10
    assert it.pixels(it.back) != returned
    pixels = it.pixels(it.board)
    size = round((len(pixels) / 3) ** 0.5)
    middle = 3 * (size * (size // 2) + size // 2)
    assert pixels[middle : middle + 3] == [0, 255, 0]
    for edge in (
        middle - 3 * size * 2,
        middle + 3 * size,
    ):  # three pixels wide from the middle on: it covers half of these
        expected = [(value + green) / 2 for value, green in zip(under[edge : edge + 3], (0, 255, 0), strict=True)]
        assert pixels[edge : edge + 3] == pytest.approx(expected, abs=1)
    corner = f"#{bytes(pixels[:3]).hex()}"
    it.page.locator(".gh [data-code=pick]").click()
    it.board.click(position={"x": 3, "y": 3})
    expect(colour).to_have_value(corner)
    boxes = [canvas.bounding_box() for canvas in (it.board, it.made, it.back)]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert boxes[1]["y"] == boxes[2]["y"] > boxes[0]["y"] + boxes[0]["height"]

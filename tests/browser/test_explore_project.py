"""A picture is drawn, its latent searched for, and gone on from; files that cannot be read are told apart; latents are reckoned with."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import expect

DIGIT = [(0.3, 0.2), (0.7, 0.2), (0.5, 0.5), (0.7, 0.75), (0.3, 0.8)]
PIXELS = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0)"
# The picture of a photograph that was taken with the camera on its side: wide in the file, tall as it is seen.
TURNED = 6
ORIENTATION = 0x0112


def explorer(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]], tool: str) -> Any:
    """The Latent Explorer of a run on digits that has begun and rests."""
    expect.set_options(timeout=60_000)
    run, state = rested("digits")
    page = visitor(storage_state=state)
    page.context.set_default_timeout(120_000)
    page.goto(f"/latent?run={run}&tool={tool}")
    page.locator(f".gx-tab[data-tool={tool}][aria-selected=true]").wait_for()
    page.locator(".gx[data-drawn]").wait_for()
    return page


def draw(page: Any) -> None:
    board = page.locator(".gx-board")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in DIGIT]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def test_a_drawn_digit_is_searched_for(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]) -> None:
    page = explorer(visitor, rested, "project")
    seed = page.get_by_label("Seed", exact=True)
    expect(seed).to_have_value("0")
    page.locator("[data-do=find]").click()
    expect(page.locator(".gx-result .gl-note")).to_have_text("Draw or choose a picture first.")
    draw(page)
    expect(page.locator(".gx-result .gl-note")).to_have_text("")
    target, found = (page.locator(".gx-thing").nth(k) for k in (0, 1))
    pixels = target.evaluate(PIXELS)
    assert len(pixels) in (8 * 8, 28 * 28, 32 * 32)
    assert max(pixels) > 200  # white
    assert min(pixels) == 0  # on black
    page.locator("[data-code=steps]").select_option("100")
    page.locator("[data-do=find]").click()
    page.locator(".gx-project[data-running=false] .gx-facts").get_by_text("dB").wait_for()
    expect(page.locator(".gx-result .gx-state")).to_have_text("Step 100 of 100")
    expect(seed).to_have_value("")  # the place is another one
    assert len(set(found.evaluate(PIXELS))) > 2
    page.wait_for_function(
        "([a, b]) => { const of = c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return of(a).every((v, i) => Math.abs(v - of(b)[i]) < 2); }",
        arg=[found.element_handle(), page.locator(".gx-picture").element_handle()],
    )
    page.locator("[data-do=undo]").click()  # one step
    expect(seed).to_have_value("0")

    # A stroke is taken back like any other change, and made again.
    drawn = target.evaluate(PIXELS)
    page.locator("[data-do=undo]").click()
    expect(target).to_have_class("gx-thing gx-blank")
    page.keyboard.press("Control+y")
    page.wait_for_function(f"canvas => Math.max(...({PIXELS})(canvas)) > 200", arg=target.element_handle())
    assert max(abs(a - b) for a, b in zip(target.evaluate(PIXELS), drawn, strict=True)) < 8

    # The current place follows while it is searched; called off, it is the one before.
    page.locator("[data-code=steps]").select_option("1000")
    page.locator("[data-do=find]").click()
    expect(seed).to_have_value("")
    page.locator("[data-do=cancel]").click()
    expect(seed).to_have_value("0")
    expect(page.locator(".gx-result [data-do=go]")).to_be_hidden()

    # Begun again and stopped: what is nearest so far is where it goes.
    page.locator("[data-code=steps]").select_option("1000")
    page.locator("[data-do=find]").click()
    page.locator(".gx-result .gx-facts").get_by_text("dB").wait_for()
    page.locator("[data-do=stop]").click()
    expect(page.locator(".gx-result .gx-state")).to_have_text("Stopped. The nearest one so far is kept.")
    expect(seed).to_have_value("")

    # With the keyboard alone.
    page.locator("[data-do=clear]").click()
    assert max(target.evaluate(PIXELS)) == 0
    page.locator(".gx-board").focus()
    for key in (" ", *["ArrowRight"] * 5, " "):
        page.keyboard.press(key)
    assert max(target.evaluate(PIXELS)) > 50


def unusual_pictures() -> dict[str, bytes]:
    """Files whose left half is white and whose right half is black, by name."""
    half = Image.new("L", (64, 64), 0)
    half.paste(255, (0, 0, 32, 64))
    deep = half.convert("I;16").point(lambda value: value * 257)
    black = Image.new("L", (64, 64), 0)
    pictures: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "cmyk.jpg": (half.convert("RGB").convert("CMYK"), "JPEG", {}),
        "deep.png": (deep, "PNG", {}),
        "palette.png": (half.convert("P"), "PNG", {}),
        "film.gif": (half, "GIF", {"save_all": True, "append_images": [black], "duration": 100}),
        "photo.webp": (half.convert("RGB"), "WEBP", {"lossless": True}),
    }
    found = {}
    for name, (picture, kind, more) in pictures.items():
        file = io.BytesIO()
        picture.save(file, kind, **more)
        found[name] = file.getvalue()
    return found


def test_files_that_are_brought(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]) -> None:
    page = explorer(visitor, rested, "project")
    page.locator(".gl-choice[data-code=upload]").click()
    note = page.locator(".gx-result .gl-note")

    def bring(name: str, content: bytes) -> None:
        page.locator(".gx-file").set_input_files(files=[{"name": name, "mimeType": "image/png", "buffer": content}])

    bring("broken.png", b"this is no picture at all, only words that somebody has called one")
    expect(note).to_contain_text("no picture that can be read")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".gx-drop").scroll_into_view_if_needed()
    bring("words.png", b"words " * 20)
    expect(note).to_be_in_viewport(ratio=1)  # where it stands below what was chosen
    bring("large.png", bytes(11 * 2**20))
    expect(note).to_contain_text("at most 10.0 MB")
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    whole = picture.getvalue()
    bring("huge.png", whole[:16] + (9000).to_bytes(4, "big") * 2 + whole[24:])
    expect(note).to_contain_text("9,000 × 9,000 pixels")
    bring("cut.png", whole[:60])
    expect(note).to_contain_text("no picture that can be read")

    bring("wide.png", whole[:16] + (60000).to_bytes(4, "big") + (1).to_bytes(4, "big") + whole[24:])
    expect(note).to_contain_text("no picture that can be read")

    # Every kind of picture that people have: the left half white.
    target = page.locator(".gx-thing").first
    white = f"canvas => Math.max(...({PIXELS})(canvas)) > 200"
    for name, content in unusual_pictures().items():
        bring("words.png", b"words " * 20)
        expect(note).to_contain_text("no picture that can be read")
        bring(name, content)
        expect(note).to_have_text("")
        page.wait_for_function(white, arg=target.element_handle())
        seen = target.evaluate(PIXELS)
        side = int(len(seen) ** 0.5)
        assert seen[side * (side // 2)] > 200, name
        assert seen[side * (side // 2) + side - 1] < 50, name

    # Wide in the file, and its left half white; turned as its camera says, the upper half is.
    sideways = Image.new("L", (80, 40), 0)
    sideways.paste(255, (0, 0, 40, 40))
    exif = sideways.getexif()
    exif[ORIENTATION] = TURNED
    turned = io.BytesIO()
    sideways.save(turned, "JPEG", exif=exif, quality=95)
    bring("turned.jpg", turned.getvalue())
    expect(note).to_have_text("")
    page.wait_for_function(white, arg=target.element_handle())
    pixels = target.evaluate(PIXELS)
    side = int(len(pixels) ** 0.5)
    rows = [pixels[side * y : side * y + side] for y in range(side)]
    middle = side // 2
    assert rows[1][middle] > 200
    assert rows[-2][middle] < 50
    assert rows[1][0] < 50  # a bar
    page.locator(".gl-choice[data-code=crop]").click()
    page.wait_for_function(f"canvas => ({PIXELS})(canvas)[0] > 200", arg=target.element_handle())
    page.get_by_label("Invert").check()
    page.wait_for_function(f"canvas => ({PIXELS})(canvas)[0] < 50", arg=target.element_handle())

    page.locator(".gl-choice[data-code=held]").click()
    page.locator(".gx-held-one").nth(3).click()
    same = "([a, b]) => { const of = c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; return String(of(a)) === String(of(b)); }"
    page.wait_for_function(same, arg=[target.element_handle(), page.locator(".gx-held-one canvas").nth(3).element_handle()])  # fmt: skip


def test_latents_are_reckoned_with(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]) -> None:
    page = explorer(visitor, rested, "arithmetic")
    board = page.locator(".gx-arithmetic[data-at]")
    board.wait_for()
    page.locator(".gx-neighbour-real").nth(5).wait_for()
    assert page.locator("button.gx-neighbour").count() == 6
    before = board.get_attribute("data-at")
    page.get_by_role("button", name="Example 1 of b").click()
    page.get_by_role("menuitem", name="Take it out").click()
    expect(board).to_have_attribute("data-examples", "8")
    expect(board).not_to_have_attribute("data-at", before)
    page.locator(".gx-outcome [data-do=go]").click()
    seed = page.get_by_label("Seed", exact=True)
    expect(seed).to_have_value("")
    page.locator("[data-do=undo]").click()
    expect(seed).to_have_value("0")
    page.locator("button.gx-neighbour").first.click()
    expect(seed).to_have_value("")

"""Channels on the page of the Latent Explorer: a real run's generator answers."""

from collections.abc import Callable
from typing import Any


def number(page: Any, locator: str, name: str) -> int:
    return int(page.locator(locator).get_attribute(name) or 0)


def pixels(page: Any, selector: str) -> str:
    found: str = page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")
    return found


def drawn_anew(page: Any, act: Callable[[], object]) -> None:
    """Does something, and waits for the picture that comes of it, and for none that is still on its way."""
    before = number(page, ".gx", "data-drawn")
    act()
    settled, seen = 0, before
    while settled < 8:
        page.wait_for_timeout(100)
        now = number(page, ".gx", "data-drawn")
        settled = settled + 1 if now > before and now == seen else 0
        seen = now


def explore(page: Any, run: str) -> None:
    """A run that is explored at the moment at which it rests, so that nothing but the visitor changes the picture."""
    page.goto(f"/latent?run={run}&tool=units")
    page.locator(".gx-unit").first.wait_for()
    drawn_anew(page, lambda: page.locator(".gx-follow").click())


def test_channels_of_a_picture_are_switched_and_found(
    visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]
) -> None:
    run, state = rested("r1")
    page = visitor(storage_state=state)
    explore(page, run)
    layer = page.locator(".gx-units-layer option").first
    assert layer.inner_text().startswith("Layer 1: 32 channels of 8 × 8")
    tiles = page.locator(".gx-unit")
    assert tiles.count() == 32
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(e => (e.shadowRoot ?? e).querySelector?.('.gx-unit canvas')?.width === 8)"
    )
    picture = ".gx-stage .gx-picture"
    first = pixels(page, picture)

    # on, silenced, boosted, on; each click is one step back
    drawn_anew(page, lambda: tiles.nth(0).click())
    assert tiles.nth(0).get_attribute("data-state") == "off"
    assert "off" in tiles.nth(0).inner_text()
    assert "1 channel switched" in page.locator(".gx-units-all").inner_text()
    assert "1 switched" in layer.inner_text()
    assert pixels(page, picture) != first
    drawn_anew(page, lambda: tiles.nth(0).press("Enter"))
    assert tiles.nth(0).get_attribute("data-state") == "more"
    assert "× 2" in tiles.nth(0).inner_text()
    drawn_anew(page, lambda: tiles.nth(0).click())
    assert tiles.nth(0).get_attribute("data-state") == "on"
    assert pixels(page, picture) == first
    drawn_anew(page, lambda: page.locator("[data-do=undo]").click())
    drawn_anew(page, lambda: page.locator("[data-do=undo]").click())
    assert tiles.nth(0).get_attribute("data-state") == "off"
    drawn_anew(page, lambda: page.locator("[data-do=units-reset]").click())
    assert pixels(page, picture) == first

    # by the keyboard from tile to tile
    tiles.nth(0).focus()
    page.keyboard.press("ArrowRight")
    drawn_anew(page, lambda: page.keyboard.press("Enter"))
    assert tiles.nth(1).get_attribute("data-state") == "off"
    drawn_anew(page, lambda: page.locator("[data-do=units-reset]").click())

    # nothing marked, a stroke of the brush, a frame by the keyboard, the whole picture
    page.locator("[data-do=units-find]").click()
    page.get_by_text("Nothing is marked yet").wait_for()
    region = page.locator(".gx-region-canvas")
    region.scroll_into_view_if_needed()
    box = region.bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.up()
    assert 0 < number(page, ".gx-region-canvas", "data-marked") < 128
    stroke = number(page, ".gx-region-canvas", "data-marked")
    page.locator("[data-do=units-clear]").click()
    assert number(page, ".gx-region-canvas", "data-marked") == 0
    for key, marked in (("Control+z", stroke), ("Control+z", 0), ("Control+Shift+z", stroke), ("Control+y", 0)):
        page.keyboard.press(key)
        assert number(page, ".gx-region-canvas", "data-marked") == marked
    region.focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert number(page, ".gx-region-canvas", "data-marked") == 16

    page.locator("[data-do=units-find]").click()
    silence = page.locator("[data-do=units-silence]")
    silence.wait_for()
    page.get_by_text("Each of the 32 channels was silenced by itself").wait_for()
    page.locator(".gx-unit[data-tip*='alone it changes the region by']").first.wait_for()
    widths = page.locator(".gx-unit-score i").evaluate_all("bars => bars.map(bar => parseFloat(bar.style.width))")
    assert widths[0] == 100
    assert widths == sorted(widths, reverse=True)
    drawn_anew(page, silence.click)
    assert [tiles.nth(k).get_attribute("data-state") for k in range(6)] == ["off"] * 5 + ["on"]
    # now the picture is what was foretold
    assert pixels(page, ".gx-pair figure:nth-child(2) canvas") == pixels(page, ".gx-pair figure:nth-child(3) canvas")
    assert pixels(page, ".gx-pair figure:nth-child(1) canvas") == first


def test_channels_of_a_2d_generator_move_its_sample(
    visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]
) -> None:
    run, state = rested("ring", "lab")
    page = visitor(390, 844, storage_state=state)
    explore(page, run)
    assert "channels of one number" in page.locator(".gx-units-layer option").first.inner_text()
    assert page.locator(".gx-region-canvas").count() == 0
    drawn_anew(page, lambda: page.locator(".gx-unit").nth(2).click())
    assert page.locator(".gx-unit").nth(2).get_attribute("data-state") == "off"
    page.locator("[data-do=units-find]").click()
    page.locator("[data-do=units-silence]").wait_for()
    page.locator(".gx-unit[data-tip*='alone it moves the sample by']").first.wait_for()
    drawn_anew(page, lambda: page.locator("[data-do=units-silence]").click())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

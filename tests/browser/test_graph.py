"""The picture of the model in the real app: it is drawn, its parts are explained, its neurons shown over the plane."""

import re
from collections.abc import Callable
from typing import Any

from test_app import data, number, pixels, press, start_slowly, until


def test_the_inside_of_a_gan_is_alive_and_explains_itself(visitor: Callable[..., Any]) -> None:
    page = visitor()
    start_slowly(page)
    page.locator(".gl-why").scroll_into_view_if_needed()
    layer = "[data-layer='d.2'] canvas"
    empty = pixels(page, layer)
    until(page, lambda: pixels(page, layer) != empty)  # thumbnails are sent once the panel is seen
    moving = pixels(page, layer)
    until(page, lambda: pixels(page, layer) != moving)
    assert page.locator(".gl-back").count() == 2

    press(page, "Pause", "paused")
    page.locator(".gl-why").scroll_into_view_if_needed()
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)
    field, seq = pixels(page, ".gl-low"), number(page, "seq")
    page.locator(layer).hover(position={"x": 8, "y": 50})
    title = page.locator(".gl-map-title")
    title.filter(has_text=re.compile(r"^Neuron \d+ of layer 2 of the discriminator: from \S+ to \S+$")).wait_for()
    assert number(page, "seq") > seq  # the paused run has looked again
    assert pixels(page, ".gl-low") != field
    page.mouse.move(5, 5)
    title.wait_for(state="hidden")
    assert pixels(page, ".gl-low") == field

    page.locator("[data-layer='g.1'] canvas").focus()
    page.keyboard.press("ArrowDown")
    page.locator(".gl-map-title", has_text="of layer 1 of the generator: from").wait_for()
    assert "Over the noise" in page.locator(".gl-why").inner_text()
    page.keyboard.press("Escape")
    title.wait_for(state="hidden")

    page.locator(".gl-card-losses .gl-card-title").click()
    why = page.locator(".gl-why")
    why.get_by_text("Relativistic (paired)").wait_for()
    assert "softplus(D(G(z)) − D(x))" in why.inner_text()
    page.locator(".gl-card-real .gl-card-title").hover()
    until(page, lambda: pixels(page, ".gl-low") != field)  # the other layers are dimmed
    assert data(page, "status") == "paused"

    page.locator(".gl-fold").click()
    why.wait_for(state="hidden")
    page.reload()
    page.locator(".gl-fold[aria-expanded=false]").wait_for()  # remembered by this browser

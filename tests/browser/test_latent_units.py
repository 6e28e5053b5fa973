"""Channels on the page of the Latent Explorer: a real run's generator answers."""

from collections.abc import Callable
from typing import Any


def number(page: Any, locator: str, name: str) -> int:
    return int(page.locator(locator).get_attribute(name) or 0)


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


def explore(page: Any, lab: str, preset: str) -> None:
    """A run that is explored at the moment at which it was paused, so that nothing but the visitor changes the picture."""
    page.goto(f"/{lab}?preset={preset}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(e => +((e.shadowRoot ?? e).querySelector?.('.gl')?.dataset.step) > 0)"
    )
    page.locator(".gl-button[data-do=pause]:enabled").click()
    page.locator(".gl-chip[data-name=paused]").first.wait_for()
    run = page.url.split("run=")[1].split("&")[0]
    page.goto(f"/latent?run={run}&tool=units")
    page.locator(".gx-unit").first.wait_for()
    drawn_anew(page, lambda: page.locator(".gx-follow").click())


def test_channels_of_a_2d_generator_move_its_sample(visitor: Callable[..., Any]) -> None:
    page = visitor(390, 844)
    explore(page, "lab", "ring")
    assert "channels of one number" in page.locator(".gx-units-layer option").first.inner_text()
    assert page.locator(".gx-region-canvas").count() == 0
    drawn_anew(page, lambda: page.locator(".gx-unit").nth(2).click())
    assert page.locator(".gx-unit").nth(2).get_attribute("data-state") == "off"
    page.locator("[data-do=units-find]").click()
    page.locator("[data-do=units-silence]").wait_for()
    page.locator(".gx-unit[data-tip*='alone it moves the sample by']").first.wait_for()
    drawn_anew(page, lambda: page.locator("[data-do=units-silence]").click())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

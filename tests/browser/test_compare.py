"""Side by side and ghosts, as they are seen: pictures that move in step, one bar for all, layers that go together."""

import re
from collections.abc import Callable
from typing import Any

from test_app import number, shown, start_slowly, until

Visitor = Callable[..., Any]


def cell(page: Any, i: int) -> Any:
    return page.locator(".gl:has(.gl-only-cell)").nth(i)


def step(part: Any) -> int:
    return int(part.get_attribute("data-step") or 0)


def low(part: Any) -> str:
    return str(part.locator("canvas.gl-low").evaluate("canvas => canvas.toDataURL()"))


def colours(part: Any) -> int:
    """How many there are in the picture: one in an empty one."""
    return int(part.locator("canvas.gl-low").evaluate(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width || 1, c.height || 1).data.buffer)).size"
    ))  # fmt: skip


def test_two_configurations_train_in_step(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/compare")
    page.get_by_role("heading", name="Side by side", exact=True).wait_for()
    until(page, lambda: page.locator(".gl:has(.gl-only-cell)").count() == 2)
    until(page, lambda: all(colours(cell(page, i)) > 20 for i in (0, 1)))  # the untrained GANs
    wide = (
        "gl => gl.getBoundingClientRect().width / gl.getRootNode().host.closest('[data-testid=stColumn]').clientWidth"
    )
    assert all(cell(page, i).evaluate(wide) > 0.95 for i in (0, 1))  # as wide as there is room
    page.get_by_role("button", name="Start together").click()
    page.wait_for_url("**runs=*")
    bar = page.locator(".gl:has(.gl-only-bar)")
    until(page, lambda: all(step(cell(page, i)) > 20 for i in (0, 1)))
    bar.get_by_role("button", name="Pause", exact=True).click()
    until(page, lambda: all(cell(page, i).get_attribute("data-status") == "paused" for i in (0, 1)))
    until(page, lambda: step(cell(page, 0)) == step(cell(page, 1)) == step(bar))
    at = step(bar)
    bar.get_by_role("button", name="One step", exact=True).click()
    until(page, lambda: step(cell(page, 0)) == step(cell(page, 1)) == at + 1)
    assert low(cell(page, 0)) != low(cell(page, 1))  # another critic
    before = [low(cell(page, i)) for i in (0, 1)]
    bar.get_by_role("button", name="Contours", exact=True).click()
    until(page, lambda: all(low(cell(page, i)) != before[i] for i in (0, 1)))  # the switch of the bar is for all
    page.locator(".stPlotlyChart .main-svg").first.wait_for()
    assert page.get_by_text("Penalty: None").is_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    page.get_by_text("What differs", exact=True).click()
    page.get_by_text("Settings that may differ").wait_for()
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")


def test_a_ghost_stands_behind_the_next_run(visitor: Visitor) -> None:
    page = visitor()
    start_slowly(page)
    until(page, lambda: number(page, "step") > 40)
    page.get_by_role("button", name="Pause", exact=True).click()
    until(page, lambda: page.locator(".gl").get_attribute("data-status") == "paused")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Pin this run").click()
    page.wait_for_url("**ghost=*")
    page.keyboard.press("Escape")
    first = page.url
    page.get_by_role("button", name="Start a new run").click()
    page.wait_for_url(lambda url: "ghost=" in url and url != first)
    until(page, lambda: number(page, "step") > 0)
    page.get_by_role("button", name="Pause", exact=True).click()
    until(page, lambda: page.locator(".gl").get_attribute("data-status") == "paused")
    toggle = page.get_by_role("button", name="Ghost", exact=True)
    until(page, lambda: bool(re.search(r"moons-\S+, step [1-9]", toggle.get_attribute("data-tip") or "")))
    page.wait_for_timeout(300)
    haunted = low(page.locator(".gl"))
    toggle.click()
    until(page, lambda: low(page.locator(".gl")) != haunted)
    toggle.click()
    until(page, lambda: low(page.locator(".gl")) == haunted)
    shown(page, "/lab")  # another address: no ghost
    until(page, lambda: page.get_by_role("button", name="Ghost", exact=True).count() == 0)

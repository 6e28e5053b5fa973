"""A picture looked at closely in the whole app: a real run answers."""

from collections.abc import Callable
from typing import Any


def test_a_run_says_what_it_knows_of_a_picture(visitor: Callable[..., Any]) -> None:
    page = visitor()
    page.goto("/images?preset=digits")
    page.locator(".gl-images").first.wait_for()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(e => +((e.shadowRoot ?? e).querySelector?.('.gl')?.dataset.step) > 20)"
    )
    page.locator(".gl-machine-device", has_text="CPU").wait_for()
    page.locator(".gl-machine-memory", has_text="MB").wait_for()
    page.locator(".gl-bylayer .gl-bylayer-name", has_text="fully connected").first.wait_for()
    page.locator(".gl-grid-fake canvas").click(position={"x": 60, "y": 60})
    dialog = page.locator(".gl-close")
    dialog.locator("figcaption", has_text="%").nth(3).wait_for()
    assert "of them" in dialog.inner_text() or "no sign of a copy" in dialog.inner_text()
    assert "real · output" in dialog.inner_text()
    step = page.locator(".gl-stat-step b").inner_text()
    page.wait_for_function(  # it trains on beside
        "step => [...document.querySelectorAll('*')].some(e => ![undefined, step].includes("
        "(e.shadowRoot ?? e).querySelector?.('.gl-stat-step b')?.textContent))",
        arg=step,
    )
    dialog.get_by_role("button", name="Show what D looks at").click()
    dialog.get_by_text("counts most").wait_for()
    dialog.get_by_role("button", name="Features").click()
    dialog.get_by_text("features of the digits classifier").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")

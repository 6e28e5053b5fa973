"""Truncation of a real run: its figures at another moment, and what it does to the points of a 2-D generator; and one run in two tabs."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from test_explore import drawn, explored, picture, settled

Rested = Callable[..., tuple[str, Any]]

# Every measurement takes an hour by this clock: what takes long is not done again unasked.
SLOW = "const now = performance.now.bind(performance); performance.now = () => 3.6e6 * now();"
# Pixels of the generated points, which are orange.
ORANGE = """canvas => { const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) found += data[i] - data[i + 2] > 60;
    return found; }"""


def test_figures_that_take_long_are_measured_again_when_it_is_asked_for(
    visitor: Callable[..., Any], rested: Rested
) -> None:
    run, state = rested("digits")
    page = visitor(storage_state=state)
    page.add_init_script(SLOW)
    root = explored(page, run, tool="truncation")
    last = str(root.get_attribute("data-step"))
    page.locator(f".gx[data-truncated='{last}']").wait_for()
    figures, chart = page.locator(".gx-charts"), page.locator("[data-chart=output] canvas")
    before = chart.get_attribute("aria-label")
    page.get_by_role("slider", name="Moment of the run").press("Home")
    expect(root).not_to_have_attribute("data-step", last)
    expect(page.get_by_text(f"Measured at step {int(last):,}; what is explored is step")).to_be_visible()
    expect(figures).to_have_class("gx-charts gx-stale")
    assert chart.get_attribute("aria-label") == before  # the former figures stay in sight
    again = page.get_by_role("button", name="Measure again")
    again.click()
    page.locator(f".gx[data-truncated='{root.get_attribute('data-step')}']").wait_for()
    expect(figures).to_have_class("gx-charts")
    expect(page.get_by_text("what is explored is step")).to_have_count(0)
    expect(again).to_be_enabled()
    assert chart.get_attribute("aria-label") != before


def test_truncation_draws_the_points_behind_the_current_one_together(
    visitor: Callable[..., Any], rested: Rested
) -> None:
    run, state = rested("ring", "lab")
    page = visitor(storage_state=state)
    explored(page, run, tool="truncation")
    plane = page.locator(".gx-data canvas")
    settled(page)
    spread = plane.evaluate(ORANGE)
    page.locator(".gx-psi input").fill("0")
    settled(page)
    assert plane.evaluate(ORANGE) < spread / 3
    page.locator("[data-do=psi-usual]").click()
    settled(page)
    assert plane.evaluate(ORANGE) > spread * 0.9


def test_one_run_in_two_tabs_and_one_is_loaded_again(visitor: Callable[..., Any], rested: Rested) -> None:
    run, state = rested("digits")
    first = visitor(storage_state=state)
    explored(first, run)
    second = first.context.new_page()
    explored(second, run)
    assert settled(second) == settled(first)
    second.get_by_role("button", name="Random", exact=True).first.click()
    second.wait_for_timeout(300)
    moved, there = settled(second), settled(first)
    assert moved != there  # each tab has a place of its own
    second.reload()
    second.locator(".gx[data-drawn]").wait_for()
    assert settled(second) == there  # it begins anew, and says nothing of the run that were not so
    for page in (first, second):
        expect(page.get_by_text("no such run")).to_have_count(0)
        expect(page.locator(".gx")).to_have_attribute("data-connected", "true")
    count = drawn(first)
    first.locator(".gx-pad-canvas").focus()
    first.keyboard.press("ArrowLeft")
    expect(first.locator(".gx")).not_to_have_attribute("data-drawn", str(count))
    assert picture(second) == there

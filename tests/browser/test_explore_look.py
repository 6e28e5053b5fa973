"""Mixing, the noise of layers, truncation and the nearest training pictures in the Latent Explorer: a real run, its pixels."""

from collections.abc import Callable
from typing import Any

STEP = "() => [...document.querySelectorAll('*')].some(e => +((e.shadowRoot ?? e).querySelector?.('.gl')?.dataset.step) > 30)"


def picture(canvas: Any) -> str:
    """Its pixels."""
    found: str = canvas.evaluate("canvas => canvas.toDataURL()")
    return found


def until(page: Any, holds: Callable[[], bool]) -> None:
    """Waits, some minutes at most, until what the page shows is so."""
    for _ in range(900):
        if holds():
            return
        page.wait_for_timeout(200)
    raise AssertionError("the page never came to show it")


def test_a_style_based_run_is_looked_at(visitor: Callable[..., Any]) -> None:
    page = visitor()
    page.set_default_timeout(180_000)  # much happens here, perhaps beside other tests
    page.goto("/images?preset=style")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    page.wait_for_function(STEP)
    page.locator(".gl-button[data-do=pause]:enabled").click()
    page.locator(".gl-button[data-do=resume]:enabled").wait_for()
    page.goto(f"/latent?{page.url.split('?')[1].split('&')[0]}&tool=mix")

    # mixing: all layers of the column make the column's own picture, and a click goes there
    table, stage = page.locator(".gx-mix[data-drawn]"), page.locator(".gx-picture")
    table.wait_for()
    cells, slots = table.locator(".gx-cell"), table.locator(".gx-slot-button canvas")
    columns, rows = [slots.nth(i) for i in range(4)], [slots.nth(i) for i in range(4, 8)]
    assert cells.count() == 16
    first, last = (page.locator(".gx-mix-reach input").nth(i) for i in (0, 1))
    assert page.locator(".gl-choice[data-code=fine]").get_attribute("aria-pressed") == "true"
    mixed = picture(cells.nth(5).locator("canvas"))
    first.fill("0")
    last.fill(str(last.get_attribute("max")))
    until(page, lambda: all(picture(cells.nth(4 + i).locator("canvas")) == picture(columns[i]) for i in range(4)))
    assert picture(rows[1]) != picture(columns[1])
    cells.nth(6).click()
    until(page, lambda: picture(stage) == picture(columns[2]))
    assert cells.nth(6).get_attribute("aria-pressed") == "true"
    page.locator(".gl-choice[data-code=fine]").click()
    until(page, lambda: picture(cells.nth(5).locator("canvas")) == mixed)

    # the noise of a layer
    noises = page.locator(".gx-noise-row")
    until(page, lambda: all(line.get_attribute("data-mean") is not None for line in noises.all()))
    drawn = int(page.locator(".gx").get_attribute("data-drawn"))
    noises.nth(1).locator(".gl-choice[data-code=off]").click()
    until(page, lambda: int(page.locator(".gx").get_attribute("data-drawn")) > drawn)
    assert noises.nth(1).locator(".gl-choice[data-code=off]").get_attribute("aria-pressed") == "true"
    page.locator("[data-do=noise-off]").click()
    assert noises.locator(".gl-choice[data-code=off][aria-pressed=true]").count() == noises.count()
    page.locator("[data-do=noise-reset]").click()
    assert noises.locator(".gl-choice[data-code=own][aria-pressed=true]").count() == noises.count()

    # truncation: at 0 one picture, and the figures of seven values
    page.locator(".gx-tab[data-tool=truncation]").click()
    fixed = page.locator(".gx-fixed canvas")
    until(page, lambda: len({picture(canvas) for canvas in fixed.all()}) == 24)
    page.locator(".gx-psi input").fill("0")
    until(page, lambda: len({picture(canvas) for canvas in fixed.all()}) == 1)
    assert picture(stage) == picture(fixed.first)
    page.locator("[data-do=psi-usual]").click()
    until(page, lambda: len({picture(canvas) for canvas in fixed.all()}) == 24)
    page.locator(".gx[data-truncated]").wait_for()
    page.get_by_text("500 samples at each mark").wait_for()
    assert "two samples are 0 apart" in page.locator("[data-chart=diversity] canvas").get_attribute("aria-label")

    # the nearest training pictures
    page.locator(".gx-tab[data-tool=nearest]").click()
    near = page.locator(".gx-near-row figure")
    until(page, lambda: near.count() == 9)
    assert picture(near.first.locator("canvas")) == picture(stage)
    distances = [float(figure.get_attribute("data-distance")) for figure in near.all()[1:]]
    assert distances == sorted(distances)
    assert "of them" in (said := page.locator(".gx-near-judgement").inner_text()) or "no sign of a copy" in said
    page.locator(".gl-choice[data-code=features]").click()
    page.get_by_text("features of the digits classifier").wait_for()
    page.locator("[data-do=random]").click()
    until(page, lambda: picture(near.first.locator("canvas")) == picture(stage))

"""Compare, as it is seen: the same latents of two runs on one scrubber, their curves, repeats with other seeds, the report."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from test_app import until

Visitor = Callable[..., Any]
PIXELS = """image => { const c = document.createElement("canvas"); c.width = c.height = 64; const g = c.getContext("2d");
    g.drawImage(image, 0, 0, 64, 64); return Array.from(g.getImageData(0, 0, 64, 64).data).join(); }"""


def pixels(page: Any, i: int) -> str:
    return str(page.locator(".ga-frame img").nth(i).evaluate(PIXELS))


def is_drawn(page: Any, i: int) -> bool:
    image = page.locator(".ga-frame img").nth(i)
    return bool(image.count()) and bool(image.evaluate("i => !i.hidden && i.complete && i.naturalWidth >= 100"))


def steps(page: Any) -> list[int]:
    return [int(re.sub(r"\D", "", text)) for text in page.locator(".ga-step").all_inner_texts()]


def widest(page: Any) -> float:
    """How far to the right any chart goes."""
    charts = page.locator(".chart .main-svg")
    return float(charts.evaluate_all("all => Math.max(...all.map((one) => one.getBoundingClientRect().right))"))


def two(page: Any) -> str:
    """Two runs that have trained in step for a little, and their address here."""
    page.goto("/compare")
    page.get_by_role("button", name="Start together").click()
    page.wait_for_url("**runs=*")
    bar = page.locator(".gl:has(.gl-only-bar)")
    until(page, lambda: int(bar.get_attribute("data-step") or 0) > 150)
    bar.get_by_role("button", name="Pause", exact=True).click()
    until(page, lambda: bar.get_attribute("data-status") == "paused")
    return str(page.url.split("runs=")[1])


def test_two_runs_on_one_scrubber_again_with_other_seeds_and_as_a_report(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor()
    page.goto("/comparison")
    page.get_by_text("Choose two to eight runs above").wait_for()
    runs = two(page)
    page.goto(f"/comparison?runs={runs}")
    until(page, lambda: is_drawn(page, 0) and is_drawn(page, 1))
    assert pixels(page, 0) != pixels(page, 1)
    last = steps(page)
    assert last[0] == last[1] > 150
    newest = pixels(page, 0)
    slider = page.get_by_role("slider", name="Moment")
    slider.focus()
    page.keyboard.press("Home")
    until(page, lambda: steps(page) == [0, 0])
    until(page, lambda: pixels(page, 0) != newest)
    page.keyboard.press("End")
    until(page, lambda: steps(page) == last and pixels(page, 0) == newest)
    page.get_by_role("button", name="Other latents").click()
    page.get_by_text("The same latents (seed 1)").wait_for()
    until(page, lambda: is_drawn(page, 0) and pixels(page, 0) != newest)
    page.get_by_role("button", name="Those of the runs").click()
    until(page, lambda: is_drawn(page, 0) and pixels(page, 0) == newest)
    page.get_by_role("cell", name="Penalty", exact=True).wait_for()
    page.locator(".stPlotlyChart .main-svg").first.wait_for()
    page.get_by_text("Samples seen", exact=True).click()
    until(page, lambda: "Samples seen" in page.locator(".ga-place").inner_text())
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report", exact=True).click()
    file = tmp_path / "report.html"
    waiting.value.save_as(file)
    assert "Settings that differ" in file.read_text(encoding="utf-8")
    page.get_by_label("Seeds 1 to", exact=True).fill("1")
    page.keyboard.press("Enter")
    again = page.get_by_role("button", name=re.compile("^(casino )?Run again"))
    until(page, lambda: "2 new runs" in again.inner_text())
    again.click()
    until(page, lambda: len(page.url.split("runs=")[1].replace("%2C", ",").split(",")) == 4)
    until(page, lambda: page.locator(".gp-legend").inner_text().count("seeds") == 2)
    page.set_viewport_size({"width": 390, "height": 844})
    main = page.get_by_test_id("stMain")
    scrolls = "tables => tables.map((one) => getComputedStyle(one).overflowX)"  # eight columns are wider than a phone
    until(page, lambda: main.locator("table").evaluate_all(scrolls) == ["auto", "auto"])
    until(page, lambda: main.evaluate("main => main.scrollWidth <= main.clientWidth"))
    page.goto(file.as_uri())
    until(page, lambda: page.locator(".chart .main-svg .trace").count() > 1)
    for image in page.locator("img").all():
        assert image.evaluate("i => i.complete && i.naturalWidth > 0")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    until(page, lambda: widest(page) <= 680)
    assert page.evaluate("document.documentElement.scrollWidth") <= 680

"""Measuring a run with the real controls: refused, cancelled, done; the table on a desktop and on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from test_app import data, number, until

Visitor = Callable[..., Any]


def samples(page: Any, n: int) -> None:
    box = page.get_by_role("spinbutton", name="Samples", exact=True)
    box.fill(str(n))
    box.press("Enter")


def run_of(page: Any) -> str:
    (run,) = parse_qs(urlsplit(page.url).query)["run"]
    return run


def opened(page: Any) -> None:
    """The part of the page, unfolded."""
    begin = page.get_by_role("button", name="Measure now")
    if not begin.is_visible():
        page.get_by_text("Measure: how near to real pictures?").click()
    begin.wait_for()


def test_a_run_is_measured_while_it_trains(visitor: Visitor, app_folder: Path) -> None:
    page = visitor()
    page.goto("/images?preset=digits")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    until(
        page,
        lambda: page.locator(".gl").count() > 0 and data(page, "status") == "running" and number(page, "step") > 20,
        120,
    )
    opened(page)
    # Too few.
    samples(page, 60)
    page.get_by_text("60 samples are too few: choose at least 100.").wait_for()
    assert page.get_by_role("button", name="Measure now").is_disabled()
    # Enough; given up.
    samples(page, 20_000)
    begin = page.get_by_role("button", name="Measure now")
    until(page, begin.is_enabled)
    until(page, lambda: any((app_folder / "runs" / run_of(page) / "checkpoints").glob("[0-9]*.safetensors")))
    begin.click()
    page.get_by_test_id("stProgress").wait_for()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_text("Cancelled: nothing was kept.").wait_for()
    assert page.locator(".gp-measures").count() == 0
    # To its end, while the run trains on.
    samples(page, 200)
    until(page, begin.is_enabled)
    step = number(page, "step")
    begin.click()
    table = page.locator(".gp-measures")
    table.wait_for(timeout=120_000)
    until(page, lambda: number(page, "step") > step)
    assert data(page, "status") == "running"
    row = table.locator("tr").filter(has_text="Fréchet distance (digits classifier)")
    assert "200 samples" in row.inner_text()
    assert "lower is better" in row.inner_text()
    assert "FID " not in table.locator("b").all_inner_texts()
    # It is there when the run is opened again; on a telephone as cards that fit.
    run = page.url
    page.goto("/runs")
    page.goto(run)
    table.wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    until(page, lambda: table.bounding_box() is not None and table.bounding_box()["width"] < 390)
    box = table.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth + 1")

"""Directions as strips, measured and saved; named ones from marked samples: with a real server and a real run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from test_app import until

Visitor = Callable[..., Any]


def saved_run(page: Any, folder: Path, preset: str) -> str:
    """A run that trains, of which a moment is saved."""
    page.goto(f"/{'lab' if preset == 'ring' else 'images'}?preset={preset}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    (run,) = parse_qs(urlsplit(page.url).query)["run"]
    until(page, lambda: any((folder / "runs" / run / "checkpoints").glob("[0-9]*.safetensors")), 120)
    pause = page.locator(".gl-button[data-do=pause]:enabled")
    pause.click()
    return str(run)


def explored(page: Any, run: str, tool: str) -> None:
    page.goto(f"/latent?run={run}&tool={tool}")
    page.locator(".gx-tab[aria-selected=true]").wait_for()


def strips(page: Any, count: int) -> None:
    """So many are drawn."""
    rows = page.locator(".gx-strip-row")
    until(page, lambda: rows.count() == count and page.locator(".gx-strips-all[data-painted]").count() == 1)


def test_strips_are_measured_and_saved(visitor: Visitor, app_folder: Path) -> None:
    page = visitor()
    run = saved_run(page, app_folder, "digits")
    explored(page, run, "directions")
    strips(page, 6)
    first = page.get_by_role("button", name="GANSpace 1, +2 σ")
    first.click()
    until(page, lambda: first.get_attribute("aria-pressed") == "true")
    # How much they change, against chance.
    page.get_by_role("button", name="Measure", exact=True).click()
    page.locator(".gx-meters").nth(5).wait_for(timeout=120_000)
    assert page.get_by_text("times as much as a random direction does (64 samples").count() == 6
    assert page.locator(".gx-meters").first.get_by_text("Class", exact=True).count() == 1
    # Kept under a name; the same name is refused.
    for again in (False, True):
        page.get_by_role("button", name="Save GANSpace 1", exact=True).click()
        page.get_by_role("textbox", name="Name of the direction").locator("visible=true").fill("Slant <b>")
        page.locator("[data-do=store]:visible").click()
        page.get_by_text("is saved already" if again else "Saved: Slant <b>.").wait_for()
    file = app_folder / "runs" / run / "latent.json"
    (kept,) = json.loads(file.read_text(encoding="utf-8"))["directions"]
    assert (kept["title"], kept["how"], kept["space"]) == ("Slant <b>", "ganspace", "z")
    # It is a slider and a strip; who does not own the run sees it and changes nothing.
    other = visitor(390, 844)
    for who in (page, other):
        explored(who, run, "sliders")
        who.locator(".gl-choice[data-code=saved]").click()
        slider = who.get_by_role("slider", name="Slant <b>")
        slider.fill("1.5")
        until(who, lambda who=who: who.locator(".gx-slider output").inner_text() == "1.50 σ")
        explored(who, run, "directions")
        who.locator(".gl-choice[data-code=saved]").click()
        strips(who, 1)
    box = other.locator(".gx-strip-row").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert other.get_by_role("button", name="Delete Slant <b>").count() == 0
    # It is deleted while another window is where it leads: that one says so, and goes on without it.
    explored(other, run, "sliders")
    other.locator(".gl-choice[data-code=saved]").click()
    slider = other.get_by_role("slider", name="Slant <b>")
    for value in ("1", "1.5"):
        slider.fill(value)
        until(other, lambda: other.locator("[data-do=undo]").is_enabled())
    page.get_by_role("button", name="Delete Slant <b>").click()
    page.get_by_text("Nothing is saved yet.").wait_for()
    slider.fill("2")
    gone = other.get_by_text("A saved direction was deleted in another window")
    gone.wait_for()
    until(other, lambda: slider.count() == 0)
    assert other.locator("[data-do=undo]").is_disabled()  # no step leads back to where it moved the place
    other.locator("[data-do=random]").click()
    until(other, lambda: gone.count() == 0)
    assert json.loads(file.read_text(encoding="utf-8"))["directions"] == []


def test_a_direction_from_marked_samples_and_one_that_holds_it(visitor: Visitor, app_folder: Path) -> None:
    page = visitor()
    run = saved_run(page, app_folder, "ring")
    explored(page, run, "named")
    page.locator(".gl-choice[data-code=marks]").click()
    page.locator(".gx-marking[data-painted]").wait_for()
    find = page.get_by_role("button", name="Find the direction")
    assert find.is_disabled()
    cells = page.locator(".gx-mark")
    for i in range(8):
        cells.nth(i).click()
        if i >= 4:
            cells.nth(i).click()
    page.get_by_text("4 these · 4 others").wait_for()
    assert cells.nth(0).get_attribute("aria-label") == "Sample 1: these"
    cells.nth(7).click()  # neither
    page.get_by_text("4 these · 3 others").wait_for()
    cells.nth(7).click()
    cells.nth(7).click()
    find.click()
    strips(page, 1)
    page.get_by_text("Few samples were held out").wait_for()
    # Towards what D takes for real, while the first one stays.
    page.locator(".gl-choice[data-code=d]").click()
    page.locator(".gx-locks").get_by_role("checkbox", name="Marked samples").check()
    find.click()
    strips(page, 2)
    page.get_by_text("Marked samples held still;").wait_for()
    cell = page.get_by_role("button", name="D’s output (holding Marked samples), +3 σ")
    cell.click()
    until(page, lambda: cell.get_attribute("aria-pressed") == "true")

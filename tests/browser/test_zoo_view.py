"""The zoo in a real browser: by its address, by search, into the lab and back, by a mark of the timeline, on a telephone, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from test_app import until

from gan_core import zoo

Visitor = Callable[..., Any]


def heading(page: Any, name: str) -> None:
    page.get_by_role("heading", name=name, exact=True).wait_for()


def entry(page: Any, name: str) -> Any:
    return page.get_by_test_id("stMain").get_by_role("link", name=name, exact=True)


def test_an_address_opens_one_thing_and_leads_into_the_lab(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/zoo?entry=loss.hinge")
    heading(page, "Hinge")
    page.get_by_text("Known failures").wait_for()
    until(page, lambda: page.locator(".katex").count() == 2)
    assert page.locator(".katex-error").count() == 0
    page.get_by_text("def hinge").first.wait_for()
    assert page.get_by_role("link", name="arXiv:1705.02894").get_attribute("href") == "https://arxiv.org/abs/1705.02894"
    page.get_by_role("button", name="Open in the lab").click()
    page.wait_for_url("**/lab?c=**")
    heading(page, "2-D Lab")
    control = page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").filter(has_text=re.compile("^Loss"))
    control.wait_for()
    assert control.locator("input").input_value() == "Hinge" or control.get_by_text("Hinge").count()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")


def test_search_opens_and_comes_back(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/zoo")
    heading(page, "Zoo of GANs")
    box = page.get_by_role("textbox", name="Search")
    box.fill("yazici")
    box.press("Enter")
    until(page, lambda: page.get_by_text(f"1 of {len(zoo.all_of())}", exact=True).count() == 1)
    link = entry(page, "Averaged generator (EMA)")
    link.focus()
    page.keyboard.press("Enter")
    heading(page, "Averaged generator (EMA)")
    page.wait_for_url("**/zoo?entry=trick.ema")
    entry(page, "arrow_back All of the zoo").or_(entry(page, "All of the zoo")).first.click()
    heading(page, "Zoo of GANs")
    until(page, lambda: page.get_by_role("textbox", name="Search").input_value() == "yazici")
    until(page, lambda: entry(page, "Averaged generator (EMA)").count() == 1)


def test_a_mark_of_the_timeline_opens_what_it_stands_for(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/zoo?view=timeline")
    heading(page, "By year")
    chart = page.get_by_test_id("stPlotlyChart")
    marks = chart.locator(".scatterlayer .trace").first.locator("path.point")
    until(page, lambda: marks.count() == 7)
    assert page.get_by_role("figure", name=re.compile("^Timeline from 2014")).count() == 1
    place = marks.nth(3).bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    chart.locator(".hoverlayer .hovertext").wait_for()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_url("**/zoo?entry=loss.**")
    heading(page, "Wasserstein")
    page.go_back()
    heading(page, "By year")


def test_a_tampered_address_on_a_telephone(visitor: Visitor) -> None:
    page = visitor(viewport={"width": 390, "height": 844})
    page.goto("/zoo?entry=%3Cimg%20src=x%20onerror=alert(1)%3E")
    page.get_by_text("There is nothing called").wait_for()
    heading(page, "Zoo of GANs")
    page.goto("/zoo?view=timeline")
    heading(page, "By year")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto("/zoo?entry=recipe.r3gan")
    heading(page, "R3GAN")
    until(page, lambda: page.locator(".katex").count() == 3)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth")


def test_every_formula_can_be_drawn(visitor: Visitor) -> None:
    """KaTeX knows all that tex.py writes: each formula once, in one page."""
    page = visitor()
    for address in (
        "metric.ssim",
        "metric.fd",
        "metric.modes",
        "optimizer.adam",
        "penalty.wgan_gp",
        "metric.swd",
        "recipe.ada",
    ):
        page.goto(f"/zoo?entry={address}")
        page.get_by_text("Known failures").wait_for()
        page.locator(".katex").first.wait_for()
        assert page.locator(".katex-error").count() == 0, address

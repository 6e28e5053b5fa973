"""The charts of lessons, as they are seen: curves follow the slider at once, tasks tick when it rests, the film of a training plays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from test_app import until

Visitor = Callable[..., Any]
BEFORE = {"best": 0.75, "undecided": "half", "lowest": "log4", "js": 0.193, "bound": "below"}


def opened(page: Any, lesson: str, answers: dict[str, Any], done: list[str]) -> None:
    """The lesson, with that much of it done before."""
    kept = json.dumps({"v": 1, "lessons": {lesson: {"answers": answers, "done": done}}})
    page.goto("/learn")
    page.evaluate("kept => localStorage.setItem('gan-playground.learn', kept)", kept)
    page.goto(f"/learn?lesson={lesson}")
    page.locator(".gf-panel .gf-curve").last.wait_for()


def curve(page: Any, role: str) -> str:
    return str(page.locator(f".gf-panel .gf-curve.gf-{role}").last.get_attribute("d"))


def test_two_distributions_pulled_apart_by_keyboard(visitor: Visitor) -> None:
    page = visitor()
    opened(page, "distances", {"twice": "js"}, [])
    slider = page.get_by_role("slider", name="Distance between the means")
    expect(slider).to_have_attribute("aria-valuetext", "Distance between the means: 1. JS: 0.3368. Slope of JS: 0.4496. W₁: 1. "
                                     "Slope of W₁: 1. Slope of D* at the mean of q: \u22120.42. Slope of f at the mean of q: \u22121")  # fmt: skip
    charts = page.locator(".gf-panel svg[role=img]")
    expect(charts).to_have_count(5)
    generated = page.locator("svg[role=img] .gf-curve.gf-generated").first
    before = generated.get_attribute("d")
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    assert generated.get_attribute("d") != before
    expect(page.locator(".gf-readings")).to_contain_text("0.4671")
    until(page, lambda: "apart.steepest" in str(page.evaluate("localStorage.getItem('gan-playground.learn')")))
    slider.press("End")
    expect(charts.first).to_have_attribute("aria-label", "Where the samples lie. x, density. p (real); q (generated). Distance between the means: 8. "
                                           "JS: 0.6931. Slope of JS: 0. W₁: 8. Slope of W₁: 1. Slope of D* at the mean of q: 0. "
                                           "Slope of f at the mean of q: \u22121")  # fmt: skip
    page.get_by_text("It came otherwise").wait_for()
    assert slider.input_value() == "80", "it stays where it was put when the page goes on"


def test_a_discriminator_is_seen_to_learn(visitor: Visitor) -> None:
    page = visitor()
    opened(page, "value", BEFORE, ["optimum.apart", "optimum.equal"])
    book = page.locator(".gf").last
    untrained = curve(page, "learned")
    page.get_by_role("button", name="Train D").click()
    step = book.get_by_role("slider", name="Step of D")
    until(page, lambda: step.input_value() == step.get_attribute("max") != "0")  # it plays itself to the end
    assert curve(page, "learned") != untrained
    expect(book.locator(".gf-readings")).to_contain_text("0.262")
    expect(page.get_by_text("wanted: at most 0.01").first).to_be_visible()
    book.get_by_role("button", name="Play").click()
    expect(book.get_by_role("button", name="Stop")).to_be_visible()
    step.press("Home")
    expect(book.get_by_role("button", name="Play")).to_be_visible()
    assert curve(page, "learned") == untrained

"""Lessons as a learner goes through them: predict, run, see it tick, come back, in two tabs and in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from test_app import until

from pages._ui.learn import keeping

Visitor = Callable[..., Any]
KEY = "gan-playground.learn"


def kept(page: Any) -> dict[str, Any]:
    """What the browser keeps of the lesson."""
    text = page.evaluate(f"localStorage.getItem('{KEY}')")
    found: dict[str, Any] = json.loads(text)["lessons"].get("collapse", {}) if text else {}
    return found


def slider(page: Any, label: str, *values: str) -> None:
    """Move a slider of the lesson by keyboard, to one value after the other; each is heard by the app before the next."""
    for value in values:
        page.get_by_role("slider", name=label).press("ArrowRight")
        expect(page.get_by_role("slider", name=label)).to_have_attribute("aria-valuetext", value)
        page.wait_for_timeout(700)


def test_a_lesson_from_prediction_to_goal(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/learn?lesson=collapse")
    expect(page.get_by_text("The lesson goes on here once the step above is done.")).to_be_visible()
    assert page.get_by_role("button", name="Start training").count() == 0
    page.get_by_text("They gather in one, two or three clusters").click()
    page.get_by_role("button", name="This is my prediction").click()
    until(page, lambda: kept(page).get("answers") == {"guess": "few"})
    # the collapse begins with the first step: the goal is reached with the settings there from the start
    slider(page, "D steps per iteration", "2", "3", "4", "5")
    slider(page, "Learning rate of D", "0.005", "0.01", "0.02")
    page.get_by_role("button", name="Start training").click()
    page.locator('.gl[data-status="running"]').wait_for()
    expect(page.get_by_text("wanted: at most 3")).to_be_visible()
    until(page, lambda: "cause.collapsed" in kept(page).get("done", []), 120)
    expect(page.get_by_text("You predicted it")).to_be_visible()
    page.locator(".gl-button[data-do=pause]").click()
    # an exercise: what is no number is told, a decimal comma is one
    page.get_by_role("textbox", name="Your answer").fill("about four")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("is no number")).to_be_visible()
    page.get_by_role("textbox", name="Your answer").fill("1,386")
    page.get_by_role("textbox", name="Your answer").press("Enter")
    until(page, lambda: kept(page)["answers"].get("kl") == 1.386)
    # it is all there again after a reload
    page.goto("/learn?lesson=collapse")
    expect(page.get_by_text("You said: They gather")).to_be_visible()
    expect(page.get_by_text("You predicted it")).to_be_visible()
    page.goto("/learn")
    expect(page.get_by_role("link", name="Go on")).to_be_visible()


def test_symbols_and_terms_explain_themselves(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/learn?lesson=collapse")
    symbol = page.locator(".gs-symbol").first
    symbol.wait_for()
    symbol.hover()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("distribution of the real data")
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    loss = page.locator(".gs-symbol[tabindex]").nth(1)
    loss.focus()
    expect(tip).to_contain_text("generator's loss")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 260})
    page.locator(".gs-symbol[tabindex]").last.focus()  # which scrolls it into view
    page.wait_for_timeout(500)
    assert tip.is_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    colours = page.locator(".gs-symbol").evaluate_all("all => all.map((e) => getComputedStyle(e).color)")
    text = page.locator(".katex").first.evaluate("e => getComputedStyle(e).color")
    assert set(colours) == {text}, "a symbol looks like the rest of its formula"
    term = page.get_by_role("link", name="mode", exact=True)
    assert "much of its mass" in term.get_attribute("title")
    page.goto(re.sub(r"^.*/", "/", term.get_attribute("href")))
    expect(page.get_by_role("heading", name="Glossary")).to_be_visible()
    page.goto("/learn?lesson=value")
    page.locator(".gs-symbol").first.hover()  # an index: min over G
    expect(tip).to_contain_text("turns noise z into a sample")


def test_two_tabs_and_what_was_tampered_with(visitor: Visitor) -> None:
    page = visitor()
    page.goto("/learn?lesson=collapse")
    page.get_by_role("button", name="This is my prediction").wait_for()
    other = page.context.new_page()
    other.goto("/learn?lesson=collapse")
    other.get_by_text("They stay where they are").click()
    other.get_by_role("button", name="This is my prediction").click()
    until(other, lambda: kept(other).get("answers") == {"guess": "nothing"})
    expect(page.get_by_text("You said: They stay where they are")).to_be_visible()
    other.close()
    page.evaluate(f"localStorage.setItem('{KEY}', '{{not json')")
    page.goto("/learn?lesson=collapse")
    expect(page.get_by_text("could not be read and was left out")).to_be_visible()
    expect(page.get_by_role("button", name="This is my prediction")).to_be_visible()


def test_a_server_that_began_anew_wipes_nothing(visitor: Visitor) -> None:
    """The page is still open, its server is another one: what this tab wrote itself is not known to that one."""
    page = visitor()
    page.goto("/learn?lesson=collapse")
    page.get_by_role("button", name="This is my prediction").wait_for()
    script = Path(keeping.__file__).with_suffix(".js").read_text(encoding="utf-8")
    told = page.evaluate(
        """async ([script, key]) => {
          const { default: keeping } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
          const told = [];
          const parentElement = document.createElement("div");
          const see = (progress, session) => keeping({ data: { progress, heard: "", session }, parentElement,
            setStateValue: (name, value) => told.push([name, value]) });
          localStorage.removeItem(key);
          see("far", "first");
          see("farther", "first");
          const kept = [localStorage.getItem(key)];
          see("", "second");
          kept.push(localStorage.getItem(key));
          return [kept, told];
        }""",
        [script, KEY],
    )
    assert told == [["farther", "farther"], [["kept", "farther"]]]


def test_a_lesson_in_chinese_on_a_telephone(visitor: Visitor) -> None:
    page = visitor(390, 844)
    page.goto("/learn?lesson=collapse&lang=zh_CN")
    expect(page.get_by_role("heading", name="模式崩溃")).to_be_visible()
    until(page, lambda: page.evaluate("document.documentElement.lang") == "zh-CN")
    page.locator(".gs-symbol").first.wait_for()
    assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth <= e.clientWidth")
    page.get_by_text("聚到一两个").click()
    page.get_by_role("button", name="这是我的预测").click()
    page.get_by_role("button", name="开始训练").click()
    page.locator('.gl[data-status="running"]').wait_for()
    assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth <= e.clientWidth")
    until(page, lambda: "目标" in page.get_by_test_id("stMain").inner_text())
    page.locator(".gl-button[data-do=pause]").click()

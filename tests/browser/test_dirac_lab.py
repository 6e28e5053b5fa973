"""The Dirac-GAN lab in a real browser, on a tiny page of its own: by pointer, by keyboard, compared, locked, on a telephone, in the dark."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import ROOT, Watcher, free_port, wait_for
from test_app import pixels, until

PAGE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import streamlit as st
from pages._ui.dirac import dirac_lab
st.set_page_config(layout="wide")
locked = [name for name in st.query_params.get("locked", "").split(",") if name]
found = dirac_lab("lab", start={{"loss": st.query_params.get("loss", "minimax")}}, locked=locked)
s = found.settings
st.text(f"facts {{found.verdict}} {{s.loss}} {{s.penalty}} {{s.theta:g}} {{s.psi:g}} {{found.ratio:.3g}}")
"""
APP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import streamlit as st
from pages._ui import settings
from pages._ui.routes import routes
settings.force()
app = st.App({{page!r}}, routes=routes())
"""
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of two files: the lab, and what a page gets of it."""
    folder, port = tmp_path_factory.mktemp("dirac"), free_port()
    page = folder / "page.py"
    page.write_text(PAGE, encoding="utf-8")
    (folder / "served.py").write_text(APP.format(page=str(page)), encoding="utf-8")
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning", "served:app"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://127.0.0.1:{port}/api/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)
    assert "Traceback" not in (said := (folder / "log").read_text(encoding="utf-8")), said


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Open]:
    """opened(query) is the lab at rest; no console error may come."""
    contexts: list[tuple[Any, Watcher]] = []

    def open_it(query: str = "", width: int = 1100, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, **({"reduced_motion": "reduce"} | options)
        )
        contexts.append((context, Watcher(context)))
        page = context.new_page()
        page.goto(f"{address}/{query}")
        until(page, lambda: page.locator(".di[data-verdict]").count() > 0)
        return page

    yield open_it
    for context, watcher in contexts:
        assert not watcher.unexpected()
        context.close()


def facts(page: Any) -> list[str]:
    return str(page.get_by_text(re.compile("^facts ")).inner_text()).split()[1:]


def verdict(page: Any) -> str:
    return page.locator(".di").get_attribute("data-verdict") or ""


def choose(page: Any, name: str, code: str) -> None:
    page.locator(f".di-control[data-name={name}] select").select_option(code)


def alts(page: Any) -> list[str]:
    return list(page.locator(".di canvas").evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))"))


def test_by_pointer_and_by_controls(opened: Open) -> None:
    page = opened()
    assert facts(page)[:5] == ["spirals_out", "minimax", "none", "1", "1"]
    assert (
        page.locator(".di-verdict").inner_text().startswith("Spirals out: after 300 steps the distance is 2.03 times")
    )
    assert page.locator(".di").get_attribute("data-step") == "300"  # with reduced motion nothing plays by itself
    before = pixels(page, ".di-plane")
    box = page.locator(".di-plane").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.7, 0.3))
    page.mouse.down()
    page.mouse.move(*at(0.3, 0.6), steps=5)
    until(page, lambda: pixels(page, ".di-plane") != before)
    dragged = page.locator(".di-control[data-name=theta] input")
    until(page, lambda: float(dragged.input_value()) < -1)
    assert facts(page)[3:5] == ["1", "1"]  # a page hears of it when the pointer is let go
    page.mouse.up()
    until(page, lambda: float(facts(page)[3]) < -1)
    choose(page, "penalty", "r1")
    until(page, lambda: facts(page)[0] == verdict(page) == "converges")
    assert page.locator(".di-control[data-name=weight]").is_visible()
    assert page.locator(".di-control[data-name=weight] input[type=number]").input_value() == "1"
    choose(page, "loss", "wasserstein")
    choose(page, "penalty", "wgan_gp")
    until(page, lambda: facts(page)[:3] == ["cycles", "wasserstein", "wgan_gp"])
    assert "no eigenvalues" in page.locator(".di-verdict").inner_text()
    assert any("None here" in text for text in alts(page))
    page.get_by_role("button", name="Back to the beginning").click()
    until(page, lambda: facts(page)[:5] == ["spirals_out", "minimax", "none", "1", "1"])
    assert not page.locator(".di-control[data-name=weight]").is_visible()
    assert not page.locator(".di-control[data-name=k]").is_visible()
    page.get_by_role("button", name="Alternating").click()
    until(page, lambda: facts(page)[0] == "circles")
    assert page.locator(".di-control[data-name=k]").is_visible()


def test_what_is_being_typed_stays(opened: Open) -> None:
    """An answer of the server that comes in between does not take it away."""
    page = opened()
    field = page.locator(".di-control[data-name=h] input[type=number]")
    field.fill("0.05")
    page.evaluate("document.documentElement.classList.toggle('repaint')")  # whatever draws the controls anew
    page.wait_for_timeout(300)
    assert field.input_value() == "0.05"
    field.press("Enter")
    until(page, lambda: "1.00031" in page.locator(".di-verdict").inner_text())
    field.fill("99")
    field.press("Enter")
    until(page, lambda: field.input_value() == "5")  # the most there is


def test_by_keyboard_and_compared(opened: Open) -> None:
    page = opened()
    page.locator(".di-plane").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    until(page, lambda: facts(page)[3:5] == ["1.05", "1.25"])
    assert alts(page)[0].startswith("Plane of θ and ψ with the vector field. The path goes from (1.05, 1.25)")
    page.get_by_role("button", name="Keep to compare").press("Enter")
    assert page.get_by_role("button", name="Keep to compare").is_disabled()  # the same path twice says nothing
    alone = pixels(page, ".di-plane")
    slider = page.get_by_role("slider", name="Step size h")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    until(page, lambda: pixels(page, ".di-plane") != alone)
    kept = page.locator(".di-kept li")
    until(page, lambda: kept.count() == 2 and "h = 0.2" in kept.nth(1).inner_text())
    until(page, lambda: "h = 0.1" in kept.nth(0).inner_text())
    for penalty in ("r1", "consensus", "instance_noise"):
        page.locator("[data-do=keep]").and_(page.locator(":enabled")).press("Enter")
        choose(page, "penalty", penalty)
        until(page, lambda penalty=penalty: facts(page)[2] == penalty)
    assert kept.count() == 5
    assert "Penalty: None" in kept.nth(1).inner_text()
    assert page.locator("[data-do=keep]").is_disabled()
    page.get_by_role("button", name=re.compile("^Remove R1")).press("Enter")
    until(page, lambda: kept.count() == 4)
    step = page.get_by_role("slider", name="Step", exact=True)
    step.focus()
    page.keyboard.press("Home")
    assert page.locator(".di").get_attribute("data-step") == "0"
    page.get_by_role("button", name="One step on").press("Enter")
    assert page.locator(".di-place").inner_text().startswith("Step 1 of 300: θ =")
    line = pixels(page, ".di-line canvas")
    page.get_by_role("button", name="Play").press("Enter")
    until(page, lambda: int(page.locator(".di").get_attribute("data-step") or 0) > 5)
    page.get_by_role("button", name="Pause").press("Enter")
    assert pixels(page, ".di-line canvas") != line
    discrete = pixels(page, ".di-eigen canvas")
    page.get_by_role("button", name="Continuous").press("Enter")
    assert pixels(page, ".di-eigen canvas") != discrete


def test_locked_on_a_telephone_in_the_dark(opened: Open) -> None:
    page = opened("?loss=non_saturating&locked=loss,h", 390, 844, color_scheme="dark", has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = page.locator(".di *").evaluate_all(
        "all => Math.max(...all.filter((e) => e.offsetParent).map((e) => e.getBoundingClientRect().right))"
    )
    assert wide <= 391
    assert page.locator(".di").get_attribute("data-theme") == "dark"
    assert page.locator(".di-control[data-name=loss] select").is_disabled()
    assert page.locator(".di-control[data-name=h] input[type=range]").is_disabled()
    assert page.get_by_text("Locked by whoever made this lesson.").count() == 1
    heights = page.locator(".di button:visible, .di select:visible").evaluate_all(
        "all => all.map((e) => e.offsetHeight)"
    )
    assert min(heights) >= 40
    choose(page, "penalty", "weight_clipping")
    until(page, lambda: facts(page)[:3] == ["cycles", "non_saturating", "weight_clipping"])


def test_it_plays_by_itself_where_motion_is_welcome(opened: Open) -> None:
    page = opened(reduced_motion="no-preference")
    until(page, lambda: page.locator(".di").get_attribute("data-playing") == "true")
    until(page, lambda: 3 < int(page.locator(".di").get_attribute("data-step") or 0) < 300)

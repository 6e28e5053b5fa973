"""Every page for everybody: axe-core finds nothing serious on it, the keyboard reaches everything, what has the focus is seen.

axe comes with axe-playwright-python, which is kept up with new versions of it and installs with the other packages of the tests.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect
from test_app import start_slowly, until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
import _tiny
from _own_pictures import png, zip_of

from gan_core.config import RunConfig
from gan_core.runs import headless

Visitor = Callable[..., Any]
Rested = Callable[..., tuple[str, Any]]

SERIOUS = ("serious", "critical")
# What is Streamlit's own and no parameter, theme or style sheet changes: the rule, a part of the element that no other has, and why.
STREAMLITS: tuple[tuple[str, str], ...] = ()
OF_COLOUR = ("color-contrast", "link-in-text-block")
RUN_AXE = "options => axe.run(options).then((found) => found.violations)"
NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1440, "height": 900}


# The script has run, and nothing is pale because it is about to be drawn anew.
QUIET = """() => document.querySelector(".stApp").dataset.testScriptState === "notRunning" && !document.querySelector("[data-stale=true]")"""


def wrongs(page: Any, *, only: Sequence[str] = ()) -> list[str]:
    """What axe finds that is serious, an element each; by all of its rules, or by some."""
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(QUIET, polling=100)
    page.wait_for_timeout(300)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    rules = {"runOnly": {"type": "rule", "values": list(only)}} if only else {}
    found = page.evaluate(
        RUN_AXE, {"resultTypes": ["violations"], "preload": False, **rules}
    )  # it plays nothing: nothing to load before
    return [
        f"{page.url} {one['id']} {node['target']}: {node['failureSummary']} {node['html'][:300]}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
        if not any(one["id"] == rule and part in node["html"] for rule, part in STREAMLITS)
    ]


GROUND = """dark => {
    const [r, g, b] = getComputedStyle(document.querySelector(".stApp")).backgroundColor.match(/[0-9.]+/g).map(Number);
    const ours = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".gl[data-theme]")).filter(Boolean);
    return (r + g + b < 384) === dark && ours.every((e) => (e.dataset.theme === "dark") === dark);
}"""


def in_both(page: Any) -> list[str]:
    """The same in light and in dark, which differ by their colours: the theme that is there by all rules, the other by those of colour."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    found = []
    for scheme, rules in ((dark, ()), (not dark, OF_COLOUR)):
        page.emulate_media(color_scheme="dark" if scheme else "light", reduced_motion="reduce")
        page.wait_for_function(GROUND, arg=scheme, polling=100)  # it looks at everything
        found += wrongs(page, only=rules)
    return found


# To another page as the browser's own Back and Forward lead: Streamlit's scripts stay, and are not read and run again.
WALK = "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate', { state: {} })); }"


def settled(page: Any, path: str, shown: str) -> None:
    """Open `path`: within the app, if another page of it is there already."""
    before, there = urlsplit(page.url), urlsplit(path)
    if page.locator(".stApp").count() and before.path != there.path:
        page.evaluate(WALK, path)
        page.wait_for_timeout(100)
        page.wait_for_function(QUIET, polling=100)
    else:
        page.goto(path)
    page.locator(shown).first.wait_for()
    page.wait_for_timeout(700)


PLAIN = {  # no two after each other that differ in their query alone
    "/": "text=This machine",
    "/zoo": "text=Non-saturating",
    "/lab": ".gl-high",
    "/zoo?entry=penalty.r1": ".katex",
    "/compare": ".gl",
    "/zoo?view=timeline": ".main-svg",
    "/images": ".gl-grid-fake canvas",
    "/zoo?view=figures": "table",
    "/translate": ".gl-grid-fake canvas",
    "/learn": "text=Glossary",
    "/latent": "text=Latent Explorer",
    "/learn?lesson=collapse": "h2",
    "/runs": "h2",
    "/learn?glossary": "text=Glossary",
    "/comparison": "text=Choose two to eight runs above",
}


def test_axe_finds_nothing_serious_on_any_page(visitor: Visitor) -> None:
    page, found = visitor(), []
    for path, shown in PLAIN.items():
        settled(page, path, shown)
        found += in_both(page)
    page.set_viewport_size(NARROW)
    for path in ("/", "/lab", "/learn"):
        settled(page, path, PLAIN[path])
        found += wrongs(page)
    assert found == []


def test_nor_where_a_run_is_shown(visitor: Visitor, rested: Rested) -> None:
    points, state = rested("ring", "lab")
    pictures, other = rested("digits")
    found = []
    for run, lab, kept, drawn in (
        (points, "lab", state, ".gl-high"),
        (pictures, "images", other, ".gl-grid-fake canvas"),
    ):
        page = visitor(storage_state=kept)
        settled(page, f"/{lab}?run={run}", drawn)
        found += in_both(page)
        page.set_viewport_size(NARROW)
        found += wrongs(page)
        page.set_viewport_size(WIDE)
        for path, shown in ((f"/latent?run={run}", ".gx[data-drawn]"), (f"/runs?run={run}", "h3")):
            settled(page, path, shown)
            found += in_both(page)
    assert found == []


def made(folder: Path, config: RunConfig) -> str:
    """The id of a run that the command line has trained in this data folder, a few steps long."""
    session = headless.start(config, None, folder)
    headless.begin(session)
    headless.go(session, 3, None, lambda: None)
    headless.finish(session)
    return session.id


def test_nor_where_two_runs_are_compared_nor_where_one_translates(visitor: Visitor, app_folder: Path) -> None:
    points, pictures = (  # what differs in its seed alone would count as one
        [made(app_folder, make(instance_noise=noise)) for noise in (0.0, 0.1)]
        for make in (_tiny.points, _tiny.pictures)
    )
    translation = made(app_folder, _tiny.pairs())
    page, found = visitor(), []
    for path, shown in (
        (f"/comparison?runs={','.join(points)}", ".ga-frame img >> nth=1"),
        (f"/comparison?runs={','.join(pictures)}", ".ga-frame img >> nth=1"),
        (f"/compare?runs={','.join(points)}", ".gl:has(.gl-only-cell) >> nth=1"),
        (f"/translate?run={translation}", ".gh[data-drawn]"),
    ):
        settled(page, path, shown)
        found += in_both(page)
    page.set_viewport_size(NARROW)
    assert found + wrongs(page) == []


def test_nor_while_it_trains_nor_in_what_opens(visitor: Visitor, rested: Rested) -> None:
    page, found = visitor(), []
    settled(page, "/lab", ".gl-high")
    for name in ("Your own data", "Link", "Export"):
        page.get_by_role("button", name=name, exact=True).first.click()
        page.wait_for_timeout(700)
        found += wrongs(page)
        page.keyboard.press("Escape")
        page.wait_for_timeout(300)
    start_slowly(page)
    found += in_both(page)
    page.locator(".gl-button-more").click()
    found += wrongs(page)
    run, state = rested("digits")
    page = visitor(storage_state=state)
    settled(page, f"/images?run={run}", ".gl-grid-fake canvas")
    page.locator(".gl-grid-fake canvas").click(position={"x": 30, "y": 30})
    page.locator("dialog[open]").wait_for()
    assert found + in_both(page) == []


# ── the keyboard ─────────────────────────────────────────────────────────────────────────────────────────────────────────

FOCUSED = """() => {
    let e = document.activeElement;
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    if (!e || e === document.body || e.ganTabbed) return null;
    e.ganTabbed = true;
    const s = getComputedStyle(e), box = e.getBoundingClientRect();
    const own = Boolean(e.closest(".gl")) || e.matches("a, button, summary, [role=tab], [role=slider]");
    return { name: e.outerHTML.slice(0, 160), own, seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1,
        shown: box.width > 0 && box.height > 0 };
}"""
MISSED = """() => {
    const root = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).find((r) => r?.querySelector(".gl"));
    return [...root.querySelectorAll("button:enabled, select:enabled, input:enabled, a[href], [tabindex='0']")]
        .filter((e) => e.tabIndex >= 0 && e.type !== "file" && e.checkVisibility({ visibilityProperty: true }) && !e.ganTabbed).map((e) => e.outerHTML.slice(0, 160));
}"""


@pytest.mark.parametrize("path", ["lab", "latent"])
def test_the_keyboard_reaches_all_that_is_ours_and_shows_where_it_is(
    visitor: Visitor, rested: Rested, path: str
) -> None:
    run, state = rested("ring", "lab")
    page = visitor(storage_state=state)
    settled(page, f"/{path}?run={run}", ".gl-high" if path == "lab" else ".gx[data-drawn]")
    if path == "lab":
        page.locator('.gl[data-status="paused"]').wait_for()
    reached = []
    for _ in range(400):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:  # all the way round, and out: no trap
            break
        reached.append(found)
    assert 30 < len(reached) < 400
    assert [one["name"] for one in reached if one["own"] and not (one["seen"] and one["shown"])] == []
    assert page.evaluate(MISSED) == []


def test_the_focus_comes_back_when_what_had_it_goes(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor()
    page.goto("/images")
    opener = page.get_by_role("button", name="Your own pictures")
    for k, name in enumerate(("first", "second")):
        files = {f"mine/{i}.png": png(100 * k + i) for i in range(40)}
        opener.focus()
        page.keyboard.press("Enter")
        brought = page.get_by_role("dialog").locator("input[type=file]").first
        brought.set_input_files(zip_of(tmp_path / f"{name}.zip", files))
        page.get_by_role("button", name="Make the data set").click()
        page.get_by_role("button", name="Make another data set").click()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        until(page, lambda: opener.evaluate("e => e === document.activeElement"))
    page.keyboard.press("Enter")
    page.get_by_text("Your data sets", exact=True).click()
    for left in (1, 0):
        page.get_by_role("dialog").get_by_role("button", name="More").first.focus()
        page.keyboard.press("Enter")
        page.get_by_text("Delete it for good").click()
        delete = page.get_by_role("button", name="Delete", exact=True)
        expect(delete).to_be_enabled()
        delete.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_role("button", name="Use", exact=True)).to_have_count(left)
        until(page, lambda: page.evaluate("Boolean(document.activeElement.closest('[role=dialog]'))"))


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def label(page: Any, selector: str) -> str:
    return page.locator(selector).first.get_attribute("aria-label") or ""


def test_pictures_and_charts_say_what_they_show(visitor: Visitor, rested: Rested) -> None:
    run, state = rested("ring", "lab")
    page = visitor(storage_state=state)
    settled(page, f"/lab?run={run}", ".gl-high")
    until(page, lambda: "of 8 clusters" in label(page, ".gl-high"))
    step = page.locator(".gl").get_attribute("data-step")
    said = label(page, ".gl-high")
    assert f"Step {int(step or 0):,}: " in said
    figures = dict(zip(("real", "fake"), page.locator(".gl-outputs .gl-series b").all_inner_texts(), strict=True))
    if "%" not in figures["real"]:
        assert f"{figures['real']} on real points, {figures['fake']} on generated ones" in said
    assert f"On real points, mean {figures['real']}, from " in label(page, ".gl-outputs canvas")
    losses = page.locator(".gl-panel").first
    assert f"to {losses.locator('.gl-series b').first.inner_text()}, lowest" in label(page, ".gl-panel canvas")
    page.goto(f"/runs?run={run}")
    chart = page.locator(".stPlotlyChart [aria-label*=highest], .stPlotlyChart[aria-label*=highest]").first
    chart.wait_for(state="attached")


# ── on a projector ───────────────────────────────────────────────────────────────────────────────────────────────────────

CUT = """() => {
    const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
    const texts = roots.flatMap((root) => [...root.querySelectorAll("button, h1, h2, h3, p, span, b, label, figcaption")]);
    return texts.filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).filter((e) => {
        const s = getComputedStyle(e), hides = (v) => v === "hidden" || v === "clip";
        const box = e.getBoundingClientRect();
        if (box.width < 2 || e.closest("[data-testid=stSidebar], [data-testid=stHeader]")) return false;
        return (hides(s.overflowX) && e.scrollWidth > e.clientWidth + 1) || (hides(s.overflowY) && e.scrollHeight > e.clientHeight + 1) || (box.right > innerWidth + 1 && !e.closest(".gx-tabs")); // those scroll
    }).map((e) => e.outerHTML.slice(0, 200));
}"""
SIZE = "e => parseFloat(getComputedStyle(e).fontSize)"


def test_a_projector_shows_all_larger_and_nothing_is_cut(visitor: Visitor, rested: Rested) -> None:
    run, state = rested("ring", "lab")
    page = visitor(storage_state=state)
    settled(page, f"/lab?run={run}", ".gl-high")
    until(page, lambda: page.locator(".gl-panel canvas").count() > 2)
    before = page.locator(".gl-panel h3").first.evaluate(SIZE)
    height = page.locator(".gl-panel canvas").first.bounding_box()["height"]
    page.get_by_text("Projector mode", exact=True).click()
    page.wait_for_url("**projector=1*")
    until(
        page, lambda: page.locator(".gl-panel canvas").first.bounding_box()["height"] > 1.3 * height
    )  # and with it lines and points
    assert page.locator(".gl-panel h3").first.evaluate(SIZE) == pytest.approx(1.35 * before, rel=0.01)
    page.get_by_test_id("stExpandSidebarButton").click()  # folded, for the room
    page.get_by_test_id("stSidebarNavLink").nth(6).click()
    page.wait_for_url("**/learn?*projector=1*")  # kept, as the language is
    for scheme, width, height in (("light", 1280, 720), ("dark", 1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        for path, shown in (
            (f"/lab?run={run}", ".gl-high"),
            (f"/latent?run={run}", ".gx[data-drawn]"),
            ("/learn", "h3"),
            ("/", "h2"),
        ):
            settled(page, f"{path}{'&' if '?' in path else '?'}projector=1", shown)
            until(page, lambda: page.evaluate(CUT) == [], 10)
            assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth")
            assert wrongs(page) == []

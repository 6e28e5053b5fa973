"""The whole app as its users meet it: the command's own server, a real Chromium, nothing faked."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Watcher, pause

from gan_core import config as settings
from gan_core import presets, serial
from pages._ui.i18n import languages

HOSTILE = "<img src=x onerror=alert(1)>"
PAGES = {"/": "GAN Playground", "/lab": "2-D Lab", "/images": "Image Lab", "/translate": "Translate"}
SCREENSHOTS = os.environ.get("GAN_PLAYGROUND_SCREENSHOTS")

Visitor = Callable[..., Any]


def until(page: Any, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that only Python sees, with the page alive meanwhile."""
    deadline, rest = time.monotonic() + seconds, 30.0
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        page.wait_for_timeout(rest)
        rest = min(1.2 * rest, 150)  # what takes long is not hurried by being asked


def data(page: Any, name: str) -> str:
    return page.locator(".gl").get_attribute(f"data-{name}") or ""


def number(page: Any, name: str) -> int:
    return int(data(page, name) or 0)


def pixels(page: Any, selector: str) -> str:
    return page.locator(selector).evaluate("canvas => canvas.toDataURL()")


def shown(page: Any, path: str) -> None:
    """Open `path` and wait for its title."""
    page.goto(path)
    page.get_by_role("heading", name=PAGES[path.partition("?")[0]], exact=True).wait_for()


def start(page: Any, preset: str = "ring") -> None:
    """From Home, with one button, to a run that is seen to train."""
    shown(page, "/")
    page.locator(f".st-key-start-{preset} button").click()
    page.wait_for_url("**run=*")
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "step") > 0)


def press(page: Any, name: str, status: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    until(page, lambda: data(page, "status") == status)


SLOWLY = settings.replace(presets.load("moons"), {"speed": 60, "horizon": 0})


def start_slowly(page: Any) -> None:
    """To a run that is seen to train and leaves the processor to the browser: for tests of anything but how fast it trains."""
    page.goto(f"/lab?c={serial.to_link(SLOWLY)}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "step") > 0)


@pytest.fixture(scope="module")
def begun(browser: Any, app_server: str) -> Iterator[tuple[Any, str, Watcher]]:
    """A page with a run under way, its address, and what goes wrong in it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=app_server)
    context.set_default_timeout(60_000)
    watcher, page = Watcher(context), context.new_page()
    start_slowly(page)
    yield page, page.url, watcher
    context.close()


@pytest.fixture
def training(begun: tuple[Any, str, Watcher]) -> Iterator[Any]:
    """A page with a run that trains: one run for all tests that do not mind what others did with it. It rests between them."""
    page, address, watcher = begun
    if page.url != address:
        page.goto(address)
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "frames") > 0)
    if data(page, "status") in ("paused", "stopped"):
        press(page, "Resume", "running")
    step = number(page, "step")
    until(page, lambda: number(page, "step") > step)
    yield page
    pause(page)
    until(page, lambda: page.locator(".gl").count() == 0 or data(page, "status") != "running")
    assert watcher.unexpected() == []


def token_of(page: Any, path: str) -> str:
    """Open `path` and listen for the token with which its live view introduces itself."""
    sent: list[str] = []

    def heard(payload: object) -> None:
        if isinstance(payload, str) and '"token"' in payload:
            sent.append(json.loads(payload)["token"])

    page.on("websocket", lambda ws: ws.on("framesent", heard))
    page.goto(path)
    until(page, lambda: bool(sent))
    return sent[0]


def test_a_deep_link_on_a_fresh_server_shows_the_right_navigation(visitor: Visitor) -> None:
    """Must stay the first test that asks the server for anything: Streamlit's old page discovery shows only then."""
    page = visitor()
    shown(page, "/lab")
    links = page.get_by_test_id("stSidebarNavLink")
    titles = [text.splitlines()[-1] for text in links.all_inner_texts()]  # an icon may come first
    assert titles == [
        "Home",
        "2-D Lab",
        "Side by side",
        "Image Lab",
        "Translate",
        "Latent Explorer",
        "Learn",
        "Zoo of GANs",
        "Runs",
        "Compare",
    ]
    assert links.nth(1).get_attribute("href").endswith("/lab")
    until(page, lambda: page.title() == "2-D Lab · GAN Playground")
    links.first.click()
    until(page, lambda: page.title() == "GAN Playground")


def test_start_on_ring_and_the_points_move(visitor: Visitor) -> None:
    page = visitor()
    start(page)
    until(page, lambda: number(page, "frames") >= 2)
    step, frames, picture = number(page, "step"), number(page, "frames"), pixels(page, ".gl-high")
    until(page, lambda: number(page, "frames") - frames >= 10)
    assert number(page, "step") > step
    assert pixels(page, ".gl-high") != picture


def test_a_live_change_leaves_its_mark(training: Any) -> None:
    page, marks = training, number(training, "marks")
    field = page.get_by_role("spinbutton", name="Batch size (samples)")
    field.fill("96")
    field.press("Enter")
    until(page, lambda: number(page, "marks") == marks + 1)
    assert data(page, "status") == "running"
    page.get_by_text("Changes during this run").click()
    cells = page.get_by_test_id("stDataFrame").locator("td")
    cells.filter(has_text="Batch size").first.wait_for(state="attached")
    assert [text for text in cells.all_inner_texts() if text][1:4] == ["Batch size", str(SLOWLY.batch_size), "96"]


def test_an_opened_group_stays_open(visitor: Visitor) -> None:
    """Although the settings no longer are a preset's, and a control above it goes away."""
    page = visitor()
    page.goto("/lab")
    page.get_by_text("More: Loss").click()
    inside = page.get_by_role("spinbutton", name="Penalty every (steps)")
    inside.fill("2")
    inside.press("Enter")
    page.get_by_text("Settings that no preset has").wait_for()
    assert inside.is_visible()
    page.get_by_role("combobox", name="Penalty", exact=False).last.click()
    page.get_by_role("option", name="None", exact=True).click()
    inside.wait_for(state="hidden")  # no gradient penalty: there is no interval, nor a weight above the group
    page.get_by_text("D steps per iteration").wait_for()
    assert page.get_by_text("D steps per iteration").is_visible()


def test_pause_step_resume_reset_stop(training: Any) -> None:
    page = training
    press(page, "Pause", "paused")
    resting = number(page, "step")
    page.wait_for_timeout(1500)
    assert number(page, "step") == resting
    page.get_by_role("button", name="One step", exact=True).click()
    until(page, lambda: number(page, "step") == resting + 1)
    press(page, "Resume", "running")
    until(page, lambda: number(page, "step") > resting + 5)
    press(page, "Stop", "stopped")
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    until(page, lambda: number(page, "step") == 0)
    press(page, "Resume", "running")
    until(page, lambda: number(page, "step") > 0)


def test_an_iteration_in_slow_motion_and_what_is_set_beside_the_picture(visitor: Visitor) -> None:
    page = visitor()
    start_slowly(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Slow motion").click()
    until(page, lambda: data(page, "status") == "paused")
    step, panel, drawn = number(page, "step"), page.locator(".gl-slow"), []
    tall = panel.bounding_box()["height"]
    for index in range(1, 13):
        page.get_by_role("button", name="Next phase").click()
        page.locator(f".gl-here:text-is('{index}')").wait_for()
        assert panel.bounding_box()["height"] == tall  # nothing below it moves
        assert number(page, "step") == (step if index < 12 else step + 1)
        drawn.append(pixels(page, ".gl-high"))
    assert drawn[0] != drawn[1]  # the generated points of the batch come in
    assert drawn[8] != drawn[9]  # and then the arrows on them
    page.get_by_role("button", name="Next phase").click()
    page.locator(".gl-here:text-is('1')").wait_for()
    page.get_by_role("button", name=re.compile("Close slow motion")).click()
    until(page, lambda: data(page, "phase") == "" and number(page, "step") == step + 2)  # what was begun is finished
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="D step").click()
    until(page, lambda: number(page, "step") == step + 3)
    page.locator(".gl-speed select").select_option("5 steps/s")
    press(page, "Resume", "running")
    begin = number(page, "step")
    page.wait_for_timeout(2000)
    assert 1 <= number(page, "step") - begin <= 20
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="New seed").click()
    page.get_by_role("dialog").get_by_role("button", name="New seed").click()
    seed = page.get_by_role("spinbutton", name="Seed")
    until(page, lambda: seed.input_value() == "1")  # the controls beside it follow
    assert page.get_by_text("A new run is needed").count() == 0


def test_a_reload_keeps_the_run_and_its_settings(training: Any) -> None:
    page = training
    address, step = page.url, number(page, "step")
    page.reload()
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "step") > step)
    assert page.url == address
    assert page.get_by_role("button", name="Pause", exact=True).is_enabled()
    chosen = page.get_by_role("combobox", name="Data set")
    until(page, lambda: chosen.input_value() == "Two moons")


def test_back_leads_to_the_run_that_was_shown(training: Any) -> None:
    page = training
    run = re.search(r"run=([\w-]+)", page.url)
    assert run is not None
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="With other runs").click()
    until(page, lambda: "/comparison" in page.url and f"runs={run[1]}" in page.url)
    page.get_by_role("heading", level=1, name="Compare").or_(
        page.get_by_role("heading", level=2, name="Compare")
    ).first.wait_for()
    page.go_back()
    until(page, lambda: "/lab" in page.url)
    assert re.search(rf"[?&]run={run[1]}", page.url)
    until(page, lambda: data(page, "status") == "running")


def test_another_browser_watches_and_cannot_control(training: Any, visitor: Visitor) -> None:
    owner, guest = training, visitor()
    token = token_of(guest, owner.url)
    until(guest, lambda: number(guest, "frames") >= 3)
    assert guest.locator(".gl-tools").is_hidden()
    assert guest.locator(".gl-chip-watching").is_visible()
    refused = guest.evaluate(
        """token => new Promise((resolve) => {
            const socket = new WebSocket(location.origin.replace("http", "ws") + "/api/live");
            socket.onopen = () => { socket.send(JSON.stringify({ token })); socket.send(JSON.stringify({ do: "stop" })); };
            socket.onmessage = (event) => {
                const message = typeof event.data === "string" ? JSON.parse(event.data) : {};
                if (message.error) { socket.close(); resolve(message.error); }
            };
        })""",
        token,
    )
    assert refused == {"code": "forbidden", "message": "Only the browser that started this run can control it."}
    step = number(owner, "step")
    until(owner, lambda: number(owner, "step") > step)
    assert data(owner, "status") == "running"


def test_another_tab_of_the_same_browser_controls(training: Any) -> None:
    first = training
    second = first.context.new_page()
    second.goto(first.url)
    until(second, lambda: second.locator(".gl").count() > 0 and number(second, "frames") >= 1)
    press(second, "Pause", "paused")
    until(first, lambda: data(first, "status") == "paused")
    second.close()


def test_a_killed_browser_leaves_the_run_going(visitor: Visitor) -> None:
    page = visitor()
    start_slowly(page)
    address, step, cookies = page.url, number(page, "step"), page.context.cookies()
    page.context.close()
    again = visitor()
    again.context.add_cookies(cookies)
    again.goto(address)
    until(again, lambda: again.locator(".gl").count() > 0 and number(again, "step") > step)
    assert data(again, "status") == "running"
    assert again.get_by_role("button", name="Pause", exact=True).is_enabled()


def test_the_digits_change(visitor: Visitor) -> None:
    page = visitor()
    start(page, "digits")
    until(page, lambda: number(page, "frames") >= 1)
    real, fake = pixels(page, ".gl-grid-real canvas"), pixels(page, ".gl-grid-fake canvas")
    until(page, lambda: pixels(page, ".gl-grid-fake canvas") != fake)
    assert pixels(page, ".gl-grid-real canvas") == real


def test_a_fixed_setting_asks_for_a_new_run_without_moving_the_picture(visitor: Visitor) -> None:
    page = visitor()
    start_slowly(page)
    before = page.locator(".gl").bounding_box()
    field = page.get_by_role("textbox", name="Hidden layers").first
    field.fill("32,32")
    field.press("Enter")
    page.get_by_text("A new run is needed for: Generator: Hidden layers").wait_for()
    assert page.locator(".gl").bounding_box() == before
    old = page.url
    page.get_by_role("button", name="Start a new run").click()
    until(page, lambda: page.url != old and number(page, "step") > 0)


@pytest.mark.parametrize("path", ["/lab", "/images"])
def test_markup_in_a_text_field_stays_text(visitor: Visitor, path: str) -> None:
    page = visitor()
    shown(page, path)
    if path == "/images":
        page.get_by_text("More: Generator").click()
        _choose(page, "Network", "Fully connected (MLP)")
    field = page.get_by_role("textbox", name="Hidden layers").first
    field.fill(HOSTILE)
    field.press("Enter")
    alert = page.get_by_test_id("stAlert").filter(has_text="cannot be")
    alert.wait_for()
    assert HOSTILE in alert.inner_text()
    assert page.locator("img[src=x]").count() == 0


def _choose(page: Any, label: str, option: str) -> None:
    """Choose in a select; it closes again when something scrolls, so that one click may not be enough."""
    box, offered = page.get_by_role("combobox", name=re.compile(label)).first, page.get_by_role("option", name=option)
    box.scroll_into_view_if_needed()
    for _attempt in range(5):
        box.click()
        deadline = time.monotonic() + 3
        while not offered.is_visible() and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        if offered.is_visible():
            break
    offered.click()


def test_markup_in_an_address_stays_text(visitor: Visitor) -> None:
    page = visitor()
    for query in (
        f"run={HOSTILE}",
        f"preset={HOSTILE}",
        f"lang={HOSTILE}",
        f"c=1;seed={HOSTILE};{HOSTILE}=1;batch_size=64",
    ):
        shown(page, f"/lab?{query}")
        page.locator(".gl-high").wait_for()
        assert page.locator("img[src=x]").count() == 0
    warnings = page.get_by_test_id("stAlert")
    until(page, lambda: warnings.count() == 2)
    assert all("<img" in text for text in warnings.all_inner_texts())
    until(page, lambda: page.get_by_role("spinbutton", name="Batch size (samples)").input_value() == "64")


@pytest.mark.parametrize("path", PAGES)
def test_a_telephone_shows_everything(visitor: Visitor, path: str) -> None:
    page = visitor(390, 844)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shown(page, path)
        if path != "/":
            until(page, lambda: page.locator(".gl").count() > 0 and number(page, "frames") > 0)
            assert data(page, "theme") == scheme
        wide = page.evaluate("""() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
            .map((e) => e.scrollWidth - e.clientWidth)""")
        assert wide == [0, 0]
        ground = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) > 384) == (scheme == "light")


def test_the_whole_picture_fits_a_laptop(training: Any) -> None:
    page = training
    box = page.locator(".gl-foot").bounding_box()
    assert box["y"] + box["height"] <= 900
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") == 0  # nothing out of sight makes the page wider
    shown(page, "/")
    pictures = page.locator("[class*=st-key-presets-] img")
    until(
        page,
        lambda: pictures.evaluate_all("all => all.length > 12 && all.every((i) => i.complete && i.naturalWidth > 100)"),
    )
    answers = {name: page.request.get(f"/api/pictures/{name}.webp") for name in ("ring", "nobody", "..%2Flive")}
    assert [answer.status < 300 for answer in answers.values()] == [True, False, False]
    assert answers["ring"].headers["content-type"] == "image/webp"
    cards, starts = (
        page.locator("[class*=st-key-presets-] > * > *"),
        page.get_by_role("button", name="Start", exact=True),
    )
    heights = "cards => new Set(cards.slice(0, 3).map((e) => e.offsetHeight)).size"
    tops = "buttons => new Set(buttons.slice(0, 3).map((e) => e.getBoundingClientRect().top)).size"
    until(page, lambda: cards.count() == starts.count() > 3)
    until(page, lambda: cards.evaluate_all(heights) == starts.evaluate_all(tops) == 1)


if "zh_CN" in languages():  # nothing to switch to, and so nothing to test, before there is a second language

    def test_the_language_can_be_switched_and_stays(visitor: Visitor) -> None:
        page = visitor()
        shown(page, "/lab")
        _choose(page, "Language", languages()["zh_CN"])
        until(page, lambda: "lang=zh_CN" in page.url)
        until(page, lambda: page.get_by_role("heading", level=2).first.inner_text() != "2-D Lab")
        page.get_by_role("button", name="链接").click()
        page.get_by_test_id("stPopoverBody").locator("summary").click()
        page.get_by_test_id("stMultiSelect").locator("input").first.click()
        said = "e => getComputedStyle(e.firstElementChild, '::after').content"  # Streamlit's own words are English
        assert page.locator("[role=option][data-key=__select_all__]").evaluate(said) == '"全选"'
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.get_by_test_id("stSidebarNavLink").first.click()
        until(page, lambda: page.get_by_role("button", name="Start", exact=True).count() == 0)


if SCREENSHOTS:  # a folder for the pictures of the README

    @pytest.mark.timeout(900)
    def test_screenshots_for_the_readme(visitor: Visitor) -> None:
        folder = Path(SCREENSHOTS or ".")
        folder.mkdir(parents=True, exist_ok=True)
        page = visitor()
        for preset, name in (("ring", "lab"), ("digits", "images")):
            start(page, preset)
            until(page, lambda: int(page.locator(".gl-progress").get_attribute("aria-valuenow") or 0) >= 97, 400)
            page.mouse.move(5, 5)
            page.screenshot(path=folder / f"{name}.png")
        shown(page, "/")
        page.get_by_text("Finished").or_(page.get_by_text("Training")).first.wait_for()
        page.screenshot(path=folder / "home.png")

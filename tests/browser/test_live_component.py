"""The live view in a real Chromium, against a server that does what each test tells it to."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_harness import FakeServer, digits_frame, points_frame, start

from pages._ui import live
from pages._ui.i18n import translator
from pages._ui.live import SCRIPT, live_data
from pages._ui.live_words import live_labels

ROOT = "document.getElementById('host').shadowRoot.querySelector('.gl')"
HOSTILE = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script><b>bold</b>"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    runner = start(fake)
    yield fake
    runner.should_exit = True


@pytest.fixture
def page(stage: Any, server: FakeServer) -> Iterator[Any]:
    tab = stage.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(server.address)
    tab.wait_for_function("window.ready")
    yield tab
    problems += tab.evaluate("window.errors")
    tab.close()
    assert problems == []


def mount(page: Any, *, token: str | None = "r1:a", run: str | None = "r1", kind: str = "points", control: bool = True,
          frame: bytes | None = None, translate: Callable[[str], str] = str) -> None:  # fmt: skip
    page.evaluate("data => window.mount(data)", live_data(run_id=run, token=token, frame=frame, labels=live_labels(translate, "en" if translate is str else "zh-CN"),
                                                          kind=kind, can_control=control))  # fmt: skip


def data(page: Any, name: str) -> str:
    return page.evaluate(f"{ROOT}.dataset.{name} || ''")


def frames(page: Any, at_least: int, timeout: float = 60_000) -> None:
    page.wait_for_function(f"n => +({ROOT}.dataset.frames || 0) >= n", arg=at_least, timeout=timeout)


def until(page: Any, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that the server sees."""
    for _ in range(int(seconds * 20)):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


def pixels(page: Any, selector: str) -> str:
    return page.evaluate(f"s => {ROOT}.querySelector(s).toDataURL()", selector)


def hide(page: Any, hidden: bool) -> None:
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )


def hold(server: FakeServer, page: Any) -> None:
    """Stop the stream, so that the picture changes only by what the test does."""
    server.interval = 60
    page.wait_for_timeout(400)


@pytest.mark.parametrize(
    ("marks", "written"),
    [
        ([0.0, 0.5, 1.0], ["0", "0.5", "1"]),
        ([2001.0, 2002.0, 2003.0], ["2,001", "2,002", "2,003"]),
        ([-0.0104, -0.010395, -0.01039], ["−0.0104", "−0.010395", "−0.01039"]),
        ([1e-5, 2e-5], ["1E−5", "2E−5"]),
        ([-1e-17, 1.0], ["0", "1"]),
    ],
)
def test_marks_of_an_axis_can_be_told_apart(page: Any, marks: list[float], written: list[str]) -> None:
    script = (Path(live.__file__).parent / "live" / "dom.js").read_text(encoding="utf-8")
    ask = "([script, marks]) => { const words = new (new Function(script + '; return Words')())({ lang: 'en' });"
    assert page.evaluate(f"{ask} return marks.map((mark) => words.tick(mark, marks)); }}", [script, marks]) == written


def test_every_word_of_the_script_is_listed() -> None:
    used = set(re.findall(r'words\.get\(\s*"([\w.]+)"', SCRIPT))
    assert used
    assert used <= set(live_labels(str))


def test_frames_are_drawn_and_acknowledged_one_at_a_time(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 10)
    assert server.heard[0] == {"token": "r1:a", "lang": "en"}
    assert server.most_unacked == 1
    acks = server.heard_of("ack")
    assert acks == sorted(set(acks))
    assert data(page, "connected") == "true"
    assert data(page, "status") == "running"
    assert int(data(page, "step")) > 600
    assert page.locator(".gl-stat-rate b").inner_text() == "812"


@pytest.mark.parametrize(("header", "label", "tip"), [
    ({"engine": "eager"}, "eager", "one small operation"),
    ({"engine": "compiling"}, "compiling", "changes over"),
    ({"engine": "compiled"}, "compiled", "one program"),
    ({"engine": "eager", "engine_reason": "No compiler <b>here</b>"}, "eager", "No compiler <b>here</b>"),
])  # fmt: skip
def test_what_takes_the_steps_is_said_beside_the_rate(
    page: Any, server: FakeServer, header: dict[str, str], label: str, tip: str
) -> None:
    server.more = header
    mount(page)
    frames(page, 1)
    engine = page.locator(".gl-stat-rate .gl-engine")
    assert engine.inner_text() == label
    engine.hover()
    page.locator(".gl-tip", has_text=tip).wait_for()


def test_pictures_stay_until_a_run_has_its_own(page: Any, server: FakeServer) -> None:
    server.kind, server.more = "images", {"bare": True, "status": "preparing"}
    mount(page, kind="images", frame=digits_frame("r1", 0, status="preview"))
    frames(page, 3)  # none of them has pictures: an error would fail the test
    server.more = {}
    until(page, lambda: data(page, "status") == "running")


def test_what_is_pressed_hides_its_tip(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 1)
    pause = page.locator(".gl-button[data-do=pause]")
    pause.hover()
    page.locator(".gl-tip").wait_for(state="visible")
    pause.click()
    # "Play" comes where "Pause" was: under a pointer that rests it says nothing, either.
    page.locator(".gl-button[data-do=resume]").wait_for()
    page.wait_for_timeout(300)
    assert page.locator(".gl-tip").is_hidden()
    page.mouse.move(2, 2)
    page.locator(".gl-button[data-do=resume]").hover()
    page.locator(".gl-tip").wait_for(state="visible")


def test_nothing_is_drawn_while_hidden(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 3)
    hide(page, True)
    until(page, lambda: server.heard_of("visible") == [False])
    page.wait_for_timeout(300)
    count = server.sent
    page.wait_for_timeout(700)
    assert server.sent == count
    assert server.unacked == 0  # the server is not kept waiting either
    hide(page, False)
    until(page, lambda: server.sent > count + 2)
    assert server.heard_of("visible") == [False, True]


def test_a_lost_connection_comes_back_with_the_picture_kept(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 3)
    server.kick = True
    page.locator(".gl-chip-link", has_text="Reconnecting").wait_for()
    seen = int(data(page, "frames"))
    assert page.locator(".gl-button-pause").is_disabled()
    frames(page, seen + 3)
    assert server.connections == 2
    assert page.locator(".gl-chip-link").is_hidden()


def test_a_rerun_keeps_the_socket_and_another_run_opens_one(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 3)
    mount(page, token="r1:b")
    frames(page, int(data(page, "frames")) + 2)
    assert server.connections == 1
    server.kick = True
    until(page, lambda: server.heard_of("token") == ["r1:a", "r1:b"])  # comes back with the newest token
    mount(page, token="r2:a", run="r2")
    until(page, lambda: server.heard_of("token")[-1] == "r2:a")
    assert server.connections == 3


def test_an_expired_token_is_renewed_once(page: Any, server: FakeServer) -> None:
    server.good_tokens = {"r1:new"}
    mount(page)
    page.wait_for_function("window.triggers.length === 1")
    page.wait_for_timeout(800)
    name, value = page.evaluate("window.triggers[0]")
    assert (name, value["run"]) == ("renew", "r1")
    assert page.evaluate("window.triggers.length") == 1
    mount(page, token="r1:new")
    frames(page, 3)


def test_renewing_does_not_loop(page: Any, server: FakeServer) -> None:
    server.refuse = 4401
    mount(page)
    for turn in range(6):
        page.wait_for_timeout(200)
        mount(page, token=f"r1:{turn}")
    page.locator(".gl-note-bad", has_text="expired").wait_for()
    assert page.evaluate("window.triggers.length") <= 3


@pytest.mark.parametrize(("code", "words"), [(4404, "no longer on the server"), (4403, "does not let this page")])
def test_a_final_refusal_is_said_once_and_not_retried(page: Any, server: FakeServer, code: int, words: str) -> None:
    server.refuse = code
    mount(page)
    page.locator(".gl-note-bad", has_text=words).wait_for()
    page.wait_for_timeout(1200)
    assert server.connections == 1


def test_buttons_send_commands_and_follow_the_status(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 2)
    step = page.locator(".gl-button-step")
    assert step.is_disabled()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    assert page.locator(".gl-chip", has_text="Paused").is_visible()
    step.click()
    page.get_by_role("button", name="Stop").click()
    page.locator(".gl-chip", has_text="Stopped").wait_for()
    page.locator(".gl-button-reset").click()
    question = page.get_by_role("dialog", name="Reset")
    assert re.search(
        r"Back to step 0\. The present state at step [\d,]+, its curves and its history go", question.inner_text()
    )
    question.get_by_role("button", name="Cancel").click()
    question.wait_for(state="hidden")
    page.locator(".gl-button-reset").click()
    question.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").wait_for()
    until(page, lambda: server.heard_of("do") == ["pause", "step", "stop", "reset", "resume"])


def test_the_menu_and_the_speed(page: Any, server: FakeServer) -> None:
    server.more = {"status": "paused", "speed": 20}
    mount(page)
    frames(page, 2)
    speed = page.get_by_label("Speed")
    assert speed.input_value() == "20"
    assert speed.locator("option").nth(1).inner_text() == "1 step/s"
    speed.select_option("5 steps/s")
    until(page, lambda: {"do": "speed", "value": 5} in server.heard)
    more = page.locator(".gl-button-more")
    assert more.get_attribute("data-tip") == "D step, G step, Slow motion, New seed"
    more.focus()
    page.keyboard.press("Enter")  # the keyboard alone reaches everything
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, lambda: server.heard_of("do")[-1] == "step_g")
    assert page.locator(".gl-more .gl-menu").is_hidden()
    more.click()
    page.keyboard.press("Escape")
    page.locator(".gl-more .gl-menu").wait_for(state="hidden")
    more.click()
    page.get_by_role("menuitem", name="New seed").click()
    page.get_by_role("dialog").get_by_role("button", name="New seed").click()
    until(page, lambda: server.heard_of("do") == ["speed", "step_g", "reset_seed"])
    server.more = {"status": "running", "speed": 3}  # not one of those on offer
    page.wait_for_function(f"{ROOT}.querySelector('.gl-speed select').value === '3'")
    more.click()
    assert page.get_by_role("menuitem", name="D step").is_disabled()  # it trains
    assert page.get_by_role("menuitem", name="Slow motion").is_enabled()


def test_the_pace_of_slow_motion_can_be_read_on_a_telephone(page: Any, server: FakeServer) -> None:
    server.more = {"status": "paused"}
    page.set_viewport_size({"width": 390, "height": 844})
    mount(page, translate=translator("zh_CN").gettext)
    frames(page, 1)
    page.locator(".gl-button-more").click()
    page.locator(".gl-menu-item[data-do=slow]").click()
    room = page.locator(".gl-slow-tools select").evaluate("""select => {
        const style = getComputedStyle(select), pen = document.createElement('canvas').getContext('2d');
        pen.font = style.font;
        return select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - pen.measureText(select.selectedOptions[0].text).width;
    }""")
    assert room >= 18  # for its arrow


def test_a_watcher_sees_the_phases_and_cannot_step(page: Any, server: FakeServer) -> None:
    server.capability = "view"
    server.more = {"status": "paused", "phase": {
        "code": "d.loss", "index": 4, "count": 12, "players": "both", "formula": HOSTILE, "layers": [],
        "repeat": {"round": 2, "rounds": 3, "part": 1, "parts": 1}, "values": {"loss": None, "total": 0.5}}}  # fmt: skip
    mount(page)
    page.get_by_text("4 · The discriminator's loss").wait_for()
    assert page.get_by_text("round 2 of 3").is_visible()
    assert page.locator(".gl-slow .gl-formula").inner_text() == HOSTILE
    assert page.locator(".gl-slow-tools").is_hidden()
    server.more = {"status": "running"}
    page.locator(".gl-slow").wait_for(state="hidden")


def test_a_watcher_has_no_buttons(page: Any, server: FakeServer) -> None:
    server.capability = "view"
    mount(page, control=True)
    frames(page, 2)
    assert page.locator(".gl-tools").is_hidden()
    assert page.locator(".gl-speed").is_hidden()
    assert page.locator(".gl-chip-watching").is_visible()


def test_a_hostile_message_stays_text(page: Any, server: FakeServer) -> None:
    server.more = {"message": HOSTILE, "marks": [{"step": 100, "text": HOSTILE}],
                   "curves": [{"name": HOSTILE, "panel": HOSTILE, "role": "d"}]}  # fmt: skip
    mount(page)
    frames(page, 3)
    assert page.locator(".gl-note").inner_text() == HOSTILE
    assert page.evaluate(f"{ROOT}.querySelectorAll('img, script, .gl-note b').length") == 0
    assert page.evaluate("window.pwned") is None


def test_layers_and_weights_change_the_picture(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 2)
    hold(server, page)
    low, high = pixels(page, ".gl-low"), pixels(page, ".gl-high")
    page.get_by_role("button", name="Critic's field").click()
    without_field = pixels(page, ".gl-low")
    page.get_by_role("button", name="Real", exact=True).click()
    without_real = pixels(page, ".gl-low")
    assert len({low, without_field, without_real}) == 3
    page.get_by_role("button", name="Live").click()
    live = pixels(page, ".gl-high")
    page.get_by_role("button", name="Generated").click()
    assert len({high, live, pixels(page, ".gl-high")}) == 3
    assert page.locator(".gl-toggle-fake").get_attribute("aria-pressed") == "false"


def test_the_picture_zooms_moves_and_reads_a_place(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 2)
    hold(server, page)
    box = page.locator(".gl-high").bounding_box()
    before = pixels(page, ".gl-low")
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.move(middle[0] + 3, middle[1] + 3)
    assert re.search(r"x .+, y .+D says: \d+% real", page.locator(".gl-readout").inner_text())
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(100)
    zoomed = pixels(page, ".gl-low")
    page.mouse.down()
    page.mouse.move(middle[0] + 80, middle[1] + 60)
    page.mouse.up()
    moved = pixels(page, ".gl-low")
    assert len({before, zoomed, moved}) == 3
    page.locator(".gl-mini-whole").click()
    assert pixels(page, ".gl-low") == before


def test_scrolling_past_the_picture_does_not_zoom(page: Any, server: FakeServer) -> None:
    page.set_viewport_size({"width": 1440, "height": 500})
    mount(page)
    frames(page, 2)
    page.mouse.move(300, 400)
    page.mouse.wheel(0, 120)
    page.wait_for_timeout(200)
    assert page.evaluate("scrollY") > 0


def test_curves_keep_their_zoom_over_frames_and_reruns(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 3)
    box = page.locator(".gl-chart canvas").first.bounding_box()
    y = box["y"] + 60
    page.mouse.move(box["x"] + 200, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, y, steps=3)
    page.mouse.up()
    where = page.locator(".gl-where").inner_text()
    assert where.startswith("Steps ")
    frames(page, int(data(page, "frames")) + 5)
    mount(page, token="r1:b")
    frames(page, int(data(page, "frames")) + 2)
    assert page.locator(".gl-where").inner_text() == where
    page.mouse.dblclick(box["x"] + 250, y)
    assert not page.locator(".gl-where").inner_text().startswith("Steps ")


def test_curves_are_read_at_the_pointer(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 3)
    hold(server, page)
    newest = page.locator(".gl-panels .gl-series b").all_inner_texts()
    box = page.locator(".gl-chart canvas").first.bounding_box()
    page.mouse.move(box["x"] + 80, box["y"] + 50)
    page.wait_for_timeout(200)
    then = page.locator(".gl-panels .gl-series b").all_inner_texts()
    assert all(a != b for a, b in zip(newest, then, strict=True))
    page.mouse.move(5, 5)
    page.wait_for_timeout(200)
    assert page.locator(".gl-panels .gl-series b").all_inner_texts() == newest


def test_messages_and_marks_of_a_session_are_put_into_words(page: Any, server: FakeServer) -> None:
    server.more = {
        "step": 1000,
        "status": "failed",
        "message": {"template": "Stopped near step {step} ({error})", "params": {"step": 12345, "error": "<b>x</b>"}},
        "marks": [{"step": 500, "name": "loss", "old": "hinge", "new": "<i>wasserstein</i>"}],
    }
    mount(page)
    frames(page, 2)
    assert page.locator(".gl-note-bad").inner_text() == "Stopped near step 12,345 (<b>x</b>)"
    assert page.get_by_role("button", name="Resume").is_enabled()
    box = page.locator(".gl-chart canvas").first.bounding_box()
    page.mouse.move(box["x"] + 50 + (box["width"] - 62) / 2, box["y"] + 40)
    assert page.locator(".gl-tip").inner_text() == "Step 500: Loss: hinge → <i>wasserstein</i>"


def test_a_mark_says_what_was_changed(page: Any, server: FakeServer) -> None:
    server.more = {"step": 1000}
    mount(page)
    frames(page, 2)
    hold(server, page)
    box = page.locator(".gl-chart canvas").first.bounding_box()
    page.mouse.move(box["x"] + 50 + (box["width"] - 62) / 2, box["y"] + 40)
    assert page.locator(".gl-tip").inner_text() == "Step 500: learning rate 0.001 → 0.0005"


@pytest.mark.parametrize("step", [0, 1])
def test_the_first_step_has_no_curve_yet(page: Any, server: FakeServer, step: int) -> None:
    server.more = {"step": step, "curves": []} if step == 0 else {"step": step}
    mount(page)
    frames(page, 3)
    assert page.locator(".gl-panel").count() == (0 if step == 0 else 3)
    assert page.locator(".gl-stat-step").inner_text().split() == [str(step), "step" if step == 1 else "steps"]
    assert page.get_by_text("Curves appear after the first steps").count() >= 1 - step


@pytest.mark.parametrize("kind", ["points", "images"])
def test_before_the_first_look_there_is_nothing_to_draw(page: Any, server: FakeServer, kind: str) -> None:
    """A run that is being prepared has a status and no picture: that is shown, acknowledged, and gone with the next frame."""
    server.kind = kind
    server.more = {"bare": True, "status": "preparing"}
    mount(page, kind=kind)
    frames(page, 3)
    assert data(page, "status") == "preparing"
    canvas = ".gl-low" if kind == "points" else ".gl-grid-fake canvas"
    empty = pixels(page, canvas)
    server.more = {}
    until(page, lambda: pixels(page, canvas) != empty)
    drawn = int(data(page, "frames"))
    server.more = {"bare": True, "status": "preparing"}
    frames(page, drawn + 3)
    page.mouse.move(300, 300)  # and nothing trips over what is not there
    mount(page, kind=kind, run="r2", token="r2:a")
    frames(page, drawn + 6)
    assert data(page, "status") == "preparing"


def test_a_preview_needs_no_server(page: Any, server: FakeServer) -> None:
    mount(page, run=None, token=None, frame=points_frame("preview", 0, step=0, status="preparing", curves=[]))
    frames(page, 1)
    assert data(page, "status") == "preview"
    assert page.locator(".gl-chip", has_text="Untrained").is_visible()
    assert page.locator(".gl-tools").is_hidden()
    assert server.connections == 0
    mount(page)
    frames(page, 4)
    assert data(page, "status") == "running"


def test_a_damaged_frame_is_reported_and_the_next_one_drawn(page: Any) -> None:
    bad = live_data(
        run_id=None, token=None, frame=b"garbage!" * 9, labels=live_labels(str), kind="points", can_control=False
    )
    page.evaluate("data => window.mount(data)", bad)
    page.locator(".gl-note-bad", has_text="damaged").wait_for()
    bad["frame"] = base64.b64encode(points_frame("preview", 0)).decode()
    page.evaluate("data => window.mount(data)", bad)
    frames(page, 1)


def test_a_cell_is_enlarged_and_closed_again(page: Any, server: FakeServer) -> None:
    server.kind = "images"
    mount(page, kind="images")
    frames(page, 2)
    before = pixels(page, ".gl-grid-fake canvas")
    frames(page, int(data(page, "frames")) + 1)
    assert pixels(page, ".gl-grid-fake canvas") != before
    page.locator(".gl-grid-fake canvas").click(position={"x": 30, "y": 30})
    title = page.locator(".gl-dialog-bar span")
    assert title.inner_text() == "Generated · row 1, column 1"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert title.inner_text() == "Generated · row 2, column 2"
    page.keyboard.press("Escape")
    page.locator(".gl-dialog").wait_for(state="hidden")
    assert page.evaluate(f"{ROOT}.querySelector('.gl-grid-fake canvas').matches(':focus')")  # where it was before
    page.locator(".gl-grid-real canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert title.inner_text() == "Real · row 1, column 1"
    page.locator(".gl-close-picture canvas").click()
    assert page.locator(".gl-dialog").is_hidden()


def test_dark_and_back(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 2)
    hold(server, page)
    assert data(page, "theme") == "light"
    light = pixels(page, ".gl-low")
    page.evaluate("document.documentElement.classList.add('dark')")
    mount(page)
    assert data(page, "theme") == "dark"
    assert pixels(page, ".gl-low") != light
    page.evaluate("document.documentElement.classList.remove('dark')")
    mount(page)
    assert pixels(page, ".gl-low") == light


@pytest.mark.parametrize("kind", ["points", "images"])
def test_nothing_is_cut_off_on_a_telephone(page: Any, server: FakeServer, kind: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    server.kind = kind
    mount(page, kind=kind)
    frames(page, 2)
    page.locator(".gl-button-more").click()  # what it opens has to fit, too
    wide = page.evaluate(f"""[...{ROOT}.querySelectorAll('*')].filter((e) => {{ const b = e.getBoundingClientRect();
        return b.width && (b.right > innerWidth + 0.5 || b.left < -0.5) }}).map((e) => `${{e.parentElement.className}} > ${{e.tagName}} ${{e.className}}`)""")
    assert wide == []
    small = page.evaluate(f"""[...{ROOT}.querySelectorAll('.gl-tools button, .gl-toggle, .gl-choice')].filter((e) =>
        e.offsetParent && (e.offsetHeight < 40 || e.offsetWidth < 40)).map((e) => e.className)""")
    assert small == []


def test_frames_do_not_move_the_layout(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 2)
    places = f"[...{ROOT}.querySelectorAll('button, canvas, .gl-tile, .gl-panel')].map((e) => {{ const b = " \
             "e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height] })"  # fmt: skip
    before = page.evaluate(places)
    server.more = {"message": "Looking good", "rate": 9.5, "images": 99999999, "engine": "compiled"}
    frames(page, int(data(page, "frames")) + 4)
    assert page.evaluate(places) == before


def test_what_the_page_said_before_does_not_come_back(page: Any, server: FakeServer) -> None:
    """At the mount Streamlit was seen to call for the preview after it had called for the run."""
    said = [
        live_data(
            run_id=run, token=token, frame=None, labels=live_labels(str), kind="points", can_control=True, stamp=stamp
        )
        for run, token, stamp in ((None, None, 1), ("r1", "r1:a", 2))
    ]
    page.evaluate("data => window.mount(data)", said[1])
    page.evaluate("() => { window.old = window.cleanup; }")  # a bare function would be called at once
    page.evaluate("data => window.mount(data)", said[0])
    page.evaluate("window.old()")
    frames(page, 3)
    assert (data(page, "status"), data(page, "connected"), server.connections) == ("running", "true", 1)


def test_clean_up_closes_unless_a_newer_call_came(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 2)
    page.evaluate("() => { window.old = window.cleanup; }")  # a bare function would be called at once
    mount(page)
    page.evaluate("window.old()")
    page.wait_for_timeout(500)
    assert data(page, "connected") == "true"
    page.evaluate("window.cleanup()")
    page.wait_for_timeout(500)
    assert data(page, "connected") == "false"
    mount(page)
    until(page, lambda: server.connections == 2)


def test_a_frame_is_drawn_fast(page: Any, server: FakeServer) -> None:
    mount(page)
    frames(page, 8)
    assert page.evaluate("document.getElementById('host').shadowRoot.ganLive.picture.cost") < 40  # software drawing

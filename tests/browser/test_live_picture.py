"""The layers of the picture, what is read of a point, and the past, in a real Chromium against a server that the test commands."""

import json
import struct
from typing import Any

import live_harness
import numpy as np
import pytest
from live_harness import FakeServer, points_frame
from test_live_component import ROOT, data, frames, hold, mount, page, pixels, server, until

__all__ = ["page", "server"]  # fixtures

EXTRA = ["contours", "sheet", "arrows", "trails", "density"]


@pytest.fixture
def still(page: Any, server: FakeServer) -> Any:
    """A picture that stays as it is."""
    mount(page)
    frames(page, 3)
    hold(server, page)
    page.wait_for_timeout(300)
    return page


def both(page: Any) -> tuple[str, str]:
    return pixels(page, ".gl-low"), pixels(page, ".gl-high")


def press(page: Any, name: str) -> None:
    page.locator(f".gl-toggle[data-name={name}]").click()


def test_each_layer_is_drawn_and_taken_away(still: Any) -> None:
    before = both(still)
    for name in ("real", "fake", "field", *EXTRA):
        press(still, name)
        changed = both(still)
        assert changed != before, name
        press(still, name)
        assert both(still) == before, name


def test_arrows_show_the_loss_or_the_critic(still: Any) -> None:
    assert not still.locator(".gl-choice[data-name=slope]").is_visible()
    press(still, "arrows")
    loss = both(still)
    still.locator(".gl-choice[data-name=slope]").click()
    assert both(still) != loss
    still.locator(".gl-choice[data-name=pull]").click()
    assert both(still) == loss


def test_noise_flows_through_the_generator(still: Any) -> None:
    assert not still.locator(".gl-mini-play").is_visible()
    press(still, "sheet")
    there = both(still)
    still.locator(".gl-mini-play").click()
    still.wait_for_timeout(300)
    assert both(still) != there
    still.wait_for_function(f"end => {ROOT}.querySelector('.gl-high').toDataURL() === end", arg=there[1], timeout=15000)


def test_a_point_tells_where_it_is_what_d_says_and_its_noise(still: Any, server: FakeServer) -> None:
    x, y = loneliest(points_frame("r1", server.sent, step=int(data(still, "step"))))
    box = still.locator(".gl-high").bounding_box()
    side = min(box["width"] - 34, 900 - 440)  # beside the numbers of the axis, and so that it fits the window
    still.mouse.move(box["x"] + 34 + side / 2 + x * side / 3.2, box["y"] + 8 + side / 2 - y * side / 3.2)
    text = still.locator(".gl-readout").inner_text().replace("\u2212", "-").replace("\u00a0", "")
    assert text.startswith("Generated point")
    assert f"x {x:.2f}, y {y:.2f}" in text
    chance = 1 / (1 + np.exp(3 * abs(np.hypot(x, y) - 1) - 1))  # what `layers` says of D
    assert f"D says: {100 * chance:.0f}% real" in text
    assert f"noise ({1.5 * x:.2f}, {1.5 * y:.2f})" in text
    still.mouse.move(5, 5)
    still.locator(".gl-readout", has_text="Point at the picture").wait_for()


def loneliest(frame: bytes) -> tuple[float, float]:
    """The generated point furthest from all others."""
    (length,) = struct.unpack_from("<I", frame, 4)
    specs = json.loads(frame[8 : 8 + length])["arrays"]
    fake, real = (np.frombuffer(frame, "<f4", 2000, specs[name]["offset"]).reshape(-1, 2) for name in ("fake", "real"))
    distances = np.linalg.norm(fake[:, None] - np.concatenate([fake, real])[None], axis=2)
    distances[np.arange(len(fake)), np.arange(len(fake))] = np.inf
    best = int(np.where(np.abs(fake).max(1) < 1.5, distances.min(1), 0).argmax())
    return float(fake[best, 0]), float(fake[best, 1])


def test_histograms_follow_the_weights_on_show(still: Any) -> None:
    still.locator(".gl-outputs").wait_for()
    means = still.locator(".gl-outputs .gl-series b")
    averaged = means.all_inner_texts()
    drawn = pixels(still, ".gl-outputs canvas")
    assert all(text.endswith("%") for text in averaged)
    still.locator(".gl-choice[data-name=live]").click()
    assert means.all_inner_texts()[0] == averaged[0]
    assert pixels(still, ".gl-outputs canvas") != drawn


def test_without_the_arrays_of_a_layer_the_rest_is_drawn(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that a process of another version trains may send less."""
    monkeypatch.setattr(live_harness, "layers", lambda *points: {})
    mount(page)
    frames(page, 2)
    for name in EXTRA:
        press(page, name)
    frames(page, int(data(page, "frames")) + 2)
    assert not page.locator(".gl-outputs").is_visible()


# ── the past ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def where(page: Any) -> str:
    return page.locator(".gl-time-where").inner_text()


def test_what_was_seen_live_is_not_fetched_again(page: Any, server: FakeServer) -> None:
    server.keeps, server.deaf = True, True
    mount(page)
    frames(page, 8)
    low, high, shown = page.evaluate(  # of one and the same frame
        f"() => [...['.gl-low', '.gl-high'].map(name => {ROOT}.querySelector(name).toDataURL()), +{ROOT}.dataset.shown]"
    )
    frames(page, int(data(page, "frames")) + 3)
    hold(server, page)  # or the right end of the scrubber moves while it is set
    page.locator(".gl-time-slider").evaluate(
        "(slider, share) => { slider.dispatchEvent(new PointerEvent('pointerdown')); slider.value = String(share);"
        " slider.dispatchEvent(new Event('input')); slider.dispatchEvent(new PointerEvent('pointerup')); }",
        shown / int(data(page, "step")),
    )
    page.wait_for_function(f"{ROOT}.querySelector('.gl-time-where').textContent.startsWith('Back')")
    page.wait_for_function(f"step => +{ROOT}.dataset.shown <= step + 120", arg=shown)
    assert shown - int(data(page, "shown")) <= 120  # the nearest at least, though the server has sent none of the past
    if int(data(page, "shown")) == shown:
        assert both(page) == (low, high)


def test_dragging_shows_the_past_and_training_goes_on(page: Any, server: FakeServer) -> None:
    server.moments, server.branches = list(range(0, 600, 20)), [0, 100]
    mount(page)
    frames(page, 3)
    assert where(page) == "Drag to look back"
    box = page.locator(".gl-time-slider").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, y)
    page.mouse.down()
    for i in range(12):
        page.mouse.move(box["x"] + box["width"] * (0.7 - 0.05 * i), y)
        page.wait_for_timeout(40)
    page.mouse.up()
    page.wait_for_function(
        f"{ROOT}.querySelector('.gl-time-where').textContent.includes('step ' + {ROOT}.dataset.shown)"
    )
    assert int(data(page, "shown")) in server.moments
    assert len(server.heard_of("at")) >= 3  # it follows the hand
    shown = data(page, "shown")
    assert where(page) == f"Back at step {int(shown):,}"
    assert int(shown) < int(data(page, "step")) / 3
    drawn, step, seen = both(page), int(data(page, "step")), int(data(page, "frames"))
    frames(page, seen + 3)
    assert int(data(page, "step")) > step  # the curves and the figures go on
    assert both(page) == drawn
    page.locator(".gl-time-now").click()
    assert where(page) == "Drag to look back"
    page.wait_for_function(f"{ROOT}.dataset.shown === {ROOT}.dataset.step")


def test_step_by_step_replay_and_branch(page: Any, server: FakeServer) -> None:
    server.moments, server.branches = [0, 40, 100, 300, 500], [100]
    mount(page)
    frames(page, 3)
    for expected in (500, 300, 100):
        page.locator(".gl-time-earlier").click()
        page.wait_for_function(f"+{ROOT}.dataset.shown === {expected}")
    assert page.locator(".gl-time-branch").is_visible()
    page.locator(".gl-time-branch").click()
    name, wish = page.evaluate("window.triggers").pop()
    assert (name, wish["run"], wish["step"]) == ("branch", "r1", 100)
    page.locator(".gl-time-earlier").click()
    page.wait_for_function(f"+{ROOT}.dataset.shown === 40")
    assert not page.locator(".gl-time-branch").is_visible()
    page.locator(".gl-time-slider").focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"+{ROOT}.dataset.shown === 0")
    page.locator(".gl-time-replay").click()
    page.locator(".gl-time-where", has_text="Drag").wait_for()
    asked = [step for steps in server.heard_of("at") for step in steps]
    assert sorted(asked) == [0, 40, 100, 300, 500]  # each once: what has come is kept


def test_a_moment_that_has_gone(page: Any, server: FakeServer) -> None:
    server.moments, server.missing = [0, 200, 500], {500}
    mount(page)
    frames(page, 3)
    page.locator(".gl-time-earlier").click()
    until(page, lambda: server.heard_of("at")[:1] == [[500, 200, 0]])
    server.moments = [0, 200]
    page.wait_for_function(f"+{ROOT}.dataset.shown === 200")


def test_under_a_resting_hand_all_of_the_past_comes_and_is_then_there_at_once(page: Any, server: FakeServer) -> None:
    server.moments = list(range(0, 600, 20))
    mount(page)
    frames(page, 3)
    box = page.locator(".gl-time-slider").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.6, y)
    page.mouse.down()
    asked = lambda: [step for steps in server.heard_of("at") for step in steps]  # noqa: E731
    until(page, lambda: set(asked()) >= set(server.moments))
    page.wait_for_timeout(300)
    before = len(asked())
    shown = set()
    for i in range(30):
        page.mouse.move(box["x"] + box["width"] * (0.6 - 0.019 * i), y)
        page.wait_for_timeout(40)
        shown.add(data(page, "shown"))
    page.mouse.up()
    assert len(shown) >= 15
    assert len(asked()) == before == len(server.moments)


def test_a_run_that_went_back_is_asked_for_its_past_anew(page: Any, server: FakeServer) -> None:
    server.moments = [0, 200, 400]
    mount(page)
    frames(page, 3)
    page.locator(".gl-time-earlier").click()
    page.wait_for_function(f"+{ROOT}.dataset.shown === 400")
    page.locator(".gl-time-now").click()
    server.sent = -14  # the next frames are of earlier steps
    page.wait_for_function(f"+{ROOT}.dataset.step < 400")
    page.locator(".gl-time-earlier").click()
    until(page, lambda: sum(400 in steps for steps in server.heard_of("at")) == 2)


def test_a_wish_that_a_lost_connection_swallowed_is_made_again(page: Any, server: FakeServer) -> None:
    server.moments, server.deaf = [0, 200, 400], True
    mount(page)
    frames(page, 3)
    page.locator(".gl-time-earlier").click()
    until(page, lambda: server.heard_of("at") == [[400, 200, 0]])
    server.deaf, server.kick = False, True
    page.wait_for_function(f"+{ROOT}.dataset.shown === 400")


def test_a_chart_out_of_sight_is_drawn_when_it_comes_into_sight(page: Any, server: FakeServer) -> None:
    page.set_viewport_size({"width": 1200, "height": 300})
    mount(page)
    frames(page, 3)
    canvas = ".gl-right .gl-panel:last-child canvas"
    page.wait_for_timeout(300)
    before, seen = pixels(page, canvas), int(data(page, "frames"))
    frames(page, seen + 4)
    assert pixels(page, canvas) == before
    page.locator(canvas).scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert pixels(page, canvas) != before

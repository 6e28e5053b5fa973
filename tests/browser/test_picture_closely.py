"""A picture of a grid looked at closely, gradients by layer and the line under the progress bar, in a real Chromium."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from live_harness import FakeServer, digits_frame
from test_live_component import ROOT, data, frames, hold, mount, page, pixels, server, until

from gan_core.layers import KINDS
from pages._ui.live_words import live_labels

__all__ = ["page", "server"]  # fixtures

LAYERS = {
    "g": {"kinds": [["linear", 64, 1024, 0], ["transposed", 64, 1, 4]], "norms": [0.01, 10.0]},
    "d": {"kinds": [["convolution", 1, 32, 3], ["attention", 32, 32, 0], ["linear", 512, 1, 0]], "norms": [1.0, 0.0, None]},
}  # fmt: skip
MACHINE = {
    "device": "cpu",
    "name": "",
    "threads": 2,
    "weights": 12_000_000,
    "activations": 30_000_000,
    "pictures": 400_000,
}


def opened(page: Any, server: FakeServer, cell: tuple[int, int] = (0, 0), **more: object) -> Any:
    """The dialog of a generated picture of a run that stands still."""
    server.kind, server.more = "images", {"step": 1300, **more}
    mount(page, kind="images")
    frames(page, 2, timeout=60_000)
    box = page.locator(".gl-grid-fake canvas").bounding_box()
    size = box["width"] / 8
    page.locator(".gl-grid-fake canvas").click(position={"x": (cell[1] + 0.5) * size, "y": (cell[0] + 0.5) * size})
    return page.locator(".gl-close")


def answered(page: Any) -> None:
    page.locator(".gl-close-row figure").first.wait_for()


def test_what_is_said_of_a_picture(page: Any, server: FakeServer) -> None:
    dialog = opened(page, server, (1, 2))
    answered(page)
    assert server.heard_of("want")[-1] == ["close:fake.10"]
    text = dialog.inner_text()
    assert "31% real · output 1.3" in text
    assert "1.5 on real pictures" in text
    captions = [caption.inner_text() for caption in dialog.locator("figcaption").all()]
    assert captions == ["3 · 5.0%", "3 · 10.0%", "8 · 11.0%", "3 · 12.0%"]
    assert "Nearer than 100% of them: a copy, or only blurred." in text
    assert "100 held-out real pictures" in text


def test_the_nearest_pictures_are_drawn_pixel_by_pixel(page: Any, server: FakeServer) -> None:
    opened(page, server)
    answered(page)
    hold(server, page)
    shown = page.evaluate(f"[...{ROOT}.querySelectorAll('.gl-close-row canvas')].map(c => "
                          "[c.width, c.height, ...c.getContext('2d').getImageData(0, 0, 28, 28).data])")  # fmt: skip
    raw = digits_frame("r1", server.sent, wants=["close:fake.0"])
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[4:8], "little")])
    spec = header["arrays"]["close:fake.0:nearest"]
    wanted = np.frombuffer(raw, np.uint8, 4 * 28 * 28, spec["offset"]).reshape(4, -1)
    for values, picture in zip(shown, wanted, strict=True):
        assert values[:2] == [28, 28]
        assert np.array_equal(np.reshape(values[2:], (-1, 4))[:, 0], picture)


def test_what_d_looks_at_is_laid_over_the_picture(page: Any, server: FakeServer) -> None:
    dialog = opened(page, server)
    answered(page)
    hold(server, page)
    before = pixels(page, ".gl-close-picture canvas")
    toggle = dialog.get_by_role("button", name="Show what D looks at")
    assert toggle.get_attribute("aria-pressed") == "false"
    assert not dialog.get_by_text("Along this gradient").is_visible()
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "true"
    assert dialog.get_by_text("Along this gradient").is_visible()
    ask = (f"(i => {{ const c = {ROOT}.querySelector('.gl-close-picture canvas'); const f = c.width / 28;"
           " return [...c.getContext('2d').getImageData((i[0] + .5) * f, (i[1] + .5) * f, 1, 1).data].slice(0, 3) })")  # fmt: skip
    for i in (0, 13, 27):  # the diagonal is all that the harness's D looks at
        assert page.evaluate(ask, [i, i]) == [255, 60, 205]
        beside = page.evaluate(ask, [i, 27 - i if i != 13 else 20])
        assert len(set(beside)) == 1, beside
    toggle.click()
    assert pixels(page, ".gl-close-picture canvas") == before


def test_pixels_or_features(page: Any, server: FakeServer) -> None:
    dialog = opened(page, server)
    answered(page)
    dialog.get_by_role("button", name="Features").click()
    until(page, lambda: server.heard_of("want")[-1] == ["close:fake.0.features"])
    dialog.get_by_text("Distance in the features of the digits classifier").wait_for()
    assert dialog.locator("figcaption").first.inner_text() == "3 · 2"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.locator(".gl-grid-real canvas").focus()
    page.keyboard.press("Enter")  # the choice is kept
    until(page, lambda: server.heard_of("want")[-1] == ["close:real.0.features"])
    page.get_by_text("This picture is one of the training pictures").wait_for()


def test_nothing_is_asked_any_more_once_it_is_closed(page: Any, server: FakeServer) -> None:
    dialog = opened(page, server)
    answered(page)
    page.keyboard.press("ArrowRight")
    until(page, lambda: server.heard_of("want")[-1] == ["close:fake.1"])
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    until(page, lambda: server.heard_of("want")[-1] == [])


def test_the_class_is_named(page: Any, server: FakeServer) -> None:
    grid = {
        "rows": 8,
        "cols": 8,
        "cell": [28, 28],
        "real": "image/png",
        "fake": "image/png",
        "classes": list("abcdefgh"),
    }
    dialog = opened(page, server, (2, 3), grid=grid)
    assert dialog.locator(".gl-dialog-bar span").inner_text().startswith("Generated as d · row")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.locator(".gl-grid-real canvas").focus()
    page.keyboard.press("Enter")
    assert dialog.locator(".gl-dialog-bar span").inner_text() == "Real a · row 1, column 1"


def test_a_category_that_a_run_found_is_not_said_of_real_pictures(page: Any, server: FakeServer) -> None:
    grid = {"rows": 8, "cols": 8, "cell": [28, 28], "real": "image/png", "fake": "image/png", "classes": list("ABCDEFGH"), "found": True}  # fmt: skip
    dialog = opened(page, server, (2, 3), grid=grid)
    assert dialog.locator(".gl-dialog-bar span").inner_text().startswith("Generated as D · row")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.locator(".gl-grid-real canvas").focus()
    page.keyboard.press("Enter")
    assert dialog.locator(".gl-dialog-bar span").inner_text() == "Real · row 1, column 1"


@pytest.mark.parametrize(("nearer", "said"), [(0.5, "no sign of a copy"), (0.02, "Farther than 98% of them")])
def test_what_a_distance_means(page: Any, server: FakeServer, nearer: float, said: str) -> None:
    server.says = {"logit": None, "chance": None, "nearer": nearer}
    dialog = opened(page, server)
    answered(page)
    assert said in dialog.inner_text()
    assert "output –" in dialog.inner_text()


def test_waiting_and_a_run_that_does_not_answer(page: Any, server: FakeServer) -> None:
    server.answers = False
    dialog = opened(page, server)
    dialog.get_by_text("Being looked at").wait_for()
    assert not dialog.locator(".gl-close-saliency").is_visible()
    dialog.get_by_text("No answer yet").wait_for(timeout=60_000)
    server.answers = True
    answered(page)
    assert not dialog.get_by_text("No answer yet").is_visible()


def test_while_the_training_pictures_are_made_ready(page: Any, server: FakeServer) -> None:
    server.says = {"ready": False, "distances": None}
    dialog = opened(page, server)
    dialog.get_by_text("made ready for comparison").wait_for()
    assert "31% real" in dialog.inner_text()
    assert dialog.locator(".gl-close-saliency").is_visible()
    server.says = {}
    answered(page)
    assert not dialog.get_by_text("made ready for comparison").is_visible()


def test_before_a_run_there_is_nobody_to_ask(page: Any, server: FakeServer) -> None:
    server.kind = "images"
    mount(page, kind="images", token=None, run=None, frame=digits_frame("", 0, status="preview"))
    frames(page, 1, timeout=60_000)
    page.locator(".gl-grid-fake canvas").click(position={"x": 30, "y": 30})
    page.get_by_text("Start training: then this shows").wait_for()
    assert server.heard == []


def test_a_picture_of_the_past(page: Any, server: FakeServer) -> None:
    server.kind, server.moments, server.branches = "images", [101, 399, 803], [101]
    mount(page, kind="images")
    frames(page, 3, timeout=60_000)
    page.locator(".gl-time-earlier").click()
    page.wait_for_function(f"{ROOT}.dataset.shown === '803'")
    page.locator(".gl-grid-fake canvas").click(position={"x": 30, "y": 30})
    answered(page)
    assert "output 0.803" in page.locator(".gl-close").inner_text()  # what the harness says of step 803
    page.keyboard.press("Escape")
    page.locator(".gl-time-now").click()
    page.wait_for_function(f"{ROOT}.dataset.shown !== '803'")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (820, 600)])
def test_it_fits_the_window(page: Any, server: FakeServer, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    dialog = opened(page, server)
    answered(page)
    dialog.get_by_role("button", name="Show what D looks at").click()
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size[0]
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size[1]
    assert dialog.evaluate("d => d.scrollWidth <= d.clientWidth")
    dialog.evaluate("d => { d.scrollTop = d.scrollHeight }")
    dialog.get_by_role("button", name="Close").click()  # within reach wherever one has read to
    assert dialog.is_hidden()


# ── gradients by layer ───────────────────────────────────────────────────────────────────────────────────────────────────


def lengths(page: Any, who: str) -> list[float]:
    """Of the bars, as shares of their track."""
    return page.evaluate(f"[...{ROOT}.querySelectorAll('.gl-bylayer-{who} .gl-bylayer-track i')].map(bar => "
                         "bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width)")  # fmt: skip


def test_bars_stand_for_gradients_on_a_logarithmic_axis(page: Any, server: FakeServer) -> None:
    server.kind, server.more = "images", {"layers": LAYERS}
    mount(page, kind="images")
    frames(page, 2, timeout=60_000)
    box = page.locator(".gl-bylayer")
    box.scroll_into_view_if_needed()
    names = [name.inner_text() for name in box.locator(".gl-bylayer-name").all()]
    assert names == ["1 · fully connected, 64 → 1,024", "2 · transposed convolution 4 × 4, 64 → 1", "1 · convolution 3 × 3, 1 → 32",
                     "2 · self-attention, 32 channels", "3 · fully connected, 512 → 1"]  # fmt: skip
    assert [value.inner_text() for value in box.locator("b").all()] == ["0.01", "10", "1", "0", "–"]
    # from 0.001 to 10
    np.testing.assert_allclose(lengths(page, "g"), [0.25, 1.0], atol=0.01)
    np.testing.assert_allclose(lengths(page, "d"), [0.75, 0.0, 0.0], atol=0.01)
    server.more = {"layers": LAYERS | {"g": LAYERS["g"] | {"norms": [0.1, 1.0]}}}
    frames(page, int(data(page, "frames")) + 2)
    np.testing.assert_allclose(lengths(page, "g"), [0.5, 0.75], atol=0.01)  # the axis rests


def test_every_kind_of_layer_has_a_name() -> None:
    assert {f"bylayer.kind.{kind}" for kind in KINDS} <= set(live_labels(str))


def test_without_gradients_there_are_no_bars(page: Any, server: FakeServer) -> None:
    server.kind = "images"
    mount(page, kind="images")
    frames(page, 2, timeout=60_000)
    assert not page.locator(".gl-bylayer").is_visible()


# ── progress, time left, device, memory ──────────────────────────────────────────────────────────────────────────────────


def line(page: Any, said: Callable[[str], bool]) -> str:
    until(page, lambda: said(page.locator(".gl-machine").inner_text()))
    return page.locator(".gl-machine").inner_text()


def test_the_line_under_the_progress_bar(page: Any, server: FakeServer) -> None:
    server.more = {"machine": MACHINE, "horizon": 100_000, "images": 34_900, "progress": 0.349, "left": 133.0}
    mount(page)
    text = line(page, lambda said: "left" in said)
    for part in ("34% of the schedule", "about 2 min left", "CPU, threads: 2", "about 42 MB"):
        assert part in text, text
    tip = page.locator(".gl-machine-memory").get_attribute("data-tip")
    assert "12 MB for the weights" in tip
    assert "30 MB for what the layers put out" in tip
    assert "0.4 MB for the training pictures" in tip
    assert "GPU" not in text


@pytest.mark.parametrize(("left", "written"), [(3.0, "5 s"), (44.0, "45 s"), (95.0, "2 min"), (7400.0, "2 h 5 min")])
def test_time_is_written_roundly(page: Any, server: FakeServer, left: float, written: str) -> None:
    server.more = {"machine": MACHINE, "horizon": 100_000, "progress": 0.5, "left": left}
    mount(page)
    assert f"about {written} left" in line(page, lambda said: "left" in said)


def test_the_time_left_does_not_jump(page: Any, server: FakeServer) -> None:
    server.more = {"machine": MACHINE, "horizon": 100_000, "progress": 0.5, "left": 150.1}
    mount(page)
    first = line(page, lambda said: "left" in said)
    assert "about 3 min" in first
    for left in (149.0, 151.0, 146.0):
        server.more = {**server.more, "left": left}
        frames(page, int(data(page, "frames")) + 2)
        assert "about 3 min" in page.locator(".gl-machine").inner_text()
    server.more = {**server.more, "left": 121.0}
    line(page, lambda said: "about 2 min" in said)


def test_without_an_end_at_the_end_and_at_rest(page: Any, server: FakeServer) -> None:
    server.more = {"machine": MACHINE, "horizon": 0, "progress": None, "left": None}
    mount(page)
    assert "left" not in line(page, lambda said: "No end set" in said)
    server.more = {"machine": MACHINE, "horizon": 100, "progress": 1.0, "left": None, "status": "finished"}
    line(page, lambda said: "Schedule complete" in said)
    server.more = {"machine": MACHINE, "horizon": 100, "progress": 0.5, "left": 50.0, "status": "paused"}
    assert "left" not in line(page, lambda said: "50%" in said)


def test_what_the_gpu_holds(page: Any, server: FakeServer) -> None:
    gpu = {"device": "cuda", "name": "A large GPU", "threads": 0, "allocated": 2_500_000_000, "reserved": 4_000_000_000}
    server.more = {"machine": MACHINE | gpu, "horizon": 0, "progress": None, "left": None}
    mount(page)
    text = line(page, lambda said: "GPU" in said)
    assert "A large GPU" in text
    assert "about 42 MB · GPU: 2.5 GB in use" in text
    assert "4.0 GB are reserved" in page.locator(".gl-machine-memory").get_attribute("data-tip")


def test_grids_without_pictures_say_why(page: Any, server: FakeServer) -> None:
    server.kind, server.more = "images", {"bare": True, "status": "preparing"}
    mount(page, kind="images")
    frames(page, 1, timeout=60_000)
    for role in ("real", "fake"):
        assert page.locator(f".gl-grid-{role}").get_by_text("once the data are ready").is_visible()
    server.more = {}
    page.locator(".gl-grid-fake canvas").wait_for()
    assert not page.get_by_text("once the data are ready").first.is_visible()

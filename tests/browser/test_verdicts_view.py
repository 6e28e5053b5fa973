"""The histograms of D's outputs on pictures in a real browser: three series, and what to look for."""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from live_harness import FakeServer, pack, start
from live_harness import digits_frame as plain_frame
from test_live_component import frames, mount

from gan_core.runs.frames import MAGIC


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    fake.kind = "images"
    plain_frame("", 0)  # the first one imports what takes seconds on a busy machine
    runner = start(fake)
    yield fake
    runner.should_exit = True


def with_verdicts(frame: bytes, held: float, kind: str = "critic") -> bytes:
    """A frame of digits with D's outputs: 2 on training pictures, −1 on generated ones."""
    (length,) = struct.unpack_from("<I", frame, 4)
    top = json.loads(frame[8 : 8 + length])
    assert frame[:4] == MAGIC
    arrays = {}
    for name, spec in top["arrays"].items():
        dtype = np.dtype({"f4": "<f4", "u1": "u1"}[spec["dtype"]])
        arrays[name] = np.frombuffer(frame, dtype, int(np.prod(spec["shape"])), spec["offset"]).reshape(spec["shape"])
    rng = np.random.default_rng(0)
    for name, mean in (("real", 2.0), ("held", held), ("live", -1.0)):
        spread = rng.normal(0, 0.3, 128)
        arrays[f"logits_{name}"] = (mean + spread - spread.mean()).astype(np.float32)
    top["verdicts"] = {"step": 1200, "kind": kind, "pictures": 128}
    return pack({name: value for name, value in top.items() if name != "arrays"}, arrays)


@pytest.fixture
def page(browser: Any, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    shown = {"held": 0.5, "kind": "critic"}
    monkeypatch.setattr(
        "live_harness.digits_frame", lambda run, seq, **more: with_verdicts(plain_frame(run, seq, **more), **shown)
    )
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    tab = context.new_page()
    tab.shown = shown
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(server.address)
    tab.wait_for_function("window.ready")
    yield tab
    problems += tab.evaluate("window.errors")
    context.close()
    assert problems == []


def test_three_series_with_their_means_and_the_way_between(page: Any) -> None:
    mount(page, kind="images")
    frames(page, 2)
    panel = page.locator(".gl-outputs")
    panel.wait_for()
    assert panel.locator(".gl-series").count() == 3
    assert panel.locator(".gl-series b").all_inner_texts() == ["2", "0.5", "\u22121"]
    note = panel.locator(".gl-outputs-note").inner_text()
    assert "50 % of the way" in note
    assert "128 pictures" in note
    assert "1,200" in note
    assert "by heart" in note
    assert panel.locator("canvas").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    )


def test_probabilities_are_percentages(page: Any) -> None:
    page.shown["kind"] = "probability"
    mount(page, kind="images")
    frames(page, 2)
    page.locator(".gl-outputs").wait_for()
    assert all(text.endswith("%") for text in page.locator(".gl-outputs .gl-series b").all_inner_texts())


def test_held_out_pictures_that_look_as_real_are_no_way_off(page: Any) -> None:
    page.shown["held"] = 2.0
    mount(page, kind="images")
    frames(page, 2)
    page.locator(".gl-outputs").wait_for()
    assert "0 % of the way" in page.locator(".gl-outputs-note").inner_text()

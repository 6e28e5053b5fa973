"""What a classifier sees, in the live view: figures that name features and samples, curves with floors, legends that say both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_harness import CURVES, digits_frame
from test_live_component import ROOT, FakeServer, mount, page, server  # noqa: F401 - fixtures

from gan_core.metrics import eyes
from pages._ui import judges, live
from pages._ui.i18n import translator

STEPS = 123
JUDGED = {
    "values": {"fd": 57.2, "precision": 0.53, "recall": 0.72, "class_modes": 9, "class_modes_total": 10, "class_kl": 0.03, "as_asked": 0.81},
    "floor": {"fd": 7.07, "precision": 0.905, "recall": 0.88, "class_modes": 10, "class_coverage": 1.0, "class_kl": 0.001, "as_asked": 0.99},
    "samples": 1000, "step": 1200, "by": "digits classifier", "features": "digits classifier, 64 features, 99.7 % accurate",
}  # fmt: skip
MORE = [
    {"name": "precision", "panel": "metrics", "role": "fake"}, {"name": "recall", "panel": "metrics", "role": "real"},
    {"name": "class_coverage", "panel": "metrics", "role": "neutral"}, {"name": "as_asked", "panel": "metrics", "role": "neutral"},
    {"name": "fd", "panel": "frechet", "role": "neutral"}, {"name": "class_kl", "panel": "divergence", "role": "neutral"},
]  # fmt: skip


def sparse(last: float) -> np.ndarray:
    """Measured twice in a run."""
    values = np.full(STEPS, np.nan, np.float32)
    values[[40, 115]] = 2 * last, last
    return values


def tips(page: Any) -> dict[str, str]:  # noqa: F811
    found: dict[str, str] = page.evaluate(
        f"""Object.fromEntries([...{ROOT}.querySelectorAll('.gl-series')].map((s) => [s.children[1].textContent, s.dataset.tip]))"""
    )
    return found


def test_figures_and_legends_say_from_what_they_are(page: Any, server: FakeServer) -> None:  # noqa: F811
    curves = {f"curve:{one['name']}": sparse({"fd": 57.2, "class_kl": 0.03}.get(one["name"], 0.5)) for one in MORE}
    swd = {"values": {"swd": 0.05}, "samples": 512, "step": 1230, "floor": {"swd": 0.03}}
    frame = digits_frame("r1", 1, measured=curves, curves=[*CURVES, *MORE], judged=JUDGED, metrics=swd)
    mount(page, run=None, token=None, kind="images", frame=frame)
    page.locator(".gl-tile").first.wait_for()
    tiles = page.locator(".gl-tile").all_inner_texts()
    assert tiles[0].split("\n") == ["FD (digits classifier)", "57.2", "real ones: 7.07"]
    assert any(t.split("\n") == ["Classes drawn", "9 / 10", "real ones: 10"] for t in tiles)
    assert any(t.split("\n") == ["Sliced Wasserstein", "0.05", "perfect: 0.03"] for t in tiles)
    said = page.locator(".gl-from").all_inner_texts()
    assert "from 1,000 samples at step 1,200, by the digits classifier, 64 features, 99.7 % accurate" in said
    assert "from 512 samples at step 1,230" in said
    found = tips(page)
    fd = found["FD (digits classifier)"]
    assert "It is no FID" in fd
    assert "From 1,000 samples at step 1,200, by the digits classifier, 64 features" in fd
    assert "Dotted: 7.07, what real pictures score" in fd
    assert "Dotted: 0.99, how often the classifier reads real pictures rightly" in found["As asked for"]
    assert "From 1,000 samples" in found["Precision"]
    assert "Dotted: 1, what real" in found["Classes drawn"]
    assert "samples at step" not in found["Generator"]  # read off the training itself
    # Precision is about what is generated, recall about what is real: each has that colour.
    colours = page.evaluate(
        f"""Object.fromEntries([...{ROOT}.querySelectorAll('.gl-series')].map((s) => [s.children[1].textContent, s.firstChild.getAttribute('class')]))"""
    )
    assert colours["Precision"].endswith("gl-line-fake")
    assert colours["Recall"].endswith("gl-line-real")


def test_the_dotted_line_is_drawn_and_in_sight(page: Any, server: FakeServer) -> None:  # noqa: F811
    """The axis of the distance reaches down to what real pictures score, far below the curve."""

    def drawn(judged: object) -> str:
        frame = digits_frame("r1", 1, measured={"curve:fd": sparse(57.2)}, curves=[MORE[4]], judged=judged)
        mount(page, run=None, token=None, kind="images", frame=frame)
        page.locator(".gl-panel canvas").first.wait_for()
        page.wait_for_timeout(400)
        picture: str = page.evaluate(f"{ROOT}.querySelector('.gl-panel canvas').toDataURL()")
        return picture

    assert drawn(JUDGED) != drawn({**JUDGED, "floor": {}, "step": 1199})


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
def test_the_browser_says_names_as_the_server_does(page: Any, lang: str) -> None:  # noqa: F811
    """Also of a set that nobody registered: an imported one."""
    short = [eyes.CLASSIFIER.format(data=data) for data in ("digits", "My *cats* (2)")]
    full = [
        eyes.CLASSIFIER_IN_FULL.format(data=data, width=64, accuracy="99.7") for data in ("digits", "My *cats* (2)")
    ]
    each = [eyes.EACH_CHANNEL.format(inner=name) for name in short]
    each += [eyes.EACH_CHANNEL_IN_FULL.format(inner=name, channels=3) for name in full]
    names = [
        *short,
        *full,
        *each,
        eyes.INCEPTION,
        eyes.INCEPTION_IN_FULL.format(width=2048),
        eyes.PIXELS,
        "something else",
        "",
    ]
    translate = translator(lang).gettext if lang != "en" else str
    script = (Path(live.__file__).parent / "live" / "dom.js").read_text(encoding="utf-8")
    ask = "([script, labels, names]) => { const words = new (new Function(script + '; return Words')())(labels);"
    said = page.evaluate(
        f"{ask} return names.map((name) => words.judge(name)); }}", [script, judges.labels(translate), names]
    )
    assert said == [eyes.said(name, translate) if name else name for name in names]


def test_what_is_measured_from_time_to_time_is_read_between_two_measurements(page: Any, server: FakeServer) -> None:  # noqa: F811
    frame = digits_frame("r1", 1, measured={"curve:fd": sparse(57.2)}, curves=[MORE[4]], judged=JUDGED)
    mount(page, run=None, token=None, kind="images", frame=frame)
    box = page.locator(".gl-panel canvas").first.bounding_box()
    read = page.locator(".gl-panels .gl-series b").first
    assert read.inner_text() == "57.2"
    seen = []
    for share in (0.1, 0.6):  # before the first of the two, at a third of the curve, and between them
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 50)
        page.wait_for_timeout(200)
        seen.append(read.inner_text())
    assert seen == ["–", "114"]

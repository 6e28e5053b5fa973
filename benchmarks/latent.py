"""From a move of the pointer on the pad to the picture of that place, in a real Chromium, while the run trains.

For each preset: the run is started in its lab, then explored; the pointer is dragged across the pad for some seconds, by real mouse events 60 times a
second. What is counted begins in the page's handler of a move and ends when the picture of that place is on the canvas. Of moves that come while
an answer is on its way only the last is asked for, and it counts with the time that it waited. Goals: median <= 50 ms, 95 % <= 100 ms.
Needs the test extra and a Chromium (GAN_PLAYGROUND_CHROMIUM names one).
"""

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from playwright.sync_api import Page, sync_playwright

from benchmarks._machine import machine
from benchmarks._served import wait

PORT = 8794
PRESETS = {"digits": "images", "style": "images", "mnist": "images", "ring": "lab"}
SETTLE_SECONDS, DRAG_SECONDS = 12.0, 12.0
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"]
# Notes each latency that the page tells of itself, and its step at the first and the last one.
_LISTEN = """root => {
    root.seen = [];
    new MutationObserver(() => root.seen.push([Number(root.dataset.latency), Number(root.dataset.step)]))
        .observe(root, { attributes: true, attributeFilter: ["data-latency"] });
}"""


def run() -> dict[str, object]:
    """Median and 95th percentile in milliseconds, pictures a second, and how far the run got meanwhile."""
    chromium = os.environ.get("GAN_PLAYGROUND_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "gan_core.cli", "--no-browser", "--port", str(PORT), "--data-dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait(PORT)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
                found: dict[str, object] = {}
                for preset, lab in PRESETS.items():
                    found[preset] = _explored(browser.new_page(viewport={"width": 1440, "height": 900}), preset, lab)
                return found | {"goals_ms": {"median": 50, "p95": 100}, "machine": machine()}
        finally:
            process.terminate()
            process.wait(20)


def _explored(page: Page, preset: str, lab: str) -> dict[str, object]:
    page.goto(f"http://127.0.0.1:{PORT}/{lab}?preset={preset}")
    page.get_by_role("button", name="Start training").click(timeout=60_000)
    page.wait_for_url("**/*run=*", timeout=60_000)
    page.wait_for_timeout(1000 * SETTLE_SECONDS)
    page.get_by_role("button", name="Explore", exact=True).click()
    page.locator(".gx[data-drawn]").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    pad = page.locator(".gx-pad-canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    root = page.locator(".gx")
    root.evaluate(_LISTEN)
    moves = int(60 * DRAG_SECONDS)
    for i in range(moves):
        angle = 2 * math.pi * i / 180
        x, y = 0.5 + 0.4 * math.sin(angle), 0.5 + 0.4 * math.sin(1.4 * angle)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if not i:
            page.mouse.down()
        page.wait_for_timeout(1000 / 60)
    page.mouse.up()
    seen = root.evaluate("root => root.seen")
    page.go_back()
    page.get_by_role("button", name="Stop", exact=True).click(timeout=60_000)
    page.close()
    latencies = sorted(latency for latency, _step in seen)
    return {
        "median_ms": round(statistics.median(latencies), 1), "p95_ms": round(latencies[math.ceil(0.95 * len(latencies)) - 1], 1),
        "pictures": len(latencies), "steps": seen[-1][1] - seen[0][1],
    }  # fmt: skip

"""How long a picture takes to follow the pointer, in a real Chromium, with a server of its own."""

import contextlib
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks._served import wait
from gan_core import config, presets, serial

DRAG_SECONDS = 12.0
_ENDLESS = 1_000_000_000  # real samples
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"]
# Notes each latency that the page tells of itself, and its step.
_LISTEN = """root => {
    root.seen = [];
    new MutationObserver(() => root.seen.push([Number(root.dataset.latency), Number(root.dataset.step)]))
        .observe(root, { attributes: true, attributeFilter: ["data-latency"] });
}"""


@contextlib.contextmanager
def served_browser(port: int) -> Iterator[Browser]:
    """A browser, and a fresh server on that port for as long."""
    chromium = os.environ.get("GAN_PLAYGROUND_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "gan_core.cli", "--no-browser", "--port", str(port), "--data-dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait(port)
            with sync_playwright() as playwright:
                yield playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        finally:
            process.terminate()
            process.wait(20)


def started(page: Page, address: str, preset: str) -> None:
    """A run of a preset, started in the lab of that address, with a schedule that does not end meanwhile."""
    endless = config.replace(presets.load(preset), {"horizon": _ENDLESS})
    page.goto(f"{address}?c={serial.to_link(endless)}")
    page.get_by_role("button", name="Start training").click(timeout=60_000)
    page.wait_for_url("**/*run=*", timeout=60_000)


def dragged(page: Page, root: str, surface: str) -> dict[str, object]:
    """The pointer drawn across the surface by real mouse events, 60 times a second: median and 95th percentile in milliseconds of what the
    component `root` tells, how many pictures came, and how many steps the moments went on meanwhile."""
    place = page.locator(surface)
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    component = page.locator(root)
    component.evaluate(_LISTEN)
    for i in range(int(60 * DRAG_SECONDS)):
        angle = 2 * math.pi * i / 180
        x, y = 0.5 + 0.4 * math.sin(angle), 0.5 + 0.4 * math.sin(1.4 * angle)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if not i:
            page.mouse.down()
        page.wait_for_timeout(1000 / 60)
    page.mouse.up()
    seen = component.evaluate("root => root.seen")
    latencies = sorted(latency for latency, _step in seen)
    return {
        "median_ms": round(statistics.median(latencies), 1), "p95_ms": round(latencies[math.ceil(0.95 * len(latencies)) - 1], 1),
        "pictures": len(latencies), "steps": seen[-1][1] - seen[0][1],
    }  # fmt: skip

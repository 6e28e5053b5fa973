"""Pictures a second that a real Chromium draws: of a run that trains, and of its past while the scrubber is dragged.

One viewer, an eager run of `ring` (three layers of 32, relativistic with R1 + R2, batches of 192). Goals: >= 10 a second while it trains, >= 20
of the past. Needs the test extra and a Chromium (GAN_PLAYGROUND_CHROMIUM names one).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import Locator, Page, sync_playwright

from benchmarks._machine import machine
from benchmarks._served import wait

PORT = 8793
SETTLE_SECONDS, WATCH_SECONDS, ROUNDS = 8.0, 10.0, 3
_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"]
# Drags the knob to and fro, a little at each drawn frame of the browser, and counts the pictures of the past that arrive on the canvas.
_DRAG = """async (root, seconds) => {
    const slider = root.querySelector(".gl-time-slider");
    let drawn = 0, shown = root.dataset.shown;
    const seen = new MutationObserver(() => {
        if (root.dataset.shown === shown) return;
        shown = root.dataset.shown;
        drawn += 1;
    });
    seen.observe(root, { attributes: true, attributeFilter: ["data-shown"] });
    slider.dispatchEvent(new PointerEvent("pointerdown"));
    const begin = performance.now();
    for (let now = begin; now - begin < 1000 * seconds; now = await new Promise(requestAnimationFrame)) {
        const t = (now - begin) / 6000;
        slider.value = String(0.02 + 0.95 * Math.abs(((2 * t) % 2) - 1));
        slider.dispatchEvent(new Event("input"));
    }
    slider.dispatchEvent(new PointerEvent("pointerup"));
    seen.disconnect();
    return drawn / ((performance.now() - begin) / 1000);
}"""


def run() -> dict[str, object]:
    """Rounds of each: while it trains; its past while it trains, and while it rests."""
    chromium = os.environ.get("GAN_PLAYGROUND_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            sys.executable,
            "-m",
            "gan_core.cli",
            "--no-browser",
            "--port",
            str(PORT),
            "--data-dir",
            folder,
            "--engine",
            "eager",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait(PORT)
            with sync_playwright() as playwright:
                page = playwright.chromium.launch(executable_path=chromium, args=_FLAGS).new_page(
                    viewport={"width": 1440, "height": 900}
                )
                return _measured(page) | {"goals": {"training": ">= 10", "past": ">= 20"}, "machine": machine()}
        finally:
            process.terminate()
            process.wait(20)


def _measured(page: Page) -> dict[str, object]:
    page.goto(f"http://127.0.0.1:{PORT}/lab?preset=ring")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/*run=*")
    _wait_until(page, "running")
    page.wait_for_timeout(1000 * SETTLE_SECONDS)
    training = [_frames(page) for _ in range(ROUNDS)]
    page.wait_for_timeout(1000 * SETTLE_SECONDS)
    past_training = [round(_view(page).evaluate(_DRAG, WATCH_SECONDS), 1) for _ in range(ROUNDS)]
    page.get_by_role("button", name="Pause", exact=True).click()
    _wait_until(page, "paused")
    past_resting = [round(_view(page).evaluate(_DRAG, WATCH_SECONDS), 1) for _ in range(ROUNDS)]
    step = int(_view(page).get_attribute("data-step") or 0)
    return {
        "frames_a_second": training,
        "past_while_it_trains": past_training,
        "past_while_it_rests": past_resting,
        "step": step,
    }


def _frames(page: Page) -> float:
    before, begin = _drawn(page), time.perf_counter()
    page.wait_for_timeout(1000 * WATCH_SECONDS)
    return round((_drawn(page) - before) / (time.perf_counter() - begin), 1)


def _view(page: Page) -> Locator:
    return page.locator(".gl")


def _drawn(page: Page) -> int:
    return int(_view(page).get_attribute("data-frames") or 0)


def _wait_until(page: Page, status: str) -> None:
    page.locator(f'.gl[data-status="{status}"]').wait_for(timeout=60_000)

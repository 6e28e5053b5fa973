"""From a move of the pointer on the pad to the picture of that place, in a real Chromium, while the run trains.

For each preset: the run is started in its lab, then explored; the pointer is dragged across the pad for some seconds, by real mouse events 60 times a
second. What is counted begins in the page's handler of a move and ends when the picture of that place is on the canvas. Of moves that come while
an answer is on its way only the last is asked for, and it counts with the time that it waited. Goals: median <= 50 ms, 95 % <= 100 ms.
Needs the test extra and a Chromium (GAN_PLAYGROUND_CHROMIUM names one).
"""

from playwright.sync_api import Page

from benchmarks._following import dragged, served_browser, started
from benchmarks._machine import machine

PORT = 8794
PRESETS = {"digits": "images", "style": "images", "mnist": "images", "ring": "lab"}
SETTLE_SECONDS = 12.0


def run() -> dict[str, object]:
    """Median and 95th percentile in milliseconds, pictures, and how far the run got meanwhile."""
    with served_browser(PORT) as browser:
        found: dict[str, object] = {}
        for preset, lab in PRESETS.items():
            found[preset] = _explored(browser.new_page(viewport={"width": 1440, "height": 900}), preset, lab)
        return found | {"goals_ms": {"median": 50, "p95": 100}, "machine": machine()}


def _explored(page: Page, preset: str, lab: str) -> dict[str, object]:
    started(page, f"http://127.0.0.1:{PORT}/{lab}", preset)
    page.wait_for_timeout(1000 * SETTLE_SECONDS)
    page.get_by_role("button", name="Explore", exact=True).click()
    page.locator(".gx[data-drawn]").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    found = dragged(page, ".gx", ".gx-pad-canvas")
    page.go_back()
    page.get_by_role("button", name="Stop", exact=True).click(timeout=60_000)
    page.close()
    return found

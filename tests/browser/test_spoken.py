"""What the live view says of its pictures comes at a pace that can be listened to; who asks for less motion gets none."""

from collections.abc import Iterator
from typing import Any

import pytest
from live_harness import FakeServer, start
from test_live_component import frames, mount

ROOT = "document.getElementById('host').shadowRoot"
COUNT = f"""() => {{
    window.said = [];
    new MutationObserver((all) => window.said.push(...all.map((one) => [one.target.className, performance.now()])))
        .observe({ROOT}, {{ subtree: true, attributes: true, attributeFilter: ["aria-label"] }});
}}"""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    runner = start(fake)
    yield fake
    runner.should_exit = True


@pytest.fixture
def page(stage: Any, server: FakeServer) -> Iterator[Any]:
    tab = stage.new_page()
    tab.goto(server.address)
    tab.wait_for_function("window.ready")
    yield tab
    assert tab.evaluate("window.errors") == []
    tab.close()


def test_it_is_said_now_and_then_and_announced_never(page: Any, server: FakeServer) -> None:
    page.evaluate(COUNT)
    mount(page)
    frames(page, 20)
    said = page.evaluate("window.said.filter(([name]) => name.includes('gl-high'))")
    assert len(said) <= 1 + (said[-1][1] - said[0][1]) // 4900
    label = page.evaluate(f"{ROOT}.querySelector('.gl-high').getAttribute('aria-label')")
    assert "generated points among" in label
    assert page.evaluate(f"{ROOT}.querySelectorAll('canvas[aria-live], canvas [aria-live]').length") == 0


def test_less_motion_when_asked_for(page: Any, server: FakeServer) -> None:
    page.emulate_media(reduced_motion="reduce")
    mount(page)
    frames(page, 3)
    moving = f"""() => [...{ROOT}.querySelectorAll("*")].filter((e) => {{
        const s = getComputedStyle(e);
        return s.animationName !== "none" || parseFloat(s.transitionDuration) > 0;
    }}).length"""
    assert page.evaluate(moving) == 0
    page.evaluate(f"{ROOT}.querySelector('.gl-toggle-sheet').click()")
    server.interval = 60
    page.wait_for_timeout(500)
    seen = "".join(f"{ROOT}.querySelector('.gl-high').toDataURL()".split())
    page.evaluate(f"{ROOT}.querySelector('.gl-mini-play').click()")
    pictures = {page.evaluate(seen) for _ in range(12) if page.wait_for_timeout(90) is None}
    assert len(pictures) <= 2  # the noise, then the output: nothing between

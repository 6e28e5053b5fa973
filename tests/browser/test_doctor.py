"""The diagnosis in a real browser: calm, explained, and its remedy applied as if a control had been moved."""

import itertools
from collections.abc import Callable
from typing import Any

from live_harness import FakeServer
from test_app import data, number, until
from test_live_component import frames, mount, page, server

from gan_core import serial
from gan_core.config import RunConfig, replace
from gan_core.diagnosis import signs, treatments

__all__ = ["page", "server"]  # fixtures

# What the discriminator of this run knows for sure after a few hundred steps, a saturating generator never learns.
DOOMED = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (16, 16), "discriminator.hidden": (16, 16), "batch_size": 64,
    "loss": "minimax", "penalty": "none", "k_d": 5, "g_optimizer.name": "sgd", "d_optimizer.lr": 0.01, "g_optimizer.lr": 0.005, "device": "cpu",
}  # fmt: skip
WATCH_TEXT = """() => {
    window.changes = [];
    const line = document.getElementById('host').shadowRoot.querySelector('.gl-doctor-says');
    new MutationObserver(() => window.changes.push(performance.now())).observe(line, { childList: true, characterData: true, subtree: true });
}"""
HOSTILE = "<img src=x onerror='window.pwned=1'>"


def said(template: str, **params: object) -> dict[str, object]:
    return {"template": template, "params": params}


def finding(code: str, evidence: dict[str, object], **more: object) -> dict[str, object]:
    return {"code": code, "since": 1200, "evidence": evidence, "remedy": {}, "advice": said("")} | more


def collapse(modes: int) -> dict[str, object]:
    return finding("mode_collapse", said(signs.FEW_MODES, modes=modes, total=8), advice=said(treatments.FLAT_AT_DATA),
                   remedy={"penalty": ["none", "r1"], "penalty_weight": ["2.0", "1.0"]})  # fmt: skip


def test_a_line_that_opens_and_asks_for_the_remedy(page: Any, server: FakeServer) -> None:
    healthy = finding("healthy", said(signs.NO_SIGN, step=400))
    server.more = {"diagnosis": [healthy]}
    mount(page)
    frames(page, 2)
    bar, box = page.locator(".gl-doctor-bar"), page.locator(".gl-doctor")
    assert bar.inner_text().split("\n") == ["Healthy", "No sign of trouble since step 400"]
    height = box.bounding_box()["height"]
    server.more = {"diagnosis": [collapse(3), finding("critic_blind", said(HOSTILE))]}
    page.locator(".gl-doctor-bar", has_text="Mode collapse").wait_for()
    assert bar.inner_text().split("\n") == [
        "Mode collapse",
        "Since step 1,200: only 3 of 8 modes have generated samples",
        "+1",
    ]
    assert box.bounding_box()["height"] == height
    page.evaluate(WATCH_TEXT)
    turns = itertools.count()

    def changed() -> int:
        server.more = {"diagnosis": [collapse(1 + next(turns) % 5)]}
        page.wait_for_timeout(100)
        return int(page.evaluate("window.changes.length"))

    until(page, lambda: changed() >= 2)
    gaps = page.evaluate("window.changes.slice(1).map((at, i) => at - window.changes[i])")
    assert min(gaps) > 1900  # milliseconds: it can be read in peace
    server.more = {"diagnosis": [collapse(2)]}
    bar.focus()
    page.keyboard.press("Enter")
    assert bar.get_attribute("aria-expanded") == "true"
    body = page.locator(".gl-doctor-body")
    assert "Penalty: None → R1 (zero-centred, on real)" in body.inner_text()
    for text in ("Mode collapse", "Since step 1,200: only 2 of 8 modes have generated samples"):
        bar.get_by_text(text).wait_for()
        assert text not in body.inner_text(), "what the line says is not said again below it"
    says = page.locator(".gl-doctor-says")
    assert says.evaluate("e => e.scrollWidth <= e.clientWidth"), "opened, the line is shown whole"
    assert "Penalty weight: 2 → 1" in body.inner_text()
    assert "Nothing in a single verdict says what is missing." in body.inner_text()
    assert page.evaluate("window.pwned") is None
    button = page.get_by_role("button", name="Apply this")
    button.click()
    assert page.evaluate(
        "window.triggers.map(([name, value]) => [name, value.run, value.code, Object.keys(value).length])"
    ) == [["remedy", "r1", "mode_collapse", 3]]
    page.get_by_role("button", name="Being applied").wait_for()
    server.more = {
        "diagnosis": [
            finding("mode_collapse", said(signs.FEW_MODES, modes=2, total=8), advice=said(treatments.WAIT, step=9000))
        ]
    }
    page.get_by_text("Settings were changed at step 9,000").wait_for()
    assert page.locator(".gl-doctor-apply").count() == 0
    server.more = {"diagnosis": [collapse(2)]}
    page.get_by_role("button", name="Apply this").wait_for()
    mount(page, control=False)
    page.get_by_text("Penalty: None →").wait_for()
    assert page.locator(".gl-doctor-apply").count() == 0  # a viewer sees what would help
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert bar.bounding_box()["height"] >= 44


def test_the_remedy_of_a_real_run_is_applied(visitor: Callable[..., Any]) -> None:
    tab = visitor()
    tab.goto(f"/lab?c={serial.to_link(replace(RunConfig(), DOOMED))}")
    tab.get_by_role("button", name="Start training").click()
    tab.wait_for_url("**run=*")
    until(tab, lambda: tab.locator(".gl-doctor").get_attribute("data-code") == "vanishing_gradients", 120)
    tab.locator(".gl-doctor-bar").click()
    tab.get_by_role("button", name="Apply this").first.click()
    until(tab, lambda: number(tab, "marks") == 1)
    assert data(tab, "status") == "running"
    chosen = tab.get_by_role("combobox", name="Loss")
    until(tab, lambda: chosen.input_value() == "Non-saturating (log loss)")
    tab.get_by_text("Settings were changed at step").first.wait_for()
    assert tab.locator(".gl-doctor-apply").count() == 0

"""The live view of a run with an encoder, in a real Chromium: pictures drawn again, and the phases of a step without a game."""

from __future__ import annotations

from typing import Any

from live_harness import FakeServer
from test_live_component import page, server

from gan_core.config import RunConfig, replace
from gan_core.phases import VAE_CODES
from gan_core.runs.preview import preview_frame
from pages._ui.live import live_data
from pages._ui.live_words import LABELS, live_labels

__all__ = ["page", "server"]  # fixtures

TINY: dict[str, Any] = {
    "data.name": "digits", "data.image_size": 8, "generator.network": "dcgan", "discriminator.network": "dcgan", "generator.width": 4,
    "discriminator.width": 4, "penalty": "none", "device": "cpu", "threads": 1,
}  # fmt: skip


def mount(page: Any, **data: Any) -> None:
    given = {
        "run_id": "r1",
        "token": "r1:a",
        "frame": None,
        "labels": live_labels(str),
        "kind": "images",
        "can_control": True,
    } | data
    page.evaluate("data => window.mount(data)", live_data(**given))


def preview(method: str) -> bytes | None:
    return preview_frame(replace(RunConfig(), TINY | {"method": method}))


def test_real_pictures_are_drawn_again_between_the_others(page: Any) -> None:
    mount(page, run_id=None, token=None, frame=preview("vae"))
    captions = page.locator(".gl-images figcaption")
    rebuilt = page.locator(".gl-grid-rebuilt canvas")
    rebuilt.wait_for()
    assert captions.all_inner_texts() == ["Real", "Drawn again", "Generated"]
    boxes = [page.locator(f".gl-grid-{role} canvas").bounding_box() for role in ("real", "rebuilt", "fake")]
    assert len({round(box["width"]) for box in boxes}) == len({round(box["y"]) for box in boxes}) == 1
    rebuilt.click(position={"x": 20, "y": 20})
    assert page.locator(".gl-dialog-bar span").inner_text() == "Drawn again · row 1, column 1"
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth <= 390")
    mount(page, run_id=None, token=None, frame=preview("gan"), stamp=10**18)
    rebuilt.wait_for(state="hidden")


def test_a_step_without_a_game_has_phases_of_its_own(page: Any, server: FakeServer) -> None:
    server.kind = "images"
    server.more = {"status": "paused", "settings": {"method": "vae"}, "phase": {
        "code": "v.loss", "index": 4, "count": 7, "players": "both", "formula": "L = …", "layers": [],
        "repeat": {"round": 1, "rounds": 1, "part": 1, "parts": 1}, "values": {"reconstruction": 80.0, "kl": 12.5, "beta": 1.0}}}  # fmt: skip
    mount(page)
    page.wait_for_function(
        "() => +(document.getElementById('host').shadowRoot.querySelector('.gl').dataset.frames || 0) >= 1"
    )
    page.get_by_role("button", name="More").click()
    assert page.locator(".gl-button-more").get_attribute("data-tip") == "Slow motion, New seed"
    assert page.get_by_role("menuitem", name="D step").is_hidden()
    assert page.get_by_role("menuitem", name="G step").is_hidden()
    page.get_by_role("menuitem", name="Slow motion").click()
    page.get_by_text("4 · The loss that both share").wait_for()
    stations = page.locator(".gl-station")
    assert [station.get_attribute("data-code") for station in stations.all()] == list(VAE_CODES)
    assert stations.evaluate_all("all => all.filter((s) => s.classList.contains('gl-passed')).length") == 3
    assert page.locator(".gl-slow-numbers dt").all_inner_texts() == [
        LABELS[f"phase.value.{name}"] for name in ("reconstruction", "kl", "beta")
    ]
    server.more = {"status": "paused", "settings": {"method": "gan"}}
    page.wait_for_function(
        "() => document.getElementById('host').shadowRoot.querySelectorAll('.gl-station').length === 12"
    )

"""The histograms of D's outputs on pictures in a real browser: three series, and what to look for."""

from typing import Any

import numpy as np
from live_harness import FakeServer
from test_live_component import frames, mount, page, server

from pages._ui.i18n import translator

__all__ = ["page", "server"]  # fixtures


def shown(page: Any, server: FakeServer, *, held: float = 0.5, kind: str = "critic", **more: Any) -> Any:
    """The panel of a run whose D gives 2 to training pictures, −1 to generated ones and `held` to held-out ones, on average."""
    rng = np.random.default_rng(0)
    server.kind, server.more = "images", {"verdicts": {"step": 1200, "kind": kind, "pictures": 128}}
    for name, mean in (("real", 2.0), ("held", held), ("live", -1.0)):
        spread = rng.normal(0, 0.3, 128)
        server.measured[f"logits_{name}"] = (mean + spread - spread.mean()).astype(np.float32)
    mount(page, kind="images", **more)
    frames(page, 2, timeout=60_000)  # the first one imports what takes seconds on a busy machine
    panel = page.locator(".gl-outputs")
    panel.wait_for()
    return panel


def test_three_series_with_their_means_and_the_way_between(page: Any, server: FakeServer) -> None:
    panel = shown(page, server)
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


def test_probabilities_are_percentages(page: Any, server: FakeServer) -> None:
    panel = shown(page, server, kind="probability")
    assert all(text.endswith("%") for text in panel.locator(".gl-series b").all_inner_texts())


def test_held_out_pictures_that_look_as_real_are_no_way_off(page: Any, server: FakeServer) -> None:
    panel = shown(page, server, held=2.0)
    assert "lie 0 % of the way" in panel.locator(".gl-outputs-note").inner_text()


def test_its_sentences_stand_apart_as_their_language_wants(page: Any, server: FakeServer) -> None:
    note = shown(page, server).locator(".gl-outputs-note").inner_text()
    assert ". Held-out pictures" in note
    assert ". The same 128 pictures" in note
    chinese = shown(page, server, translate=translator("zh_CN").gettext).locator(".gl-outputs-note").inner_text()
    assert "\u3002" in chinese
    assert "\u3002 " not in chinese

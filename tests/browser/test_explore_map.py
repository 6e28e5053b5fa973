"""The map of the Latent Explorer in the whole app: made, swept over, and the worst samples found, of a real run."""

from collections.abc import Callable
from typing import Any

PIXELS = "canvas => canvas.toDataURL()"


def changed(page: Any, canvas: Any, before: str) -> str:
    """The pixels of the canvas, once they are not these any more."""
    for _ in range(200):
        now = str(canvas.evaluate(PIXELS))
        if now != before:
            return now
        page.wait_for_timeout(50)
    raise AssertionError("the picture stayed the same")


def still(page: Any, canvas: Any) -> None:
    """Waits until two looks at the canvas see the same."""
    before = ""
    while (now := str(canvas.evaluate(PIXELS))) != before:
        before = now
        page.wait_for_timeout(300)


def test_a_map_is_made_and_swept_over(visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]) -> None:
    run, state = rested("digits")
    page = visitor(storage_state=state)
    page.goto(f"/latent?run={run}&tool=map")
    maps = page.locator(".gx-maps[data-map^=pca]")
    maps.wait_for()
    assert "600 samples" in maps.locator(".gx-map-state").inner_text()
    assert maps.locator(".gx-legend-kinds > span").count() == 10
    picture, surface = page.locator(".gx-picture"), page.locator(".gx-map-canvas")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    now = str(picture.evaluate(PIXELS))
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    for i in range(1, 4):  # each place on the way is drawn
        page.mouse.move(box["x"] + (0.2 + 0.15 * i) * box["width"], box["y"] + (0.3 + 0.1 * i) * box["height"], steps=4)
        now = changed(page, picture, now)
    page.mouse.up()
    still(page, picture)
    # map and grid are one: a sample beside the map is gone to, and lies where the mark is
    before = str(picture.evaluate(PIXELS))
    marks = str(surface.evaluate(PIXELS))
    page.locator(".gx-mapnear").nth(7).click()
    changed(page, picture, before)
    changed(page, surface, marks)
    there = str(picture.evaluate(PIXELS))
    page.locator(".gx-stage-tools [data-do=undo]").click()
    assert changed(page, picture, there) == before
    # the same latents at another step
    step = page.locator(".gx-maps").get_attribute("data-step")
    page.locator(".gx-moment input[type=range]").press("Home")
    page.wait_for_function(
        "step => [...document.querySelectorAll('*')].some(e => { const maps = (e.shadowRoot ?? e).querySelector?.('.gx-maps');"
        " return maps && maps.dataset.step !== step && maps.querySelector('.gx-map-state').textContent.includes('kept'); })",
        arg=step,
    )
    page.get_by_text("Beside step").click()
    assert page.locator(".gx-mapnear").first.locator("canvas:visible").count() == 2
    # t-SNE called off by the next question, which is answered
    page.locator(".gx-moment input[type=range]").press("End")
    differ = page.locator(".gx-map-differ")
    assert "means little" in differ.inner_text()
    page.locator(".gl-choice[data-code=tsne]").click()
    page.locator(".gx-map-state", has_text="%").wait_for()
    page.locator(".gl-choice[data-code=umap]").click()
    page.locator(".gx-maps[data-map^=umap]").wait_for()
    before = str(picture.evaluate(PIXELS))
    page.locator(".gx-mapnear").nth(3).click()
    changed(page, picture, before)
    page.locator(".gl-choice[data-code=slice]").click()
    page.locator(".gx-maps[data-map=slice]").wait_for()
    assert not differ.is_visible()
    page.locator(".gx-legend-bar").wait_for()  # of the shading
    before = str(picture.evaluate(PIXELS))
    surface.click(position={"x": 40, "y": 40})
    changed(page, picture, before)
    page.locator(".gx-tab[data-tool=weak]").click()
    page.locator(".gx-weak[data-step]").wait_for()
    for sort in ("low", "far", "holes"):
        assert page.locator(f".gx-weak-row[data-sort={sort}] figure").count() == 12
    before = str(picture.evaluate(PIXELS))
    page.locator(".gx-weak-row[data-sort=far] .gx-weak-go").first.click()
    changed(page, picture, before)

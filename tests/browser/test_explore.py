"""The Latent Explorer in a real Chromium: the pad and the sliders move the picture while they are held, and every way back works."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

PIXELS = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join()"


def explored(page: Any, run: str, **query: str) -> Any:
    """The explorer of a run, with its first picture."""
    more = "".join(f"&{name}={value}" for name, value in query.items())
    page.goto(f"/latent?run={run}{more}")
    root = page.locator(".gx")
    page.locator(".gx[data-drawn]").wait_for()
    return root


def drawn(page: Any) -> int:
    return int(page.locator(".gx").get_attribute("data-drawn"))


def picture(page: Any) -> str:
    """The pixels of the current place."""
    return str(page.locator(".gx-picture").evaluate(PIXELS))


def settled(page: Any) -> str:
    """The picture once nothing changes it any more."""
    before = picture(page)
    while True:
        page.wait_for_timeout(250)
        after = picture(page)
        if after == before:
            return after
        before = after


@pytest.fixture
def digits(rested: Callable[..., tuple[str, Any]]) -> tuple[str, Any]:
    """A run on digits that rests, and the state of the browser that it belongs to."""
    return rested("digits")


@pytest.fixture
def page(digits: Any, visitor: Callable[..., Any]) -> Any:
    found = visitor(storage_state=digits[1])
    explored(found, digits[0])
    return found


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """The place of the pad at these shares of its width and height."""
    canvas = page.locator(".gx-pad-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def test_the_picture_follows_the_pointer_before_it_is_let_go(page: Any) -> None:
    first = settled(page)
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, 0.3, 0.3), steps=4)
    middle = settled(page)
    page.mouse.move(*at(page, 0.8, 0.7), steps=4)
    late = settled(page)
    assert len({first, middle, late}) == 3
    page.mouse.up()
    assert settled(page) == late


def test_a_corner_is_exactly_its_sample(page: Any) -> None:
    page.locator(".gx-number").fill("2")
    page.locator(".gx-number").press("Enter")
    wanted = settled(page)
    page.locator(".gx-pad-canvas").focus()
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, 1.3, 1.3), steps=3)
    page.mouse.up()
    assert settled(page) == wanted  # the corner at the lower right is seed 2


def test_every_change_can_be_undone_and_done_again(page: Any) -> None:
    seen = [settled(page)]
    for _ in range(2):
        page.get_by_role("button", name="Random", exact=True).first.click()
        page.wait_for_timeout(300)
        seen.append(settled(page))
    assert len(set(seen)) == 3
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    for wanted in (seen[1], seen[0]):
        undo.click()
        page.wait_for_timeout(300)
        assert settled(page) == wanted
    expect(undo).to_be_disabled()
    for wanted in (seen[1], seen[2]):
        redo.click()
        page.wait_for_timeout(300)
        assert settled(page) == wanted


def test_sliders_move_it_and_give_it_back(page: Any) -> None:
    first = settled(page)
    page.get_by_role("tab", name="Sliders").click()
    for how in ("ganspace", "sefa", "chance", "axes"):
        page.locator(f".gl-choice[data-code={how}]").click()
        slider = page.locator(".gx-slider input").first
        slider.wait_for()
        page.wait_for_timeout(200)
        slider.focus()
        for _ in range(8):
            slider.press("PageUp")
        page.wait_for_timeout(300)
        assert settled(page) != first
        page.locator(".gx-slider .gx-back").first.click()
        page.wait_for_timeout(300)
        assert settled(page) == first
    slider.press("End")
    page.wait_for_timeout(300)
    assert settled(page) != first
    page.get_by_role("button", name="Reset all").click()
    page.wait_for_timeout(300)
    assert settled(page) == first


def test_a_seed_that_is_none_is_said(page: Any) -> None:
    before = settled(page)
    page.locator(".gx-number").fill("-3")
    page.locator(".gx-number").press("Enter")
    expect(page.get_by_text("A seed is a whole number")).to_be_visible()
    assert settled(page) == before


def test_what_is_said_is_in_sight_wherever_the_page_is_scrolled_to_and_goes_with_the_next_place(
    digits: Any, visitor: Callable[..., Any]
) -> None:
    page = visitor(390, 844, storage_state=digits[1])
    explored(page, digits[0], tool="units")
    page.locator(".gx-unit").nth(40).scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    page.locator(".gx-number").fill("1.5")
    page.locator(".gx-number").press("Enter")
    note = page.get_by_text("A seed is a whole number")
    expect(note).to_be_in_viewport(ratio=1)
    above = note.bounding_box()
    assert (
        page.locator(".gx-data .gx-frame").bounding_box()["y"] >= above["y"] + above["height"] - 4
    )  # not over the picture
    page.locator("[data-do=random]").click()
    expect(note).to_have_count(0)


@contextmanager
def damaged(run: Path, name: str, whole: int) -> Iterator[str]:
    """A copy of a run, of whose states only so many of the oldest are not cut short."""
    copy = run.with_name(name)
    shutil.copytree(run, copy)
    try:
        states = sorted(copy.rglob("*.safetensors"), key=lambda file: (file.parent.name != "history", file.name))
        for file in states[whole:]:
            file.write_bytes(file.read_bytes()[:300])
        yield name
    finally:
        shutil.rmtree(copy)


def test_of_a_run_whose_last_states_are_damaged_an_earlier_one_is_explored(
    digits: Any, visitor: Callable[..., Any], app_folder: Path
) -> None:
    run = app_folder / "runs" / digits[0]
    page = visitor(390, 844)
    with damaged(run, "digits-20200101-000000-0dd0dd", 1) as name:
        explored(page, name)
        expect(page.get_by_text("is not a whole checkpoint")).to_be_visible()
        before, count = settled(page), drawn(page)
        page.locator("[data-do=random]").click()
        expect(page.locator(".gx")).not_to_have_attribute("data-drawn", str(count))
        assert settled(page) != before
    with damaged(run, "digits-20200102-000000-0dd0dd", 0) as name:
        page.goto(f"/latent?run={name}")
        expect(page.get_by_text("is not a whole checkpoint")).to_be_visible()  # and the page is not just empty


def test_other_corners_by_their_menu_and_by_the_keyboard(page: Any) -> None:
    page.locator(".gx-corner button").first.click()
    page.locator(".gx-corner [data-code=random]").first.click()
    expect(page.locator(".gx-corner").first).not_to_contain_text("Seed 0")
    before = settled(page)
    page.locator(".gx-pad-canvas").focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert settled(page) != before
    page.get_by_label("How many corners").select_option("6")
    expect(page.locator(".gx-corner")).to_have_count(6)


def test_a_run_that_is_not_there_is_said(digits: Any, visitor: Callable[..., Any]) -> None:
    page = visitor(storage_state=digits[1])
    page.goto("/latent?run=digits-20200101-000000-abcdef")
    expect(page.get_by_text("There is no such run here any more")).to_be_visible()
    page.locator(".gx[data-drawn]").wait_for()  # another one is explored instead


def test_one_step_back_in_the_browser_is_the_run_before(
    digits: Any, visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]
) -> None:
    ring, _ = rested("ring", "lab")
    page = visitor(storage_state=digits[1])
    explored(page, ring)
    shown = page.locator(".gx-all")
    page.get_by_test_id("stMain").get_by_test_id("stSelectbox").click()
    page.get_by_role("option").filter(has_text=digits[0]).click()
    expect(shown).to_have_attribute("data-kind", "images")
    page.go_back()
    expect(shown).to_have_attribute("data-kind", "points")
    page.wait_for_url(f"**run={ring}")


def test_noise_and_data_of_points_side_by_side(
    visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]]
) -> None:
    run, state = rested("ring", "lab")
    page = visitor(width=390, height=844, storage_state=state)
    explored(page, run)
    before, count = settled(page), drawn(page)
    noise = page.locator(".gx-noise canvas")
    box = noise.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"], steps=6)
    page.wait_for_timeout(500)
    assert drawn(page) > count + 1
    page.mouse.up()
    assert settled(page) != before
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for corner in page.locator(".gx-corner").all():  # a menu is within the page, wherever it is opened
        corner.locator(".gx-slot-button").click()
        menu = corner.get_by_role("menu").bounding_box()
        assert menu["x"] >= 0
        assert menu["x"] + menu["width"] <= 390
        page.keyboard.press("Escape")


def test_a_run_that_trains_is_followed_or_held(visitor: Callable[..., Any]) -> None:
    page = visitor()
    page.goto("/images?preset=digits")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/*run=*")
    page.get_by_role("button", name="Explore", exact=True).click()
    page.locator(".gx[data-drawn]").wait_for()
    root = page.locator(".gx")
    first = root.get_attribute("data-step")
    expect(root).not_to_have_attribute("data-step", first, timeout=60_000)  # it goes on by itself
    follow = page.get_by_role("button", name="Follow the training")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "false")
    held = root.get_attribute("data-step")
    page.wait_for_timeout(7000)  # not until the next moment is kept: the run might have ended by then
    assert root.get_attribute("data-step") == held
    page.get_by_role("slider", name="Moment of the run").press("Home")
    expect(root).not_to_have_attribute("data-step", held)
    page.get_by_role("button", name="Open in its lab").click()
    page.locator(".gl-button[data-do=pause]:enabled").click()

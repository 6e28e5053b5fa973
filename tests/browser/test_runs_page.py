"""The Runs page in a real browser: a table drawn on a canvas, pressed where a person presses it."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from test_app import SCREENSHOTS, data, number, press, start, until

from pages._ui.i18n import languages

Visitor = Callable[..., Any]
ROW, HEAD = 64, 38  # pixels


def rows(page: Any) -> list[list[str]]:
    """What the table says to those who cannot see its canvas."""
    found = page.locator("[data-testid=stDataFrame] canvas table tbody tr")
    return [row.locator("td").all_inner_texts() for row in found.all()]


def top(page: Any) -> list[str]:
    """Its first row; empty while it is drawn anew."""
    return next(iter(rows(page)), [])


def tick(page: Any, n: int) -> None:
    """Press the box of row n."""
    table = page.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    table.click(position={"x": 16, "y": HEAD + ROW * n + ROW // 2})


def is_dark(page: Any) -> bool:
    ground = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    return sum(map(int, re.findall(r"\d+", ground)[:3])) < 384


def runs_page(page: Any) -> None:
    page.goto("/runs")
    page.get_by_role("heading", name="Runs", exact=True).wait_for()


def picture(page: Any, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"), full_page=True)


def test_name_branch_delete_and_undo(visitor: Visitor) -> None:
    page = visitor()
    start(page)
    until(page, lambda: number(page, "step") > 200)
    press(page, "Pause", "paused")
    runs_page(page)
    until(page, lambda: page.get_by_test_id("stDataFrame").count() == 1)
    tick(page, 0)
    page.get_by_role("heading", name="Ring of Gaussians").wait_for()
    assert "run=ring-" in page.url
    page.get_by_label("Name", exact=True).fill("Mine alone")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Mine alone").wait_for()
    until(page, lambda: any("Mine alone" in row for row in rows(page)))
    assert page.locator("[data-testid=stImage] img").evaluate("image => image.naturalWidth") == 640
    until(page, lambda: page.locator(".st-key-runs-curves .main-svg").count() > 0)
    picture(page, "runs")
    before = page.locator("[data-testid=stImage] img").get_attribute("src")
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    until(page, lambda: page.locator("[data-testid=stImage] img").get_attribute("src") != before)
    page.get_by_role("button", name="Branch from here").click()
    page.wait_for_url("**/lab?**run=*")
    until(page, lambda: page.locator(".gl").count() > 0 and data(page, "status") == "paused")
    press(page, "Resume", "running")
    press(page, "Stop", "stopped")
    runs_page(page)
    until(page, lambda: len(rows(page)) >= 2)
    tick(page, 0)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("Deleted: 1 run.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Deleted: 1 run.").wait_for(state="hidden")
    until(page, lambda: len(rows(page)) >= 2)


def test_a_run_that_trains_moves_in_the_table(visitor: Visitor) -> None:
    page = visitor()
    start(page, "moons")
    runs_page(page)
    page.get_by_label("Search", exact=True).fill("moons")
    page.keyboard.press("Enter")
    until(page, lambda: all("Two moons" in row for row in rows(page)) and "Training" in top(page))
    first = top(page)
    until(page, lambda: top(page) not in ([], first))
    tick(page, 0)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Resume", exact=True).wait_for()
    until(page, lambda: "Paused" in top(page))


def test_a_refresh_that_comes_late_does_not_empty_the_next_page(visitor: Visitor) -> None:
    """The browser asks for fresh figures again and again, and once more while it is being led to another page."""
    page = visitor()
    late: list[bytes] = []
    leaving = False

    def listen(socket: Any) -> None:
        server = socket.connect_to_server()

        def from_page(message: Any) -> None:
            asked = BackMsg()
            if isinstance(message, bytes):
                asked.ParseFromString(message)
            if asked.rerun_script.fragment_id and asked.rerun_script.is_auto_rerun:
                late[:] = [message]
            server.send(message)

        def from_server(message: Any) -> None:
            socket.send(message)
            if leaving:
                server.send(late[0])

        socket.on_message(from_page)
        server.on_message(from_server)

    page.route_web_socket("**/_stcore/stream", listen)
    start(page)
    press(page, "Pause", "paused")
    runs_page(page)
    until(page, lambda: page.get_by_test_id("stDataFrame").count() == 1)
    late.clear()
    tick(page, 0)
    page.get_by_role("heading", name="Ring of Gaussians").wait_for()
    until(page, lambda: bool(late))
    leaving = True
    page.get_by_test_id("stBaseButton-primary").filter(has_text="Open").first.click()
    page.wait_for_url("**/lab?**run=*")
    page.wait_for_timeout(2000)
    leaving = False
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "frames") > 0)
    assert page.locator(".gl").is_visible()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_is_cut_off(visitor: Visitor, width: int, height: int) -> None:
    page = visitor(width, height)
    for code in languages():
        page.emulate_media(color_scheme="light")
        runs_page(page) if code == "en" else page.goto(f"/runs?lang={code}")
        until(page, lambda: page.get_by_test_id("stDataFrame").count() == 1)
        tick(page, 0)
        until(page, lambda: page.locator(".st-key-runs-curves .main-svg").count() > 0)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            until(page, lambda scheme=scheme: is_dark(page) == (scheme == "dark"))
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            main = page.get_by_test_id("stMain")
            assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
            boxes = page.locator("[data-testid=stMain] button:visible").evaluate_all(
                "all => all.map((e) => e.getBoundingClientRect()).map((b) => [b.left, b.right])"
            )
            assert boxes
            assert all(left >= 0 and right <= width for left, right in boxes)
            picture(page, f"runs-{width}-{scheme}-{code}")


@pytest.fixture
def beside(app_folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command line, training in the server's data folder."""
    command = [sys.executable, "-m", "gan_core.cli", "train", "--preset", "gan_lab", "--seconds", "200"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(app_folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait()


def test_a_run_of_the_command_line_is_seen_live(visitor: Visitor, beside: subprocess.Popen[bytes]) -> None:
    page = visitor()
    runs_page(page)
    page.get_by_label("Show", exact=True).click()
    page.get_by_role("option", name="Training or waiting").click()
    until(page, lambda: any("Two Gaussians" in row for row in rows(page)))  # those of other tests may train too
    tick(page, ["Two Gaussians" in row for row in rows(page)].index(True))
    page.get_by_text("Another process trains this run").wait_for()
    page.get_by_test_id("stBaseButton-primary").filter(has_text="Open").first.click()
    page.wait_for_url("**/lab?**run=*")
    until(page, lambda: page.locator(".gl").count() > 0 and number(page, "step") > 0)
    assert data(page, "status") == "running"
    step = number(page, "step")
    until(page, lambda: number(page, "step") > step)
    assert not page.locator(".gl-button[data-do=pause]").is_visible()
    beside.kill()
    until(page, lambda: page.locator(".gl-button[data-do=resume]:enabled").count() > 0)
    assert data(page, "status") == "paused"
    press(page, "Resume", "running")

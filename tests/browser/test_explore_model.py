"""A generator leaves the Latent Explorer as a file, and is explored by somebody else as a model of their own."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from test_explore import explored, settled, trained


def test_a_generator_is_saved_brought_and_deleted(visitor: Callable[..., Any], tmp_path: Path) -> None:
    page = visitor()
    explored(page, trained(page, "digits"))
    wanted = settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save generator").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    other = visitor()
    other.goto("/latent")
    other.get_by_role("button", name="Own model").click()
    pickled = tmp_path / "weights.pt"
    pickled.write_bytes(pickle.dumps({"weights": 1}))
    other.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(pickled)
    expect(other.get_by_text("Such files run code when they are opened")).to_be_visible()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(file.read_bytes()[:-100])
    other.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(broken)
    expect(other.get_by_text("damaged, cut short, or of another kind")).to_be_visible()
    other.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)
    other.wait_for_url("**/latent?*run=model-*")
    other.locator(".gx[data-drawn]").wait_for()
    assert settled(other) == wanted
    expect(other.get_by_role("button", name="Follow the training")).to_be_hidden()
    expect(other.get_by_role("button", name="Open in its lab")).to_have_count(0)
    other.get_by_role("button", name="Random", exact=True).first.click()
    other.wait_for_timeout(300)
    assert settled(other) != wanted

    model = other.url
    other.get_by_role("button", name="Own model").click()
    other.get_by_role("button", name="Delete").click()
    other.wait_for_url(lambda url: "run=model-" not in url)
    other.goto(model)
    expect(other.get_by_text("There is no such run here any more")).to_be_visible()

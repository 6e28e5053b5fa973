"""Models of one's own: a generator leaves the Latent Explorer as a file and is explored by somebody else; another program's comes as ONNX."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _onnx
from playwright.sync_api import expect
from test_explore import explored, settled


def test_a_generator_is_saved_brought_and_deleted(
    visitor: Callable[..., Any], rested: Callable[..., tuple[str, Any]], tmp_path: Path
) -> None:
    run, state = rested("digits")
    page = visitor(storage_state=state)
    explored(page, run)
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


def test_another_programs_generator_is_brought_and_the_pad_draws_it(
    visitor: Callable[..., Any], tmp_path: Path
) -> None:
    page = visitor()
    page.goto("/latent")
    page.get_by_role("button", name="Own model").click()
    upload = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(_onnx.of_network()[:-50])
    upload.set_input_files(broken)
    expect(page.get_by_text("is no ONNX model")).to_be_visible()
    file = tmp_path / "mine.onnx"
    file.write_bytes(_onnx.of_network(_onnx.network(37), latent=("N", "D")))
    upload.set_input_files(file)
    explore = page.get_by_role("button", name="Explore it")
    explore.click()
    expect(page.get_by_text("does not run with noise of 100 numbers")).to_be_visible()
    size = page.get_by_role("spinbutton", name="Latent size")
    size.fill("37")
    size.press("Tab")
    explore.click()
    page.wait_for_url("**/latent?*run=model-*")
    expect(page.get_by_role("button", name="Save generator")).to_be_hidden()
    for code, count in (
        ("units", 0),
        ("weak", 0),
        ("nearest", 0),
        ("pad", 1),
        ("map", 1),
        ("project", 1),
        ("truncation", 1),
    ):
        expect(page.locator(f".gx-tab[data-tool={code}]")).to_have_count(count)
    expect(page.locator(".gx-pad-canvas")).to_be_visible()
    page.wait_for_timeout(500)
    before = settled(page)
    box = page.locator(".gx-pad-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    assert settled(page) != before

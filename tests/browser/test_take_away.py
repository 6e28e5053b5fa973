"""A whole run taken away from its lab as a file, and brought back on the page Runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from test_app import until


def test_a_run_goes_out_and_comes_in(visitor: Callable[..., Any], tmp_path: Path, app_folder: Path) -> None:
    page = visitor()
    page.goto("/lab?preset=ring")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**run=*")
    run = str(page.url.split("run=")[1])
    until(page, lambda: any((app_folder / "runs" / run / "checkpoints").glob("*.safetensors")))
    page.get_by_role("button", name="Export").click()
    page.get_by_role("combobox", name="What to take away").click()
    page.get_by_role("option", name="Whole run (ZIP)").click()
    page.get_by_role("button", name="Pack the run").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    brought = tmp_path / download.value.suggested_filename
    download.value.save_as(brought)
    assert brought.name.endswith(".run.zip")
    before = {path.name for path in (app_folder / "runs").iterdir()}
    page.goto("/runs")
    page.get_by_role("button", name="Import a run").click()
    (tmp_path / "other.zip").write_bytes(b"PK")
    chooser = page.get_by_role("dialog").locator("input[type=file]")
    expect(chooser).to_have_count(1)
    first = chooser.element_handle()
    chooser.set_input_files(tmp_path / "other.zip")
    expect(page.get_by_role("dialog").get_by_text("is no run that was exported")).to_be_visible()
    page.wait_for_function("chooser => !chooser.isConnected", arg=first)  # for a moment both are there
    expect(chooser).to_have_count(1)
    chooser.set_input_files(brought)
    page.get_by_role("dialog").wait_for(state="detached")
    expect(page.get_by_text("The run is here.")).to_be_visible()
    (new,) = {path.name for path in (app_folder / "runs").iterdir()} - before
    page.wait_for_url(f"**run={new}")
    assert (app_folder / "runs" / new / "checkpoints").is_dir()

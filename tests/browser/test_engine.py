"""A run on a fresh server is compiled while somebody watches: the picture goes on moving, and the label says when it has changed over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Watcher, free_port, wait_for
from test_app import number, start, until

from gan_core.engine import orders

PATIENCE = 400.0


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.skipif(not orders.compiler(), reason="no C++ compiler (g++ or clang++)")
def test_a_run_changes_over_while_it_is_watched(browser: Any, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        sys.executable,
        "-m",
        "gan_core.cli",
        "--no-browser",
        "--port",
        str(port),
        "--data-dir",
        str(tmp_path),
        "--engine",
        "auto",
    ]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(f"{address}/api/health", process)
        context = browser.new_context(base_url=address)
        context.set_default_timeout(PATIENCE * 1000)
        watcher, page = Watcher(context), context.new_page()
        start(page, "gan_lab")
        label = page.locator(".gl-engine")
        until(page, lambda: label.inner_text() == "compiling")
        frames = number(page, "frames")
        until(page, lambda: number(page, "frames") >= frames + 20)
        until(page, lambda: label.inner_text() == "compiled", PATIENCE)
        step, frames = number(page, "step"), number(page, "frames")
        until(page, lambda: number(page, "frames") >= frames + 20)
        assert number(page, "step") > step
        page.get_by_role("button", name="Reset", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Reset").click()
        until(page, lambda: number(page, "step") < step and label.inner_text() == "compiled")  # the program is kept
        context.close()
        assert watcher.unexpected() == []
    finally:
        process.terminate()
        assert process.wait(60) == 0

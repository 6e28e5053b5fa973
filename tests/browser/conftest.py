"""A real Chromium for the browser tests."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
INSTALL = """No Chromium was found for the browser tests. Install one, for example
    Debian, Ubuntu:  sudo apt-get install chromium
    Fedora:          sudo dnf install chromium
    macOS:           brew install --cask chromium
    Windows:         winget install Google.Chrome
or any of them:      playwright install chromium
or name one:         GAN_PLAYGROUND_CHROMIUM=/path/to/chromium pytest"""


def chromium_path() -> str | None:
    """The browser to use: the one named in GAN_PLAYGROUND_CHROMIUM, else the first that is installed."""
    named = os.environ.get("GAN_PLAYGROUND_CHROMIUM")
    found = (
        [named]
        if named
        else [shutil.which(name) for name in NAMES] + [place for place in PLACES if Path(place).exists()]
    )
    return next((path for path in found if path), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One Chromium for the whole test session; each test opens its own context. Skips, saying how to install one."""
    path = chromium_path()
    if path is None:
        pytest.skip(INSTALL)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield instance
        instance.close()

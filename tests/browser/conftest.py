"""A real Chromium, a real server, and visitors whose every error fails the test."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_harness import FakeServer, start
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--process-per-site"]  # a page of a context that has others need not start a process and read the same scripts again  # fmt: skip
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


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One Chromium for the whole test session; each test opens its own context. Without one: skips, saying how to install
    one, or fails where GAN_PLAYGROUND_REQUIRE_BROWSER is 1 (on a build server)."""
    path = chromium_path()
    if path is None:
        if os.environ.get("GAN_PLAYGROUND_REQUIRE_BROWSER") == "1":
            pytest.fail(INSTALL, pytrace=False)
        pytest.skip(INSTALL)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # a busy machine takes its time; what never comes fails all the same
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield instance
        instance.close()


@pytest.fixture(scope="session")
def stage(browser: Any) -> Iterator[Any]:
    """The context of the tests that show the live view without the app: its process and its scripts are made once, since one page stays."""
    fake = FakeServer()
    runner, context = start(fake), browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    context.new_page().goto(fake.address)
    yield context
    context.close()
    runner.should_exit = True


ROOT = Path(__file__).resolve().parents[2]
# On a deep link Streamlit tries its own addresses below the page's first; only these two answers are expected.
STREAMLITS_OWN = re.compile(
    r"/(lab|compare|images|translate|latent|learn|zoo|runs|comparison)/_stcore/(health|host-config)$"
)
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the server."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def app_server(browser: object, app_folder: Path) -> Iterator[str]:
    """The address of a server that the command has started; it must stop cleanly at the end."""
    port, folder = free_port(), app_folder
    command = [sys.executable, "-m", "gan_core.cli", "--no-browser", "--port", str(port), "--data-dir", str(folder)]
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://127.0.0.1:{port}/api/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
            code = process.wait(60)
    said = (folder / "server.log").read_text(encoding="utf-8")
    assert "Traceback" not in said, said
    assert code == 0 or os.name == "nt", said


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


class Watcher:
    """Collects what goes wrong in the pages of a context."""

    def __init__(self, context: Any) -> None:
        self.problems: list[str] = []
        self.tokens: dict[str, None] = {}  # of the live views that were seen
        self._expected: set[str] = set()
        self._context, self._listens = context, {
            "page": self._page, "response": self._response, "console": self._console, "weberror": self._weberror, "dialog": self._dialog,
        }  # fmt: skip
        for event, listener in self._listens.items():
            context.on(event, listener)

    def leave(self) -> None:
        """Watch no longer."""
        for event, listener in self._listens.items():
            self._context.remove_listener(event, listener)

    def _page(self, page: Any) -> None:
        page.on("websocket", lambda socket: socket.on("framesent", self._sent))

    def _weberror(self, error: Any) -> None:
        self.problems.append(f"page error: {error.error} {error.error.stack}")

    def _sent(self, message: Any) -> None:
        if isinstance(message, str) and message.startswith('{"token"'):
            self.tokens[json.loads(message)["token"]] = None

    def _response(self, response: Any) -> None:
        if response.status == 404 and STREAMLITS_OWN.search(response.url):
            self._expected.add(response.url)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"{message.location.get('url', '')}: {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"a dialog opened: {dialog.message}")
        dialog.dismiss()

    def unexpected(self) -> list[str]:
        """Problems, without those that a response has shown to be Streamlit's own."""
        own = {
            f"{url}: Failed to load resource: the server responded with a status of 404 (Not Found)"
            for url in self._expected
        }
        return [problem for problem in self.problems if problem not in own]


def pause(page: Any) -> None:
    """What trains on it rests, if the visitor may say so."""
    button = page.locator(".gl-button[data-do=pause]:enabled")
    if button.count() and button.is_visible():
        button.click()


def rest(tokens: Iterable[str], address: str) -> None:
    """Pause the runs of these live views: what nobody looks at any more leaves the processor to the other tests."""
    for token in tokens:
        with (
            contextlib.suppress(ConnectionClosed),
            connect(address.replace("http", "ws") + "/api/live", max_size=None) as socket,
        ):
            for message in ({"token": token}, {"visible": False}, {"do": "pause"}, {"moments": True}):
                socket.send(json.dumps(message))
            while not str(socket.recv(60)).startswith(
                '{"moments"'
            ):  # the answer to the last: the others have been heard
                pass


class Shared:
    """A context for one visitor after the other: since a page of it stays, so do its process and the scripts that this has read, while
    each visitor finds no cookie and nothing kept but what it brings."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context, self.taken = None, False
        self._browser, self._address, self._stays = browser, address, None

    def take(self, state: dict[str, Any] | None) -> Any:
        """It, in the state of another context, or as a new one."""
        if self.context is None:
            self.context = self._browser.new_context(base_url=self._address)
            self.context.once("close", self._closed)
            self._stays = self.context.new_page()
            self._stays.goto("/api/health")
        if state is not None:
            self.context.add_cookies(state["cookies"])
            kept = {item["name"]: item["value"] for origin in state["origins"] for item in origin["localStorage"]}
            self._stays.evaluate("kept => Object.assign(localStorage, kept)", kept)
        self.taken = True
        return self.context

    def give_back(self) -> None:
        """Leave it as a new one."""
        for page in self.context.pages:
            if page is not self._stays:
                page.close()
        self.context.clear_cookies()
        self._stays.evaluate("localStorage.clear()")
        self.taken = False

    def _closed(self, _context: Any) -> None:
        """By a test."""
        self.context, self.taken = None, False


@pytest.fixture(scope="session")
def shared(browser: Any, app_server: str) -> Shared:
    return Shared(browser, app_server)


@pytest.fixture
def visitor(browser: Any, shared: Shared, app_server: str) -> Iterator[Callable[..., Any]]:
    """visitor() is a page in a browser of its own (another cookie); every run that it has seen is paused at the end of the test."""
    opened: list[tuple[Any, Watcher]] = []

    def arrive(
        width: int = 1440, height: int = 900, storage_state: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        if shared.taken or options:
            context = browser.new_context(base_url=app_server, storage_state=storage_state, **options)
        else:
            context = shared.take(storage_state)
        context.set_default_timeout(60_000)
        opened.append((context, Watcher(context)))
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        return page

    yield arrive
    for context, watcher in opened:
        if context is shared.context:
            shared.give_back()
            watcher.leave()
        else:
            context.close()
        rest(watcher.tokens, app_server)
    assert [problem for _context, watcher in opened for problem in watcher.unexpected()] == []


def trained(page: Any, preset: str, lab: str = "images") -> str:
    """A run of the preset that rests, some seconds old, of which a moment is saved; its id."""
    page.goto(f"/{lab}?preset={preset}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/*run=*")
    page.locator('.gl[data-status="running"]').wait_for()
    page.wait_for_timeout(3000)
    page.locator(".gl-button[data-do=pause]").click()
    page.locator('.gl[data-status="paused"]').wait_for()
    return str(page.url.split("run=")[1].split("&")[0])


@pytest.fixture(scope="session")
def rested(browser: Any, app_server: str) -> Callable[..., tuple[str, Any]]:
    """rested(preset, lab) is the id of a run that rests, and the state of the browser that it belongs to; the same for all who explore it and
    keep nothing with it."""
    made: dict[str, tuple[str, Any]] = {}

    def of(preset: str, lab: str = "images") -> tuple[str, Any]:
        if preset not in made:
            context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=app_server)
            context.set_default_timeout(120_000)
            run = trained(context.new_page(), preset, lab)
            made[preset] = run, context.storage_state()
            context.close()
        return made[preset]

    return of

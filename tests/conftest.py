"""For all tests: which ones need a browser, what it means when those did not run, and who runs what.

Several worker processes (pytest-xdist) share the tests. Those of one file stay together, since they share what was expensive to make.
A worker starts one browser and one server for all files of browser tests that it takes.
"""

import gc
import os
import sys

import pytest

os.environ.setdefault("GAN_PLAYGROUND_ENGINE", "eager")  # what is to be compiled, the tests of the engine ask for
# The cores are shared by workers, servers and browsers, so that a thread that waits for another must not spin: on a busy machine a step
# on pictures with two threads would take ten times as long. What a run is told to take, it takes still.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.fsync = lambda _file: (
    None
)  # no test pulls the plug, and what a process that is killed has written is there without it
# Every worker, and every process that a test starts, would compile all modules anew where a container forbids to keep them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.disable()  # while tests are collected, which leaves nothing to collect

_FIRST = "tests/browser/test_app.py"  # its first test has to be the first that asks a server for a page
_LONGEST = "tests/browser/"  # begun last, they would be what everybody waits for


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: (not item.nodeid.startswith(_FIRST), not item.nodeid.startswith(_LONGEST)))


def pytest_collection_finish() -> None:
    """What is there now stays: no need to look through it again and again."""
    gc.enable()
    gc.freeze()


@pytest.fixture
def measured_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs measure themselves by few samples: for tests of what else they do."""
    from gan_core.runs import looking

    monkeypatch.setattr(looking, "METRIC_SAMPLES", 100)
    monkeypatch.setattr(looking, "PICTURE_SAMPLES", 20)


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "browser" in report.keywords:
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where a browser is required, a browser test that did not run is a failure, whatever skipped it."""
    if _skipped and os.environ.get("GAN_PLAYGROUND_REQUIRE_BROWSER") == "1":
        print("\nBrowser tests were skipped:", *_skipped, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

"""For all tests: which ones need a browser, and what it means when those did not run.

Here and not beside the browser tests, so that it also holds with several worker processes (pytest-xdist); and in which order these
take the files.
"""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=_order)


def _order(item: pytest.Item) -> int:
    """Browser tests first, then what may take long, so that no process is left alone with it at the end."""
    if item.get_closest_marker("browser"):
        return 0
    return 1 if item.get_closest_marker("timeout") else 2


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

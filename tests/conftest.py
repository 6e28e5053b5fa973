"""For all tests: which ones need a browser, and what it means when those did not run.

Here and not beside the browser tests, so that it also holds with several worker processes (pytest-xdist).
"""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


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

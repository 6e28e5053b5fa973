"""For all tests: which ones need a browser, what it means when those did not run, and who runs what.

Several worker processes (pytest-xdist) share the tests. Those of one file stay together, since they share what was expensive to make;
all browser tests are one group, with one browser and one server.
"""

import os

import pytest

_FIRST = ("browser", "test_soak.py")  # the longest: begun last, they would be what everybody waits for


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        needs_browser = "browser" in getattr(item, "fixturenames", ())
        if needs_browser:
            item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group("browser" if needs_browser else item.path.name))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    mark = item.get_closest_marker("xdist_group")
    assert mark is not None
    return _FIRST.index(mark.args[0]) if mark.args[0] in _FIRST else len(_FIRST)


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

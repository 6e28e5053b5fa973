"""For all tests: which ones need a browser, what it means when those did not run, and who runs what.

Several worker processes (pytest-xdist) share the tests. Those of one file stay together, since they share what was expensive to make;
all browser tests are one group, with one browser and one server.
"""

import gc
import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("GAN_PLAYGROUND_ENGINE", "eager")  # what is to be compiled, the tests of the engine ask for
# The cores are shared by workers, servers and browsers, so that a thread that waits for another must not spin: on a busy machine a step
# on pictures with two threads would take ten times as long. What a run is told to take, it takes still.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.fsync = lambda _file: (
    None
)  # no test pulls the plug, and what a process that is killed has written is there without it
gc.disable()  # while tests are collected, which leaves nothing to collect

_FIRST = "tests/browser"  # the longest: begun last, it would be what everybody waits for


class _ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """A worker takes a whole group. (xdist_group marks do nothing in pytest-xdist 3.8 under pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The tests that one worker runs one after the other: those of a file, or all that share the browser."""
    return "tests/browser" if nodeid.startswith("tests/browser/") else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByGroup:
    return _ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: group_of(item.nodeid) != _FIRST)


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

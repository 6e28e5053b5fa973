"""Pages run as a visitor's browser runs them, from the navigation script, with a scheduler of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.runs.scheduler import Scheduler
from gan_core.runs.store import Store
from pages._ui import service

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"

Open = Callable[..., AppTest]


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    own = Scheduler(Store(tmp_path))
    with service.using(own):
        yield own
    own.close()


@pytest.fixture
def visit(scheduler: Scheduler) -> Open:
    """visit("lab.py", c="…") opens a page with a query, as a new visitor; no page may raise."""

    def start(page: str = "home.py", **query: Any) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60)
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return start

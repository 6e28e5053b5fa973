"""Code of one's own on the page: its choices are offered, a run learns with it, and what could not be loaded is said."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from _mirrored import shown
from streamlit.testing.v1 import AppTest
from test_labs import start, texts, until

from gan_core import plugins
from gan_core.errors import PluginError
from gan_core.runs.scheduler import Scheduler
from pages._ui import settings as server

Open = Callable[..., AppTest]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "plugins"


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    for file in list(plugins._loaded):
        plugins._forget(file)


def test_what_a_plugin_registers_is_a_choice_and_a_run(visit: Open, scheduler: Scheduler) -> None:
    for name in ("my_loss", "my_data"):
        plugins.load(EXAMPLES / f"{name}.py")
    app = visit("lab.py")
    for name, title, code in (("data.name", "Heart", "heart"), ("loss", "Margin", "margin")):
        choice = shown(app, "selectbox", f"lab:{name}")
        assert title in choice.options
        choice.set_value(code).run()
        assert not app.exception
    run = start(app, "lab", scheduler)
    until(lambda: run.step > 2)
    assert (run.config.data.name, run.config.loss) == ("heart", "margin")
    app.run()
    assert not app.exception


def test_what_breaks_in_a_preview_is_said_in_its_place(visit: Open, tmp_path: Path) -> None:
    text = (
        (EXAMPLES / "my_data.py")
        .read_text(encoding="utf-8")
        .replace("t = 2 *", "t = missing *")
        .replace('"heart"', '"broken"')
    )
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    plugins.load(tmp_path / "mine.py")
    app = visit("lab.py")
    shown(app, "selectbox", "lab:data.name").set_value("broken").run()
    assert not app.exception
    assert "An error in the plugin mine.py, line" in texts(app).replace("\\", "")


def test_a_plugin_that_could_not_be_loaded_is_said_and_the_page_is_there(
    visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = PluginError(plugins.BROKE, file="mine.py", line=3, error="NameError: name 'x' is not defined")
    options = replace(server.options(), plugin_problems=(problem,))
    monkeypatch.setattr(server, "options", lambda: options)
    app = visit("lab.py")
    assert not app.exception
    assert any("mine.py could not be loaded" in one.value.replace("\\", "") for one in app.warning)
    assert shown(app, "selectbox", "lab:loss").options

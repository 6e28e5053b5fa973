"""Data with parameters and data of one's own, as pages show them: controls, the dialog's table, what is wrong said in its place."""

from collections.abc import Callable
from typing import Any

import pytest
from _mirrored import shown
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets, serial
from gan_core.config import RunConfig
from gan_core.data import drawing, table
from gan_core.runs.scheduler import Scheduler

Open = Callable[..., AppTest]
GOOD = b"name,height,weight\n" + b"".join(b"p,%d,%d\n" % (150 + i, 50 + i) for i in range(40)) + b"q,n/a,3\n"


def draft(app: AppTest) -> RunConfig:
    config = app.session_state["lab.draft"]
    assert isinstance(config, RunConfig)
    return config


def slider(app: AppTest, name: str) -> Any:
    return shown(app, "slider", f"lab:data.{name}")


def test_parameters_show_the_sets_own_values_and_lead_back(visit: Open) -> None:
    app = visit("lab.py")
    assert [slider(app, name).value for name in ("modes", "radius", "sigma", "imbalance")] == [8, 1.0, 0.01, 1.0]
    assert (slider(app, "modes").min, slider(app, "modes").max) == (2, 32)
    assert "this set has 8" in slider(app, "modes").help
    slider(app, "modes").set_value(5).run()
    slider(app, "imbalance").set_value(10.0).run()
    assert (draft(app).data.modes, draft(app).data.imbalance) == (5, 10.0)
    assert slider(app, "modes").value == 5
    app.sidebar.button(key="lab.own-values").click().run()
    assert draft(app) == presets.load("ring")
    slider(app, "modes").set_value(5).run()
    slider(app, "modes").set_value(8).run()  # the set's own value, set by hand
    assert draft(app) == presets.load("ring")


def test_another_set_begins_with_its_own_values(visit: Open) -> None:
    app = visit("lab.py")
    slider(app, "modes").set_value(5).run()
    shown(app, "selectbox", "lab:data.name").set_value("three_blobs").run()
    assert not app.exception
    assert slider(app, "modes").value == 3
    assert draft(app).data.modes == 0
    shown(app, "selectbox", "lab:data.name").set_value("spiral").run()
    assert slider(app, "turns").value == 1.5


def test_a_changed_parameter_waits_for_a_new_run(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    app.button(key="lab.start").click().run()
    (run,) = scheduler.sessions()
    slider(app, "modes").set_value(5).run()
    assert "A new run is needed for: Modes" in "\n".join(c.value for c in app.caption)
    assert run.expected_config == presets.load("ring")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (f"1;data.name=table;data.table={'0' * 64}", "not on this server"),
        ("1;data.name=drawing;data.drawing=eNpjYBgFo2AUDG8AAAkAAAE", r"drawing cannot be"),
        ("1;data.name=ring;data.modes=1", "Allowed: 2 to 32"),
    ],
)
def test_a_link_that_cannot_be_followed_says_so_and_the_page_stays(visit: Open, link: str, words: str) -> None:
    app = visit("lab.py", c=link)
    assert words in "\n".join(e.value for e in [*app.error, *app.warning]).replace("\\", "")
    shown(app, "selectbox", "lab:data.name").set_value("moons").run()
    assert not app.exception
    assert not app.error
    assert draft(app).data.name == "moons"


def test_a_run_without_its_table_is_refused(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py", c=f"1;data.name=table;data.table={'0' * 64}")
    app.button(key="lab.start").click().run()
    assert not app.exception
    assert any("not on this server" in error.value for error in app.error)
    assert not scheduler.sessions()


def test_an_older_link_means_what_it_meant(visit: Open) -> None:
    app = visit("lab.py", c="1;data.name=grid;latent.distribution=uniform;batch_size=192")
    assert not app.warning
    assert draft(app) == settings.replace(
        RunConfig(), {"data.name": "grid", "latent.distribution": "uniform", "batch_size": 192}
    )


# ── the dialog ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _page() -> None:
    """The inside of the dialog; AppTest runs whole scripts, in which a dialog would close again."""
    import streamlit as st

    from gan_core import config as settings
    from gan_core import presets
    from pages._ui import own_data

    def apply(values: dict[str, object]) -> None:
        st.session_state["draft"] = settings.replace(st.session_state["draft"], values)

    config = st.session_state.setdefault("draft", presets.load("ring"))
    own_data._dialog("lab", config, apply)


@pytest.fixture
def dialog(scheduler: Scheduler) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    return app


def upload(app: AppTest, raw: bytes, name: str = "people.csv") -> AppTest:
    app.file_uploader(key="lab.upload").set_value((name, raw, "text/csv")).run()
    assert not app.exception
    return app


def column(app: AppTest, label: str) -> Any:
    (found,) = [box for box in app.selectbox if box.label == label]
    return found


def test_a_table_is_chosen_looked_at_and_used(dialog: AppTest, scheduler: Scheduler) -> None:
    app = upload(dialog, GOOD)
    assert column(app, "To the right").options == ["height", "weight"]
    assert any("Rows that can be used: 40" in c.value for c in app.caption)
    assert "Rows skipped: 1" in app.warning[0].value
    assert "Line 42" in app.warning[0].value
    column(app, "To the right").set_value(2).run()
    assert "two different columns" in app.error[0].value
    column(app, "Upwards").set_value(1).run()
    app.selectbox(key="lab.scaling").set_value("none").run()
    app.button(key="lab.use-table").click().run()
    assert "go up to 189" in app.error[0].value
    assert app.session_state["draft"] == presets.load("ring")
    app.selectbox(key="lab.scaling").set_value("each").run()
    app.button(key="lab.use-table").click().run()
    assert not app.exception
    config = app.session_state["draft"]
    assert (config.data.name, config.data.scaling, config.data.modes) == ("table", "each", 0)
    assert table.load(config.data.table).columns == ("weight", "height")
    assert (scheduler.store.root / "tables" / f"{config.data.table}.safetensors").is_file()
    assert serial.from_link(serial.to_link(config)) == (config, [])


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"x\n1\n2\n", "only one column"),
        (b"x,y\n1,2\n", "too few rows that can be used: 1"),
        (b"x,y\n1,2\n1,2\n", "same point"),
        (b"a,b\nfoo,bar\nbaz,qux\n", "this table has none."),
        (b"name,age\nann,1\nbob,2\n", "this table has only age."),
        (b"\xff\xfeab\xd8", "UTF-16"),
        (b"\x00\x01\x02", "not a text file"),
        (b"", "no rows"),
    ],
)
def test_a_wrong_table_is_refused_in_words_and_nothing_changes(dialog: AppTest, raw: bytes, words: str) -> None:
    app = upload(dialog, raw)
    if not app.error:
        app.button(key="lab.use-table").click().run()
    assert not app.exception
    assert words in app.error[0].value.replace("\\", "")
    assert app.session_state["draft"] == presets.load("ring")
    assert column(upload(app, GOOD), "To the right").options == ["height", "weight"]  # the next file is read as usual


def test_the_last_drawing_comes_back_with_its_set(visit: Open) -> None:
    app = visit("lab.py")
    text = drawing.encode(drawing.example())
    app.session_state["lab.last.drawing"] = text
    shown(app, "selectbox", "lab:data.name").set_value("drawing").run()
    assert draft(app).data.drawing == text
    shown(app, "selectbox", "lab:data.name").set_value("ring").run()
    assert draft(app) == presets.load("ring")

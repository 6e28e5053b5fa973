"""Links that lock and hide, and the export popover, as pages."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from _mirrored import shown
from streamlit.testing.v1 import AppTest
from test_labs import controls, draft, escaped, set_value, start, texts, until

from gan_core import config as settings
from gan_core import presets, sharing
from gan_core.errors import ConfigError
from gan_core.export.film import FEWEST
from gan_core.runs import keeping
from gan_core.runs.scheduler import Scheduler
from gan_core.sharing import Share

Open = Callable[..., AppTest]
NAMES = [f.name for f in settings.fields()]
CONFIG = settings.replace(presets.load("gan_lab"), {"seed": 11, "loss": "hinge"})
SHARE = Share(frozenset({"loss", "batch_size"}), frozenset({"seed", "data.name"}), "What is *lost*?\n<b>Look</b>")
QUERY = sharing.to_query(CONFIG, SHARE)


def force(app: AppTest, name: str, value: object) -> None:
    """Change a disabled control all the same."""
    widget = controls(app)[name]
    widget.proto.disabled = False
    widget.set_value(value).run()
    assert not app.exception


def test_a_locked_link_shows_its_note_and_locks_what_it_says(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py", **QUERY)
    assert draft(app, "lab") == CONFIG
    found = controls(app)
    assert not {"seed", "data.name"} & set(found)
    assert {name for name, widget in found.items() if widget.disabled} == {"loss", "batch_size"}
    assert "whoever made the link" in found["loss"].help
    note = [m.value for m in app.markdown if "lost" in m.value]
    assert note == ["What is \\*lost\\*?  \n\\<b\\>Look\\</b\\>"]
    # The browser may send what it likes.
    for name, value in (("loss", "wasserstein"), ("batch_size", 64)):
        force(app, name, value)
        assert draft(app, "lab") == CONFIG
    shown(app, "selectbox", "lab.preset").set_value("ring").run()
    assert draft(app, "lab") == CONFIG
    assert re.search(escaped("loss"), texts(app))
    assert "keeps it as it is" in texts(app)
    set_value(app, "lab", "penalty", "r1")
    assert draft(app, "lab").penalty == "r1"
    run = start(app, "lab", scheduler)
    assert run.share == SHARE
    assert settings.differences(run.config, draft(app, "lab")) == {}
    assert settings.get(run.config, "seed") == 11
    assert not {"c", "lock", "hide", "note", "sum"} & set(app.query_params)
    force(app, "loss", "wasserstein")
    with pytest.raises(ConfigError):
        run.change({"loss": "wasserstein"})
    second = start(app, "lab", scheduler)
    assert second.id != run.id
    assert second.share == SHARE
    assert second.config.seed == 11


def test_a_run_of_ones_own_stays_free_beside_a_locked_link(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    run = start(app, "lab", scheduler)
    for name, value in QUERY.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not [name for name, widget in controls(app).items() if widget.disabled]
    set_value(app, "lab", "loss", "wasserstein")
    assert run.expected_config.loss == "wasserstein"
    other = start(app, "lab", scheduler)
    assert other.share == Share()


def test_an_altered_link_changes_nothing_and_says_so(visit: Open) -> None:
    app = visit("lab.py")
    set_value(app, "lab", "batch_size", 77)
    for name, value in (QUERY | {"lock": "1;loss"}).items():
        app.query_params[name] = value
    app.run()
    assert draft(app, "lab").batch_size == 77
    assert "altered" in texts(app)
    assert not [name for name, widget in controls(app).items() if widget.disabled]
    assert visit("lab.py", **(QUERY | {"hide": "2;seed"})).warning


def test_an_unlocked_link_frees_the_page_again(visit: Open) -> None:
    app = visit("lab.py", **QUERY)
    for name in sharing.PARAMETERS:
        app.query_params.pop(name, None)
    app.query_params["c"] = sharing.to_query(CONFIG, Share())["c"]
    app.run()
    assert not [name for name, widget in controls(app).items() if widget.disabled]


def address_of(app: AppTest) -> dict[str, str]:
    from urllib.parse import parse_qsl, urlsplit

    found = next(code.value for code in app.code if "?c=" in code.value)
    return dict(parse_qsl(urlsplit(found).query, keep_blank_values=True))


def test_a_teacher_makes_a_link_and_stays_free(visit: Open) -> None:
    app = visit("lab.py")
    assert "lock" not in address_of(app)
    app.multiselect(key="lab.share.lock.names").set_value(["group:optimizer", "loss"]).run()
    app.radio(key="lab.share.hide.how").set_value("but").run()
    app.multiselect(key="lab.share.hide.names").set_value(["loss", "seed", "group:optimizer"]).run()
    app.text_area(key="lab.share.note").set_value("Have fun").run()
    found = sharing.from_query(address_of(app))
    group = {f.name for f in settings.fields() if f.spec.group == "optimizer"}
    assert found.share == Share(frozenset(group | {"loss"}), frozenset(NAMES) - group - {"loss", "seed"}, "Have fun")
    assert found.config == presets.load("ring")
    assert not [name for name, widget in controls(app).items() if widget.disabled]
    student = visit("lab.py", **address_of(app))
    assert {name for name, widget in controls(student).items() if not widget.disabled} == {"seed"}
    assert address_of(student) == address_of(app)  # and what they pass on is as locked


def opened(app: AppTest, page: str) -> AppTest:
    app.session_state[f"{page}.export.open"] = True
    app.run()
    assert not app.exception
    return app


def files(app: AppTest) -> list[str]:
    return [button.label for kind in ("download_button", "link_button") for button in app.get(kind)]


def test_export_without_and_with_a_run(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    assert not files(app)  # nothing is made before it is asked for
    opened(app, "lab")
    assert files(app) == ["Download ring.py"]
    run = start(app, "lab", scheduler)
    until(lambda: run.step > 30 and bool(run.folder.states()) and run.folder.curves.path.exists())
    opened(app, "lab")
    for kind, name in (
        ("script", f"{run.id.replace('-', '_')}.py"),
        ("config", "config.toml"),
        ("curves", f"{run.id}-curves.csv"),
    ):
        app.session_state["lab.export"] = kind
        app.run()
        assert not app.exception
        assert files(app) == [f"Download {name}"]
    app.session_state["lab.export"] = "samples"
    app.run()
    assert re.fullmatch(rf"Download {run.id}-step-\d+-samples.csv", files(app)[0])


def test_a_film_is_made_and_offered(visit: Open, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SHARE", 1.0)  # so that there soon are enough
    app = visit("lab.py")
    run = start(app, "lab", scheduler)
    app.session_state["lab.export"] = "film"
    opened(app, "lab")
    assert app.button(key="lab.export.film.make").disabled == (len(run.folder.states()) < FEWEST)
    until(lambda: len(run.folder.states()) >= FEWEST, 120)
    run.command("pause")
    app.session_state["lab.export.film.kind"] = "webp"
    app.session_state["lab.export.film.side"] = 360
    app.session_state["lab.export.film.seconds"] = 2
    app.run()
    app.button(key="lab.export.film.make").click().run()
    job: Any = app.session_state["lab.film"]
    deadline = time.monotonic() + 60
    while job.is_active:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    app.run()
    assert files(app) == [f"Download {run.id}.webp"]
    job.discard()


def test_onnx_and_the_whole_run_are_made_and_offered(visit: Open, scheduler: Scheduler) -> None:
    app = visit("lab.py")
    run = start(app, "lab", scheduler)
    until(lambda: bool(run.folder.states()), 60)
    run.command("pause")
    for kind, name in (("onnx", rf"{run.id}-step-\d+\.onnx"), ("zip", rf"{run.id}\.run\.zip")):
        app.session_state["lab.export"] = kind
        opened(app, "lab")
        assert not files(app)
        app.button(key=f"lab.export.{kind}.make").click().run()
        job: Any = app.session_state[f"lab.{kind}"]
        until(lambda job=job: not job.is_active, 60)  # type: ignore[misc]
        app.run()
        assert [re.fullmatch(f"Download {name}", label) is not None for label in files(app)] == [True]
        assert job.size == len(job.data())
    assert "differ by" not in texts(app)
    app.session_state["lab.export"] = "onnx"
    app.run()
    assert "differ by" in texts(app)
    app.session_state["lab.export"] = "weights"
    app.run()
    assert len(files(app)) == 2
    app.session_state["lab.export"] = "notebook"
    app.run()
    assert files(app) == [f"Download {run.id}.ipynb"]


def test_what_cannot_be_exported_is_said(visit: Open) -> None:
    app = opened(visit("images.py", preset="mnist"), "images")
    assert "downloaded" in texts(app)
    assert not files(app)

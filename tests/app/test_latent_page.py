"""The Latent Explorer's page: which run is explored, and what a visitor is told where there is none."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_runs import run, until

from gan_core.runs.about import About
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.scheduler import Scheduler
from pages._ui import latent, tokens
from pages._ui.latent_words import LABELS, latent_labels

Open = Callable[..., AppTest]
__all__ = ["run"]  # a fixture


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the component is handed, at each script run."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(latent, "_component", lambda data, **_more: found.append(dict(data)))
    return found


def test_without_a_run_it_says_where_to_begin(visit: Open, handed: list[dict[str, Any]]) -> None:
    app = visit("latent.py")
    assert "Nothing has been trained here yet" in app.info[0].value
    assert not handed


def test_the_newest_run_is_explored_and_named_in_the_address(
    visit: Open, run: Any, handed: list[dict[str, Any]]
) -> None:
    run()
    time.sleep(1)  # runs are ordered by the second in which they began
    newest = run()
    app = visit("latent.py")
    assert handed[-1]["run"] == newest.id
    assert app.query_params["run"] == newest.id
    assert app.selectbox[0].value == newest.id


def test_the_run_of_the_address_is_explored_at_its_step(visit: Open, run: Any, handed: list[dict[str, Any]]) -> None:
    wanted = run()
    run()
    visit("latent.py", run=wanted.id, step="3", tool="sliders")
    assert (handed[-1]["run"], handed[-1]["step"], handed[-1]["tool"]) == (wanted.id, 3, "sliders")
    grant = tokens.check(handed[-1]["token"])
    assert (grant.run, grant.capability) == (wanted.id, "control")  # nobody's run, on a private server


@pytest.mark.parametrize("step", ["-1", "x", "1" * 20, "٣"])
def test_a_step_that_is_none_is_told_and_left_out(
    visit: Open, run: Any, handed: list[dict[str, Any]], step: str
) -> None:
    app = visit("latent.py", run=run().id, step=step)
    assert handed[-1]["step"] is None
    (said,) = [warning.value.replace("\\", "") for warning in app.warning]
    assert said.startswith(f"This link names the step {step}, and a step is a whole number from 0 on.")


def test_somebody_elses_run_can_be_looked_at_only(visit: Open, run: Any, handed: list[dict[str, Any]]) -> None:
    visit("latent.py", run=run("a" * 32).id)
    assert tokens.check(handed[-1]["token"]).capability == "view"


@pytest.mark.parametrize("gone", ["ring-20200101-000000-abcdef", "../../etc", "<b>x</b>"])
def test_a_run_that_is_not_there_is_said(visit: Open, run: Any, handed: list[dict[str, Any]], gone: str) -> None:
    there = run()
    app = visit("latent.py", run=gone)
    assert "no such run" in app.warning[0].value
    assert handed[-1]["run"] == there.id


def test_another_run_is_chosen(visit: Open, run: Any, handed: list[dict[str, Any]]) -> None:
    first, second = run(), run()
    app = visit("latent.py", run=second.id, step="3")
    app.selectbox[0].select(first.id).run()
    assert not app.exception
    assert handed[-1]["run"] == first.id
    assert handed[-1]["step"] is None


def test_a_run_that_has_come_on_or_has_a_new_name_stays_the_chosen_one(
    visit: Open, run: Any, handed: list[dict[str, Any]], scheduler: Scheduler
) -> None:
    wanted, other = run(), run()
    app = visit("latent.py", run=wanted.id, tool="sliders")
    before = list(app.selectbox[0].options)
    step = wanted.step
    wanted.send(Resume())
    until(lambda: wanted.step > step)
    wanted.send(Pause())
    until(lambda: scheduler.store.folder(wanted.id).facts().get("step", 0) > step)
    scheduler.store.index.note(wanted.id)
    app.run()
    assert app.selectbox[0].options == before
    scheduler.store.describe(wanted.id, About("Mine"))
    app.run()  # the browser still says the old text
    assert not app.exception
    assert not app.warning
    assert (handed[-1]["run"], handed[-1]["tool"]) == (wanted.id, "sliders")
    assert any("Mine" in option for option in app.selectbox[0].options)
    app.selectbox[0].select(other.id).run()
    assert handed[-1]["run"] == other.id


def test_its_lab_is_one_click_away(visit: Open, run: Any, handed: list[dict[str, Any]], scheduler: Scheduler) -> None:
    wanted = run()
    app = visit("latent.py", run=wanted.id)
    next(b for b in app.button if b.label == "Open in its lab").click().run()
    assert not app.exception
    assert app.query_params["run"] == wanted.id


def test_every_word_is_there_once_and_every_tool_has_a_title() -> None:
    assert latent_labels(lambda text: f"¡{text}!", "en")["pad.hint"] == f"¡{LABELS['pad.hint']}!"
    codes = [line.split('"')[1] for line in latent.SCRIPT.splitlines() if line.strip().startswith("static code =")]
    assert codes
    assert all(f"tool.{code}" in LABELS for code in codes)


def test_the_uploader_speaks_the_language(visit: Open, run: Any, handed: list[dict[str, Any]]) -> None:
    """Streamlit's own words for it are English: others stand in their place."""

    def styles(**query: str) -> str:
        app = visit("latent.py", **query)
        app.session_state["latent.model.0"] = True
        app.run()
        return " ".join(str(one.proto.body) for one in app.get("html"))

    run()
    assert '"每个文件最多 400 MB"' in styles(lang="zh_CN")
    assert "上传" in styles(lang="zh_CN")
    assert "stFileUploaderDropzone" not in styles()

"""The Runs page: the table, what is said of a run, and everything that can be done with one."""

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _until import until
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets
from gan_core.runs import facts, frames
from gan_core.runs.about import About
from gan_core.runs.commands import Pause
from gan_core.runs.curves import Curves
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from pages._ui import service
from pages._ui.run_panel import RunPanel
from pages._ui.runs_table import PAGE_ROWS
from pages._ui.settings import ServeOptions

Open = Callable[..., AppTest]
SMALL = {"generator.hidden": (8,), "discriminator.hidden": (8,), "batch_size": 16, "device": "cpu", "threads": 1}


@pytest.fixture
def run(scheduler: Scheduler) -> Callable[..., TrainingSession]:
    """A run that has trained a little and rests, saved."""

    def make(owner: str = "", preset: str = "ring", **changes: Any) -> TrainingSession:
        session = scheduler.create(settings.replace(presets.load(preset), SMALL | changes), owner)
        until(lambda: session.step > 3)
        session.send(Pause())
        until(lambda: session.status == "paused")
        until(lambda: scheduler.store.folder(session.id).facts().get("status") == "paused")
        scheduler.store.index.note(session.id)
        return session

    return make


def table(app: AppTest) -> Any:
    return app.dataframe[0].value


def button(app: AppTest, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def press(app: AppTest, label: str) -> AppTest:
    button(app, label).click().run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(
        e.value for kind in (app.info, app.warning, app.error, app.caption, app.markdown, app.subheader) for e in kind
    )


def opened(visit: Open, session: TrainingSession) -> AppTest:
    app = visit("runs.py", run=session.id)
    assert [e.value for e in app.subheader]
    return app


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_yet(visit: Open) -> None:
    app = visit("runs.py")
    assert "Nothing has been trained" in said(app)
    assert "**0 of 8** places" in said(app)


def test_a_row_says_what_a_run_is(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    session = run()
    scheduler.store.describe(session.id, About("First", ("good",), "It works."))
    row = table(visit("runs.py")).iloc[0]
    assert (row["name"], row["status"], row["step"]) == ("First", "Paused", session.step)
    assert list(row["tags"]) == ["good"]
    assert row["data"] == "Ring of Gaussians"
    assert row["picture"].startswith("data:image/webp;base64,")
    assert 0 <= row["quality"] <= 100
    assert row["swd"] > 0


def test_search_and_filters(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    ring, moons = run(), run(preset="moons")
    scheduler.store.describe(moons.id, About("Two halves", ("odd",), ""))
    app = visit("runs.py")
    assert list(table(app)["name"]) == ["Two halves", "Ring of Gaussians"]  # the newest first
    for key, value, names in (("runs.text", "halv MOONS", ["Two halves"]), ("runs.text", "", ["Two halves", "Ring of Gaussians"]),
                              ("runs.status", "finished", []), ("runs.status", "paused", ["Two halves", "Ring of Gaussians"]),
                              ("runs.tags", ["odd"], ["Two halves"])):  # fmt: skip
        widget = next(w for kind in (app.text_input, app.selectbox, app.multiselect) for w in kind if w.key == key)
        widget.set_value(value).run()
        assert not app.exception
        assert (list(table(app)["name"]) if names else []) == names
        assert names or "No run matches" in said(app)
    assert ring.id


def test_sorting(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    for name in ("b", "c", "a"):
        scheduler.store.describe(run().id, About(name))
    app = visit("runs.py")
    app.selectbox(key="runs.sort").set_value("name").run()
    assert list(table(app)["name"]) == ["c", "b", "a"]
    app.toggle(key="runs.up").set_value(True).run()
    assert list(table(app)["name"]) == ["a", "b", "c"]


def test_more_runs_than_a_page(visit: Open, scheduler: Scheduler) -> None:
    config = presets.load("ring")
    for i in range(PAGE_ROWS + 7):
        run_id = f"ring-20260131-{i:06}-abcdef"
        scheduler.store.folder(run_id).create(
            config, facts.of_new(run_id, "", config) | {"status": "stopped", "step": i}
        )
    app = visit("runs.py")
    assert len(table(app)) == PAGE_ROWS
    assert f"1–{PAGE_ROWS} of {PAGE_ROWS + 7}" in said(app)
    app.session_state[f"runs.page.{hash(Query(limit=PAGE_ROWS))}"] = 2  # the widget has no stand-in here
    app.run()
    assert len(table(app)) == 7
    app.text_input(key="runs.text").set_value("000003").run()
    assert len(table(app)) == 1  # a new search begins at the first page


def test_only_mine(visit: Open, run: Callable[..., TrainingSession]) -> None:
    run(owner="f" * 16)
    app = visit("runs.py")
    assert len(table(app)) == 1
    app.toggle(key="runs.mine").set_value(True).run()
    assert "No run matches" in said(app)


def test_a_run_that_trains_is_seen_to(visit: Open, scheduler: Scheduler) -> None:
    session = scheduler.create(settings.replace(presets.load("ring"), SMALL), "")
    until(lambda: session.step > 3)
    app = visit("runs.py")
    before = table(app).iloc[0]
    assert before["status"] == "Training"
    until(lambda: session.step > before["step"] + 10)
    assert table(app.run()).iloc[0]["step"] > before["step"]
    assert "**1 of 8** places" in said(app)


def test_a_damaged_run_is_listed_and_can_be_deleted(
    visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler
) -> None:
    session = run()
    scheduler.delete(session.id)
    scheduler.store.restore(session.id)
    for file in scheduler.store.folder(session.id).path.rglob("*"):
        if file.is_file():
            file.write_bytes(b"?")
    scheduler.store.index.note(session.id)
    app = visit("runs.py", run=session.id)
    assert table(app).iloc[0]["status"] == "Damaged"
    assert app.warning
    assert button(app, "Open").disabled
    press(app, "Delete")
    assert not scheduler.store.exists(session.id)


# ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_name_tags_and_notes_are_kept(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    session = run()
    app = opened(visit, session)
    key = f"runs.about.{session.id}"
    app.text_input(key=f"{key}.name").set_value("  My   run ").run()
    app.multiselect(key=f"{key}.tags").set_value(["good", "seed 3"]).run()
    app.text_area(key=f"{key}.notes").set_value("It *works*.").run()
    assert not app.exception
    assert scheduler.store.about(session.id) == About("My run", ("good", "seed 3"), "It *works*.")
    assert app.subheader[0].value == "My run"
    app.multiselect(key=f"{key}.tags").set_value(["a,b"]).run()
    assert "comma" in app.error[0].value
    assert scheduler.store.about(session.id).tags == ("good", "seed 3")


def test_open_resume_pause(visit: Open, run: Callable[..., TrainingSession]) -> None:
    session = run()
    app = opened(visit, session)
    press(app, "Resume")
    until(lambda: session.status == "running")
    app.run()
    press(app, "Pause")
    until(lambda: session.status == "paused")
    app = press(opened(visit, session), "Open")
    assert app.header[0].value == "2-D Lab"


def test_branch_from_a_kept_moment(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    session = run()
    app = opened(visit, session)
    sliders = [s for s in app.select_slider if s.key == f"runs.moment.{session.id}"]
    first = sliders[0].options[0] if sliders else None
    if sliders:
        sliders[0].set_value(sliders[0].options[0]).run()
    press(app, "Branch from here")
    assert app.header[0].value == "2-D Lab"
    (branch,) = [s for s in scheduler.sessions() if s.id != session.id]
    until(lambda: branch.status == "paused")
    assert first is None or branch.step == int(str(first).replace(",", ""))
    row = scheduler.store.index.get(branch.id)
    assert row is not None
    assert row.parent == session.id


def test_duplicate_with_changes(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    session = run(seed=12)
    app = press(opened(visit, session), "Duplicate with changes")
    assert app.header[0].value == "2-D Lab"
    assert app.session_state["lab.draft"] == session.config
    assert scheduler.sessions() == [session]


def test_delete_undo_restore_and_for_good(
    visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler
) -> None:
    session = run()
    app = press(opened(visit, session), "Delete")
    assert not scheduler.store.exists(session.id)
    assert "Deleted: 1 run." in said(app)
    press(app, "Undo")
    assert scheduler.store.exists(session.id)
    press(opened(visit, session), "Delete")
    app = visit("runs.py")
    app.selectbox(key="runs.status").set_value("deleted").run()
    assert list(table(app)["name"]) == ["Ring of Gaussians"]
    app.query_params["run"] = session.id
    press(app.run(), "Restore")
    assert scheduler.store.exists(session.id)
    scheduler.delete(session.id)
    app.selectbox(key="runs.status").set_value("deleted").run()
    app.query_params["run"] = session.id
    press(app.run(), "Yes, delete it for good")
    assert not list(scheduler.store.root.joinpath("trash").iterdir())
    assert "No run was deleted" in said(app)


def test_what_is_gone_for_good_is_not_offered_again(visit: Open, run: Callable[..., TrainingSession]) -> None:
    session = run()
    app = press(opened(visit, session), "Delete")
    app.selectbox(key="runs.status").set_value("deleted").run()
    app.query_params["run"] = session.id
    assert "Deleted: 1 run." in said(app.run())
    assert "Deleted: 1 run." not in said(press(app, "Yes, delete it for good"))


def test_what_is_measured_now_and_then_is_drawn_as_one_line() -> None:
    """What is computed at every step has gaps where it was not."""
    curves = Curves(frames.CURVE_NAMES)
    for step in range(12):
        row = {"g_loss": float(step)} if step % 2 else {}
        curves.append(step, row | ({"quality": step / 10} if step % 5 == 0 else {}))
    shown = curves.window(0, math.inf, 1000)
    panel = RunPanel(None, str)  # type: ignore[arg-type]
    quality, loss = panel._figure(shown, "metrics").data[-1], panel._figure(shown, "loss").data[-1]
    assert list(quality.x) == [0, 5, 10]
    assert quality.mode == "lines+markers"
    assert list(quality.y) == pytest.approx([0, 0.5, 1.0])
    assert len(loss.x) == 12


def test_deleting_a_run_that_trains(visit: Open, scheduler: Scheduler) -> None:
    session = scheduler.create(settings.replace(presets.load("ring"), SMALL), "")
    until(lambda: session.step > 3)
    press(opened(visit, session), "Delete")
    assert session.gone
    assert scheduler.sessions() == []
    step = session.step
    time.sleep(0.2)
    assert session.step == step
    assert not scheduler.store.exists(session.id)


def test_somebody_elses_run(visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler) -> None:
    session = run(owner="f" * 16)
    app = opened(visit, session)
    assert button(app, "Delete").disabled
    assert not [b for b in app.button if b.label in ("Resume", "Pause", "Stop")]
    assert app.text_input(key=f"runs.about.{session.id}.name").disabled
    assert "somebody else" in said(app)
    press(app, "Branch from here")
    assert len(scheduler.sessions()) == 2


def test_a_run_of_nobody_is_everybodys_only_on_this_machine(
    visit: Open, run: Callable[..., TrainingSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = run(owner="")
    assert not button(opened(visit, session), "Delete").disabled
    monkeypatch.setattr(service.settings, "options", lambda: ServeOptions(host="0.0.0.0"))
    assert button(opened(visit, session), "Delete").disabled


@pytest.mark.parametrize("asked", ["nothing", "../../etc", "ring-20260131-142530-1f0c2a", "<b>"])
def test_a_run_that_is_not_there(visit: Open, asked: str) -> None:
    app = visit("runs.py", run=asked)
    assert not app.exception
    assert not app.subheader


def test_a_folder_that_vanishes_while_it_is_looked_at(
    visit: Open, run: Callable[..., TrainingSession], scheduler: Scheduler
) -> None:
    session = run()
    app = opened(visit, session)
    scheduler.delete(session.id)
    shutil.rmtree(Path(scheduler.store.root) / "trash" / session.id)
    app.run()
    assert not app.exception

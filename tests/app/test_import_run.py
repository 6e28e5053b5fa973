"""A run that is brought on the page Runs: it becomes one of the visitor's, or it is said why not."""

from __future__ import annotations

from pathlib import Path

from _until import until
from conftest import Open
from streamlit.testing.v1 import AppTest

from gan_core import presets
from gan_core.parcels.packing import pack
from gan_core.pictures.upload import Upload
from gan_core.runs.commands import Pause
from gan_core.runs.index import Query
from gan_core.runs.scheduler import Scheduler
from pages._ui import service
from pages._ui.import_run import _TRAY


def brought(app: AppTest, scheduler: Scheduler, name: str, data: bytes) -> AppTest:
    """As when the browser has sent a file, and says so."""
    app.button(key="runs.import").click().run()
    tray_id = app.session_state[_TRAY]
    (tray,) = [tray for key, tray in service.arrivals()._trays.items() if key == tray_id]
    upload = Upload(scheduler.store.root)
    upload.add(name, [data])
    tray.uploads.append(upload)
    app.run()
    assert not app.exception
    return app


def test_it_is_in_the_table_and_goes_on(visit: Open, scheduler: Scheduler, tmp_path: Path) -> None:
    source = scheduler.create(presets.load("ring"), "somebody")
    until(lambda: source.step > 5)
    scheduler.send(source, Pause())
    until(lambda: source.status == "paused" and source.step in source.folder.states())
    pack(source.folder, tmp_path / "a.run.zip", scheduler.store.root)
    app = brought(visit("runs.py"), scheduler, "a.run.zip", (tmp_path / "a.run.zip").read_bytes())
    rows, total = scheduler.rows(Query())
    assert total == 2
    (new,) = [row for row in rows if row.id != source.id]
    assert new.status == "paused"
    assert new.owner not in ("", "somebody")
    assert new.id in app.query_params["run"]
    assert any("The run is here" in one.value for one in app.success)
    assert not list((scheduler.store.root / "pictures").glob(".new-*"))
    session = scheduler.get(new.id)
    assert session is not None
    until(lambda: session.status == "paused")
    assert session.step == source.step


def test_what_is_no_run_is_said_and_another_file_can_be_brought(visit: Open, scheduler: Scheduler) -> None:
    app = visit("runs.py")
    for _ in range(6):  # more often than trays may be left
        app = brought(app, scheduler, "holiday.zip", b"PK\5\6" + bytes(18))
        assert any("is no run that was exported" in error.value for error in app.error)
    assert scheduler.rows(Query())[1] == 0
    assert not list((scheduler.store.root / "runs").iterdir())

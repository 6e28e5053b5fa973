"""Pictures of one's own, as the Image Lab shows them: no set chosen is no dead end; a kept set is used, renamed and deleted."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets, serial
from gan_core.config import RunConfig
from gan_core.pictures.store import PictureSets
from gan_core.runs.scheduler import Scheduler
from pages._ui import own_pictures

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from _own_pictures import imported, some

Open = Callable[..., AppTest]
OWNER = "0123456789abcdef"


@pytest.fixture(autouse=True)
def visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_pictures, "owner_id", lambda: OWNER)


def opened(app: AppTest, tab: str) -> AppTest:
    """The dialog, with this part of it."""
    app.session_state["images.pictures.tabs.en"] = tab
    return app.sidebar.button(key="images.own-pictures").click().run()


def draft(app: AppTest) -> RunConfig:
    config = app.session_state["images.draft"]
    assert isinstance(config, RunConfig)
    return config


def test_without_a_set_the_page_says_what_stands_in(visit: Open) -> None:
    app = visit("images.py")
    app.sidebar.selectbox(key="images:data.name").set_value("pictures").run()
    assert not app.exception
    assert any("small digits stand in" in info.value for info in app.sidebar.info)
    opened(app, "Your data sets")
    assert not app.exception
    assert "You have made no data set here yet." in [caption.value for caption in app.caption]


def test_a_kept_set_is_used_renamed_and_deleted(visit: Open, scheduler: Scheduler, tmp_path: Path) -> None:
    root = scheduler.store.root
    made = imported(root, some(tmp_path / "brought"), owner=OWNER).result
    assert made is not None
    app = visit("images.py")
    opened(app, "Your data sets")
    app.text_input(key=f"images.pictures.rename.{made.id}").set_value("Noise").run()
    app.button(key=f"images.pictures.do-rename.{made.id}").click().run()
    assert [one.name for one in PictureSets(root).of(OWNER)] == ["Noise"]
    app.button(key=f"images.pictures.use.{made.id}").click().run()
    assert not app.exception
    assert (draft(app).data.name, draft(app).data.pictures, draft(app).data.image_size) == ("pictures", made.id, 16)
    assert draft(app).batch_size == 8  # 14 are left to learn from
    opened(app, "Your data sets")
    assert app.button(key=f"images.pictures.delete.{made.id}").disabled
    app.checkbox(key=f"images.pictures.sure.{made.id}").check().run()
    app.button(key=f"images.pictures.delete.{made.id}").click().run()
    assert not app.exception
    assert PictureSets(root).of(OWNER) == []


def test_fewer_pictures_than_a_batch_are_named(visit: Open) -> None:
    config = settings.replace(presets.load("digits"), {"data.limit": 10})
    app = visit("images.py", c=serial.to_link(config))
    assert any("larger than the data" in error.value for error in app.error)

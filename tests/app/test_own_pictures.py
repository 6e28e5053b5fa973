"""Pictures of one's own, as the Image Lab shows them: no set chosen is no dead end; a kept set is used, renamed and deleted."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import config as settings
from gan_core import presets, serial, sharing
from gan_core.config import RunConfig
from gan_core.data import pictures
from gan_core.pictures.choices import Choices
from gan_core.pictures.importing import Given
from gan_core.pictures.store import PictureSets
from gan_core.runs.scheduler import Scheduler
from gan_core.sharing import Share
from pages._ui import own_pictures

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from _mirrored import shown
from _own_pictures import imported, some

Open = Callable[..., AppTest]
OWNER = "0123456789abcdef"


@pytest.fixture(autouse=True)
def visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_pictures, "owner_id", lambda: OWNER)
    monkeypatch.setattr(pictures, "_roots", [])  # sets of other tests are not here


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
    shown(app, "selectbox", "images:data.name").set_value("pictures").run()
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
    app.text_input(key=f"images.pictures.rename.{made.id}").set_value(
        "Noise"
    )  # and the button at once, as fast fingers do
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


def test_damaged_sets_and_those_of_the_command_line_are_shown(
    visit: Open, scheduler: Scheduler, tmp_path: Path
) -> None:
    root = scheduler.store.root
    mine = imported(root, some(tmp_path / "brought"), owner=OWNER).result
    theirs = imported(root, some(tmp_path / "brought", 24, 100, under="a/") + some(tmp_path / "brought", 24, 200, under="b/"), owner="").result  # fmt: skip
    assert mine is not None
    assert theirs is not None
    (root / "pictures" / mine.id / "pictures.npy").write_bytes(b"no pictures")
    app = visit("images.py")
    opened(app, "Your data sets")
    assert not app.exception
    assert any("**Mine** is damaged" in warning.value for warning in app.warning)
    captions = [caption.value for caption in app.caption]
    assert "Made on the command line of this server, for everybody:" in captions
    assert "Classes: a (24), b (24)" in captions
    app.checkbox(key=f"images.pictures.sure.{mine.id}").check().run()
    app.button(key=f"images.pictures.delete.{mine.id}").click().run()
    assert PictureSets(root).damaged(OWNER) == []
    app.button(key=f"images.pictures.use.{theirs.id}").click().run()
    assert draft(app).data.pictures == theirs.id
    assert "Chosen: **Mine**" in [caption.value for caption in app.sidebar.caption]


def test_a_locked_link_to_a_set_of_elsewhere_says_what_to_do(visit: Open, scheduler: Scheduler, tmp_path: Path) -> None:
    elsewhere = imported(tmp_path / "elsewhere", some(tmp_path / "brought"), owner="somebody").result
    assert elsewhere is not None
    config = settings.replace(presets.load("digits"), {"data.name": "pictures", "data.pictures": elsewhere.id, "data.image_size": 16, "batch_size": 8})  # fmt: skip
    query = sharing.to_query(config, Share(frozenset({"data.pictures"}), frozenset(), ""))
    app = visit("images.py", **query)
    assert any("are not on this server" in error.value and "16 × 16" in error.value for error in app.error)
    assert any("Pictures that are not here" in caption.value for caption in app.sidebar.caption)
    opened(app, "New data set")  # the way out is there, though the setting is locked
    assert not app.exception
    imported(scheduler.store.root, some(tmp_path / "brought"), owner=OWNER)
    app.run()
    assert not app.error
    assert draft(app).data.pictures == elsewhere.id
    assert "images.own-pictures" not in [button.key for button in app.sidebar.button]


def test_fewer_pictures_than_a_batch_are_named(visit: Open) -> None:
    config = settings.replace(presets.load("digits"), {"data.limit": 10})
    app = visit("images.py", c=serial.to_link(config))
    assert any("larger than the data" in error.value for error in app.error)


def test_two_folders_are_translated(visit: Open, scheduler: Scheduler, tmp_path: Path) -> None:
    """A set of two folders is used on Translate with the method that suits it; another one cannot be."""
    root = scheduler.store.root
    second = [Given(one.path, f"b/{n}.png") for n, one in enumerate(some(tmp_path / "b", 24, 100))]
    twins = [*some(tmp_path / "a", 24, 0, "a/"), *second]
    made = {
        folders: imported(root, twins, Choices(28, folders=folders), owner=OWNER).result
        for folders in ("names", "apart")
    }
    plain = imported(root, some(tmp_path / "brought"), owner=OWNER).result
    pairs, apart = made["names"], made["apart"]
    assert pairs is not None
    assert apart is not None
    assert plain is not None
    app = visit("translate.py")
    shown(app, "selectbox", "translate:data.name").set_value("own_pairs").run()
    assert not app.exception
    assert any("No folders of yours" in info.value for info in app.sidebar.info)
    for one, method in ((pairs, "pix2pix"), (apart, "cyclegan")):
        app.session_state["translate.pictures.tabs.en"] = "Your data sets"
        app.sidebar.button(key="translate.own-pictures").click().run()
        assert app.button(key=f"translate.pictures.use.{plain.id}").disabled
        app.button(key=f"translate.pictures.use.{one.id}").click().run()
        assert not app.exception
        config = app.session_state["translate.draft"]
        assert (config.data.name, config.data.pictures, config.data.image_size, config.method) == ("own_pairs", one.id, 28, method)  # fmt: skip
        assert config.batch_size == 8 <= min(PictureSets(root).learned(one))
        assert any(caption.value.startswith("Chosen: ") for caption in app.sidebar.caption)
        shown(app, "selectbox", "translate:data.direction")
    shown(app, "selectbox", "translate:data.name").set_value("grey").run()
    shown(app, "selectbox", "translate:data.name").set_value("own_pairs").run()
    assert app.session_state["translate.draft"].data.pictures == apart.id

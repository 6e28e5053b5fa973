"""Sets of pictures that are kept, uploads on their way in, and the advice for a set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_core import registry
from gan_core.config import replace
from gan_core.errors import ConfigError, DataError
from gan_core.pictures.advice import advice
from gan_core.pictures.limits import Limits
from gan_core.pictures.store import PictureSet, PictureSets
from gan_core.pictures.upload import Upload, folders, inside
from gan_core.presets import load
from tests.unit._own_pictures import imported, left, some


@pytest.fixture
def kept(tmp_path: Path) -> PictureSet:
    found = imported(tmp_path, some(tmp_path / "in")).result
    assert found is not None
    return found


def test_a_set_belongs_to_its_owners(tmp_path: Path, kept: PictureSet) -> None:
    sets = PictureSets(tmp_path)
    imported(tmp_path, some(tmp_path / "in"), owner="you")
    assert sets.rename(kept.id, "you", "  My   cats ").name == "My cats"
    assert [one.name for one in sets.of("me")] == ["Mine"]
    assert sets.of("nobody") == []
    sets.remove(kept.id, "me")
    assert sets.get(kept.id, "me") is None
    assert sets.get(kept.id) is not None
    sets.remove(kept.id, "you")
    assert sets.get(kept.id) is None
    assert left(tmp_path) == []
    for wrong in (kept.id, "../../etc", ""):
        with pytest.raises(DataError):
            sets.remove(wrong, "me")
        with pytest.raises(DataError):
            sets.rename(wrong, "me", "x")


def test_a_name_is_needed(tmp_path: Path, kept: PictureSet) -> None:
    for name in ("", " \n", "x" * 81):
        with pytest.raises(ConfigError):
            PictureSets(tmp_path).rename(kept.id, "me", name)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"count": 1e99}', "[" * 9999, '{"held_out": 0}', '{"classes": ["a"]}', '{"size": 999}']
)
def test_a_damaged_set_is_named_and_can_be_removed_or_mended(tmp_path: Path, kept: PictureSet, text: str) -> None:
    sets, path = PictureSets(tmp_path), tmp_path / "pictures" / kept.id / "set.json"
    if text.startswith('{"'):
        text = json.dumps(json.loads(path.read_text(encoding="utf-8")) | json.loads(text))
    path.write_text(text, encoding="utf-8")
    assert sets.of("me") == []
    assert sets.get(kept.id) is None
    assert [(one.id, one.name) for one in sets.damaged("me")] == [(kept.id, "Mine")]
    again = imported(tmp_path, some(tmp_path / "in")).result
    assert again is not None
    assert again.id == kept.id
    assert sets.damaged("me") == []


def test_a_cut_file_of_pixels_and_a_damaged_owner_are_noticed(tmp_path: Path, kept: PictureSet) -> None:
    sets, folder = PictureSets(tmp_path), tmp_path / "pictures" / kept.id
    whole = (folder / "pictures.npy").read_bytes()
    (folder / "pictures.npy").write_bytes(whole[:-9])
    assert len(sets.damaged("me")) == 1
    (folder / "pictures.npy").write_bytes(whole)
    next((folder / "owners").iterdir()).write_text('{"refused": [{"code": []}]}', encoding="utf-8")
    assert [one.name for one in sets.damaged("me")] == [kept.id[:8]]
    sets.remove(kept.id, "me")
    assert left(tmp_path) == []


def test_there_is_no_room_for_more(tmp_path: Path, kept: PictureSet) -> None:
    sets = PictureSets(tmp_path)
    with pytest.raises(DataError, match="1 are allowed"):
        sets.check_room("me", Limits(sets=1))
    with pytest.raises(DataError, match="GB"):
        sets.check_room("you", Limits(kept=kept.bytes))
    sets.check_room("you", Limits(sets=1))
    job = imported(tmp_path, some(tmp_path / "more", 24, 500), limits=Limits(sets=1))
    assert job.result is None
    assert left(tmp_path) == [kept.id]


def test_an_upload_uses_names_as_names_only(tmp_path: Path) -> None:
    up = Upload(tmp_path)
    for name in ("../../out.png", "/etc/x.png", "a\0b.png", "猫.png", "x" * 5000):
        up.add(name, [b"ab", b"c"])
    up.begin("unfinished.png")
    up.write(b"zz")
    assert [one.path.read_bytes() for one in up.given] == [b"abc"] * 5
    assert up.bytes == 17
    assert all(one.path.parent.parent == tmp_path / "pictures" for one in up.given)
    assert up.given[3].name == "猫.png"
    up.remove()
    up.remove()
    assert left(tmp_path) == []
    with pytest.raises(DataError):
        up.begin("x")


def test_an_upload_is_bounded(tmp_path: Path) -> None:
    up = Upload(tmp_path, Limits(upload=1_000_000))
    up.add("a.png", [bytes(600_000)])
    up.begin("b.png")
    with pytest.raises(DataError, match="1 MB"):
        up.write(bytes(500_000))
    with pytest.raises(DataError):
        Upload(tmp_path).write(b"x")
    up.remove()


def test_folders_of_the_server(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "cats" / "small").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "file").touch()
    assert folders(root) == ["cats"]
    assert folders(None) == []
    assert folders(tmp_path / "none") == []
    assert inside(root, "cats/small") == (root / "cats" / "small").resolve() == inside(root, str(root / "cats/small"))
    for wrong in ("..", "/etc", "out", "cats/../..", "none", "file", "a\0b", "~"):
        with pytest.raises(DataError):
            inside(root, wrong)
    with pytest.raises(DataError):
        inside(None, "cats")


@pytest.mark.parametrize("count", [20, 199, 200, 1_999, 2_000, 19_999, 20_000])
@pytest.mark.parametrize("size", [8, 28, 128])
def test_advice_is_made_of_recipes_and_settings_that_there_are(count: int, size: int) -> None:
    for channels in (1, 3):
        found = advice(count, size, channels)
        assert found.preset in registry.preset
        assert found.size <= size
        config = replace(load(found.preset), found.changes)
        assert config.data.limit == 0
        assert found.text.format(**found.params)
        assert (config.augmentation == "none") == (count >= 20_000)


def test_less_advice_the_more_pictures() -> None:
    assert [advice(count, 64, 3).preset for count in (150, 1_500, 15_000, 150_000)] == [
        "diffaugment",
        "ada",
        "diffaugment",
        "r1",
    ]
    with pytest.raises(ConfigError):
        advice(0, 64, 3)

"""Sets of pictures from the command line: what it makes, prints, refuses, and leaves when it is stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gan_core.cli import main
from gan_core.config import replace
from gan_core.errors import ConfigError
from gan_core.pictures.choices import Choices
from gan_core.pictures.command import bring, train_words
from gan_core.pictures.importing import Given, Import, first_name
from gan_core.pictures.limits import Limits
from gan_core.pictures.store import PictureSets
from gan_core.presets import load
from tests.unit._own_pictures import imported, left, png, some, zip_of

Capture = pytest.CaptureFixture[str]


def pictures(action: str, root: Path, *words: object) -> int:
    return main(["pictures", action, *map(str, words), "--data-dir", str(root)])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    files = {f"mine/{'left' if n < 15 else 'right'}/{n}.png": png(n) for n in range(25)}
    return zip_of(tmp_path / "my pets.zip", files | {"mine/left/notes.txt": b"text", "mine/left/again.png": png(1)})


def test_an_archive_becomes_a_set_that_can_be_trained_on(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    root = tmp_path / "data"
    assert pictures("add", root, archive, "--size", 16, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["name"], said["count"], said["size"], said["classes"]) == (
        "my pets",
        25,
        16,
        {"left": 15, "right": 10},
    )
    assert {one["code"]: one["names"] for one in said["refused"]} == {
        "format": ["mine/left/notes.txt"],
        "duplicate": ["mine/left/again.png"],
    }
    assert left(root) == [said["id"]]
    words = said["train"].split()
    assert words[:4] == ["gan-playground", "train", "--preset", words[3]]
    config = replace(load(words[3]), dict(word.split("=", 1) for word in words if "=" in word))
    assert (config.data.pictures, config.batch_size) == (said["id"], 8)  # 15 are left to learn from


def test_folders_are_classes_and_what_was_left_out_is_told(tmp_path: Path, capsys: Capture) -> None:
    root = tmp_path / "data"
    some(tmp_path / "cats", 15), some(tmp_path / "dogs", 15, 100)
    (tmp_path / "cats" / "broken.png").write_bytes(png(3)[:200])
    assert pictures("add", root, tmp_path / "cats", tmp_path / "dogs", "--name", " Pets ", "--colour", "grey") == 0
    printed = capsys.readouterr()
    made = PictureSets(root).every()[0]
    assert printed.out == f"data.pictures={made.id}\n"
    for text in (
        "Pets: 30 pictures (10 held out), 64 × 64, grey, 2 classes",
        "classes: cats 15, dogs 15",
        "left out: 1",
        "broken.png",
    ):
        assert text in printed.err


def test_sets_are_listed_and_deleted_by_name_and_by_id(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    root = tmp_path / "data"
    assert pictures("list", root) == 0
    assert "no sets" in capsys.readouterr().err
    pictures("add", root, archive, "--size", 8)
    theirs = imported(root, some(tmp_path / "in"), owner="0123456789abcdef").result
    assert theirs is not None
    capsys.readouterr()
    assert pictures("list", root) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 2
    assert "my pets: 25 pictures" in listed[1]
    assert listed[0].endswith("of a visitor")
    assert pictures("delete", root, "Mine") == 2
    assert "--of-visitors" in capsys.readouterr().err
    assert pictures("delete", root, "Mine", "--of-visitors") == 0
    assert pictures("delete", root, "nothing") == 2
    (root / "pictures" / PictureSets(root).every()[0].id / "set.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    pictures("list", root, "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["sets"] == []
    assert pictures("delete", root, said["damaged"][0]) == 0
    assert left(root) == []


def test_a_name_that_two_sets_have_deletes_neither(tmp_path: Path, capsys: Capture) -> None:
    for first in (0, 100):
        imported(tmp_path, some(tmp_path / "in", 24, first), owner="")
    assert pictures("delete", tmp_path, "Mine") == 2
    assert all(one.id in capsys.readouterr().err for one in PictureSets(tmp_path).every()[:1])
    assert len(PictureSets(tmp_path).every()) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [(["missing.zip"], "nothing called"), (["few"], "at least 20"), (["few/1.png", "--name", " "], "needs a name")],
)
def test_what_cannot_be_made_is_said_in_one_line(
    tmp_path: Path, capsys: Capture, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(tmp_path / "few", 3)
    monkeypatch.chdir(tmp_path)
    assert pictures("add", tmp_path / "data", *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (tmp_path / "data" / "pictures").exists() or left(tmp_path / "data") == []


def test_ctrl_c_ends_it_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    some(tmp_path / "in", 60)
    waits, interrupted = Import.wait, []

    def wait(self: Import, seconds: float | None = None) -> bool:
        if not interrupted:
            interrupted.append(self)
            raise KeyboardInterrupt
        return waits(self, seconds)

    monkeypatch.setattr(Import, "wait", wait)
    assert pictures("add", tmp_path / "data", tmp_path / "in") == 130
    assert interrupted[0].has_ended
    assert left(tmp_path / "data") == []


def test_it_sees_links_as_what_they_lead_to(tmp_path: Path) -> None:
    some(tmp_path / "in", 20)
    (tmp_path / "link").symlink_to(tmp_path / "in")
    made = bring([tmp_path / "link"], Choices(16), None, PictureSets(tmp_path / "data"), Limits())
    assert (made.name, made.count) == ("in", 20)
    assert f"data.pictures={made.id}" in train_words(made, 20, translates=False)
    with pytest.raises(ConfigError):
        bring([tmp_path / "none"], Choices(16), None, PictureSets(tmp_path / "data"), Limits())


def test_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    names = ["cats.tar.gz", "cats/1.png", "a.b.png", "", "../../x.zip", "n" * 300 + ".zip"]
    found = [first_name([Given(tmp_path / "none", name)]) for name in names]
    assert found[:5] == ["cats", "cats", "a.b", "pictures", "pictures"]
    assert found[5].strip("…n") == ""
    assert 0 < len(found[5]) <= 80
    assert first_name([Given(tmp_path / "v1.2", "v1.2")]) == "v1.2"
    assert first_name([Given(tmp_path / "v1.2", "cats/v1.2")]) == "v1.2"
    several = [Given(tmp_path / "none", name) for name in ("1.png", "2.png")]
    assert first_name(several) == "pictures"
    assert (
        first_name([Given(tmp_path / "none", name) for name in ("cats.zip", "dogs/1.png", "dogs/2.png")])
        == "cats, dogs"
    )
    assert first_name([Given(tmp_path / "none", f"{n}/1.png") for n in range(9)]) == "0"
    assert first_name([]) == "pictures"


def test_how_many_pictures_each_class_has(tmp_path: Path, archive: Path) -> None:
    made = imported(tmp_path, [Given(archive, "a.zip")]).result
    assert made is not None
    sets = PictureSets(tmp_path)
    labels = np.load(tmp_path / "pictures" / made.id / "labels.npy")
    assert sets.class_counts(made) == tuple(int((labels == k).sum()) for k in range(2)) == (15, 10)
    plain = imported(tmp_path, some(tmp_path / "in")).result
    assert plain is not None
    assert sets.class_counts(plain) == ()

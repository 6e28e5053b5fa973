"""Favourites pin the generator that they were kept with: what goes on training, is thinned out or trimmed does not change their pictures."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import generate, serial
from gan_core.errors import CheckpointError, RunError
from gan_core.latent import favourites
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.models import Models, as_file
from gan_core.runs import atomic, facts, history, keeping, pinned
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.index import Index
from gan_core.runs.session import TrainingSession

CONFIG = _tiny.pictures()
PLACE = {"seed": 3}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return _explored.saved_run(tmp_path / "run-1", CONFIG, (1, 2))


def room(folder: RunFolder, step: int) -> Room:
    """As another process would see it."""
    return Explorer(RunFolder(folder.path)).room(step)


def keep(where: Room, name: str = "a", **more: Any) -> Answer:
    at = _explored.answer(where, "draw", places=[PLACE], more=True).facts["at"][0]
    return _explored.answer(where, "keep", favourites=[{"name": name, "at": at, **more}])


def picture(where: Room) -> bytes:
    drawn: bytes = _explored.answer(where, "draw", places=[PLACE]).arrays["samples"].tobytes()
    return drawn


def train_on(folder: RunFolder, *steps: int) -> None:
    """Checkpoints at later steps, as a run that goes on writes them."""
    trainer = _tiny.trained(CONFIG, 0)
    for step in range(1, steps[-1] + 1):
        trainer.step()
        if step in steps:
            folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(CONFIG)))


def there(answer: Answer) -> dict[str, bool]:
    return {one["name"]: one["there"] for one in answer.facts["favourites"]}


# ── a run that goes on ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_drawn_byte_for_byte_after_the_run_has_gone_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(history, "MOMENTS", 2)
    folder = RunFolder(tmp_path / "run-1")
    folder.create(CONFIG, facts.of_new("run-1", "me", CONFIG))
    session = TrainingSession("run-1", "me", CONFIG, folder, finish_at_horizon=False)
    session.prepare()
    session.turn(0.0, until_step=0)

    def until(step: int) -> None:
        session.send(Resume())
        session.turn(60.0, until_step=step)
        session.send(Pause())
        session.turn(0.0)

    until(4)
    then = room(folder, 4)
    before, curves, journal = picture(then), folder.curves.path.read_bytes(), folder.journal()
    assert there(keep(then)) == {"a": True}
    assert (folder.curves.path.read_bytes(), folder.journal()) == (curves, journal)
    for step in (6, 8, 10, 12):
        until(step)
    assert 4 not in folder.states()  # the newest three, and what is left of the history
    explorer = Explorer(RunFolder(folder.path))
    assert 4 in explorer.steps()
    assert explorer.newest() == 12
    again = explorer.room(4)
    assert picture(again) == before
    assert picture(explorer.room(12)) != before
    assert there(_explored.answer(explorer.room(12), "favourites")) == {"a": True}
    # its script reads what is pinned
    (one,) = _explored.answer(again, "favourites").facts["favourites"]
    answer = asked_for("as_script").answer(again, one, lambda _share, _so_far=None: None)
    assert answer.facts["checkpoint"] == "pinned/000000000004.safetensors"
    file, argv, threads = tmp_path / "drawn.png", sys.argv, torch.get_num_threads()
    sys.argv = ["x", str(folder.path / answer.facts["checkpoint"]), str(file)]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(answer.arrays["file"].tobytes(), "x", "exec", dont_inherit=True), {"__name__": "__main__"})
    finally:
        sys.argv = argv
        torch.set_num_threads(threads)
    assert np.asarray(Image.open(file)).tobytes() == before
    # going back is for whole states, samples are drawn of either
    assert generate.load(folder, step=4).step == 4
    with pytest.raises(CheckpointError):
        folder.read_state(4)


def test_what_is_on_the_screen_is_pinned_though_its_files_are_gone(folder: RunFolder) -> None:
    then = room(folder, 1)
    before = picture(then)
    train_on(folder, 3, 4, 5)
    assert 1 not in folder.states()
    assert there(keep(then)) == {"a": True}
    assert picture(room(folder, 1)) == before


def test_of_another_step_as_long_as_it_is_there(folder: RunFolder) -> None:
    now = room(folder, 2)
    assert there(keep(now, "then", step=1)) == {"then": True}
    assert there(keep(now, "never", step=9)) == {"then": True, "never": False}
    assert list(folder.pinned.files()) == [1]


def test_a_state_that_is_damaged_is_not_pinned_and_the_rest_is(folder: RunFolder) -> None:
    now = room(folder, 2)
    folder.states()[1].write_bytes(b"damaged")
    at = _explored.answer(now, "draw", places=[PLACE], more=True).facts["at"][0]
    entries = [{"name": name, "at": at, "step": step} for name, step in (("a", 1), ("b", 2))]
    _explored.answer(now, "keep", favourites=entries)
    assert list(folder.pinned.files()) == [2]


def test_what_is_pinned_stands_in_for_a_damaged_checkpoint(folder: RunFolder) -> None:
    then = room(folder, 1)
    keep(then)
    folder.states()[1].write_bytes(b"damaged")
    assert picture(room(folder, 1)) == picture(then)


# ── until nothing names it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_removal_can_be_undone_and_what_is_not_named_goes_later(folder: RunFolder) -> None:
    then = room(folder, 1)
    before = picture(then)
    (one,) = keep(then).facts["favourites"]
    train_on(folder, 3, 4, 5)
    now = room(folder, 5)
    _explored.answer(now, "forget", id=one["id"])
    assert there(_explored.answer(now, "keep", favourites=[one])) == {"a": True}  # undone
    assert picture(room(folder, 1)) == before
    _explored.answer(now, "forget", id=one["id"])
    keep(now, "b")
    assert list(folder.pinned.files()) == [5]
    with pytest.raises(RunError, match="not kept any more"):
        room(folder, 1)


def test_who_opens_the_run_to_train_it_unpins_what_is_not_named(folder: RunFolder) -> None:
    then = room(folder, 1)
    keep(then, "b", step=2)
    (one,) = keep(then).facts["favourites"][-1:]
    _explored.answer(then, "forget", id=one["id"])
    assert list(folder.pinned.files()) == [1, 2]
    folder.lock()
    folder.unlock()
    assert list(folder.pinned.files()) == [2]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 99, "favourites": []}', '{"version": 1, "favourites": [7]}']
)
def test_while_the_favourites_cannot_be_read_nothing_is_unpinned(folder: RunFolder, text: str) -> None:
    keep(room(folder, 1))
    folder.favourites.path.write_text(text, encoding="utf-8")
    assert folder.unpin() == 0
    assert list(folder.pinned.files()) == [1]
    folder.favourites.path.unlink()
    assert folder.unpin() > 0
    assert list(folder.pinned.files()) == []


def test_it_goes_with_the_steps_that_never_happened(folder: RunFolder) -> None:
    keep(room(folder, 1))
    keep(room(folder, 2), "b")
    gone = room(folder, 2)
    folder.forget_after(1)
    assert list(folder.pinned.files()) == [1]
    for file in folder.path.glob("checkpoints/*2.safetensors"):
        file.unlink()
    assert there(keep(gone, "c", look={"psi": 0.5})) == {"a": True, "b": False, "c": False}
    folder.restart(CONFIG)
    assert not folder.pinned.path.exists()


def test_a_run_that_is_discarded_leaves_nothing(folder: RunFolder) -> None:
    keep(room(folder, 1))
    folder.discard()
    assert not folder.path.exists()


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_there_is_a_most(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(room(folder, 1))
    said = folder.favourites.path.read_text(encoding="utf-8")
    for name, value in (("STEPS", 1), ("BYTES", 100)):
        with monkeypatch.context() as patched:
            patched.setattr(pinned, name, value)
            with pytest.raises(RunError, match="1 steps already"):
                keep(room(folder, 2), "b")
            assert folder.favourites.path.read_text(encoding="utf-8") == said
            assert len(keep(room(folder, 1)).facts["favourites"]) == 1  # there it is already
    assert there(keep(room(folder, 2), "b")) == {"a": True, "b": True}


def test_a_full_disk_keeps_neither(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "write_bytes", full)
    with pytest.raises(RunError, match="No space left"):
        keep(room(folder, 1))
    monkeypatch.undo()
    assert favourites.FavouriteFile(folder.path).read().favourites == ()
    assert list(folder.pinned.files()) == []


def test_it_counts_and_stays_when_room_is_made(folder: RunFolder) -> None:
    then = room(folder, 1)
    before, size = picture(then), folder.size()
    keep(then)
    (file,) = folder.pinned.files().values()
    assert file.read_bytes() == as_file(then.explored)
    assert folder.size() == size + file.stat().st_size + folder.favourites.path.stat().st_size
    folder.trim()
    assert list(folder.states()) == [2]
    assert picture(room(folder, 1)) == before


def test_the_table_of_runs_knows_its_size(tmp_path: Path) -> None:
    run = "ring-20260131-142530-1f0c2a"
    folder = _explored.saved_run(tmp_path / "runs" / run, CONFIG, (1,))
    index = Index(tmp_path)
    index.refresh()
    before = index.bytes_used()
    keep(room(folder, 1))
    Index(tmp_path).refresh()
    assert Index(tmp_path).bytes_used() == folder.size() > before


def test_of_a_model_that_was_brought_nothing_has_to_be_pinned(tmp_path: Path, folder: RunFolder) -> None:
    models = Models(tmp_path)
    brought = models.add(as_file(room(folder, 1).explored), "a.safetensors", "me")
    where = room(models.folder(brought.id), 1)
    assert there(keep(where)) == {"a": True}
    assert not (where.explorer.folder.path / "pinned").exists()


def test_what_else_lies_there_is_left_alone(folder: RunFolder) -> None:
    keep(room(folder, 1))
    for name in ("notes.txt", "x.safetensors", "12.safetensors"):
        (folder.pinned.path / name).write_text("x", encoding="utf-8")
    assert list(folder.pinned.files()) == [1]
    folder.favourites.path.unlink()
    folder.unpin()
    assert len(list(folder.pinned.path.iterdir())) == 3
    assert json.loads((folder.path / "run.json").read_text(encoding="utf-8"))["run"] == "run-1"

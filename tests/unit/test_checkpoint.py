"""Checkpoint files: whole, or refused with a CheckpointError. Cut anywhere or changed anywhere, never a traceback."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from gan_core import serial
from gan_core.errors import CheckpointError, named, reason_of
from gan_core.runs import atomic, checkpoint
from gan_core.runs.checkpoint import Saved, copy_state, dump, is_finite, read, write
from gan_core.runs.commands import Resume
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession


@pytest.fixture(scope="module")
def whole() -> bytes:
    trainer = _tiny.trained(_tiny.points(d_optimizer__name="rmsprop"), 3)
    return dump(Saved(copy_state(trainer.state_dict()), serial.to_dict(trainer.config)))


def test_round_trip(tmp_path: Path) -> None:
    for config in (_tiny.points(g_optimizer__name="sgd"), _tiny.pictures(generator__norm="batch")):
        trainer = _tiny.trained(config, 3)
        write(
            tmp_path / "c",
            Saved(copy_state(trainer.state_dict()), serial.to_dict(config), 7, {"a": 1}, {"owner": "Zoë"}),
        )
        state, kept, *rest = read(tmp_path / "c")
        assert rest == [7, {"a": 1}, {"owner": "Zoë"}]
        _tiny.assert_same(state, trainer.state_dict())
        assert serial.from_dict(kept) == config


def refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read(path)
    assert path.name in str(caught.value)
    assert str(path) not in str(caught.value)


def test_cut_short_anywhere(whole: bytes, tmp_path: Path) -> None:
    for end in [*range(0, 200, 7), *range(200, len(whole), len(whole) // 40), len(whole) - 1]:
        refused(tmp_path / "c", whole[:end])


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere(whole: bytes, tmp_path: Path, place: float, bit: int) -> None:
    changed = bytearray(whole)
    changed[int(place * len(whole))] ^= 1 << bit
    path = tmp_path / "c"
    path.write_bytes(changed)
    try:
        found = read(path)
    except CheckpointError:
        return
    path.write_bytes(whole)
    original = read(path)  # only what carries no information may differ, such as padding
    _tiny.assert_same(found[0], original[0])
    assert found[1] == original[1]


def test_one_flipped_bit_in_the_header(whole: bytes, tmp_path: Path) -> None:
    """The numbers and settings in the header are covered too: a step or a rate that changed silently would be worse."""
    position = whole.index(b'\\"step\\"')
    changed = bytearray(whole)
    digit = next(i for i in range(position + 8, position + 20) if chr(whole[i]).isdigit())
    changed[digit] ^= 1
    refused(tmp_path / "c", bytes(changed))


@pytest.mark.parametrize(
    "data", [b"", b"garbage", b"\x00" * 100, b"\xff" * 100, b"\x02\x00\x00\x00\x00\x00\x00\x00{}", os.urandom(5000)]
)
def test_garbage(data: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "c", data)


def test_missing_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="never saved"):
        read(tmp_path / "nothing")
    with pytest.raises(CheckpointError):
        read(tmp_path)


def test_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "VERSION", 99)
    monkeypatch.setitem(checkpoint._COVERED, 99, ("config",))
    write(tmp_path / "c", Saved({"step": 1, "x": torch.zeros(2)}, {}))
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="99"):
        read(tmp_path / "c")


def test_copies_do_not_follow_the_training() -> None:
    trainer = _tiny.trained(_tiny.points(), 2)
    state = copy_state(trainer.state_dict())
    again = copy_state(state)
    for _ in range(2):
        trainer.step()
    _tiny.assert_same(state, again)


def test_a_loaded_state_is_not_written_to() -> None:
    """The state a trainer goes on from stays what it was: it may be needed once more."""
    for config in (_tiny.points(g_optimizer__beta1=0.5), _tiny.pictures(d_optimizer__name="rmsprop")):
        trainer = _tiny.trained(config, 3)
        state = copy_state(trainer.state_dict())
        again = copy_state(state)
        trainer.load_state_dict(state)
        for _ in range(3):
            trainer.step()
        _tiny.assert_same(state, again)


def test_finiteness() -> None:
    state = {"a": {"b": torch.ones(3)}, "n": 3, "i": torch.tensor([2**31])}
    assert is_finite(state)
    for bad in (float("nan"), float("inf")):
        state["a"]["b"][1] = bad  # type: ignore[index]
        assert not is_finite(state)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    atomic.write_bytes(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, full)
        with pytest.raises(OSError, match="space"):
            atomic.write_bytes(path, b"new")
        monkeypatch.undo()
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir()] == ["file"]


# ── files of earlier versions ────────────────────────────────────────────────────────────────────────────────────────────


def write_old(path: Path, version: int, state: dict[str, Any], config: dict[str, Any], journal: int = 0) -> None:
    """A checkpoint as versions 1 and 2 wrote it."""
    flat = dict(_tiny.flat(state))
    tensors = {name: value.contiguous() for name, value in flat.items() if isinstance(value, torch.Tensor)}
    numbers = {name: value for name, value in flat.items() if name not in tensors}
    parts = [config, numbers] + ([journal] if version == 2 else [])
    crc = zlib.crc32(json.dumps(parts, sort_keys=True).encode())
    for name in sorted(tensors):
        crc = zlib.crc32(f"{name} {tensors[name].dtype} {list(tensors[name].shape)}".encode(), crc)
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().tobytes(), crc)
    head = {"version": version, "config": config, "numbers": numbers, "crc": crc}
    if version == 2:
        head["journal"] = journal
    path.write_bytes(save(tensors, metadata={"gan-playground": json.dumps(head)}))


@pytest.mark.parametrize(("version", "journal"), [(1, None), (2, 5)])
def test_earlier_versions_are_read(version: int, journal: int | None, tmp_path: Path) -> None:
    trainer = _tiny.trained(_tiny.points(), 3)
    write_old(tmp_path / "c", version, copy_state(trainer.state_dict()), serial.to_dict(trainer.config), journal or 0)
    saved = read(tmp_path / "c")
    _tiny.assert_same(saved.state, trainer.state_dict())
    assert serial.from_dict(saved.config) == trainer.config
    assert (saved.journal, saved.start, saved.facts) == (journal, {}, {})
    refused(tmp_path / "c", (tmp_path / "c").read_bytes()[:-3])


def test_a_run_of_the_first_version_goes_on_and_is_brought_up_to_date(tmp_path: Path) -> None:
    """One checkpoint beside the other files, rows without ranges, run.json without a summary, settings without a seal."""
    config, now = _tiny.points(), _tiny.points(g_optimizer__lr=5e-4)
    trainer = _tiny.trained(config, 3)
    trainer.change(now)
    for _ in range(3):
        trainer.step()
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.toml").write_text(serial.to_toml(config), encoding="utf-8")
    facts = {"version": 1, "run": "x", "owner": "me", "status": "running", "step": 6, "seconds": 1.5}
    (run / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    entries = [{"step": 3, "do": "change", "changes": {"g_optimizer.lr": [1e-3, 5e-4]}}, {"step": 9, "do": "pause"}]
    (run / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in entries), encoding="utf-8")
    (run / "metrics.csv").write_text("step,d_loss,g_loss\n3,0.5,1\n6,0.25,\n9,7,7\n", encoding="utf-8")
    write_old(run / "checkpoint.safetensors", 1, copy_state(trainer.state_dict()), serial.to_dict(now))
    folder = RunFolder(run)
    session = TrainingSession("x", "me", folder.config(), folder, restore=folder.was_saved(folder.facts()))
    session.prepare_stopped(folder.facts())
    session.prepare()
    session.turn(0.0)
    assert (session.status, session.step, session.seconds, session.config) == ("paused", 6, 1.5, now)
    assert [mark.name for mark in session.marks] == ["g_optimizer.lr"]
    assert session.latest.curve_steps is not None
    assert session.latest.curve_steps.tolist() == [3, 6]
    session.send(Resume())
    session.turn(60.0, until_step=9)
    session.close()
    for _ in range(3):
        trainer.step()
    _tiny.assert_same(folder.read_checkpoint().state, trainer.state_dict())
    assert not (run / "checkpoint.safetensors").exists()
    assert folder.facts()["version"] == 2
    assert folder.facts()["summary"]["dataset"] == "ring"
    assert folder.read_checkpoint().start == serial.to_dict(config)


def test_a_file_is_named_from_its_run_on(tmp_path: Path) -> None:
    run = tmp_path / "ring-1"
    (run / "checkpoints").mkdir(parents=True)
    (run / "run.json").write_text("{}", encoding="utf-8")
    assert named(run / "checkpoints" / "best.safetensors") == "ring-1/checkpoints/best.safetensors"
    assert named(run / "config.toml") == "ring-1/config.toml"
    assert named(tmp_path / "alone.safetensors") == "alone.safetensors"
    missing = FileNotFoundError(2, "No such file or directory", str(run / "x"))
    assert reason_of(missing) == "No such file or directory"
    assert reason_of(ValueError("checksum\nmore")) == "checksum"
    assert reason_of(ValueError()) == "ValueError"

"""Checkpoint files: whole, or refused with a CheckpointError. Cut anywhere or changed anywhere, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import _tiny
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core import serial
from gan_core.errors import CheckpointError
from gan_core.runs import atomic, checkpoint
from gan_core.runs.checkpoint import Saved, copy_state, dump, is_finite, read, write


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
    assert str(path) in str(caught.value)


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

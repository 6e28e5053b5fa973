"""A device without room: wherever it happens, the run is kept, it is said what would fit, and others go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from test_session import LONG, beside, new, run_to, state, tell

from gan_core import device as devices
from gan_core.config import RunConfig, replace
from gan_core.diagnosis import signs, treatments
from gan_core.memory import estimate, fitting_batch
from gan_core.players import Players
from gan_core.runs import checkpoint, keeping
from gan_core.runs.breaking import NO_ROOM, NO_ROOM_TO_SAVE, NO_SMALLER, ONLY_SMALLER, OUT_OF_MEMORY
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.store import Store
from gan_core.trainer import Trainer

SAID = [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes. Error code 12"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`")]  # fmt: skip


def full(*_: Any, **__: Any) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how many bytes are free."""

    def free(count: float) -> None:
        monkeypatch.setattr("gan_core.memory._free", lambda device: int(count))

    return free


@pytest.mark.parametrize("error", SAID, ids=lambda e: str(e)[:20])
def test_what_is_a_lack_of_memory(error: Exception) -> None:
    assert devices.is_out_of_memory(error)
    assert not devices.is_out_of_memory(ValueError(str(error)))
    assert not devices.is_out_of_memory(RuntimeError("shapes do not match"))


def test_an_error_lets_go_of_its_tensors() -> None:
    """What a call held when it ended in an error would otherwise stay in memory as long as the error is looked at."""
    import weakref

    def step() -> None:
        kept = torch.zeros(1000)
        alive.append(weakref.ref(kept))
        raise MemoryError

    alive: list[Any] = []
    try:
        step()
    except MemoryError as error:
        assert alive[0]() is not None
        devices.free_what_is_left_of(error)
        assert alive[0]() is None


# ── which batch fits ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_largest_half_that_fits(room: Callable[[float], None]) -> None:
    config = _tiny.pictures(batch_size=64)
    for wanted in (32, 16, 4):
        room(estimate(replace(config, {"batch_size": wanted})) / 0.8 + 1)
        assert fitting_batch(config) == wanted
    room(1e13)
    assert fitting_batch(config) == 32  # the estimate says that 64 fit, and they did not
    room(0)
    assert fitting_batch(config) == 2


def test_a_device_that_does_not_say_how_full_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_device: object) -> int:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr("gan_core.memory._free", unknown)
    assert fitting_batch(_tiny.pictures(batch_size=64)) == 32


def test_only_batches_that_go_with_the_other_settings(room: Callable[[float], None]) -> None:
    room(0)
    assert fitting_batch(_tiny.pictures(batch_size=24, discriminator__packing=3)) == 3
    assert fitting_batch(_tiny.pictures(batch_size=48, accumulation=16)) is None  # 24 cannot be split into 16 parts
    assert fitting_batch(_tiny.points(batch_size=3)) is None


def test_parts_take_no_more_than_the_smaller_batch() -> None:
    config = _tiny.pictures(batch_size=64, accumulation=2)
    assert treatments.parts_for(config, 16) == 8
    split, smaller = replace(config, {"accumulation": 8}), replace(config, {"batch_size": 16})
    assert estimate(split) == estimate(smaller)
    assert treatments.parts_for(_tiny.pictures(batch_size=64, loss="relativistic_average", penalty="none"), 16) is None


# ── a session ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def break_at(patch: pytest.MonkeyPatch, place: str) -> None:
    """Memory runs out at this place of a turn, each time."""
    at = {"step": (Trainer, "advance"), "statistics": (Trainer, "read_stats"), "look": (Players, "sample"), "reading": (Players, "critic"),
          "copy": (keeping, "copy_state")}[place]  # fmt: skip
    patch.setattr(*at, full)


@pytest.mark.parametrize("place", ["step", "statistics", "look", "reading", "copy"])
def test_wherever_it_happens_the_run_is_kept(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: Callable[[float], None]
) -> None:
    room(1e13)
    config = _tiny.pictures()
    session = new(tmp_path, config)
    run_to(session, 4)
    tell(session, Pause())
    good = state(session)
    break_at(monkeypatch, place)
    session.send(Resume())
    session._keeper._next = 0.0
    for cadence in (session._looker._looks, session._looker._readings):
        cadence._wait, cadence._last = 0.0, -99.0
    session.turn(LONG, until_step=6)
    assert session.status == "failed"
    assert session.message.template == OUT_OF_MEMORY
    assert str(session.message).count("4") >= 2  # the step, and half of a batch of eight
    assert (session.message.params["batch"], session.message.params["parts"]) == (4, 2)
    monkeypatch.undo()
    assert session.step == 4
    _tiny.assert_same(state(session), good)
    (found,) = session.diagnosis
    assert (found.code, found.evidence.template) == ("out_of_memory", signs.RAN_OUT)
    assert found.remedy == {"batch_size": (8, 4)}
    assert found.advice.params == {"batch": 4, "now": 8, "parts": 2}
    session.change(found.changes)  # what the button does
    tell(session, Resume())
    run_to(session, 6)
    assert session.config.batch_size == 4
    assert [f.code for f in session.diagnosis] == ["early"]


def test_it_goes_on_as_if_nothing_had_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a change, too: another program may have taken the room for a moment."""
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 4)
    tell(session, Pause())
    with monkeypatch.context() as patch:
        break_at(patch, "step")
        tell(session, Resume())
    assert session.status == "failed"
    tell(session, Resume())
    run_to(session, 7)
    _tiny.assert_same(state(session), _tiny.trained(session.config, 7).state_dict())


def test_accumulation_helps_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 4)
    with monkeypatch.context() as patch:
        break_at(patch, "step")
        session.turn(LONG)
    session.change({"accumulation": session.message.params["parts"]})
    tell(session, Resume())
    run_to(session, 6)
    assert (session.config.batch_size, session.config.accumulation) == (8, 2)
    assert [f.code for f in session.diagnosis] == ["early"]


@pytest.mark.parametrize(("changes", "template", "advice"), [
    ({"loss": "relativistic_average", "penalty": "none"}, ONLY_SMALLER, treatments.ONLY_SMALLER_BATCH),
    ({"batch_size": 3}, NO_SMALLER, treatments.NARROWER),
])  # fmt: skip
def test_what_else_is_said(
    changes: dict[str, Any], template: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = new(tmp_path, _tiny.pictures(**changes))
    run_to(session, 2)
    break_at(monkeypatch, "step")
    session.turn(LONG)
    assert (session.status, session.message.template) == ("failed", template)
    assert str(session.message)
    assert session.diagnosis[0].advice.template == advice


@pytest.mark.parametrize("place", ["gan_core.trainer.build_discriminator", "gan_core.trainer.Trainer._real_stream"])
def test_no_room_for_data_or_networks(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path, _tiny.pictures())
    with monkeypatch.context() as patch:
        patch.setattr(place, full)
        session.turn(LONG)
    assert (session.status, session.message.template) == ("failed", NO_ROOM)
    assert "image_size" in str(session.message)
    tell(session, Resume())
    run_to(session, 2)


def test_no_room_while_loading_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("gan_core.data.load", full)
        session = new(tmp_path, _tiny.pictures())
    assert (session.status, session.message.template) == ("failed", NO_ROOM)
    assert session.needs_data
    session.prepare_again()
    session.prepare()
    run_to(session, 2)


def test_no_room_even_to_go_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the networks leave the memory, and come again from the disk."""
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 4)
    tell(session, Pause())
    good = state(session)
    with monkeypatch.context() as patch:
        break_at(patch, "step")
        patch.setattr(Trainer, "load_state_dict", full)
        tell(session, Resume())
    assert (session.status, session.message.template) == ("failed", NO_ROOM)
    assert session.trainer is None
    tell(session, Pause())
    assert session.step == 4
    _tiny.assert_same(state(session), good)


def test_a_checkpoint_that_finds_no_room_pauses_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the thread that writes: the file of before stays as it was."""
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 4)
    tell(session, Pause())
    good = state(session)
    assert session.folder is not None
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "dump", lambda saved: full())
        session.send(Resume())
        session._keeper._next = 0.0
        session.turn(LONG, until_step=6)
        assert (session.status, session.message.template) == ("paused", NO_ROOM_TO_SAVE)
    kept = session.folder.read_checkpoint()
    _tiny.assert_same(kept.state, good)
    tell(session, Resume())
    run_to(session, 8)
    tell(session, Pause())
    assert session.folder.read_checkpoint().state["step"] == 8


def test_the_run_is_whole_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 4)
    tell(session, Pause())
    good = state(session)
    with monkeypatch.context() as patch:
        break_at(patch, "step")
        tell(session, Resume())
    assert session.folder is not None
    session.folder.unlock()
    other = beside(tmp_path)
    assert (other.status, other.message.template) == ("failed", OUT_OF_MEMORY)
    _tiny.assert_same(state(other), good)


# ── beside others ────────────────────────────────────────────────────────────────────────────────────────────────────────


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = Trainer.advance
    greedy: RunConfig = _tiny.pictures(batch_size=64)

    def step(self: Trainer, most: int) -> int:
        if self.config.batch_size == 64 and self.step_count >= 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return advance(self, most)

    monkeypatch.setattr(Trainer, "advance", step)
    scheduler = Scheduler(Store(tmp_path))
    try:
        large, small = scheduler.create(greedy, "somebody"), scheduler.create(_tiny.pictures(), "else")
        until(lambda: large.status == "failed")
        before = small.step
        until(lambda: small.step > before + 5)
        assert small.status == "running"
        large.change(large.diagnosis[0].changes)
        scheduler.send(large, Resume())
        until(lambda: large.step > 6)
        assert large.config.batch_size == 32
    finally:
        scheduler.close()

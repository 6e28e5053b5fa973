"""The past of a run: bounded in bytes and in number, thinned evenly, and never of steps that did not happen."""

from __future__ import annotations

import itertools
import random
import shutil
from pathlib import Path

import pytest

from gan_core.runs import history
from gan_core.runs.history import Moment


@pytest.fixture
def past(tmp_path: Path) -> history.History:
    return history.History(tmp_path / "history")


def steps(past: history.History) -> list[int]:
    return [moment.step for moment in past.moments()]


def test_nothing_yet(past: history.History) -> None:
    assert past.moments() == []
    assert past.wants(1)
    assert past.clear() == 0


def test_states_and_pictures(past: history.History) -> None:
    past.add(3, b"state")
    past.add(5, None, b"picture")
    past.add(8, b"state", b"picture")
    assert past.moments() == [Moment(3, True, False), Moment(5, False, True), Moment(8, True, True)]
    assert past.state_file(8).read_bytes() == b"state"
    assert past.picture_file(5).read_bytes() == b"picture"
    assert past.clear() == 24
    assert past.moments() == []


def test_what_never_happened_goes(past: history.History) -> None:
    for step in range(1, 7):
        past.add(step, b"x")
    past.add(4, b"again")
    assert steps(past) == [1, 2, 3, 4]
    past.cut(2)
    assert steps(past) == [1, 2]


@pytest.mark.parametrize("rate", [1, 7, 1000])
def test_never_too_many_and_evenly_spread(past: history.History, rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOMENTS", 32)
    rng = random.Random(rate)
    step = 0
    for _ in range(1500):
        step += rng.randint(rate, 2 * rate)
        if past.wants(step):
            past.add(step, b"x" * 10)
        assert len(past.moments()) <= 32
    found = steps(past)
    assert found[0] <= 2 * rate  # the beginning stays
    assert step - found[-1] < step / 8
    gaps = [b - a for a, b in itertools.pairwise(found)]
    assert len(found) >= 16
    assert max(gaps) <= 6 * min(gaps)  # early and late alike, but for one halving and the unequal pace


def test_as_long_as_there_is_room_the_next_moment_is_wanted_at_once(past: history.History) -> None:
    for step in range(0, 5000, 100):
        past.add(step, b"x")
        assert past.wants(step + 1)
        assert history.History(past.path).wants(step + 1)


def test_another_process_goes_on_as_sparsely(past: history.History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOMENTS", 32)
    for step in range(1, 1000):
        if past.wants(step):
            past.add(step, b"x")
    again = history.History(past.path)
    last = steps(again)[-1]
    assert [again.wants(last + n) for n in range(1, 64)] == [past.wants(last + n) for n in range(1, 64)]
    assert not again.wants(last + 1)


def test_never_more_bytes_than_allowed(past: history.History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BUDGET", 1000)
    for step in range(1, 200):
        past.add(step, b"x" * (step % 300))
        assert sum(file.stat().st_size for file in past.path.iterdir()) <= 1000 or len(past.moments()) == 1
        assert steps(past)[-1] == step


def test_states_give_way_to_pictures(past: history.History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BUDGET", 2000)
    monkeypatch.setattr(history, "STATES", 1000)
    for step in range(1, 41):
        past.add(step, b"s" * 200, b"p" * 10)
    found = past.moments()
    assert len(found) == 40  # every picture
    assert 2 <= sum(moment.state for moment in found) <= 5
    assert found[-1].state


def test_a_checkpoint_is_shared_and_stays_when_the_checkpoint_goes(past: history.History, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    file.write_bytes(b"state")
    past.link(7, file)
    past.link(7, file)
    assert past.state_file(7).stat().st_ino == file.stat().st_ino
    file.unlink()
    assert past.state_file(7).read_bytes() == b"state"


def test_a_checkpoint_is_copied_where_names_cannot_be_shared(
    past: history.History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    (tmp_path / "checkpoint").write_bytes(b"state")
    past.link(7, tmp_path / "checkpoint")
    assert past.state_file(7).read_bytes() == b"state"


def test_other_files_in_the_folder(past: history.History) -> None:
    past.add(1, b"x")
    for name in ("notes.txt", "x.webp", ".000000000002.webp.new-abc", "²3.webp"):
        (past.path / name).write_bytes(b"?")
    assert steps(past) == [1]


def test_the_folder_goes_while_it_is_used(past: history.History) -> None:
    past.add(1, b"x")
    shutil.rmtree(past.path)
    past.add(2, b"x")
    assert steps(past) == [2]

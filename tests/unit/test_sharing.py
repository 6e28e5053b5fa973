"""Links that lock and hide: written, read, altered; and runs that keep to them whoever asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from _tiny import points
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gan_core import config as settings
from gan_core import presets, sharing
from gan_core.errors import ConfigError
from gan_core.runs.scheduler import Scheduler
from gan_core.runs.session import TrainingSession
from gan_core.runs.store import Store
from gan_core.sharing import LONGEST_NOTE, Share, ShareError

NAMES = [f.name for f in settings.fields()]
some = st.frozensets(st.sampled_from(NAMES))
RING = presets.load("ring")


@limits(max_examples=40, deadline=None)
@given(lock=some, hide=some, note=st.text(max_size=LONGEST_NOTE))
def test_a_link_gives_back_what_was_put_in(lock: frozenset[str], hide: frozenset[str], note: str) -> None:
    share = Share(lock, hide, note)
    query = sharing.to_query(RING, share)
    assert sharing.from_query(query) == (RING, share, [])
    as_a_browser_says_it = {
        key: unquote(quote(value)) if key != "c" else unquote(value) for key, value in query.items()
    }
    assert sharing.from_query(as_a_browser_says_it) == (RING, share, [])
    assert sum(map(len, query.values())) < 4000


def test_a_link_without_locks_is_as_it_was() -> None:
    assert list(sharing.to_query(RING, Share())) == ["c"]
    config, share, problems = sharing.from_query({"c": "1;seed=5;nobody=1"})
    assert config.seed == 5
    assert not share
    assert len(problems) == 1


def test_long_lists_are_written_as_what_is_left_out() -> None:
    query = sharing.to_query(RING, Share(frozenset(NAMES) - {"seed"}))
    assert query["lock"] == "1;!seed"
    assert sharing.from_query(query).share.lock == frozenset(NAMES) - {"seed"}


@pytest.mark.parametrize(
    "change",
    [
        {"c": "1;seed=1"}, {"c": ""}, {"lock": "1;loss"}, {"lock": ""}, {"lock": "1;nobody"}, {"lock": "2;loss"}, {"hide": "1;seed"},
        {"note": "Other words"}, {"sum": "00000000"}, {"sum": ""}, {"note": "x" * 100_000}, {"lock": "loss"}, {"hide": "1;" + "seed," * 5000},
    ],
    ids=str,
)  # fmt: skip
def test_an_altered_link_is_refused_as_a_whole(change: dict[str, str]) -> None:
    query = sharing.to_query(RING, Share(frozenset({"loss", "penalty"}), note="Look"))
    with pytest.raises(ShareError, match="nothing of it is used"):
        sharing.from_query(query | change)


def test_a_setting_of_another_version_in_a_locked_link_refuses_it() -> None:
    query = sharing.to_query(RING, Share(frozenset({"loss"})))
    query["c"] += ";tomorrow=1"
    query["sum"] = sharing._sum({key: query[key] for key in ("c", "lock")})
    with pytest.raises(ShareError, match="another version"):
        sharing.from_query(query)


def test_a_note_is_plain_text_of_a_bounded_length() -> None:
    assert Share(note="  a\x00b\x1b[31m\r\nc\u202e  ").note == "ab[31m\nc"
    assert len(Share(note="x" * 900).note) == LONGEST_NOTE


def test_an_unknown_setting_cannot_be_locked() -> None:
    with pytest.raises(ConfigError, match="nobody"):
        Share(frozenset({"nobody"}))


@pytest.mark.parametrize(
    "said", [None, 5, [], {}, {"lock": 5, "hide": ["seed", 7, "gone"], "note": None}, {"lock": [[]]}], ids=str
)
def test_whatever_run_json_says_is_read(said: Any) -> None:
    share = Share.from_dict(said)
    assert share.hide <= {"seed"}
    assert not share.lock


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    made = Scheduler(Store(tmp_path))
    yield made
    made.close()


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_locked_run_keeps_to_it_also_after_a_restart(scheduler: Scheduler, tmp_path: Path) -> None:
    share = Share(frozenset({"loss"}), frozenset({"g_optimizer.lr"}), "Keep the loss")
    run = scheduler.create(points(), "me", share)
    free = scheduler.create(points(), "me")
    until(lambda: run.step > 3 and free.step > 0)
    for session in (run, scheduler.get(run.id)):
        for name, value in (("loss", "hinge"), ("g_optimizer.lr", 0.1)):
            with pytest.raises(ConfigError, match=f"{name} cannot be changed here"):
                session.change({name: value})
    run.change({"batch_size": 32})  # what is not locked is as free as ever
    run.change({"loss": run.config.loss})
    free.change({"loss": "hinge"})
    run.command("reset")
    until(lambda: run.has_obeyed)
    with pytest.raises(ConfigError):
        run.change({"loss": "hinge"})
    until(lambda: run.step > 3)
    scheduler.close()
    again = Scheduler(Store(tmp_path))
    try:
        for parent, expected in ((run, share), (free, Share())):
            found = again.get(parent.id)
            assert found.share == expected
        with pytest.raises(ConfigError):
            again.get(run.id).change({"loss": "hinge"})
        kept = max(again.store.folder(run.id).states())
        assert again.branch(run.id, kept, "me").share == share
        assert again.branch(run.id, kept, "teacher").share == Share()
    finally:
        again.close()


def test_a_locked_seed_cannot_be_counted_up_by_a_reset() -> None:
    kept = TrainingSession("kept", "", points(), share=Share(lock=frozenset({"seed"})))
    with pytest.raises(ConfigError, match="seed"):
        kept.command("reset_seed")
    kept.command("reset")
    free = TrainingSession("free", "", points())
    free.command("reset_seed")
    assert free.expected_config.seed == points().seed + 1

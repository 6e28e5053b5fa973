"""What is made, when, and what is loaded: with a compiler that only pretends, since these questions do not depend on the programs."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import _tiny
import pytest
from _until import until
from filelock import FileLock

from gan_core.config import RunConfig, replace
from gan_core.engine import build, orders, workshop
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.errors import EngineError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="steps are not compiled on Windows")

# It says what it makes, waits as long as a file tells, and leaves files with nothing in them.
_PRETENDS = """
import json, sys, time
from pathlib import Path
asked = json.loads(sys.stdin.readline())
folder = Path(asked["folder"])
with (folder / "log").open("a") as log: log.write(asked["name"] + "\\n")
time.sleep(float((folder / "seconds").read_text()))
if (folder / "fails").exists(): sys.exit("no space left")
for name in (asked["name"], "LOOP"): (folder / name).touch(mode=0o700)
""".replace("LOOP", build.LOOP_NAME)


@pytest.fixture(autouse=True)
def _pretending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "_COMMAND", (sys.executable, "-c", _PRETENDS))
    monkeypatch.setattr(workshop, "_STEADY", 0.1)
    monkeypatch.setattr(workshop, "_LOOK", 0.02)
    monkeypatch.setattr(workshop, "_FORGOTTEN", 1.0)
    monkeypatch.setattr(orders, "compiler", lambda: "g++")
    orders.orders.cache_clear()
    folder(tmp_path).mkdir(mode=0o700)
    takes(tmp_path, 0.0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(folder(tmp_path))
    yield made
    made.close()


def folder(tmp_path: Path) -> Path:
    return tmp_path / "engine"


def takes(tmp_path: Path, seconds: float) -> None:
    (folder(tmp_path) / "seconds").write_text(str(seconds), encoding="ascii")


def begun(tmp_path: Path) -> list[str]:
    log = folder(tmp_path) / "log"
    return log.read_text(encoding="ascii").split() if log.exists() else []


def part(**changes: object) -> Part:
    config: RunConfig = _tiny.points(**changes)
    return Part(config, (2,), 0, "cpu", 1)


def names(wanted: Part) -> list[str]:
    return [order.name for order in orders.orders(wanted)]


def test_it_is_made_while_somebody_asks_for_it(shop: Workshop, tmp_path: Path) -> None:
    assert shop.find(part()) is None
    until(lambda: not shop.ask(part()))
    assert begun(tmp_path) == names(part())


def test_a_value_that_is_passed_by_is_not_made(shop: Workshop, tmp_path: Path) -> None:
    passed = [part(batch_size=16 + i) for i in range(8)]
    for one in passed:  # a slider that is dragged
        shop.ask(one)
        time.sleep(0.02)
    wanted = part(batch_size=99)
    until(lambda: not shop.ask(wanted))
    assert begun(tmp_path) == names(wanted)


def test_what_nobody_asks_for_any_more_gives_way(shop: Workshop, tmp_path: Path) -> None:
    takes(tmp_path, 1000.0)
    until(lambda: shop.ask(part()) and len(begun(tmp_path)) == 1)
    takes(tmp_path, 0.0)
    until(lambda: not shop.ask(part(batch_size=32)))
    assert begun(tmp_path) == [*names(part()), *names(part(batch_size=32))]


def test_what_nobody_asks_for_any_more_is_finished_when_nobody_waits(shop: Workshop, tmp_path: Path) -> None:
    takes(tmp_path, 2.0)
    until(lambda: shop.ask(part()) and len(begun(tmp_path)) == 1)
    until(lambda: (folder(tmp_path) / names(part())[0]).exists())


def test_what_is_made_ahead_is_given_up_when_nobody_asks_for_it(shop: Workshop, tmp_path: Path) -> None:
    takes(tmp_path, 3.0)
    until(lambda: shop.ask(part(), ahead=True) and len(begun(tmp_path)) == 1)
    time.sleep(4.0)
    assert not (folder(tmp_path) / names(part())[0]).exists()
    takes(tmp_path, 0.0)
    until(lambda: not shop.ask(part(), ahead=True))
    assert begun(tmp_path) == names(part()) * 2


def test_what_is_made_ahead_and_then_asked_for_in_earnest_is_finished(shop: Workshop, tmp_path: Path) -> None:
    takes(tmp_path, 2.0)
    until(lambda: shop.ask(part(), ahead=True) and len(begun(tmp_path)) == 1)
    shop.ask(part())
    shop.ask(part(), ahead=True)
    until(lambda: (folder(tmp_path) / names(part())[0]).exists())


def test_it_closes_at_once_while_it_compiles(shop: Workshop, tmp_path: Path) -> None:
    takes(tmp_path, 1000.0)
    until(lambda: shop.ask(part()) and len(begun(tmp_path)) == 1)
    begin = time.monotonic()
    shop.close()
    assert time.monotonic() - begin < 5
    with pytest.raises(EngineError, match="stopping"):
        shop.ask(part())


def test_it_closes_at_once_while_another_process_compiles(shop: Workshop, tmp_path: Path) -> None:
    with FileLock(folder(tmp_path) / "lock"):
        for _ in range(20):
            shop.ask(part())
            time.sleep(0.03)
        begin = time.monotonic()
        shop.close()
        assert time.monotonic() - begin < 5
    assert begun(tmp_path) == []


def test_what_another_process_has_made_is_not_made_again(tmp_path: Path) -> None:
    takes(tmp_path, 0.5)
    shops = [Workshop(folder(tmp_path)) for _ in range(2)]
    threads = [threading.Thread(target=until, args=(lambda shop=shop: not shop.ask(part()),)) for shop in shops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for shop in shops:
        shop.close()
    assert begun(tmp_path) == names(part())


def test_a_failure_is_said_and_forgotten_after_a_while(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder(tmp_path) / "fails").touch()
    with pytest.raises(EngineError, match="no space left"):
        until(lambda: not shop.ask(part()))
    with pytest.raises(EngineError, match="no space left"):
        shop.ask(part())
    (folder(tmp_path) / "fails").unlink()
    monkeypatch.setattr(workshop, "_RETRY", 0.0)
    until(lambda: not shop.ask(part()))
    assert len(begun(tmp_path)) == 2


@pytest.mark.parametrize("opened", ["the folder", "the program"])
def test_what_others_may_write_to_is_not_loaded(shop: Workshop, tmp_path: Path, opened: str) -> None:
    until(lambda: not shop.ask(part()))
    path = folder(tmp_path) / (names(part())[0] if opened == "the program" else "")
    path.chmod(0o770)
    with pytest.raises(EngineError, match="others may write"):
        shop.find(part())


def test_a_program_of_somebody_else_is_not_loaded(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    until(lambda: not shop.ask(part()))
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(EngineError, match="others may write"):
        shop.find(part())


@pytest.mark.parametrize("do", [Workshop.find, Workshop.ask])
def test_a_disk_that_refuses_is_no_reason_to_break(
    do: Callable[[Workshop, Part], object], shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(EngineError, match="Permission denied"):
        do(shop, part())


def test_a_program_is_made_for_the_device_of_its_run() -> None:
    (order,) = orders.orders(part(device="auto"))
    assert order.asked["config"]["device"] == "cpu"  # though "auto" may be another one where it is made


def test_a_lazy_penalty_has_two_programs_and_shares_the_one_with_it() -> None:
    lazy, every = names(part(penalty="r1", penalty_interval=4)), names(part(penalty="r1", penalty_interval=1))
    assert len(lazy) == 2
    assert lazy[1:] == every
    assert names(part(penalty="r1", penalty_interval=7)) == lazy
    assert len(names(part(penalty="none", penalty_interval=4))) == 1


def test_what_a_slider_moves_is_in_no_name() -> None:
    config = _tiny.points()
    moved = {"g_optimizer.lr": 0.5, "d_optimizer.beta2": 0.5, "penalty_weight": 3.0, "instance_noise": 0.3, "seed": 9}
    assert names(part()) == names(Part(replace(config, moved), (2,), 0, "cpu", 1))


@pytest.mark.parametrize("name", ["_processor", "fingerprint"])
def test_another_processor_or_other_code_is_another_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(part())
    orders.orders.cache_clear()
    orders._machine.cache_clear()
    monkeypatch.setattr(orders, name, lambda: ["another"])
    assert names(part()) != before
    monkeypatch.undo()
    orders.orders.cache_clear()
    orders._machine.cache_clear()

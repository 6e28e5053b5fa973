"""The real compiler: its programs agree with the eager step, leave the interpreter free, and are kept for the next time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _tiny
import pytest
import torch
from test_engine_equality import FEATURES, PICTURES, advance

from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.engine import build, orders, program, shelf
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.errors import EngineError
from gan_core.runs.checkpoint import copy_state
from gan_core.trainer import Trainer

PATIENCE = 600.0
# Every loss with every penalty, the optimisers in turn: a compilation takes a minute. All triples are compared as traced graphs.
_OPTIMIZERS = [*registry.optimizer]
OBJECTIVES = [
    (loss, penalty, _OPTIMIZERS[(i + i // len(registry.penalty)) % len(_OPTIMIZERS)])
    for i, (loss, penalty) in enumerate(_tiny.objectives())
]
pytestmark = pytest.mark.skipif(not orders.compiler(), reason="no C++ compiler (g++ or clang++)")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    made = Workshop(tmp_path_factory.mktemp("engine"))
    yield made
    made.close()


def wait_for(shop: Workshop, part: Part) -> None:
    deadline = time.monotonic() + PATIENCE
    while shop.ask(part):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def programs(shop: Workshop, config: RunConfig) -> Any:
    """What takes the steps of such a run, once it is compiled."""
    part = Part.of(Trainer(config), threads=1)
    wait_for(shop, part)
    runner = shop.find(part)
    assert runner is not None
    return runner


def compare(config: RunConfig, runner: Any, steps: int = 5) -> None:
    """Single precision against single precision: a few steps, and a tolerance for what rounding becomes in them: a hundredth of the
    way that a tensor went."""
    eager, compiled = Trainer(config), Trainer(config)
    advance(eager, 1)
    advance(compiled, 1)
    start = {name: value.clone() for name, value in program.state(eager)[1].items()}
    compiled.use(runner)
    certain = {name: torch.ones(()) for name in start}
    for _ in range(steps):
        advance(eager, 1)
        for name in certain:
            certain[name] = certain[name] * _more_than_rounding(name, program.state(eager)[1])
    advance(compiled, steps)
    expected, found = program.state(eager)[1], program.state(compiled)[1]
    for name, value in expected.items():
        if value.dtype.is_floating_point:
            sure = certain[name]
            way, off = ((value - start[name]) * sure).norm(), ((found[name] - value) * sure).norm()
            assert off <= 0.01 * way + 1e-6 * value.norm() + 1e-7, f"{name}: {off} of {way}"
        else:
            assert found[name].equal(value), name


def _more_than_rounding(name: str, state: dict[str, torch.Tensor]) -> torch.Tensor:
    """1 for the numbers of a tensor that can be compared, 0 for others. Adam and RMSprop divide a gradient by its own size: of one that
    is zero but for rounding (a bias that a difference of D's outputs cancels, say) they make whole steps, whose sign is chance. One such
    step is enough: momentum remembers it."""
    player, _, parameter = name.partition("/")
    if player.endswith(".slots"):  # the momentum of RMSprop is of steps, not of gradients
        player, parameter = player.removesuffix(".slots"), parameter.rpartition("/")[0]
    player = {"average": "g"}.get(player, player)
    sizes = {key: value.sqrt() for key, value in state.items()
             if key.startswith(f"{player}.slots/") and key.endswith(("exp_avg_sq", "square_avg"))}  # fmt: skip
    own = [size for key, size in sizes.items() if key.startswith(f"{player}.slots/{parameter}/")]
    if not own:
        return torch.ones(())
    return (own[0] > 1e-5 * max(float(size.max()) for size in sizes.values())).float()


POINTS = _tiny.points(g_optimizer__name="sgd", d_optimizer__name="sgd", instance_noise=0.05)
CONVOLUTIONS = _tiny.pictures(
    generator__norm="batch", discriminator__spectral_norm=True, loss="hinge", penalty="none", g_optimizer__name="sgd",
    d_optimizer__name="sgd",
)  # fmt: skip


def test_points(shop: Workshop) -> None:
    compare(POINTS, programs(shop, POINTS))


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
def test_convolutions(shop: Workshop) -> None:
    compare(CONVOLUTIONS, programs(shop, CONVOLUTIONS), steps=3)


def test_another_seed_and_another_rate_need_no_other_program(shop: Workshop) -> None:
    programs(shop, POINTS)
    other = replace(POINTS, {"seed": 3, "g_optimizer.lr": 0.01, "data.name": "moons", "penalty_weight": 0.3})
    runner = shop.find(Part.of(Trainer(other), threads=1))
    assert runner is not None
    compare(other, runner)


def test_a_penalty_that_becomes_lazy_gets_another_program(shop: Workshop) -> None:
    trainer = Trainer(POINTS)
    trainer.use(programs(shop, POINTS))
    trainer.change(replace(POINTS, {"penalty_interval": 4}))
    assert not trainer.is_compiled


def test_the_next_process_finds_it_and_imports_no_compiler(shop: Workshop, tmp_path: Path) -> None:
    programs(shop, POINTS)
    code = f"""
import sys, torch
from pathlib import Path
from gan_core import serial
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.trainer import Trainer
trainer = Trainer(serial.from_json({json.dumps(_json(POINTS))}))
trainer.use(Workshop(Path({str(shop._shelf.folder)!r})).find(Part.of(trainer, 1)))
assert trainer.is_compiled
while trainer.step_count < 50: trainer.advance(50 - trainer.step_count)
assert "torch._inductor.compile_fx" not in sys.modules, "slow to import, and not needed"
print(trainer.read_stats().finite)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.stdout.strip() == "True", done.stderr


def _json(config: RunConfig) -> str:
    from gan_core import serial

    return serial.to_json(config)


def test_steps_are_the_same_bit_for_bit_however_they_are_called(shop: Workshop) -> None:
    runner, states = programs(shop, POINTS), []
    for sizes in ((40,), (1,) * 40, (7, 33)):
        trainer = Trainer(POINTS)
        trainer.use(runner)
        for size in sizes:
            advance(trainer, size)
        states.append(copy_state(trainer.state_dict()))
    for other in states[1:]:
        _tiny.assert_same(other, states[0])


def test_a_state_that_is_loaded_goes_on_bit_for_bit(shop: Workshop) -> None:
    runner = programs(shop, POINTS)
    whole, half, rest = Trainer(POINTS), Trainer(POINTS), Trainer(POINTS)
    for trainer, steps in ((whole, 30), (half, 13)):
        trainer.use(runner)
        advance(trainer, steps)
    rest.use(runner)
    rest.load_state_dict(copy_state(half.state_dict()))
    advance(rest, 17)
    _tiny.assert_same(rest.state_dict(), whole.state_dict())


def test_the_interpreter_is_free_while_steps_run(shop: Workshop) -> None:
    runner, trainer = programs(shop, POINTS), Trainer(POINTS)
    trainer.use(runner)
    advance(trainer, 1)
    stop, counted = threading.Event(), [0]

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    interval = sys.getswitchinterval()
    thread.start()
    try:
        sys.setswitchinterval(1000.0)  # nobody gives the interpreter away but of their own accord
        before = counted[0]
        for _ in range(100):  # on a busy machine the other thread may not get a core at once
            runner.run([True] * 32)
            during = counted[0] - before
            if during:
                break
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join()
    assert during > 0


def test_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "compiler", lambda: "")
    with pytest.raises(EngineError, match="no C\\+\\+ compiler"):
        Workshop(tmp_path).ask(Part.of(Trainer(_tiny.points(seed=77)), 1))


@pytest.mark.long  # a failure of one that pretends: test_engine_workshop.py
def test_a_compiler_that_fails_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    false = shutil.which("false")
    assert false is not None
    monkeypatch.setattr(orders, "compiler", lambda: false)
    made = Workshop(tmp_path / "engine")
    part = Part.of(Trainer(_tiny.points()), 1)
    for _ in range(2):
        with pytest.raises(EngineError, match="the compiler failed"):
            wait_for(made, part)
    assert not list((tmp_path / "engine").glob("*.so"))
    made.close()


def test_closing_ends_the_compiler(tmp_path: Path) -> None:
    made = Workshop(tmp_path / "engine")
    part = Part.of(Trainer(_tiny.points(k_d=3)), 1)
    while made._child is None:
        made.ask(part)
        time.sleep(0.05)
    child = made._child
    made.close()
    assert child.poll() is not None
    assert not list((tmp_path / "engine").glob("*.so"))


@pytest.mark.parametrize("damage", ["truncated", "empty", "one bit", "no checksum"])
def test_a_damaged_program_is_removed_and_made_anew(shop: Workshop, tmp_path: Path, damage: str) -> None:
    programs(shop, POINTS)
    folder = tmp_path / "engine"
    shutil.copytree(shop._shelf.folder, folder, ignore=shutil.ignore_patterns("torch"))
    part, copied = Part.of(Trainer(POINTS), 1), Workshop(folder)
    assert copied.find(part) is not None
    paths = [folder / order.name for order in orders.orders(part)]
    for path in paths:
        whole = path.read_bytes()
        path.unlink()  # the process has loaded it, and what is written over it would come up there
        damaged = {"truncated": whole[:1000], "empty": b"", "one bit": bytes([whole[0] ^ 1]) + whole[1:]}
        path.write_bytes(damaged.get(damage, whole))
        if damage == "no checksum":
            path.with_suffix(".sha256").unlink()
    assert copied.find(part) is None
    assert not any(path.exists() for path in paths)


def test_what_was_longest_unused_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "_KEPT_BYTES", 250)
    monkeypatch.setattr(shelf, "_SCRATCH_BYTES", 50)
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "source.cpp").write_bytes(bytes(51))
    (tmp_path / ".building-1").mkdir()
    for age, name in enumerate(("new.so", "older.so", "oldest.so", build.LOOP_NAME)):
        (tmp_path / name).write_bytes(bytes(100))
        (tmp_path / name).with_suffix(".sha256").touch()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    shelf.Shelf(tmp_path).make_room()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"new.so", "new.sha256", "older.so", "older.sha256", build.LOOP_NAME, "loop-1.sha256"}


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize(("loss", "penalty", "optimizer"), OBJECTIVES)
def test_every_objective(shop: Workshop, loss: str, penalty: str, optimizer: str) -> None:
    config = _tiny.with_objective(
        loss, penalty, g_optimizer__name=optimizer, d_optimizer__name=optimizer, instance_noise=0.05
    )
    if config is not None:
        compare(config, programs(shop, config), steps=2)


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("what", FEATURES)
def test_everything_that_changes_a_step(shop: Workshop, what: str) -> None:
    config = _tiny.points(**FEATURES[what])
    compare(config, programs(shop, config), steps=2)


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("what", PICTURES)
def test_pictures(shop: Workshop, what: str) -> None:
    config = _tiny.pictures(**PICTURES[what])
    compare(config, programs(shop, config), steps=2)


@pytest.mark.long
@pytest.mark.timeout(2 * PATIENCE)
def test_a_step_with_an_operation_that_no_program_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when it is run."""
    monkeypatch.setattr(build, "_decompositions", dict)
    with pytest.raises(RuntimeError, match="operation"):
        build._compile_step(Trainer(_tiny.pictures(generator__upsampling="bilinear", penalty="none")), False)

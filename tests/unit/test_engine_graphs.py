"""CUDA graphs: what they do with rows of inputs is the same anywhere; capturing needs the device."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import _tiny
import pytest
import torch
from test_engine_equality import FEATURES, PICTURES, advance, assert_close

from gan_core.config import RunConfig, replace
from gan_core.engine import program
from gan_core.engine.graphs import GraphRunner, Rows
from gan_core.engine.orders import Part
from gan_core.engine.workshop import Workshop
from gan_core.runs.checkpoint import copy_state
from gan_core.trainer import Trainer


class Replayed:
    """What a graph is made of, called instead of captured."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @torch.no_grad()
    def replay(self) -> None:
        self._rows()


class UncapturedRunner(GraphRunner):
    def _capture(self, rows: Rows, rest: Sequence[torch.Tensor], pictures: int) -> Any:
        return Replayed(rows)

    def _wait(self) -> None:
        pass


@pytest.mark.parametrize("what", ["a lazy penalty", "label flips", "several steps of each"])
def test_rows_of_inputs_are_taken_one_after_the_other(what: str) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        config = _tiny.points(**FEATURES[what])
        eager, compiled = Trainer(config), Trainer(config)
        compiled.use(UncapturedRunner())
        for trainer in (eager, compiled):
            advance(trainer, 7)
        assert_close(eager, compiled)
    finally:
        torch.set_default_dtype(torch.float32)


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def on_cuda(config: RunConfig) -> RunConfig:
    return replace(config, {"device": "cuda", "precision": "float32"})


@needs_cuda
@pytest.mark.parametrize("config", [*(_tiny.points(**values) for values in FEATURES.values()),
                                    *(_tiny.pictures(**values) for values in PICTURES.values())],
                         ids=[*FEATURES, *(f"pictures, {name}" for name in PICTURES)])  # fmt: skip
def test_graphs_do_what_the_eager_step_does(config: RunConfig) -> None:
    # Plain gradient descent: Adam makes large steps of gradients that are zero but for rounding.
    config = replace(on_cuda(config), {"g_optimizer.name": "sgd", "d_optimizer.name": "sgd"})
    eager, captured = Trainer(config), Trainer(config)
    for trainer in (eager, captured):
        advance(trainer, 1)
    captured.use(GraphRunner())
    for trainer in (eager, captured):
        advance(trainer, 5)
    expected, found = program.state(eager)[1], program.state(captured)[1]
    for name, value in expected.items():
        assert found[name].float().sub(value.float()).abs().max() <= 2e-3 * (value.float().abs().max() + 1e-3), name


@needs_cuda
def test_a_capture_leaves_the_run_as_it_was() -> None:
    trainer = Trainer(
        on_cuda(
            _tiny.pictures(generator__norm="batch", discriminator__spectral_norm=True, penalty="none", loss="hinge")
        )
    )
    advance(trainer, 2)
    before = copy_state(trainer.state_dict())
    trainer.use(GraphRunner())
    _tiny.assert_same(trainer.state_dict(), before)


@needs_cuda
def test_two_runs_train_while_a_third_is_captured() -> None:
    config, failed = on_cuda(_tiny.points()), []

    def work(seed: int) -> None:
        try:
            trainer = Trainer(replace(config, {"seed": seed}))
            for _ in range(5):
                trainer.use(GraphRunner())
                advance(trainer, 50)
                trainer.use(None)
                advance(trainer, 5)
            assert trainer.read_stats().finite
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@needs_cuda
def test_nothing_has_to_be_made_before(tmp_path: Any) -> None:
    shop, part = Workshop(tmp_path / "engine"), Part.of(Trainer(on_cuda(_tiny.points())), 1)
    assert not shop.ask(part)
    assert isinstance(shop.find(part), GraphRunner)

"""Steps on a CUDA device as graphs: captured once, then launched whole. Nothing is compiled, so that they are ready at once.

A graph reads fixed memory. The inputs of a call lie in one block, and each launch takes the next row of it: the number of the row is a
tensor that the graph itself counts on.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gan_core.engine import plan, program
from gan_core.errors import EngineError
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.trainer import Trainer

FAILED = N_("This step could not be captured as a CUDA graph ({reason}).")
_WARM_UPS = 3  # libraries set up their workspaces, which must not happen during a capture
# One capture at a time on a device: what another one allocates would end it.
_captures: defaultdict[torch.device, threading.Lock] = defaultdict(threading.Lock)


class Rows:
    """A program whose inputs are row after row of a block: each call takes the next one. The part of a graph that runs anywhere."""

    def __init__(self, step: program.Program, block: program.Inputs, row: Tensor, rest: Sequence[Tensor]) -> None:
        """block: inputs of many steps; row: int64 (1,), what the next call takes; rest: pictures and state, changed in place."""
        self._step, self._block, self._row, self._rest = step, block, row, tuple(rest)

    def __call__(self, rest: Sequence[Tensor] | None = None) -> None:
        """Take a step; on other tensors than the run's own where they are given."""
        given = [x.index_select(0, self._row)[0] for x in self._block.tensors()]
        self._step(*given, *(self._rest if rest is None else rest))
        self._row.add_(1)


class GraphRunner:
    """Steps of a run on a CUDA device: a graph of each of its programs. They share one pool of memory, since none of them leaves
    anything in it."""

    def arm(self, trainer: Trainer, block: program.Inputs) -> None:
        """Capture the steps of `trainer`, which stays as it is; its inputs are read from `block`. Raises EngineError."""
        self._row = torch.zeros(1, dtype=torch.int64, device=trainer.device)
        pictures, tensors = program.state(trainer)
        rest = [*pictures, *tensors.values()]
        steps = {which: program.Program(trainer, which) for which in plan.programs(trainer.config)}
        self._pool: Any = None
        try:
            with _captures[trainer.device], torch.no_grad():
                self._graphs = {
                    which: self._capture(Rows(step, block, self._row, rest), rest, len(pictures))
                    for which, step in steps.items()
                }
        except RuntimeError as error:
            raise EngineError(FAILED, reason=str(error).splitlines()[0] if str(error) else "?") from None

    def _capture(self, rows: Rows, rest: Sequence[Tensor], pictures: int) -> torch.cuda.CUDAGraph:
        stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            spare = [*rest[:pictures], *(x.clone() for x in rest[pictures:])]  # a warm-up must not train the run
            for _ in range(_WARM_UPS):
                self._row.zero_()
                rows(spare)
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        # Other runs train on other threads meanwhile: what they do must not count as part of this capture.
        with torch.cuda.graph(graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"):
            rows()
        self._pool = graph.pool()
        return graph

    def run(self, penalised: Sequence[bool]) -> None:
        """Take so many steps, the first with the first row of the block, and wait for their end."""
        self._row.zero_()
        for which in penalised:
            self._graphs[which].replay()
        self._wait()

    def _wait(self) -> None:
        torch.cuda.current_stream().synchronize()

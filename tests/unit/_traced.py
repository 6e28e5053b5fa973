"""Programs that are traced and not compiled: the same graphs, run by torch operation by operation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from gan_core.config import RunConfig
from gan_core.engine import build, plan, program
from gan_core.engine.compiled import Runner
from gan_core.engine.orders import Part
from gan_core.engine.program import Inputs
from gan_core.trainer import Trainer


class TracedRunner:
    """What takes the steps of a run with these settings."""

    def __init__(self, config: RunConfig) -> None:
        self._structure, self._programs = plan.structure(config), plan.programs(config)

    def arm(self, trainer: Trainer, block: Inputs) -> None:
        pictures, tensors = program.state(trainer)
        self._block, self._rest = block, (*pictures, *tensors.values())

    @torch.no_grad()
    def run(self, penalised: Sequence[bool]) -> None:
        for i, which in enumerate(penalised):
            assert which in self._programs, "it was not made"
            graph = _graph(self._structure, which, torch.get_default_dtype())
            graph(*(x[i] for x in self._block.tensors()), *self._rest)


@cache
def _graph(structure: RunConfig, penalised: bool, _precision: torch.dtype) -> Any:
    return build.trace(Trainer(structure), penalised)[0]


class TracingWorkshop:
    """A workshop whose programs are ready `after` so many questions, or never with a reason."""

    def __init__(self, after: int = 0) -> None:
        self.left, self.asked = after, 0

    def find(self, part: Part) -> Runner | None:
        if self.left > 0:
            self.left -= 1
            return None
        return TracedRunner(part.config)

    def ask(self, part: Part, *, ahead: bool = False) -> bool:
        self.asked += 1
        return self.left > 0

    def close(self) -> None:
        pass
